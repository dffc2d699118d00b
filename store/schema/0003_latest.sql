-- Of the counter, next is the end of what is reserved. A revision is a value of it; the
-- latest one is kept, for those who want to know what comes after a snapshot.
ALTER TABLE dcq_meta ADD COLUMN latest INTEGER NOT NULL DEFAULT 0;
UPDATE dcq_meta SET latest = next - 1;
