-- Job queues. The states and their moves are drawn in doc.go.

-- Settings are NULL until a program sets them; then the default of that time holds.
CREATE TABLE dcq_queues (
  id           INTEGER PRIMARY KEY,
  name         TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 255),
  paused       INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  lease        INTEGER CHECK (lease > 0),                 -- ns
  max_attempts INTEGER CHECK (max_attempts >= 1),
  backoff      INTEGER CHECK (backoff > 0),               -- ns
  max_backoff  INTEGER CHECK (max_backoff > 0),           -- ns
  crash_costs  INTEGER CHECK (crash_costs IN (0, 1)),     -- 1: a crash costs an attempt
  max_crashes  INTEGER CHECK (max_crashes >= 1)
) STRICT;

CREATE TABLE dcq_jobs (
  id           INTEGER PRIMARY KEY,
  queue_id     INTEGER NOT NULL,
  state        INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), -- 0 ready, 1 delayed, 2 blocked, 3 leased, 4 dead
  priority     INTEGER NOT NULL,
  due          INTEGER NOT NULL,                          -- wall clock, ns
  pushed       INTEGER NOT NULL,                          -- wall clock, ns
  attempt      INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  crashes      INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
  failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0), -- rows in dcq_job_errors
  max_attempts INTEGER CHECK (max_attempts >= 1),         -- NULL: the queue's
  group_key    TEXT,
  unique_key   TEXT,
  payload      BLOB,                                      -- NULL: in the file named by blob
  blob         TEXT,
  token        INTEGER,
  session_id   INTEGER,
  ticket       INTEGER,                                   -- the waiter it was handed to
  lease_until  INTEGER,                                   -- monotonic clock, ns
  CHECK ((state = 3) = (token IS NOT NULL)),
  CHECK ((state = 3) = (session_id IS NOT NULL)),
  CHECK ((state = 3) = (lease_until IS NOT NULL)),
  CHECK (state = 3 OR ticket IS NULL),
  CHECK (state <> 2 OR group_key IS NOT NULL),
  CHECK ((payload IS NULL) = (blob IS NOT NULL))
) STRICT;

CREATE INDEX dcq_jobs_ready   ON dcq_jobs (queue_id, priority DESC, due, id) WHERE state = 0;
CREATE INDEX dcq_jobs_delayed ON dcq_jobs (queue_id, due, id)                WHERE state = 1;
CREATE INDEX dcq_jobs_blocked ON dcq_jobs (queue_id, group_key, priority DESC, due, id) WHERE state = 2;
CREATE INDEX dcq_jobs_leased  ON dcq_jobs (lease_until)                      WHERE state = 3;
CREATE INDEX dcq_jobs_held    ON dcq_jobs (session_id, ticket)               WHERE state = 3;
CREATE INDEX dcq_jobs_dead    ON dcq_jobs (queue_id, id)                     WHERE state = 4;
CREATE UNIQUE INDEX dcq_jobs_unique ON dcq_jobs (queue_id, unique_key)       WHERE unique_key IS NOT NULL AND state <> 4;

-- What went wrong with the attempts at a job.
CREATE TABLE dcq_job_errors (
  job_id  INTEGER NOT NULL,
  n       INTEGER NOT NULL,                               -- 1 is the first
  attempt INTEGER NOT NULL,
  at      INTEGER NOT NULL,                               -- wall clock, ns
  error   TEXT    NOT NULL,
  PRIMARY KEY (job_id, n)
) STRICT, WITHOUT ROWID;

-- Groups that have a job in flight, or must not have one yet.
CREATE TABLE dcq_groups (
  queue_id   INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  current    INTEGER,                                     -- the job that is next or in flight
  not_before INTEGER NOT NULL,                            -- wall clock, ns
  PRIMARY KEY (queue_id, name)
) STRICT, WITHOUT ROWID;
