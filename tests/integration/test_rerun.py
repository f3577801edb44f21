"""job/rerun: an ended job goes back into the queue, or the answer says why it
cannot."""
import concurrent.futures
import copy
import os
import pathlib
import shutil
import signal
import threading
import time

import pytest

from conftest import ROOT, upload_examples
from flow import load
from held import Held

DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
CONF["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 2
UNKNOWN = "209901010000000000001"
RUN = ("status, live, owner, retries, stop_requested, stop_by, stop_reason,"
       " stop_time, reason, pending_reason, error_class, failed_component,"
       " failed_role, failed_party_id, spent_ms, start_time, end_time,"
       " elapsed")
WAITING = (["waiting", "1", "0", "0", "0"] + ["NULL"] * 9 + ["0"] +
           ["NULL"] * 3)


@pytest.fixture(scope="module")
def idle(make_site):
    """A site whose scheduler the tests start and stop."""
    site = make_site()
    upload_examples(site)
    site.process("scheduler").stop()
    yield site
    site.stop()


def rerun(site, job, component=None):
    return site.flow.post("job/rerun", {"job_id": job,
                                        "component_name": component})


def columns(site, job, names=RUN):
    return site.sql(f"SELECT {names} FROM job_run WHERE job_id = '{job}'")[0]


def ended(site, status, job=None):
    """A job at that end, as the scheduler leaves one; dataio_0 succeeded and
    intersection_0 did not."""
    job = job or site.flow.submitted(DSL, CONF)
    site.sql(
        f"UPDATE job_run SET status = '{status}', live = 0, owner = 7,"
        " fence = 3, retries = 2, stop_requested = 1, stop_by = 'x',"
        " stop_reason = 'y', stop_time = 1, reason = 'z',"
        " error_class = 'killed', failed_component = 'intersection_0',"
        " failed_role = 'host', failed_party_id = '10000', spent_ms = 5,"
        " start_time = 1, end_time = 2, elapsed = 1"
        f" WHERE job_id = '{job}';"
        f"UPDATE t_job SET f_status = '{status}', f_tag = 'job_end',"
        " f_progress = 20, f_reason = 'z', f_start_time = 1, f_end_time = 2,"
        " f_elapsed = 1, f_current_tasks = '[]'"
        f" WHERE f_job_id = '{job}'")
    for component, how in (("dataio_0", "success"),
                           ("intersection_0", "failed")):
        for role, party in (("guest", 9999), ("host", 10000)):
            site.sql(
                "INSERT INTO t_task (f_job_id, f_task_id, f_role, f_party_id,"
                " f_component_name, f_status, f_create_time) VALUES ("
                f"'{job}', '{job}_{component}', '{role}', '{party}',"
                f" '{component}', '{how}', 1)")
    return job


@pytest.mark.parametrize("status", ["failed", "timeout", "canceled"])
def test_a_job_that_did_not_succeed_waits_again_as_new(idle, status):
    job = ended(idle, status)
    seq = columns(idle, job, "seq, fence, create_time, queue_rank")
    answer = rerun(idle, job)
    rest = [c for c in DSL["components"] if c != "dataio_0"]
    assert answer == {"retcode": 0, "retmsg": "success", "jobId": job, "data": {
        "job_id": job, "runs": 2, "component_name": None,
        "reused": ["dataio_0"], "run_again": rest}}
    assert columns(idle, job) == WAITING
    assert columns(idle, job, "seq, fence, create_time, queue_rank") == seq
    assert columns(idle, job, "runs, rerun_from") == ["2", "NULL"]
    for row in idle.flow.rows(job):
        assert (row["f_status"], row["f_tag"], row["f_progress"]) == (
            "waiting", "", 0)
        assert row["f_runs"] == 2
        assert {row[f"f_{k}"] for k in (
            "reason", "start_time", "end_time", "elapsed", "current_tasks",
            "stop_by", "failed_component")} == {None}
    tasks = idle.sql("SELECT f_status, COUNT(*) FROM t_task WHERE f_job_id ="
                     f" '{job}' GROUP BY f_status ORDER BY f_status")
    assert tasks == [["failed", "2"], ["success", "2"]]


def test_from_a_component_on_all_behind_it_runs_again(idle):
    job = ended(idle, "failed")
    data = rerun(idle, job, "dataio_0")["data"]
    assert data["reused"] == []
    assert data["run_again"] == list(DSL["components"])
    assert columns(idle, job, "rerun_from") == ["dataio_0"]


def test_what_read_something_older_runs_again(idle):
    """intersection_0 succeeded in a run before the one that made dataio_0
    anew."""
    job = ended(idle, "failed")
    idle.sql("UPDATE t_task SET f_status = 'success', f_fence = 2 + ("
             "f_component_name = 'dataio_0') WHERE f_job_id = "
             f"'{job}'")
    data = rerun(idle, job)["data"]
    assert data["reused"] == ["dataio_0"]
    assert "intersection_0" in data["run_again"]


def test_component_that_the_job_lacks_is_refused_by_name(idle):
    job = ended(idle, "failed")
    answer = rerun(idle, job, "nosuch_0")
    assert answer["retcode"] == 100
    for word in ("nosuch_0", "dataio_0", "hetero_lr_0"):
        assert word in answer["retmsg"]
    assert columns(idle, job, "status") == ["failed"]


@pytest.mark.parametrize("status, live, words", [
    ("waiting", 1, "is waiting: only a job that has ended"),
    ("running", 1, "is running: only a job that has ended"),
    ("success", 0, "succeeded: there is nothing to run again")])
def test_other_jobs_are_refused_and_stay(idle, status, live, words):
    job = ended(idle, status)
    idle.sql(f"UPDATE job_run SET live = {live} WHERE job_id = '{job}'")
    before = columns(idle, job)
    answer = rerun(idle, job)
    assert answer["retcode"] == 100
    assert job in answer["retmsg"] and words in answer["retmsg"]
    assert columns(idle, job) == before
    idle.sql(f"UPDATE job_run SET live = 0 WHERE job_id = '{job}'")


def test_job_that_is_not_there_is_told_as_by_stop(idle):
    assert rerun(idle, UNKNOWN) == {
        "retcode": 100, "retmsg": f"can not found job: {UNKNOWN}"}


def test_of_many_at_once_one_puts_it_back(idle):
    job = ended(idle, "failed")
    barrier = threading.Barrier(12)

    def one(_):
        barrier.wait()
        return rerun(idle, job)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(one, range(12)))
    assert sorted(a["retcode"] for a in answers) == [0] + [100] * 11
    assert all("is waiting" in a["retmsg"] for a in answers if a["retcode"])
    assert columns(idle, job, "runs") == ["2"]


