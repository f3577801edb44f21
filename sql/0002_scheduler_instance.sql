-- One row per start of a scheduler process; an id is never used again.
-- expires_at is on the database's UTC clock, because hosts compete for it.
CREATE TABLE IF NOT EXISTS scheduler_instance (
	id BIGINT NOT NULL AUTO_INCREMENT,
	host VARCHAR(255) NOT NULL,
	pid INT NOT NULL,
	boot_id VARCHAR(64) NOT NULL,
	started_at DATETIME(3) NOT NULL,
	expires_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id),
	KEY scheduler_instance_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
