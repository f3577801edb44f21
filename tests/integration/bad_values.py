"""Bad requests made out of docs/openapi.yaml.

cases() takes an operation's example and puts into every field, one at a time,
every value of VALUES. Whether the field may hold it is asked of the document's
schema, so the document is tested too: what it calls wrong must be refused by
name, what it calls right must not be.
"""
import copy
import json
import urllib.parse

import openapi

MARK = "@@the-value@@"
LONG = 70000


def nested(depth):
    return "[" * depth + "]" * depth


# name: JSON text of the value
VALUES = {
    "null": "null",
    "true": "true",
    "false": "false",
    "a number": "17",
    "a text": '"text"',
    "an array": "[]",
    "an array of numbers": "[1, 2]",
    "an object": "{}",
    "an object with a member": '{"a": 1}',
    "empty": '""',
    "blank": '"  "',
    "deep": nested(50),
    "infinite": "1e400",
    "minus infinite": "-1e400",
    "2^63": "9223372036854775808",
    "2^64 and more": "99999999999999999999",
    "2^63 as a text": '"9223372036854775808"',
    "-1": "-1",
    "-1 as a text": '"-1"',
    "1.5": "1.5",
    "1.5 as a text": '"1.5"',
    "hexadecimal": '"0x10"',
    "a number and more": '"1 "',
    "not a number": '"NaN"',
    "tiny": "1e-320",
    "traversal": '"../../../etc/passwd"',
    "absolute": '"/etc/passwd"',
    "dots": '".."',
    "SQL": '"\' OR 1=1 -- "',
    "more SQL": '"x\\"; DROP TABLE t_job; #"',
    "SQL pattern": '"%"',
    "shell": '"$(id)`id`|id;id&"',
    "format": '"%s%n%1000000d"',
    "control": '"a\\u0001\\u001b[2J\\u007f"',
    "line ends": '"a\\r\\nX-Y: z"',
    "beyond the plane": '"\\ud83d\\ude00"',
    "accents": json.dumps("a" + "\u00e9" * 100),
    "accents in UTF-8": '"a' + "\u00e9" * 100 + '"',
    "markup": '"<script>alert(1)</script>"',
}
# What no JSON text can hold: refused as a whole, by HTTP 400.
UNREADABLE = {
    "not UTF-8": b'"\xff\xfe"',
    "cut UTF-8": b'"\xe2\x82"',
    "over-long UTF-8": b'"\xc0\xaf"',
    "half a surrogate": b'"\\ud800"',
    "NUL": b'"\\u0000"',
    "raw NUL": b'"\x00"',
    "deeper than allowed": nested(100).encode(),
    "no value": b"nul",
    "single quotes": b"'a'",
    "an open text": b'"a',
    "Python": b"True",
}
QUERY_VALUES = {
    "empty": "", "a text": "text", "1.5": "1.5", "-1": "-1",
    "infinite": "1e400", "2^63": "9223372036854775808",
    "traversal": "..%2F..%2Fetc%2Fpasswd", "SQL": "%27%20OR%201=1%20--%20",
    "shell": "$(id)%60id%60%7Cid%3Bid", "control": "a%01%1b",
    "line ends": "a%0D%0AX-Y:%20z", "JSON": "%7B%22a%22:1%7D",
    "over-long": "7" * 3000,
}
QUERY_UNREADABLE = {"not UTF-8": "%ff%fe", "NUL": "a%00b", "no hex": "%zz",
                    "half a hex": "%4"}


# Names of members, where the document has a map.
KEYS = {"empty": "", "a dot": ".", "dots": "..", "traversal": "../../x_0",
        "control": "a\u0001_0", "line ends": "a\r\nb_0", "no number": "x_y",
        "SQL": "' OR 1=1 -- ", "accents": "\u00e9" * 100, "long": "x" * LONG}