def test_deleted_table_of_what_succeeded_is_named(idle):
    job = ended(idle, "failed")
    idle.sql(
        "INSERT INTO data_table (name_key, namespace, name, version, file,"
        " row_count, partitions, schema_json, digest, job_id, create_time,"
        f" ended_time, deleted) VALUES (UNHEX(SHA2('{job}', 256)), 'n', 't',"
        f" 1, '{job}', 1, 1, '{{}}', '', '{job}', 1, 9999999999999, 1)")
    idle.sql(
        "INSERT INTO t_data_view (f_job_id, f_task_id, f_role, f_party_id,"
        " f_component_name, f_table_id, f_create_time) SELECT"
        f" '{job}', '{job}_dataio_0', 'host', '10000', 'dataio_0', id, 1"
        f" FROM data_table WHERE file = '{job}'")
    answer = rerun(idle, job)
    assert answer["retcode"] == 100
    for word in ("dataio_0", "host 10000", "deleted"):
        assert word in answer["retmsg"]
    assert columns(idle, job, "status") == ["failed"]
    assert rerun(idle, job, "dataio_0")["retcode"] == 0


def test_job_without_its_folder_only_runs_from_its_start(idle):
    job = ended(idle, "failed")
    folder = idle.work / "jobs" / job[:8] / job
    shutil.rmtree(folder)
    answer = rerun(idle, job)
    assert answer["retcode"] == 100 and str(folder) in answer["retmsg"]
    assert rerun(idle, job, "dataio_0")["retcode"] == 0


def test_upload_without_its_file_is_refused_by_the_files_name(idle, ten_csv):
    job = idle.flow.upload(ten_csv, "rerun", "gone")["jobId"]
    file = next(p for p in (idle.work / "spool").iterdir()
                if p.name in columns(idle, job, "f_runtime_conf")[0])
    idle.flow.ok("job/stop", {"job_id": job})
    os.unlink(file)
    answer = rerun(idle, job)
    assert answer["retcode"] == 100 and str(file) in answer["retmsg"]
    assert columns(idle, job, "status") == ["canceled"]


