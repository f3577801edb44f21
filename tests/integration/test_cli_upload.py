"""Uploads by parts: what is sent, and that neither a broken connection nor a
crash of either side costs more than the part that was on its way."""
import hashlib
import json
import os
import signal
import time

import pytest

import private_site
from cli_run import (OK, REFUSED, SUCCESS, UNREACHABLE, USAGE, json_answer, upload_conf)

CREATE, PUT, QUERY, FINISH, CANCEL = (
    f"/v1/data/upload/session/{word}"
    for word in ("create", "put", "query", "finish", "cancel"))
DONE = {**SUCCESS, "jobId": "42",
        "data": {"namespace": "cli", "table_name": "parts"}}


class Sessions:
    """The server's side: one session. faults: what the next puts meet, each
    the bytes that arrive before the connection breaks, a status, or None."""

    def __init__(self, faults=(), status=None):
        self.content = b""
        self.created = None
        self.faults = list(faults)
        self.status = status    # of every answer from now on

    def limit(self, path, n):
        fault = self.faults[0] if self.faults and PUT in path else None
        return fault if fault is not None and fault < 400 else n

    def state(self, **more):
        return {**SUCCESS, **more, "data": {
            "session_id": "s1", "offset": len(self.content),
            "file_bytes": self.created["file_bytes"]}}

    def __call__(self, asked):
        if self.status:
            return json_answer({"retcode": 100, "retmsg": "not now"},
                               self.status)
        if asked.path == PUT:
            return self.put(asked)
        body = json.loads(asked.body)
        if asked.path == CREATE:
            if self.created and self.created["file_sha256"] != \
                    body["file_sha256"]:
                self.content = b""
            self.created = body
            return self.state()
        assert asked.path in (QUERY, FINISH, CANCEL)
        assert body == {"session_id": "s1"}
        return self.finish() if asked.path == FINISH else self.state()

    def put(self, asked):
        assert asked.query["session_id"] == "s1"
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and fault >= 400:
            return json_answer({"retcode": 100, "retmsg": "later"}, fault)
        if int(asked.query["offset"]) != len(self.content):
            return self.state(retcode=100, retmsg="a wrong offset")
        self.content += asked.body
        return self.state() if fault is None else None

    def finish(self):
        if hashlib.sha256(self.content).hexdigest() != \
                self.created["file_sha256"]:
            self.content = b""
            return self.state(retcode=100, retmsg="file_sha256 differs")
        return DONE


@pytest.fixture
def conf(tmp_path):
    path = upload_conf(tmp_path, "parts")
    (tmp_path / "ten.csv").write_bytes(os.urandom(2500))
    return path


def puts(server):
    return [(int(a.query["offset"]), len(a.body)) for a in server.asked
            if a.path == PUT]


def paths(server):
    return [a.path.rsplit("/", 1)[1] for a in server.asked]


RESUME = ["upload", "--resume", "--part-size", "1000", "-c"]


def test_parts_are_sent_and_the_document_is_that_of_an_upload(stand_in, conf):
    sessions = Sessions()
    server, cli = stand_in(sessions)
    content = (conf.parent / "ten.csv").read_bytes()
    assert cli.ok(*RESUME, conf, "-drop", "1") == DONE
    assert sessions.content == content
    assert paths(server) == ["create", "put", "put", "put", "finish"]
    assert puts(server) == [(0, 1000), (1000, 1000), (2000, 500)]
    assert {a.method for a in server.asked} == {"POST"}
    assert [a.headers["Content-Type"] for a in server.asked] == [
        "application/json", *["application/octet-stream"] * 3,
        "application/json"]
    assert sessions.created == {
        "function": "upload", "config": str(conf), "head": 1, "partition": 4,
        "work_mode": 0, "namespace": "cli", "table_name": "parts",
        "drop": "1", "file_bytes": 2500, "file_name": "ten.csv",
        "file_sha256": hashlib.sha256(content).hexdigest()}


def test_default_part_holds_a_small_file(stand_in, conf):
    server, cli = stand_in(Sessions())
    cli.ok("upload", "--resume", "-c", conf)
    assert puts(server) == [(0, 2500)]


@pytest.mark.parametrize("faults, expected", [
    ([None, 300], [(0, 1000), (1000, 300), (1300, 1000), (2300, 200)]),
    ([0, 0], [(0, 0), (0, 0), (0, 1000), (1000, 1000), (2000, 500)]),
    ([503, None, 429], [(0, 1000), (0, 1000), (1000, 1000), (1000, 1000),
                        (2000, 500)]),
])
def test_broken_part_goes_on_from_what_arrived(stand_in, conf, faults,
                                               expected):
    sessions = Sessions(faults)
    server, cli = stand_in(sessions)
    assert cli.ok(*RESUME, conf) == DONE
    assert puts(server) == expected
    assert paths(server).count("query") == len([f for f in faults
                                                if f is not None])
    assert sessions.content == (conf.parent / "ten.csv").read_bytes()


