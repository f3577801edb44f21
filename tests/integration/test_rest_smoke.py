"""The REST face behind each web server: bodies of every kind, big and small,
good and bad, and a worker that dies in the middle of a request."""
import http.client
import io
import json
import os
import select
import signal
import socket
import tarfile
import time
import urllib.parse

import pytest

ROWS = b"id,y,x0\n" + b"".join(b"%d,%d,%d.5\n" % (i, i % 2, i)
                               for i in range(10))


@pytest.fixture(scope="module")
def table(any_site, tmp_path_factory):
    file = tmp_path_factory.mktemp("smoke") / "ten.csv"
    file.write_bytes(ROWS)
    any_site.flow.uploaded(file, "smoke", "ten")
    return {"namespace": "smoke", "table_name": "ten"}


def test_health_answers_ok(any_site):
    answer = any_site.flow.call("health", method="GET")
    assert answer.status_code == 200
    assert answer.json()["retcode"] == 0


def test_uploaded_table_is_described(any_site, table):
    data = any_site.flow.ok("table/table_info", table)
    assert data == {**table, "count": 10, "partition": 4,
                    "schema": {"header": "y,x0", "sid": "id"}} | {
                        k: v for k, v in data.items() if k == "ledger"}


def test_get_with_a_body_is_read(any_site, table):
    job = any_site.flow.ok("data/upload/history", {})[0]
    answer = any_site.flow.call(
        "tracking/component/output/data/download", method="GET",
        body={"job_id": next(iter(job)), "component_name": "upload_0",
              "role": "local", "party_id": 0})
    assert answer.headers["Content-Type"].startswith(
        ("application/json", "application/x-tar"))
    answer = any_site.flow.call("job/query", {"job_id": next(iter(job))},
                                method="POST")
    assert answer.json()["retcode"] == 0


