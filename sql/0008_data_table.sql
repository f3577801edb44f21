-- The catalogue: one row per version of a table. name_key is the SHA-256 of
-- namespace NUL name, because the names outgrow an index and compare without
-- their trailing spaces. file is the name below <work>/tables/. ended_time is
-- when the version stopped being current; deleted is 1 when a user deleted it
-- and 2 when the file is gone.
CREATE TABLE IF NOT EXISTS data_table (
	id BIGINT NOT NULL AUTO_INCREMENT,
	name_key BINARY(32) NOT NULL,
	namespace VARCHAR(512) NOT NULL,
	name VARCHAR(512) NOT NULL,
	version INT NOT NULL,
	is_current TINYINT NULL,
	file VARCHAR(255) NOT NULL,
	row_count BIGINT NOT NULL,
	partitions INT NOT NULL,
	schema_json MEDIUMTEXT NOT NULL,
	digest CHAR(64) NOT NULL,
	ledger_json MEDIUMTEXT NULL,
	job_id VARCHAR(25) NULL,
	create_time BIGINT NOT NULL,
	ended_time BIGINT NULL,
	deleted TINYINT NOT NULL DEFAULT 0,
	PRIMARY KEY (id),
	UNIQUE KEY data_table_current (name_key, is_current),
	UNIQUE KEY data_table_version (name_key, version),
	UNIQUE KEY data_table_file (file),
	KEY data_table_job (job_id),
	KEY data_table_deleted (deleted, is_current, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
