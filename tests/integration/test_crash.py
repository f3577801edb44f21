"""Operations that are killed at their effects on the outside (tests/crash), in
a process of its own. FATEFLOW_CRASH_SEED chooses which points a short run
tries; FATEFLOW_CRASH_ALL tries every one, which takes an hour or two."""
import os
import shutil
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


def test_who_counts_nothing_has_tried_nothing(tmp_path):
    """A library that the programs cannot load: they go on without it."""
    conftest.skip_without("nginx")
    skip_without_library()
    bin_dir = tmp_path / "build/bin"
    bin_dir.mkdir(parents=True)
    for program in conftest.PROGRAMS:
        (bin_dir / program).symlink_to(conftest.BIN.resolve() / program)
    said, status = crash(tmp_path / "site", "--only", "migrate",
                         bin_dir=bin_dir)
    assert status == 2 and "crash_points.so" in said, said
    library = tmp_path / "build/tests/crash_points.so"
    library.parent.mkdir()
    library.touch()
    said, status = crash(tmp_path / "site", "--only", "migrate",
                         bin_dir=bin_dir)
    assert status == 1 and "points: 0, " in said, said
    assert "no effect was counted" in said, said
    shutil.rmtree(tmp_path / "site")
