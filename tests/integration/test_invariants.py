"""sql/checks/invariants.sql: silent on a site that worked, and each of its
statements speaks when what it asks for is there."""
import re
import sys

import conftest
import pytest

sys.path.insert(0, str(conftest.ROOT / "tests/chaos"))
import checks  # noqa: E402

TEXT = checks.INVARIANTS.read_text()
NAMES = re.findall(r"SELECT '([^']+)' AS invariant", TEXT)

# What breaks each: statements run before it, all taken back afterwards.
ATTEMPT = ("INSERT INTO task_attempt (job_id, task_id, role, party_id, "
           "attempt, component, status) SELECT f_job_id, f_task_id, f_role, "
           "f_party_id, {attempt}, f_component_name, '{status}' FROM t_task")
END = "UPDATE job_run SET status = '{0}', live = 0"
BREAK = {
    "job_run has t_job rows": "DELETE FROM t_job",
    "t_job has a job_run row": "DELETE FROM job_run",
    "every party shows the status of the job":
        "UPDATE t_job SET f_status = 'running' WHERE f_role = 'host'",
    "a job has a known status": "UPDATE job_run SET status = 'lost'",
    "live is 1 while waiting or running": "UPDATE job_run SET live = 1",
    "an ended job has its times": "UPDATE job_run SET elapsed = -1",
    "a living job has no end": "UPDATE job_run SET live = 1",
    "an ended job waits for nothing":
        "UPDATE job_run SET pending_reason = 'x'",
    "a job that did not succeed says why": END.format("failed"),
    "every party of such a job says why":
        "UPDATE t_job SET f_status = 'timeout', f_reason = ''",
    "a success has no reason": "UPDATE job_run SET reason = 'x'",
    "a failed job names the task that failed":
        END.format("failed") + ", reason = 'something'; "
        "UPDATE t_task SET f_status = 'failed'",
    "a started job has a fence": "UPDATE job_run SET fence = 0",
    "a running job has an owner that is registered":
        "UPDATE job_run SET status = 'running', owner = 9999999",
    "a submit token has one job": None,     # the table's key forbids it
    "no job is retried more often than it may":
        "UPDATE job_run SET retries = 3, auto_retries = 2",
    "a task has a job": "DELETE FROM t_job",
    "no task runs in an ended job": "UPDATE t_task SET f_status = 'running'",
    "no task runs in a waiting job":
        "UPDATE job_run SET status = 'waiting'; "
        "UPDATE t_task SET f_status = 'running'",
    "every task of a success succeeded": "UPDATE t_task SET f_progress = 99",
    "a success ran no component that it has not":
        "UPDATE job_run SET n_components = 0",
    "a task that did not succeed says why":
        "UPDATE t_task SET f_status = 'failed'",
    "an ended task has its times": "UPDATE t_task SET f_elapsed = -1",
    "no task counts more time than its job":
        "UPDATE t_task SET f_spent_ms = 999999999",
    "the tasks of a component have one attempt":
        "UPDATE t_task SET f_attempt = 1 WHERE f_role = 'host'",
    "an attempt that ended belongs to a task":
        ATTEMPT.format(attempt=1, status="failed"),
    "all attempts before the present one are kept":
        ATTEMPT.format(attempt=1, status="failed") +
        "; UPDATE t_task SET f_attempt = 2",
    "an attempt that ended has an end":
        ATTEMPT.format(attempt=0, status="running"),
    "a table has one present version": None,    # the table's key
    "the present version is there": "UPDATE data_table SET deleted = 2",
    "the present version is the newest":
        "INSERT INTO data_table (name_key, namespace, name, version, file, "
        "row_count, partitions, schema_json, digest, create_time) SELECT "
        "name_key, namespace, name, version + 1, CONCAT(file, 'x'), 0, 1, "
        "'', '', 1 FROM data_table",
    "a data view names a table that there is": "DELETE FROM data_table",
    "a data view belongs to a job": "DELETE FROM job_run",
    "only a success left an output": "UPDATE t_task SET f_status = 'failed'",
    "a success left a data view": "DELETE FROM t_data_view",
    "a metric belongs to the present attempt":
        "UPDATE t_tracking_metric SET f_attempt = 7",
    "a metric has one meta":
        "INSERT INTO t_tracking_metric (f_day, f_job_id, f_component_name, "
        "f_task_id, f_role, f_party_id, f_metric_namespace, f_metric_name, "
        "f_key, f_value, f_type, f_create_time) SELECT f_day, f_job_id, "
        "f_component_name, f_task_id, f_role, f_party_id, "
        "f_metric_namespace, f_metric_name, f_key, f_value, 0, 1 FROM "
        "t_tracking_metric WHERE f_type = 0",
    "a model of a job here has a task that made it":
        "DELETE FROM t_data_view",
    "a stored model is there whole":
        "INSERT INTO t_machine_learning_model (model_key, f_model_id, "
        "f_model_version, f_content, f_slice_count, f_archive_size, "
        "f_digest, f_job_id) VALUES (REPEAT('x', 32), 'm', 'v', '', 2, 0, "
        "'', 'j')",
    "a finished upload session names a job":
        "INSERT INTO upload_session (session_id, request_key, is_open, "
        "params, file_bytes, file_sha256, job_id, create_time, update_time) "
        "VALUES ('s', REPEAT('x', 32), NULL, '', 0, '', 'nobody', 1, 1)",
}


@pytest.fixture(scope="module")
def worked(make_site):
    """A site on which a small training ran."""
    site = make_site()
    conftest.train_small_lr(site)
    yield site
    site.stop()


def spoken(site, statements):
    """The invariants that do not hold after these statements, which are
    taken back."""
    return {row[0] for row in site.sql(
        f"START TRANSACTION;\n{statements};\n{TEXT}\nROLLBACK")}


def test_a_site_that_worked_keeps_all_invariants(worked):
    assert list(checks.invariants(worked)) == []
    assert len(NAMES) == len(set(NAMES)) == TEXT.count(" AS invariant")


def test_every_invariant_is_tried():
    assert set(NAMES) == set(BREAK)


@pytest.mark.parametrize("name", [n for n, s in BREAK.items() if s])
def test_what_breaks_an_invariant_is_named(worked, name):
    assert name in spoken(worked, BREAK[name])
