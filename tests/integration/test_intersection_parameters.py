"""Intersection's parameters, one by one, against plain Python: what goes over
the wire with each digest, and ids that stand for several rows."""
import base64
import hashlib
import struct

import pytest

from audit import Audit, Facts, Message
from taskdir import (Component, data_input, fate_order, uploaded,
                     write_table)

DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
RAW = {"intersect_method": "raw"}
METHODS = {
    "rsa": {"intersect_method": "rsa"}, "raw": RAW,
    "raw host": {**RAW, "join_role": "host"},
    "hex": {**RAW, "with_encode": True, "encode_params":
            {"encode_method": "sha1", "salt": "x", "base64": False}}}


def intersect(folder, inputs, parameters, **fields):
    """inputs: {"host-10000": path}"""
    c = Component(folder / "run", "Intersection", parameters, **fields)
    for name, path in inputs.items():
        c.party(*name.split("-"), data=[data_input(path)])
    return c


# ---- what is sent ----

@pytest.mark.parametrize("salt", ["", "p\u00e9pper"])
@pytest.mark.parametrize("is_base64", [False, True])
@pytest.mark.parametrize("method", DIGESTS)
def test_ids_when_encoded_then_pythons_digests_are_sent(
        tmp_path, method, is_base64, salt):
    ids = {"guest-9999": ["1", "22", "u\u00e9", "only guest"],
           "host-10000": ["22", "u\u00e9", "host"]}
    c = intersect(tmp_path, {
        name: uploaded(tmp_path, [f"{i},1" for i in own], name)
        for name, own in ids.items()}, {
            **RAW, "with_encode": True, "encode_params": {
                "encode_method": method, "salt": salt,
                "base64": is_base64}}, keep_messages=True)

    def encode(i):
        digest = hashlib.new(method, (i + salt).encode()).digest()
        return base64.b64encode(digest) if is_base64 else \
            digest.hex().encode()

    runs = c.succeeded()
    common = {"22", "u\u00e9"}
    sent = {m.sender: m.items() for m in map(
        Message, (tmp_path / "run" / "mail").rglob("*~intersect_ids~*.kept"))}
    assert sent == {
        "host-10000": [encode(i) for i in fate_order(ids["host-10000"])],
        "guest-9999": [encode(i) for i in fate_order(common)]}
    for run in runs.values():
        assert [r[0] for r in run.rows] == fate_order(common)


@pytest.mark.parametrize("bits", [1, 64, 1024])
def test_random_bit_when_given_then_blinded_by_the_modulus_all_the_same(
        tmp_path, bits):
    ids = [str(k) for k in range(50)]
    path = uploaded(tmp_path, [f"{i},1" for i in ids], "both")
    c = intersect(tmp_path, {"guest-9999": path, "host-10000": path},
                  {"intersect_method": "rsa", "random_bit": bits},
                  keep_messages=True)
    runs = c.succeeded()
    assert [r[0] for r in runs["guest-9999"].rows] == fate_order(ids)
    faults, tags = Audit(tmp_path / "run" / "mail",
                         Facts(20, {}, set(ids))).run()
    assert faults == [] and tags["intersect_blinded"] == 1


# ---- at submit ----

def submitted(site, tmp_path, parameters, host=None):
    path = tmp_path / "few.csv"
    path.write_text("id,x\n1,2\n3,4\n")
    site.flow.uploaded(path, "parameters", "few", drop=1)
    table = {"args": {"data": {"d": [{"namespace": "parameters",
                                      "name": "few"}]}}}
    return site.flow.submit(
        {"components": {"intersection_0": {
            "module": "Intersection", "input": {"data": {"data": ["args.d"]}},
            "output": {"data": ["t"]}}}},
        {"initiator": {"role": "guest", "party_id": 9999},
         "job_parameters": {"work_mode": 0},
         "role": {"guest": [9999], "host": [10000]},
         "role_parameters": {"guest": table, "host": {
             **table, "intersection_0": host or {}}},
         "algorithm_parameters": {"intersection_0": parameters}})


