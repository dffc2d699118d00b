-- Throttles, by the generic cell rate algorithm. A time is on the monotonic clock, and
-- again on the wall clock for after a reboot. Ten years are the most that a whole burst
-- may take, so that no sum of times overflows.
CREATE TABLE dcq_throttles (
  name       TEXT    NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
  generation INTEGER NOT NULL,                         -- a value of the store-wide counter: when it was made or reset
  interval   INTEGER NOT NULL CHECK (interval >= 1),   -- ns a unit
  burst      INTEGER NOT NULL CHECK (burst BETWEEN 1 AND 315360000000000000 / interval),
  boot       TEXT    NOT NULL,                         -- whose monotonic clock changed and tat are of
  changed    INTEGER NOT NULL,                         -- ns: when tat was written
  tat        INTEGER NOT NULL,                         -- ns: theoretical arrival time
  tat_wall   INTEGER NOT NULL                          -- the same, wall clock, ns
) STRICT, WITHOUT ROWID;
