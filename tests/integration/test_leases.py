"""Two schedulers on one database: takeover of a dead one's jobs, and a paused
one that wakes up after all is over."""
import os
import pathlib
import signal
import subprocess
import time

import pytest

from scheduler_site import site  # noqa: F401  (a fixture)
from test_idle import cpu_s
import waits


HOLD = """
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi", 1, 0, 0, 0, 0))  # F_OFD_SETLK
print("held", flush=True)
time.sleep(60)
"""


def rows(site):
    return [site.sql(f"SELECT * FROM {table}") for table in (
        "job_run", "t_job", "t_task", "task_attempt", "t_data_view")] + [
            site.sql("SELECT id, file, is_current, deleted FROM data_table")]


def end(process):
    process.send_signal(signal.SIGCONT)
    process.terminate()
    assert process.wait(10) == 0


def wait_sql(site, text, seconds=20):
    limit = time.monotonic() + seconds
    while not site.sql(text):
        assert time.monotonic() < limit, text
        time.sleep(0.02)


def test_jobs_of_a_killed_scheduler_move_again_within_ten_seconds(site):
    conf = site.conf.read_text().replace('lease_ms = "2s"; ', "")
    site.conf.write_text(conf)
    site.plan("dataio_0-host", "sleep 1")
    job = site.submit()
    first = site.start()
    site.wait_runs(2)
    second = site.start()
    time.sleep(0.5)
    first.kill()
    first.wait()
    begun = time.monotonic()
    try:
        site.wait(job, ["success"], 10)
        took = time.monotonic() - begun
        print(f"taken over and ended after {took:.1f} s")
        assert took < 10
    finally:
        site.daemon = None
        end(second)
    assert len(site.runs()) == 4 == len(set(site.runs()))


def test_ended_scheduler_gives_its_jobs_up_at_once(site):
    site.conf.write_text(site.conf.read_text().replace('"2s"', '"1h"'))
    site.plan("dataio_0-host", "sleep 1")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.stop()
    site.start()
    site.wait(job, ["success"], 8)


@pytest.mark.parametrize("paused_ms", range(0, 160, 40))
def test_scheduler_paused_anywhere_in_its_start_runs_nothing_twice(
        site, paused_ms):
    """It stops some time after it was rung; when it wakes, the job is over,
    and what it left is gone."""
    paused = site.start()
    wait_sql(site, "SELECT 1 FROM scheduler_instance")
    job = site.submit()
    site.ring()
    time.sleep(paused_ms / 1000)
    paused.send_signal(signal.SIGSTOP)
    try:
        (site.run_dir / "doorbell").unlink(missing_ok=True)
        site.start()
        assert site.wait(job, ["success", "failed"], 20)[0] == "success"
        folder = site.work / "jobs" / "20261123" / job
        runs = sorted(map(tuple, site.attempts()))
        assert len(runs) == len(set(runs)) == 4
        trash = site.work / "jobs" / ".trash"
        trash.mkdir()
        time.sleep(0.3)
        folder.rename(trash / f"{job}-x")
        before = rows(site)
    finally:
        paused.send_signal(signal.SIGCONT)
    time.sleep(1.5)
    assert rows(site) == before
    assert not folder.exists()
    assert sorted(map(tuple, site.attempts())) == runs
    end(paused)


def test_paused_scheduler_does_not_begin_what_was_rerun(site):
    """It wakes while the job's next run is going on."""
    site.plan("dataio_0-host", "sleep 0.5")
    site.plan("intersection_0-host", "first both fail no")
    paused = site.start()
    job = site.submit()
    site.ring()
    site.wait_runs(2)
    paused.send_signal(signal.SIGSTOP)
    try:
        site.start()
        site.wait(job, ["failed"], 20)
        site.plan("intersection_0-host", "sleep 2")
        site.sql("UPDATE job_run SET status = 'waiting', live = 1, runs = 2 "
                 f"WHERE job_id = '{job}'")
        site.ring()
        wait_sql(site, "SELECT 1 FROM t_task WHERE f_attempt = 1 AND "
                 "f_status = 'running'")
    finally:
        paused.send_signal(signal.SIGCONT)
    assert site.wait(job, ["success", "failed"], 20)[0] == "success"
    attempts = list(map(tuple, site.attempts()))
    assert len(attempts) == len(set(attempts)) == 6
    end(paused)


