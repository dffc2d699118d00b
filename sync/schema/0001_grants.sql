-- Locks, semaphores and elections: who holds and who waits.

-- A request waits, and then is a grant. The holders of something come first, then the
-- line in the order of the ids, which are values of the store-wide counter.
CREATE TABLE dcq_grants (
  kind        TEXT    NOT NULL CHECK (kind IN ('lock', 'rlock', 'rwlock', 'semaphore', 'election')),
  name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  waits       INTEGER NOT NULL CHECK (waits IN (0, 1)),
  id          INTEGER NOT NULL,                -- of one that waits: the ticket of its waiter
  session_id  INTEGER NOT NULL,
  weight      INTEGER NOT NULL CHECK (weight >= 1),  -- how much of the capacity
  lease       INTEGER NOT NULL CHECK (lease > 0),    -- ns
  since       INTEGER NOT NULL,                -- wall clock, ns: when it was made
  value       TEXT,                            -- of a candidate
  token       INTEGER,                         -- NULL while it waits
  slot        INTEGER CHECK (slot >= 0),       -- of a semaphore: no other holder has it
  lease_until INTEGER,                         -- monotonic clock, ns
  PRIMARY KEY (kind, name, waits, id),
  CHECK ((waits = 1) = (token IS NULL)),
  CHECK ((waits = 1) = (lease_until IS NULL))
) STRICT, WITHOUT ROWID;

-- How many permits a semaphore has.
CREATE TABLE dcq_semaphores (
  name     TEXT    NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
  capacity INTEGER NOT NULL CHECK (capacity >= 1)
) STRICT, WITHOUT ROWID;
