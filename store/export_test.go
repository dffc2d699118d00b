package store

// SetLogLimits makes this DB copy the log back at other lengths, in pages, so that a
// test need not write much. It must be called before the DB commits.
func (db *DB) SetLogLimits(soft, hard int) {
	db.checkpointer.soft, db.checkpointer.hard = soft, hard
}
