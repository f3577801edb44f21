"""The scheduler alone: a real database, jobs inserted as a worker does it,
and a small program of the test's own as the task, since the contract of
docs/task-directory.md admits any program."""
import json
import os
import pathlib
import signal
import socket as sockets
import subprocess
import time

import pytest

import conftest

TASK = '''#!/usr/bin/python3 -SE
import fcntl, json, os, pathlib, signal, struct, sys, time
d = pathlib.Path(sys.argv[1])
lock = os.open(d / "lock", os.O_RDWR | os.O_CREAT)
os.set_inheritable(lock, True)
try:
    owner = os.open(d / "owner", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
except FileExistsError:
    sys.exit(75)
F_OFD_SETLK = 37
fcntl.fcntl(lock, F_OFD_SETLK, struct.pack("hhqqi", 1, 0, 0, 0, 0))
os.write(owner, b"{}")
task = json.loads((d / "task.json").read_text())
plan = pathlib.Path(sys.argv[0]).parent / (
    task["component"] + "-" + task["role"])
how = plan.read_text().split(" ", 1) if plan.exists() else ["ok"]

def state(**s):
    (d / "state.tmp").write_text(json.dumps(s))
    (d / "state.tmp").rename(d / "state.json")

def metric(**m):
    with open(d / "metrics.jsonl", "a") as f:
        f.write(json.dumps(m) + "\\n")

state(status="running", progress=10, message="begun")
(pathlib.Path(sys.argv[0]).parent / "runs").open("a").write(
    task["task_id"] + " " + task["role"] + "\\n")
if how[0] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if how[0] in ("sleep", "stubborn"):
    metric(t="point", ns="train", name="loss", key=0, value=1.0)
    time.sleep(float(how[1]))
if how[0] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
if how[0] == "exit":
    sys.exit(int(how[1]))
if how[0] == "fail":
    state(status="failed", error={"code": "invalid", "text": how[1]})
    sys.exit(1)
(d / "data").mkdir()
(d / "model").mkdir()
(d / "data" / "table").write_text("rows")
(d / "model" / "DataIOParam").write_text("x")
metric(t="meta", ns="train", name="loss", meta={"metric_type": "LOSS"})
metric(t="point", ns="train", name="loss", key=1, value=0.5)
state(status="success", table={"path": str(d / "data/table"), "rows": 3,
      "partitions": 4, "digest": "0" * (99 if how[0] == "badrow" else 64), "schema": {"sid": "id"}},
      model=[{"buffer": "DataIOParam", "message": "DataIOParam"}])
'''
DSL = {"components": {
    "dataio_0": {"module": "DataIO", "input": {"data": {"data":
                 ["args.train_data"]}}, "output": {"data": ["train"],
                 "model": ["dataio"]}},
    "intersection_0": {"module": "Intersection", "input": {"data": {"data":
                       ["dataio_0.train"]}}, "output": {"data": ["train"]}}}}


