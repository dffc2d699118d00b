package store

// SetLogLimits makes this DB copy the log back at other lengths, in pages, so that a
// test need not write much. It must be called before the DB commits.
func (db *DB) SetLogLimits(soft, hard int) {
	db.checkpointer.soft, db.checkpointer.hard = soft, hard
}

// DoubtPlace makes the next reader look whether the database is where it was.
func (db *DB) DoubtPlace() { db.placeUntil.Store(0) }
