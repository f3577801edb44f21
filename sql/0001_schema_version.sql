-- Which of these files were applied. applied_at is NULL while one runs.
CREATE TABLE IF NOT EXISTS schema_version (
	version INT NOT NULL,
	name VARCHAR(255) NOT NULL,
	sha256 CHAR(64) NOT NULL,
	applied_at DATETIME(3) NULL,
	PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
