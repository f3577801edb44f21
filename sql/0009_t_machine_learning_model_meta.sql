-- One row per trained or loaded model of one party. model_key is the SHA-256
-- of role NUL party NUL model id NUL model version. The buffers are files.
CREATE TABLE IF NOT EXISTS t_machine_learning_model_meta (
	f_id BIGINT NOT NULL AUTO_INCREMENT,
	model_key BINARY(32) NOT NULL,
	f_role VARCHAR(50) NOT NULL,
	f_party_id VARCHAR(10) NOT NULL,
	f_roles MEDIUMTEXT NOT NULL,
	f_job_id VARCHAR(25) NOT NULL,
	f_model_id VARCHAR(512) NOT NULL,
	f_model_version VARCHAR(512) NOT NULL,
	f_size BIGINT NOT NULL DEFAULT 0,
	f_create_time BIGINT NOT NULL DEFAULT 0,
	f_update_time BIGINT NOT NULL DEFAULT 0,
	f_description TEXT NULL,
	f_tag VARCHAR(50) NULL DEFAULT '',
	PRIMARY KEY (f_id),
	UNIQUE KEY t_machine_learning_model_meta_key (model_key),
	KEY t_machine_learning_model_meta_job (f_job_id),
	KEY t_machine_learning_model_meta_model (f_model_id(255)),
	KEY t_machine_learning_model_meta_version (f_model_version(255))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
