-- The tables that every store has. Scripts are append-only: a change is a new file.

-- One row. next is the store-wide counter: ids and fencing tokens.
CREATE TABLE dcq_meta (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  store_id  TEXT    NOT NULL CHECK (length(store_id) BETWEEN 16 AND 64),
  next      INTEGER NOT NULL CHECK (next >= 1),
  created   INTEGER NOT NULL,           -- wall clock, ns
  dir       TEXT    NOT NULL,           -- where its gate and sessions are
  path      TEXT    NOT NULL            -- where the database is: elsewhere, it is a copy
) STRICT;

-- A live process that holds or waits for something.
CREATE TABLE dcq_sessions (
  id       INTEGER PRIMARY KEY,
  pid      INTEGER NOT NULL,
  boot     TEXT    NOT NULL,
  host     TEXT    NOT NULL,
  command  TEXT    NOT NULL CHECK (length(command) <= 1024),
  started  INTEGER NOT NULL,            -- wall clock, ns
  dead     INTEGER NOT NULL DEFAULT 0 CHECK (dead IN (0, 1))  -- some package has not given back yet
) STRICT;

-- Which packages must be asked to give back what a session held.
CREATE TABLE dcq_session_uses (
  session_id INTEGER NOT NULL,
  package    TEXT    NOT NULL,
  PRIMARY KEY (session_id, package)
) STRICT, WITHOUT ROWID;

-- Who waits for what, first come first served by ticket.
CREATE TABLE dcq_waiters (
  topic      TEXT    NOT NULL CHECK (length(topic) BETWEEN 1 AND 512),
  ticket     INTEGER NOT NULL,
  session_id INTEGER NOT NULL,
  want       INTEGER NOT NULL CHECK (want >= 1),   -- how many it can take
  param      INTEGER NOT NULL,                     -- the topic's own use
  timer      INTEGER NOT NULL,                     -- wall clock, ns: when it looks by itself
  woken      INTEGER NOT NULL CHECK (woken IN (0, 1)),
  PRIMARY KEY (topic, ticket)
) STRICT, WITHOUT ROWID;

CREATE INDEX dcq_waiters_session ON dcq_waiters (session_id, ticket);

-- Values kept as files; a file without a row here is garbage.
CREATE TABLE dcq_blobs (
  name  TEXT    PRIMARY KEY CHECK (length(name) = 32),
  size  INTEGER NOT NULL CHECK (size >= 0)
) STRICT, WITHOUT ROWID;

-- Who copies the store now. Until it is done, the files of dropped values stay.
CREATE TABLE dcq_backups (
  id         INTEGER PRIMARY KEY,
  session_id INTEGER NOT NULL
) STRICT;

-- Dropped values whose files stay for a backup.
CREATE TABLE dcq_dropped (
  name  TEXT PRIMARY KEY CHECK (length(name) = 32)
) STRICT, WITHOUT ROWID;
