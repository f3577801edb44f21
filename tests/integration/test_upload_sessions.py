"""Uploads in pieces: what arrived stays, whoever is killed or cut off."""
import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest
import requests

from waits import until


def text_of(rows, start=0):
    return b"id,a\n" + b"".join(b"%d,%d\n" % (i, i * 7)
                                for i in range(start, start + rows))


@pytest.fixture(autouse=True)
def unfinished_ones_go():
    """Other tests of the site look at its spool."""
    yield
    for s in Session.made:
        with contextlib.suppress(requests.RequestException):
            s.ask("cancel")
    Session.made.clear()


class Session:
    """The client's side of one upload."""
    made = []

    def __init__(self, site, content, name, **more):
        self.site, self.content = site, content
        self.params = {
            "work_mode": 0, "namespace": "sessions", "table_name": name,
            "head": 1, "partition": 4, "file_bytes": len(content),
            "file_sha256": hashlib.sha256(content).hexdigest(), **more}
        self.id = None

    def call(self, verb, body=None, **query):
        url = f"{self.site.url}/v1/data/upload/session/{verb}"
        if query:
            return requests.post(
                url, params=query, data=body, timeout=60,
                headers={"Content-Type": "application/octet-stream"}).json()
        return requests.post(url, json=body, timeout=60).json()

    def create(self):
        answer = self.call("create", self.params)
        assert answer["retcode"] == 0, answer
        self.id = answer["data"]["session_id"]
        self.made.append(self)
        return answer["data"]

    def put(self, offset, body):
        return self.call("put", body, session_id=self.id, offset=offset)

    def ask(self, verb):
        return self.call(verb, {"session_id": self.id})

    def offset(self):
        answer = self.ask("query")
        assert answer["retcode"] == 0, answer
        return answer["data"]["offset"]

    def info(self):
        return self.site.flow.ok("table/table_info", {
            "namespace": "sessions", "table_name": self.params["table_name"]})

    def stream(self, offset, body, announced=None):
        """A put of which only `body` is sent; the open socket."""
        at = urllib.parse.urlparse(self.site.url)
        s = socket.create_connection((at.hostname, at.port), timeout=30)
        s.sendall(b"POST /v1/data/upload/session/put?session_id=%s&offset=%d "
                  b"HTTP/1.1\r\nHost: x\r\nContent-Type: "
                  b"application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                  % (self.id.encode(), offset,
                     announced or len(self.content) - offset))
        s.sendall(body)
        return s

    def put_rest(self):
        """As a client does after a failure: asks, then goes on."""
        def try_once():
            at = self.offset()
            return self.put(at, self.content[at:])["retcode"] == 0
        until(try_once, "the rest is taken")

    def size(self):
        return self.file().stat().st_size if self.file().exists() else 0

    def file(self):
        return self.site.work / "spool" / f"session-{self.id}"


PIECE = 65536     # a worker writes when it has so much, or the body's end


def test_an_upload_in_pieces_becomes_the_table(any_site):
    s = Session(any_site, text_of(500), "pieces")
    created = s.create()
    assert created == {"session_id": s.id, "offset": 0,
                       "file_bytes": len(s.content)}
    at = 0
    for step in (1, 1000, 7, len(s.content)):
        answer = s.put(at, s.content[at:at + step])
        at = min(at + step, len(s.content))
        assert answer["data"] == {**created, "offset": at}, answer
    done = s.ask("finish")
    assert done["retcode"] == 0, done
    assert done["data"]["table_name"] == "pieces"
    assert done["data"]["namespace"] == "sessions"
    assert any_site.flow.wait(done["jobId"]) == "success"
    assert s.info()["count"] == 500
    assert s.ask("query")["data"] == {
        **created, "offset": at, "job_id": done["jobId"]}
    until(lambda: not s.file().exists(), "the file goes", 10)


def test_finish_answers_as_an_upload_does_and_again_the_same(site, tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(text_of(3))
    plain = site.flow.upload(file, "sessions", "plain")
    s = Session(site, text_of(3), "again")
    s.create()
    s.put(0, s.content)
    first, second = s.ask("finish"), s.ask("finish")
    assert first == second
    assert sorted(first) == sorted(plain)
    assert sorted(first["data"]) == sorted(plain["data"])
    for key in ("board_url", "job_dsl_path", "logs_directory"):
        assert first["data"][key].replace(first["jobId"], "J") \
            .replace(first["jobId"][:8], "D") == plain["data"][key] \
            .replace(plain["jobId"], "J").replace(plain["jobId"][:8], "D")
    conf = site.sql("SELECT f_runtime_conf FROM job_run WHERE job_id = "
                    f"'{first['jobId']}'")[0][0]
    assert s.params["file_sha256"] in conf
    # Nothing is added to what a job has taken.
    late = s.put(0, b"x")
    assert late["retcode"] == 100 and late["data"]["job_id"] == first["jobId"]
    assert s.ask("cancel")["retcode"] == 100
    assert site.flow.wait(first["jobId"]) == "success"


def test_finishes_at_once_make_one_job(site):
    s = Session(site, text_of(1000), "race")
    s.create()
    s.put(0, s.content)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: s.ask("finish"), range(8)))
    assert {a["retcode"] for a in answers} == {0}
    assert len({a["jobId"] for a in answers}) == 1
    assert site.sql("SELECT COUNT(*) FROM job_run WHERE f_runtime_conf LIKE "
                    f"'%{s.id}%'") == [["1"]]