class Case:
    """One request, and what must come of it: "refused" naming one of
    `names`, "legal", or "unreadable"."""

    def __init__(self, name, expected, body=b"", **more):
        self.name = name
        self.expected = expected
        self.body = body
        self.names = more.get("names", ())
        self.example = more.get("example")  # what it was made out of
        self.base = None        # how that is answered: (status, retcode)
        self.query = more.get("query", "")
        self.type = more.get("type", openapi.JSON)

    def __repr__(self):
        return self.name


# ---- fields ----

def parts_of(schema, example):
    """What the schema is made of, without the choices that the example is
    none of; itself last."""
    for part in schema.get("allOf", []):
        yield from parts_of(part, example)
    for part in schema.get("anyOf", []):
        if openapi.Schema(part).is_valid(example):
            yield from parts_of(part, example)
    yield schema


def properties_of(parts):
    found = {}
    for key, sub in (pair for part in parts
                     for pair in part.get("properties", {}).items()):
        found[key] = {"allOf": [found[key], sub]} if key in found else sub
    return found


def fields(schema, example, path=()):
    """(path, schema) of every field that the schema names and of one element
    of every list and map that the example has."""
    parts = list(parts_of(schema, example))
    properties = properties_of(parts)
    for key, sub in properties.items():
        yield (*path, key), sub
        if isinstance(example, dict) and key in example:
            yield from fields(sub, example[key], (*path, key))
    for part in parts:
        more = part.get("additionalProperties")
        if isinstance(more, dict) and isinstance(example, dict):
            for key in [k for k in example if k not in properties][:1]:
                yield (*path, key), more
                yield from fields(more, example[key], (*path, key))
        if "items" in part and isinstance(example, list) and example:
            yield (*path, 0), part["items"]
            yield from fields(part["items"], example[0], (*path, 0))


def changed(example, path, *value):
    """A copy with the value at the path, or without what is there."""
    result = copy.deepcopy(example)
    at = result
    for step in path[:-1]:
        at = at[step]
    if value:
        at[path[-1]] = value[0]
    else:
        del at[path[-1]]
    return result


def has(example, path):
    try:
        for step in path:
            example = example[step]
    except (KeyError, IndexError):
        return False
    return True


def named(path):
    """What a message may call it: the field, or what holds the element."""
    words = [p for p in path if isinstance(p, str)]
    return words[-1:] if isinstance(path[-1], str) else words[-2:]


def is_map(schema):
    return any("propertyNames" in part or
               isinstance(part.get("additionalProperties"), dict)
               for part in [schema, *schema.get("allOf", [])])


def renamed(example, path, key):
    """A copy in which the first member of the map at the path has another
    name."""
    result = copy.deepcopy(example)
    at = result
    for step in path:
        at = at[step]
    members = list(at.items())
    at.clear()
    at.update([(key, members[0][1]), *members[1:]])
    return result


def borders(schema):
    """Values at the limits that the schema names, and just beyond them."""
    found = {}
    for kind in [*schema.get("allOf", []), schema, *schema.get("anyOf", [])]:
        if "maxLength" in kind:
            longest = kind["maxLength"]
            found["as long as allowed"] = json.dumps("7" * longest)
            found["over-long"] = json.dumps("7" * (longest + 1))
        for limit, step in (("minimum", -1), ("maximum", 1)):
            if limit in kind:
                found[f"at the {limit}"] = str(kind[limit])
                found[f"beyond the {limit}"] = str(kind[limit] + step)
    return {"over-long": json.dumps("x" * LONG), **found}


def raw_json(value, text):
    """JSON with `text` (bytes) where MARK stands."""
    return json.dumps(value).encode().replace(json.dumps(MARK).encode(), text)


