"""Uploads: many at once, stalled ones, big ones, and files that are odd.

FATEFLOW_ROWS sets the rows of the big file, whose memory is compared with that
of a million rows: 10,000,000 for the full measure, 3,000,000 by default."""
import concurrent.futures
import contextlib
import hashlib
import os
import random
import re
import socket
import sqlite3
import statistics
import threading
import time
import urllib.parse

import pytest

ROWS = int(os.environ.get("FATEFLOW_ROWS", 3_000_000))
SMALL_ROWS = 1_000_000


def test_200_uploads_from_8_clients_all_succeed_once(site, tmp_path):
    files = []
    for i in range(200):
        files.append(tmp_path / f"{i}.csv")
        files[i].write_text("id,a\n" + "".join(f"{j},{i}\n"
                                               for j in range(10)))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda i: site.flow.upload(files[i], "many", f"t{i}"),
            range(200)))
    assert all(a["retcode"] == 0 for a in answers)
    ids = [a["jobId"] for a in answers]
    assert len(set(ids)) == 200
    assert {site.flow.wait(job) for job in ids} == {"success"}
    for i, job in enumerate(ids):
        tasks = site.flow.ok("job/task/query", {"job_id": job})
        assert [t["f_status"] for t in tasks] == ["success"]
        assert tasks[0].get("f_attempt", 0) == 0
        info = site.flow.ok("table/table_info",
                            {"namespace": "many", "table_name": f"t{i}"})
        assert info["count"] == 10


def stall(site):
    """An upload that sends its head and a little, then nothing."""
    at = urllib.parse.urlparse(site.flow.url)
    s = socket.create_connection((at.hostname, at.port), timeout=30)
    s.sendall(b"POST /v1/data/upload?work_mode=0&head=1&partition=1"
              b"&namespace=s&table_name=s HTTP/1.1\r\nHost: x\r\n"
              b"Content-Type: multipart/form-data; boundary=b\r\n"
              b"Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: "
              b"form-data; name=\"file\"; filename=\"k\"\r\n\r\nid,a\n")
    return s


def p99_ms(site, job, n=300):
    took = []
    for _ in range(n):
        start = time.perf_counter()
        site.flow.status(job)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.quantiles(took, n=100)[98]


def test_stalled_uploads_leave_queries_fast(site, tmp_path):
    file = tmp_path / "one.csv"
    file.write_text("id,a\n1,2\n")
    job = site.flow.uploaded(file, "stall", "one")
    stalled = [stall(site) for _ in range(16)]
    try:
        time.sleep(0.3)
        assert p99_ms(site, job) < 100
    finally:
        for s in stalled:
            s.close()


