CREATE TABLE IF NOT EXISTS task_attempt (
	job_id VARCHAR(25) NOT NULL,
	task_id VARCHAR(160) NOT NULL,
	role VARCHAR(50) NOT NULL,
	party_id VARCHAR(10) NOT NULL,
	attempt INT NOT NULL,
	component VARCHAR(128) NOT NULL,
	status VARCHAR(50) NOT NULL,
	error_class VARCHAR(20) NULL,
	reason TEXT NULL,
	dir VARCHAR(1024) NULL,
	start_time BIGINT NULL,
	end_time BIGINT NULL,
	PRIMARY KEY (job_id, task_id, role, party_id, attempt)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