def test_what_was_canceled_before_it_began_runs_again_to_success(idle, ten_csv):
    flow = idle.flow
    idle.sql("UPDATE job_run SET status = 'canceled', live = 0 WHERE live = 1")
    upload = flow.upload(ten_csv, "rerun", "again")["jobId"]
    training = flow.submitted(DSL, CONF)
    for job in (upload, training):
        flow.ok("job/stop", {"job_id": job, "reason": "not now"})
        assert flow.rows(job)[0]["f_stop_reason"] == "not now"
        assert rerun(idle, job)["data"]["reused"] == []
    idle.start_scheduler()
    for job in (upload, training):
        assert flow.wait(job) == "success", flow.reason(job)
        row = flow.rows(job)[0]
        assert (row["f_runs"], row["f_progress"], row["f_stop_by"]) == (
            2, 100, None)
        assert rerun(idle, job)["retcode"] == 100
    assert flow.ok("table/table_info", {
        "namespace": "rerun", "table_name": "again"})["count"] == 10
    idle.process("scheduler").stop()


# ---- against job/clean ----

def hold(site, job):
    return Held(["mariadb", "--no-defaults", f"--socket={site.db_socket}", "-u",
                 "root", "-BN", "fateflow"], job)


@pytest.fixture
def with_table(idle):
    """A failed job whose dataio_0 left a table, files and metrics."""
    job = ended(idle, "failed")
    folder = idle.work / "jobs" / job[:8] / job / "guest-9999/dataio_0/0"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows").write_text("x")
    idle.sql(
        f"UPDATE t_task SET f_dir = '{folder}' WHERE f_job_id = '{job}' AND"
        " f_component_name = 'dataio_0' AND f_role = 'guest';"
        "INSERT INTO data_table (name_key, namespace, name, version, file,"
        " row_count, partitions, schema_json, digest, job_id, create_time)"
        f" VALUES (UNHEX(SHA2('{job}', 256)), 'n', 't', 1, '{job}', 1, 1,"
        f" '{{}}', '', '{job}', 1);"
        "INSERT INTO t_data_view (f_job_id, f_task_id, f_role, f_party_id,"
        " f_component_name, f_table_id, f_create_time) SELECT"
        f" '{job}', '{job}_dataio_0', 'guest', '9999', 'dataio_0', id, 1"
        f" FROM data_table WHERE file = '{job}';"
        "INSERT INTO t_tracking_metric (f_day, f_job_id, f_component_name,"
        " f_task_id, f_role, f_party_id, f_metric_namespace, f_metric_name,"
        " f_key, f_value, f_type, f_create_time) VALUES ('', "
        f"'{job}', 'dataio_0', '{job}_dataio_0', 'guest', '9999', 'n', 'm',"
        " '1', '1', 0, 1)")

    def left():
        return (idle.sql("SELECT deleted FROM data_table WHERE job_id = "
                         f"'{job}'") == [["0"]],
                idle.sql("SELECT COUNT(*) FROM t_tracking_metric WHERE "
                         f"f_job_id = '{job}'") == [["1"]],
                (folder / "data" / "rows").exists())

    return job, left


def test_clean_that_meets_a_rerun_takes_nothing(idle, with_table):
    job, left = with_table
    held = hold(idle, job)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        clean = pool.submit(idle.flow.post, "job/clean", {"job_id": job})
        held.until_somebody_waits()
        held.say("UPDATE job_run SET status = 'waiting', live = 1 WHERE "
                 f"job_id = '{job}'")
        held.commit()
        answer = clean.result()
    assert answer["retcode"] == 100, answer
    assert answer["retmsg"].startswith(f"job {job} is waiting: only a job that"
                                       " has ended can be cleaned"), answer
    assert left() == (True, True, True)
    idle.sql("UPDATE job_run SET status = 'failed', live = 0 WHERE job_id = "
             f"'{job}'")
    assert idle.flow.post("job/clean", {"job_id": job})["retcode"] == 0
    assert left() == (False, False, False)
    assert not list((idle.work / "jobs" / ".trash").iterdir())


