"""The wall clock steps back and forward under a running site (by an offset of
ours): no order changes, nothing expires early, nothing that lives is swept."""
import copy
import fcntl
import hashlib
import os
import pathlib
import time

import pytest
import requests

from flow import load
from waits import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
SMALL = {"components": {"dataio_0": DSL["components"]["dataio_0"]}}
LONG = {"max_iter": 2000, "batch_size": -1, "tol": 1e-30,
        "encrypt_param": {"key_length": 2048}}
DAY = 86400 * 1000


@pytest.fixture(scope="module")
def site(make_site, tmp_path_factory):
    offset = tmp_path_factory.mktemp("clock") / "offset"
    offset.write_text("0")
    os.environ["FATEFLOW_TEST_CLOCK_FILE"] = str(offset)
    try:
        site = make_site("nginx", {
            "scheduler": {"max_jobs": 1},
            "api": {"workers": 2, "bulk_workers": 2,
                    "upload_session_ttl": "1d"}})
    finally:
        del os.environ["FATEFLOW_TEST_CLOCK_FILE"]
    site.offset = offset
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}", drop=1)
    return site


@pytest.fixture(autouse=True)
def clock_is_right_again(site):
    yield
    shift(site, 0)


def shift(site, ms):
    new = site.offset.with_suffix(".new")
    new.write_text(str(ms))
    new.rename(site.offset)


def conf(job=None, lr=None):
    c = copy.deepcopy(CONF)
    c["job_parameters"].update(job or {})
    if lr:
        c["algorithm_parameters"]["hetero_lr_0"].update(lr)
    else:
        c["algorithm_parameters"] = {}
    return c


@pytest.fixture
def training(site):
    job = site.flow.submitted(DSL, conf({"timeout": 600}, LONG))
    until(lambda: site.tasks(), "tasks run")
    yield job
    site.flow.post("job/stop", {"job_id": job})
    site.flow.wait(job, 20)


@pytest.mark.parametrize("days", [30, -30])
def test_running_job_does_not_expire_by_the_wall(site, training, days):
    shift(site, days * DAY)
    time.sleep(2.5)
    assert site.flow.status(training) == "running"
    spent = site.sql("SELECT spent_ms FROM job_run WHERE job_id = "
                     f"'{training}'")
    assert int(spent[0][0]) < 60000


def test_timeout_comes_when_it_is_due_after_a_step_back(site):
    begun = time.monotonic()
    job = site.flow.submitted(DSL, conf({"timeout": 4}, LONG))
    until(lambda: site.tasks(), "tasks run")
    shift(site, -3 * DAY)
    assert site.flow.wait(job, 30) == "timeout"
    assert time.monotonic() - begun >= 4
    assert site.flow.rows(job)[0].get("f_elapsed", 0) >= 0
    assert site.sql("SELECT COUNT(*) FROM t_task WHERE f_elapsed < 0") == \
        [["0"]]


def test_order_is_that_of_submission(site, training):
    jobs = []
    for offset in (0, -DAY, DAY, -2 * DAY, 3 * DAY):
        shift(site, offset)
        jobs.append(site.flow.submitted(SMALL, conf()))
    assert len(set(jobs)) == len(jobs)
    site.flow.post("job/stop", {"job_id": training})
    for job in jobs:
        assert site.flow.wait(job, 30) == "success", site.flow.reason(job)
    fences = site.sql("SELECT job_id FROM job_run WHERE job_id IN ("
                      + ",".join(f"'{j}'" for j in jobs) + ") ORDER BY seq")
    assert [f[0] for f in fences] == jobs
    text = site.process("scheduler").log.read_text()
    ends = [text.index(f"job={j} succeed") for j in jobs]
    assert ends == sorted(ends)


def test_step_forward_sweeps_nothing_that_lives(site):
    """An upload in pieces, one whose job waits, and one without a job yet."""
    data = (ROOT / "examples/data/guest.csv").read_bytes()
    session = site.flow.ok("data/upload/session/create", {
        "work_mode": 0, "head": 1, "partition": 2, "namespace": "clock",
        "table_name": "session", "file_bytes": len(data),
        "file_sha256": hashlib.sha256(data).hexdigest()})["session_id"]

    def put(offset, part):
        return requests.post(
            f"{site.url}/v1/data/upload/session/put", data=part,
            params={"session_id": session, "offset": offset},
            headers={"Content-Type": "application/octet-stream"},
            timeout=30).json()
    assert put(0, data[:1000])["retcode"] == 0
    nameless = site.work / "spool" / ("upload-" + "0" * 32)
    nameless.write_text("just named")
    held = nameless.open("r+")
    fcntl.lockf(held, fcntl.LOCK_EX)    # as its worker does
    running = site.flow.submitted(DSL, conf(None, LONG))
    until(lambda: site.tasks(), "tasks run")
    waiting = site.flow.upload(ROOT / "examples/data/host.csv", "clock",
                               "waiting", drop=1)["jobId"]
    shift(site, 60 * DAY)
    other = site.flow.ok("data/upload/session/create", {    # sweeps, too
        "work_mode": 0, "head": 1, "partition": 2, "namespace": "clock",
        "table_name": "other", "file_bytes": 10, "file_sha256": "0" * 64})
    site.process("scheduler").stop()    # a new one looks at once
    os.environ["FATEFLOW_TEST_CLOCK_FILE"] = str(site.offset)
    try:
        site.start_scheduler()
    finally:
        del os.environ["FATEFLOW_TEST_CLOCK_FILE"]
    time.sleep(4)
    assert nameless.exists()
    assert put(1000, data[1000:])["retcode"] == 0
    job = site.flow.ok("data/upload/session/finish", {"session_id": session})
    assert job
    site.flow.post("job/stop", {"job_id": running})
    assert site.flow.wait(waiting, 30) == "success", site.flow.reason(waiting)
    site.flow.ok("data/upload/session/cancel",
                 {"session_id": other["session_id"]})
    nameless.unlink()
    held.close()


def test_step_back_sweeps_no_table_that_a_job_has_pinned(site):
    """By the wall, the job that reads the table began after its end."""
    def files():
        return {p.name for p in (site.work / "tables").rglob("*")
                if p.is_file()}
    shift(site, DAY)
    job = site.flow.submitted(DSL, conf(None, LONG))
    until(lambda: site.sql("SELECT 1 FROM t_task WHERE f_job_id = "
                           f"'{job}' AND f_component_name = 'hetero_lr_0'"),
          "the tables were read")
    before = files()
    pinned = site.sql("SELECT file FROM data_table WHERE is_current = 1 AND "
                      "name = 'example_guest'")[0][0]
    assert any(pinned in f for f in before) or pinned in before
    shift(site, 0)
    site.sql("UPDATE data_table SET is_current = NULL, deleted = 1, ended_time"
             f" = {int(time.time() * 1000) - 60000} WHERE file = '{pinned}'")
    site.flow.ok("table/delete", {"namespace": "example",
                                  "table_name": "example_host"})
    time.sleep(6)
    assert site.flow.status(job) == "running", site.flow.reason(job)
    assert (site.work / "tables" / pinned).exists()
    site.flow.post("job/stop", {"job_id": job})
    site.flow.wait(job, 20)
    until(lambda: not (site.work / "tables" / pinned).exists(), "it goes", 20)