def test_the_same_file_again_goes_on_with_the_session(site):
    s = Session(site, text_of(10), "resume")
    s.create()
    s.put(0, s.content[:20])
    again = Session(site, s.content, "resume")
    assert again.create()["offset"] == 20
    assert again.id == s.id
    text = Session(site, s.content, "resume", head="1", work_mode="0",
                   file_sha256=s.params["file_sha256"].upper())
    text.create()
    assert text.id == s.id
    other = Session(site, s.content, "resume", partition=5)
    assert other.create()["offset"] == 0
    assert other.id != s.id


def test_a_wrong_offset_is_told_the_true_one(site):
    s = Session(site, text_of(10), "offset")
    s.create()
    s.put(0, s.content[:10])
    for wrong in (0, 9, 11, len(s.content)):
        answer = s.put(wrong, b"zzz")
        assert answer["retcode"] == 100
        assert answer["data"] == {"session_id": s.id, "offset": 10,
                                  "file_bytes": len(s.content)}
        assert str(wrong) in answer["retmsg"] and "10" in answer["retmsg"]
    assert s.file().read_bytes() == s.content[:10]


def test_a_large_body_at_a_wrong_offset_is_answered_too(any_site):
    s = Session(any_site, b"id,a\n" + b"x" * (20 << 20), "large")
    s.create()
    answer = s.put(7, s.content)
    assert answer["retcode"] == 100 and answer["data"]["offset"] == 0


def test_nothing_is_stored_beyond_the_announced_length(site):
    s = Session(site, text_of(10), "beyond")
    s.create()
    answer = s.put(0, s.content + b"more")
    assert answer["retcode"] == 100 and "file_bytes" in answer["retmsg"]
    assert answer["data"]["offset"] == len(s.content)
    assert s.file().read_bytes() == s.content


def test_an_unfinished_or_other_file_is_not_taken(site):
    s = Session(site, text_of(10), "digest")
    s.create()
    s.put(0, s.content[:-1])
    answer = s.ask("finish")
    assert answer["retcode"] == 100
    assert answer["data"]["offset"] == len(s.content) - 1
    s.put(len(s.content) - 1, b"x")
    answer = s.ask("finish")
    assert answer["retcode"] == 100 and "SHA-256" in answer["retmsg"]
    assert answer["data"]["offset"] == 0
    assert s.offset() == 0
    s.put(0, s.content)
    assert s.ask("finish")["retcode"] == 0


def test_a_cut_connection_keeps_what_arrived(any_site):
    s = Session(any_site, text_of(20000), "cut")
    s.create()
    half = len(s.content) // 2
    stream = s.stream(0, s.content[:half])
    until(lambda: s.size() >= PIECE, "a piece is there")
    stream.close()
    until(lambda: not holders(any_site, s.file()), "it is let go")
    assert PIECE <= s.offset() <= half
    s.put_rest()
    assert any_site.flow.wait(s.ask("finish")["jobId"]) == "success"
    assert s.info()["count"] == 20000


def test_a_second_put_at_once_is_refused(site):
    s = Session(site, text_of(20000), "two")
    s.create()
    with contextlib.closing(s.stream(0, s.content[:PIECE + 1000])):
        until(lambda: s.size() == PIECE, "the piece is there")
        answer = s.put(PIECE, s.content[PIECE:])
        assert answer["retcode"] == 100, answer
        assert "another request" in answer["retmsg"]
        assert answer["data"]["offset"] == PIECE
        assert s.ask("finish")["retcode"] == 100
        assert s.offset() == PIECE
    s.put_rest()
    assert s.file().read_bytes() == s.content


def test_a_killed_worker_loses_nothing_that_was_seen(site):
    s = Session(site, text_of(50000), "killed")
    s.create()
    half = len(s.content) // 2
    with contextlib.closing(s.stream(0, s.content[:half])):
        until(lambda: s.size() >= PIECE, "a piece is there")
        for pid in holders(site, s.file()):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not holders(site, s.file()), "it is let go")
    assert PIECE <= s.offset() <= half
    s.put_rest()
    assert site.flow.wait(s.ask("finish")["jobId"]) == "success"
    assert s.info()["count"] == 50000


