-- The fence with which the job's last run began: tasks with a lower one are
-- of an earlier run.
ALTER TABLE job_run
	ADD COLUMN run_fence BIGINT NOT NULL DEFAULT 0;
