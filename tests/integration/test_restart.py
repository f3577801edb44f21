"""Everything is killed while a long queue waits: what ran goes on, what waited
runs, and nothing runs twice. And how long a dead scheduler's jobs stand still.
"""
import contextlib
import os
import signal
import subprocess
import time

import pytest

import conftest
import scheduler_site
from private_site import children, wait_for

N_WAITING, N_RUNNING = 1000, 20
MOVES_WITHIN_S = 10
TEN_ROWS = "id,x0\n" + "".join(f"{i},{i}\n" for i in range(10))
HELD = "dataio_0"       # its tasks stay until the test lets them go
# Says what it was started for, and lets the real program do the rest.
WRAPPER = """#!/bin/sh
echo "$1" >>{top}/runs
case $1 in
*/{held}/*) exec {top}/held "$1" ;;
esac
exec {task} "$1"
"""
# As a task does it by docs/task-directory.md.
HOLDER = """#!/usr/bin/python3 -SE
import fcntl, json, os, struct, sys, time
os.chdir(sys.argv[1])
lock = os.open("lock", os.O_RDWR | os.O_CREAT)
fcntl.fcntl(lock, 37, struct.pack("hhqqi", 1, 0, 0, 0, 0))  # F_OFD_SETLK
owner = os.open("owner", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
os.write(owner, b"{{}}")
while os.path.exists("{top}/hold"):
    time.sleep(0.1)
with open("state.tmp", "w") as f:
    json.dump({{"status": "success"}}, f)
os.rename("state.tmp", "state.json")
"""


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def held(tmp_path):
    """A folder with the wrapper `task`; `hold` in it holds HELD's tasks."""
    write_program(tmp_path / "task", WRAPPER.format(
        top=tmp_path, held=HELD, task=conftest.BIN / "fateflow-task"))
    write_program(tmp_path / "held", HOLDER.format(top=tmp_path))
    (tmp_path / "hold").touch()
    yield tmp_path
    (tmp_path / "hold").unlink(missing_ok=True)


def runs(folder):
    return (folder / "runs").read_text().splitlines()


def submit_held(site):
    dsl = {"components": {HELD: {
        "module": "DataIO", "input": {"data": {"data": ["args.train_data"]}},
        "output": {"data": ["train"], "model": ["dataio"]}}}}
    conf = {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": {"guest": [9999]},
            "role_parameters": {"guest": {"args": {"data": {"train_data": [
                {"name": "first", "namespace": "restart"}]}}}}}
    return site.flow.submitted(dsl, conf)


def kill_everything(site):
    """Whatever the site consists of but its tasks, and without a word."""
    pids = []
    for name in ("nginx", "api", "bulk", "scheduler", "mariadb"):
        pid = site.pid(name)
        pids += [pid, *children(pid)] if name != "scheduler" else [pid]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for("the end of everything", lambda: not any(
        site.pid(name) for name in ("nginx", "api", "bulk", "mariadb")))


def count(site, where):
    return int(site.sql(f"SELECT COUNT(*) FROM job_run WHERE {where}")[0][0])


@pytest.mark.slow
def test_restart_of_everything_adopts_what_runs_and_runs_what_waits(
        make_site, held, tmp_path):
    site = make_site("nginx", options={"scheduler": {
        "max_jobs": N_RUNNING, "max_tasks": 2 * N_RUNNING,
        "task_program": str(held / "task")}})
    file = tmp_path / "ten.csv"
    file.write_text(TEN_ROWS)
    site.flow.uploaded(file, "restart", "first")
    running = [submit_held(site) for _ in range(N_RUNNING)]
    wait_for("the held tasks", lambda: len(runs(held)) == N_RUNNING + 1)
    for i in range(N_WAITING):
        assert site.flow.upload(file, "restart", f"t{i}")["retcode"] == 0
    assert count(site, "status = 'waiting'") == N_WAITING
    old = site.sql("SELECT MAX(id) FROM scheduler_instance")[0][0]

    kill_everything(site)
    begun = time.monotonic()
    site.start()
    wait_for("adoption", lambda: count(
        site, f"status = 'running' AND owner > {old}") == N_RUNNING)
    seconds = time.monotonic() - begun
    print(f"everything killed; {N_RUNNING} running jobs adopted after"
          f" {seconds:.1f} s")
    assert seconds < 15     # of which a part is the start of the servers
    assert count(site, "status = 'waiting'") == N_WAITING
    assert len(runs(held)) == N_RUNNING + 1

    (held / "hold").unlink()
    begun = time.monotonic()
    wait_for("the end of all jobs", lambda: not count(site, "live = 1"), 180)
    print(f"all ended after {time.monotonic() - begun:.1f} s more")
    total = N_RUNNING + N_WAITING + 1
    assert count(site, "status = 'success'") == total
    assert site.sql("SELECT f_attempt, COUNT(*) FROM t_task GROUP BY 1") == [
        ["0", str(total)]]
    assert len(runs(held)) == total == len(set(runs(held)))
    assert {site.flow.status(job) for job in running} == {"success"}


# ---- one of two schedulers ----

def set_lease(site, lease):
    text = site.conf.read_text()
    assert 'lease_ms = "2s"' in text
    site.conf.write_text(text.replace('lease_ms = "2s"',
                                      f'lease_ms = "{lease}"'))


def start_second(site):
    """Another scheduler of the site, as on another host: its own doorbell."""
    folder = site.run_dir / "second"
    folder.mkdir()
    conf = folder / "fateflow.conf"
    conf.write_text(site.conf.read_text().replace(
        f'runtime_dir = "{site.run_dir}"', f'runtime_dir = "{folder}"'))
    return subprocess.Popen(
        [conftest.BIN / "fateflow-scheduler", "-c", conf, "-d"])


@pytest.fixture
def site(database, tmp_path, request):
    if not os.access(conftest.BIN / "fateflow-scheduler", os.X_OK):
        pytest.skip(f"no fateflow-scheduler in {conftest.BIN} (FATEFLOW_BIN)")
    s = scheduler_site.Site(tmp_path, database, request.node.name.translate(
        {ord("["): "_", ord("]"): None, ord("."): "_"}))
    yield s
    s.stop()
    s.release()


# How long the second scheduler has looked on when the first dies: it looks at
# others' jobs every five seconds, so that the moments between differ. It is
# about seconds: the sanitizers watch the same path in test_leases.py.
@pytest.mark.slow
@pytest.mark.parametrize("looked_s", [0.5, 2.5, 4.5])
def test_jobs_of_a_dead_scheduler_move_again_in_time(site, looked_s):
    set_lease(site, "4s")
    site.plan("dataio_0-guest", f"sleep {looked_s + 1}")
    site.start()
    job = site.submit()
    site.ring()
    site.wait_runs(2)
    second = start_second(site)
    try:
        time.sleep(looked_s)
        site.stop(signal.SIGKILL)
        begun = time.monotonic()
        end = begun + 2 * MOVES_WITHIN_S
        while len(site.runs()) < 3 and time.monotonic() < end:
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        print(f"moved {seconds:.1f} s after its scheduler died")
        assert site.wait(job, ["success", "failed"])[:2] == ["success", ""]
        assert seconds < MOVES_WITHIN_S
        assert len(site.runs()) == 4 == len(set(site.runs()))
    finally:
        second.terminate()
        assert second.wait(10) == 0
