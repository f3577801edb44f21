"""Operations that are killed at their effects on the outside (tests/crash), in
a process of its own. FATEFLOW_CRASH_SEED chooses which points a short run
tries; FATEFLOW_CRASH_ALL tries every one, which takes an hour or two."""
import os
import subprocess
import sys

import pytest

import conftest

LIBRARY = conftest.BIN.resolve().parent / "tests/crash_points.so"


def test_whoever_is_killed_anywhere_leaves_all_or_nothing(tmp_path_factory):
    conftest.skip_without("nginx")
    if not LIBRARY.exists():
        pytest.skip("no crash_points.so: not beside the sanitizers")
    every = os.environ.get("FATEFLOW_CRASH_ALL")
    which = ["--all"] if every else [
        "--seed", os.environ.get("FATEFLOW_CRASH_SEED", "1")]
    run = subprocess.run(
        [sys.executable, conftest.ROOT / "tests/crash/crash.py", *which,
         "--bin", conftest.BIN, "--folder", tmp_path_factory.mktemp("crash")],
        capture_output=True, text=True, timeout=4 * 3600 if every else 600)
    print(run.stdout)
    if run.returncode:
        pytest.fail(run.stdout + run.stderr, pytrace=False)
