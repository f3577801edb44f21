"""Who may start, and when: order, limits, passing over and its end, two
schedulers at once. Real schedulers and tasks on a real database."""
import contextlib
import json
import os
import re
import signal
import socket as sockets
import subprocess
import time

import pytest

import conftest
from scheduler_site import DSL, Site
from waits import until

ONE = {"components": {"dataio_0": DSL["components"]["dataio_0"]}}
ALONE = {"guest": [9999]}


class Queue(Site):
    """A site whose limits a test chooses and that takes many jobs at once."""

    def limit(self, **limits):
        text = re.sub(r"max_jobs = \d+; max_tasks = \d+;", "",
                      self.conf.read_text())
        keys = " ".join(
            f"{k} = {json.dumps(v)};" for k, v in
            {"max_jobs": 20, "max_tasks": 60, **limits}.items())
        self.conf.write_text(
            text.replace("scheduler = {", "scheduler = { " + keys))

    def queue(self, n=1, dsl=ONE, roles=None, cores=0, memory=0, priority=0,
              width=None, created=1):
        """The ids of n new jobs, as one statement."""
        roles = roles or ALONE
        parties = [(r, p) for r, ids in roles.items() for p in ids]
        width = width or len(parties)
        demand = ",".join(
            [f"{r}:{len(ids)}" for r, ids in roles.items()]
            + [f"{p}:{[q for _, q in parties].count(p)}"
               for p in {q for _, q in parties}]
            + [f"{r} {p}:1" for r, p in parties])
        conf = {"initiator": dict(zip(("role", "party_id"), parties[0])),
                "job_parameters": {"work_mode": 0, "task_cores": cores,
                                   "task_memory": memory},
                "role": roles, "role_parameters": {}}
        ids = []
        for _ in range(n):
            self.n += 1
            ids.append(f"2026112312000012{self.n:06d}")
        self.sql("INSERT INTO t_job (f_job_id, f_role, f_party_id, "
                 "f_work_mode, f_run_ip, f_status, f_create_time) VALUES "
                 + ", ".join(f"('{job}', '{r}', '{p}', 0, '', 'waiting', 1)"
                             for job in ids for r, p in parties))
        self.sql("INSERT INTO job_run (job_id, kind, status, live, "
                 "initiator_role, initiator_party_id, work_mode, "
                 "n_components, max_width, timeout_ms, priority, queue_rank, "
                 "task_cores, task_memory, demand, f_roles, f_dsl, "
                 "f_runtime_conf, create_time) VALUES " + ", ".join(
                     f"('{job}', 'train', 'waiting', 1, 'guest', '9999', 0, "
                     f"1, {width}, 0, {priority}, {-priority}, {cores}, "
                     f"{memory}, '{demand}', '{{}}', '{json.dumps(dsl)}', "
                     f"'{json.dumps(conf)}', {created})" for job in ids))
        return ids

    def pending(self, job):
        return self.sql("SELECT COALESCE(pending_reason, '') FROM job_run "
                        f"WHERE job_id = '{job}'")[0][0]

    def wait_pending(self, job, words, seconds=8):
        end = time.monotonic() + seconds
        while words not in self.pending(job):
            assert time.monotonic() < end, self.pending(job)
            time.sleep(0.05)

    def drained(self, seconds=60):
        end = time.monotonic() + seconds
        while self.sql("SELECT 1 FROM job_run WHERE live = 1 LIMIT 1"):
            assert time.monotonic() < end, self.sql(
                "SELECT status, COUNT(*) FROM job_run GROUP BY 1")
            time.sleep(0.1)
        assert self.sql("SELECT DISTINCT status FROM job_run") == [["success"]]

    def order(self):
        """Jobs in the order in which their first tasks ran."""
        jobs = [line.split("_")[0] for line in self.runs()]
        return list(dict.fromkeys(jobs))


@pytest.fixture
def site(database, tmp_path, request):
    s = Queue(tmp_path, database, f"adm_{abs(hash(request.node.name))}")
    yield s
    s.stop()
    for pid in s.tasks():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# ---- the order ----

def test_order_is_priority_then_submission_whatever_the_clock_said(site):
    site.limit(max_jobs=1)
    low = site.queue(2, priority=-1, created=10)
    plain = site.queue(2, created=9)
    high = site.queue(2, priority=5, created=99)
    late = site.queue(1, created=1)
    site.once()
    site.drained()
    assert site.order() == high + plain + late + low


# ---- the limits ----

