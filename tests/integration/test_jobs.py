"""Jobs with the real tasks: what they show while they run and what becomes
of them when something goes wrong."""
import copy
import os
import pathlib
import signal
import subprocess
import time

import pytest

from flow import load
from waits import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
PARTIES = [("guest", 9999), ("host", 10000), ("arbiter", 10000)]


@pytest.fixture(scope="module")
def tables(site):
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}", drop=1)


def conf_with(job=None, **lr):
    conf = copy.deepcopy(CONF)
    conf["job_parameters"].update(job or {})
    conf["algorithm_parameters"]["hetero_lr_0"].update(lr)
    return conf


LONG = {"max_iter": 2000, "batch_size": -1, "tol": 1e-30,
        "encrypt_param": {"key_length": 2048}}


@pytest.fixture
def training(site, tables):
    """A job whose hetero_lr_0 has begun and will take long; its id."""
    job = site.flow.submitted(DSL, conf_with(**LONG))
    until(lambda: [len(p) for p in lr_tasks(site, job).values()] == [2] * 3,
          "each party's hetero_lr_0 and its supervisor run")
    yield job
    site.flow.post("job/stop", {"job_id": job})
    site.flow.wait(job, 20)


def lr_tasks(site, job):
    """Pids by role-party of the running hetero_lr_0 tasks of a job."""
    found = {}
    for pid in site.tasks():
        try:
            parts = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        except OSError:
            continue
        if f"/{job}/" in parts and "/hetero_lr_0/" in parts:
            found.setdefault(parts.split(f"/{job}/")[1].split("/")[0],
                             []).append(pid)
    return found


def is_component(pid):
    """Of a task's two processes, the one that runs the component."""
    with open(f"/proc/{pid}/stat") as stat:
        parent = stat.read().rpartition(")")[2].split()[1]
    with open(f"/proc/{parent}/cmdline") as command:
        return "fateflow-task" in command.read()


def test_a_running_job_shows_where_it_is(site, training):
    rows = site.flow.rows(training)
    assert [(r["f_role"], r["f_party_id"]) for r in rows] == [
        ("arbiter", "10000"), ("guest", "9999"), ("host", "10000")]
    for row in rows:
        assert row["f_status"] == "running"
        assert row["f_tag"] == "end_waiting"
        assert row["f_progress"] == 50  # two of four components
        assert row["f_start_time"] >= row["f_create_time"]
        assert row["f_end_time"] is None and row["f_elapsed"] is None
        assert row["f_current_tasks"] == f'["{training}_intersection_0"]'
    tasks = site.flow.ok("job/task/query", {"job_id": training,
                                            "component_name": "hetero_lr_0"})
    assert {t["f_status"] for t in tasks} == {"running"}
    assert len(tasks) == 3


def test_the_loss_curve_grows_while_the_job_runs(site, training):
    def points():
        answer = site.flow.component("metric_data", training, "hetero_lr_0",
                                     "arbiter", 10000,
                                     metric_namespace="train",
                                     metric_name="loss")
        return len(answer.get("data", []))
    until(lambda: points() > 0, "a first loss")
    first = points()
    until(lambda: points() > first, "more losses")


@pytest.mark.parametrize("role,party", PARTIES)
def test_a_task_that_is_killed_fails_its_job_with_the_reason(
        site, training, role, party):
    for pid in lr_tasks(site, training)[f"{role}-{party}"]:
        if is_component(pid):
            os.kill(pid, signal.SIGKILL)
    assert site.flow.wait(training, 15) == "failed"
    for row in site.flow.rows(training):
        assert row["f_status"] == "failed" and row["f_tag"] == "job_end"
        for word in ("hetero_lr_0", role, str(party), "signal 9"):
            assert word in row["f_reason"]
    assert lr_tasks(site, training) == {}
    assert {t["f_component_name"] for t in site.flow.ok(
        "job/task/query", {"job_id": training})} == {
            "dataio_0", "intersection_0", "hetero_lr_0"}


@pytest.mark.parametrize("victim", ["component", "supervisor"])
def test_a_killed_task_is_tried_again_when_the_job_allows_it(
        site, tables, victim):
    """All parties begin anew, whichever process of one of them was killed."""
    job = site.flow.submitted(DSL, conf_with(
        {"auto_retries": 1, "auto_retry_delay": 0.1}, max_iter=12,
        tol=1e-30, batch_size=-1))
    until(lambda: [len(p) for p in lr_tasks(site, job).values()] == [2] * 3,
          "each party's hetero_lr_0 and its supervisor run")
    for pid in lr_tasks(site, job)["host-10000"]:
        if is_component(pid) == (victim == "component"):
            os.kill(pid, signal.SIGKILL)
    assert site.flow.wait(job, 60) == "success"
    attempts = {path.name for path in site.work.glob(
        f"jobs/*/{job}/*/hetero_lr_0/*")}
    assert attempts == {"0", "1"}
    assert {path.name for path in site.work.glob(
        f"jobs/*/{job}/*/dataio_0/*")} == {"0"}
    answer = site.flow.component("metric_data", job, "hetero_lr_0", "arbiter",
                                 10000, metric_namespace="train",
                                 metric_name="loss")
    assert len(answer["data"]) == 12    # of the second attempt alone
    assert lr_tasks(site, job) == {}


def test_a_job_over_its_timeout_ends_with_that_status(site, tables):
    job = site.flow.submitted(DSL, conf_with({"timeout": 2}, **LONG))
    assert site.flow.wait(job, 20) == "timeout"
    for row in site.flow.rows(job):
        assert row["f_status"] == "timeout"
        assert "2" in row["f_reason"]
    assert lr_tasks(site, job) == {}


