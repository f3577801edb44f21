"""bench/run: rows of it, to see that they run and leave nothing behind."""
import os
import pathlib
import shutil
import subprocess
import sys

import conftest
import pytest


def bench(row, tmp_path):
    """The lines of one row, measured quickly; nothing may be left behind."""
    conftest.skip_without("nginx")
    if not (conftest.BIN / "bench_fsync").exists():
        pytest.skip(f"no bench_fsync in {conftest.BIN}")
    run = subprocess.run(
        [sys.executable, conftest.ROOT / "bench/run", "--quick", "--only",
         row, "--bin", conftest.BIN],
        env=os.environ | {"TMPDIR": str(tmp_path)}, timeout=180,
        capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.iterdir())
    assert not [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                if str(tmp_path) in read(p)]
    return run.stdout.splitlines()


@pytest.mark.slow
def test_bench_when_asked_for_one_row_then_a_table_and_nothing_left(tmp_path):
    lines = [line for line in bench("memory", tmp_path)
             if line.startswith("memory: ")]
    assert len(lines) == 5, lines
    assert all("MB RssAnon" in line for line in lines)


@pytest.mark.slow
def test_queued_job_costs_at_most_four_flushes_of_all_programs(tmp_path):
    if not shutil.which("strace"):
        pytest.skip("no strace")
    lines = bench("flushes", tmp_path)
    (line,) = [x for x in lines if x.startswith("flushes a job by strace")]
    assert line.endswith(" met") and "NOT" not in line, lines
    (tasks,) = [x for x in lines if "of scheduler and tasks" in x]
    assert " fsync " in tasks, lines      # they are durable


@pytest.mark.slow
def test_suites_are_jobs_that_reach_success(tmp_path):
    lines = [line for line in bench("suites", tmp_path) if "quoted" in line]
    assert len(lines) == 4, lines


def read(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
