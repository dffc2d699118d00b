-- Barriers, and double barriers.
CREATE TABLE dcq_barriers (
  kind       TEXT    NOT NULL CHECK (kind IN ('barrier', 'double')),
  name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  parties    INTEGER NOT NULL CHECK (parties >= 1),
  generation INTEGER NOT NULL CHECK (generation >= 1),
  broken     INTEGER NOT NULL CHECK (broken IN (0, 1)),  -- of a barrier
  open       INTEGER NOT NULL CHECK (open IN (0, 1)),    -- of a double barrier: all have entered
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Who has arrived. One that was let through, or whose barrier broke, stays until it has
-- seen that.
CREATE TABLE dcq_arrivals (
  kind       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  id         INTEGER NOT NULL,                 -- a value of the store-wide counter
  session_id INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  place      INTEGER NOT NULL CHECK (place >= 0),        -- 0 is the first that arrived
  state      INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2), -- 0 waits, 1 let through, 2 broken
  since      INTEGER NOT NULL,                 -- wall clock, ns
  PRIMARY KEY (kind, name, id)
) STRICT, WITHOUT ROWID;
