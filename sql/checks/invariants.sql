-- What holds in a site's database at every commit. Each statement asks for
-- what contradicts one invariant, so all of them answer no row:
--
--	mariadb fateflow <sql/checks/invariants.sql
--
-- It only reads, changes nothing of a site at work, and runs on MySQL too. A
-- row is the invariant's name, what contradicts it, and how.

-- ---- jobs ----

SELECT 'job_run has t_job rows' AS invariant, r.job_id AS what,
	r.status AS detail
FROM job_run r LEFT JOIN t_job j ON j.f_job_id = r.job_id
WHERE j.f_job_id IS NULL;

SELECT 't_job has a job_run row' AS invariant, j.f_job_id AS what,
	j.f_status AS detail
FROM t_job j LEFT JOIN job_run r ON r.job_id = j.f_job_id
WHERE r.job_id IS NULL;

SELECT 'every party shows the status of the job' AS invariant,
	r.job_id AS what, CONCAT(j.f_role, ' ', j.f_party_id, ' ', j.f_status,
	', job ', r.status) AS detail
FROM job_run r JOIN t_job j ON j.f_job_id = r.job_id
WHERE j.f_status <> r.status;

SELECT 'a job has a known status' AS invariant, job_id AS what,
	status AS detail
FROM job_run
WHERE status NOT IN ('waiting', 'running', 'success', 'failed', 'timeout',
	'canceled');

SELECT 'live is 1 while waiting or running' AS invariant, job_id AS what,
	CONCAT(status, ', live ', live) AS detail
FROM job_run
WHERE live <> CASE WHEN status IN ('waiting', 'running') THEN 1 ELSE 0 END;

SELECT 'an ended job has its times' AS invariant, job_id AS what,
	CONCAT(status, ', end ', COALESCE(end_time, 'null'), ', elapsed ',
	COALESCE(elapsed, 'null')) AS detail
FROM job_run
WHERE live = 0 AND (end_time IS NULL
	OR (start_time IS NOT NULL AND (elapsed IS NULL OR elapsed < 0)));

SELECT 'a living job has no end' AS invariant, job_id AS what,
	CONCAT(status, ', end ', end_time) AS detail
FROM job_run WHERE live = 1 AND end_time IS NOT NULL;

SELECT 'an ended job waits for nothing' AS invariant, job_id AS what,
	pending_reason AS detail
FROM job_run WHERE live = 0 AND pending_reason IS NOT NULL;

SELECT 'a job that did not succeed says why' AS invariant, job_id AS what,
	status AS detail
FROM job_run
WHERE status IN ('failed', 'timeout', 'canceled')
	AND (reason IS NULL OR reason = '');

SELECT 'every party of such a job says why' AS invariant, f_job_id AS what,
	CONCAT(f_role, ' ', f_party_id, ' ', f_status) AS detail
FROM t_job
WHERE f_status IN ('failed', 'timeout', 'canceled')
	AND (f_reason IS NULL OR f_reason = '');

SELECT 'a success has no reason' AS invariant, job_id AS what,
	reason AS detail
FROM job_run WHERE status = 'success' AND reason IS NOT NULL;

SELECT 'a failed job names the task that failed' AS invariant,
	r.job_id AS what, r.reason AS detail
FROM job_run r
WHERE r.status = 'failed' AND r.stop_requested = 0
	AND EXISTS (SELECT 1 FROM t_task t WHERE t.f_job_id = r.job_id
		AND t.f_status = 'failed')
	AND NOT EXISTS (SELECT 1 FROM t_task t WHERE t.f_job_id = r.job_id
		AND t.f_status = 'failed'
		AND r.reason LIKE CONCAT('%', t.f_component_name, ' of ',
			t.f_role, ' ', t.f_party_id, '%'));

SELECT 'a started job has a fence' AS invariant, job_id AS what,
	status AS detail
FROM job_run WHERE start_time IS NOT NULL AND fence < 1;

SELECT 'a running job has an owner that is registered' AS invariant,
	r.job_id AS what, CONCAT('owner ', r.owner) AS detail
FROM job_run r LEFT JOIN scheduler_instance s ON s.id = r.owner
WHERE r.status = 'running' AND s.id IS NULL;

SELECT 'a submit token has one job' AS invariant, submit_token AS what,
	COUNT(*) AS detail
FROM job_run WHERE submit_token IS NOT NULL
GROUP BY submit_token HAVING COUNT(*) > 1;

SELECT 'no job is retried more often than it may' AS invariant,
	job_id AS what, CONCAT(retries, ' of ', auto_retries) AS detail
FROM job_run WHERE retries > auto_retries;