def test_instance_whose_time_is_up_begins_anew(site):
    site.plan("dataio_0-host", "sleep 3")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.sql("UPDATE scheduler_instance SET expires_at = '2000-01-01'")
    wait_sql(site, "SELECT 1 FROM scheduler_instance WHERE id > 1")
    assert site.wait(job, ["success", "failed"])[0] == "success"
    assert site.sql("SELECT owner > 1, fence FROM job_run") == [["1", "2"]]
    assert len(site.runs()) == 4 == len(set(site.runs()))


def test_idle_scheduler_is_ready_for_a_job_after_its_time(site):
    site.start()
    wait_sql(site, "SELECT 1 FROM scheduler_instance")
    time.sleep(3)
    job = site.submit()
    site.ring()
    site.wait(job, ["running", "success"], 2)
    site.wait(job, ["success"])
    assert site.sql("SELECT COUNT(*) FROM scheduler_instance") == [["1"]]


def test_job_that_was_taken_over_and_came_back_is_adopted(site):
    """Its owner learns that it lost the job when it has it again already."""
    site.plan("dataio_0-host", "sleep 1")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.sql("UPDATE job_run SET fence = fence + 2")
    assert site.wait(job, ["success", "failed"], 8)[:2] == ["success", ""]
    assert len(site.runs()) == 4 == len(set(site.runs()))


def test_adopted_job_that_cannot_be_read_ends_with_its_tasks(site):
    site.plan("dataio_0-host", "sleep 30")
    site.plan("dataio_0-guest", "sleep 30")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    wait_sql(site, "SELECT COUNT(*) FROM t_task HAVING COUNT(f_run_pid) = 2")
    pids = [int(p) for (p,) in site.sql("SELECT f_run_pid FROM t_task")]
    site.stop(signal.SIGKILL)
    site.sql("UPDATE job_run SET f_runtime_conf = '{}'")
    site.start()
    _, reason, _ = site.wait(job, ["failed"])
    assert site.sql("SELECT DISTINCT f_status, f_error_class, f_reason, "
                    "f_end_time >= f_start_time FROM t_task") == [
        ["failed", "ended", reason, "1"]]
    limit = time.monotonic() + 5
    while any(map(is_alive, pids)):
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.slow       # about processor time
def test_adopted_task_is_watched_quietly(site):
    """A look at its lock is no change that calls for another look."""
    site.plan("dataio_0-host", "sleep 6")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.stop()
    site.start()
    wait_sql(site, "SELECT 1 FROM job_run WHERE fence = 2")
    time.sleep(1)
    before = cpu_s(site.daemon.pid)
    time.sleep(2)
    assert cpu_s(site.daemon.pid) - before < 0.3
    assert site.wait(job, ["success", "failed"])[0] == "success"


@pytest.mark.parametrize("table", ["data_table", "t_task"])
def test_takeover_that_the_database_cuts_short_is_done_again(site, table):
    """The dead one had committed a start, and launched nothing yet."""
    site.plan("dataio_0-host", "sleep 1")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    site.stop(signal.SIGKILL)
    wait_sql(site, "SELECT 1 FROM t_task WHERE f_component_name = 'dataio_0'")
    for role in ("guest", "host"):
        site.plan(f"intersection_0-{role}", "ok")
        party = {"guest": 9999, "host": 10000}[role]
        site.sql(
            "INSERT INTO t_task (f_job_id, f_task_id, f_role, f_party_id, "
            "f_component_name, f_status, f_create_time, f_start_time, f_attempt, f_fence, "
            f"f_dir) VALUES ('{job}', '{job}_intersection_0', '{role}', "
            f"'{party}', 'intersection_0', 'running', 1, 1, 0, 1, "
            f"'{site.work}/jobs/20261123/{job}/{role}-{party}/"
            "intersection_0/0')")
    site.sql(f"RENAME TABLE {table} TO away")
    site.start()
    wait_sql(site, "SELECT 1 FROM job_run WHERE fence = 2")
    time.sleep(0.5)
    site.sql(f"RENAME TABLE away TO {table}")
    assert site.wait(job, ["success", "failed"], 15)[:2] == ["success", ""]
    assert len(site.runs()) == 4 == len(set(site.runs()))


