-- Only the jobs that were handed to a waiter are looked for by who holds them; those of a
-- session that ended are found among all that are leased.
DROP INDEX dcq_jobs_held;
CREATE INDEX dcq_jobs_handed ON dcq_jobs (ticket, token) WHERE ticket IS NOT NULL;