@pytest.mark.parametrize("parameters,says", [
    ({"intersect_cache_param": {"use_cache": True},
      "repeated_id_process": True},
     "repeated_id_process and intersect_cache_param.use_cache are both true"),
    ({"intersect_cache_param": {"id_type": "email"}}, "id_type"),
    ({"intersect_cache_param": {"encrypt_type": "sha1"}}, "encrypt_type"),
    ({"intersect_method": "dh"}, "intersect_method"),
    ({"random_bit": 0}, "random_bit"),
    ({"join_role": "arbiter"}, "join_role"),
    ({"with_encode": 1}, "with_encode"),
    ({"encode_params": {"encode_method": "crc32"}}, "encode_method"),
    ({"encode_params": {"salt": 5}}, "salt"),
    ({"repeated_id_owner": "host"}, "repeated_id_owner"),
    ({**METHODS["raw host"], "repeated_id_process": True,
      "sync_intersect_ids": False},
     "repeated_id_process with join_role \"host\" needs sync_intersect_ids"),
])
def test_parameter_when_illegal_then_refused_by_name(
        site, tmp_path, parameters, says):
    answer = submitted(site, tmp_path, parameters)
    assert answer["retcode"] == 100
    assert "intersection_0" in answer["retmsg"] and says in answer["retmsg"]


def test_parameters_when_kept_for_fate_then_no_effect(site, tmp_path):
    answer = submitted(site, tmp_path, {
        "allow_info_share": True, "info_owner": "host",
        "intersect_cache_param": {"use_cache": False, "id_type": "imei",
                                  "encrypt_type": "md5"}})
    assert answer["retcode"] == 0, answer
    assert site.flow.wait(answer["jobId"]) == "success"
    for role, party in (("guest", 9999), ("host", 10000)):
        shown = site.flow.component("output/data", answer["jobId"],
                                    "intersection_0", role, party)
        assert shown["data"] == [["1", "2"], ["3", "4"]]
        assert "allow_info_share has no effect" in task_log(
            site, answer["jobId"], f"{role}-{party}")


def task_log(site, job, party):
    [path] = (site.work / "jobs" / job[:8] / job).glob(
        f"{party}/intersection_0/*/task.log")
    return path.read_text()


def test_signed_ids_when_the_operator_has_not_allowed_then_none_are_kept(
        site, tmp_path):
    """Whoever submits a job does not decide that a host keeps a secret key."""
    answer = submitted(site, tmp_path, {
        "intersect_cache_param": {"use_cache": True}})
    assert site.flow.wait(answer["jobId"]) == "success"
    assert ("use_cache has no effect: this site keeps no signed ids "
            "(federation.keep_signed_ids)") in task_log(
                site, answer["jobId"], "host-10000")
    assert not (site.work / "cache").exists()
    shown = site.flow.component("output/data", answer["jobId"],
                                "intersection_0", "host", 10000)
    assert shown["data"] == [["1", "2"], ["3", "4"]]


def test_signed_ids_when_kept_then_below_the_sites_folder(
        make_site, tmp_path):
    """Two jobs on the same table: the host of the second signs none anew."""
    words = ("are kept for the next run", "come from an earlier run")
    site = make_site(options={"federation": {"keep_signed_ids": True}})
    folder = site.work / "cache" / "intersection"
    for turn in range(2):
        answer = submitted(site, tmp_path, {
            "intersect_cache_param": {"use_cache": True}})
        job = answer["jobId"]
        assert site.flow.wait(job) == "success"
        log = task_log(site, job, "host-10000")
        assert [w in log for w in words] == [turn == 0, turn == 1]
        shown = site.flow.component("output/data", job, "intersection_0",
                                    "host", 10000)
        assert shown["data"] == [["1", "2"], ["3", "4"]]
        assert len(list(folder.glob("*/signed"))) == 1
    site.stop()


# ---- ids that stand for several rows ----

# The guest's rows: key, id, value. One id has three rows, one is alone, one
# has a key that is another's id, and some are none of a host's.
GUEST = [("k1", "7", 1.5), ("k10", "a b", 2.5), ("k2", "7", 3.5),
         ("k3", "\u00e9", 4.5), ("k4", "nobody", 5.5), ("k5", "7", 6.5),
         ("12", "k1", 7.5), ("k6", "nobody", 8.5)]
HOSTS = {"host-10000": ["\u00e9", "7", "a b", "k1", "12", "x"],
         "host-10001": ["7", "k1", "y", "\u00e9"]}