@pytest.mark.parametrize("operate,status", [(None, "canceled"),
                                            ("kill", "failed")])
def test_stop_ends_every_process_of_the_job(site, training, operate, status):
    body = {"job_id": training}
    if operate:
        body["operate"] = operate
    answer = site.flow.post("job/stop", body)
    assert answer == {"retcode": 0, "retmsg": "kill job success"}
    until(lambda: not lr_tasks(site, training), "no process left", 5)
    assert site.flow.wait(training, 5) == status
    for task in site.flow.ok("job/task/query", {
            "job_id": training, "component_name": "hetero_lr_0"}):
        assert task["f_status"] == "failed"
    again = site.flow.post("job/stop", body)
    assert again == {"retcode": 0, "retmsg": "kill job success"}


STOPPED = ("f_stop_by", "f_stop_reason", "f_stop_time")


def test_who_stopped_a_running_job_first_and_why_is_kept(site, training):
    flow = site.flow
    flow.ok("job/stop", {"job_id": training, "reason": "the wrong table"})
    first = [flow.rows(training)[0][k] for k in STOPPED]
    flow.ok("job/stop", {"job_id": training, "reason": "too late",
                         "operate": "kill"})
    assert flow.wait(training, 20) == "canceled"
    flow.ok("job/stop", {"job_id": training, "reason": "later still"})
    for row in flow.rows(training):
        assert [row[k] for k in STOPPED] == first
    assert first[:2] == ["127.0.0.1", "the wrong table"]
    assert first[2] > flow.rows(training)[0]["f_start_time"]


def test_who_canceled_a_waiting_job_and_why_is_kept(make_site, tmp_path):
    site = make_site()
    flow = site.flow
    site.process("scheduler").stop()
    (tmp_path / "ten.csv").write_bytes(b"id,x\n1,2\n")
    jobs = [flow.upload(tmp_path / "ten.csv", "stop", f"t{i}")["jobId"]
            for i in range(3)]
    assert flow.post("job/stop", {
        "job_id": jobs[0], "reason": "not needed"}) == {
            "retcode": 0, "retmsg": "cancel job success"}
    assert flow.post("job/stop", {
        "job_id": jobs[0], "reason": "again"}) == {
            "retcode": 0, "retmsg": "kill job success"}
    # A kill waits for the scheduler; a cancel behind it changes nothing.
    for body in ({"operate": "kill", "reason": "mine"}, {"reason": "other"}):
        assert flow.post("job/stop", {"job_id": jobs[1], **body}) == {
            "retcode": 0, "retmsg": "kill job success"}
    flow.ok("job/clean/queue", {})
    rows = [flow.rows(job)[0] for job in jobs]
    assert [r["f_status"] for r in rows] == ["canceled", "waiting",
                                             "canceled"]
    assert [r["f_stop_by"] for r in rows] == ["127.0.0.1"] * 3
    assert [r["f_stop_reason"] for r in rows] == ["not needed", "mine", None]
    assert rows[0]["f_reason"] == ("canceled by 127.0.0.1 before it started: "
                                   "not needed")
    assert rows[0]["f_stop_time"] == rows[0]["f_end_time"]
    site.start_scheduler()
    assert flow.wait(jobs[1]) == "failed"
    assert flow.rows(jobs[1])[0]["f_stop_reason"] == "mine"
    assert [flow.rows(job)[0]["f_error_class"] for job in jobs] == [
        "stopped"] * 3
    site.stop()


def test_an_illegal_parameter_is_refused_by_name_at_submit(site, tables):
    answer = site.flow.submit(DSL, conf_with(optimizer="nosuch", alpha="x"))
    assert answer["retcode"] == 100
    for word in ("hetero_lr_0", "optimizer", "nosuch", "rmsprop", "alpha"):
        assert word in answer["retmsg"]


def test_an_unknown_parameter_is_told_and_ignored(site, tables):
    answer = site.flow.submit(DSL, conf_with(converge_func="diff",
                                             max_iter=1))
    assert answer["retcode"] == 0
    assert "hetero_lr_0.converge_func" in str(answer["data"]["warnings"])
    assert site.flow.wait(answer["jobId"]) == "success"


def test_components_without_a_path_between_them_run_together(site, tables):
    dsl = copy.deepcopy(DSL)
    parts = dsl["components"]
    for i in (1, 2):
        parts[f"dataio_{i}"] = copy.deepcopy(parts["dataio_0"])
    conf = conf_with(max_iter=1)
    for party in conf["role_parameters"].values():
        for i in (1, 2):
            party[f"dataio_{i}"] = party["dataio_0"]
    job = site.flow.finished(dsl, conf)
    tasks = [t for t in site.flow.ok("job/task/query", {"job_id": job})
             if t["f_component_name"].startswith("dataio")]
    assert len(tasks) == 6
    assert max(t["f_start_time"] for t in tasks) <= min(
        t["f_end_time"] for t in tasks)


def test_without_a_daemon_once_drives_a_job_to_its_end(make_site, tmp_path):
    site = make_site()
    site.process("scheduler").stop()
    file = tmp_path / "one.csv"
    file.write_text("id,a\n1,2\n")
    answer = site.flow.upload(file, "once", "t")
    assert site.flow.status(answer["jobId"]) == "waiting"
    once = [site.bin / "fateflow-scheduler", "-c", site.conf, "--once"]
    assert subprocess.run(once, timeout=60).returncode == 0
    assert site.flow.status(answer["jobId"]) == "success"
    start = time.monotonic()
    assert subprocess.run(once, timeout=60).returncode == 0
    assert time.monotonic() - start < 10  # idle: leaves early
    site.stop()