def max_running(site, of="1", seconds=20):
    """Most tasks of a kind that run at once while the queue drains."""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        ((left, n),) = site.sql(
            "SELECT (SELECT COUNT(*) FROM job_run WHERE live = 1), (SELECT "
            "COUNT(*) FROM t_task JOIN job_run ON f_job_id = job_id WHERE "
            f"f_status = 'running' AND {of})")
        most = max(most, int(n))
        if left == "0":
            return most
    raise AssertionError("the queue does not drain")


@pytest.mark.parametrize("limits, of, reason", [
    ({"role_limits": "guest:2"}, "f_role = 'guest'",
     'scheduler.role_limits "guest:2": the job needs 1 task of role guest'),
    ({"max_tasks_per_party": 2}, "f_party_id = '9999'",
     "scheduler.max_tasks_per_party = 2: the job needs 1 task of party 9999"),
    ({"max_tasks_per_party": 5, "party_limits": "9999:2"}, "f_party_id = 9999",
     'scheduler.party_limits "9999:2": the job needs 1 task of party 9999'),
    ({"party_limits": "guest 9999:2, host 9999:1"}, "f_role = 'guest'",
     'scheduler.party_limits "guest 9999:2": the job needs 1 task of guest '
     "9999"),
    ({"cores": 5}, "1", "scheduler.cores = 5: the job needs 2 cores"),
    ({"memory": "250"}, "1",
     "scheduler.memory = 250: the job needs 100 bytes"),
])
def test_limit_holds_and_is_named_and_others_pass(site, limits, of, reason):
    site.limit(**limits)
    go = site.run_dir / "go"
    for role in ("guest", "host"):
        site.plan(f"dataio_0-{role}", f"until {go} 0.6")
    jobs = site.queue(6, cores=2, memory=100)
    free = site.queue(1, roles={"host": [10000]})
    site.start()
    site.wait_pending(jobs[5], reason)
    assert re.search(r"; (2|4|200) in use", site.pending(jobs[5]))
    until(lambda: len(site.order()) == 3, "what fits runs")
    assert free[0] in site.order()
    go.touch()
    assert max_running(site, f"{of} AND job_id <> '{free[0]}'") == 2
    site.drained()


def test_component_waits_for_all_its_tasks_and_says_so(site):
    site.limit(max_tasks=3)
    site.plan("dataio_0-guest", "sleep 1.5")
    both = {"guest": [9999], "host": [10000]}
    chain = {"components": {**DSL["components"]}}
    site.plan("dataio_0-host", "sleep 0.2")
    first = site.queue(1, dsl=chain, roles=both, width=1)
    second = site.queue(1, roles={"guest": [9999, 5]}, width=1)
    site.start()
    site.wait_pending(second[0], "scheduler.max_tasks = 3: dataio_0 needs 2 "
                      "tasks at once; 2 in use")
    assert site.status(second[0])[0] == "running"
    site.drained()
    assert site.order() == first + second


def test_job_that_lowered_limits_never_let_run_fails_with_the_limit(site):
    site.limit(role_limits="host:1")
    (job,) = site.queue(1, roles={"guest": [9999], "host": [7, 8]})
    site.once()
    status, reason, _ = site.status(job)
    assert status == "failed"
    assert reason == ('scheduler.role_limits "host:1": the job needs 2 tasks '
                      "of role host at once, which this site never runs")


def test_wrong_list_of_limits_refuses_to_start(site):
    site.limit(role_limits="boss:1")
    done = subprocess.run(
        [conftest.BIN / "fateflow-scheduler", "-c", site.conf, "-n"],
        capture_output=True, text=True)
    assert done.returncode != 0
    assert "scheduler.role_limits: 'boss' is not a role" in done.stderr


# ---- passing over ----

def test_job_behind_many_that_do_not_fit_begins_at_once(site):
    site.limit(max_tasks=3)
    site.plan("dataio_0-host", "sleep 15")
    (held,) = site.queue(1, roles={"host": [1]})
    wide = site.queue(600, roles={"guest": [1, 2, 3]})
    site.start()
    site.wait_runs(1)
    (narrow,) = site.queue(1)
    site.ring()
    assert site.wait(narrow, ["success"])
    assert site.status(held)[0] == "running"
    assert site.status(wide[0])[0] == "waiting"
    site.sql("UPDATE job_run SET stop_requested = 2, stop_by = 'ann' "
             "WHERE status = 'waiting'")
    site.ring()
    assert site.wait(wide[599], ["failed"])[1] == "stopped by ann"


