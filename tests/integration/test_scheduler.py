"""The scheduler alone: what becomes of jobs, and of the scheduler's own end in
the middle of them."""
import json
import pathlib
import resource
import signal
import subprocess
import time

import pytest

from held import Held
from scheduler_site import DSL, site  # noqa: F401  (a fixture)
from test_idle import cpu_s


def test_job_runs_through_once_and_leaves_tables_models_and_metrics(site):
    job = site.submit()
    log = site.once().stderr
    assert site.status(job)[0] == "success", log
    assert sorted(site.runs()) == sorted(
        f"{job}_{c} {r}" for c in ("dataio_0", "intersection_0")
        for r in ("guest", "host"))
    rows = site.sql("SELECT f_status, f_tag, f_progress, f_current_tasks, "
                    "f_elapsed >= 0, f_end_time >= f_start_time FROM t_job")
    assert rows == [["success", "job_end", "100",
                     f'["{job}_intersection_0"]', "1", "1"]] * 2
    rows = site.sql("SELECT DISTINCT f_status, f_run_ip, f_run_pid > 0, "
                    "f_operator, f_progress, f_elapsed >= 0 FROM t_task")
    assert rows == [["success", "", "1", "python_operator", "100", "1"]]
    rows = site.sql("SELECT f_key, f_value, f_type FROM t_tracking_metric "
                    "WHERE f_role = 'host' AND f_component_name = 'dataio_0' "
                    "ORDER BY f_id")
    assert rows == [['"metric_type"', '"LOSS"', "0"], ["1", "0.5", "1"]]
    views = site.sql(
        "SELECT v.f_table_namespace, v.f_table_count_actual, v.f_partition, "
        "d.file, v.f_party_model_id, v.f_model_version FROM t_data_view v "
        "JOIN data_table d ON d.id = v.f_table_id "
        "WHERE v.f_role = 'guest' AND v.f_component_name = 'dataio_0'")
    assert views[0][:3] == [f"output_data_{job}_dataio_0", "3", "4"]
    assert (site.work / "tables" / views[0][3]).read_text() == "rows"
    assert views[0][4:] == ["guest#9999#guest-9999#host-10000#model", job]
    model = site.work / "models" / views[0][4] / job / "dataio_0/dataio"
    assert (model / "module").read_text() == "DataIO\nDataIOParam DataIOParam\n"


def test_input_of_the_next_component_is_the_output_of_the_last(site):
    job = site.submit()
    site.once()
    task = json.loads((site.work / "jobs/20261123" / job / "host-10000"
                       / "intersection_0/0/task.json").read_text())
    (data,) = task["inputs"]["data"]
    assert data["component"] == "dataio_0" and data["key"] == "data"
    assert pathlib.Path(data["path"]).read_text() == "rows"
    assert [p["role"] for p in task["peers"]] == ["guest"]
    assert task["parameters"]["intersect_method"] == "rsa"


@pytest.mark.parametrize("how, reason", [
    ("fail no label here", "no label here"),
    ("kill", "killed by signal 9 (Killed)"),
    ("exit 3", "exited with 3 without a result"),
])
def test_failed_task_fails_the_job_on_every_party(site, how, reason):
    site.plan("dataio_0-host", how)
    site.plan("dataio_0-guest", "sleep 30")
    job = site.submit()
    begun = time.monotonic()
    site.once()
    assert time.monotonic() - begun < 20
    reason = f"dataio_0 of host 10000 failed: {reason}"
    assert site.status(job)[:2] == ["failed", reason]
    assert site.sql("SELECT DISTINCT f_status, f_reason FROM t_job") == [
        ["failed", reason]]
    assert site.sql("SELECT f_status, f_reason FROM t_task ORDER BY f_role"
                    ) == [["failed", f"ended with its job: {reason}"],
                          ["failed", reason]]


