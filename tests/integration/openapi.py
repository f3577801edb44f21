"""docs/openapi.yaml as something that an exchange can be held against.

fault() takes one exchange with a site and says what in it the document does
not describe: an address or method that should not be there, a status, a type
of content, a body of another shape; of a request that was accepted, the fields
too. References are resolved once, so that a check costs one pass of the
validator over the body; equal bodies are checked once.
"""
import functools
import hashlib
import json
import pathlib
import re
import urllib.parse

import jsonschema
import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
METHODS = ("get", "post", "put", "delete")
JSON = "application/json"


class Exchange:
    """A request and its answer; `body` is None where nothing was sent, or
    it is not at hand (a stream)."""

    def __init__(self, method, url, **more):
        at = urllib.parse.urlsplit(url)
        self.method = method.upper()
        self.path = at.path
        self.query = at.query
        self.request_type = more.get("request_type") or ""
        self.request_body = more.get("request_body")
        self.status = more["status"]
        self.headers = more["headers"]
        self.body = more.get("body") or b""

    @property
    def type(self):
        return self.headers.get("Content-Type", "").split(";")[0].strip()

    @functools.cached_property
    def answer(self):
        """The JSON of the answer, or None."""
        try:
            return json.loads(self.body) if self.type == JSON else None
        except ValueError:
            return None

    @property
    def is_success(self):
        if self.status >= 300:
            return False
        return self.type != JSON or (self.answer or {}).get("retcode") == 0


def template(path, has_rest):
    """A path with {parameters} as a regular expression; with x-rest the last
    one takes what follows, slashes and all."""
    parts = re.split(r"{\w+}", path)
    some = ["[^/]+"] * (len(parts) - 2) + [".*" if has_rest else "[^/]+"]
    return "".join(re.escape(part) + more
                   for part, more in zip(parts, [*some, ""]))


def where_text(path):
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return text.lstrip(".") or "the whole"


def max_bytes(_, limit, value, __):
    """The document's maxLength, which counts bytes."""
    if isinstance(value, str) and len(value.encode(errors="replace")) > limit:
        yield jsonschema.ValidationError(f"more than {limit} bytes")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator,
                                         {"maxLength": max_bytes})


class Schema:
    """A schema without references, and how to say what is wrong."""

    def __init__(self, schema):
        self.schema = schema
        self.validator = Validator(schema)
        self.branches = [Schema(s) for s in schema.get("anyOf", [])
                         if "retcode" in s.get("properties", {})]
        code = schema.get("properties", {}).get("retcode", {})
        self.retcodes = code.get("enum", [code["const"]]
                                 if "const" in code else None)

    def faults(self, value):
        """What is wrong, as texts; of several kinds of answers, with the one
        of this retcode that comes nearest."""
        code = value.get("retcode") if isinstance(value, dict) else None
        close = [b for b in self.branches
                 if b.retcodes is None or code in b.retcodes]
        if self.branches and not close:
            return [f"retcode is {code!r}, in the schema: "
                    f"{[b.retcodes for b in self.branches]}"]
        if not close:
            return [self.say(e) for e in self.validator.iter_errors(value)]
        return min((b.faults(value) for b in close), key=len)

    @staticmethod
    def say(error):
        while error.context:
            error = min(error.context, key=lambda e: -len(e.absolute_path))
        return (f"at {where_text(error.absolute_path)}: "
                f"{error.message[:300]} (schema: "
                f"{'/'.join(map(str, error.absolute_schema_path))})")

    def is_valid(self, value):
        return self.validator.is_valid(value)


class Operation:
    """One method of one path."""

    def __init__(self, document, path, method, raw):
        self.path = path
        self.method = method.upper()
        self.raw = document.resolved(raw)
        self.where = f"paths > {path} > {method}"

    def __str__(self):
        return f"{self.method} {self.path}"

    @property
    def is_offered(self):
        return "501" not in self.raw["responses"]

    @functools.cached_property
    def request_types(self):
        return self.raw.get("requestBody", {}).get("content", {})

    @functools.lru_cache(None)
    def request_schema(self, content_type):
        schema = self.request_types[content_type].get("schema", {})
        return Schema(schema)

    def examples(self, content_type):
        """Values of requests that the document shows."""
        media = self.request_types[content_type]
        if "example" in media:
            return [media["example"]]
        return [e["value"] for e in media.get("examples", {}).values()]

    @functools.cached_property
    def parameters(self):
        """The query string as a schema of an object of texts."""
        return {p["name"]: p for p in self.raw.get("parameters", [])
                if p["in"] == "query"}

    @functools.lru_cache(None)
    def query_schema(self, content_type):
        media = self.request_types.get(content_type, {})
        return Schema({
            "type": "object",
            "required": media.get("x-required-parameters", []) +
            [n for n, p in self.parameters.items() if p.get("required")],
            "properties": {n: p["schema"]
                           for n, p in self.parameters.items()}})

    @functools.lru_cache(None)
    def response(self, status):
        """(name in the document, description of the response) or None."""
        responses = self.raw["responses"]
        if str(status) in responses:
            return str(status), responses[str(status)]
        default = responses.get("default", {})
        if status in default.get("x-statuses", []):
            return "default", default
        return None

    @functools.lru_cache(None)
    def response_schema(self, name, content_type):
        content = self.raw["responses"][name]["content"]
        schema = content[content_type].get("schema")
        return Schema(schema) if schema else None


