"""Attempts: which failures are tried again and how often, what becomes of the
last attempt, and another run of a job that ended."""
import json
import os
import signal
import time

import pytest

from scheduler_site import site  # noqa: F401  (a fixture)
from test_idle import cpu_s
from waits import until

COLUMNS = "error_class, failed_component, failed_role, failed_party_id"


def attempts(site, table="t_task"):
    prefix = "f_" if table == "t_task" else ""
    names = ("component_name" if prefix else "component", "role", "attempt",
             "status", "error_class")
    return site.sql(
        f"SELECT {', '.join(prefix + name for name in names)} FROM {table} "
        f"ORDER BY {prefix}task_id, {prefix}role, {prefix}attempt")


def pending(site, job):
    return site.sql("SELECT COALESCE(pending_reason, '') FROM job_run "
                    f"WHERE job_id = '{job}'")[0][0]


def test_killed_task_is_tried_again_with_all_its_parties(site):
    site.plan("dataio_0-host", "first kill")
    site.plan("dataio_0-guest", "first sleep 30")
    job = site.submit(auto_retries=2, auto_retry_delay=0.1)
    log = site.once().stderr
    assert site.status(job)[:2] == ["success", ""], log
    assert attempts(site) == [
        [component, role, attempt, "success", "NULL"]
        for component, attempt in (("dataio_0", "1"), ("intersection_0", "0"))
        for role in ("guest", "host")]
    assert attempts(site, "task_attempt") == [
        ["dataio_0", "guest", "0", "failed", "ended"],
        ["dataio_0", "host", "0", "failed", "killed"]]
    assert site.sql(f"SELECT retries, {COLUMNS} FROM job_run") == [
        ["1"] + ["NULL"] * 4]
    reasons = [row[0] for row in site.sql(
        "SELECT reason FROM task_attempt ORDER BY role")]
    assert reasons[1] == ("dataio_0 of host 10000 failed: killed by signal 9 "
                          "(Killed)")
    assert reasons[0] == f"ended with its component: {reasons[1]}"


def test_outputs_are_those_of_the_last_attempt_alone(site):
    site.plan("dataio_0-host", "first sleep 30")
    job = site.submit(auto_retries=1, auto_retry_delay=0)
    site.start()
    until(lambda: site.sql("SELECT 1 FROM t_task WHERE f_role = 'guest' "
                           "AND f_status = 'success'"), "its end")
    pid = int(site.sql("SELECT f_run_pid FROM t_task "
                       "WHERE f_role = 'host'")[0][0])
    os.kill(pid, signal.SIGKILL)
    assert site.wait(job, ["success", "failed"])[0] == "success"
    views = site.sql(
        "SELECT v.f_role, d.file, d.is_current, d.deleted FROM t_data_view v "
        "JOIN data_table d ON d.id = v.f_table_id "
        "WHERE v.f_component_name = 'dataio_0' ORDER BY v.f_role")
    assert views == [[role, f"{job}_dataio_0_{role}_{party}_1.table", "1", "0"]
                     for role, party in (("guest", 9999), ("host", 10000))]
    assert site.sql("SELECT is_current, deleted FROM data_table WHERE file = "
                    f"'{job}_dataio_0_guest_9999_0.table'") in (
        [["NULL", "1"]], [["NULL", "2"]])
    points = site.sql("SELECT f_attempt, COUNT(*) FROM t_tracking_metric WHERE "
                      "f_role = 'guest' AND f_component_name = 'dataio_0' "
                      "GROUP BY f_attempt")
    assert points == [["1", "2"]]
    for role, party in (("guest", 9999), ("host", 10000)):
        folder = site.work / "models" / (
            f"{role}#{party}#guest-9999#host-10000#model") / job
        assert site.sql("SELECT f_size FROM t_machine_learning_model_meta "
                        f"WHERE f_role = '{role}'") == [[str(sum(
                            path.stat().st_size for path in folder.rglob("*")
                            if path.is_file() and path.name != "module"))]]


def test_used_up_retries_end_the_job_with_the_first_failure_named(site):
    site.plan("dataio_0-host", "kill")
    job = site.submit(auto_retries=2, auto_retry_delay=0)
    site.once()
    status, reason, _ = site.status(job)
    assert status == "failed"
    assert reason == "dataio_0 of host 10000 failed: killed by signal 9 (Killed)"
    assert site.sql(f"SELECT retries, {COLUMNS} FROM job_run") == [
        ["2", "killed", "dataio_0", "host", "10000"]]
    assert [a for _, role, a in site.attempts() if role == "host"] == [
        "0", "1", "2"]


