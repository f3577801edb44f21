"""A short chaos run (tests/chaos), in a process of its own: what it sends
while servers die is not held against the document."""
import os
import subprocess
import sys

import pytest

import conftest

JOBS, FAULTS, SECONDS = 60, 40, 40


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
