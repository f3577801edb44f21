"""A client's token: one request, one job, however often it comes."""
import concurrent.futures
import copy
import json
import os
import signal
import socket
import threading
import time

import pytest
import requests

import fcgi
from conftest import ROOT, upload_examples
from flow import load
from test_upload_sessions import Transaction

DSL = load(ROOT / "examples/hetero_lr/dsl.json")
CONF = load(ROOT / "examples/hetero_lr/conf.json")
ROWS = b"id,y,x0\n1,0,1.5\n2,1,2.5\n"


@pytest.fixture(scope="module", params=["nginx", "apache"])
def idle(make_site, request):
    """A site without a scheduler, so that what is submitted waits."""
    site = make_site(request.param)
    upload_examples(site)
    site.process("scheduler").stop()
    yield site
    site.stop()


def body(**more):
    conf = copy.deepcopy(CONF)
    conf["algorithm_parameters"]["hetero_lr_0"].update(more)
    return {"job_dsl": DSL, "job_runtime_conf": conf}


def jobs(site):
    return site.sql("SELECT COUNT(*) FROM job_run")[0][0]


def submit(site, what, token, **more):
    return site.flow.call("job/submit", {**what, **more}, headers={
        "Idempotency-Key": token} if token else {})


def test_same_token_and_content_gives_the_same_answer(idle):
    what = body(max_iter=3, nosuch=1)       # with a warning in its answer
    first = submit(idle, what, "a-1")
    assert first.json()["retcode"] == 0, first.json()
    assert first.json()["data"]["warnings"]
    before = jobs(idle)
    # Spaces and the order of keys are no content; the field is the header.
    turned = json.loads(json.dumps(what, sort_keys=True))
    for again in (submit(idle, what, "a-1"), submit(idle, turned, "a-1"),
                  submit(idle, what, None, submit_token="a-1"),
                  submit(idle, what, "a-1", submit_token="a-1")):
        assert (again.status_code, again.content) == (200, first.content)
    assert jobs(idle) == before
    others = [submit(idle, what, t).json()["jobId"] for t in ("A-1", None)]
    assert len({*others, first.json()["jobId"]}) == 3


def test_same_token_and_other_content_is_refused_by_name(idle):
    job = submit(idle, body(max_iter=3), "b-1").json()["jobId"]
    before = jobs(idle)
    for other in (body(max_iter=4), {}, {"job_dsl": DSL}):
        answer = submit(idle, other, "b-1").json()
        assert answer["retcode"] == 100 and "jobId" not in answer
        assert "b-1" in answer["retmsg"] and job in answer["retmsg"]
    assert jobs(idle) == before


def test_token_of_a_job_that_ended_is_still_its_own(idle):
    job = submit(idle, body(max_iter=5), "ended").json()["jobId"]
    idle.flow.ok("job/stop", {"job_id": job})
    assert submit(idle, body(max_iter=5), "ended").json()["jobId"] == job


def test_what_is_refused_leaves_the_token_free(idle):
    assert submit(idle, body(max_iter=-9), "free").json()["retcode"] == 100
    assert submit(idle, body(max_iter=3), "free").json()["retcode"] == 0


@pytest.mark.parametrize("token", ["a b", "x" * 129, "", " ", "\u00e9", 7])
def test_what_is_no_token_is_refused_by_name(idle, token):
    answer = idle.flow.post("job/submit", {**body(), "submit_token": token})
    assert answer["retcode"] == 100
    assert "'submit_token'" in answer["retmsg"]


@pytest.mark.parametrize("token, words", [
    ("a b", "'Idempotency-Key'"), ("x" * 129, "'Idempotency-Key'"),
    ("other", "differ")])
def test_a_header_that_is_no_token_is_refused_by_name(idle, token, words):
    answer = submit(idle, body(), token, submit_token="one").json()
    assert answer["retcode"] == 100 and words in answer["retmsg"]


def at_once(n, work):
    barrier = threading.Barrier(n)

    def one(i):
        barrier.wait()
        return work(i)

    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


@pytest.mark.parametrize("turn", range(3))
def test_twenty_at_once_make_one_job(idle, turn):
    before = int(jobs(idle))
    what = body(max_iter=3)
    answers = at_once(20, lambda i: submit(idle, what, f"race-{turn}"))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    assert answers[0].json()["retcode"] == 0
    assert int(jobs(idle)) == before + 1


def test_of_two_contents_at_once_one_wins(idle):
    before = int(jobs(idle))
    answers = [a.json() for a in at_once(20, lambda i: submit(
        idle, body(max_iter=3 + i % 2), "two"))]
    assert int(jobs(idle)) == before + 1
    won = {a["jobId"] for a in answers if a["retcode"] == 0}
    lost = {a["retmsg"] for a in answers if a["retcode"] == 100}
    assert len(won) == 1 and len(lost) == 1
    assert won.pop() in lost.pop()
    assert sorted(a["retcode"] for a in answers) == [0] * 10 + [100] * 10


