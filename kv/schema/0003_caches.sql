-- Caches.

CREATE TABLE dcq_caches (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 255),
  key_form   TEXT    NOT NULL,
  policy     INTEGER NOT NULL CHECK (policy BETWEEN 1 AND 5),
  size_limit INTEGER NOT NULL CHECK (size_limit > 0),     -- bytes
  items      INTEGER NOT NULL CHECK (items >= 0),         -- rows in dcq_cache_items
  volume     INTEGER NOT NULL CHECK (volume >= 0),        -- sum of their sizes
  hits       INTEGER NOT NULL CHECK (hits >= 0),
  misses     INTEGER NOT NULL CHECK (misses >= 0),
  shard      INTEGER NOT NULL CHECK (shard >= 0),         -- this store's place among them
  shards     INTEGER NOT NULL CHECK (shards > shard)      -- 1: all of the cache is here
) STRICT;

CREATE TABLE dcq_cache_items (
  id        INTEGER PRIMARY KEY,
  cache_id  INTEGER NOT NULL,
  key       BLOB    NOT NULL,
  value     BLOB,                                         -- NULL: in the file named by blob
  blob      TEXT,
  size      INTEGER NOT NULL CHECK (size > 0),            -- what it adds to the volume, bytes
  stored    INTEGER NOT NULL,                             -- wall clock, ns
  expires   INTEGER,                                      -- wall clock, ns; NULL: never
  tag       TEXT    CHECK (tag <> ''),
  rank      INTEGER NOT NULL CHECK (rank >= 0),           -- the lowest is evicted first
  UNIQUE (cache_id, key),
  CHECK ((value IS NULL) = (blob IS NOT NULL))
) STRICT;

CREATE INDEX dcq_cache_items_rank ON dcq_cache_items (cache_id, rank);
CREATE INDEX dcq_cache_items_expires ON dcq_cache_items (cache_id, expires) WHERE expires IS NOT NULL;
CREATE INDEX dcq_cache_items_tag ON dcq_cache_items (cache_id, tag) WHERE tag IS NOT NULL;