def raw(site, head, body=b""):
    """One request sent byte for byte; the status and the body, which must be
    JSON by its type."""
    at = urllib.parse.urlparse(site.flow.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as s:
        s.sendall(head.replace(b"\n", b"\r\n") + body)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status, answer.read()


def test_chunked_body_is_read(any_site):
    body = json.dumps({"job_id": "nope"}).encode()
    status, text = raw(
        any_site, b"POST /v1/job/query HTTP/1.1\nHost: x\nConnection: close\n"
        b"Content-Type: application/json\nTransfer-Encoding: chunked\n\n",
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    assert status == 200
    assert json.loads(text) == {"retcode": 101, "retmsg": "find job failed"}


@pytest.mark.parametrize("chunked", [False, True])
def test_upload_of_50_megabytes_arrives_whole(any_site, tmp_path, chunked):
    file = tmp_path / "big.csv"
    with open(file, "wb") as out:
        out.write(b"id,a\n")
        for i in range(50):
            out.write(b"".join(b"%d,%s\n" % (i * 1000 + j, b"z" * 1000)
                               for j in range(1000)))
    name = f"big{int(chunked)}"
    if not chunked:
        any_site.flow.uploaded(file, "smoke", name)
    else:
        boundary = b"smokeboundary"
        head = (b"--" + boundary + b"\r\nContent-Disposition: form-data; "
                b"name=\"file\"; filename=\"big.csv\"\r\n\r\n")
        tail = b"\r\n--" + boundary + b"--\r\n"
        parts = [head, file.read_bytes(), tail]
        import requests
        answer = requests.post(
            f"{any_site.flow.url}/v1/data/upload", data=iter(parts),
            params={"work_mode": 0, "head": 1, "partition": 4,
                    "namespace": "smoke", "table_name": name},
            headers={"Content-Type": "multipart/form-data; boundary=" +
                     boundary.decode()}, timeout=120).json()
        assert answer["retcode"] == 0, answer
        assert any_site.flow.wait(answer["jobId"]) == "success"
    info = any_site.flow.ok("table/table_info",
                            {"namespace": "smoke", "table_name": name})
    assert info["count"] == 50000


def bad_cases():
    jq = b"POST /v1/job/query HTTP/1.1\nHost: x\nConnection: close\n"
    js = b"Content-Type: application/json\n"

    def sized(body, head=jq + js):
        return head + b"Content-Length: %d\n\n" % len(body), body

    return {
        "no json": (sized(b"{"), 400, "not valid JSON"),
        "trailing text": (sized(b"{} {}"), 400, "after"),
        "not utf-8": (sized(b"\"\xff\""), 400, "UTF-8"),
        "deep": (sized(b"[" * 5000), 400, "nested"),
        "a list": (sized(b"[]"), 200, "object"),
        "wrong type": (sized(b'{"job_id": {"a": 1}}'), 200, "job_id"),
        "over-long": (sized(b'{"job_id": "' + b"9" * 600 + b'"}'), 200,
                      "job_id"),
        "unknown path": (sized(b"{}", jq.replace(b"job/query", b"job/nosuch")
                               + js), 404, "/v1/job/nosuch"),
        "unknown mount": (sized(b"{}", jq.replace(b"v1/job/query", b"v9") +
                                js), 404, None),
        "wrong method": (sized(b"{}", jq.replace(b"POST", b"DELETE") + js),
                         405, "DELETE"),
        "body over the worker's limit": (
            sized(b'{"a": "' + b"x" * (8 << 20) + b'"}'), 413,
            "api.body_limit"),
        "body over the web server's limit": (
            sized(b'{"a": "' + b"x" * (64 << 20) + b'"}'), 413, None),
    }


@pytest.mark.parametrize("case", bad_cases())
def test_bad_input_gets_the_envelope(any_site, case):
    (head, body), status, words = bad_cases()[case]
    try:
        got, text = raw(any_site, head, body)
    except (BrokenPipeError, ConnectionResetError):
        if status != 413:
            raise
        got, text = raw(any_site, head)  # the limit is known from the head
    answer = json.loads(text)
    assert got == status, answer
    assert answer["retcode"] != 0
    assert answer["retmsg"]
    if words:
        assert words in answer["retmsg"]


def test_upload_without_a_part_names_it(any_site):
    answer = any_site.flow.call("data/upload?work_mode=0&head=1&partition=1"
                                "&namespace=a&table_name=b")
    assert answer.status_code in (200, 400)
    assert "file" in answer.json()["retmsg"]


def test_upload_without_fields_names_them_all(any_site, tmp_path):
    import requests
    answer = requests.post(f"{any_site.flow.url}/v1/data/upload",
                           params={"namespace": "a"}, timeout=30,
                           files={"file": ("f", io.BytesIO(b"1,2\n"))}).json()
    assert answer["retcode"] == 100
    for field in ("work_mode", "head", "partition", "table_name"):
        assert field in answer["retmsg"]


def test_upload_over_the_limit_gets_413(make_site, tmp_path):
    site = make_site(options={"api": {"upload_limit": "1M"}})
    file = tmp_path / "big.csv"
    file.write_bytes(b"id,a\n" + b"1,2\n" * (1 << 18))
    answer = site.flow.upload(file, "smoke", "big")
    assert answer["retcode"] == 100
    assert "api.upload_limit" in answer["retmsg"]
    assert site.spool_files() == []
    site.stop()


def test_download_of_an_unknown_job_gets_the_envelope(any_site):
    answer = any_site.flow.call(
        "tracking/component/output/data/download", method="GET",
        body={"job_id": "20990101000000000000001", "role": "guest",
              "party_id": 1, "component_name": "x_0"})
    assert answer.status_code in (200, 500)
    assert answer.json()["retcode"] != 0


def test_stop_do_of_an_ended_job_changes_nothing(any_site, small_lr_job):
    answer = any_site.flow.post("job/stop/do", {"job_id": small_lr_job})
    assert answer == {"retcode": 0, "retmsg": "kill job success"}
    assert any_site.flow.status(small_lr_job) == "success"


def answer_while_sending(s, piece, seconds=30):
    """What comes back to a client that goes on sending, as one with a file
    at hand does. A silent one would only be told at the web server's next
    look at it, which Apache takes after its Timeout."""
    end = time.monotonic() + seconds
    while not select.select([s], [], [], 0.05)[0]:
        assert time.monotonic() < end, "no answer"
        s.sendall(piece)
    answer = http.client.HTTPResponse(s)
    answer.begin()
    return answer.status, json.loads(answer.read())


def test_a_worker_killed_within_a_request_harms_that_one_only(any_site):
    """A bulk worker dies while it reads an upload: that client sees an error
    of the gateway in the envelope, the next one is served."""
    before = set(any_site.workers("bulk"))
    head = (b"POST /v1/data/upload?work_mode=0&head=1&partition=1&namespace=k"
            b"&table_name=k HTTP/1.1\nHost: x\nConnection: close\n"
            b"Content-Type: multipart/form-data; boundary=b\n"
            b"Content-Length: 10000000\n\n")
    part = (b"--b\r\nContent-Disposition: form-data; name=\"file\"; "
            b"filename=\"k\"\r\n\r\n" + b"1,2\n" * 1000)
    at = urllib.parse.urlparse(any_site.flow.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as s:
        s.sendall(head.replace(b"\n", b"\r\n") + part)
        time.sleep(0.5)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        status, body = answer_while_sending(s, b"1,2\n")
    assert status in (502, 503, 504)
    assert body["retcode"] == 100
    assert "worker" in body["retmsg"]
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if len(set(any_site.workers("bulk")) - before) == len(before):
            break
        time.sleep(0.05)
    assert len(set(any_site.workers("bulk")) - before) == len(before)
    assert any_site.flow.ok("table/table_info", {
        "namespace": "k", "table_name": "k"})["count"] == 0
    assert any_site.spool_files() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_tar_of_a_components_output_reads_back(any_site, small_lr_job, method):
    answer = any_site.flow.call(
        "tracking/component/output/data/download", method=method,
        body={"job_id": small_lr_job, "component_name": "hetero_lr_0",
              "role": "guest", "party_id": 9999})
    assert answer.status_code == 200
    assert "attachment; filename=job_" in answer.headers["Content-Disposition"]
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        assert sorted(tar.getnames()) == ["output_data.csv",
                                          "output_data_meta.json"]
        lines = tar.extractfile("output_data.csv").read().decode().split("\n")
    assert lines[0] == "id,label,predict_result,predict_score," \
                       "predict_detail,type"
    assert len(lines) == 569 + 2