def holders(site, path):
    """Bulk workers that have the file open."""
    found = []
    for pid in site.workers("bulk"):
        with contextlib.suppress(OSError):
            fds = os.listdir(f"/proc/{pid}/fd")
            if any(os.path.realpath(f"/proc/{pid}/fd/{fd}") == str(path)
                   for fd in fds):
                found.append(pid)
    return found


def test_cancel_removes_session_and_file(site):
    s = Session(site, text_of(10), "cancel")
    s.create()
    s.put(0, s.content)
    assert s.file().exists()
    assert s.ask("cancel")["retcode"] == 0
    assert not s.file().exists()
    for verb in ("query", "finish", "cancel"):
        answer = s.ask(verb)
        assert answer["retcode"] == 101 and s.id in answer["retmsg"]
    assert s.put(0, b"x")["retcode"] == 101
    assert not s.file().exists()
    assert site.sql("SELECT COUNT(*) FROM upload_session WHERE session_id = "
                    f"'{s.id}'") == [["0"]]


@pytest.mark.parametrize("change, told", [
    ({"file_bytes": -1}, "file_bytes"),
    ({"file_bytes": "many"}, "file_bytes"),
    ({"file_sha256": "12"}, "file_sha256"),
    ({"file_sha256": "g" * 64}, "file_sha256"),
    ({"file_sha256": "0" * 65}, "file_sha256"),
    ({"head": "x"}, "head"),
    ({"drop": 3}, "drop"),
    ({"work_mode": 1}, "cluster mode"),
    ({"namespace": "n" * 513}, "namespace"),
    ({"file_name": "n" * 256}, "file_name"),
])
def test_a_bad_parameter_is_named(site, change, told):
    s = Session(site, b"id,a\n1,2\n", "bad")
    before = site.sql("SELECT COUNT(*) FROM upload_session")
    answer = s.call("create", {**s.params, **change})
    assert answer["retcode"] == 100 and told in answer["retmsg"]
    assert site.sql("SELECT COUNT(*) FROM upload_session") == before


def test_what_is_missing_is_named_as_fate_does(site):
    s = Session(site, b"", "missing")
    assert s.call("create", {"work_mode": 0, "head": 1})["retmsg"] == (
        "the following arguments are required: "
        "namespace,table_name,partition ")
    del s.params["file_sha256"]
    assert "file_sha256" in s.call("create", s.params)["retmsg"]


@pytest.mark.parametrize("id_", ["../../etc/passwd", "0" * 32, "", "x" * 65])
def test_an_unknown_session_is_no_file_name(site, id_):
    s = Session(site, b"", "unknown")
    s.id = id_
    for answer in (s.ask("query"), s.ask("finish"), s.ask("cancel"),
                   s.put(0, b"x")):
        assert answer["retcode"] in (100, 101) and "session" in answer[
            "retmsg"]
        assert "data" not in answer


