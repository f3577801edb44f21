"""A short chaos run (tests/chaos), in a process of its own: what it sends
while servers die is not held against the document."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import types

import pytest

import conftest
import orderly

sys.path.insert(0, str(conftest.ROOT / "tests/chaos"))
import chaos  # noqa: E402
import checks  # noqa: E402
import faults  # noqa: E402
import jobs  # noqa: E402
import sampler  # noqa: E402

JOBS, FAULTS, SECONDS = 60, 40, 40


def test_plans_are_functions_of_the_seed():
    for plan in (jobs.plan, faults.plan):
        assert plan(3, 200, 60) == plan(3, 200, 60)
        assert plan(3, 200, 60) != plan(4, 200, 60)
    assert {s.shape for s in jobs.plan(1, JOBS, 1)} == set(jobs.SHAPES)
    assert {f.kind for f in faults.plan(1, FAULTS, 1)} == set(faults.WEIGHTS)


@pytest.mark.parametrize("kind,old,new,is_legal", [
    ("job", ("waiting", 1), ("running", 1), True),
    ("job", ("waiting", 1), ("success", 1), True),      # a missed look
    ("job", ("running", 1), ("waiting", 1), False),
    ("job", ("success", 1), ("failed", 1), False),
    ("job", ("failed", 1), ("waiting", 1), False),      # not without a run
    ("job", ("failed", 1), ("waiting", 2), True),
    ("job", ("canceled", 2), ("canceled", 1), False),
    ("task", ("running", 0), ("success", 0), True),
    ("task", ("success", 0), ("running", 0), False),
    ("task", ("success", 0), ("running", 1), True),
    ("task", ("failed", 0), ("success", 1), True),
    ("task", ("failed", 1), ("running", 0), False),
])
def test_changes_are_judged_by_the_table_of_the_document(kind, old, new,
                                                         is_legal):
    rules = sampler.Rules(sampler.transitions())
    assert (rules.fault(kind, old, new) is None) == is_legal


# A child whose end no signal tells of, as the leak sanitizer clones it; it
# sleeps until its parent, which prints its pid, ends and takes it along.
CLONE = """
import ctypes, os, signal, sys, time
libc, ours = ctypes.CDLL(None), os.getpid()
pid = libc.syscall(56 if os.uname().machine == "x86_64" else 220, 0, 0, 0, 0, 0)
if pid == 0:
    libc.prctl(1, signal.SIGKILL)
    time.sleep(60 if os.getppid() == ours else 0)
    os._exit(0)