def repeated_inputs(folder, hosts):
    inputs = {"guest-9999": uploaded(
        folder, [f"{k},{i},{v},v{k}" for k, i, v in GUEST], "guest",
        "key,id,value,text")}
    for name in list(HOSTS)[:hosts]:
        inputs[name] = uploaded(
            folder, [f"{i},of {i},{n}" for n, i in enumerate(HOSTS[name])],
            name, "id,h0,h1")
    return inputs


def common_rows(hosts):
    """The guest's rows whose id every host has, in order of their keys."""
    have = set.intersection(*map(set, list(HOSTS.values())[:hosts]))
    rows = {k: (i, v) for k, i, v in GUEST if i in have}
    return {k: rows[k] for k in fate_order(rows)}


@pytest.mark.parametrize("hosts", [1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_ids_when_repeated_then_rows_of_the_guests_keys(
        tmp_path, method, hosts):
    c = intersect(tmp_path, repeated_inputs(tmp_path, hosts),
                  {**METHODS[method], "repeated_id_process": True},
                  keep_messages=True)
    runs = c.succeeded()
    rows = common_rows(hosts)
    assert len(rows) == 6 - (hosts - 1)
    guest = runs["guest-9999"]
    assert guest.rows == [(k, None, f"{v},v{k}")
                          for k, (_, v) in rows.items()]
    assert guest.state["table"]["schema"] == {"header": "value,text",
                                              "sid": "key"}
    for name in list(HOSTS)[:hosts]:
        ids = HOSTS[name]
        assert runs[name].rows == [
            (k, None, f"of {i},{ids.index(i)}") for k, (i, _) in rows.items()]
        assert runs[name].state["table"]["schema"] == {"header": "h0,h1",
                                                       "sid": "id"}
        spread = len(ids) - len({i for i, _ in rows.values()}) + len(rows)
        assert runs[name].metrics["train"]["intersection"]["data"] == [
            ["intersect_count", len(rows)],
            ["intersect_rate", pytest.approx(len(rows) / spread)]]
    assert guest.metrics["train"]["intersection"]["data"] == [
        ["intersect_count", len(rows)],
        ["intersect_rate", pytest.approx(len(rows) / len(GUEST))]]


@pytest.mark.parametrize("hosts", [1, 2])
def test_ids_when_repeated_then_hosts_hear_of_common_ones_alone(
        tmp_path, hosts):
    c = intersect(tmp_path, repeated_inputs(tmp_path, hosts),
                  {**METHODS["rsa"], "repeated_id_process": True},
                  keep_messages=True)
    c.succeeded()
    rows = common_rows(hosts)
    ids = {i for _, i, _ in GUEST} | {i for own in HOSTS.values()
                                      for i in own}
    faults, tags = Audit(tmp_path / "run" / "mail", Facts(
        100, {}, ids - {i for i, _ in rows.values()},
        common=frozenset(i for i, _ in rows.values()))).run()
    assert faults == [] and tags["repeat_ids"] == hosts
    faults, _ = Audit(tmp_path / "run" / "mail", Facts(100, {}, set())).run()
    assert len(faults) == hosts, "the audit sees ids that are not common"
    told = {m.to: m.payload.decode() for m in map(
        Message, (tmp_path / "run" / "mail").rglob("*~repeat_ids~*.kept"))}
    text = "".join(f"{i}\n{k}\n" for k, (i, _) in rows.items())
    assert told == {name: text for name in list(HOSTS)[:hosts]}


def test_ids_when_not_synced_then_the_guest_alone_has_rows(tmp_path):
    runs = intersect(tmp_path, repeated_inputs(tmp_path, 1), {
        **METHODS["rsa"], "repeated_id_process": True,
        "sync_intersect_ids": False}).succeeded()
    assert [r[0] for r in runs["guest-9999"].rows] == list(common_rows(1))
    assert not runs["host-10000"].state.get("table")


def test_ids_when_only_keys_are_wanted_then_the_guests(tmp_path):
    runs = intersect(tmp_path, repeated_inputs(tmp_path, 1), {
        **METHODS["raw"], "repeated_id_process": True,
        "only_output_key": True}).succeeded()
    for run in runs.values():
        assert run.rows == [(k, None, "intersect_id") for k in common_rows(1)]


@pytest.mark.parametrize("sparse", [False, True])
def test_ids_when_a_column_of_instances_then_without_it(tmp_path, sparse):
    """Whole numbers are ids without a point; a sparse row that lacks its
    first value has the id 0."""
    guest = [("a", 1, [5, 0, 1.5]), ("b", 0, [5, 2.5, 0]),
             ("c", 1, [0, 3.5, 4.5]), ("d", 0, [7.25, 0, 0])]

    def pack(row):
        at = [j for j, v in enumerate(row) if v] if sparse else range(len(row))
        out = struct.pack(f"<{len(at)}d", *[row[j] for j in at])
        return out + (struct.pack(f"<{len(at)}I", *at) if sparse else b"")

    path = write_table(tmp_path / "guest.table", ["id", "x0", "x1"],
                       [(k, y, pack(row)) for k, y, row in guest],
                       "sparse" if sparse else "dense")
    host = uploaded(tmp_path, ["0,zero", "5,five", "7.25,seven", "6,six"],
                    "host")
    runs = intersect(tmp_path, {"guest-9999": path, "host-10000": host}, {
        **METHODS["rsa"], "repeated_id_process": True}).succeeded()
    assert runs["guest-9999"].rows == [(k, y, pack(row[1:]))
                                       for k, y, row in guest]
    schema = runs["guest-9999"].state["table"]["schema"]["schema"]
    assert schema["header"] == ["x0", "x1"]
    assert runs["host-10000"].rows == [
        ("a", None, "five"), ("b", None, "five"), ("c", None, "zero"),
        ("d", None, "seven")]


def test_ids_when_long_numbers_of_instances_then_exact_or_refused(tmp_path):
    """Up to 2^53 every whole number is a double of its own."""
    def run(folder, number):
        path = write_table(folder / "guest.table", ["id", "x0"],
                           [("k", 1, struct.pack("<2d", number, 1.0))],
                           "dense")
        host = uploaded(folder, [f"{number},found"], "host")
        return intersect(folder, {"guest-9999": path, "host-10000": host}, {
            **METHODS["rsa"], "repeated_id_process": True}).run()

    for name in ("exact", "long"):
        (tmp_path / name).mkdir()
    runs = run(tmp_path / "exact", 2 ** 53 - 1)
    assert runs["host-10000"].rows == [("k", None, "found")]
    state = run(tmp_path / "long", 6222021234567890123)["guest-9999"].state
    assert state["status"] == "failed"
    assert "row 'k': the id 6.22" in state["error"]["text"]
    assert "intersect before DataIO" in state["error"]["text"]


def test_parties_when_of_several_minds_then_refused_at_submit(site, tmp_path):
    answer = submitted(site, tmp_path, RAW, {
        "join_role": ["host"], "encode_params": {"salt": ["x"]}})
    assert answer["retcode"] == 100
    assert "'join_role' is \"guest\" at guest 9999 and \"host\" at host " \
        "10000" in answer["retmsg"]
    assert "'encode_params.salt' is \"\" at guest" in answer["retmsg"]


def test_id_when_a_row_has_none_then_failed_and_named(tmp_path):
    guest = uploaded(tmp_path, ["k1,5,1", "k2,,2"], "guest")
    host = uploaded(tmp_path, ["5,1"], "host")
    c = intersect(tmp_path, {"guest-9999": guest, "host-10000": host}, {
        **METHODS["raw"], "repeated_id_process": True})
    state = c.run()["guest-9999"].state
    assert state["status"] == "failed"
    assert "row 'k2' has no value in its first column" in \
        state["error"]["text"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rsa", "raw"])
def test_ids_when_many_chunks_then_rows_of_the_guests_keys(tmp_path, method):
    n = 5000 if method == "rsa" else 13000
    ids = [str(k * 7919 % (n // 3)) for k in range(n)]
    guest = uploaded(tmp_path, [f"k{k},{i},{k}" for k, i in enumerate(ids)],
                     "guest")
    have = {str(k) for k in range(0, n, 2)}
    host = uploaded(tmp_path, [f"{i},h{i}" for i in have], "host")
    runs = intersect(tmp_path, {"guest-9999": guest, "host-10000": host}, {
        **METHODS[method], "repeated_id_process": True}).succeeded(300)
    keys = fate_order(f"k{k}" for k, i in enumerate(ids) if i in have)
    assert runs["guest-9999"].rows == [(k, None, k[1:]) for k in keys]
    assert runs["host-10000"].rows == [
        (k, None, f"h{ids[int(k[1:])]}") for k in keys]