@pytest.mark.parametrize("how", [
    "fail no label here", "exit 3",
    'report {"code": "db", "text": "gone", "class": "database"}'])
def test_failure_of_the_job_itself_is_not_tried_again(site, how):
    site.plan("dataio_0-host", how)
    job = site.submit(auto_retries=3, auto_retry_delay=0)
    site.once()
    assert site.status(job)[0] == "failed"
    assert site.sql(f"SELECT retries, {COLUMNS} FROM job_run") == [
        ["0", "error", "dataio_0", "host", "10000"]]
    assert attempts(site, "task_attempt") == []


@pytest.mark.parametrize("how", [
    'report {"code": "io", "text": "writing x: No space left on device"}',
    'report {"class": "disk_full", "text": "quota"}', "exit 74"])
def test_full_disk_is_tried_again(site, how):
    site.plan("dataio_0-host", "first " + how)
    job = site.submit(auto_retries=1, auto_retry_delay=0)
    site.once()
    assert site.status(job)[0] == "success"
    assert ["dataio_0", "host", "0", "failed", "disk_full"] in attempts(
        site, "task_attempt")


def test_task_that_cannot_be_started_fails_with_the_reason(site):
    site.task.rename(site.task.with_name("gone"))
    job = site.submit(auto_retries=1, auto_retry_delay=0)
    site.once()
    status, reason, _ = site.status(job)
    assert status == "failed" and "dataio_0 of guest 9999 cannot be started" in (
        reason)
    assert site.sql("SELECT error_class FROM job_run") == [["error"]]


def test_wait_before_a_retry_is_shown_and_ends_with_a_stop(site):
    site.plan("dataio_0-host", "kill")
    job = site.submit(auto_retries=3, auto_retry_delay=60)
    site.start()
    text = until(lambda: pending(site, job), "a reason")
    assert text == ("retry 1 of 3 of dataio_0 in 60 s: dataio_0 of host 10000 "
                    "failed: killed by signal 9 (Killed)")
    site.sql("UPDATE job_run SET stop_requested = 1, stop_by = 'ann'")
    site.ring()
    assert site.wait(job, ["canceled", "failed"], 20)[0] == "canceled"
    assert site.sql("SELECT error_class FROM job_run") == [["stopped"]]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_takeover_in_the_middle_of_the_wait_begins_it_anew(site, how):
    site.plan("dataio_0-host", "first both kill")
    job = site.submit(auto_retries=1, auto_retry_delay=2)
    site.start()
    until(lambda: pending(site, job), "a reason")
    site.stop(how)
    assert site.status(job)[0] == "running"
    site.start()
    assert site.wait(job, ["success", "failed"], 20)[0] == "success"
    assert site.sql("SELECT retries FROM job_run") == [["1"]]
    assert len(site.attempts()) == 6 == len(set(map(tuple, site.attempts())))


def test_other_components_go_on_while_one_waits_for_its_retry(site):
    dsl = {"components": {
        "dataio_0": {"module": "DataIO", "input": {"data": {"data": [
            "args.a"]}}, "output": {"data": ["train"]}},
        "dataio_1": {"module": "DataIO", "input": {"data": {"data": [
            "args.b"]}}, "output": {"data": ["train"]}}}}
    site.plan("dataio_0-host", "first kill")
    site.plan("dataio_1-host", "sleep 0.5")
    job = site.submit(dsl=dsl, auto_retries=1, auto_retry_delay=1.5)
    site.once()
    assert site.status(job)[0] == "success"
    assert [row[:3] for row in attempts(site) if row[1] == "host"] == [
        ["dataio_0", "host", "1"], ["dataio_1", "host", "0"]]


# ---- another run ----

def rerun(site, job, component=None):
    """As a worker does it."""
    name = f"'{component}'" if component else "NULL"
    site.sql("UPDATE job_run SET status = 'waiting', live = 1, runs = runs + "
             "1, retries = 0, stop_requested = 0, stop_by = NULL, spent_ms = "
             f"0, reason = NULL, ending = NULL, rerun_from = {name}, "
             "end_time = NULL "
             f"WHERE job_id = '{job}' AND live = 0; UPDATE t_job SET f_status "
             f"= 'waiting' WHERE f_job_id = '{job}'")