class Site:
    def __init__(self, folder, socket, name):
        self.work = folder / "work"
        self.task = folder / "bin" / "task"
        self.task.parent.mkdir()
        self.task.write_text(TASK)
        self.task.chmod(0o755)
        self.run_dir = folder
        self.conf = folder / "fateflow.conf"
        self.conf.write_text(
            f'site = {{ work_dir = "{self.work}"; runtime_dir = "{folder}"; '
            f'}};\ndatabase = {{ socket = "{socket}"; user = "root"; '
            f'name = "{name}"; }};\nscheduler = {{ max_jobs = 2; max_tasks = '
            f'4; lease_ms = "2s"; stop_grace_ms = "300ms"; task_program = '
            f'"{self.task}"; }};\n')
        self.client = ["mariadb", "--no-defaults", f"--socket={socket}", "-u",
                       "root", "-BN"]
        self.sql(f"CREATE DATABASE {name}")
        self.client.append(name)
        subprocess.run([conftest.BIN / "fateflow-admin", "-c", self.conf,
                        "--dir", conftest.ROOT / "sql", "migrate"],
                       check=True)
        self.n = 0
        self.daemon = None

    def sql(self, text):
        out = subprocess.run([*self.client, "-e", text], check=True,
                             capture_output=True, text=True).stdout
        return [line.split("\t") for line in out.splitlines()]

    def once(self):
        done = subprocess.run(
            [conftest.BIN / "fateflow-scheduler", "-c", self.conf, "--once",
             "-v"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done

    def start(self):
        self.daemon = subprocess.Popen(
            [conftest.BIN / "fateflow-scheduler", "-c", self.conf, "-d"])
        return self.daemon

    def stop(self, how=signal.SIGTERM):
        if self.daemon:
            self.daemon.send_signal(how)
            code = self.daemon.wait(10)
            assert code == (0 if how == signal.SIGTERM else -how)
        self.daemon = None

    def plan(self, task, how):
        (self.task.parent / task).write_text(how)

    def runs(self):
        path = self.task.parent / "runs"
        return path.read_text().splitlines() if path.exists() else []

    def ring(self):
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_DGRAM) as s:
            s.sendto(b"", str(self.run_dir / "doorbell"))

    def submit(self, dsl=DSL, width=2, timeout_ms=0):
        self.n += 1
        job = f"20261123120000123456{self.n}"
        conf = {"initiator": {"role": "guest", "party_id": 9999},
                "job_parameters": {"work_mode": 0},
                "role": {"guest": [9999], "host": [10000]},
                "role_parameters": {}}
        for role, party in (("guest", 9999), ("host", 10000)):
            self.sql(
                "INSERT INTO t_job (f_job_id, f_role, f_party_id, "
                "f_work_mode, f_run_ip, f_status, f_create_time) VALUES "
                f"('{job}', '{role}', '{party}', 0, '', 'waiting', 1)")
        self.sql(
            "INSERT INTO job_run (job_id, kind, status, live, "
            "initiator_role, initiator_party_id, work_mode, n_components, "
            "max_width, timeout_ms, f_roles, f_dsl, f_runtime_conf, "
            f"create_time) VALUES ('{job}', 'train', 'waiting', 1, 'guest', "
            f"'9999', 0, 2, {width}, {timeout_ms}, '{{}}', "
            f"'{json.dumps(dsl)}', '{json.dumps(conf)}', 1)")
        return job

    def status(self, job):
        return self.sql("SELECT status, COALESCE(reason, ''), COALESCE("
                        f"stop_by, '') FROM job_run WHERE job_id = '{job}'")[0]

    def wait(self, job, wanted, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.status(job)[0] in wanted:
                return self.status(job)
            time.sleep(0.02)
        raise AssertionError(f"{job} is {self.status(job)}")

    def wait_runs(self, n):
        end = time.monotonic() + 10
        while len(self.runs()) < n and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.runs()) >= n


@pytest.fixture
def site(database, tmp_path, request):
    for program in ("fateflow-admin", "fateflow-scheduler"):
        if not os.access(conftest.BIN / program, os.X_OK):
            pytest.skip(f"no {program} in {conftest.BIN} (FATEFLOW_BIN)")
    s = Site(tmp_path, database, f"sched_{abs(hash(request.node.name))}")
    yield s
    s.stop()


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
    assert time.monotonic() - begun < 5
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
    assert site.wait(job, ["canceled", "failed"], 3) == [
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


def test_idle_scheduler_asks_at_most_once_in_five_seconds(site):
    site.start()
    job = site.submit()
    site.wait(job, ["success"])
    time.sleep(3)       # the look for files that follows a job's end

    def count():
        return int(site.sql("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'"
                            )[0][1])

    before = count()
    time.sleep(5.5)
    assert count() - before <= 2


def test_job_with_unreadable_dsl_fails_with_the_reason(site):
    job = site.submit(dsl={"components": {"x_0": {"module": "NoSuch"}}})
    site.once()
    assert site.status(job)[0] == "failed" and site.status(job)[1]


def test_result_that_the_database_refuses_fails_that_job_alone(site):
    site.plan("dataio_0-host", "badrow")
    bad = site.submit()
    site.once()
    status, reason, _ = site.status(bad)
    assert status == "failed" and "cannot be stored" in reason
    site.plan("dataio_0-host", "ok")
    good = site.submit()
    site.once()
    assert site.status(good)[0] == "success"


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
