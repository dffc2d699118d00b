-- What a crawl knows. URLs are canonical; a fingerprint (fp) is the first 128 bits of
-- the SHA-256 of one. Times are wall clock, ns; 0 stands for none. Scripts are
-- append-only: a change is a new file.

-- One row.
CREATE TABLE dcq_crawl_state (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  settings TEXT    NOT NULL,                               -- JSON
  known    INTEGER NOT NULL CHECK (known >= 0),            -- rows in dcq_crawl_pages
  run      INTEGER NOT NULL CHECK (run >= 0)               -- the latest of dcq_crawl_runs, 0 for none
) STRICT;

-- Where the crawl begins, and what its scope is made of.
CREATE TABLE dcq_crawl_seeds (
  url   TEXT    PRIMARY KEY,
  added INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A run visits every URL once. The counters are of this run.
CREATE TABLE dcq_crawl_runs (
  run        INTEGER PRIMARY KEY,
  refresh    INTEGER NOT NULL CHECK (refresh IN (0, 1)),   -- 1: visits again what is known
  started    INTEGER NOT NULL,
  loaded     INTEGER NOT NULL DEFAULT 0,                   -- when all jobs of a refresh were queued
  ended      INTEGER NOT NULL DEFAULT 0,
  requests   INTEGER NOT NULL DEFAULT 0,
  retries    INTEGER NOT NULL DEFAULT 0,
  bytes      INTEGER NOT NULL DEFAULT 0,                   -- of bodies, decompressed
  links      INTEGER NOT NULL DEFAULT 0,                   -- in scope, on pages that were read
  duplicates INTEGER NOT NULL DEFAULT 0,                   -- of these, to what was known already
  stored     INTEGER NOT NULL DEFAULT 0,
  unchanged  INTEGER NOT NULL DEFAULT 0,
  other      INTEGER NOT NULL DEFAULT 0,
  redirected INTEGER NOT NULL DEFAULT 0,
  missing    INTEGER NOT NULL DEFAULT 0,
  failed     INTEGER NOT NULL DEFAULT 0,
  gave_up    INTEGER NOT NULL DEFAULT 0,
  disallowed INTEGER NOT NULL DEFAULT 0,
  skipped    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every URL that was found: its row is what makes it found once.
CREATE TABLE dcq_crawl_pages (
  fp            BLOB    PRIMARY KEY CHECK (length(fp) = 16),
  url           TEXT    NOT NULL,
  host          TEXT    NOT NULL,                          -- scheme, host and port
  depth         INTEGER NOT NULL CHECK (depth >= 0),       -- links from a seed, by the way it was found first
  via           BLOB    CHECK (length(via) = 16),          -- the page it was found on, NULL for seeds
  found         INTEGER NOT NULL,
  run           INTEGER NOT NULL,                          -- that visits it, or did so last
  pending       INTEGER NOT NULL CHECK (pending IN (0, 1)), -- 1: a job will visit it
  outcome       TEXT    CHECK (outcome IN ('stored', 'other', 'redirected', 'missing', 'failed', 'gave-up', 'disallowed', 'skipped')),
  reason        TEXT    NOT NULL DEFAULT '',               -- for the outcome
  note          TEXT    NOT NULL DEFAULT '',               -- why the last visit left the record as it was
  status        INTEGER NOT NULL DEFAULT 0,                -- HTTP, 0 for none
  target        TEXT    NOT NULL DEFAULT '',               -- of a redirect
  canonical     TEXT    NOT NULL DEFAULT '',               -- by link rel=canonical
  media_type    TEXT    NOT NULL DEFAULT '',
  charset       TEXT    NOT NULL DEFAULT '',
  title         TEXT    NOT NULL DEFAULT '',
  etag          TEXT    NOT NULL DEFAULT '',
  last_modified TEXT    NOT NULL DEFAULT '',
  size          INTEGER NOT NULL DEFAULT 0,                -- bytes of the body that were read
  hash          BLOB    CHECK (length(hash) = 32),         -- SHA-256 of them
  truncated     INTEGER NOT NULL DEFAULT 0 CHECK (truncated IN (0, 1)),
  no_index      INTEGER NOT NULL DEFAULT 0 CHECK (no_index IN (0, 1)),
  no_follow     INTEGER NOT NULL DEFAULT 0 CHECK (no_follow IN (0, 1)),
  links         INTEGER NOT NULL DEFAULT 0,                -- different ones, before scope and limits
  fetched       INTEGER NOT NULL DEFAULT 0,                -- when the server was asked last
  changed       INTEGER NOT NULL DEFAULT 0,                -- when it last sent the page
  visits        INTEGER NOT NULL DEFAULT 0,                -- that ended with an outcome
  CHECK (pending = 1 OR outcome IS NOT NULL)
) STRICT;

CREATE INDEX dcq_crawl_pages_pending ON dcq_crawl_pages (fp) WHERE pending = 1;

-- The bodies of stored pages, compressed with gzip.
CREATE TABLE dcq_crawl_bodies (
  fp   BLOB PRIMARY KEY,
  data BLOB,                                               -- NULL: in the file named by blob
  blob TEXT,
  CHECK ((data IS NULL) = (blob IS NOT NULL))
) STRICT;

CREATE TABLE dcq_crawl_hosts (
  name         TEXT    PRIMARY KEY,                        -- scheme, host and port
  known        INTEGER NOT NULL DEFAULT 0,                 -- its rows in dcq_crawl_pages
  next_start   INTEGER NOT NULL DEFAULT 0,                 -- before which no request may start
  crawl_delay  INTEGER NOT NULL DEFAULT 0,                 -- ns, of its robots.txt
  robots_until INTEGER NOT NULL DEFAULT 0,                 -- when its row in dcq_crawl_robots expires
  robots_asked INTEGER NOT NULL DEFAULT 0,                 -- until then a job is busy with its robots.txt
  failures     INTEGER NOT NULL DEFAULT 0,                 -- requests without an answer, in succession
  refusals     INTEGER NOT NULL DEFAULT 0,                 -- answers 429, in succession
  closed_until INTEGER NOT NULL DEFAULT 0,                 -- until then its pages are skipped
  closed_why   TEXT    NOT NULL DEFAULT '',
  requests     INTEGER NOT NULL DEFAULT 0,
  bytes        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE dcq_crawl_robots (
  host    TEXT    PRIMARY KEY,
  status  INTEGER NOT NULL,                                -- HTTP, 0 for no answer
  why     TEXT    NOT NULL,                                -- there was none
  body    BLOB    NOT NULL,
  fetched INTEGER NOT NULL
) STRICT;

CREATE TABLE dcq_crawl_sitemaps (
  fp            BLOB    PRIMARY KEY CHECK (length(fp) = 16),
  url           TEXT    NOT NULL,
  host          TEXT    NOT NULL,                          -- whose pages it lists
  run           INTEGER NOT NULL,
  pending       INTEGER NOT NULL CHECK (pending IN (0, 1)),
  status        INTEGER NOT NULL DEFAULT 0,
  reason        TEXT    NOT NULL DEFAULT '',               -- why it could not be used
  entries       INTEGER NOT NULL DEFAULT 0,
  etag          TEXT    NOT NULL DEFAULT '',
  last_modified TEXT    NOT NULL DEFAULT '',
  fetched       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX dcq_crawl_sitemaps_host ON dcq_crawl_sitemaps (host);