def test_rerun_keeps_what_succeeded(site):
    site.plan("intersection_0-guest", "first fail no ids")
    job = site.submit()
    site.once()
    assert site.status(job)[0] == "failed"
    rerun(site, job)
    site.once()
    assert site.status(job)[:2] == ["success", ""]
    assert [row[:4] for row in attempts(site)] == [
        [component, role, attempt, "success"]
        for component, attempt in (("dataio_0", "0"), ("intersection_0", "1"))
        for role in ("guest", "host")]
    assert ["intersection_0", "guest", "0", "failed", "error"] in attempts(
        site, "task_attempt")
    assert site.sql(f"SELECT retries, {COLUMNS} FROM job_run") == [
        ["0"] + ["NULL"] * 4]
    folder = site.work / "models" / "host#10000#guest-9999#host-10000#model"
    assert (folder / job / "dataio_0/dataio/DataIOParam").read_text() == "x"


def test_rerun_from_a_component_runs_what_depends_on_it(site):
    site.plan("intersection_0-guest", "first fail no ids")
    job = site.submit()
    site.once()
    rerun(site, job, "dataio_0")
    site.once()
    assert site.status(job)[0] == "success"
    assert {row[2] for row in attempts(site)} == {"1"}
    folder = site.work / "models" / "host#10000#guest-9999#host-10000#model"
    assert sorted(p.name for p in (folder / job / "dataio_0/dataio").iterdir()
                  ) == ["DataIOParam", "module"]
    tables = site.sql("SELECT file FROM data_table WHERE is_current = 1")
    assert sorted(t[0] for t in tables) == sorted(
        f"{job}_{component}_{role}_1.table"
        for component in ("dataio_0", "intersection_0")
        for role in ("guest_9999", "host_10000"))


def test_success_whose_input_was_made_anew_is_not_reused(site):
    job = site.submit()
    site.once()
    site.sql("UPDATE job_run SET status = 'failed'")
    site.plan("intersection_0-host", "sleep 30")
    rerun(site, job, "dataio_0")
    site.start()
    # dataio_0 was made anew; stopped before its dependant was
    until(lambda: ["dataio_0", "host", "1", "success", "NULL"] in
          attempts(site), "the second attempt ends well")
    site.sql("UPDATE job_run SET stop_requested = 1")
    site.ring()
    site.wait(job, ["canceled"])
    site.plan("intersection_0-host", "ok")
    rerun(site, job)
    site.ring()
    assert site.wait(job, ["success", "failed"])[0] == "success"
    assert [row[2] for row in attempts(site) if row[0] == "dataio_0"] == [
        "1", "1"]
    assert all(row[2] in ("1", "2") for row in attempts(site)
               if row[0] == "intersection_0")


def test_takeover_of_another_run_tells_old_failures_from_new_ones(site):
    site.plan("dataio_0-guest", "first fail old")
    site.plan("dataio_0-host", "ok")
    job = site.submit()
    site.once()
    assert site.status(job)[0] == "failed"
    site.plan("dataio_0-guest", "sleep 2")
    rerun(site, job)
    site.start()
    until(lambda: len([a for a in site.attempts() if a[2] == "1"]) == 2,
          "both are tried again")
    site.stop(signal.SIGKILL)
    site.start()
    assert site.wait(job, ["success", "failed"], 20)[:2] == ["success", ""]
    assert json.dumps(site.attempts()).count('"2"') == 0


def test_wait_that_is_over_is_shown_no_longer(site):
    site.plan("dataio_0-host", "first kill")
    site.plan("dataio_0-guest", "sleep 2")
    job = site.submit(auto_retries=1, auto_retry_delay=1)
    site.start()
    until(lambda: pending(site, job), "a reason")
    until(lambda: ["dataio_0", "guest", "1", "running", "NULL"] in
          attempts(site), "the second attempt runs")
    assert pending(site, job) == ""


def test_retry_that_is_due_waits_for_room_quietly_and_says_so(site):
    site.conf.write_text(site.conf.read_text().replace(
        "max_jobs = 2", "max_jobs = 3"))
    site.plan("dataio_0-host", "first kill")
    job = site.submit(auto_retries=1, auto_retry_delay=3)
    site.start()
    until(lambda: pending(site, job), "a reason")
    for role in ("guest", "host"):
        site.plan(f"dataio_0-{role}", "sleep 8")
    for _ in range(2):
        site.submit()
    site.ring()
    until(lambda: "max_tasks" in pending(site, job), "the reason")
    before = cpu_s(site.daemon.pid)
    time.sleep(2)
    assert cpu_s(site.daemon.pid) - before < 0.3
    assert site.wait(job, ["success", "failed"], 60)[0] == "success"
