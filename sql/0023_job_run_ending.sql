-- The event by which a running job is to end, known before its tasks are told:
-- who takes it over ends it by the same.
ALTER TABLE job_run
	ADD COLUMN ending VARCHAR(20) NULL;
