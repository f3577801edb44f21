"""Operations that are killed at their effects on the outside (tests/crash), in
a process of its own. FATEFLOW_CRASH_SEED chooses which points a short run
tries; FATEFLOW_CRASH_ALL tries every one, which takes an hour or two."""
import os
import sys

import pytest

import conftest
import orderly

LIBRARY = conftest.BIN.resolve().parent / "tests/crash_points.so"


def skip_without_library():
    if not LIBRARY.exists():
        pytest.skip("no crash_points.so: not beside the sanitizers")


def crash(folder, *words, bin_dir=conftest.BIN, seconds=600):
    """What it said, and its exit status."""
    return orderly.run(
        [sys.executable, conftest.ROOT / "tests/crash/crash.py", *words,
         "--bin", bin_dir, "--folder", folder], seconds)


def test_whoever_is_killed_anywhere_leaves_all_or_nothing(tmp_path_factory):
    conftest.skip_without("nginx")
    skip_without_library()
    every = os.environ.get("FATEFLOW_CRASH_ALL")
    which = ["--all"] if every else [
        "--seed", os.environ.get("FATEFLOW_CRASH_SEED", "1")]
    said, status = crash(tmp_path_factory.mktemp("crash"), *which,
                         seconds=4 * 3600 if every else 600)
    print(said)
    if status:
        pytest.fail(said, pytrace=False)
