"""A site with the scheduler alone: a real database, jobs inserted as a worker
does it, and a small program of the test's own as the task, since the contract
of docs/task-directory.md admits any program."""
import json
import os
import signal
import socket as sockets
import subprocess
import time

import pytest

import conftest
import sql_sessions
from private_site import all_pids, read_proc

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
if how[0] == "first":       # only the first attempt does so
    how = how[1].split(" ", 1) if task["attempt"] == 0 else ["ok"]

def state(**s):
    (d / "state.tmp").write_text(json.dumps(s))
    (d / "state.tmp").rename(d / "state.json")

def metric(**m):
    with open(d / "metrics.jsonl", "a") as f:
        f.write(json.dumps(m) + "\\n")

if how[0] != "silent":
    state(status="running", progress=10, message="begun")
(pathlib.Path(sys.argv[0]).parent / "runs").open("a").write(
    task["task_id"] + " " + task["role"] + " " + str(task["attempt"]) + "\\n")
if how[0] == "both":        # once another party's has begun, too
    how = how[1].split(" ", 1)
    def begun():
        lines = (pathlib.Path(sys.argv[0]).parent / "runs").read_text()
        return sum(line.split()[::2] == [task["task_id"], str(task["attempt"])]
                   for line in lines.splitlines())
    while begun() < 2:
        time.sleep(0.01)
if how[0] in ("daemon", "hidden"):  # leaves its session, ignores TERM
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if how[0] == "hidden":
            os.closerange(0, 100)
        with open(pathlib.Path(sys.argv[0]).parent / "daemon", "w") as f:
            f.write(str(os.getpid()))
        time.sleep(float(how[1]))
        os._exit(0)
    if how[0] == "hidden":
        time.sleep(float(how[1]))
if how[0] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if how[0] in ("sleep", "stubborn", "daemon", "badrow"):
    metric(t="point", ns="train", name="loss", key=0, value=1.0)
    time.sleep(float(how[1]))
if how[0] == "until":
    path, seconds = how[1].split()
    while not os.path.exists(path):
        time.sleep(0.02)
    time.sleep(float(seconds))
if how[0] == "silent":
    time.sleep(float(how[1]))
if how[0] == "busy":
    for n in range(int(float(how[1]) * 4)):
        metric(t="point", ns="train", name="loss", key=n, value=1.0)
        time.sleep(0.25)
if how[0] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
if how[0] == "exit":
    sys.exit(int(how[1]))
if how[0] == "fail":
    state(status="failed", error={"code": "invalid", "text": how[1]})
    sys.exit(1)
if how[0] == "report":
    state(status="failed", error=json.loads(how[1]))
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


# Migrated and empty databases by the socket of their server, each for the
# next test, and the columns that they have.
FREE = {}
COLUMNS = ("SELECT table_name, column_name, column_type FROM "
           "information_schema.columns WHERE table_schema = DATABASE() "
           "ORDER BY table_name, ordinal_position")
ROWS_OF_THE_SCHEMA = {"schema_version", "site_admission"}


class Site:
    def __init__(self, folder, socket, name, keys=""):
        self.free = FREE.setdefault(str(socket), [])
        found = self.free.pop() if self.free else None
        if found:
            name, self.columns = found
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
            f'"{self.task}"; {keys} }};\n')
        self.client = ["mariadb", "--no-defaults", f"--socket={socket}", "-u",
                       "root", "-BN"]
        self.socket = socket
        self.sessions = sql_sessions.Sessions()
        self.name = name
        self.database = name if found else None     # once it is there
        if not found:
            self.migrate()
        self.client.append(name)
        self.n = 0
        self.daemon = None
        self.started = []

    def migrate(self):
        self.sql(f"CREATE DATABASE {self.name}")
        self.database = self.name
        subprocess.run([conftest.BIN / "fateflow-admin", "-c", self.conf,
                        "--dir", conftest.ROOT / "sql", "migrate"],
                       check=True)
        self.columns = self.sql(COLUMNS)

    def release(self):
        self.leave_empty()
        self.sessions.close()

    def leave_empty(self):
        """Leaves the database as it was made; one whose schema the test
        changed is dropped."""
        if self.sql(COLUMNS) != self.columns:
            self.sql(f"DROP DATABASE {self.name}")
            return
        empty = []
        for table, next_id in self.sql(
                "SELECT table_name, COALESCE(auto_increment, 1) FROM "
                "information_schema.tables WHERE table_schema = DATABASE()"):
            if table not in ROWS_OF_THE_SCHEMA:
                empty.append(f"DELETE FROM {table}")
            if next_id != "1":
                empty.append(f"ALTER TABLE {table} AUTO_INCREMENT = 1")
        self.sql(";".join(empty))
        self.free.append((self.name, self.columns))

    def sql(self, text):
        return self.sessions.ask(self.socket, text, self.database)

    def once(self):
        done = subprocess.run(
            [conftest.BIN / "fateflow-scheduler", "-c", self.conf, "--once",
             "-v"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done

    def start(self, log=None):
        self.daemon = subprocess.Popen(
            [conftest.BIN / "fateflow-scheduler", "-c", self.conf, "-d"],
            stderr=log)
        self.started.append(self.daemon)
        return self.daemon

    def stop(self, how=signal.SIGTERM):
        if self.daemon:
            self.daemon.send_signal(how)
            code = self.daemon.wait(10)
            assert code == (0 if how == signal.SIGTERM else -how)
        self.daemon = None

    def plan(self, task, how):
        (self.task.parent / task).write_text(how)

    def attempts(self):
        """[task id, role, attempt] of every begun attempt, in that order."""
        path = self.task.parent / "runs"
        text = path.read_text() if path.exists() else ""
        return [line.split() for line in text.splitlines()]

    def runs(self):
        return [" ".join(attempt[:2]) for attempt in self.attempts()]

    def ring(self):
        """Once there is a bell: a scheduler that starts hangs it up."""
        end = time.monotonic() + 30
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_DGRAM) as s:
            while s.connect_ex(str(self.run_dir / "doorbell")):
                assert time.monotonic() < end, "nobody answers the door"
                time.sleep(0.02)
            s.send(b"")

    def submit(self, dsl=DSL, width=2, timeout_ms=0, **parameters):
        self.n += 1
        job = f"20261123120000123456{self.n}"
        conf = {"initiator": {"role": "guest", "party_id": 9999},
                "job_parameters": {"work_mode": 0, **parameters},
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

    def tasks(self):
        """Pids of the tasks that live; a zombie has no command line."""
        name = str(self.task).encode()
        return [pid for pid in all_pids()
                if name in (read_proc(pid, "cmdline") or b"")]

    def wait_tasks_over(self, seconds=30):
        end = time.monotonic() + seconds
        while self.tasks():
            assert time.monotonic() < end, self.runs()
            time.sleep(0.02)

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
    try:
        s.stop()
    finally:
        for daemon in s.started:    # of a test that failed on its way
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()
    s.release()
