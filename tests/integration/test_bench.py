"""bench/run: one row of it, to see that it runs and leaves nothing behind."""
import os
import pathlib
import subprocess
import sys

import conftest
import pytest


@pytest.mark.slow
def test_bench_when_asked_for_one_row_then_a_table_and_nothing_left(tmp_path):
    conftest.skip_without("nginx")
    if not (conftest.BIN / "bench_fsync").exists():
        pytest.skip(f"no bench_fsync in {conftest.BIN}")
    run = subprocess.run(
        [sys.executable, conftest.ROOT / "bench/run", "--quick", "--only",
         "memory", "--bin", conftest.BIN],
        env=os.environ | {"TMPDIR": str(tmp_path)}, timeout=180,
        capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = [line for line in run.stdout.splitlines()
             if line.startswith("memory: ")]
    assert len(lines) == 5, run.stdout
    assert all("MB RssAnon" in line for line in lines)
    assert not list(tmp_path.iterdir())
    assert not [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                if str(tmp_path) in read(p)]


def read(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
