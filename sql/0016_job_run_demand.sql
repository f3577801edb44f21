-- Tasks at once by role and party ("guest:1,9999:1,guest 9999:1"), for the
-- limits on those; passed_ms is how long later jobs passed a waiting one over.
ALTER TABLE job_run
	ADD COLUMN demand MEDIUMTEXT NULL,
	ADD COLUMN passed_ms BIGINT NOT NULL DEFAULT 0;