def test_overrun_ends_the_job_with_timeout(site):
    site.plan("dataio_0-host", "stubborn 30")
    job = site.submit(timeout_ms=400)
    site.once()
    status, reason, _ = site.status(job)
    assert status == "timeout" and "dataio_0 of host 10000" in reason
    assert ["timeout"] in site.sql("SELECT f_status FROM t_task")


@pytest.mark.parametrize("asked, status", [(1, "canceled"), (2, "failed")])
def test_stop_ends_every_process_of_the_job(site, asked, status):
    site.plan("dataio_0-host", "stubborn 30")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.sql(f"UPDATE job_run SET stop_requested = {asked}, stop_by = 'ann' "
             f"WHERE job_id = '{job}'")
    site.ring()
    assert site.wait(job, ["canceled", "failed"], 5) == [
        status, "stopped by ann", "ann"]
    assert site.sql("SELECT f_status FROM t_task WHERE f_role = 'host'") == [
        ["failed"]]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_restart_adopts_what_is_running(site, how):
    site.plan("dataio_0-host", "sleep 1.5")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.stop(how)
    assert site.status(job)[0] == "running"
    site.start()
    assert site.wait(job, ["success", "failed"], 15)[:2] == ["success", ""]
    assert len(site.runs()) == 4 == len(set(site.runs()))


def test_pid_of_a_task_that_says_nothing_is_told(site):
    """Passes between its launch and the first look at it store nothing of it,
    and do not forget it."""
    for role in ("guest", "host"):
        site.plan(f"dataio_0-{role}", "silent 60")
    site.start()
    end = time.monotonic() + 30
    while not (site.run_dir / "doorbell").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    job = site.submit()
    while len(site.sql("SELECT 1 FROM t_task WHERE f_run_pid > 0")) < 2:
        assert time.monotonic() < end, site.runs()
        for _ in range(20):
            site.ring()
            time.sleep(0.01)
    site.sql("UPDATE job_run SET stop_requested = 1")
    site.ring()
    site.wait(job, ["canceled"])


def test_clock_set_back_while_a_job_runs_leaves_no_negative_time(site):
    for task in ("dataio_0-guest", "dataio_0-host"):    # neither has ended
        site.plan(task, "sleep 1")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.stop(signal.SIGKILL)
    site.sql("UPDATE job_run SET start_time = start_time + 3600000; "
             "UPDATE t_job SET f_start_time = f_start_time + 3600000; "
             "UPDATE t_task SET f_start_time = f_start_time + 3600000")
    site.start()
    assert site.wait(job, ["success", "failed"], 15)[:2] == ["success", ""]
    assert site.sql("SELECT elapsed FROM job_run UNION SELECT f_elapsed FROM "
                    "t_job UNION SELECT f_elapsed FROM t_task WHERE "
                    "f_component_name = 'dataio_0'") == [["0"]]


# ---- the pipeline at the end of a training ----

PIPELINES = {role: f"models/{role}#{party}#guest-9999#host-10000#model/"
             "{}/pipeline/pipeline" for role, party in (
                 ("guest", 9999), ("host", 10000))}


def pipelines(site, job):
    """{file: (inode, bytes)} of both parties."""
    return {path: (path.stat().st_ino, path.read_bytes())
            for folder in PIPELINES.values()
            for path in (site.work / folder.format(job)).glob("*")}


def test_kill_between_pipeline_and_commit_ends_the_job_with_the_same_files(
        site):
    site.plan("intersection_0-host", "sleep 2")
    job = site.submit()
    site.start()
    end = time.monotonic() + 10
    while len(site.sql("SELECT 1 FROM t_task WHERE f_status = 'success'")) < 3:
        assert time.monotonic() < end
        time.sleep(0.02)
    holder = subprocess.Popen(
        [*site.client, "-e", "LOCK TABLES t_data_view WRITE; DO SLEEP(4)"])
    end = time.monotonic() + 3.8
    while len(pipelines(site, job)) < 4 and time.monotonic() < end:
        time.sleep(0.02)
    saved = pipelines(site, job)
    assert len(saved) == 4
    site.stop(signal.SIGKILL)
    assert holder.wait() == 0
    assert site.status(job)[0] == "running"
    assert site.sql("SELECT * FROM t_data_view WHERE f_component_name = "
                    "'pipeline'") == []
    site.start()
    assert site.wait(job, ["success", "failed"], 15)[:2] == ["success", ""]
    assert pipelines(site, job) == saved
    assert site.sql("SELECT COUNT(*) FROM t_data_view WHERE "
                    "f_component_name = 'pipeline'") == [["2"]]


