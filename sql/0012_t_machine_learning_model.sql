-- Stored models: the zip archive of one, in slices of 8 MiB. model_key is the
-- SHA-256 of party model id NUL version. Every slice tells of the whole
-- archive too: how many there are, its size and its SHA-256. f_job_id is the
-- job that stored it.
CREATE TABLE IF NOT EXISTS t_machine_learning_model (
	model_key BINARY(32) NOT NULL,
	f_slice_index INT NOT NULL DEFAULT 0,
	f_model_id VARCHAR(600) NOT NULL,
	f_model_version VARCHAR(512) NOT NULL,
	f_content LONGBLOB NOT NULL,
	f_size BIGINT NOT NULL DEFAULT 0,
	f_slice_count INT NOT NULL,
	f_archive_size BIGINT NOT NULL,
	f_digest CHAR(64) NOT NULL,
	f_job_id VARCHAR(25) NOT NULL,
	f_create_time BIGINT NOT NULL DEFAULT 0,
	f_update_time BIGINT NOT NULL DEFAULT 0,
	f_description TEXT NULL,
	PRIMARY KEY (model_key, f_slice_index),
	KEY t_machine_learning_model_id (f_model_id(255)),
	KEY t_machine_learning_model_version (f_model_version(255))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
