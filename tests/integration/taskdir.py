"""Task directories (docs/task-directory.md) without a scheduler: the parties
of one component as processes of the real fateflow-task, side by side.

    c = Component(tmp_path, "Intersection", {"intersect_method": "raw"})
    c.party("guest", 9999, data=[data_input(uploaded(folder, rows))])
    c.party("host", 10000, data=[...])
    runs = c.run()
    runs["guest-9999"].state["status"]
"""
import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FATEFLOW_BIN", ROOT / "build/dev/bin"))
TASK = BIN / "fateflow-task"
INITIATOR = {"role": "guest", "party_id": "9999"}


def need_program():
    if TASK.exists():
        return
    lack = f"no {TASK} (FATEFLOW_BIN)"
    if os.environ.get("FATEFLOW_CI"):
        pytest.fail(lack)
    pytest.skip(lack)


class Party:
    """One party's task: its folder, its process, what it left."""

    def __init__(self, folder, component, role, party_id):
        self.role, self.party_id = role, str(party_id)
        self.name = f"{role}-{party_id}"
        self.folder = folder / self.name
        self.mailbox = folder / "mail" / self.name / component / "0"
        self.process = None

    def start(self, env=None):
        with open(self.folder / "task.log", "ab") as log:
            self.process = subprocess.Popen(
                [TASK, self.folder], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={**os.environ, **(env or {})})

    def child(self):
        """The process that runs the component, once there is one."""
        pid = self.process.pid
        path = f"/proc/{pid}/task/{pid}/children"
        with contextlib.suppress(OSError):
            children = pathlib.Path(path).read_text().split()
            return int(children[0]) if children else None
        return None

    def _json(self, name):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def state(self):
        return self._json("state.json")

    @property
    def exit(self):
        return self._json("exit")

    @property
    def log(self):
        return (self.folder / "task.log").read_text()

    @property
    def metrics(self):
        """{namespace: {name: {"data": [[key, value]], "meta": {...}}}}"""
        out = {}
        path = self.folder / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        for line in map(json.loads, lines):
            names = out.setdefault(line["ns"], {})
            metric = names.setdefault(line["name"], {"data": [],
                                                     "meta": None})
            if line["t"] == "meta":
                assert metric["meta"] is None, line
                metric["meta"] = line["meta"]
            else:
                metric["data"].append([line["key"], line["value"]])
        return out

    @property
    def rows(self):
        """(id, label, value) of the output table, in its order."""
        return read_rows(self.state["table"]["path"])


class Component:
    """One component of one job; fields of task.json can be overridden."""

    def __init__(self, folder, module, parameters, name=None, **fields):
        need_program()
        self.folder, self.module = folder, module
        self.parameters, self.fields = parameters, fields
        self.name = name or f"{module.lower()}_0"
        self.parties = []

    def party(self, role, party_id, data=(), models=(), **parameters):
        p = Party(self.folder, self.name, role, party_id)
        p.inputs = {"data": list(data), "models": list(models)}
        p.parameters = {**self.parameters, **parameters}
        self.parties.append(p)
        return p

    def __getitem__(self, name):
        return next(p for p in self.parties if p.name == name)

    def write(self):
        roles = {}
        for p in self.parties:
            roles.setdefault(p.role, []).append(int(p.party_id))
        for p in self.parties:
            p.folder.mkdir(parents=True)
            (p.folder / "task.json").write_text(json.dumps({
                "v": 1, "job_id": "2026", "task_id": f"2026_{self.name}",
                "component": self.name, "module": self.module,
                "role": p.role, "party_id": p.party_id, "attempt": 0,
                "fence": 1, "initiator": INITIATOR, "roles": roles,
                "job_parameters": {}, "parameters": p.parameters,
                "inputs": p.inputs,
                "outputs": {"data": "train", "model": "model"},
                "peers": [{"role": q.role, "party_id": q.party_id,
                           "mailbox": str(q.mailbox)}
                          for q in self.parties if q is not p],
                "mailbox": str(p.mailbox), "keep_messages": False,
                "mailbox_quota": 0, **self.fields}))

    def start(self):
        self.write()
        for p in self.parties:
            p.start()
        return self

    def wait(self, timeout=120):
        """Waits for all. As the scheduler does, it ends the peers of a task
        that failed: they would wait for its messages for ever."""
        end = time.monotonic() + timeout
        terminated = False
        pause = 0.002
        try:
            while any(p.process.poll() is None for p in self.parties):
                failed = any(p.process.poll() for p in self.parties)
                if failed and not terminated:
                    self.signal(signal.SIGTERM)
                    terminated = True
                assert time.monotonic() < end, self.account()
                time.sleep(pause)
                pause = min(pause * 1.5, 0.05)
        finally:
            self.kill()
        return {p.name: p for p in self.parties}

    def signal(self, number):
        for p in self.parties:
            if p.process and p.process.poll() is None:
                p.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        for p in self.parties:
            p.process.wait(10)

    def run(self, timeout=120):
        self.start()
        return self.wait(timeout)

    def account(self):
        return "\n".join(f"{p.name}: {p.state} {p.log}" for p in self.parties)

    def succeeded(self, timeout=120):
        """Runs to the end; the runs, all of which must be a success."""
        runs = self.run(timeout)
        for p in self.parties:
            assert p.state.get("status") == "success", self.account()
            assert p.exit["exit_code"] == 0 and p.process.returncode == 0
        return runs


def data_input(path, key="data", component=None, partitions=4):
    return {"key": key, "component": component, "namespace": "ns",
            "name": pathlib.Path(path).name if path else "none",
            "path": str(path) if path else None, "partitions": partitions}


def uploaded(folder, lines, name="table", head=None):
    """The path of a table that the real Upload made of lines."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.csv"
    text = ([head] if head else []) + list(lines)
    source.write_text("\n".join(text) + "\n", encoding="utf-8")
    c = Component(folder / f"upload-{name}", "Upload",
                  {"file": str(source), "namespace": "ns",
                   "table_name": name, "head": int(bool(head)),
                   "partition": 4})
    c.party("local", 0)
    return c.succeeded()["local-0"].state["publish"]["path"]


def read_rows(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with contextlib.closing(db):
        return db.execute(
            "SELECT id, label, value FROM row ORDER BY pos").fetchall()


def write_table(path, header, rows, kind="dense", label_name="y"):
    """A table of lib/table (docs/data.md) by hand: what no upload makes.
    `rows` are (id, label, value as stored)."""
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path)
    with contextlib.closing(db):
        db.executescript(
            "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT)"
            " WITHOUT ROWID;"
            "CREATE TABLE row(pos INTEGER PRIMARY KEY, id TEXT NOT NULL,"
            " label, value);"
            "CREATE TABLE mark(len INTEGER, id TEXT, pos INTEGER NOT NULL,"
            " PRIMARY KEY(len, id)) WITHOUT ROWID;")
        rows = list(rows)
        db.executemany("INSERT INTO row VALUES(?, ?, ?, ?)",
                       [(i, *row) for i, row in enumerate(rows)])
        db.executemany("INSERT INTO meta VALUES(?, ?)", [
            ("format", "1"), ("kind", kind), ("sid_name", "id"),
            ("label_name", label_name), ("header", json.dumps(header)),
            ("rows", str(len(rows))), ("digest", "0" * 64)])
        db.commit()
    return path


def fate_order(ids):
    """Shorter ids first, equal lengths by bytes."""
    return sorted(ids, key=lambda i: (len(i.encode()), i.encode()))
