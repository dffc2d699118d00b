-- Memoized functions. Results that were begun under an older generation are not kept.
CREATE TABLE dcq_memos (
  name       TEXT    NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
  generation INTEGER NOT NULL CHECK (generation >= 1)
) STRICT, WITHOUT ROWID;
