"""A short chaos run (tests/chaos), in a process of its own: what it sends
while servers die is not held against the document."""
import os
import subprocess
import sys

import pytest

import conftest

sys.path.insert(0, str(conftest.ROOT / "tests/chaos"))
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


def test_nothing_is_lost_stuck_or_run_twice_while_all_is_killed(
        tmp_path_factory):
    conftest.skip_without("nginx")
    seed = int(os.environ.get("FATEFLOW_CHAOS_SEED", 1))
    folder = tmp_path_factory.mktemp("chaos")
    run = subprocess.run(
        [sys.executable, conftest.ROOT / "tests/chaos/chaos.py", "--seed",
         str(seed), "--jobs", str(JOBS), "--faults", str(FAULTS),
         "--seconds", str(SECONDS), "--bin", conftest.BIN, "--folder",
         folder], capture_output=True, text=True, timeout=600)
    print(run.stdout)
    if run.returncode:
        pytest.fail(run.stdout + run.stderr, pytrace=False)