def test_a_table_that_is_there_wants_a_decision(site, tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(text_of(3))
    site.flow.uploaded(file, "sessions", "there")
    s = Session(site, text_of(2, 3), "there")
    assert "already exists" in s.call("create", s.params)["retmsg"]
    s.params["drop"] = 0
    s.create()
    s.put(0, s.content)
    assert site.flow.wait(s.ask("finish")["jobId"]) == "success"
    assert s.info()["count"] == 5


def test_the_upload_limit_is_told_before_the_first_byte(make_site):
    site = make_site(options={"api": {"upload_limit": "1K"}})
    s = Session(site, b"x" * 1025, "limit")
    answer = s.call("create", s.params)
    assert answer["retcode"] == 100
    assert "api.upload_limit" in answer["retmsg"]
    site.stop()


def test_an_old_session_goes_with_its_file(make_site):
    site = make_site(options={"api": {"upload_session_ttl": "2s"}})
    s = Session(site, text_of(10), "old")
    s.create()
    s.put(0, s.content[:10])
    other = Session(site, text_of(11), "finished")
    other.create()
    other.put(0, other.content)
    job = other.ask("finish")["jobId"]
    assert site.flow.wait(job) == "success"
    until(lambda: not s.file().exists(), "the file goes", 10)
    until(lambda: site.sql("SELECT session_id FROM upload_session") == [],
          "its row goes", 10)
    assert s.ask("query")["retcode"] == 101
    assert s.create()["offset"] == 0
    site.stop()


def test_the_file_of_a_session_that_is_over_goes_once_it_is_free(make_site):
    """As it is made once more by a request that opens it too late, and that
    cannot tell because its database is gone."""
    site = make_site()
    done, given_up, open_, waiting = (
        Session(site, text_of(n), f"over{n}") for n in range(3, 7))
    for s in (done, given_up, open_, waiting):
        s.create()
        s.put(0, s.content)
    assert site.flow.wait(done.ask("finish")["jobId"]) == "success"
    given_up.ask("cancel")
    site.process("scheduler").stop()
    job = waiting.ask("finish")["jobId"]
    nobodys = site.work / "spool" / f"session-{'0' * 32}"
    over = [nobodys, done.file(), given_up.file()]
    for path in over:
        path.write_text("")
    for path in over + [open_.file(), waiting.file()]:
        os.utime(path, (1, 1))
    site.sql(f"UPDATE job_run SET status = 'running', owner = 9 "
             f"WHERE job_id = '{job}'")
    site.sql("INSERT INTO scheduler_instance (id, host, pid, boot_id, "
             "started_at, expires_at) VALUES (9, 'elsewhere', 1, 'x', "
             "UTC_TIMESTAMP(3), '2100-01-01')")
    with done.file().open("r+") as worker:
        fcntl.lockf(worker, fcntl.LOCK_EX)
        site.start_scheduler()
        until(lambda: not nobodys.exists() and not given_up.file().exists(),
              "what is over and free goes")
        assert done.file().exists()
    site.process("scheduler").stop()
    site.start_scheduler()
    until(lambda: not done.file().exists(), "it goes once it is free")
    assert open_.file().exists() and waiting.file().exists()
    site.stop()


class Transaction:
    """One that stays open, and its row locks with it."""

    def __init__(self, site, *statements):
        self.client = subprocess.Popen(
            ["mariadb", "--no-defaults", f"--socket={site.db_socket}",
             "-u", "root", "fateflow", "-N", "-B", "--unbuffered"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        text = ";\n".join(("BEGIN",) + statements + ("SELECT 'open'", ""))
        self.client.stdin.write(text)
        self.client.stdin.flush()
        assert self.client.stdout.readline() == "open\n"

    def do(self, statement):
        self.client.stdin.write(f"{statement};\nSELECT 'done';\n")
        self.client.stdin.flush()
        assert self.client.stdout.readline() == "done\n"

    def roll_back(self):
        self.client.communicate("ROLLBACK;\n")
        assert self.client.returncode == 0


def test_an_upload_that_no_job_took_goes_once_it_is_free(make_site):
    """As a worker leaves it that is killed between the file and its job."""
    site = make_site(options={"api": {"upload_session_ttl": "1s"}})
    file = site.root / "x.csv"
    file.write_bytes(text_of(3))
    site.flow.uploaded(file, "sessions", "ended")
    lost, held, in_doubt, young, mine = paths = [
        site.work / "spool" / name for name in
        [f"upload-{digit * 32}" for digit in "0123"] + ["upload-of-mine"]]
    transaction = Transaction(
        site, "UPDATE job_run SET live = 1, f_runtime_conf = "
        f"CONCAT(f_runtime_conf, '{in_doubt}') WHERE kind = 'upload'")
    for path in paths:
        path.write_text("x")
    with held.open("r+") as worker:
        fcntl.lockf(worker, fcntl.LOCK_EX)
        for path in paths:
            os.utime(path, (1, 1))
        soon = time.time() + 3600   # however long this takes
        os.utime(young, (soon, soon))
        time.sleep(5)
        assert in_doubt.exists()
        transaction.roll_back()
        until(lambda: not lost.exists() and not in_doubt.exists(),
              "what no job took goes")
        assert held.exists() and young.exists() and mine.exists()
    os.utime(young, (1, 1))
    until(lambda: not held.exists() and not young.exists(),
          "what was held or young goes")
    assert mine.exists()
    site.stop()


def test_an_upload_goes_whose_worker_is_killed_before_its_job_is_stored(
        make_site):
    site = make_site(options={"api": {"upload_session_ttl": "1s"}})
    file = site.root / "x.csv"
    file.write_bytes(text_of(3))
    site.flow.uploaded(file, "sessions", "ended")
    # The worker waits for whoever else has its token.
    transaction = Transaction(site, "UPDATE job_run SET submit_token = 'it'")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(
            requests.post, f"{site.url}/v1/data/upload", timeout=60,
            params={"work_mode": 0, "head": 1, "partition": 4,
                    "namespace": "sessions", "table_name": "lost",
                    "submit_token": "it"},
            files={"file": ("x.csv", text_of(4))})
        until(site.spool_files, "the upload is there")
        lost, = ((site.work / "spool" / f) for f in site.spool_files())
        os.utime(lost, (1, 1))
        with lost.open("r+") as other, pytest.raises(BlockingIOError):
            fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not answer.done()
        for pid in site.workers("bulk"):
            os.kill(pid, signal.SIGKILL)
        assert answer.result().status_code in (502, 503, 504)
    transaction.roll_back()
    until(lambda: not lost.exists(), "it goes", 10)
    assert site.sql("SELECT COUNT(*) FROM job_run") == [["1"]]
    site.stop()
