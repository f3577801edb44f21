"""Retention: what outlived its time goes, with a dry run before, and nothing
of what lives or is named by what lives."""
import contextlib
import copy
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

import conftest
import test_rsa
from flow import load
from waits import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
DAY = 86400 * 1000


@pytest.fixture(scope="module")
def site(make_site):
    """Keeps all; the tests rewrite the configuration for the verb alone, and
    leave nothing behind that is old."""
    site = make_site("nginx", {"api": {"workers": 2, "bulk_workers": 1}})
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}", drop=1)
    yield site
    site.stop()


def train(site, max_iter=2):
    conf = copy.deepcopy(CONF)
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = max_iter
    return site.flow.finished(DSL, conf)


def age(site, job, days):
    """As if it had ended long ago."""
    site.sql(f"UPDATE job_run SET end_time = end_time - {days * DAY} "
             f"WHERE job_id = '{job}'")


def configured(site, **keep):
    """A configuration with these retention times. It has a record of the clock
    of its own, as steady as for a day: in the site's, the scheduler puts back
    what it read there a moment before."""
    conf, run = site.root / "retain.conf", site.run / "retain"
    run.mkdir(exist_ok=True)
    text = site.conf.read_text()
    ours = text.replace(json.dumps(str(site.run)), json.dumps(str(run)))
    assert ours != text
    conf.write_text(ours + "retention = {" + "".join(
        f'{k} = "{v}";' for k, v in keep.items()) + "};\n")
    (run / "clock").write_text(
        "{} {} -100000000\n".format(
            pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()
            .strip(),
            int((time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
                * 1000)))
    return conf


def retain(site, *options, **keep):
    """The verb under these retention times; its lines by their first word."""
    done = subprocess.run([conftest.BIN / "fateflow-admin", "-c",
                           configured(site, **keep), "retain", *options],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {line.split()[0]: line for line in done.stdout.splitlines()}


@contextlib.contextmanager
def scheduler_of(site, **keep):
    """The site's scheduler under these retention times."""
    site.process("scheduler").stop()
    daemon = subprocess.Popen([conftest.BIN / "fateflow-scheduler", "-c",
                               configured(site, **keep), "-d"])
    try:
        yield
    finally:
        daemon.terminate()
        ended_well = daemon.wait(60) == 0
        site.start_scheduler()
    assert ended_well


def folder(site, job):
    return site.work / "jobs" / job[:8] / job


def count(site, table, column, job):
    return int(site.sql(f"SELECT COUNT(*) FROM {table} WHERE {column} = "
                        f"'{job}'")[0][0])


def rows_of(site, job):
    return {t: count(site, t, c, job) for t, c in (
        ("job_run", "job_id"), ("t_job", "f_job_id"), ("t_task", "f_job_id"),
        ("t_data_view", "f_job_id"), ("t_tracking_metric", "f_job_id"))}


def test_each_kind_goes_at_its_time_and_only_that(site):
    old, young = train(site), train(site)
    age(site, old, 10)
    before = rows_of(site, old)
    assert min(before.values()) > 0
    said = retain(site, "--dry-run", scratch="5d", metrics="20d")
    assert said["scratch"].startswith("scratch  jobs=1 count=1 bytes="), said
    assert "bytes=0 " not in said["scratch"]
    assert "jobs=0 count=0" in said["metrics"]
    assert said["tables"] == "tables   kept for ever"
    assert folder(site, old).exists(), "a dry run changes nothing"

    retain(site, scratch="5d", metrics="20d")
    assert not folder(site, old).exists() and folder(site, young).exists()
    assert rows_of(site, old) == before
    assert "jobs=0" in retain(site, "--dry-run", scratch="5d")["scratch"]

    said = retain(site, "--dry-run", metrics="5d")
    assert f"count={before['t_tracking_metric']} " in said["metrics"]
    retain(site, metrics="5d", tables="5d")
    assert rows_of(site, old) == {**before, "t_tracking_metric": 0}
    assert rows_of(site, young)["t_tracking_metric"] > 0
    for job, n in ((old, 0), (young, 1)):
        assert (count(site, "data_table", "deleted = 0 AND job_id", job) > 0) \
            == bool(n), job
    assert site.flow.ok("table/table_info", {
        "namespace": "example", "table_name": "example_guest"})["count"] > 0
    assert not list((site.work / "jobs" / ".trash").iterdir())


def test_jobs_go_whole_and_models_and_uploads_stay(site):
    job = train(site)
    upload = site.sql("SELECT job_id FROM job_run WHERE kind = 'upload' "
                      "ORDER BY seq LIMIT 1")[0][0]
    models = sorted(p for p in (site.work / "models").rglob("*")
                    if p.is_file())
    assert models
    for j in (job, upload):
        age(site, j, 10)
    retain(site, jobs="9d")
    for j in (job, upload):
        assert set(rows_of(site, j).values()) == {0}
        assert not folder(site, j).exists()
    assert sorted(p for p in (site.work / "models").rglob("*")
                  if p.is_file()) == models
    assert site.flow.ok("table/table_info", {
        "namespace": "example", "table_name": "example_guest"})["count"] > 0
    assert site.flow.post("job/query", {"job_id": job}).get("data") is None
    train(site)


def test_signed_ids_that_hosts_keep_go_by_the_time_they_were_made(site):
    base = site.work / "cache" / "intersection"
    made = {}

    def make(days):
        folder = base / f"{days} days"
        folder.mkdir(parents=True)
        (folder / "signed").write_text("ids")
        at = time.time() - days * 86400
        os.utime(folder, (at, at))
        # to the minute and in UTC, as the verb prints times
        made[days] = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(at))

    for days in (6, 5, 0):
        make(days)
    said = retain(site, "--dry-run", cache="4d")["cache"]
    assert "jobs=0 count=2 " in said and "bytes=0 " not in said, said
    assert f"oldest={made[6]}" in said and f"newest={made[5]}" in said, said
    said = retain(site, "--dry-run", cache="132h")["cache"]
    assert "count=1 " in said and f"newest={made[6]}" in said, said
    assert "kept for ever" in retain(site, cache="0")["cache"]
    assert (base / "6 days" / "signed").exists(), "for ever"
    make(9)
    with scheduler_of(site):    # the default is seven days
        until(lambda: not (base / "9 days").exists(), "the oldest is removed",
              90)
    assert (base / "6 days").exists()
    retain(site, cache="4d")
    assert sorted(p.name for p in base.iterdir()) == ["0 days"]
    shutil.rmtree(base)


def test_table_that_rsa_saved_outlives_its_job(site, tmp_path):
    ids = tmp_path / "ids.csv"
    ids.write_text("".join(f"{i},1\n" for i in range(7)))
    site.flow.uploaded(ids, test_rsa.NAMESPACE, "ids", head=0, drop=1)
    job = site.flow.finished(test_rsa.DSL, test_rsa.conf("saved"))
    age(site, job, 10)
    said = retain(site, "--dry-run", tables="9d", jobs="9d")
    assert "jobs=0" in said["tables"] and "jobs=1" in said["jobs"], said
    retain(site, tables="9d")
    assert test_rsa.info(site.flow, "saved")["count"] == 7
    retain(site, jobs="9d")
    assert set(rows_of(site, job).values()) == {0}
    assert test_rsa.info(site.flow, "saved")["count"] == 7
    assert len(test_rsa.saved(site, site.flow, "saved")) == 7


def test_nothing_goes_that_a_living_job_names(site):
    job = train(site)
    age(site, job, 10)
    site.process("scheduler").stop()     # the prediction waits
    conf = {"initiator": CONF["initiator"], "job_parameters": {
        "work_mode": 0, "job_type": "predict",
        "model_id": site.flow.ok("job/config", {
            "job_id": job, "role": "guest", "party_id": 9999})[
                "model_info"]["model_id"],
        "model_version": job},
        "role": CONF["role"], "role_parameters": {
            r: {"args": {"data": {"eval_data": [{
                "name": f"example_{r}", "namespace": "example"}]}}}
            for r in ("guest", "host")}}
    answer = site.flow.post("job/submit", {"job_runtime_conf": conf})
    assert answer["retcode"] == 0, answer
    before = rows_of(site, job)
    said = retain(site, scratch="5d", metrics="5d", tables="5d", jobs="5d")
    assert "jobs=0" in said["jobs"] and "jobs=0" in said["scratch"], said
    assert rows_of(site, job) == before and folder(site, job).exists()
    assert rows_of(site, answer["jobId"])["job_run"] == 1
    site.start_scheduler()
    assert site.flow.wait(answer["jobId"]) == "success", \
        site.flow.reason(answer["jobId"])
    retain(site, jobs="5d")
    assert set(rows_of(site, job).values()) == {0}


def add_ended(site, ids, like):
    """Rows of jobs that ended twenty days ago, in this order."""
    columns = ("kind, status, live, initiator_role, initiator_party_id, "
               "work_mode, n_components, max_width, timeout_ms, f_roles, "
               "f_dsl, f_runtime_conf, create_time")
    end = int(time.time() * 1000) - 20 * DAY
    site.sql(";".join(
        f"INSERT INTO job_run (job_id, {columns}, end_time) SELECT '{job}', "
        f"{columns}, {end + i} FROM job_run WHERE job_id = '{like}'"
        for i, job in enumerate(ids)))


def known(site):
    return [row[0] for row in site.sql(
        "SELECT job_id FROM job_run WHERE job_id LIKE '2020%' ORDER BY seq")]


def test_jobs_behind_many_that_are_in_use_go(site):
    """A step of the scheduler is full of jobs that one names which another
    scheduler runs."""
    ids = [f"20200101120000{i:06d}1" for i in range(28)]
    used, behind = ids[:25], ids[25:]
    ended, running = train(site), train(site)
    add_ended(site, ids, ended)
    site.sql(
        "INSERT INTO scheduler_instance (host, pid, boot_id, started_at,"
        " expires_at) VALUES ('other', 1, '', UTC_TIMESTAMP(3),"
        " UTC_TIMESTAMP(3) + INTERVAL 1 DAY);"
        "UPDATE job_run SET status = 'running', live = 1, owner ="
        " LAST_INSERT_ID(), f_runtime_conf = JSON_SET(f_runtime_conf,"
        f" '$.note', '{' '.join(used)}') WHERE job_id = '{running}'")
    said = retain(site, "--dry-run", jobs="15d")
    assert said["jobs"].startswith("jobs     jobs=3 "), said
    retain(site, jobs="15d")
    assert known(site) == used
    add_ended(site, behind, ended)
    assert known(site) == ids
    try:
        with scheduler_of(site, jobs="15d"):
            until(lambda: known(site) == used, "those behind them go", 90)
    finally:
        site.sql("UPDATE job_run SET status = 'success', live = 0 WHERE "
                 f"job_id = '{running}'")
    retain(site, jobs="15d")
    assert known(site) == []


def test_jobs_behind_one_whose_folder_cannot_be_moved_go(site):
    """It lies on another file system: not even root can rename it."""
    ids = [f"2020010{d}120000000000{d}" for d in (1, 2, 3)]
    elsewhere = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm"))
    assert elsewhere.stat().st_dev != site.work.stat().st_dev
    stuck = site.work / "jobs" / ids[0][:8]
    try:
        (elsewhere / ids[0] / "guest-1").mkdir(parents=True)
        stuck.symlink_to(elsewhere)
        for job in ids[1:]:
            folder(site, job).mkdir(parents=True)
        add_ended(site, ids, train(site))
        site.sql("DELETE FROM retention_mark")    # `scratch` meets it first
        retain(site, scratch="15d", jobs="15d")
        assert known(site) == ids[:1]
        assert (elsewhere / ids[0] / "guest-1").is_dir()
        assert not any(folder(site, job).exists() for job in ids[1:])
    finally:
        stuck.unlink(missing_ok=True)
        shutil.rmtree(elsewhere)
    retain(site, jobs="15d")
    assert known(site) == []


def test_folders_without_a_job_go_after_an_hour(site):
    job = train(site)
    day = site.work / "jobs" / "20200101"
    orphan, fresh = day / "20200101120000000001", day / "20200101120000000002"
    for d in (orphan, fresh):
        (d / "guest-1").mkdir(parents=True)
    half = site.work / "models" / ".incoming" / "x"
    half.mkdir(parents=True)
    for d in (orphan, half, folder(site, job)):
        os.utime(d, (time.time() - 7200,) * 2)
    said = retain(site)
    assert said["folders"] == "folders without a job: 1"
    assert not orphan.exists() and fresh.exists()
    assert not half.exists() and folder(site, job).exists()


def test_scheduler_applies_it_by_itself(make_site):
    site = make_site("nginx", {
        "api": {"workers": 2, "bulk_workers": 1},
        "retention": {"scratch": "2s", "metrics": "3s", "jobs": "6s"}})
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}", drop=1)
    job = train(site)
    until(lambda: not folder(site, job).exists(), "its folder goes", 90)
    until(lambda: rows_of(site, job)["t_tracking_metric"] == 0, "its metrics",
          90)
    until(lambda: set(rows_of(site, job).values()) == {0}, "its rows", 90)
    until(lambda: not list((site.work / "jobs" / ".trash").iterdir()),
          "the trash is empty", 90)
    train(site)
    site.stop()


def test_clock_that_stepped_keeps_everything(make_site, tmp_path):
    offset = tmp_path / "offset"
    offset.write_text("0")
    os.environ["FATEFLOW_TEST_CLOCK_FILE"] = str(offset)
    try:
        site = make_site("nginx", {
            "api": {"workers": 1, "bulk_workers": 1},
            "retention": {"scratch": "2d", "jobs": "20d"}})
    finally:
        del os.environ["FATEFLOW_TEST_CLOCK_FILE"]
    job = site.flow.uploaded(ROOT / "examples/data/guest.csv", "example",
                             "example_guest", drop=1)
    offset.write_text(str(40 * DAY))
    other = site.flow.uploaded(ROOT / "examples/data/host.csv", "example",
                               "example_host", drop=1)
    time.sleep(4)
    for j in (job, other):
        assert rows_of(site, j)["job_run"] == 1
    assert folder(site, job).exists()
    site.stop()