-- ---- tasks ----

SELECT 'a task has a job' AS invariant, t.f_task_id AS what,
	CONCAT(t.f_role, ' ', t.f_party_id) AS detail
FROM t_task t LEFT JOIN t_job j ON j.f_job_id = t.f_job_id
	AND j.f_role = t.f_role AND j.f_party_id = t.f_party_id
WHERE j.f_job_id IS NULL;

SELECT 'no task runs in an ended job' AS invariant, t.f_task_id AS what,
	CONCAT(t.f_role, ' ', t.f_party_id, ', job ', r.status) AS detail
FROM t_task t JOIN job_run r ON r.job_id = t.f_job_id
WHERE t.f_status NOT IN ('success', 'failed', 'timeout') AND r.live = 0;

SELECT 'no task runs in a waiting job' AS invariant, t.f_task_id AS what,
	CONCAT(t.f_role, ' ', t.f_party_id) AS detail
FROM t_task t JOIN job_run r ON r.job_id = t.f_job_id
WHERE t.f_status = 'running' AND r.status = 'waiting';

SELECT 'every task of a success succeeded' AS invariant,
	t.f_task_id AS what,
	CONCAT(t.f_role, ' ', t.f_party_id, ' ', t.f_status, ' ',
	t.f_progress) AS detail
FROM t_task t JOIN job_run r ON r.job_id = t.f_job_id
WHERE r.status = 'success'
	AND (t.f_status <> 'success' OR t.f_progress <> 100);

SELECT 'a success ran no component that it has not' AS invariant, r.job_id AS what,
	CONCAT(COUNT(DISTINCT t.f_component_name), ' of ', r.n_components)
	AS detail
FROM job_run r LEFT JOIN t_task t ON t.f_job_id = r.job_id
WHERE r.status = 'success'
GROUP BY r.job_id, r.n_components
HAVING COUNT(DISTINCT t.f_component_name) > r.n_components;

SELECT 'a task that did not succeed says why' AS invariant,
	f_task_id AS what, CONCAT(f_role, ' ', f_party_id, ' ', f_status)
	AS detail
FROM t_task
WHERE f_status IN ('failed', 'timeout')
	AND (f_reason IS NULL OR f_reason = '');

SELECT 'an ended task has its times' AS invariant, f_task_id AS what,
	CONCAT(f_role, ' ', f_party_id, ' ', f_status) AS detail
FROM t_task
WHERE f_status <> 'running' AND (f_end_time IS NULL OR f_elapsed < 0);

SELECT 'no task counts more time than its job' AS invariant,
	t.f_task_id AS what, CONCAT(t.f_role, ' ', t.f_party_id, ' ',
	t.f_spent_ms, ' of ', r.spent_ms, ' ms') AS detail
FROM t_task t JOIN job_run r ON r.job_id = t.f_job_id
WHERE r.live = 0 AND r.runs = 1 AND t.f_spent_ms > r.spent_ms + 1000;

-- ---- attempts ----

SELECT 'the tasks of a component have one attempt' AS invariant,
	f_task_id AS what,
	CONCAT(MIN(f_attempt), ' to ', MAX(f_attempt)) AS detail
FROM t_task GROUP BY f_job_id, f_task_id
HAVING MIN(f_attempt) <> MAX(f_attempt);

SELECT 'an attempt that ended belongs to a task' AS invariant,
	a.task_id AS what, CONCAT(a.role, ' ', a.party_id, ' attempt ',
	a.attempt) AS detail
FROM task_attempt a LEFT JOIN t_task t ON t.f_job_id = a.job_id
	AND t.f_task_id = a.task_id AND t.f_role = a.role
	AND t.f_party_id = a.party_id
WHERE t.f_task_id IS NULL OR a.attempt > t.f_attempt;

SELECT 'all attempts before the present one are kept' AS invariant,
	t.f_task_id AS what, CONCAT(t.f_role, ' ', t.f_party_id, ' ',
	COUNT(a.attempt), ' of ', t.f_attempt) AS detail
FROM t_task t LEFT JOIN task_attempt a ON a.job_id = t.f_job_id
	AND a.task_id = t.f_task_id AND a.role = t.f_role
	AND a.party_id = t.f_party_id AND a.attempt < t.f_attempt
GROUP BY t.f_job_id, t.f_task_id, t.f_role, t.f_party_id, t.f_attempt
HAVING COUNT(a.attempt) <> t.f_attempt;

SELECT 'an attempt that ended has an end' AS invariant, task_id AS what,
	CONCAT(role, ' ', party_id, ' attempt ', attempt, ' ', status)
	AS detail
FROM task_attempt WHERE status = 'running';

