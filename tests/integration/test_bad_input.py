"""Bad requests to every endpoint, made out of docs/openapi.yaml: each gets
the envelope with a text that names the field, no worker dies of one, and
nothing is stored.

The examples that they start from are refused by this site, which has neither
their jobs nor their tables; so a legal value stores nothing either.
"""
import http.client
import io
import json
import os
import socket
import time
import urllib.parse

import pytest

pytest.importorskip("jsonschema")
openapi = pytest.importorskip("openapi")
import bad_values  # noqa: E402

BODY_LIMIT = 128 << 10
MESSAGE_MAX = 2000
OPTIONS = {"api": {"body_limit": f"{BODY_LIMIT >> 10}K",
                   "upload_limit": "1M", "model_limit": "1M",
                   "requests_per_worker": 1000000}}
# Tables whose rows change by themselves.
RESTLESS = {"scheduler_instance", "site_admission"}
DOCUMENT = openapi.Document()
OFFERED = [op for op in DOCUMENT.operations.values() if op.is_offered]
# Texts of FATE-Flow, or where another field is asked for instead.
CONF = {
    "components": ["components", "dsl", "component 'a'", "component's name"],
    "dataio_0": ["dataio_0", "components"],
    "data": ["data", "unknown module input"],
    "job_runtime_conf": ["job_runtime_conf", "work_mode"],
    "initiator": ["initiator", "role,party_id"],
    "job_parameters": ["job_parameters", "work_mode"],
    "job_type": ["job_type", "model", "dsl"],
    "guest": ["guest", " in role;"],
    "job_dsl": ["dsl"],
}
PRIVILEGES = {f"privilege_{kind}": [f"privilege_{kind}", f"permission {kind}"]
              for kind in ("role", "command", "component")}
# What is legal here starts a job, whether it can succeed or not.
STARTS_JOBS = {"modelRestore", "modelRestoreByPost"}
# Asked before the rest of a prediction is looked at.
NO_MODEL = "there is no trained model"
CALLED = {
    "jobSubmit": CONF,
    "permissionGrant": PRIVILEGES,
    "permissionDelete": PRIVILEGES,
    "permissionQuery": PRIVILEGES,
    "tableInfo": {"gen_table_info": ["gen_table_info", "namespace"]},
    "modelBind": {"service_id": ["service_id", "service id"],
                  "servings": ["serving"],
                  "object": ["object", "service id"]},
    "modelTransfer": {"namespace": ["namespace", "is no model"]},
    "componentMetricDelete": {"model": ["model", "job_id"]},
    "pipelineDependency": {**CONF, "job_id": ["job_id", "job_dsl"]},
}


def address(op, query=""):
    """With the examples of the parameters in the path."""
    path = op.path
    for p in op.raw.get("parameters", []):
        if p["in"] == "path":
            path = path.replace(f"{{{p['name']}}}", str(p["example"]))
    return f"{path}?{query}" if query else path


class Wire:
    """One kept connection to a site; says what came back, byte for byte."""

    def __init__(self, site, watch):
        at = urllib.parse.urlsplit(site.url)
        self.site = site
        self.watch = watch
        self.address = at.hostname, at.port
        self.connection = http.client.HTTPConnection(*self.address, timeout=30)

    def send(self, op, case):
        url = address(op, case.query)
        headers = {"Content-Type": case.type} if case.type else {}
        for attempt in range(2):
            try:
                self.connection.request(op.method, url, case.body, headers)
                answer = self.connection.getresponse()
                body = answer.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError,
                    ConnectionResetError):
                # An idle connection may be closed by the server: once.
                self.connection.close()
                if attempt:
                    raise
        exchange = openapi.Exchange(
            op.method, f"http://site{url}", request_type=case.type,
            request_body=case.body, status=answer.status,
            headers=answer.headers, body=body)
        self.watch.seen(exchange)
        return exchange

    def raw(self, head, body=b"", wait=10):
        """Sends bytes, closes its side, reads to the end."""
        with socket.create_connection(self.address, timeout=wait) as s:
            s.sendall(head.replace("\n", "\r\n").encode() + body)
            s.shutdown(socket.SHUT_WR)
            got = b""
            try:
                while chunk := s.recv(65536):
                    got += chunk
            except ConnectionResetError:
                pass
        return got


def stored(site):
    """The database's content as sums, and every file of the work folder."""
    sums = site.sql(f"CHECKSUM TABLE {', '.join(site.tables)} EXTENDED")
    files = sorted(os.path.join(folder, name)
                   for folder, _, names in os.walk(site.work)
                   for name in names)
    return sums, files


def unchanged(site, seconds=5):
    """A worker may still be at what a client broke off; then all is as it
    was."""
    end = time.monotonic() + seconds
    while (now := (stored(site), workers(site))) != site.before:
        if time.monotonic() > end:
            (sums, files), pids = site.before
            assert [row for row in now[0][0] if row not in sums] == []
            assert set(now[0][1]) ^ set(files) == set()
            assert now[1] == pids
        time.sleep(0.05)


