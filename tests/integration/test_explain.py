"""job/explain: what is said of a job wherever it is."""
import copy
import os
import pathlib
import shutil
import signal

import pytest

from conftest import ROOT, train_small_lr, upload_examples
from flow import load
from waits import until

DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
UNKNOWN = "209901010000000000001"
LONG = {"max_iter": 2000, "batch_size": -1, "tol": 1e-30,
        "encrypt_param": {"key_length": 2048}}


def conf_with(**lr):
    conf = copy.deepcopy(CONF)
    conf["algorithm_parameters"]["hetero_lr_0"].update(lr)
    return conf


def explain(site, job, **more):
    data = site.flow.ok("job/explain", {"job_id": job, **more})
    data["said"] = " ".join(data["text"])
    return data


@pytest.fixture(scope="module")
def own(make_site):
    """A site where one job at a time runs."""
    site = make_site(options={"scheduler": {"max_jobs": 1}})
    upload_examples(site)
    yield site
    site.stop()


@pytest.fixture
def long_job(own):
    """A job whose hetero_lr_0 runs on and on."""
    job = own.flow.submitted(DSL, conf_with(**LONG))
    until(lambda: [t for t in explain(own, job)["running"] if t[
        "component_name"] == "hetero_lr_0" and t["silent_ms"] is not None],
        "hetero_lr_0 runs")
    yield job
    own.flow.post("job/stop", {"job_id": job})
    own.flow.wait(job)


def test_running_job_tells_its_tasks(own, long_job):
    data = explain(own, long_job)
    assert {(t["component_name"], t["role"], t["party_id"], t["status"])
            for t in data["running"]} == {
        ("hetero_lr_0", "guest", "9999", "running"),
        ("hetero_lr_0", "host", "10000", "running"),
        ("hetero_lr_0", "arbiter", "10000", "running")}
    assert all(t["pid"] >= 0 and t["start_time"] for t in data["running"])
    assert data["job"]["status"] == "running"
    assert data["job"]["components_done"] == 2
    assert (data["failed"], data["stop"], data["rerun"]) == (None,) * 3
    assert data["site"] == {"schedulers_alive": 1, "running_jobs": 1,
                            "max_jobs": 1}
    for words in ("2 of 4 components are done", "hetero_lr_0 of guest 9999",
                  "last wrote its state", f"job stop -j {long_job}"):
        assert words in data["said"], data["text"]
    own_only = explain(own, long_job, role="host", party_id=10000)
    assert [t["role"] for t in own_only["running"]] == ["host"]


def test_jobs_behind_the_limit_say_it_and_how_many_are_ahead(own, long_job,
                                                             ten_csv):
    first, second = (own.flow.upload(ten_csv, "explain", f"w{i}")["jobId"]
                     for i in range(2))
    data = until(lambda: (d := explain(own, first))["queue"][
        "pending_reason"] and d, "a reason")
    assert data["queue"]["jobs_ahead"] == 0
    assert "It waits because" in data["said"]
    assert "1 of at most 1 jobs run on this site" in data["said"]
    behind = explain(own, second)
    assert behind["queue"]["jobs_ahead"] == 1
    assert "1 waiting job is ahead of it" in behind["said"]
    assert behind["running"] == [] and behind["failed"] is None
    for job in (first, second):
        own.flow.ok("job/stop", {"job_id": job})


def test_without_a_scheduler_a_waiting_job_says_so(own, ten_csv):
    own.process("scheduler").stop()
    job = own.flow.upload(ten_csv, "explain", "alone")["jobId"]
    data = explain(own, job)
    assert data["site"]["schedulers_alive"] == 0
    assert "No scheduler is alive" in data["said"]
    assert data["queue"] == {"pending_reason": None, "jobs_ahead": 0}
    own.flow.ok("job/stop", {"job_id": job, "operate": "kill",
                             "reason": "a test"})
    data = explain(own, job)
    assert data["stop"]["operate"] == "kill"
    assert "127.0.0.1 asked to kill it" in data["said"]
    assert "(a test), and no scheduler is alive to do so" in data["said"]
    own.start_scheduler()
    assert own.flow.wait(job) == "failed"
    data = explain(own, job)
    assert "127.0.0.1 asked for that" in data["said"]
    assert data["rerun"] == {"possible": True, "why_not": None}


def test_dead_scheduler_of_a_running_job_is_told(own, long_job):
    own.process("scheduler").send(signal.SIGKILL)
    own.sql("UPDATE scheduler_instance SET expires_at = UTC_TIMESTAMP(3)"
            " - INTERVAL 1 SECOND")
    data = explain(own, long_job)
    assert data["site"]["schedulers_alive"] == 0
    assert "No scheduler is alive" in data["said"]
    assert len(data["running"]) == 3
    until(lambda: not own.process("scheduler").pid, "it is dead", 10)
    own.start_scheduler()