def test_pipeline_that_cannot_be_saved_fails_the_job_with_the_reason(site):
    site.plan("intersection_0-host", "sleep 0.5")
    job = site.submit()
    site.start()
    site.wait_runs(4)
    blocked = (site.work / PIPELINES["host"].format(job)).parent
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where a folder is to be")
    status, reason, _ = site.wait(job, ["success", "failed"])
    assert status == "failed"
    assert "pipeline of host 10000 cannot be saved" in reason
    assert site.sql("SELECT * FROM t_data_view WHERE f_component_name = "
                    "'pipeline'") == []


def test_pipeline_waits_for_a_disk_that_is_full(site):
    site.plan("intersection_0-host", "sleep 1.5")
    job = site.submit()
    site.start()
    site.wait_runs(4)
    resource.prlimit(site.daemon.pid, resource.RLIMIT_FSIZE, (200, -1))
    end = time.monotonic() + 10
    reason = None
    while not reason and time.monotonic() < end:
        reason = site.sql("SELECT pending_reason FROM job_run WHERE "
                          "pending_reason LIKE '%pipeline%'")
        time.sleep(0.02)
    assert "pipeline of guest 9999 cannot be saved" in reason[0][0]
    assert site.status(job)[0] == "running"
    resource.prlimit(site.daemon.pid, resource.RLIMIT_FSIZE, (-1, -1))
    assert site.wait(job, ["success", "failed"], 15)[:2] == ["success", ""]
    assert site.sql("SELECT COUNT(*) FROM t_data_view WHERE "
                    "f_component_name = 'pipeline'") == [["2"]]


def test_job_without_any_task_has_a_pipeline_too(site):
    dsl = {"components": {"dataio_0": DSL["components"]["dataio_0"]}}
    job = site.submit(dsl=dsl)
    conf = site.sql("SELECT f_runtime_conf FROM job_run")[0][0]
    conf = json.loads(conf)
    conf.update(role={"arbiter": [5]},
                initiator={"role": "arbiter", "party_id": 5})
    site.sql(f"UPDATE job_run SET f_runtime_conf = '{json.dumps(conf)}'")
    site.once()
    assert site.status(job)[0] == "success"
    assert list(site.work.glob(f"models/arbiter#5#*/{job}/pipeline/*/module"))


def test_job_wider_than_the_site_fails_with_the_reason(site):
    job = site.submit(width=5)
    site.once()
    assert site.status(job)[0] == "failed"
    assert "scheduler.max_tasks" in site.status(job)[1]


def test_job_that_was_canceled_before_it_is_refused_is_not_said_to_fail(
        site, tmp_path):
    job, other = site.submit(width=5), site.submit(width=5)
    held = Held(site.client, job)
    log = tmp_path / "log"
    with log.open("w") as file:
        site.start(file)
        held.until_somebody_waits()
        held.say("UPDATE job_run SET status = 'canceled', live = 0 WHERE "
                 f"job_id = '{job}'")
        held.commit()
        site.wait(other, ["failed"])
        site.stop()
    assert site.status(job)[0] == "canceled"
    assert f"job={job} fail" not in log.read_text()
    assert log.read_text().count(f"job={other} fail: scheduler.max_") == 1


