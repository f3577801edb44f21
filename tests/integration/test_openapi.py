"""docs/openapi.yaml against the server: the same endpoints, no loose ends in
the document, and every endpoint seen to work and to refuse by the whole run."""
import json
import re
import subprocess

import pytest

from conftest import BIN, ROOT

jsonschema = pytest.importorskip("jsonschema")
openapi = pytest.importorskip("openapi")

HERE = ROOT / "tests" / "integration"
# Served by a site whose other tests run apart from these.
ELSEWHERE = {"test_house.py"}
# What no test brings to fail: (method, path) and why.
NEVER_REFUSED = {
    ("GET", "/v1/health"): "fails without a database only",
}


@pytest.fixture(scope="module")
def document():
    return openapi.Document()


@pytest.fixture(scope="module")
def routes():
    """{(method, path): is it offered} as the program has them."""
    program = BIN / "fateflow-fcgi"
    if not program.exists():
        pytest.skip(f"fateflow-fcgi not in {BIN} (FATEFLOW_BIN)")
    out = subprocess.run([program, "--routes"], capture_output=True, text=True,
                         check=True, timeout=10).stdout
    rows = [line.split() for line in out.splitlines()]
    return {(row[0], row[1]): len(row) == 2 for row in rows}


# ---- the document by itself ----

def walk(node, where=()):
    yield where, node
    items = node.items() if isinstance(node, dict) else \
        enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, (*where, key))


def test_each_reference_leads_somewhere_and_each_component_is_used(document):
    used = {node["$ref"] for _, node in walk(document.raw)
            if isinstance(node, dict) and "$ref" in node}
    for ref in used:
        document.target(ref)
    there = {f"#/components/{kind}/{name}"
             for kind, all_of in document.raw["components"].items()
             for name in all_of}
    assert there - used == set()


def test_each_schema_is_one(document):
    for op in document.operations.values():
        for _, media in walk(op.raw):
            if isinstance(media, dict) and "schema" in media:
                jsonschema.Draft202012Validator.check_schema(media["schema"])


def test_each_operation_says_what_it_is(document):
    ids = [op.raw["operationId"] for op in document.operations.values()]
    assert len(set(ids)) == len(ids)
    tags = {t["name"] for t in document.raw["tags"]}
    for op in document.operations.values():
        assert op.raw["summary"]
        assert set(op.raw["tags"]) <= tags and len(op.raw["tags"]) == 1
        assert "default" in op.raw["responses"], str(op)
        if op.is_offered:
            assert "200" in op.raw["responses"], str(op)


def test_each_answer_is_closed(document):
    """A member that comes or goes must be noticed."""
    for name, schema in document.raw["components"]["schemas"].items():
        if name.endswith(("Answer", "Row", "Refusal")):
            assert schema["additionalProperties"] is False, name
            assert schema["required"], name


def test_each_request_has_an_example_that_is_one(document):
    for op in document.operations.values():
        for kind in op.request_types:
            if kind != openapi.JSON:
                continue
            assert op.examples(kind), str(op)
            for example in op.examples(kind):
                assert op.request_schema(kind).faults(example) == [], str(op)
        examples = {n: p["example"] for n, p in op.parameters.items()
                    if "example" in p}
        for kind in op.request_types:
            if op.parameters and kind != openapi.JSON:
                assert op.query_schema(kind).faults(examples) == [], str(op)


# ---- the document and the program ----

def as_routes(document):
    """The operations in the form of the program's list."""
    found = {}
    for (method, path), op in document.operations.items():
        item = document.raw["paths"][path]
        path = re.sub(r"{\w+}$", "*", path) if item.get("x-rest") else path
        found[method, path] = op.is_offered
    return found


def test_document_and_routes_list_the_same_endpoints(document, routes):
    assert set(as_routes(document)) == set(routes)


def test_what_is_not_offered_is_a_501_in_the_document(document, routes):
    assert as_routes(document) == routes


def test_what_is_not_offered_says_so(document, site):
    for op in document.operations.values():
        if op.is_offered:
            continue
        path = re.sub(r"{\w+}", "x", op.path.removeprefix("/v1/"))
        answer = site.flow.call(path, {}, method=op.method)
        assert answer.status_code == 501, str(op)
        assert answer.json()["retmsg"]