-- ---- tables ----

SELECT 'a table has one present version' AS invariant,
	CONCAT(namespace, ' ', name) AS what, COUNT(*) AS detail
FROM data_table WHERE is_current = 1
GROUP BY name_key, namespace, name HAVING COUNT(*) > 1;

SELECT 'the present version is there' AS invariant,
	CONCAT(namespace, ' ', name) AS what,
	CONCAT('id ', id, ', deleted ', deleted) AS detail
FROM data_table WHERE is_current = 1 AND deleted <> 0;

SELECT 'the present version is the newest' AS invariant,
	CONCAT(a.namespace, ' ', a.name) AS what,
	CONCAT(a.version, ' before ', b.version) AS detail
FROM data_table a JOIN data_table b ON b.name_key = a.name_key
	AND b.version > a.version
WHERE a.is_current = 1;

SELECT 'a data view names a table that there is' AS invariant,
	v.f_task_id AS what, CONCAT(v.f_role, ' ', v.f_party_id, ' table ',
	v.f_table_id) AS detail
FROM t_data_view v LEFT JOIN data_table d ON d.id = v.f_table_id
WHERE v.f_table_id > 0 AND d.id IS NULL;

SELECT 'a data view belongs to a job' AS invariant, v.f_task_id AS what,
	CONCAT(v.f_role, ' ', v.f_party_id) AS detail
FROM t_data_view v LEFT JOIN job_run r ON r.job_id = v.f_job_id
WHERE r.job_id IS NULL;

SELECT 'only a success left an output' AS invariant, v.f_task_id AS what,
	CONCAT(v.f_role, ' ', v.f_party_id, ' ', t.f_status) AS detail
FROM t_data_view v JOIN t_task t ON t.f_job_id = v.f_job_id
	AND t.f_task_id = v.f_task_id AND t.f_role = v.f_role
	AND t.f_party_id = v.f_party_id
	JOIN job_run r ON r.job_id = v.f_job_id
WHERE t.f_status <> 'success' AND r.live = 0;

SELECT 'a success left a data view' AS invariant, t.f_task_id AS what,
	CONCAT(t.f_role, ' ', t.f_party_id) AS detail
FROM t_task t LEFT JOIN t_data_view v ON v.f_job_id = t.f_job_id
	AND v.f_task_id = t.f_task_id AND v.f_role = t.f_role
	AND v.f_party_id = t.f_party_id
WHERE t.f_status = 'success' AND v.f_task_id IS NULL;

-- ---- metrics and models ----

SELECT 'a metric belongs to the present attempt' AS invariant,
	m.f_task_id AS what, CONCAT(m.f_role, ' ', m.f_party_id, ' attempt ',
	m.f_attempt, ' of ', t.f_attempt) AS detail
FROM t_tracking_metric m JOIN t_task t ON t.f_job_id = m.f_job_id
	AND t.f_task_id = m.f_task_id AND t.f_role = m.f_role
	AND t.f_party_id = m.f_party_id
WHERE m.f_attempt <> t.f_attempt;

SELECT 'a metric has one meta' AS invariant, f_task_id AS what,
	CONCAT(f_role, ' ', f_party_id, ' ', f_metric_namespace, ' ',
	f_metric_name, ' ', f_key) AS detail
FROM t_tracking_metric WHERE f_type = 0
GROUP BY f_job_id, f_task_id, f_role, f_party_id, f_metric_namespace,
	f_metric_name, f_key
HAVING COUNT(*) > 1;

SELECT 'a model of a job here has a task that made it' AS invariant,
	m.f_model_version AS what, CONCAT(m.f_role, ' ', m.f_party_id)
	AS detail
FROM t_machine_learning_model_meta m JOIN job_run r ON r.job_id = m.f_job_id
WHERE r.live = 0 AND NOT EXISTS (SELECT 1 FROM t_data_view v
	WHERE v.f_job_id = m.f_job_id AND v.f_role = m.f_role
	AND v.f_party_id = m.f_party_id);

SELECT 'a stored model is there whole' AS invariant,
	f_model_version AS what,
	CONCAT(COUNT(*), ' of ', MAX(f_slice_count)) AS detail
FROM t_machine_learning_model GROUP BY model_key, f_model_version
HAVING COUNT(*) <> MAX(f_slice_count);

-- ---- uploads ----

SELECT 'a finished upload session names a job' AS invariant,
	u.session_id AS what, u.job_id AS detail
FROM upload_session u LEFT JOIN job_run r ON r.job_id = u.job_id
WHERE u.job_id IS NOT NULL AND (r.job_id IS NULL OR u.is_open = 1);