def queue_wide(site, n, passed_over, host=1.3):
    """A wide job behind narrow ones that never end all at once."""
    site.limit(max_tasks=3, role_limits="host:1",
               max_passed_over_ms=f"{passed_over}ms")
    site.plan("dataio_0-guest", "sleep 0.31")
    site.plan("dataio_0-host", f"sleep {host}")
    site.queue(1)
    (wide,) = site.queue(1, roles={"guest": [1, 2, 3]})
    return wide, site.queue(8, roles={"host": [10000]}) + site.queue(n)


def passed(site, job):
    return int(site.sql(
        f"SELECT passed_ms FROM job_run WHERE job_id = '{job}'")[0][0])


def test_wide_job_that_is_passed_over_gets_its_turn(site):
    wide, narrow = queue_wide(site, 30, 1000, host=2.5)
    site.start()
    site.wait_pending(narrow[-1], f"room is kept for job {wide}")
    site.wait(wide, ["success"])
    assert site.status(narrow[-1])[0] == "waiting"
    assert passed(site, wide) > 0


def test_wide_job_behind_another_kind_that_waits_gets_its_turn(site):
    site.limit(max_tasks=4, role_limits="host:1", max_passed_over_ms="800ms")
    site.plan("dataio_0-guest", "sleep 0.31")
    site.plan("dataio_0-host", "sleep 15")
    hosts = site.queue(2, roles={"host": [10000]})
    site.queue(1)
    (wide,) = site.queue(1, roles={"guest": [1, 2, 3]})
    narrow = site.queue(60)
    site.start()
    site.wait(wide, ["success"])
    assert site.status(hosts[0])[0] == "running"
    assert site.status(hosts[1])[0] == site.status(narrow[-1])[0] == "waiting"


def test_time_passed_over_outlives_the_scheduler(site):
    wide, narrow = queue_wide(site, 60, 6000)
    site.start()
    end = time.monotonic() + 9
    while passed(site, wide) < 4000:
        assert time.monotonic() < end
        time.sleep(0.05)
    site.stop()
    begun = time.monotonic()
    site.start()
    site.wait(wide, ["running", "success"], 8)
    # What was left of the 6 s and the tasks that ran; not 6 s anew.
    assert time.monotonic() - begun < 5
    assert site.status(narrow[-1])[0] == "waiting"


# ---- at the same time ----

def test_components_without_a_path_between_them_overlap(site):
    dsl = json.loads(json.dumps(DSL))
    parts = dsl["components"]
    parts["dataio_1"] = json.loads(json.dumps(parts["dataio_0"]))
    parts["dataio_1"]["input"]["data"]["data"] = ["args.eval_data"]
    for name in ("dataio_0", "dataio_1"):
        site.plan(f"{name}-guest", "sleep 0.5")
    site.limit()
    (job,) = site.queue(1, dsl=dsl)
    site.once()
    assert site.status(job)[0] == "success"
    times = {name: (int(a), int(b)) for name, a, b in site.sql(
        "SELECT f_component_name, f_start_time, f_end_time FROM t_task")}
    (a0, b0), (a1, b1) = times["dataio_0"], times["dataio_1"]
    assert max(a0, a1) < min(b0, b1)
    assert times["intersection_0"][0] >= b0


# ---- two schedulers ----

SAMPLE = ("SELECT SUM(f_status = 'running'), SUM(f_status = 'running' AND "
          "f_role = 'host'), (SELECT COUNT(*) FROM job_run WHERE live = 1 AND "
          "status = 'running') FROM t_task")


def ring(folder):
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_DGRAM) as s:
        s.sendto(b"", str(folder / "doorbell"))