def test_failed_job_shows_its_first_failure_with_the_log(own, long_job):
    for pid in own.tasks():
        try:
            argv = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            if "/host-10000/" in argv:
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass    # a child, ended with its parent
    log = next(own.work.glob(f"jobs/*/{long_job}/host-10000/hetero_lr_0/*/"
                             "task.log"))
    with open(log, "ab") as file:
        file.write(b"odd \x1b[2J \xff bytes\nthe last line")
    own.flow.wait(long_job)
    data = explain(own, long_job, role="host")
    failed = data["failed"]
    assert (failed["component_name"], failed["role"], failed["party_id"]) == (
        "hetero_lr_0", "host", "10000")
    assert failed["reason"] and failed["log_path"] == str(log)
    assert "odd \\x1b[2J \\xff bytes" in failed["log"]
    assert any("the last line" in line for line in failed["log"])
    assert len(failed["log"]) <= 20
    assert sum(len(line.encode()) for line in failed["log"]) <= 4096
    for words in ("failed at", "What failed first is hetero_lr_0 of host",
                  failed["reason"][:40], f"job rerun -j {long_job}",
                  f"job log -j {long_job}"):
        assert words in data["said"], data["text"]


def test_failed_upload_says_why_and_that_its_file_is_gone(own, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"id,x\n1,2\n1,3,4\n")
    job = own.flow.upload(bad, "explain", "bad")["jobId"]
    assert own.flow.wait(job) == "failed"
    conf = own.flow.ok("job/config", {"job_id": job})["runtime_conf"]
    file = conf["role_parameters"]["local"]["upload_0"]["file"][0]
    until(lambda: not os.path.exists(file), "it is swept")
    data = explain(own, job)
    assert data["job"]["kind"] == "upload"
    assert data["failed"]["component_name"] == "upload_0"
    assert data["failed"]["log"]
    assert data["rerun"]["possible"] is False
    assert file in data["rerun"]["why_not"]
    assert "It cannot run again" in data["said"]
    shutil.rmtree(data["job"]["folder"])
    data = explain(own, job)
    assert data["job"]["has_folder"] is False
    assert data["failed"]["log"] == []
    assert "Its folder was cleaned" in data["said"]


def test_canceled_job_says_who_and_why(own, long_job):
    own.flow.ok("job/stop", {"job_id": long_job, "reason": "enough seen"})
    assert own.flow.wait(long_job) == "canceled"
    data = explain(own, long_job)
    assert data["stop"]["by"] == "127.0.0.1"
    assert data["stop"]["reason"] == "enough seen"
    assert data["stop"]["operate"] == "cancel"
    assert "was canceled at" in data["said"]
    assert "enough seen" in data["said"]
    assert "What failed first" not in data["said"]


def test_success_of_a_training_and_a_prediction(site):
    trained = train_small_lr(site)
    conf = load(ROOT / "examples/hetero_lr/predict_conf.json")
    conf["job_parameters"].update(
        site.flow.ok("job/config", {"job_id": trained})["model_info"])
    predicted = site.flow.finished({}, conf)
    for job, kind in ((trained, "train"), (predicted, "predict")):
        data = explain(site, job)
        assert data["job"]["kind"] == kind
        assert data["job"]["components_done"] == data["job"]["components"]
        assert data["text"][0].startswith(f"Job {job} ({kind}) succeeded at")
        assert data["text"][-1] == "There is nothing to do."
        assert (data["queue"], data["failed"], data["rerun"]) == (None,) * 3


def test_earlier_attempts_are_listed(site, ten_csv):
    job = site.flow.uploaded(ten_csv, "explain", "attempts", drop=1)
    site.sql("INSERT INTO task_attempt (job_id, task_id, role, party_id,"
             " attempt, component, status, error_class, reason, start_time,"
             f" end_time) VALUES ('{job}', '{job}_upload_0', 'local', '0', 0,"
             " 'upload_0', 'failed', 'killed', 'signal 9', 1, 2)")
    assert explain(site, job)["attempts"] == [{
        "component_name": "upload_0", "role": "local", "party_id": "0",
        "attempt": 0, "status": "failed", "error_class": "killed",
        "reason": "signal 9", "start_time": 1, "end_time": 2}]
    assert explain(site, job, role="guest")["attempts"] == []


def test_job_that_is_not_there_is_told_as_by_stop(site):
    assert site.flow.post("job/explain", {"job_id": UNKNOWN}) == {
        "retcode": 100, "retmsg": f"can not found job: {UNKNOWN}"}