def workers(site):
    return sorted(site.workers("api") + site.workers("bulk"))


def start(make_site, tmp_path_factory, watch, server):
    site = make_site(server, options=OPTIONS)
    file = tmp_path_factory.mktemp("bad") / "ten.csv"
    file.write_bytes(b"id,x\n" + b"".join(b"%d,1\n" % i for i in range(10)))
    site.flow.uploaded(file, "kept", "ten")
    site.wire = Wire(site, watch)
    site.tables = [row[0] for row in site.sql("SHOW TABLES")
                   if row[0] not in RESTLESS]
    site.before = stored(site), workers(site)
    return site


@pytest.fixture(scope="module")
def own(make_site, tmp_path_factory, watch):
    return start(make_site, tmp_path_factory, watch, "nginx")


@pytest.fixture(scope="module")
def own_apache(make_site, tmp_path_factory, watch):
    return start(make_site, tmp_path_factory, watch, "apache")


@pytest.fixture(autouse=True)
def nothing_is_stored_and_no_worker_dies(request):
    name = next((n for n in ("own", "own_apache")
                 if n in request.fixturenames), None)
    site = request.getfixturevalue(name) if name else None
    yield
    if site:
        unchanged(site)


# ---- what is wrong with an answer ----

def code_of(got):
    """0 for a stream."""
    return got.answer["retcode"] if got.answer else 0


def envelope_fault(op, got):
    if got.is_success and got.type != openapi.JSON:
        return None
    if got.answer is None:
        return f"no JSON: {got.status} {got.type} {got.body[:100]!r}"
    if got.status >= 500 and str(got.status) not in op.raw["responses"]:
        return "an error of the server"
    if len(got.answer.get("retmsg", "")) > MESSAGE_MAX:
        return f"a text of {len(got.answer['retmsg'])} characters"
    return None


def refused_fault(op, case, got):
    if code_of(got) == 0:
        return "accepted"
    message = got.answer.get("retmsg", "")
    called = CALLED.get(op.raw["operationId"], {})
    words = called.get(case.names[-1]) or called.get(
        case.names[0], case.names)
    if not any(word in message for word in [*words, NO_MODEL]):
        return f"does not name {' or '.join(words)}"
    return None


def unreadable_fault(op, case, got):
    return "not 400" if got.status not in (400, 200) or \
        code_of(got) != 100 or not got.answer.get("retmsg") else None


def legal_fault(op, case, got):
    """A legal value names no field, and changes nothing where the example
    was refused."""
    message = (got.answer or {}).get("retmsg", "")
    if any(f"field '{name}'" in message for name in case.names):
        return "refused, though the document allows it"
    code = code_of(got)
    if code and case.base and case.base[1] and \
            (got.status, code) != case.base:
        return f"not answered as the example is, by {case.base}"
    return None


FAULTS = {"refused": refused_fault, "unreadable": unreadable_fault,
          "legal": legal_fault}


def fault(op, case, got):
    reason = envelope_fault(op, got) or FAULTS[case.expected](op, case, got)
    if not reason:
        return None
    return (f"{op}: {case} ({case.expected}): {reason}; "
            f"{got.status} {got.body[:200]!r}")


def undo(site, op, got):
    """Takes back what a legal value began."""
    name = op.raw["operationId"]
    if name == "uploadSessionCreate" and got.is_success:
        site.flow.ok("data/upload/session/cancel", {
            "session_id": got.answer["data"]["session_id"]})
    elif name == "permissionGrant" and got.is_success:
        asked = json.loads(got.request_body)
        site.flow.ok("permission/delete/privilege", {
            **{k: asked[k] for k in ("src_party_id", "src_role")},
            **dict.fromkeys(PRIVILEGES, "all")})


def send_all(site, op, cases):
    found, bases = [], {}
    for case in cases:
        starts_jobs = op.raw["operationId"] in STARTS_JOBS
        if case.expected == "legal" and starts_jobs:
            continue
        if case.example is not None and not starts_jobs:
            if id(case.example) not in bases:
                base = site.wire.send(op, bad_values.Case(
                    "the example", "legal",
                    json.dumps(case.example).encode()))
                undo(site, op, base)
                bases[id(case.example)] = base.status, code_of(base)
            case.base = bases[id(case.example)]
        got = site.wire.send(op, case)
        undo(site, op, got)
        text = fault(op, case, got)
        if text:
            found.append(text)
    assert not found, f"{len(found)} faults:\n" + "\n".join(found[:120])


@pytest.mark.parametrize("op", OFFERED, ids=str)
def test_every_field_of_every_endpoint(own, op):
    send_all(own, op, bad_values.cases(op))


