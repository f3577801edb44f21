"""The database dies, hangs, refuses or forgets its sessions: requests are told
so at once, programs recover by themselves, and no job is lost or made twice."""
import contextlib
import copy
import pathlib
import signal
import subprocess
import threading
import time

import pytest
import requests

import private_site
from flow import load
from waits import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
LONG = {"max_iter": 2000, "batch_size": -1, "tol": 1e-30,
        "encrypt_param": {"key_length": 2048}}
SMALL = {"components": {"dataio_0": DSL["components"]["dataio_0"]}}


@pytest.fixture(scope="module")
def site(make_site):
    site = make_site("nginx", {
        "database": {"connect_timeout_ms": "2s", "answer_timeout_ms": "3s"},
        "scheduler": {"lease_ms": "3s"}})
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}", drop=1)
    return site


@pytest.fixture(autouse=True)
def database_is_back(site):
    yield
    site.process("mariadb").send(signal.SIGCONT)
    site._start_database()
    until(lambda: site.flow.call("health", method="GET").status_code == 200,
          "the site answers again")


def small_conf():
    conf = copy.deepcopy(CONF)
    conf["algorithm_parameters"] = {}
    return conf


def long_conf(**job):
    conf = copy.deepcopy(CONF)
    conf["job_parameters"].update(job)
    conf["algorithm_parameters"]["hetero_lr_0"].update(LONG)
    return conf


def is_refused_politely(answer, *words):
    """503 with the envelope, and when to come back."""
    assert answer.status_code == 503, (answer.status_code, answer.text)
    assert answer.headers["Retry-After"] == "1"
    said = answer.json()
    assert said["retcode"] == 100, said
    for word in ("try again", *words):
        assert word in said["retmsg"], said
    return said["retmsg"]


def kill_server(site):
    site.process("mariadb").stop(signal.SIGKILL)


def kill_sessions(site):
    """Every session of ours, as an operator or a proxy might."""
    for (number,) in site.sql("SELECT id FROM information_schema.processlist "
                              "WHERE user = 'fateflow'"):
        with contextlib.suppress(private_site.SiteError):   # it is gone
            site.sql(f"KILL CONNECTION {number}")


def scheduler_log(site, since=0):
    return site.process("scheduler").log.read_text()[since:]


def trains(site):
    """Does a task of hetero_lr_0 run?"""
    for pid in site.tasks():
        with contextlib.suppress(OSError):
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            if "/hetero_lr_0/" in command:
                return True
    return False


def log_size(site):
    return len(scheduler_log(site))


def test_dead_server_is_told_at_once_and_workers_recover(site):
    workers = site.workers("api") + site.workers("bulk")
    kill_server(site)
    for path, method, body in (("health", "GET", None),
                               ("job/query", "POST", {"job_id": "1"}),
                               ("model/store", "POST", {}),
                               ("table/table_info", "POST",
                                {"namespace": "a", "table_name": "b"})):
        begun = time.monotonic()
        answer = site.flow.call(path, body, method)
        assert time.monotonic() - begun < 1, path
        if path != "model/store":
            is_refused_politely(answer, "cannot reach the database fateflow")
    is_refused_politely(site.flow.call(
        "job/submit", {"job_dsl": SMALL, "job_runtime_conf": small_conf()}))
    site._start_database()
    for _ in range(40):     # whichever worker it is that answers
        assert site.flow.call("health", method="GET").status_code == 200
        assert site.flow.call("job/query", {"job_id": "1"}).status_code == 200
    assert site.workers("api") + site.workers("bulk") == workers


class Load(threading.Thread):
    """Submits small jobs until told to end."""

    def __init__(self, site):
        super().__init__()
        self.site = site
        self.accepted, self.statuses, self.is_over = [], [], False

    def run(self):
        while not self.is_over:
            try:
                answer = self.site.flow.call(
                    "job/submit",
                    {"job_dsl": SMALL, "job_runtime_conf": small_conf()})
            except requests.RequestException as e:
                self.statuses.append(repr(e))
                continue
            self.statuses.append(answer.status_code)
            if answer.status_code == 200:
                said = answer.json()
                assert said["retcode"] == 0, said
                self.accepted.append(said["jobId"])
            time.sleep(0.1)


def test_no_accepted_job_is_lost_when_the_server_is_killed(site):
    loads = [Load(site) for _ in range(3)]
    before = log_size(site)
    for load_ in loads:
        load_.start()
    for _ in range(3):
        time.sleep(1.2)
        kill_server(site)
        time.sleep(0.7)
        site._start_database()
    time.sleep(1)
    for load_ in loads:
        load_.is_over = True
        load_.join()
    accepted = [j for load_ in loads for j in load_.accepted]
    statuses = {s for load_ in loads for s in load_.statuses}
    assert statuses == {200, 503}
    assert len(accepted) > 20
    until(lambda: site.sql("SELECT COUNT(*) FROM job_run WHERE live = 1")
          == [["0"]], "all jobs have ended", 120)
    found = dict(site.sql("SELECT job_id, status FROM job_run"))
    assert [j for j in accepted if j not in found] == []
    assert len(set(accepted)) == len(accepted)
    assert {found[j] for j in accepted} == {"success"}
    assert {s for j, s in found.items()} == {"success"}, \
        site.sql("SELECT reason FROM job_run WHERE status <> 'success'")
    log = scheduler_log(site, before)
    assert 1 <= log.count("trying again") <= 6, log
    assert log.count("trying again") == log.count("answers again"), log