def test_job_beyond_the_limit_waits_with_a_reason_and_is_passed_over(site):
    site.plan("dataio_0-host", "sleep 3")
    first = site.submit()
    site.start()
    site.wait_runs(2)
    wide, narrow = site.submit(width=4), site.submit(width=2)
    site.ring()
    site.wait(narrow, ["running"], 2)
    end = time.monotonic() + 4
    pending = None
    while time.monotonic() < end and not pending:
        pending = site.sql("SELECT COALESCE(pending_reason, '') FROM job_run "
                           f"WHERE job_id = '{wide}'")[0][0]
        time.sleep(0.05)
    assert "scheduler.max_" in pending
    for job in (first, narrow, wide):
        site.wait(job, ["success"], 20)


def test_job_with_unreadable_dsl_fails_with_the_reason(site):
    job = site.submit(dsl={"components": {"x_0": {"module": "NoSuch"}}})
    site.once()
    assert site.status(job)[0] == "failed" and site.status(job)[1]


def test_job_that_cannot_be_read_is_said_to_fail_when_it_has(site, tmp_path):
    """The pass that ends it is undone, again and again, by what the database
    does to the next job."""
    bad = site.submit(dsl={"components": {"x_0": {"module": "NoSuch"}}})
    good = site.submit()
    site.sql("CREATE TRIGGER refuse BEFORE UPDATE ON job_run FOR EACH ROW SET "
             f"NEW.status = IF(NEW.job_id = '{good}', "
             "(SELECT 1 UNION SELECT 2), NEW.status)")
    log = tmp_path / "log"
    try:
        with log.open("w") as file:
            site.start(file)
        time.sleep(1)
        before = log.read_text()
        assert f"cannot claim job {good}" in before, before
        assert bad not in before, before
        assert site.status(bad)[0] == "waiting"
    finally:
        site.sql("DROP TRIGGER refuse")
    site.wait(good, ["success"], 20)
    site.stop()
    assert site.status(bad)[0] == "failed"
    assert log.read_text().count(f"job={bad} fail: it cannot be read: ") == 1


def test_place_of_a_job_that_cannot_be_read_is_the_next_ones(site):
    """They are claimed in one pass, though there is one place."""
    site.conf.write_text(site.conf.read_text().replace(
        "max_jobs = 2", "max_jobs = 1"))
    bad = site.submit(dsl={"components": {"x_0": {"module": "NoSuch"}}})
    good = site.submit()
    site.once()
    assert (site.status(bad)[0], site.status(good)[0]) == (
        "failed", "success")
    assert len(site.sql("SELECT DISTINCT start_time FROM job_run")) == 1


def test_result_that_the_database_refuses_fails_that_job_alone(site):
    site.plan("dataio_0-host", "badrow 0")
    bad = site.submit()
    site.once()
    status, reason, _ = site.status(bad)
    assert status == "failed" and "cannot be stored" in reason
    site.plan("dataio_0-host", "ok")
    good = site.submit()
    site.once()
    assert site.status(good)[0] == "success"


def test_result_that_is_refused_takes_nothing_of_others_back(site, tmp_path):
    """Both jobs end in one pass: the good one's rows are committed by it, and
    only then does the other one end for what the database refused of it."""
    one = {"components": {"dataio_0": DSL["components"]["dataio_0"]}}
    site.conf.write_text(site.conf.read_text().replace('"2s"', '"1h"'))
    site.plan("dataio_0-guest", "sleep 2")
    site.plan("bad_0-guest", "badrow 2")
    good = site.submit(dsl=one)
    bad = site.submit(dsl=json.loads(
        json.dumps(one).replace("dataio_0", "bad_0")))
    log = tmp_path / "log"
    with log.open("w") as file:
        paused = site.start(file)
        site.wait_runs(4)
        paused.send_signal(signal.SIGSTOP)
        site.wait_tasks_over()
        paused.send_signal(signal.SIGCONT)
        assert site.wait(good, ["success", "failed"])[0] == "success"
        assert site.wait(bad, ["success", "failed"])[0] == "failed"
        site.stop()
    text = log.read_text()
    refused = f"job={bad} bad_0 of guest 9999: its result cannot be stored"
    assert text.index(f"job={good} succeed") < text.index(refused)