print(pid, flush=True)
sys.stdin.read()
"""


def test_a_clone_of_the_leak_sanitizer_is_no_victim():
    with subprocess.Popen([sys.executable, "-c", CLONE], text=True,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as parent:
        clone = int(parent.stdout.readline())
        assert faults.is_own_process(parent.pid)
        assert not faults.is_own_process(clone)
        parent.stdin.close()


@pytest.fixture
def sleepers():
    some = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    yield some
    for one in some:
        one.kill()
        one.wait()


def test_a_hand_that_gives_up_starts_nothing_and_lets_go(tmp_path, sleepers):
    """A service is down, and what is planned would take long."""
    site = types.SimpleNamespace(work=tmp_path, db_socket="none",
                                 pid=lambda name: None)
    hand = faults.Hand(site, [faults.Fault(0, 1000, "kill api", 0, 1, 0)],
                       ["api"], None, tmp_path / "log")
    hand.due = {"api": 1000}
    paused, orphan = (faults.process_of(s.pid) for s in sleepers)
    hand.start()
    hand.pause(faults.Fault(1, 0, "pause api", 0, 1000, 0), paused)
    hand.left_over["api"] = [orphan]
    hand.give_up()
    assert not hand.thread.is_alive()
    assert sleepers[1].wait(10) == -signal.SIGKILL
    sleepers[0].terminate()     # which none that stands still would heed
    assert sleepers[0].wait(10) == -signal.SIGTERM


def test_a_folder_that_vanishes_under_a_look_is_no_fault(tmp_path,
                                                         monkeypatch):
    """The sweep removes while it is looked whether it has."""
    for name in ("a/data/x", "b/data/y"):
        (tmp_path / name).mkdir(parents=True)
    scandir, gone = os.scandir, tmp_path / "a/data"

    def sweep(path):
        if pathlib.Path(path) == gone and gone.exists():
            gone.joinpath("x").rmdir()
            gone.rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", sweep)
    assert checks.below(tmp_path, "*/data/*") == [tmp_path / "b/data/y"]


@pytest.mark.parametrize("begun,ended,is_met", [
    (10, 12, False), (10, 21, True), (22, 29, True), (29, None, True),
    (31, 40, False)])
def test_a_full_disk_met_whom_it_could(begun, ended, is_met):
    seen = sampler.Seen(begun, begun + 8)
    seen.ended = ended
    blame = checks.Blame([], [[20, 30]], {"job": seen})
    assert blame.met_full_disk("job") == is_met
    assert blame.met_full_disk("never seen")


LOG = ["[INFO] - run.c: run j a j_a guest 9 task (module A)",
       "[INFO] - run.c: finish j a j_a guest 9 success (module A)"]


@pytest.mark.parametrize("log,exit_,was_full,n_found", [
    (LOG, {"status": 0}, False, 0),
    (LOG, None, False, 1),
    (LOG, None, True, 0),
    (LOG, {"status": 256}, True, 1),
    (LOG[1:], {"status": 0}, True, 0),
    (LOG[:1], {"status": 0}, True, 0),
    (LOG[1:], {"status": 0}, False, 1),
    (LOG + LOG[:1], {"status": 0}, True, 1),
    (LOG + LOG[1:], {"status": 0}, True, 1),
])
def test_a_full_disk_takes_lines_and_the_exit_of_a_success(
        tmp_path, log, exit_, was_full, n_found):
    (tmp_path / "owner").write_text('{"pid": 5}')
    (tmp_path / "state.json").write_text('{"status": "success"}')
    (tmp_path / "task.log").write_text("\n".join(log))
    if exit_:
        (tmp_path / "exit").write_text(json.dumps(exit_))
    found = checks.success(tmp_path, "it", "j", False, was_full)
    assert len(list(found)) == n_found


def takeovers(kind="kill api", gaps=()):
    """Of a job whose scheduler was killed at 10, and that moved at 25, while
    another fault lasted from 12 to 13."""
    def hit(at, until, kind, pid):
        fault = faults.Fault(0, at, kind, 0, until - at, 0)
        return faults.Hit(at, until, fault, pid, "")

    run = types.SimpleNamespace(
        hand=types.SimpleNamespace(hits=[hit(10, 11, "kill scheduler", 5),
                                         hit(12, 13, kind, 6)]),
        sampler=types.SimpleNamespace(takeovers=[(25, "job", 1, 2)],
                                      owners={1: 5}, gaps=gaps))
    run.takeovers = lambda: chaos.Run.takeovers(run)
    return list(chaos.Run.check_takeovers(run))


def test_a_takeover_is_late_only_where_nothing_held_it_up():
    assert len(takeovers()) == len(takeovers(gaps=[(1, 9), (26, 30)])) == 1
    assert takeovers("pause api-worker") == takeovers("pause mariadb") == []
    assert takeovers(gaps=[(14, 16)]) == []


def test_the_sampler_notes_when_it_was_not_answered(monkeypatch):
    look = sampler.Sampler("no socket")
    clock = iter([10, 10.1, 10.2, 10.3, 10.4, 13, 13.1, 13.2])
    monkeypatch.setattr(sampler.time, "monotonic", lambda: next(clock))
    look.client = types.SimpleNamespace(rows=lambda text: [])
    for _ in range(4):
        look.look()
    assert look.gaps == [(10.3, 13)]


def test_nothing_is_lost_stuck_or_run_twice_while_all_is_killed(
        tmp_path_factory):
    conftest.skip_without("nginx")
    seed = int(os.environ.get("FATEFLOW_CHAOS_SEED", 1))
    folder = tmp_path_factory.mktemp("chaos")
    said, status = orderly.run(
        [sys.executable, conftest.ROOT / "tests/chaos/chaos.py", "--seed",
         str(seed), "--jobs", str(JOBS), "--faults", str(FAULTS),
         "--seconds", str(SECONDS), "--bin", conftest.BIN, "--folder",
         folder], 600)
    print(said)
    if status:
        pytest.fail(said, pytrace=False)