# ---- stops ----

def daemon_pid(site):
    path = site.task.parent / "daemon"
    limit = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < limit
        time.sleep(0.02)
    return int(path.read_text())


def is_alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize("how", ["daemon", "hidden", "stubborn"])
@pytest.mark.parametrize("frozen", [False, True])
def test_stop_ends_within_five_seconds_whatever_the_task_does(
        site, how, frozen):
    site.conf.write_text(site.conf.read_text().replace('"300ms"', '"1h"'))
    site.plan("dataio_0-host", how + " 60")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    pid = daemon_pid(site) if how != "stubborn" else 0
    task = int(site.sql("SELECT COALESCE(f_run_pid, 0) FROM t_task WHERE "
                        "f_role = 'host'")[0][0])
    for p in filter(None, (pid, task) if frozen else ()):
        os.kill(p, signal.SIGSTOP)
    begun = time.monotonic()
    site.sql("UPDATE job_run SET stop_requested = 1, stop_by = 'ann' "
             f"WHERE job_id = '{job}'")
    site.ring()
    site.wait(job, ["canceled"], 5)
    took = time.monotonic() - begun
    assert took < 5
    assert not pid or not is_alive(pid)
    assert site.status(job) == ["canceled", "stopped by ann", "ann"]
    print(f"{how}: {took:.1f} s")


def test_what_a_killed_task_leaves_behind_ends_before_the_job(site):
    site.plan("dataio_0-host", "daemon 60")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    pid = daemon_pid(site)
    task = int(site.sql("SELECT COALESCE(f_run_pid, 0) FROM t_task WHERE "
                        "f_role = 'host'")[0][0])
    limit = time.monotonic() + 5
    while not task and time.monotonic() < limit:
        time.sleep(0.05)
        task = int(site.sql("SELECT COALESCE(f_run_pid, 0) FROM t_task WHERE "
                            "f_role = 'host'")[0][0])
    os.kill(task, signal.SIGKILL)
    status, reason, _ = site.wait(job, ["failed"], 5)
    assert "killed by signal 9" in reason
    assert not is_alive(pid)


# ---- budgets ----

def test_component_timeout_names_component_party_and_budget(site):
    site.plan("dataio_0-host", "sleep 30")
    job = site.submit(component_timeout={"dataio_0": 1})
    site.once()
    status, reason, _ = site.status(job)
    assert status == "timeout"
    assert reason == ("dataio_0 of host 10000 was still running when its "
                      "component's time was up (component_timeout 1000 ms)")
    assert site.sql("SELECT error_class, failed_component, failed_role, "
                    "failed_party_id FROM job_run") == [
        ["timeout", "dataio_0", "host", "10000"]]
    assert ["timeout", "timeout"] in site.sql(
        "SELECT f_status, f_error_class FROM t_task")


def test_component_timeout_goes_on_counting_after_a_takeover(site):
    site.plan("dataio_0-host", "sleep 30")
    job = site.submit(component_timeout=10)
    site.start()
    wait_sql(site, "SELECT 1 FROM t_task WHERE f_spent_ms > 6000")
    site.stop()
    site.start()
    begun = time.monotonic()
    site.wait(job, ["timeout"], 30)
    assert time.monotonic() - begun < 9.5   # from 0 it would be 10 or more


def test_component_without_progress_fails_and_says_how_long(site):
    site.plan("dataio_0-host", "sleep 30")
    job = site.submit(progress_timeout=1.5, auto_retries=3)
    site.once()
    status, reason, _ = site.status(job)
    assert status == "failed"
    assert reason == (
        "dataio_0 of host 10000 failed: it is alive, but no task of the "
        "component made any progress for 1500 ms (progress_timeout)")
    assert site.sql("SELECT error_class, retries FROM job_run") == [
        ["no_progress", "0"]]
    assert [reason, "no_progress"] in site.sql(
        "SELECT f_reason, f_error_class FROM t_task")


