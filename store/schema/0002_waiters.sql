-- A waiter is found by topic and ticket. Only one with several topics needs more to
-- leave all its lines: an index of all waiters made each hand-over write another page.
DROP INDEX dcq_waiters_session;
ALTER TABLE dcq_waiters ADD COLUMN many INTEGER NOT NULL DEFAULT 0 CHECK (many IN (0, 1)); -- it has other rows
CREATE INDEX dcq_waiters_many ON dcq_waiters (ticket) WHERE many = 1;