def statements(site):
    """How many the server has run."""
    return int(site.sql("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")[0][1])


def test_end_that_the_database_refuses_is_tried_again_with_pauses(
        site, tmp_path):
    """Nothing of the job can be stored any more, not even that it fails."""
    site.plan("dataio_0-guest", "sleep 1")
    bad = site.submit()
    log = tmp_path / "log"
    with log.open("w") as file:
        site.start(file)
    site.wait_runs(2)
    site.sql("CREATE TRIGGER refuse BEFORE UPDATE ON job_run FOR EACH ROW SET "
             f"NEW.reason = IF(NEW.job_id = '{bad}', REPEAT('x', 70000), "
             "NEW.reason)")
    try:
        end = time.monotonic() + 20
        while "its state cannot be stored" not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        site.wait_tasks_over()  # the result of each is refused in its turn
        time.sleep(2.5)
        lines, asked = log.read_text().count(bad), statements(site)
        time.sleep(3)
        assert statements(site) - asked < 300
        assert log.read_text().count(bad) == lines, log.read_text()
        good = site.submit()
        site.ring()
        site.wait(good, ["success"], 20)    # others are not held up
    finally:
        site.sql("DROP TRIGGER refuse")
    assert "cannot be stored: " in site.wait(bad, ["failed"], 20)[1]


def run_elsewhere(site, job):
    """As if another scheduler took the site's turn and began four tasks."""
    site.sql(
        "INSERT INTO scheduler_instance (host, pid, boot_id, started_at, "
        "expires_at) VALUES ('other', 1, '', UTC_TIMESTAMP(3), "
        "UTC_TIMESTAMP(3) + INTERVAL 1 DAY);"
        "START TRANSACTION; UPDATE site_admission SET turn = turn + 1;"
        "UPDATE job_run SET status = 'running', live = 1, owner = "
        f"LAST_INSERT_ID() WHERE job_id = '{job}';" + "".join(
            "INSERT INTO t_task (f_job_id, f_task_id, f_role, f_party_id, "
            "f_component_name, f_status, f_create_time) VALUES "
            f"('{job}', '{job}_x', 'guest', '{n}', 'x', 'running', 1);"
            for n in range(4)) + "COMMIT")


def test_turn_that_was_undone_with_a_job_is_taken_again(site):
    """A job's rows are refused after it took the site's turn; another scheduler
    takes that same turn, and what it began is counted."""
    dataio, next_0 = DSL["components"].values()
    site.conf.write_text(site.conf.read_text().replace('"2s"', '"1h"')
                         .replace('"300ms"', '"3s"'))
    site.plan("dataio_0-guest", "sleep 1")
    site.plan("dataio_1-guest", "stubborn 60")
    elsewhere = site.submit()
    site.sql("UPDATE job_run SET status = 'success', live = 0")
    bad = site.submit(dsl={"components": {
        "dataio_0": dataio, "dataio_1": dataio, "intersection_0": next_0,
        "intersection_1": next_0}})
    site.sql("CREATE TRIGGER refuse BEFORE UPDATE ON job_run FOR EACH ROW SET "
             "NEW.pending_reason = IF(NEW.pending_reason IS NOT NULL AND "
             f"NEW.job_id = '{bad}', REPEAT('x', 70000), NEW.pending_reason)")
    site.start()
    try:
        ending = f"SELECT 1 FROM job_run WHERE job_id = '{bad}' AND ending"
        end = time.monotonic() + 20
        while not site.sql(f"{ending} IS NOT NULL"):
            assert time.monotonic() < end, site.status(bad)
            time.sleep(0.02)
        run_elsewhere(site, elsewhere)
        waits = site.submit()
        site.ring()
        reason = site.wait(bad, ["failed"])[1]
    finally:
        site.sql("DROP TRIGGER refuse")
    assert "cannot be stored: " in reason
    time.sleep(1)
    assert site.status(waits)[0] == "waiting"
    site.sql(f"UPDATE job_run SET live = 0 WHERE job_id = '{elsewhere}'")
    site.wait(waits, ["success"], 20)


