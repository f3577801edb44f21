"""A disk that runs full: announced, waited for, told, and never the end of
more than the task that met it. The work folder is a small file system of its
own, which needs root; the limit of file sizes stands in where there is none."""
import contextlib
import copy
import os
import pathlib
import resource
import subprocess
import time

import pytest
import requests

import conftest
import flow as flow_client
import private_site
from waits import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DSL = flow_client.load(ROOT / "examples/hetero_lr/dsl.json")
CONF = flow_client.load(ROOT / "examples/hetero_lr/conf.json")
SMALL = {"components": {"dataio_0": DSL["components"]["dataio_0"]}}
MIB = 1 << 20


def mount(folder, *options):
    done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder],
                          capture_output=True, text=True)
    return done.returncode == 0


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A site on 64 MiB."""
    conftest.skip_without("nginx")
    site = private_site.Site(
        tmp_path_factory.mktemp("small"), conftest.BIN, "nginx",
        options={"site": {"min_free": "4M", "warn_free": "8M"}})
    site.work.mkdir(parents=True)
    if os.geteuid() or not mount(site.work, "-o", "size=64m,nr_inodes=20000"):
        pytest.skip("a file system of its own cannot be mounted here")
    try:
        site.start()
        site.flow = flow_client.Flow(site.url)
        for party in ("guest", "host"):
            site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                               f"example_{party}", drop=1)
        yield site
    finally:
        site.stop()
        subprocess.run(["umount", "-l", site.work])


@pytest.fixture(autouse=True)
def disk_is_roomy_again(request):
    yield
    if "disk" in request.fixturenames:
        site = request.getfixturevalue("disk")
        (site.work / "filler").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=20000",
                        site.work], check=True)


def free(site):
    s = os.statvfs(site.work)
    return s.f_bavail * s.f_frsize


def leave(site, n_bytes):
    """Fills the disk up to so much, or until nothing fits because others took
    the rest meanwhile: so there is no buffer, which would be left over."""
    with contextlib.suppress(OSError), open(
            site.work / "filler", "ab", buffering=0) as filler:
        while free(site) > n_bytes:
            filler.write(b"x" * min(free(site) - n_bytes, MIB))


def seen():
    """The scheduler looks at the disk once a second."""
    time.sleep(1.1)


def small_conf():
    conf = copy.deepcopy(CONF)
    conf["algorithm_parameters"] = {}
    return conf


def csv(tmp_path, n_bytes):
    path = tmp_path / "some.csv"
    line = "%09d," + ",".join(["0.123456"] * 20) + "\n"
    with open(path, "w") as f:
        f.write("id," + ",".join(f"x{i}" for i in range(20)) + "\n")
        for i in range(n_bytes // len(line % 0)):
            f.write(line % i)
    return path


def post_file(site, path, name, body=None):
    params = {"work_mode": 0, "head": 1, "partition": 2, "namespace": "disk",
              "table_name": name, "drop": 1}
    if body is None:
        with open(path, "rb") as f:
            return requests.post(f"{site.url}/v1/data/upload", params=params,
                                 files={"file": ("a.csv", f)}, timeout=60)
    return requests.post(
        f"{site.url}/v1/data/upload", params=params, data=body, timeout=60,
        headers={"Content-Type": "multipart/form-data; boundary=b"})


def is_full(answer, *words):
    assert answer.status_code == 507, (answer.status_code, answer.text)
    said = answer.json()
    assert said["retcode"] == 100, said
    for word in words:
        assert word in said["retmsg"], said


def pending(site, job):
    return site.flow.rows(job)[0].get("f_pending_reason") or ""


def log(site):
    return site.process("scheduler").log.read_text()


def health(site):
    return site.flow.call("health", method="GET").json()["data"]["disk"]


def doctor(site):
    out = subprocess.run([conftest.BIN / "fateflow-admin", "-c", site.conf,
                          "--dir", ROOT / "sql", "doctor"],
                         capture_output=True, text=True).stdout
    return [line for line in out.splitlines() if " disk " in line]


def test_what_cannot_fit_is_refused_before_it_is_sent(disk, tmp_path):
    path = csv(tmp_path, 70 * MIB)
    is_full(post_file(disk, path, "toolarge"), "site.min_free", "it needs")
    is_full(disk.flow.call("data/upload/session/create", {
        "work_mode": 0, "head": 1, "partition": 2, "namespace": "disk",
        "table_name": "toolarge", "file_bytes": 1 << 40,
        "file_sha256": "0" * 64}), "site.min_free", "1.0T")
    assert disk.spool_files() == []


def test_body_of_unknown_length_that_fills_the_disk_leaves_nothing(disk):
    def body():
        yield (b'--b\r\nContent-Disposition: form-data; name="file"; '
               b'filename="a.csv"\r\n\r\n')
        for _ in range(80):
            yield b"x" * MIB
        yield b"\r\n--b--\r\n"
    is_full(post_file(disk, None, "unknown", body()), "No space left", "spool")
    assert disk.spool_files() == []
    assert free(disk) > 40 * MIB


def test_job_waits_for_room_and_says_so(disk):
    before = log(disk).count("no job starts")
    leave(disk, 3 * MIB)
    seen()
    job = disk.flow.submitted(SMALL, small_conf())
    until(lambda: "site.min_free = 4.0M" in pending(disk, job), "the reason")
    assert "free in" in pending(disk, job)
    assert disk.flow.status(job) == "waiting"
    assert health(disk)["level"] == "full"
    assert "site.min_free" in health(disk)["text"]
    assert doctor(disk)[0].startswith("FAILED")
    time.sleep(3)
    assert disk.flow.status(job) == "waiting"
    assert log(disk).count("no job starts") == before + 1
    (disk.work / "filler").unlink()
    assert disk.flow.wait(job, 20) == "success"
    assert "there is room again" in log(disk)
    assert doctor(disk)[0].startswith("ok")
    assert health(disk)["level"] == "ok"


def test_disk_that_gets_scarce_is_announced_and_still_used(disk):
    leave(disk, 7 * MIB)
    seen()
    assert health(disk)["level"] == "low"
    assert "site.warn_free" in health(disk)["text"]
    assert "site.warn_free" in doctor(disk)[0]
    disk.flow.finished(SMALL, small_conf())
    assert "below site.warn_free" in log(disk)


def test_upload_waits_until_its_table_fits(disk, tmp_path):
    leave(disk, 34 * MIB)
    seen()
    job = post_file(disk, csv(tmp_path, 12 * MIB), "waits").json()["jobId"]
    until(lambda: "it needs about" in pending(disk, job), "the reason")
    assert disk.flow.status(job) == "waiting"
    small = disk.flow.submitted(SMALL, small_conf())
    assert disk.flow.wait(small, 20) == "success", "passed over, not blocked"
    (disk.work / "filler").unlink()
    assert disk.flow.wait(job, 60) == "success", disk.flow.reason(job)


def test_task_that_fills_the_disk_fails_alone(disk, tmp_path):
    path = csv(tmp_path, 12 * MIB)
    job = post_file(disk, path, "fills").json()["jobId"]
    end = time.monotonic() + 30
    while disk.flow.status(job) == "waiting" and time.monotonic() < end:
        pass
    while disk.flow.status(job) == "running":
        leave(disk, 0)
    assert disk.flow.status(job) == "failed"
    reason = disk.flow.reason(job)
    assert "upload_0 of local 0" in reason, reason
    assert any(w in reason.lower() for w in ("no space left", "disk is full")), \
        reason
    (disk.work / "filler").unlink()
    assert disk.flow.wait(post_file(disk, path, "fits").json()["jobId"]) == \
        "success"
    disk.flow.finished(SMALL, small_conf())


def test_job_waits_for_files_too(disk):
    subprocess.run(["mount", "-o", "remount,nr_inodes=900", disk.work],
                   check=True)
    seen()
    job = disk.flow.submitted(SMALL, small_conf())
    until(lambda: "more files fit" in pending(disk, job), "the reason")
    subprocess.run(["mount", "-o", "remount,nr_inodes=20000", disk.work],
                   check=True)
    assert disk.flow.wait(job, 20) == "success"


def test_worker_at_its_limit_of_file_sizes_says_so(make_site, tmp_path):
    site = make_site("nginx", {"api": {"workers": 1, "bulk_workers": 1}})
    for pid in site.workers("bulk"):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (MIB, MIB))
    workers = site.workers("bulk")
    is_full(post_file(site, csv(tmp_path, 3 * MIB), "limit"), "too large",
            "spool")
    assert site.spool_files() == []
    assert site.workers("bulk") == workers
    assert post_file(site, csv(tmp_path, MIB // 2), "limit").json()[
        "retcode"] == 0
    site.stop()


def test_full_log_ends_no_program(make_site):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    site = make_site("nginx", {"api": {"workers": 1, "bulk_workers": 1}})
    for name in ("api", "scheduler"):
        site.process(name).stop()
        with contextlib.suppress(FileNotFoundError):
            site.process(name).log.unlink()
        site.process(name).log.symlink_to("/dev/full")
    site.start_pool("api")
    site.start_scheduler()
    job = site.flow.uploaded(ROOT / "examples/data/guest.csv", "example",
                             "example_guest", drop=1)
    assert site.flow.status(job) == "success"
    assert site.pid("api") and site.pid("scheduler")
    site.stop()
