-- Barriers, and double barriers.
CREATE TABLE dcq_barriers (
  kind       TEXT    NOT NULL CHECK (kind IN ('barrier', 'double barrier')),
  name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  parties    INTEGER NOT NULL CHECK (parties >= 1),
  generation INTEGER NOT NULL CHECK (generation >= 1),
  broken     INTEGER NOT NULL CHECK (broken = 0 OR broken = 1 AND kind = 'barrier'),
  open       INTEGER NOT NULL CHECK (open = 0 OR open = 1 AND kind = 'double barrier'),  -- all have entered
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Who has arrived, and has not gone on. One whose barrier broke stays until it has seen
-- that.
CREATE TABLE dcq_arrivals (
  kind       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  id         INTEGER NOT NULL,                 -- of one that waits: the ticket of its waiter
  session_id INTEGER NOT NULL,
  stage      TEXT    NOT NULL,
  since      INTEGER NOT NULL,                 -- wall clock, ns: when the stage began
  PRIMARY KEY (kind, name, id),
  CHECK (kind = 'barrier'        AND stage IN ('waits', 'broken')
      OR kind = 'double barrier' AND stage IN ('waits', 'inside', 'leaves'))
) STRICT, WITHOUT ROWID;
