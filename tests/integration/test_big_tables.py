"""A gigabyte in and out, with workers that stay small."""
import contextlib
import hashlib
import itertools
import os
import signal
import tarfile

import pytest
import requests

from test_upload_sessions import Session, holders
from waits import until
from test_uploads import watch_memory

ROWS = int(os.environ.get("FATEFLOW_BIG_ROWS", 1_000_000))
VALUE = "x" * 1010
LIMIT = 10 << 20     # of RssAnon
HEAD = b"id,a\n"


class Big:
    """The file: rows of 1 KB, and what is known of it."""

    def __init__(self, path):
        self.path = path
        whole, rows = hashlib.sha256(), hashlib.sha256()
        with open(path, "wb") as out:
            for piece in itertools.chain([HEAD], self.pieces()):
                out.write(piece)
                whole.update(piece)
                if piece is not HEAD:
                    rows.update(piece)
        self.sha256, self.rows_sha256 = whole.hexdigest(), rows.hexdigest()
        self.bytes = path.stat().st_size

    @staticmethod
    def pieces():
        for start in range(0, ROWS, 5000):
            yield "".join(f"{i:09d},{VALUE}\n" for i in range(
                start, min(ROWS, start + 5000))).encode()


class Slice:
    """A part of a file as a request's body."""

    def __init__(self, path, start, end):
        self.file, self.left = open(path, "rb"), end - start
        self.file.seek(start)

    def __len__(self):
        return self.left

    def read(self, n=-1):
        out = self.file.read(self.left if n < 0 else min(n, self.left))
        self.left -= len(out)
        return out


def put(s, big, start, end):
    return s.put(start, Slice(big.path, start, end))["data"]["offset"]


def half_a_put(s, big, start, end, stop):
    """Sends until the server has a part of it, then does `stop`."""
    with contextlib.closing(s.stream(start, b"", end - start)) as stream:
        body = Slice(big.path, start, end)
        with contextlib.suppress(OSError):
            while piece := body.read(1 << 20):
                stream.sendall(piece)
                if s.size() > (start + end) // 2:
                    break
        stop(stream)
    until(lambda: not holders(s.site, s.file()), "it is let go")


def kill_worker(s):
    for pid in holders(s.site, s.file()):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def uploaded(site, rss_anon, tmp_path_factory):
    """The big table, uploaded with two interruptions: (job, peak, file)."""
    big = Big(tmp_path_factory.mktemp("big") / "big.csv")
    s = Session(site, b"", "big", file_bytes=big.bytes,
                file_sha256=big.sha256)
    third = big.bytes // 3
    with watch_memory(site, rss_anon) as peaks:
        s.create()
        half_a_put(s, big, 0, third, lambda stream: kill_worker(s))
        at = s.offset()
        assert third // 4 < at < third
        half_a_put(s, big, at, 2 * third, lambda stream: stream.close())
        assert s.create()["offset"] > at     # the client begins anew
        assert put(s, big, s.offset(), big.bytes) == big.bytes
        job = s.ask("finish")["jobId"]
    big.path.unlink()
    assert site.flow.wait(job, 120) == "success"
    yield s, job, peaks["worker"], big
    site.flow.ok("table/delete", {"namespace": "sessions",
                                  "table_name": "big"})


@pytest.mark.slow
def test_an_interrupted_gigabyte_arrives(uploaded):
    s, _, peak, big = uploaded
    info = s.info()
    assert info["count"] == ROWS
    assert info["ledger"]["file_sha256"] == big.sha256
    print(f"peak RssAnon of a worker: {peak} bytes for {big.bytes}")
    assert 0 < peak < LIMIT


def passed_on(site):
    """A job whose component passes the table on as it is; its id."""
    party = {"guest": [9999]}
    return site.flow.finished(
        {"components": {"evaluation_0": {
            "module": "Evaluation", "input": {"data": {"data": [
                "args.train_data"]}}, "output": {"data": ["passed"]}}}},
        {"initiator": {"role": "guest", "party_id": 9999},
         "job_parameters": {"work_mode": 0}, "role": party,
         "role_parameters": {"guest": {
             "args": {"data": {"train_data": [
                 {"namespace": "sessions", "name": "big"}]}},
             "evaluation_0": {"need_run": [False]}}},
         "algorithm_parameters": {}})


@pytest.mark.slow
def test_a_gigabyte_is_downloaded_by_a_small_worker(site, uploaded,
                                                    rss_anon):
    *_, big = uploaded
    job = passed_on(site)
    digest, size = hashlib.sha256(), 0
    with watch_memory(site, rss_anon) as peaks:
        answer = requests.post(
            f"{site.url}/v1/tracking/component/output/data/download",
            json={"job_id": job, "component_name": "evaluation_0",
                  "head": False}, stream=True, timeout=120)
        assert answer.status_code == 200, answer.text
        with tarfile.open(fileobj=answer.raw, mode="r|gz") as archive:
            file = archive.extractfile(archive.next())
            while piece := file.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    print(f"peak RssAnon of a worker: {peaks['worker']} bytes")
    assert (size, digest.hexdigest()) == (big.bytes - len(HEAD),
                                          big.rows_sha256)
    assert 0 < peaks["worker"] < LIMIT