def write_rows(path, n):
    """Random ids, so that the table must be sorted; the lines, by sample."""
    rng = random.Random(n)
    sample = {}
    with open(path, "w") as out:
        out.write("id,a,b,c\n")
        for start in range(0, n, 10000):
            lines = []
            for i in range(start, min(n, start + 10000)):
                key = f"{i * 2654435761 % 2**40:013d}"
                value = f"{rng.random():.9f},{i},{i % 97}"
                lines.append(f"{key},{value}\n")
                if i % (n // 50) == 0:
                    sample[key] = value
            out.write("".join(lines))
    return sample


@contextlib.contextmanager
def watch_memory(site, rss_anon):
    """The highest RssAnon, in bytes, of a bulk worker and of a task process
    meanwhile."""
    peaks = {"worker": 0, "task": 0}
    done = threading.Event()

    def look():
        while not done.wait(0.02):
            for name, pids in (("worker", site.workers("bulk")),
                               ("task", site.tasks())):
                for pid in pids:
                    with contextlib.suppress(OSError, Exception):
                        peaks[name] = max(peaks[name], rss_anon(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


def values_of(site, name, keys, namespace="big"):
    """What the published table file holds for these ids."""
    file = site.sql("SELECT file FROM data_table WHERE name = "
                    f"'{name}' AND namespace = '{namespace}' "
                    "AND is_current = 1")[0][0]
    path = site.root / "work" / "tables" / file
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as table:
        wanted = set(keys)
        return {k: v for k, v in
                ((text(k), text(v)) for k, v in
                 table.execute("SELECT id, value FROM row")) if k in wanted}


def text(value):
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.slow
def test_big_upload_uses_no_more_memory_than_a_small_one(site, tmp_path,
                                                         rss_anon):
    path = tmp_path / "rows.csv"
    peaks = {}
    for name, rows in (("small", SMALL_ROWS), ("big", ROWS)):
        sample = write_rows(path, rows)
        with watch_memory(site, rss_anon) as peaks[name]:
            site.flow.uploaded(path, "big", name, wait=1200)
    info = site.flow.ok("table/table_info",
                        {"namespace": "big", "table_name": "big"})
    assert info["count"] == ROWS
    assert values_of(site, "big", sample) == sample
    print(f"peak RssAnon in bytes, {SMALL_ROWS} and {ROWS} rows: {peaks}")
    for program in ("worker", "task"):
        assert 0 < peaks["big"][program] <= 1.2 * peaks["small"][program]


ODD = {
    "crlf": (b"id,a\r\n1,x\r\n2,y\r\n", "success", 2),
    "no newline at the end": (b"id,a\n1,x\n2,y", "success", 2),
    "duplicate ids": (b"id,a\n1,x\n2,y\n1,z\n", "success", 2),
    "tabs": (b"id\ta\n1\tx\n", "success", 1),
    "bom": (b"\xef\xbb\xbfid,a\n1,x\n", "success", 1),
    "blank lines": (b"id,a\n1,x\n\n2,y\n\n", "success", 2),
    "ragged": (b"id,a,b\n1,x,y\n2,x\n", "failed", "line 3"),
    "empty id": (b"id,a\n1,x\n,y\n", "failed", "line 3"),
    "not utf-8": (b"id,a\n1,\xff\n", "failed", "line 2"),
    "header only": (b"id,a\n", "failed", "no rows"),
    "nothing": (b"", "failed", "empty"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_file_has_a_defined_outcome(site, tmp_path, case):
    content, status, expected = ODD[case]
    file = tmp_path / "odd.csv"
    file.write_bytes(content)
    table = {"namespace": "odd", "table_name": case}
    answer = site.flow.upload(file, **table)
    assert answer["retcode"] == 0, answer
    assert site.flow.wait(answer["jobId"]) == status
    info = site.flow.ok("table/table_info", table)
    if status == "success":
        assert info["count"] == expected
    else:
        assert expected in site.flow.reason(answer["jobId"])
        assert info["count"] == 0


def test_duplicates_are_told(site, tmp_path):
    file = tmp_path / "dup.csv"
    file.write_bytes(ODD["duplicate ids"][0])
    job = site.flow.uploaded(file, "odd", "told")
    entry = site.flow.ok("data/upload/history", {"job_id": job})[0][job]
    assert entry["upload_info"]["upload_count"] == 3
    assert entry["upload_info"]["actual_count"] == 2
    ledger = entry["ledger"]
    assert ledger["read"] == 3 and ledger["stored"] == 2
    assert ledger["rejected"] == 0 and ledger["duplicates"] == 1
    assert len(ledger["reasons"]) == 1
    assert ledger["file_bytes"] == len(ODD["duplicate ids"][0])
    assert ledger["file_sha256"] == hashlib.sha256(
        ODD["duplicate ids"][0]).hexdigest()
    assert re.fullmatch("[0-9a-f]{64}", ledger["digest"])
    info = site.flow.ok("table/table_info",
                        {"namespace": "odd", "table_name": "told"})
    assert info["ledger"] == ledger


def test_uploads_at_once_to_one_name_lose_no_rows(site, tmp_path):
    """Each began when the table was not there; one is published, the others
    fail and say by whom they were forestalled."""
    files = []
    for i in range(4):
        files.append(tmp_path / f"{i}.csv")
        files[i].write_text("id,a\n" + "".join(f"{i}-{j},x\n"
                                               for j in range(20000)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(
            lambda file: site.flow.upload(file, "race", "t"), files))
    jobs = [a["jobId"] for a in answers if a["retcode"] == 0]
    ends = {job: site.flow.wait(job) for job in jobs}
    won = [job for job, end in ends.items() if end == "success"]
    assert len(won) == 1
    for job in set(jobs) - set(won):
        assert won[0] in site.flow.reason(job)
    info = site.flow.ok("table/table_info",
                        {"namespace": "race", "table_name": "t"})
    assert info["count"] == 20000


def test_appending_adds_to_the_table(site, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,a\n1,x\n2,y\n")
    site.flow.uploaded(file, "append", "t")
    file.write_text("id,a\n2,z\n3,w\n")
    site.flow.uploaded(file, "append", "t", drop=0)
    assert values_of(site, "t", "123", "append") == {
        "1": "x", "2": "z", "3": "w"}


def test_second_upload_to_a_table_wants_a_decision(site, tmp_path):
    file = tmp_path / "a.csv"
    table = {"namespace": "twice", "table_name": "t"}

    def count():
        return site.flow.ok("table/table_info", table)["count"]

    file.write_text("id,a\n1,2\n")
    site.flow.uploaded(file, **table)
    for more in ({}, {"drop": 2}, {"work_mode": 1},
                 {"work_mode": 1, "drop": 2}):
        again = site.flow.upload(file, **table, **more)
        assert again["retcode"] == 100
        assert "already exists, table data count:1" in again["retmsg"]
    file.write_text("id,a\n1,2\n3,4\n")
    site.flow.uploaded(file, **table, drop=1)
    assert count() == 2
    file.write_text("id,a\n5,2\n")
    site.flow.uploaded(file, **table, drop=0)
    assert count() == 3
    site.flow.uploaded(file, **table, drop=1)
    assert count() == 1


def local(site, file, name):
    return site.flow.post("data/upload", {
        "use_local_data": 0, "file": str(file), "work_mode": 0, "head": 1,
        "partition": 1, "namespace": "local", "table_name": name})


def test_a_file_of_the_server_is_read_and_kept(site):
    file = site.input_dir / "kept.csv"
    file.write_text("id,a\n1,2\n")
    (site.input_dir / "link.csv").symlink_to(file)
    for i, path in enumerate((file, "kept.csv", "link.csv")):
        answer = local(site, path, f"t{i}")
        assert answer["retcode"] == 0, answer
        assert site.flow.wait(answer["jobId"]) == "success"
    assert file.read_text() == "id,a\n1,2\n"
    assert (site.input_dir / "link.csv").is_symlink()


@pytest.mark.parametrize("path", [
    "/etc/passwd", "../fateflow.conf", "out.csv", "out/passwd", "nosuch.csv",
    "folder", "", "folder/../../fateflow.conf"])
def test_a_file_elsewhere_is_not_read(site, path):
    (site.input_dir / "folder").mkdir(exist_ok=True)
    for name, target in (("out.csv", "/etc/passwd"), ("out", "/etc")):
        if not (site.input_dir / name).is_symlink():
            (site.input_dir / name).symlink_to(target)
    answer = local(site, path, "elsewhere")
    assert answer["retcode"] == 100 and "file" in answer["retmsg"]
    assert "jobId" not in answer
