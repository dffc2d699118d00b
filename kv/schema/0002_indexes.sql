-- Indexes: ordered maps.
CREATE TABLE dcq_indexes (
  id       INTEGER PRIMARY KEY,
  name     TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 255),
  key_form TEXT    NOT NULL,                              -- how keys are encoded, see key_form.go
  size     INTEGER NOT NULL CHECK (size >= 0),            -- rows in dcq_entries
  history  INTEGER NOT NULL CHECK (history >= 0),         -- changes to keep; 0: none
  logged   INTEGER NOT NULL CHECK (logged >= 0),          -- rows in dcq_changes
  oldest   INTEGER NOT NULL                               -- dcq_changes has every change after this revision
) STRICT;

CREATE TABLE dcq_entries (
  index_id INTEGER NOT NULL,
  key      BLOB    NOT NULL CHECK (length(key) <= 1024),
  seq      INTEGER NOT NULL,                              -- the revision that inserted it
  rev      INTEGER NOT NULL CHECK (rev >= seq),           -- the revision that changed it last
  value    BLOB,                                          -- NULL: in the file named by blob
  blob     TEXT,
  PRIMARY KEY (index_id, key),
  CHECK ((value IS NULL) = (blob IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX dcq_entries_seq ON dcq_entries (index_id, seq);

-- What changed lately, for those who watch.
CREATE TABLE dcq_changes (
  index_id INTEGER NOT NULL,
  rev      INTEGER NOT NULL,
  kind     INTEGER NOT NULL CHECK (kind IN (1, 2)),       -- 1 put, 2 delete
  key      BLOB    NOT NULL,
  PRIMARY KEY (index_id, rev)
) STRICT, WITHOUT ROWID;