def test_frozen_server_is_told_in_time_and_nothing_is_lost(site):
    before = site.sql("SELECT COUNT(*) FROM job_run")
    site.process("mariadb").send(signal.SIGSTOP)
    for _ in range(2):
        begun = time.monotonic()
        is_refused_politely(site.flow.call("job/query", {"job_id": "1"}))
        assert time.monotonic() - begun < 6
    site.process("mariadb").send(signal.SIGCONT)
    until(lambda: site.flow.call("job/query",
                                 {"job_id": "1"}).status_code == 200, "back")
    assert site.sql("SELECT COUNT(*) FROM job_run") == before
    site.flow.finished(SMALL, small_conf(), 30)


def test_too_many_connections_is_told_and_passes(site):
    limit = site.sql("SELECT @@global.max_connections")[0][0]
    site.sql("SET GLOBAL max_connections = 10")
    sleepers = []
    try:
        kill_sessions(site)
        sleepers = [subprocess.Popen(
            ["mariadb", "--no-defaults", f"--socket={site.db_socket}", "-u",
             "root", "-e", "SELECT SLEEP(60)"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL) for _ in range(14)]
        answers = []    # another worker may have a connection still
        until(lambda: answers.append(site.flow.call("health", method="GET"))
              or answers[-1].status_code == 503, "no connection is left")
        said = is_refused_politely(answers[-1])
        assert "1040" in said, said
    finally:
        for s in sleepers:
            s.kill()
            s.wait()
        until(lambda: site._answers_sql(), "the server takes us")
        site.sql(f"SET GLOBAL max_connections = {limit};"
                 " SELECT CONCAT('KILL ', id) FROM "
                 "information_schema.processlist WHERE info LIKE '%SLEEP(60)'")
    until(lambda: site.flow.call("health", method="GET").status_code == 200,
          "room again")
    site.flow.finished(SMALL, small_conf(), 60)


def test_read_only_server_refuses_writes_and_answers_reads(site):
    job = site.flow.finished(SMALL, small_conf(), 60)
    site.sql("SET GLOBAL read_only = 1")
    try:
        said = is_refused_politely(site.flow.call(
            "job/submit",
            {"job_dsl": SMALL, "job_runtime_conf": small_conf()}))
        assert "read-only" in said or "read_only" in said, said
        assert site.flow.status(job) == "success"
    finally:
        site.sql("SET GLOBAL read_only = 0")
    site.flow.finished(SMALL, small_conf(), 60)


def test_killed_sessions_while_jobs_run_are_not_noticed(site):
    jobs = [site.flow.submitted(SMALL, small_conf()) for _ in range(12)]
    statuses = set()
    for _ in range(15):
        kill_sessions(site)
        statuses.add(site.flow.call("job/query",
                                    {"job_id": jobs[0]}).status_code)
        time.sleep(0.1)
    assert statuses == {200}
    for job in jobs:
        assert site.flow.wait(job, 60) == "success", site.flow.reason(job)


def test_budget_of_a_job_counts_on_while_the_server_is_gone(site):
    job = site.flow.submitted(DSL, long_conf(timeout=9))
    until(lambda: trains(site), "hetero_lr_0 runs")
    kill_server(site)
    time.sleep(5)
    assert site.tasks(), "tasks go on without a database"
    site._start_database()
    assert site.flow.wait(job, 30) == "timeout"
    spent = int(site.sql("SELECT spent_ms FROM job_run WHERE job_id = "
                         f"'{job}'")[0][0])
    assert 9000 <= spent < 15000
    until(lambda: not site.tasks(), "no process is left")


def test_running_jobs_survive_a_restart_of_the_server(site):
    job = site.flow.submitted(DSL, long_conf())
    until(lambda: trains(site), "hetero_lr_0 runs")
    until(lambda: len(site.tasks()) == 6, "all of its tasks and parents run")
    tasks = set(site.tasks())
    before = log_size(site)
    kill_server(site)
    time.sleep(1)
    site._start_database()
    until(lambda: "answers again" in scheduler_log(site, before),
          "the scheduler goes on")
    time.sleep(1)
    assert site.flow.status(job) == "running"
    assert set(site.tasks()) == tasks, "none was started anew"
    assert site.sql("SELECT MAX(f_attempt) FROM t_task WHERE f_job_id = "
                    f"'{job}'") == [["0"]]
    site.flow.post("job/stop", {"job_id": job})
    assert site.flow.wait(job, 20) in ("canceled", "failed")
