-- Deques. An element has a position; the order of the positions is the order of the
-- elements, with gaps where some were taken out.

CREATE TABLE dcq_deques (
  id        INTEGER PRIMARY KEY,
  name      TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 255),
  max_len   INTEGER NOT NULL CHECK (max_len >= 0),        -- 0: none
  size      INTEGER NOT NULL CHECK (size >= 0),           -- rows in dcq_deque_items
  leased    INTEGER NOT NULL CHECK (leased >= 0),         -- rows in dcq_deque_leases
  low       INTEGER NOT NULL CHECK (low >= -4611686018427387904),
  high      INTEGER NOT NULL CHECK (high <= 4611686018427387904),
  reversed  INTEGER NOT NULL CHECK (reversed IN (0, 1)),  -- 1: the left end is the high one
  CHECK (low <= high + 1),                                -- all positions lie from low to high
  CHECK (max_len = 0 OR size <= max_len)
) STRICT;

-- The elements that are there to be taken.
CREATE TABLE dcq_deque_items (
  deque_id  INTEGER NOT NULL,
  pos       INTEGER NOT NULL,
  value     BLOB,                                         -- NULL: in the file named by blob
  blob      TEXT,
  PRIMARY KEY (deque_id, pos),
  CHECK ((value IS NULL) = (blob IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The elements that are leased. They keep their positions, to return to.
CREATE TABLE dcq_deque_leases (
  deque_id    INTEGER NOT NULL,
  pos         INTEGER NOT NULL,
  value       BLOB,
  blob        TEXT,
  token       INTEGER NOT NULL,
  session_id  INTEGER NOT NULL,
  ticket      INTEGER,                                    -- the waiter it was handed to
  lease_until INTEGER NOT NULL,                           -- monotonic clock, ns
  PRIMARY KEY (deque_id, pos),
  CHECK ((value IS NULL) = (blob IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX dcq_deque_leases_token ON dcq_deque_leases (token);
CREATE INDEX dcq_deque_leases_ticket ON dcq_deque_leases (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX dcq_deque_leases_until ON dcq_deque_leases (deque_id, lease_until);
CREATE INDEX dcq_deque_leases_session ON dcq_deque_leases (session_id, deque_id);