class Document:
    def __init__(self, path=DOCUMENT):
        with open(path, encoding="utf-8") as file:
            self.raw = yaml.load(file, getattr(yaml, "CSafeLoader",
                                               yaml.SafeLoader))
        self.known = {}
        self.operations = {
            (method.upper(), name): Operation(self, name, method, op)
            for name, item in self.raw["paths"].items()
            for method, op in item.items() if method in METHODS}
        self.paths = {name for _, name in self.operations}
        self.templates = [
            (re.compile(template(name, item.get("x-rest"))), name)
            for name, item in self.raw["paths"].items() if "{" in name]
        refused = self.resolved(self.raw["components"]["responses"]["Refused"])
        self.refusal = Schema(refused["content"][JSON]["schema"])
        self.clean = set()      # digests of exchanges without a fault

    def resolved(self, node):
        """A copy in which what is referred to stands instead of references;
        one object for each target."""
        if isinstance(node, list):
            return [self.resolved(v) for v in node]
        if not isinstance(node, dict):
            return node
        rest = {k: self.resolved(v) for k, v in node.items() if k != "$ref"}
        if "$ref" not in node:
            return rest
        target = self.target(node["$ref"])
        return {**target, **rest} if rest else target

    def target(self, ref):
        if ref not in self.known:
            at = self.raw
            for part in ref.removeprefix("#/").split("/"):
                at = at[part]
            self.known[ref] = self.resolved(at)
        return self.known[ref]

    def path(self, path):
        """The path of the document that an address is of, or None."""
        if path in self.paths:
            return path
        return next((name for pattern, name in self.templates
                     if pattern.fullmatch(path)), None)

    def find(self, method, path):
        """The operation of an address, or None."""
        return self.operations.get((method, self.path(path)))

    def methods(self, name):
        return sorted(m for m, p in self.operations if p == name)

    # ---- one exchange ----

    def fault(self, exchange):
        """What the document does not describe, or None."""
        digest = hashlib.sha1(b"\0".join([
            exchange.method.encode(), exchange.path.encode(),
            exchange.query.encode(), str(exchange.status).encode(),
            exchange.type.encode(), exchange.body])).digest()
        op = self.find(exchange.method, exchange.path)
        if digest not in self.clean:
            reason = (answer_fault(op, exchange) if op
                      else self.stray_fault(exchange))
            if reason:
                return (f"{exchange.method} {exchange.path}, answer "
                        f"{exchange.status}: {reason}")
            self.clean.add(digest)
        reason = op and exchange.is_success and request_fault(op, exchange)
        if reason:
            return (f"{exchange.method} {exchange.path}, a request that was "
                    f"accepted: {reason}")
        return None

    def stray_fault(self, exchange):
        """Of what has no operation: 404, or 405 with the right Allow."""
        allowed = self.methods(self.path(exchange.path))
        expected = [405, 400] if allowed else [404, 400]
        if exchange.status not in expected:
            return f"not in the document: expected {expected[0]}"
        if exchange.status == 405 and exchange.method != "HEAD":
            allow = re.split(r",\s*", exchange.headers.get("Allow", ""))
            if sorted(allow) != allowed:
                return f"Allow is {allow}, in the document {allowed}"
        if exchange.method == "HEAD":
            return None
        return "; ".join(self.refusal.faults(exchange.answer)) or None


def answer_fault(op, exchange):
    found = op.response(exchange.status)
    if not found:
        return f"this status is not under {op.where} > responses"
    name, response = found
    where = f"{op.where} > responses > {name}"
    if exchange.type not in response["content"]:
        return f"type '{exchange.type}' is not under {where} > content"
    if exchange.type != JSON:
        return header_fault(response, exchange, where)
    if exchange.answer is None:
        return "no JSON"
    schema = op.response_schema(name, JSON)
    faults = schema.faults(exchange.answer) if schema else []
    return f"{'; '.join(faults[:5])} in {where}" if faults else None


def header_fault(response, exchange, where):
    for name, header in response.get("headers", {}).items():
        value = exchange.headers.get(name)
        if value is None and not header.get("required"):
            continue
        faults = Schema(header["schema"]).faults(value)
        if faults:
            return f"header {name} {value!r}: {faults[0]} in {where}"
    return None


def request_fault(op, exchange):
    """Whether what a client asked, and got, is described."""
    kind = exchange.request_type.split(";")[0].strip()
    query = dict(urllib.parse.parse_qsl(exchange.query,
                                        keep_blank_values=True))
    if op.parameters and kind != JSON:
        faults = op.query_schema(kind).faults(query)
        if faults:
            return f"query string: {faults[0]} in {op.where} > parameters"
    if kind != JSON or not op.request_types:
        if kind and op.request_types and kind not in op.request_types:
            return f"type '{kind}' is not under {op.where} > requestBody"
        return None
    if JSON not in op.request_types:
        return f"JSON is not under {op.where} > requestBody"
    try:
        value = json.loads(exchange.request_body)
    except (TypeError, ValueError):
        return None
    faults = op.request_schema(JSON).faults(value)
    return f"{faults[0]} in {op.where} > requestBody" if faults else None