def field_cases(op, example):
    schema = op.request_schema(openapi.JSON)

    def case(name, path, body):
        legal = schema.is_valid(json.loads(body))
        return Case(name, "legal" if legal else "refused", body,
                    names=named(path), example=example)

    for path, sub in fields(schema.schema, example):
        at = openapi.where_text(path)
        if has(example, path):
            yield case(f"{at} missing", path,
                       json.dumps(changed(example, path)).encode())
        marked = changed(example, path, MARK)
        values = {**VALUES, **borders(sub)}
        for name, text in values.items():
            yield case(f"{at} {name}", path, raw_json(marked, text.encode()))
        for name, text in UNREADABLE.items():
            yield Case(f"{at} {name}", "unreadable", raw_json(marked, text))
        for name, key in KEYS.items() if is_map(sub) else ():
            if has(example, path):
                yield case(f"{at} with the key {name}", path, json.dumps(
                    renamed(example, path, key)).encode())


def query_cases(op, kind, body):
    """The same for the fields of a query string. The body is one that is
    refused when all of these are right."""
    schema = op.query_schema(kind.split(";")[0])
    base = {n: str(p["example"]) for n, p in op.parameters.items()
            if "example" in p}

    def case(name, field, query, expected=None):
        if not expected:
            value = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            expected = "legal" if schema.is_valid(value) else "refused"
        return Case(f"{field} {name}", expected, body, query=query, type=kind,
                    names=[field])

    for field in op.parameters:
        rest = "&".join(f"{k}={v}" for k, v in base.items() if k != field)
        yield case("missing", field, rest)
        for name, text in QUERY_VALUES.items():
            yield case(name, field, f"{rest}&{field}={text}")
        for name, text in QUERY_UNREADABLE.items():
            yield case(name, field, f"{rest}&{field}={text}", "unreadable")


# ---- whole bodies ----

def twice(example, field, first, last):
    """The example with one field twice."""
    rest = {k: v for k, v in example.items() if k != field}
    pairs = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rest.items()]
    key = json.dumps(field)
    return ("{" + ", ".join([f"{key}: {first}", *pairs, f"{key}: {last}"]) +
            "}").encode()


