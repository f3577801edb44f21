-- Metrics of all days. f_key and f_value hold JSON, so that 1, 1.0 and "1"
-- stay apart. f_id orders what REST lists.
CREATE TABLE IF NOT EXISTS t_tracking_metric (
	f_id BIGINT NOT NULL AUTO_INCREMENT,
	f_day CHAR(8) NOT NULL,
	f_job_id VARCHAR(25) NOT NULL,
	f_component_name VARCHAR(128) NOT NULL,
	f_task_id VARCHAR(160) NOT NULL,
	f_role VARCHAR(50) NOT NULL,
	f_party_id VARCHAR(10) NOT NULL,
	f_attempt INT NOT NULL DEFAULT 0,
	f_metric_namespace VARCHAR(180) NOT NULL,
	f_metric_name VARCHAR(180) NOT NULL,
	f_key VARCHAR(512) NOT NULL,
	f_value MEDIUMTEXT NOT NULL,
	f_type INT NOT NULL,
	f_create_time BIGINT NOT NULL,
	f_update_time BIGINT NULL,
	PRIMARY KEY (f_id),
	KEY t_tracking_metric_task (f_job_id, f_component_name, f_role,
		f_party_id, f_metric_namespace, f_metric_name, f_id),
	KEY t_tracking_metric_day (f_day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