def upload(site, token, name, data=ROWS, **more):
    return requests.post(
        f"{site.url}/v1/data/upload", timeout=60,
        params={"work_mode": 0, "head": 1, "partition": 4, "namespace": "tok",
                "table_name": name, "submit_token": token, **more},
        files={"file": ("ten.csv", data, "application/octet-stream")})


def spool(site):
    return {p.name for p in (site.work / "spool").glob("upload-*")}


def test_upload_counts_its_fields_and_its_bytes(idle):
    first = upload(idle, "up", "t")
    assert first.json()["retcode"] == 0
    files = spool(idle)
    assert upload(idle, "up", "t").content == first.content
    for other in (upload(idle, "up", "t", ROWS + b"99,1,1\n"),
                  upload(idle, "up", "u"), upload(idle, "up", "t", drop=1)):
        assert other.json()["retcode"] == 100
        assert first.json()["jobId"] in other.json()["retmsg"]
    answers = at_once(8, lambda i: upload(idle, "up-race", "r"))
    assert len({a.content for a in answers}) == 1
    assert len(spool(idle)) == len(files) + 1   # one file for one job


def test_repeated_upload_is_not_refused_for_its_own_table(site):
    first = upload(site, "own-table", "own").json()
    assert site.flow.wait(first["jobId"]) == "success"
    assert upload(site, "own-table", "own").json() == first
    again = upload(site, "another", "own").json()
    assert again["retcode"] == 100 and "already exists" in again["retmsg"]


LATE = """UPDATE job_run SET submit_token = 'late-{0}'
WHERE submit_token = 'early-{0}'"""


def overtaken(site, name, send, change):
    """(answers of the first request and of its repetition). The repetition
    asks for the token before there is the job, and looks at the tables when
    that has changed them."""
    first = send(f"early-{name}").json()
    assert first["retcode"] == 0, first
    tables = Transaction(site, "LOCK TABLES data_table WRITE")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send, f"late-{name}")
        end = time.monotonic() + 10
        while not site.sql("SELECT 1 FROM information_schema.processlist "
                           "WHERE user = 'fateflow' AND state LIKE "
                           "'Waiting for table metadata lock'"):
            assert time.monotonic() < end
        site.sql(LATE.format(name))
        tables.do(change)
        tables.roll_back()
        return first, answer.result().json()


def test_upload_overtaken_by_its_first_request_is_not_refused(idle):
    before = spool(idle)
    first, again = overtaken(
        idle, "up", lambda token: upload(idle, token, "taken"),
        "INSERT INTO data_table (name_key, namespace, name, version, "
        "is_current, file, row_count, partitions, schema_json, digest, "
        "create_time, deleted) VALUES (UNHEX(SHA2(CONCAT('tok', CHAR(0), "
        "'taken'), 256)), 'tok', 'taken', 1, 1, 'taken', 2, 1, '{}', '', 1, "
        "0)")
    assert again == first
    assert len(spool(idle) - before) == 1
    refused = upload(idle, "other", "taken").json()
    assert "already exists" in refused["retmsg"]


def test_submit_overtaken_by_its_first_request_is_not_refused(idle):
    what = body(max_iter=3)
    table = "name = 'example_guest'"
    first, again = overtaken(
        idle, "job", lambda token: submit(idle, what, token),
        f"UPDATE data_table SET is_current = NULL WHERE {table}")
    assert again == first
    refused = submit(idle, what, "other-job").json()
    assert "there is no table" in refused["retmsg"]
    idle.sql(f"UPDATE data_table SET is_current = 1 WHERE {table}")
    assert submit(idle, what, "other-job").json()["retcode"] == 0


def test_local_file_counts_by_its_name(site):
    (site.input_dir / "tok.csv").write_bytes(ROWS)
    fields = {"use_local_data": 0, "file": "tok.csv", "work_mode": 0,
              "namespace": "tok", "table_name": "local", "head": 1,
              "partition": 2, "submit_token": "local"}
    first = site.flow.post("data/upload", fields)
    assert first["retcode"] == 0
    assert site.flow.wait(first["jobId"]) == "success"
    assert site.flow.post("data/upload", fields) == first
    assert site.flow.post("data/upload", {**fields, "head": 0})[
        "retcode"] == 100


def test_token_outlives_the_worker_that_took_the_request(idle):
    """The client is gone before the answer, and so is the worker."""
    what = body(max_iter=3)
    text = json.dumps({**what, "submit_token": "crash"}).encode()
    params = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/v1/job/submit",
              "CONTENT_TYPE": "application/json",
              "CONTENT_LENGTH": str(len(text))}
    before = int(jobs(idle))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(idle.run / "api.sock"))
        s.sendall(fcgi.request(params, text))
        end = time.monotonic() + 20
        while int(jobs(idle)) == before:
            assert time.monotonic() < end
            time.sleep(0.005)
        for pid in idle.workers("api"):
            os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 20
    while (again := submit(idle, what, "crash")).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert again.json()["retcode"] == 0
    assert int(jobs(idle)) == before + 1