def test_rerun_that_meets_a_clean_sees_what_it_took(idle, with_table):
    job, _ = with_table
    held = hold(idle, job)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(rerun, idle, job)
        held.until_somebody_waits()
        held.say("UPDATE data_table SET deleted = 1, is_current = NULL WHERE "
                 f"job_id = '{job}'")
        held.commit()
        answer = answer.result()
    assert answer["retcode"] == 100, answer
    for word in ("dataio_0", "guest 9999", "deleted"):
        assert word in answer["retmsg"]
    assert columns(idle, job, "status, live, runs") == ["failed", "0", "1"]
    assert rerun(idle, job, "dataio_0")["retcode"] == 0


# ---- with the scheduler, from a failure to the end ----

@pytest.fixture(scope="module")
def busy(make_site):
    site = make_site()
    upload_examples(site)
    yield site
    site.stop()


def tasks(site, job):
    """{(component, role): (status, attempt, pid)}"""
    return {(t["f_component_name"], t["f_role"]):
            (t["f_status"], t["f_attempt"], t["f_run_pid"])
            for t in site.flow.ok("job/task/query", {"job_id": job})}


def kill_tasks(site, job, component, role):
    """Every process of that task, as soon as it has begun."""
    end = time.monotonic() + 60
    killed = 0
    while not killed:
        assert time.monotonic() < end, f"{component} never ran"
        for pid in site.tasks():
            try:
                argv = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
                if f"/{job}/{role}-" in argv and f"/{component}/" in argv:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            except (FileNotFoundError, ProcessLookupError):
                pass
        time.sleep(0.01)


def failed_at(site, component, **lr):
    """A job of which a task of that component was killed."""
    conf = copy.deepcopy(CONF)
    conf["algorithm_parameters"]["hetero_lr_0"].update(lr)
    job = site.flow.submitted(DSL, conf)
    kill_tasks(site, job, component, "guest")
    assert site.flow.wait(job) == "failed"
    return job


def test_only_what_failed_and_what_follows_runs_again(busy):
    job = failed_at(busy, "hetero_lr_0", max_iter=3)
    before = tasks(busy, job)
    row = busy.flow.rows(job)[0]
    assert (row["f_failed_component"], row["f_failed_role"],
            row["f_failed_party_id"]) == ("hetero_lr_0", "guest", "9999")
    assert row["f_error_class"]
    data = busy.flow.ok("job/explain", {"job_id": job})
    assert data["failed"]["component_name"] == "hetero_lr_0"
    assert data["rerun"]["possible"]
    answer = rerun(busy, job)["data"]
    assert answer["reused"] == ["dataio_0", "intersection_0"]
    assert busy.flow.wait(job) == "success", busy.flow.reason(job)
    after = tasks(busy, job)
    for key, (status, attempt, pid) in after.items():
        assert status == "success"
        if key[0] in answer["reused"]:
            assert (status, attempt, pid) == before[key]
        else:
            assert attempt == (1 if key in before else 0), key
    row = busy.flow.rows(job)[0]
    assert (row["f_runs"], row["f_progress"], row["f_reason"],
            row["f_error_class"], row["f_failed_component"]) == (
        2, 100, None, None, None)
    attempts = busy.flow.ok("job/explain", {"job_id": job})["attempts"]
    assert {(a["component_name"], a["role"], a["attempt"], a["status"])
            for a in attempts} == {
        ("hetero_lr_0", r, 0, "failed") for r in ("guest", "host", "arbiter")}


def test_from_a_named_component_on_what_succeeded_runs_again(busy):
    job = failed_at(busy, "hetero_lr_0", max_iter=3)
    answer = rerun(busy, job, "intersection_0")["data"]
    assert answer["reused"] == ["dataio_0"]
    assert busy.flow.wait(job) == "success", busy.flow.reason(job)
    attempts = {k: v[1] for k, v in tasks(busy, job).items()}
    assert attempts["dataio_0", "guest"] == 0
    assert attempts["intersection_0", "guest"] == 1
    assert attempts["hetero_lr_0", "guest"] == 1


def test_stopped_while_it_runs_again_it_can_run_once_more(busy):
    job = failed_at(busy, "intersection_0")
    assert rerun(busy, job)["retcode"] == 0
    busy.flow.ok("job/stop", {"job_id": job, "reason": "once more"})
    assert busy.flow.wait(job) == "canceled"
    assert busy.flow.rows(job)[0]["f_stop_reason"] == "once more"
    assert rerun(busy, job)["data"]["runs"] == 3
    assert busy.flow.wait(job) == "success", busy.flow.reason(job)
    assert busy.flow.rows(job)[0]["f_stop_by"] is None