def body_cases(op, example):
    """What is wrong with a body as a whole."""
    schema = op.request_schema(openapi.JSON)
    good = json.dumps(example).encode()
    for at in (1, len(good) // 2, len(good) - 1):
        yield Case(f"cut after {at}", "unreadable", good[:at])
    for name, body in {"text behind it": good + b"x", "two": good + good,
                       "a NUL behind it": good + b"\0",
                       "a bracket too many": good + b"}",
                       "in UTF-16": good.decode().encode("utf-16"),
                       "nothing": b"", "blanks": b" \n"}.items():
        yield Case(name, "unreadable", body)
    for name, body in {"an array": b"[]", "in an array": b"[%s]" % good,
                       "a text": b'"text"', "a number": b"1",
                       "null": b"null", "true": b"true"}.items():
        yield Case(name, "refused", body, names=["object", "required", "use_local_data"])
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        yield Case(f"as '{kind}'", "refused", good, type=kind,
                   names=["object", "required", "multipart"])
    for field in list(example)[:2]:
        value = json.dumps(example[field])
        yield Case(f"{field} twice, the last is right", "legal",
                   twice(example, field, "[[]]", value))
        legal = schema.is_valid({**example, field: [[]]})
        yield Case(f"{field} twice, the last is wrong",
                   "legal" if legal else "refused",
                   twice(example, field, value, "[[]]"), names=[field])
    yield Case("unknown fields", "legal", json.dumps(
        {**example, "no such": {"a": [1]}, "": 1, "x" * 1000: None}).encode())


# ---- multipart ----

BOUNDARY = "fateflow-bad-input"
BYTES = "application/octet-stream"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def part(name, content=b"1,2\n", disposition=None):
    head = disposition or f'form-data; name="{name}"; filename="x.csv"'
    return (f"--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\n".encode() +
            content + b"\r\n")


END = f"--{BOUNDARY}--\r\n".encode()


def multipart_cases(query):
    """Bodies that are no upload, whatever the query string says."""
    whole = part("file") + END
    for at in (1, 30, len(whole) - len(END), len(whole) - 5):
        yield Case(f"cut after {at}", "unreadable", whole[:at], query=query,
                   type=FORM)
    bodies = {
        "nothing": b"",
        "no part": END,
        "another part": part("other") + END,
        "two files": part("file") + part("file") + END,
        "no disposition": b"--%s\r\nX: y\r\n\r\na\r\n" % BOUNDARY.encode() +
        END,
        "no name": part("", disposition="form-data") + END,
        "a name that is not UTF-8": part("file").replace(b"file\"", b"\xff\"")
        + END,
        "a NUL in the name": part("file\0") + END,
        "headers without end": b"--%s\r\n" % BOUNDARY.encode() +
        b"X: " + b"y" * 9000 + b"\r\n\r\na\r\n" + END,
        "a boundary with text behind it": part("file").replace(
            b"\r\n", b"x\r\n", 1) + END,
        "JSON": b"{}",
    }
    for name, body in bodies.items():
        yield Case(name, "unreadable", body, query=query, type=FORM)
    kinds = {
        "no boundary": "multipart/form-data",
        "an empty boundary": "multipart/form-data; boundary=",
        "another boundary": "multipart/form-data; boundary=other",
        "a long boundary": f"multipart/form-data; boundary={'x' * 71}",
        "another multipart": f"multipart/mixed; boundary={BOUNDARY}",
        "text": "text/plain",
        "no type": "",
    }
    for name, kind in kinds.items():
        yield Case(name, "unreadable", whole, query=query, type=kind)


# ---- forms ----

URLENCODED = "application/x-www-form-urlencoded"


def form(fields):
    """A form with these fields (bytes) and a file that is none."""
    return b"".join(part(name, value, f'form-data; name="{name}"')
                    for name, value in fields.items()) + \
        part("file", b"no archive") + END


def takes_file(op):
    schema = op.request_types["multipart/form-data"]["schema"]
    return "file" in properties_of(parts_of(schema, {}))


def as_urlencoded(fields):
    return "&".join(f"{name}={urllib.parse.quote(value)}"
                    for name, value in fields.items()).encode()


def form_cases(op, kind):
    """Bad fields of a form, which are texts."""
    schema = op.request_schema(kind.split(";")[0])
    example = {k: str(v) for k, v in op.examples(kind.split(";")[0])[0].items()}
    encode = as_urlencoded if kind == URLENCODED else \
        lambda f: form({k: v.encode() for k, v in f.items()})

    def case(name, field, fields):
        legal = schema.is_valid({"file": "", **fields})
        return Case(f"form's {field} {name}", "legal" if legal else "refused",
                    encode(fields), names=[field], type=kind)

    for field in example:
        rest = {k: v for k, v in example.items() if k != field}
        yield case("missing", field, rest)
        for name, text in QUERY_VALUES.items():
            yield case(name, field, {**rest,
                                     field: urllib.parse.unquote(text)})
        if kind != URLENCODED:
            for name, value in {"not UTF-8": b"\xff\xfe", "NUL": b"a\0b",
                                "long": b"x" * LONG}.items():
                fields = {k: v.encode() for k, v in rest.items()}
                yield Case(f"form's {field} {name}", "unreadable",
                           form({**fields, field: value}), type=kind)


def example_query(op):
    return "&".join(f"{n}={p['example']}" for n, p in op.parameters.items()
                    if "example" in p)


def cases(op):
    """All of one operation."""
    if openapi.JSON in op.request_types:
        examples = op.examples(openapi.JSON)
        for example in examples:
            yield from field_cases(op, example)
        yield from body_cases(op, examples[0])
    if BYTES in op.request_types:
        yield from query_cases(op, BYTES, b"1,2\n")
    if URLENCODED in op.request_types:
        yield from form_cases(op, URLENCODED)
    if "multipart/form-data" in op.request_types:
        if op.examples("multipart/form-data"):
            yield from form_cases(op, FORM)
        yield from query_cases(op, FORM, part("other") + END)
        yield from multipart_cases(example_query(op))
