-- Running averages.
CREATE TABLE dcq_averages (
  name  TEXT    NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
  total REAL    NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 1)
) STRICT, WITHOUT ROWID;
