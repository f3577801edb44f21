"""One plain worker (no pool) under valgrind answers 10,000 requests, good and
bad, and has lost no byte and touched none that is not its own.

The worker gets its listening socket as descriptor 0, as from mod_fcgid, and
works on the database of the shared site. Alone:
    FATEFLOW_BIN=build/dev/bin pytest tests/integration/test_valgrind.py
FATEFLOW_VALGRIND_REQUESTS asks for another number of requests.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import fcgi
import private_site
from conftest import BIN

N_REQUESTS = int(os.environ.get("FATEFLOW_VALGRIND_REQUESTS", "10000"))
VALGRIND = ["valgrind", "--leak-check=full", "--error-exitcode=99",
            "--errors-for-leak-kinds=definite,indirect",
            "--num-callers=20"]
JSON = "application/json"
FORM = "multipart/form-data; boundary=b"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind"),
]


def is_sanitized():
    """Such a program does its own looking and does not run in valgrind."""
    return b"__asan_init" in (BIN / "fateflow-fcgi").read_bytes()


@pytest.fixture(scope="module")
def worker(site, tmp_path_factory):
    """(socket, process, log) of the worker."""
    if is_sanitized():
        pytest.skip("the programs are built with a sanitizer")
    folder = tmp_path_factory.mktemp("valgrind")
    conf = folder / "fateflow.conf"
    conf.write_text(site.conf.read_text().replace(
        "api = {", "api = {\n\trequests_per_worker = 1000000;"))
    path = site.run / "valgrind.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        s.listen(16)
        child = subprocess.Popen(
            [*VALGRIND, f"--log-file={folder}/valgrind.log",
             BIN / "fateflow-fcgi", "-c", conf, "-d"], stdin=s,
            stdout=subprocess.DEVNULL, stderr=open(folder / "log", "w"))
    yield path, child, folder / "valgrind.log"
    child.kill()
    child.wait()


def post(path, body, method="POST", kind=JSON, **more):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    params = {"REQUEST_METHOD": method, "REQUEST_URI": f"/v1/{path}",
              "CONTENT_TYPE": kind, "REMOTE_ADDR": "127.0.0.1"}
    return params, text, more


def part(name, content):
    return (b'--b\r\nContent-Disposition: form-data; name="%s"; '
            b'filename="f"\r\n\r\n%s\r\n--b--\r\n' % (name, content))


def reads(job):
    lr = {"job_id": job, "role": "guest", "party_id": 9999,
          "component_name": "hetero_lr_0"}
    ev = {**lr, "component_name": "evaluation_0"}
    at = "tracking/component/"
    return [
        post("health", b"", method="GET", kind=""),
        post("version/get", {"module": "FATE"}),
        post("job/query", {"job_id": job}),
        post("job/query", {"status": "success", "role": "guest"}),
        post("job/task/query", {"job_id": job}),
        post("job/data/view/query", {"job_id": job}),
        post("job/stop", {"job_id": job}),
        post("job/explain", {"job_id": job, "role": "guest"}),
        post("data/upload/history", {"limit": 2}),
        post("table/table_info", {"namespace": "example",
                                  "table_name": "example_guest"}),
        post("tracking/job/data_view", {"job_id": job}),
        post(at + "metrics", lr),
        post(at + "metric_data", {**ev, "metric_namespace": "train",
                                  "metric_name": "hetero_lr_0"}),
        post(at + "parameters", lr), post(at + "output/model", lr),
        post(at + "output/data/table", lr),
        post("pipeline/dag/dependency", lr),
    ]


def heavy_reads(job):
    """As much work under valgrind as all others together."""
    lr = {"job_id": job, "role": "guest", "party_id": 9999,
          "component_name": "hetero_lr_0"}
    at = "tracking/component/"
    return [
        post(at + "metric/all", {**lr, "component_name": "evaluation_0"}),
        post(at + "output/data", lr),
        post(at + "output/data/download", {**lr, "limit": 20}, method="GET"),
        post("model/export", model_of(job), method="GET"),
        post("model/transfer", {
            "namespace": "guest#9999#" + model_of(job)["model_id"],
            "name": job}),
    ]


def model_of(job):
    return {"model_id": "arbiter-10000#guest-9999#host-10000#model",
            "model_version": job, "role": "guest", "party_id": 9999}


def refusals(job):
    upload = "data/upload?work_mode=0&head=1&partition=1&namespace=v&" \
             "table_name=v"
    lr = {"job_id": job, "component_name": "hetero_lr_0"}
    at = "tracking/component/"
    return [
        post("job/query", b'{"job_id": '), post("job/query", b"{} x"),
        post("job/query", b"[" * 3000), post("job/query", b'"\xff"'),
        post("job/query", [1]), post("job/query", {"job_id": [1]}),
        post("job/query", {"job_id": "9" * 600}),
        post("job/query", {"job_id": "nope"}), post("job/query", b""),
        post("job/query", {}, kind="text/plain"),
        post("job/query", {}, method="DELETE"), post("job/nosuch", {}),
        post("job/query", b'{"job_id": "1', cut=True),
        post("job/log", {}), post("job/stop", {}),
        post("job/stop", {"job_id": "nope"}),
        post("job/explain", {"job_id": "nope"}),
        post("job/rerun", {"job_id": job}), post("job/rerun", {}),
        post("job/submit", {"submit_token": "a b"}),
        post("job/submit", {}), post("job/submit", {
            "job_dsl": {"components": {"a_0": {"module": "Nope"}}},
            "job_runtime_conf": {
                "job_parameters": {"work_mode": 0}, "role": {"guest": [1]},
                "initiator": {"role": "guest", "party_id": 1}}}),
        post("data/upload/history", {"limit": "a"}),
        post("table/table_info", {"namespace": "a"}),
        post(at + "output/data", {**lr, "role": "guest", "party_id": 7}),
        post(at + "output/model", {**lr, "component_name": "nosuch_0"}),
        post(at + "output/data/download", {**lr, "limit": 0}),
        post(at + "metric_data", lr), post(at + "parameters", {}),
        post("pipeline/dag/dependency", {"job_id": "nope"}),
        post("model/export", {}), post("model/transfer", {"name": "x"}),
        post("model/transfer", {"namespace": "a#1#b", "name": "x"}),
        post("model/import", b"--x\r\n", kind="multipart/form-data; "
             "boundary=x"),
        post("model/import", model_of(job)),
        post("model/store", {**model_of(job), "party_id": 7}),
        post("model/bind", {}), post("model/load", {"role": {"guest": 1}}),
        post("data/upload", {}), post(upload, b"", kind=""),
        post("data/upload?head=a&namespace=%zz", b"x", kind=FORM),
        post(upload, part(b"other", b"1,2\n"), kind=FORM),
        post(upload, part(b"file", b"1,2\n" * 5000)[:-9], kind=FORM),
        post(upload, part(b"file", b"1,2\n" * 5000), kind=FORM, cut=True),
        post(upload, b"--b\r\n\r\nx", kind=FORM),
        post(upload, b"--bx" * 4000, kind=FORM),
    ]


def writes():
    """A few only: the scheduler runs each."""
    query = "work_mode=0&head=1&partition=1&namespace=v&table_name=w&drop=1"
    return [post(f"data/upload?{query}", part(b"file", b"id,a\n1,2\n"),
                 kind=FORM)] * 5


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("any_site", ["nginx"], indirect=True)
def test_worker_loses_nothing_in_10000_requests(worker, site, small_lr_job):
    path, child, log = worker
    light = reads(small_lr_job) + refusals(small_lr_job)
    mixed = heavy_reads(small_lr_job) + 10 * light
    for params, body, more in mixed[:3 + len(light)]:   # fills caches
        fcgi.ask(path, params, body, **more)
    before = descriptors(child.pid)
    todo = writes() + [mixed[i % len(mixed)]
                       for i in range(N_REQUESTS - 5)]
    for params, body, more in todo:
        head, text = fcgi.ask(path, params, body, **more)
        assert more or head.startswith("Status: "), params
        assert more or "x-tar" in head or "/zip" in head \
            or "retcode" in json.loads(text)
    private_site.wait_for("as few open descriptors as before",
                          lambda: descriptors(child.pid) <= before, 5)
    child.send_signal(signal.SIGTERM)
    code = child.wait(60)
    said = log.read_text()
    assert code == 0, said
    assert re.search(r"ERROR SUMMARY: 0 errors", said), said
    for kind in ("definitely", "indirectly"):
        assert "no leaks are possible" in said or \
            re.search(rf"{kind} lost: 0 bytes", said), said