def test_party_that_waits_while_its_peer_gets_on_is_not_idle(site):
    site.plan("dataio_0-host", "busy 4")
    site.plan("dataio_0-guest", "sleep 4")
    job = site.submit(progress_timeout=2)
    site.once()
    assert site.status(job)[0] == "success"


# ---- what ended jobs left ----

def half_a_pipeline(folder):
    path = folder / "pipeline.guest-9999.123.tmp"
    path.mkdir()
    (path / "Pipeline").write_text("x")
    return path


def test_what_an_ended_job_left_goes_at_the_next_start(site):
    """The scheduler died between the commit of the end and the sweep."""
    site.plan("dataio_0-host", "fail no label")
    job = site.submit()
    site.once()
    folder = site.work / "jobs" / "20261123" / job
    waits.until(lambda: not (folder / "mail").exists(), "the mailbox goes")
    task = folder / "host-10000" / "dataio_0" / "0"
    mail = folder / "mail" / "host-10000" / "dataio_0" / "0"
    for path in (mail, task / "data"):
        path.mkdir(parents=True, exist_ok=True)
        (path / "x").write_text("x")
    holder = subprocess.Popen(
        ["/usr/bin/python3", "-c", HOLD, task / "lock"],
        stdout=subprocess.PIPE)
    assert holder.stdout.readline()
    holder.stdout.close()
    tables = site.work / "tables"
    tables.mkdir(exist_ok=True)     # the guest may have been too late for one
    named = sorted(p.name for p in tables.glob("*"))
    stray = tables / f"{job}_dataio_0_host_10000_0.table"
    stray.write_text("put in place before a commit that never came")
    half = task / "state.json.123.tmp"
    half.write_text("{")
    pipeline = half_a_pipeline(folder)
    site.start()
    assert holder.wait(20) == -signal.SIGKILL
    limit = time.monotonic() + 20
    while (folder / "mail").exists() and time.monotonic() < limit:
        time.sleep(0.02)
    assert not (folder / "mail").exists() and not (task / "data").exists()
    assert (task / "task.log").exists()
    while ((stray.exists() or half.exists() or pipeline.exists())
           and time.monotonic() < limit):
        time.sleep(0.02)
    assert sorted(p.name for p in tables.glob("*")) == named
    assert not half.exists() and not pipeline.exists()


def test_half_a_pipeline_goes_as_its_job_ends(site):
    """Of a scheduler that was killed while it wrote."""
    site.plan("dataio_0-host", "sleep 2")
    job = site.submit()
    site.start()
    site.wait_runs(2)
    pipeline = half_a_pipeline(site.work / "jobs" / "20261123" / job)
    site.wait(job, ["success"], 20)
    waits.until(lambda: not pipeline.exists(), f"{pipeline} goes")


def test_decision_to_end_stands_when_its_maker_is_killed(site):
    """Else the signal that its tasks were sent looks like the cause."""
    site.conf.write_text(site.conf.read_text().replace('"300ms"', '"3s"'))
    site.plan("dataio_0-guest", "sleep 30")
    site.plan("dataio_0-host", "stubborn 30")
    job = site.submit(timeout_ms=3000, auto_retries=2)
    site.start()
    site.wait_runs(2)
    until = time.monotonic() + 10
    ending = None
    while not ending and time.monotonic() < until:
        ending = site.sql("SELECT ending FROM job_run WHERE ending <> ''")
    assert ending == [["expire"]]
    site.stop(signal.SIGKILL)
    assert site.status(job)[0] == "running"
    site.start()
    status, reason, _ = site.wait(job, ["timeout", "failed", "success"], 20)
    assert status == "timeout" and "dataio_0 of " in reason, reason
    assert site.sql("SELECT DISTINCT f_status FROM t_task") == [["timeout"]]
    assert site.sql("SELECT retries, error_class FROM job_run") == [
        ["0", "timeout"]]
