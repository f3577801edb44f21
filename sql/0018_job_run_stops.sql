ALTER TABLE job_run
	ADD KEY job_run_live_stop (live, owner, stop_requested, seq),
	DROP KEY job_run_live_owner;
