"""A scheduler that has nothing to do: one question in five seconds, and no
processor time that the kernel's clock would see."""
import os
import pathlib
import time

import pytest

import conftest
from scheduler_site import Site

WATCHED_S = 16
PERIOD_S = 5.0
TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def site(database, tmp_path):
    if not os.access(conftest.BIN / "fateflow-scheduler", os.X_OK):
        pytest.skip(f"no fateflow-scheduler in {conftest.BIN} (FATEFLOW_BIN)")
    s = Site(tmp_path, database, "sched_idle")
    yield s
    s.stop()
    s.release()


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(
        ")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def questions(site):
    """[(second, text)] of what was asked since the log was emptied, but for
    the test's own words, which are all about the log."""
    return [(float(row[0]), row[1]) for row in site.sql(
        "SELECT UNIX_TIMESTAMP(event_time), argument FROM mysql.general_log"
        " WHERE command_type IN ('Execute', 'Query')"
        " AND argument NOT LIKE '%general_log%' ORDER BY event_time")]


def groups(asked):
    """Moments at which something was asked: [[(second, text), ...], ...]"""
    found = []
    for at, text in asked:
        if found and at - found[-1][-1][0] < 0.5:
            found[-1].append((at, text))
        else:
            found.append([(at, text)])
    return found


@pytest.mark.slow       # about processor time
def test_scheduler_that_owns_nothing_asks_once_in_five_seconds(site):
    site.start()
    job = site.submit()
    site.wait(job, ["success"])
    time.sleep(1)
    site.sql("SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log;"
             " SET GLOBAL general_log = 1")
    try:
        before, begun = cpu_s(site.daemon.pid), time.monotonic()
        time.sleep(WATCHED_S)
        used, seconds = cpu_s(site.daemon.pid) - before, \
            time.monotonic() - begun
    finally:
        site.sql("SET GLOBAL general_log = 0")
    asked = groups(questions(site))
    assert 1 <= len(asked) <= seconds / PERIOD_S + 1, asked
    starts = [group[0][0] for group in asked]
    gaps = [b - a for a, b in zip(starts, starts[1:])]
    assert all(gap >= PERIOD_S - 0.1 for gap in gaps), asked
    assert used <= 0.02, f"{used} s of processor time in {seconds:.0f} s"
