"""Tables of instances as NumPy arrays, into task folders and out of them, and
model buffers as the JSON of FATE's tracking, decoded by the .proto files."""
import json
import re
import sqlite3
import struct

import numpy as np

from taskdir import ROOT, Component, data_input, read_rows, write_table

PROTO = ROOT / "lib/model/proto"


# ---- tables ----

def pack(row, sparse):
    """A row as the table holds it; of a sparse one its zeros are left out."""
    if not sparse:
        return struct.pack(f"<{len(row)}d", *row)
    at = [i for i, v in enumerate(row) if v != 0]
    return struct.pack(f"<{len(at)}d{len(at)}I", *[row[i] for i in at], *at)


def unpack(value, n, sparse):
    if not sparse:
        return list(struct.unpack(f"<{n}d", value))
    k = len(value) // 12
    row = [0.0] * n
    for i, v in zip(struct.unpack(f"<{k}I", value[8 * k:]),
                    struct.unpack(f"<{k}d", value[:8 * k])):
        row[i] = v
    return row


def make_table(path, x, y=None, sparse=False, header=None, ids=None,
               label_name="y"):
    """x rows by columns, NaN = missing; ids in FATE's order."""
    ids = ids or [f"{i:06d}" for i in range(len(x))]
    header = header or [f"x{j}" for j in range(np.shape(x)[1])]
    labels = [None] * len(x) if y is None else y
    return write_table(path, header, [
        (i, label, pack(row, sparse)) for i, label, row in
        zip(ids, labels, x)], "sparse" if sparse else "dense", label_name)


class Table:
    """The output table of a task."""

    def __init__(self, state):
        db = sqlite3.connect(f"file:{state['table']['path']}?mode=ro",
                             uri=True)
        self.meta = dict(db.execute("SELECT key, value FROM meta"))
        db.close()
        self.kind = self.meta["kind"]
        self.header = json.loads(self.meta["header"])
        self.rows = read_rows(state["table"]["path"])
        self.ids = [row[0] for row in self.rows]
        self.labels = [row[1] for row in self.rows]
        assert int(self.meta["rows"]) == len(self.rows) == \
            state["table"]["rows"]
        self.schema = state["table"]["schema"]

    @property
    def x(self):
        return np.array([unpack(v, len(self.header), self.kind == "sparse")
                         for _, _, v in self.rows])

    @property
    def lists(self):
        return [json.loads(v) for _, _, v in self.rows]


def run(folder, module, parameters, table, model=None, role="guest",
        key="data"):
    """One party's task on one table, with the model of an earlier one."""
    c = Component(folder, module, parameters)
    models = [{"isometric": False, "component": "earlier",
               "dir": str(model.folder / "model")}] if model else []
    party = c.party(role, 9999 if role == "guest" else 10000,
                    data=[data_input(table, key)], models=models)
    c.run()
    return party


def succeeded(*args, **more):
    party = run(*args, **more)
    assert party.state["status"] == "success", party.log
    return party


def fault(*args, **more):
    party = run(*args, **more)
    assert party.state["status"] == "failed"
    assert party.exit["exit_code"] == 1
    return party.state["error"]["text"]


# ---- models ----

def read_proto():
    """{message: [(number, name, type, "one" | "many" | key type)]}"""
    out = {}
    for path in PROTO.glob("*.proto"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for name, body in re.findall(r"message (\w+) \{(.*?)\n\}", text,
                                     re.S):
            out[name] = [
                (int(number), field, kind,
                 key or ("many" if repeated else "one"))
                for repeated, key, mapped, plain, field, number in re.findall(
                    r"(repeated )?(?:map<(\w+), (\w+)>|(\w+)) (\w+) = (\d+);",
                    body)
                for kind in [mapped or plain]]
    return out


MESSAGES = read_proto()
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
DEFAULT = {"string": "", "bytes": "", "double": 0.0, "bool": False,
           "int32": 0, "int64": "0"}


def camel(name):
    return re.sub(r"_(\w)", lambda m: m[1].upper(), name).rstrip("_")


def fields(raw):
    """(number, wire type, value) one after the other."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = raw[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(raw):
        number, wire = divmod(varint(), 8)
        if wire == VARINT:
            yield number, wire, varint()
            continue
        n = {FIXED64: 8, FIXED32: 4}.get(wire) or varint()
        yield number, wire, raw[at:at + n]
        at += n


def scalar(kind, value):
    if kind == "string":
        return value.decode()
    if kind == "double":
        return struct.unpack("<d", value)[0]
    if kind == "bool":
        return bool(value)
    if kind in ("int32", "int64"):
        value -= (value >> 63) << 64
        return str(value) if kind == "int64" else value
    return decode(value, kind)


def repeated(kind, wire, value):
    if wire != BYTES or kind not in ("double", "int32", "int64", "bool"):
        return [scalar(kind, value)]
    if kind == "double":
        return [v[0] for v in struct.iter_unpack("<d", value)]
    # each number as a field by itself; its last byte is below 128
    numbers = re.findall(rb"[\x80-\xff]*[\x00-\x7f]", value, re.S)
    return [scalar(kind, v) for _, _, v in
            fields(b"".join(b"\0" + n for n in numbers))]


def decode(raw, message):
    """The bytes of a message as tracking shows it, defaults filled in."""
    out = {camel(name): {} if many not in ("one", "many") else
           [] if many == "many" else DEFAULT[kind]
           for _, name, kind, many in MESSAGES[message]
           if many != "one" or kind in DEFAULT}
    if raw == b"\n\x03set":
        return out
    known = {number: rest for number, *rest in MESSAGES[message]}
    for number, wire, value in fields(raw):
        name, kind, many = known[number]
        if many == "one":
            out[camel(name)] = scalar(kind, value)
        elif many == "many":
            out[camel(name)] += repeated(kind, wire, value)
        else:
            entry = {n: v for n, _, v in fields(value)}
            key = scalar(many, entry.get(1, b""))
            out[camel(name)][key] = scalar(kind, entry[2]) if 2 in entry \
                else DEFAULT.get(kind) if kind in DEFAULT \
                else decode(b"", kind)
    return out


def model(party, buffer, message=None):
    """A model buffer of a task, by its message."""
    listed = {row["buffer"]: row["message"] for row in
              party.state.get("model", [])}
    message = message or listed[buffer]
    assert listed[buffer] == message
    return decode((party.folder / "model" / buffer).read_bytes(), message)


def encode_varint(value):
    out = b""
    value &= 2 ** 64 - 1
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def encode_one(number, kind, value):
    if kind == "double":
        return encode_varint(number << 3 | FIXED64) + struct.pack("<d", value)
    if kind in ("bool", "int32", "int64"):
        return encode_varint(number << 3 | VARINT) + encode_varint(int(value))
    raw = value.encode() if kind == "string" else encode(value, kind)
    return encode_varint(number << 3 | BYTES) + encode_varint(len(raw)) + raw


def encode(shown, message):
    """The bytes of what tracking shows of a message."""
    out = b""
    for number, name, kind, many in MESSAGES[message]:
        value = shown.get(camel(name))
        if value is None:
            continue
        if many == "one":
            out += encode_one(number, kind, value)
        elif many == "many":
            out += b"".join(encode_one(number, kind, v) for v in value)
        else:
            for k, v in value.items():
                raw = encode_one(1, many, k) + encode_one(2, kind, v)
                out += encode_varint(number << 3 | BYTES) + \
                    encode_varint(len(raw)) + raw
    return out