def test_wrong_offset_is_put_right_by_the_answer(stand_in, conf):
    sessions = Sessions()
    put = sessions.put

    def lose(asked):
        if len(puts(server)) == 2:      # what was kept is gone
            sessions.content = b""
        return put(asked)
    sessions.put = lose
    server, cli = stand_in(sessions)
    assert cli.ok(*RESUME, conf) == DONE
    assert puts(server) == [(0, 1000), (1000, 1000), (0, 1000), (1000, 1000),
                            (2000, 500)]


def test_part_that_takes_longer_than_the_timeout_is_no_standstill(stand_in,
                                                                  conf):
    sessions = Sessions([300])
    put = sessions.put

    def slow(asked):
        if asked.query["offset"] == "0":
            time.sleep(1.5)
        return put(asked)
    sessions.put = slow
    server, cli = stand_in(sessions)
    assert cli.ok(*RESUME, conf, "--timeout", "1") == DONE
    assert puts(server) == [(0, 300), (300, 1000),
                            (1300, 1000), (2300, 200)]


def test_next_run_goes_on_where_one_gave_up(stand_in, conf):
    sessions = Sessions([None, 300])

    def gone(asked):
        if asked.path == QUERY:
            sessions.status = 503
        return sessions(asked)
    gone.limit = sessions.limit
    _, cli = stand_in(gone)
    answer, code = cli(*RESUME, conf, "--timeout", "1")
    assert code == UNREACHABLE
    assert {k: answer[k] for k in answer if k != "retmsg"} == {
        "retcode": 100, "session_id": "s1", "offset": 1000,
        "file_bytes": 2500}
    assert "1000 of 2500 bytes have arrived" in answer["retmsg"]
    assert "--resume goes on" in answer["retmsg"]
    sessions.status = None
    server, cli = stand_in(sessions)
    assert cli.ok(*RESUME, conf) == DONE
    assert puts(server) == [(1300, 1000), (2300, 200)]


def test_killed_run_is_resumed_by_the_next(stand_in, conf):
    sessions = Sessions()
    put = sessions.put

    def hang(asked):
        if int(asked.query["offset"]) == 1000:
            time.sleep(1)
        return put(asked)
    sessions.put = hang
    server, cli = stand_in(sessions)
    child = cli.start("-f", *RESUME, conf)
    private_site.wait_for("the second part",
                          lambda: len(puts(server)) == 2)
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=10)
    sessions.put = put
    private_site.wait_for("the part to be kept",
                          lambda: len(sessions.content) == 2000)
    assert cli.ok(*RESUME, conf) == DONE
    assert puts(server)[2:] == [(2000, 500)]


def test_server_that_restarts_meanwhile_is_waited_for(stand_in, conf):
    sessions = Sessions([None, 0])
    tries = []

    def restarting(asked):
        if asked.path == QUERY and len(tries) < 3:
            tries.append(1)
            return None
        return sessions(asked)
    restarting.limit = sessions.limit
    _, cli = stand_in(restarting)
    assert cli.ok(*RESUME, conf) == DONE
    assert len(tries) == 3


def test_broken_finish_is_asked_again(stand_in, conf):
    sessions, breaks = Sessions(), [None, json_answer({"retcode": 100}, 502)]

    def answer(asked):
        return breaks.pop() if asked.path == FINISH and breaks \
            else sessions(asked)
    server, cli = stand_in(answer)
    assert cli.ok(*RESUME, conf) == DONE
    assert paths(server)[-3:] == ["finish"] * 3


def test_refusals_are_printed(stand_in, conf):
    sessions = Sessions()
    refusal = {"retcode": 100, "retmsg": "head is 7, expected 0 or 1"}
    for path, answer in [(CREATE, refusal), (PUT, refusal),
                         (FINISH, {**refusal, "data": {"offset": 0}})]:
        _, cli = stand_in(lambda asked: answer if asked.path == path
                          else sessions(asked))
        assert cli(*RESUME, conf) == (answer, REFUSED)
        sessions = Sessions()


@pytest.mark.parametrize("data", [None, {"session_id": "s1"}, {"offset": 0},
                                  {"session_id": "s1", "offset": 2501},
                                  {"session_id": "s1", "offset": -1}])
def test_answer_that_makes_no_sense_is_no_success(stand_in, conf, data):
    _, cli = stand_in(lambda asked: {**SUCCESS, "data": data})
    answer, code = cli(*RESUME, conf)
    assert (answer["retcode"], code) == (100, REFUSED)
    assert "session_id" in answer["retmsg"]


