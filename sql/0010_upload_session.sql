-- An upload that arrives in pieces: what is to become of the file, which file
-- it is, and the job that took it. How much has arrived is the length of
-- <work>/spool/session-<session_id>. is_open is 1 until the session is
-- finished (job_id) or given up, then NULL, so that the unique key lets
-- through one open session for the same file and parameters (request_key) and
-- any number of closed ones.
CREATE TABLE IF NOT EXISTS upload_session (
	seq BIGINT NOT NULL AUTO_INCREMENT,
	session_id CHAR(32) NOT NULL,
	request_key BINARY(32) NOT NULL,
	is_open TINYINT NULL,
	params MEDIUMTEXT NOT NULL,
	file_name VARCHAR(255) NULL,
	file_bytes BIGINT NOT NULL,
	file_sha256 CHAR(64) NOT NULL,
	job_id VARCHAR(25) NULL,
	create_time BIGINT NOT NULL,
	update_time BIGINT NOT NULL,
	PRIMARY KEY (seq),
	UNIQUE KEY upload_session_id (session_id),
	UNIQUE KEY upload_session_open (request_key, is_open),
	KEY upload_session_age (is_open, update_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
