"""Intersection as tasks of their own: a guest's and hosts' processes find the
common ids of uploaded tables; a set intersection here says what is right."""
import contextlib
import os
import random
import resource
import signal
import struct
import time

import pytest

from taskdir import Component, data_input, fate_order, uploaded

RSA = {"intersect_method": "rsa"}
RAW = {"intersect_method": "raw"}
RAW_HOST = {**RAW, "join_role": "host"}


def encoded(method="sha256", **more):
    return {**RAW, "with_encode": True, "encode_params":
            {"encode_method": method, "salt": "p\u00e9pper", **more}}


def make_ids(n, seed, pool=3):
    """n ids of `pool` times as many, of several lengths and scripts."""
    rng = random.Random(seed)
    forms = ["{}", "u{:05d}", "\u00e9t\u00e9-{}", "\u7528\u6237{}",
             "a long id with spaces {}", "\U0001f600{}"]
    numbers = rng.sample(range(pool * n // 2), n)
    return [forms[i % len(forms)].format(i) for i in numbers]


made = {}   # tables are read-only: one upload of each serves all tests


def tables(folder, ids_of):
    """{party: path}; each row's value says whose it is."""
    for name, ids in ids_of.items():
        key = name, tuple(ids)
        if key not in made:
            lines = [f"{i},{name},{k}" for k, i in enumerate(ids)]
            made[key] = uploaded(folder, lines, name, "id,x0,x1")
    return {name: made[name, tuple(ids)] for name, ids in ids_of.items()}


def component(folder, paths, param):
    c = Component(folder / "run", "Intersection", param)
    for name, path in paths.items():
        role, party = name.split("-")
        c.party(role, party, data=[data_input(path)])
    return c


def parties(ids_of_each):
    names = ["guest-9999"] + [f"host-{10000 + i}"
                              for i in range(len(ids_of_each) - 1)]
    return dict(zip(names, ids_of_each))


def check(run, ids, common):
    """The party's output: its own rows of the common ids, in order."""
    assert [r[0] for r in run.rows] == fate_order(common)
    own = {i: f"{run.name},{k}" for k, i in enumerate(ids)}
    assert all(value == own[i] and label is None
               for i, label, value in run.rows)
    table = run.state["table"]
    assert table["rows"] == len(common) and table["partitions"] == 4
    assert table["schema"] == {"header": "x0,x1", "sid": "id"}
    metric = run.metrics["train"]["intersection"]
    assert metric["data"] == [
        ["intersect_count", len(common)],
        ["intersect_rate", pytest.approx(len(common) / len(ids))]]
    assert metric["meta"] == {"name": "intersection",
                              "metric_type": "INTERSECTION"}


def check_no_result(run):
    assert run.state["status"] == "success"
    assert run.state.get("table") is None
    assert run.metrics["train"]["intersection"]["data"] == [
        ["intersect_count", -1], ["intersect_rate", -1]]


def intersect(folder, sets, param, timeout=120):
    sets = parties(sets)
    runs = component(folder, tables(folder, sets), param).succeeded(timeout)
    common = set.intersection(*map(set, sets.values()))
    return runs, sets, common


METHODS = {
    "rsa": RSA, "raw": RAW, "raw host": RAW_HOST,
    "hex": encoded(), "base64": encoded(base64=True),
    "md5 host": {**encoded("md5"), "join_role": "host"},
    "sha512 base64": encoded("sha512", base64=True),
    "encode none": encoded("none"),
    "RSA in capitals": {"intersect_method": "RSA"},
    "Raw Host in capitals": {"intersect_method": "Raw", "join_role": "Host"},
}


@pytest.mark.parametrize("method,hosts", [
    *[(method, hosts) for method in METHODS for hosts in (1, 2)],
    ("rsa", 3), ("raw", 3), ("raw host", 3)])
def test_result_when_synced_then_the_sets_in_order(tmp_path, method, hosts):
    sets = [make_ids(150 + 20 * k, k) for k in range(hosts + 1)]
    runs, sets, common = intersect(tmp_path, sets, METHODS[method])
    assert common
    for name, ids in sets.items():
        check(runs[name], ids, common)


@pytest.mark.slow
@pytest.mark.parametrize("method,rows,hosts", [
    ("raw", 10000, 1), ("raw host", 9000, 2), ("hex", 9000, 1),
    ("rsa", 5000, 1)])
def test_result_when_several_chunks_then_the_sets(
        tmp_path, method, rows, hosts):
    sets = [make_ids(rows - 300 * k, k) for k in range(hosts + 1)]
    runs, sets, common = intersect(tmp_path, sets, METHODS[method], 300)
    for name, ids in sets.items():
        check(runs[name], ids, common)


@pytest.mark.parametrize("rows", [4096, 4097, 8192])
@pytest.mark.parametrize("method", ["raw", "hex"])
def test_result_when_a_chunk_is_just_full_then_the_sets(
        tmp_path, method, rows):
    """Chunks hold 4096 items: nothing is lost or sent twice at the edge."""
    guest = [f"g{i}" for i in range(rows)]
    runs, sets, common = intersect(
        tmp_path, [guest, guest[rows // 2:] + ["h"]], METHODS[method])
    for name, ids in sets.items():
        check(runs[name], ids, common)


@pytest.mark.parametrize("method", ["rsa", "raw", "raw host", "hex"])
def test_result_when_a_party_has_all_then_all_rows(tmp_path, method):
    ids = make_ids(40, 1)
    runs, sets, common = intersect(tmp_path, [ids, ids + ["more"]],
                                   METHODS[method])
    assert len(common) == 40
    for name, own in sets.items():
        check(runs[name], own, common)


@pytest.mark.parametrize("method", ["rsa", "raw", "raw host", "hex"])
@pytest.mark.parametrize("hosts", [1, 2])
def test_result_when_nothing_is_common_then_an_empty_table(
        tmp_path, method, hosts):
    sets = [[f"{party}-{i}" for i in range(20)]
            for party in range(hosts + 1)]
    runs, sets, common = intersect(tmp_path, sets, METHODS[method])
    for name, ids in sets.items():
        check(runs[name], ids, set())
    # and what reads it says so
    c = Component(tmp_path / "next", "DataIO", {"with_label": False})
    path = runs["guest-9999"].state["table"]["path"]
    c.party("guest", 9999, data=[data_input(path)])
    state = c.run()["guest-9999"].state
    assert state["status"] == "failed"
    assert "Count of data_instance is 0" in state["error"]["text"]


@pytest.mark.parametrize("method,knows", [
    ("rsa", "guest"), ("raw", "guest"), ("hex", "guest"),
    ("raw host", "host")])
@pytest.mark.parametrize("hosts", [1, 2])
def test_result_when_not_synced_then_only_who_joins_has_it(
        tmp_path, method, knows, hosts):
    param = {**METHODS[method], "sync_intersect_ids": False}
    sets = [make_ids(60 + k, k) for k in range(hosts + 1)]
    runs, sets, common = intersect(tmp_path, sets, param)
    guest = set(sets["guest-9999"])
    for name, ids in sets.items():
        if not name.startswith(knows):
            check_no_result(runs[name])
        elif knows == "host":   # it met the guest alone
            check(runs[name], ids, guest & set(ids))
        else:
            check(runs[name], ids, common)


@pytest.mark.parametrize("method", ["rsa", "raw"])
def test_output_when_only_keys_then_no_values_and_no_header(tmp_path, method):
    param = {**METHODS[method], "only_output_key": True}
    runs, sets, common = intersect(
        tmp_path, [make_ids(50, 1), make_ids(50, 2)], param)
    for run in runs.values():
        assert run.rows == [(i, None, "intersect_id")
                            for i in fate_order(common)]
        assert run.state["table"]["schema"] == {}


@pytest.mark.parametrize("method", ["rsa", "raw"])
def test_tables_when_without_a_header_then_rows_as_they_are(tmp_path, method):
    lines = {"guest-9999": ["a,1", "b,2,x:3", "c"],
             "host-10000": ["c,9", "b,", "d,1"]}
    paths = {name: uploaded(tmp_path, text, name)
             for name, text in lines.items()}
    runs = component(tmp_path, paths, METHODS[method]).succeeded()
    assert runs["guest-9999"].rows == [("b", None, "2,x:3"), ("c", None, "")]
    assert runs["host-10000"].rows == [("b", None, ""), ("c", None, "9")]


def instances(folder, name, ids, with_label):
    """What the real DataIO makes of an upload."""
    head = "id,y,x0,x1" if with_label else "id,x0,x1"
    lines = [f"{i},{k % 2},{k},0.5" if with_label else f"{i},{k},0.5"
             for k, i in enumerate(ids)]
    c = Component(folder / f"dataio-{name}", "DataIO",
                  {"with_label": with_label, "label_name": "y",
                   "label_type": "int", "input_format": "dense",
                   "output_format": "dense", "data_type": "float64"})
    role, party = name.split("-")
    c.party(role, party, data=[data_input(uploaded(folder, lines, name,
                                                   head))])
    return c.succeeded()[name].state["table"]["path"]


@pytest.mark.parametrize("method", ["rsa", "raw host"])
def test_tables_when_of_instances_then_labels_and_values_stay(
        tmp_path, method):
    sets = parties([make_ids(80, 1), make_ids(70, 2)])
    paths = {name: instances(tmp_path, name, ids, name == "guest-9999")
             for name, ids in sets.items()}
    runs = component(tmp_path, paths, METHODS[method]).succeeded()
    common = fate_order(set.intersection(*map(set, sets.values())))
    for name, ids in sets.items():
        is_guest = name == "guest-9999"
        place = {i: k for k, i in enumerate(ids)}
        assert runs[name].rows == [
            (i, place[i] % 2 if is_guest else None,
             struct.pack("<2d", place[i], 0.5)) for i in common]
        schema = runs[name].state["table"]["schema"]["schema"]
        assert schema["header"] == ["x0", "x1"]


@pytest.mark.parametrize("method,tags", [
    ("RSA", {"intersect_key", "intersect_rows", "intersect_blinded",
             "intersect_signed", "intersect_hashed", "intersect_common"}),
    ("Raw", {"intersect_rows", "intersect_ids"})])
def test_method_when_in_capitals_then_no_other_one_runs(
        tmp_path, method, tags):
    sets = parties([make_ids(30, 1), make_ids(30, 2)])
    c = component(tmp_path, tables(tmp_path, sets),
                  {"intersect_method": method})
    c.succeeded()
    names = {f.name.split("~")[1]
             for p in c.parties for f in p.mailbox.iterdir()}
    assert names == tags


def test_method_when_unknown_then_refused_and_nothing_is_sent(tmp_path):
    sets = parties([["a"], ["a"]])
    c = component(tmp_path, tables(tmp_path, sets),
                  {"intersect_method": "psi"})
    failed = [p.state["error"]["text"] for p in c.run().values()
              if p.state.get("status") == "failed"]
    assert failed and all("psi" in text for text in failed)
    assert not any(list(p.mailbox.glob("*~*")) for p in c.parties)


@pytest.mark.parametrize("change,says", [
    ({**RAW_HOST, "repeated_id_process": True, "sync_intersect_ids": False},
     "repeated_id_process"),
    ({"intersect_cache_param": {"use_cache": True},
      "repeated_id_process": True}, "use_cache"),
])
def test_parameter_when_not_offered_then_failed_and_named(
        tmp_path, change, says):
    sets = parties([["a"], ["a"]])
    c = component(tmp_path, tables(tmp_path, sets), {**RSA, **change})
    states = [run.state for run in c.run().values()]
    assert any(s.get("status") == "failed" and says in s["error"]["text"]
               for s in states)


def test_parties_when_no_host_then_failed_and_said(tmp_path):
    sets = {"guest-9999": ["a"]}
    c = component(tmp_path, tables(tmp_path, sets), RSA)
    state = c.run()["guest-9999"].state
    assert state["status"] == "failed"
    assert "at least one host" in state["error"]["text"]


@pytest.mark.parametrize("method,victim", [
    ("rsa", "host-10000"), ("rsa", "guest-9999"), ("raw", "host-10000")])
def test_peer_when_killed_then_term_ends_the_other(tmp_path, method, victim):
    rows = 3000 if method == "rsa" else 40000   # seconds; a tenth of one
    sets = parties([make_ids(rows, 1), make_ids(rows, 2)])
    c = component(tmp_path, tables(tmp_path, sets), METHODS[method])
    c.write()
    dead, other = c[victim], next(p for p in c.parties if p.name != victim)
    other.start()
    dead.start()
    try:
        end = time.monotonic() + 20
        while not dead.child() and time.monotonic() < end:
            time.sleep(0.001)
        os.kill(dead.child(), signal.SIGKILL)
        assert dead.process.wait(10) == 128 + signal.SIGKILL
        assert dead.exit["signal"] == signal.SIGKILL
        time.sleep(0.3)
        assert other.process.poll() is None, "it waits for the peer"
        other.process.terminate()
        assert other.process.wait(10) == 128 + signal.SIGTERM
        assert other.exit["signal"] == signal.SIGTERM
        assert other.state["status"] == "running"
        assert not other.state.get("table")
        assert not (other.folder / "data" / "table").exists()
    finally:
        other.process.kill()
        dead.process.kill()


# ---- signed ids that a host keeps ----

CACHE = {**RSA, "intersect_cache_param": {"use_cache": True}}


class Kept:
    """Runs on one cache; each run's own log lines say what became of it."""

    def __init__(self, folder):
        self.folder, self.runs = folder, 0

    def run(self, sets, param=CACHE, guest=9999, allowed=True,
            around=contextlib.nullcontext()):
        self.runs += 1
        sets = {k.replace("9999", str(guest)): v
                for k, v in parties(sets).items()}
        folder = self.folder / f"run{self.runs}"
        c = Component(folder / "run", "Intersection", param,
                      keep_messages=True, **(
                          {"cache": str(self.folder / "cache")} if allowed
                          else {}))
        for name, path in tables(folder, sets).items():
            role, party = name.split("-")
            c.party(role, party, data=[data_input(path)])
        with around:
            runs = c.succeeded(60)
        common = set.intersection(*map(set, sets.values()))
        for name, ids in sets.items():
            check(runs[name], ids, common)
        return runs

    def files(self):
        return sorted((self.folder / "cache" / "intersection").glob("*/*"))


def is_reused(run):
    kept, took = "are kept for the next run" in run.log, (
        "come from an earlier run" in run.log)
    assert kept != took
    return took


def key_of(run):
    """The host's key and the digests that it sent, as the messages have
    them."""
    kept = sorted(run.folder.parent.glob("mail/guest-*/**/*.kept"))
    key = [p.read_bytes() for p in kept if "intersect_key" in p.name]
    digests = [p.read_bytes() for p in kept if "intersect_hashed" in p.name]
    assert key and digests
    return key, digests


def test_cache_when_the_ids_are_the_same_then_signed_once(tmp_path):
    kept = Kept(tmp_path)
    guests, host = [make_ids(60, 1), make_ids(80, 2)], make_ids(200, 3)
    first = kept.run([guests[0], host])["host-10000"]
    assert not is_reused(first)
    # other rows at the guest: the host's ids are what counts
    again = kept.run([guests[1], host])["host-10000"]
    assert is_reused(again) and len(kept.files()) == 1
    assert key_of(first) == key_of(again)


@pytest.mark.parametrize("change", [
    "ids", "one id", "guest", "id_type", "encrypt_type"])
def test_cache_when_something_else_then_another_key(tmp_path, change):
    kept = Kept(tmp_path)
    guest, host = make_ids(60, 1), make_ids(100, 2)
    first = kept.run([guest, host])["host-10000"]
    other, more, param = host, {}, CACHE
    if change == "ids":
        other = make_ids(100, 4)
    if change == "one id":      # as many, and as long, as before
        other = host[:-1] + [host[-1][:-1] + "x"]
    if change == "guest":
        more = {"guest": 9998}
    if change == "id_type":
        param = {**RSA, "intersect_cache_param": {
            "use_cache": True, "id_type": "imei"}}
    if change == "encrypt_type":
        param = {**RSA, "intersect_cache_param": {
            "use_cache": True, "encrypt_type": "md5"}}
    second = kept.run([guest, other], param, **more)["host-10000"]
    assert not is_reused(second) and len(kept.files()) == 2
    assert key_of(first)[0] != key_of(second)[0]
    assert is_reused(kept.run([guest, host])["host-10000"])


def test_cache_when_two_hosts_then_a_key_each(tmp_path):
    kept = Kept(tmp_path)
    guest, host = make_ids(60, 1), make_ids(100, 2)
    for took in (False, True):
        runs = kept.run([guest, host, host])
        assert is_reused(runs["host-10000"]) == took
        assert is_reused(runs["host-10001"]) == took
    assert len(kept.files()) == 2


def test_cache_when_kept_then_its_owner_alone_may_read_it(tmp_path):
    kept = Kept(tmp_path)
    runs = kept.run([make_ids(20, 1), make_ids(30, 2)])
    [path] = kept.files()
    assert path.name == "signed"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    d = path.read_bytes().split(b'"d":"')[1].split(b'"')[0].decode()
    for run in runs.values():
        assert d not in run.log and d not in str(run.state)


@pytest.mark.parametrize("damage", [
    "cut", "cut within the head", "empty", "longer", "a digest", "the key",
    "another's rows", "no JSON"])
def test_cache_when_damaged_then_signed_anew(tmp_path, damage):
    kept = Kept(tmp_path)
    guest, host = make_ids(60, 1), make_ids(100, 2)
    kept.run([guest, host])
    [path] = kept.files()
    data = path.read_bytes()
    head, line = data.index(b"\n"), data.index(b"\n") + 1
    flipped = bytes([data[line + 40] ^ 1])
    changed = {
        "cut": data[:-1], "cut within the head": data[:head // 2],
        "empty": b"", "longer": data + b"\0",
        "a digest": data[:line + 40] + flipped + data[line + 41:],
        "the key": data.replace(b'"n":"1', b'"n":"2').replace(
            b'"d":"', b'"d":"1'),
        "another's rows": data.replace(b'"rows":100', b'"rows":101'),
        "no JSON": b"}" + data[1:]}[damage]
    assert changed != data
    path.write_bytes(changed)
    run = kept.run([guest, host])["host-10000"]
    assert not is_reused(run) and "damaged" in run.log
    assert is_reused(kept.run([guest, host])["host-10000"])


def test_cache_when_it_cannot_be_written_then_the_result_all_the_same(
        tmp_path):
    (tmp_path / "cache").write_text("a file")
    kept = Kept(tmp_path)
    run = kept.run([make_ids(20, 1), make_ids(30, 2)])["host-10000"]
    assert "the signed ids are not kept: " in run.log


@contextlib.contextmanager
def no_file_over(size):
    """For the tasks that are started meanwhile."""
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_cache_when_not_all_can_be_written_then_nothing_is_kept(tmp_path):
    """No part of a file stays, nor the key that it begins with."""
    kept = Kept(tmp_path)
    sets = [make_ids(60, 1), make_ids(7000, 2)]     # 224,000 bytes
    run = kept.run(sets, around=no_file_over(200_000))["host-10000"]
    assert "the signed ids are not kept: " in run.log
    assert "are kept for the next run" not in run.log
    assert kept.files() == []
    assert not is_reused(kept.run(sets)["host-10000"])
    assert [p.stat().st_size > 224_000 for p in kept.files()] == [True]


def test_cache_when_what_is_kept_cannot_be_replaced_then_no_file_is_left(
        tmp_path):
    kept = Kept(tmp_path)
    sets = [make_ids(20, 1), make_ids(30, 2)]
    kept.run(sets)
    [path] = kept.files()
    path.unlink()
    path.mkdir()
    run = kept.run(sets)["host-10000"]
    assert "damaged" in run.log
    assert "the signed ids are not kept: " in run.log
    assert kept.files() == [path]


def test_cache_when_there_is_none_then_nothing_is_kept_and_the_log_says_so(
        tmp_path):
    kept = Kept(tmp_path)
    sets = [make_ids(20, 1), make_ids(30, 2)]
    said = "use_cache has no effect: this site keeps no signed ids"
    assert said in kept.run(sets, allowed=False)["host-10000"].log
    assert said not in kept.run(sets, RSA, allowed=False)["host-10000"].log
    assert kept.files() == []


def test_cache_when_not_asked_for_then_nothing_is_kept(tmp_path):
    kept = Kept(tmp_path)
    sets = [make_ids(20, 1), make_ids(30, 2)]
    kept.run(sets, RSA)
    runs = kept.run(sets, {**CACHE, "intersect_method": "raw"})
    assert kept.files() == []
    assert all("use_cache has no effect" in run.log for run in runs.values())