@pytest.mark.parametrize("op", OFFERED, ids=str)
def test_some_of_them_behind_apache(own_apache, op):
    send_all(own_apache, op, list(bad_values.cases(op))[::17])


# ---- requests that lie about themselves ----

def bodies_of(op):
    """(type, query, body) of a request to each kind that it takes."""
    for kind in op.request_types:
        if kind == openapi.JSON:
            yield kind, "", json.dumps(op.examples(kind)[0]).encode()
        elif kind == bad_values.BYTES:
            yield kind, bad_values.example_query(op), b"1,2\n"
        elif kind == bad_values.URLENCODED:
            continue    # read as the other forms are
        else:
            yield (bad_values.FORM, bad_values.example_query(op),
                   bad_values.part("other") + bad_values.END)


class Received(io.BytesIO):
    """Bytes that http.client takes for a socket and its file."""

    def makefile(self, *_):
        return self

    def close(self):
        """One answer's end is not that of the bytes."""


def answers_of(got):
    """The (status, JSON) of the answers in what came back."""
    file = Received(got)
    while file.tell() < len(got):
        answer = http.client.HTTPResponse(file)
        answer.begin()
        if answer.headers["Content-Type"] == "application/x-tar":
            return      # an archive of nothing: the lie did not matter
        assert answer.headers["Content-Type"] == openapi.JSON, got
        try:
            body = answer.read()
        except http.client.IncompleteRead as cut:
            body = cut.partial  # Apache may leave the last chunk's end out
        yield answer.status, json.loads(body)


LIES = {
    # name: (headers besides the type, body out of the right one, statuses)
    "longer than sent": (lambda n: f"Content-Length: {n + 100}",
                         lambda b: b, {400}),
    "shorter than sent": (lambda n: f"Content-Length: {n - 3}",
                          lambda b: b, {200, 400, 405}),
    "no number": (lambda n: "Content-Length: ten", lambda b: b, {400}),
    "negative": (lambda n: "Content-Length: -1", lambda b: b, {400}),
    "beyond 64 bits": (lambda n: "Content-Length: 99999999999999999999",
                       lambda b: b, {400, 413}),
    "twice": (lambda n: f"Content-Length: {n}\nContent-Length: {n - 1}",
              lambda b: b, {400}),
    "chunks cut": (lambda n: "Transfer-Encoding: chunked",
                   lambda b: b"%x\r\n%s" % (len(b), b[:-2]), {400}),
    "a chunk of no size": (lambda n: "Transfer-Encoding: chunked",
                           lambda b: b"zz\r\n%s\r\n0\r\n\r\n" % b, {400}),
    "both": (lambda n: f"Transfer-Encoding: chunked\nContent-Length: {n}",
             lambda b: b"%x\r\n%s\r\n0\r\n\r\n" % (len(b), b),
             {200, 400}),
}


def lie(site, op, name):
    """What is wrong with the answers to one lie, if anything."""
    headers, body_of, statuses = LIES[name]
    found = []
    for kind, query, body in bodies_of(op):
        head = (f"{op.method} {address(op, query)} HTTP/1.1\nHost: x\n"
                f"Connection: close\nContent-Type: {kind}\n"
                f"{headers(len(body))}\n\n")
        for status, answer in answers_of(site.wire.raw(head, body_of(body))):
            if str(status) not in op.raw["responses"] and \
                    status not in statuses or not answer.get("retmsg"):
                found.append(f"{op} {kind}: {status} {answer}")
    return found


# Whose example is a request that can be fulfilled: a restore says only in its
# job that nothing was stored. Apache takes "both" for a whole request.
FULFILLED = {("both", "/v1/model/restore")}


def lies(site, name):
    found = [text for op in OFFERED if (name, op.path) not in FULFILLED
             for text in lie(site, op, name)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", LIES)
def test_a_length_that_is_not_true(own, name):
    lies(own, name)


@pytest.mark.parametrize("name", LIES)
def test_a_length_that_is_not_true_behind_apache(own_apache, name):
    lies(own_apache, name)


@pytest.mark.parametrize("op", OFFERED, ids=str)
def test_a_body_over_the_limit(own, op):
    """Refused as soon as it is over; a client that sends on may find its
    connection reset."""
    for kind, query, body in bodies_of(op):
        if kind == bad_values.BYTES:
            continue    # limited by the session that it is for
        if kind == bad_values.FORM and not bad_values.takes_file(op):
            continue    # a file is passed over
        if kind == openapi.JSON:
            big = b'{"a": "%s"}' % (b"x" * BODY_LIMIT)
        else:
            big = bad_values.part("file", b"1,2\n" * (1 << 19))
        got = own.wire.send(op, bad_values.Case(
            "a big body", "unreadable", big, query=query, type=kind))
        assert got.status == 413, (op, kind, got.body)
        assert "limit" in got.answer["retmsg"]