def test_end_that_was_decided_in_vain_is_decided_anew(site):
    """A pass finds no table for a job's next component; before it commits, its
    connection breaks and the table comes: the job goes on with it."""
    dataio = DSL["components"]["dataio_0"]
    late = {"components": {"dataio_0": dataio, "dataio_1": {
        **dataio, "input": {"data": {"data": ["args.late"]},
                            "model": ["dataio_0.dataio"]}}}}
    site.conf.write_text(site.conf.read_text().replace('"2s"', '"1h"'))
    site.plan("dataio_0-guest", "sleep 2")
    job, other = site.submit(dsl=late), site.submit()
    table = {"guest": {"args": {"data": {"late": [
        {"namespace": "x", "name": "y"}]}}}}
    site.sql("UPDATE job_run SET f_runtime_conf = JSON_SET(f_runtime_conf, "
             f"'$.role_parameters', JSON_EXTRACT('{json.dumps(table)}', '$'))")
    paused = site.start()
    site.wait_runs(4)
    paused.send_signal(signal.SIGSTOP)
    site.wait_tasks_over()
    held = Held(site.client, other)
    paused.send_signal(signal.SIGCONT)
    waits = held.until_somebody_waits()
    site.sql("INSERT INTO data_table (name_key, namespace, name, version, "
             "is_current, file, row_count, partitions, schema_json, digest, "
             "create_time, deleted) VALUES (UNHEX(SHA2(CONCAT('x', CHAR(0), "
             "'y'), 256)), 'x', 'y', 1, 1, 'f', 1, 1, '{}', "
             f"'{'0' * 64}', 1, 0); KILL {waits}")
    held.commit()
    for j in (job, other):
        assert site.wait(j, ["success", "failed"], 20)[:2] == ["success", ""]


def named(first, second):
    """The DSL with its two components by these names."""
    return json.loads(json.dumps(DSL).replace("dataio_0", first).replace(
        "intersection_0", second))


LONG = "dataio_with_quite_a_long_name_0"


@pytest.mark.parametrize("first, second, rows", [
    (LONG, "intersection_0", 0), ("dataio_0", LONG, 2)])
def test_start_that_the_database_refuses_fails_that_job_alone(
        site, first, second, rows):
    before, bad, worse, behind = (site.submit(dsl=dsl) for dsl in (
        DSL, *[named(first, second)] * 2, DSL))
    room = len(f"{site.work}/jobs/20261123/{bad}/guest-9999/intersection_0/0")
    site.sql(f"ALTER TABLE t_task MODIFY f_dir VARCHAR({room})")
    done = site.once()
    status, reason, _ = site.status(bad)
    assert (status, reason) == (
        "failed", f"{LONG} of guest 9999 cannot start: database: Data too "
        "long for column 'f_dir' at row 1 (1406)")
    assert f"job={bad} fail: {reason}" in done.stderr
    assert site.sql("SELECT f_status, f_tag, f_reason FROM t_job WHERE "
                    f"f_job_id = '{bad}'") == [
        ["failed", "job_end", reason]] * 2
    assert site.sql("SELECT COUNT(*) FROM t_task WHERE f_job_id = "
                    f"'{bad}'") == [[str(rows)]]
    assert site.status(worse)[1] == reason
    for job in (before, behind):
        assert site.status(job)[0] == "success"
    # Nothing of it counts: all of the site's two places are free again.
    jobs = [site.submit() for _ in range(2)]
    for task in ("dataio_0-guest", "dataio_0-host"):
        site.plan(task, "sleep 3")
    site.start()
    for job in jobs:
        site.wait(job, ["running"])
    assert site.status(jobs[0])[0] == "running"
    for job in jobs:
        site.wait(job, ["success"], 20)


