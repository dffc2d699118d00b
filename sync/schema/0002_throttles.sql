-- Throttles, by the generic cell rate algorithm.
CREATE TABLE dcq_throttles (
  name     TEXT    NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
  interval INTEGER NOT NULL CHECK (interval >= 1),   -- ns a unit
  burst    INTEGER NOT NULL CHECK (burst >= 1),
  boot     TEXT    NOT NULL,                         -- whose monotonic clock tat is of
  tat      INTEGER NOT NULL,                         -- theoretical arrival time, monotonic clock, ns
  tat_wall INTEGER NOT NULL                          -- the same, wall clock, ns: for after a reboot
) STRICT, WITHOUT ROWID;
