-- One row. Whoever admits changes it first, so that schedulers do it one
-- after the other; turn tells each whether another did so meanwhile.
CREATE TABLE IF NOT EXISTS site_admission (
	id TINYINT NOT NULL,
	turn BIGINT NOT NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