def test_failure_that_is_told_at_length_is_cut_and_ends_that_job_alone(site):
    site.plan("dataio_0-host", "report " + json.dumps(
        {"text": "a" + "\u00e9" * 70000}))
    bad = site.submit()
    site.plan("dataio_0-guest", "sleep 1")
    site.start()
    status, reason, _ = site.wait(bad, ["failed"])
    assert reason.startswith("dataio_0 of host 10000 failed: a\u00e9")
    assert reason.endswith("\u00e9") and len(reason.encode()) <= 8000
    site.plan("dataio_0-host", "ok")
    good = site.submit()
    site.ring()
    assert site.wait(good, ["success", "failed"])[0] == "success"


def test_component_that_cannot_start_ends_those_beside_it_at_once(site):
    dataio = DSL["components"]["dataio_0"]
    dsl = {"components": {
        "dataio_0": dataio, "dataio_1": dataio,
        "dataio_2": {**dataio, "input": {
            "data": {"data": ["args.gone"]},
            "model": ["dataio_1.dataio"]}}}}
    site.conf.write_text(site.conf.read_text().replace('"2s"', '"1h"'))
    site.plan("dataio_0-host", "sleep 30")
    site.plan("dataio_1-host", "sleep 2")
    job = site.submit(dsl)
    table = {"guest": {"args": {"data": {"gone": [
        {"namespace": "x", "name": "y"}]}}}}
    site.sql("UPDATE job_run SET f_runtime_conf = REPLACE(f_runtime_conf, "
             f"'\"role_parameters\": {{}}', '\"role_parameters\": "
             f"{json.dumps(table)}')")
    site.start()
    status, reason, _ = site.wait(job, ["failed"], 20)
    assert reason == ("dataio_2 of guest 9999 cannot start: there is no table "
                      "y in namespace x")


def test_sweep_that_the_database_refuses_is_tried_again_with_pauses(site):
    site.conf.write_text(
        site.conf.read_text() + 'retention = { scratch = "1s"; };\n')
    site.plan("dataio_0-host", "sleep 4")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    time.sleep(0.5)
    site.sql("RENAME TABLE data_table TO away")
    time.sleep(1)
    before = cpu_s(site.daemon.pid)
    time.sleep(1.5)
    assert cpu_s(site.daemon.pid) - before < 0.3
    site.sql("RENAME TABLE away TO data_table")
    assert site.wait(job, ["success", "failed"], 15)[0] == "success"


def test_paused_scheduler_that_wakes_changes_nothing(site):
    site.plan("dataio_0-host", "sleep 1")
    job = site.submit()
    paused = site.start()
    site.wait_runs(2)
    paused.send_signal(signal.SIGSTOP)
    try:
        site.start()
        assert site.wait(job, ["success", "failed"], 15)[0] == "success"
        before = site.sql("SELECT * FROM job_run") + site.sql(
            "SELECT * FROM t_task")
    finally:
        paused.send_signal(signal.SIGCONT)
    time.sleep(1)
    assert site.sql("SELECT * FROM job_run") + site.sql(
        "SELECT * FROM t_task") == before
    paused.terminate()
    assert paused.wait(10) == 0
    assert len(site.runs()) == 4 == len(set(site.runs()))


def test_alias_that_is_a_path_fails_the_job_and_makes_no_folder(site):
    dsl = json.loads(json.dumps(DSL))
    dsl["components"]["dataio_0"]["output"]["model"] = ["../../../../out"]
    job = site.submit(dsl=dsl)
    site.once()
    status, reason, _ = site.status(job)
    assert status == "failed" and "output.model" in reason
    assert not list(site.work.rglob("out"))
