-- How far retention has come with what it takes of jobs that stay: every
-- ended job up to (end_time, seq) is done.
CREATE TABLE IF NOT EXISTS retention_mark (
	kind VARCHAR(20) NOT NULL,
	end_time BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	PRIMARY KEY (kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