def test_two_schedulers_never_exceed_the_limits(site):
    """Waves of jobs that both are told of at once, each of which would take
    all the room that there is."""
    site.limit(max_jobs=3, max_tasks=4, role_limits="host:2")
    for role in ("guest", "host"):
        site.plan(f"dataio_0-{role}", "sleep 0.05")
    second = site.run_dir / "second"
    second.mkdir()
    conf = second / "fateflow.conf"
    conf.write_text(site.conf.read_text().replace(
        f'runtime_dir = "{site.run_dir}"', f'runtime_dir = "{second}"'))
    site.start()
    other = subprocess.Popen(
        [conftest.BIN / "fateflow-scheduler", "-c", conf, "-d"])
    rows = []
    try:
        until((second / "doorbell").exists, "the second is ready")
        until((site.run_dir / "doorbell").exists, "the first is ready")
        for wave in range(25):
            site.queue(4)
            site.queue(4, roles={"host": [10000]})
            for bell in ((site.run_dir, second), (second, site.run_dir))[
                    wave % 2]:
                ring(bell)
            while site.sql("SELECT 1 FROM job_run WHERE live = 1 LIMIT 1"):
                rows += site.sql(SAMPLE)
                time.sleep(0.01)
    finally:
        other.terminate()
        assert other.wait(10) == 0
    rows = [[int(v) for v in row] for row in rows if "NULL" not in row]
    assert len(rows) > 200
    assert [max(column) for column in zip(*rows)] == [3, 2, 3]
    assert len(site.runs()) == 200 == len(set(site.runs()))
    # One that was late with its lease goes on under another name.
    shares = sorted(int(n) for n, in site.sql(
        "SELECT COUNT(*) FROM job_run GROUP BY owner"))
    assert len(shares) >= 2 and shares[-2] > 20, shares


# ---- through REST ----

@pytest.fixture(scope="module")
def rest(make_site):
    site = make_site(options={"scheduler": {
        "max_jobs": 1, "max_tasks": 4, "cores": 6, "memory": "1G",
        "max_tasks_per_party": 2, "party_limits": "host 77:1, 78:1",
        "role_limits": "host:3"}})
    for party in ("guest", "host"):
        site.flow.uploaded(conftest.ROOT / f"examples/data/{party}.csv",
                           "example", f"example_{party}")
    return site


def training(roles=None, **parameters):
    examples = conftest.ROOT / "examples/hetero_lr"
    conf = json.loads((examples / "conf.json").read_text())
    conf["job_parameters"].update(parameters)
    conf["role"].update(roles or {})
    # with several hosts there is no loss to stop by
    conf["algorithm_parameters"]["hetero_lr_0"]["early_stop"] = "weight_diff"
    return json.loads((examples / "dsl.json").read_text()), conf


@pytest.mark.parametrize("roles, parameters, says", [
    ({"host": [1, 2, 3]}, {}, "scheduler.max_tasks = 4: component hetero_lr_0 "
     "needs 5 tasks at once, which this site never runs"),
    ({}, {"task_cores": 3}, "scheduler.cores = 6: component hetero_lr_0 needs "
     "9 cores at once"),
    ({}, {"task_memory": "600M"}, "scheduler.memory = 1073741824: component "
     "dataio_0 needs 1258291200 bytes at once"),
    ({"host": [9999], "arbiter": [9999]}, {}, "scheduler.max_tasks_per_party "
     "= 2: component hetero_lr_0 needs 3 tasks of party 9999 at once"),
    ({"host": [78], "arbiter": [78]}, {}, 'scheduler.party_limits "78:1": '
     "component hetero_lr_0 needs 2 tasks of party 78 at once"),
])
def test_submit_refuses_what_no_limit_ever_lets_run(
        rest, roles, parameters, says):
    before = rest.sql("SELECT COUNT(*) FROM job_run")
    answer = rest.flow.submit(*training(roles, **parameters))
    assert answer["retcode"] != 0 and says in answer["retmsg"], answer
    assert rest.sql("SELECT COUNT(*) FROM job_run") == before


def test_query_shows_how_many_are_ahead_and_why_a_job_waits(rest):
    rest.process("scheduler").stop()
    first, second, urgent = (
        rest.flow.submitted(*training(priority=p)) for p in (0, 0, 5))

    def ahead(job):
        return {row["f_jobs_ahead"] for row in rest.flow.rows(job)}

    assert [ahead(j) for j in (first, second, urgent)] == [{1}, {2}, {0}]
    listed = rest.flow.ok("job/query", {"status": "waiting"})
    assert {row["f_jobs_ahead"] for row in listed} == {None}
    rest.start_scheduler()
    end = time.monotonic() + 10
    while not rest.flow.rows(second)[0]["f_pending_reason"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert rest.flow.rows(second)[0]["f_pending_reason"] == (
        "scheduler.max_jobs = 1: the job needs 1 place among the running jobs "
        "at once; 1 in use when it began to wait for this")
    assert rest.flow.status(urgent) == "running"
    assert ahead(urgent) == {None} and ahead(second) == {1}
    for job in (second, first, urgent):
        rest.flow.ok("job/stop", {"job_id": job})
    assert ahead(second) == {None}
