-- The same table. To look a kind up IN a list of more than two, SQLite builds a tree of the
-- list, for every row that is written.
CREATE TABLE dcq_grants_new (
  kind        TEXT    NOT NULL CHECK (kind = 'lock' OR kind = 'rlock' OR kind = 'rwlock' OR kind = 'semaphore' OR kind = 'election'),
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
INSERT INTO dcq_grants_new SELECT * FROM dcq_grants;
DROP TABLE dcq_grants;
ALTER TABLE dcq_grants_new RENAME TO dcq_grants;