def test_offset_that_never_grows_ends_in_time(stand_in, conf):
    _, cli = stand_in(lambda asked: {**SUCCESS, "data": {
        "session_id": "s1", "offset": 5}})
    answer, code = cli(*RESUME, conf, "--timeout", "1")
    assert (answer["offset"], code) == (5, UNREACHABLE)


def test_file_that_changes_meanwhile_is_given_up(stand_in, conf):
    sessions = Sessions()
    put = sessions.put

    def touch(asked):
        (conf.parent / "ten.csv").write_bytes(b"x" * 2500)
        return put(asked)
    sessions.put = touch
    server, cli = stand_in(sessions)
    answer, code = cli(*RESUME, conf)
    assert (answer["retcode"], code) == (100, USAGE)
    assert "changed while it was sent" in answer["retmsg"]
    assert paths(server) == ["create", "put", "cancel"]


@pytest.mark.parametrize("words, text", [
    (["--resume", "--no-resume"], "exclude each other"),
    (["--resume", "--part-size", "0"], "--part-size is 0"),
    (["--resume", "-i", "/dev/null"], "no regular file"),
])
def test_wrong_wishes_are_told(stand_in, conf, words, text):
    server, cli = stand_in(Sessions())
    answer, code = cli("upload", "-c", conf, *words)
    assert (answer["retcode"], code) == (100, USAGE)
    assert text in answer["retmsg"]
    assert server.asked == []


def test_path_of_the_server_cannot_be_resumed(stand_in, tmp_path):
    server, cli = stand_in(Sessions())
    conf = upload_conf(tmp_path, "there", use_local_data=0)
    answer, code = cli("upload", "--resume", "-c", conf)
    assert (answer["retcode"], code) == (100, USAGE)
    assert server.asked == []


def test_parts_show_progress(stand_in, conf):
    _, cli = stand_in(Sessions())
    out = cli.run("-f", *RESUME, conf, "-verbose", "1")
    assert json.loads(out.stdout) == DONE
    assert "100% digested 2.5 kB of 2.5 kB" in out.stderr
    assert "100% uploaded 2.5 kB of 2.5 kB" in out.stderr


# ---- by itself ----

@pytest.fixture
def large(tmp_path):
    conf = upload_conf(tmp_path, "large")
    with open(tmp_path / "ten.csv", "wb") as out:
        out.truncate(64 << 20)
    return conf


def test_large_file_goes_by_parts_unasked(stand_in, large):
    server, cli = stand_in(Sessions())
    assert cli.ok("upload", "-c", large) == DONE
    assert puts(server) == [(i << 23, 8 << 20) for i in range(8)]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_server_without_sessions_gets_a_large_file_whole(stand_in, large,
                                                         status):
    def answer(asked):
        if asked.path == "/v1/data/upload":
            return DONE
        return json_answer({"retcode": 100, "retmsg": "not here"}, status)
    server, cli = stand_in(answer)
    assert cli.ok("upload", "-c", large) == DONE
    assert [a.path for a in server.asked] == [CREATE, "/v1/data/upload"]
    assert len(server.asked[1].body) > 64 << 20
    answer, code = cli("upload", "--resume", "-c", large)
    assert (answer["retmsg"], code) == ("not here", REFUSED)


def test_large_file_goes_whole_when_that_is_wished(stand_in, large):
    server, cli = stand_in(lambda asked: DONE)
    assert cli("upload", "-c", large, "--no-resume") == (DONE, OK)
    assert [a.path for a in server.asked] == ["/v1/data/upload"]


# ---- a real site ----

def test_site_makes_the_same_table_by_parts(cli, tmp_path):
    conf = upload_conf(tmp_path, "by_parts")
    answer, code = cli(*RESUME, conf, "--wait", "-drop", "1")
    assert (answer["job"]["status"], code) == ("success", OK)
    info = cli.ok("table_info", "-n", "cli", "-t", "by_parts")
    assert info["data"]["count"] == 10


def test_site_has_every_row_though_the_client_was_killed(cli, tmp_path):
    conf = upload_conf(tmp_path, "killed")
    (tmp_path / "ten.csv").write_text(
        "id,x0\n" + "".join(f"{i},{i}.25\n" for i in range(400000)))
    words = ["upload", "--resume", "--part-size", "64K", "-c", conf,
             "-verbose", "1"]
    child = cli.start("-f", *words)
    seen = ""
    while " uploaded " not in seen:
        piece = child.stderr.read(20)
        assert piece, seen
        seen += piece
    child.kill()
    child.communicate(timeout=10)
    out = cli.run("-f", *words, "--wait")
    assert json.loads(out.stdout)["job"]["status"] == "success"
    info = cli.ok("table_info", "-n", "cli", "-t", "killed")
    assert info["data"]["count"] == 400000
