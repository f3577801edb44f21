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