def test_other_methods_and_paths_are_told_what_there_is(document, any_site):
    """The watch compares Allow with the document."""
    for path, item in document.raw["paths"].items():
        path = re.sub(r"{\w+}", "x", path)
        for method in ("PUT", "DELETE"):
            answer = any_site.flow.call(path.removeprefix("/v1/"),
                                        method=method)
            assert answer.status_code == 405, (method, path)
        if "x-rest" not in item:
            answer = any_site.flow.call(f"{path.removeprefix('/v1/')}/")
            assert answer.status_code == 404, path


# ---- that the watch sees ----

def exchange(**more):
    answer = {"retcode": 101, "retmsg": "find job failed"}
    return openapi.Exchange(**{
        "method": "POST", "url": "http://site/v1/job/query", "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(answer).encode(),
        "request_type": "application/json", "request_body": b"{}", **more})


HEALTH = {"retcode": 0, "retmsg": "success", "data": {
    "version": "1", "database": "MariaDB", "scheduler_alive": True,
                     "disk": {"level": "ok", "free_bytes": 1}}}


def health(change):
    value = json.loads(json.dumps(HEALTH))
    change(value)
    return exchange(method="GET", url="http://site/v1/health",
                    body=json.dumps(value).encode())


WRONG = {
    "a path": (exchange(url="http://site/v1/job/nosuch"), "expected 404"),
    "a method": (exchange(method="GET"), "expected 405"),
    "an Allow": (exchange(
        method="GET", status=405,
        headers={"Content-Type": "application/json", "Allow": "GET"}),
        "Allow"),
    "a status": (exchange(status=500), "this status"),
    "a type": (exchange(headers={"Content-Type": "text/html"}), "text/html"),
    "no JSON": (exchange(body=b"<html>"), "no JSON"),
    "no text": (exchange(body=b'{"retcode":100}'), "retmsg"),
    "a retcode": (exchange(body=b'{"retcode":7,"retmsg":"x"}'), "7"),
    "a member more": (health(lambda v: v["data"].update(more=1)), "more"),
    "a member less": (health(lambda v: v["data"].pop("version")), "version"),
    "a member's type": (health(lambda v: v["data"].update(version=1)),
                        "data.version"),
    "an empty member": (health(lambda v: v.update(meta={})), "meta"),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_watch_sees_a_wrong(document, what):
    wrong, words = WRONG[what]
    assert words in (document.fault(wrong) or "")


def test_the_watch_sees_a_request_that_should_not_have_been_accepted(document):
    body = b'{"retcode":0,"retmsg":"cancel job success"}'
    url = "http://site/v1/job/stop"
    good = exchange(url=url, body=body, request_body=b'{"job_id":"1"}')
    assert document.fault(good) is None
    for bad in (b"{}", b'{"job_id":1}', b"[]"):
        fault = document.fault(exchange(url=url, body=body, request_body=bad))
        assert "requestBody" in fault


def test_the_watch_takes_what_is_right(document):
    assert document.fault(exchange()) is None
    assert document.fault(health(lambda v: None)) is None


# ---- the whole run ----

def ran_whole(config, items):
    """Whether nothing was left out by options."""
    files = {item.path.name for item in items}
    everything = {p.name for p in HERE.glob("test_*.py")} - ELSEWHERE
    return files >= everything and not config.option.keyword and \
        not config.option.markexpr and \
        not any("::" in arg for arg in config.args)


@pytest.mark.whole_run
def test_every_endpoint_was_seen_to_work_and_to_refuse(request, watch):
    if not ran_whole(request.config, request.session.items):
        pytest.skip("only a part of the tests ran")
    never = {"worked": [], "refused": []}
    for key, op in watch.document.operations.items():
        if op.is_offered and key not in watch.succeeded:
            never["worked"].append(str(op))
        if key not in watch.failed and key not in NEVER_REFUSED:
            never["refused"].append(str(op))
    assert never == {"worked": [], "refused": []}, watch.count
