"""HeteroPearson: guest and host together against NumPy, what they refuse, the
messages decoded, and jobs as FATE's own example has them."""
import csv
import json
import math
import re
import time

import pytest

from audit import Audit, Facts, Message
from conftest import ROOT
from instances import make_table, model, np
from taskdir import Component, data_input

MODULE = "HeteroPearson"
PARAM, META = "HeteroPearsonModelParam", "HeteroPearsonModelMeta"
MESSAGES = {"pearson_public_key", "pearson_align", "pearson_columns",
            "pearson_values", "pearson_products", "pearson_share"}
RANDOM = np.random.default_rng(20261126)
N = 397
BOUND = 1e-9
FRACTION = 30       # shared_dot.h: SHARED_DOT_FRACTION


def related(n, d, random=RANDOM):
    """Columns of very different size and place that have to do with each
    other: the second is a flag, the last but one a count."""
    base = np.random.default_rng(7).normal(size=(n, 3))
    x = base @ random.normal(size=(3, d)) + random.normal(size=(n, d))
    x *= 10.0 ** random.integers(-3, 4, d)
    x += random.integers(-3, 4, d) * 50
    x[:, 1] = base[:, 0] > 0.8
    x[:, d - 2] = np.round(np.exp(base[:, 1]))
    return x


GUEST, HOST = related(N, 7), related(N, 5)
GUEST_NAMES = [f"g{j}" for j in range(7)]
HOST_NAMES = [f"secret{j}" for j in range(5)]


def both(folder, guest=GUEST, host=HOST, sparse=False, ids=(None, None),
         keep=True, own=({}, {}), **parameters):
    """The tasks of guest and host, not started."""
    c = Component(folder, MODULE,
                  {"column_indexes": -1, "column_names": [],
                   "cross_parties": True, "use_mix_rand": False,
                   **parameters}, keep_messages=keep)
    for role, party, x, i, more in (("guest", 9999, guest, ids[0], own[0]),
                                    ("host", 10000, host, ids[1], own[1])):
        if x is None:
            continue
        names = (GUEST_NAMES if role == "guest" else HOST_NAMES)
        header = names if len(x[0]) == len(names) else None
        table = make_table(folder / f"{role}.table", x,
                           [k % 2 for k in range(len(x))]
                           if role == "guest" else None,
                           sparse, header=header, ids=i)
        c.party(role, party, data=[data_input(table)], **more)
    return c


def numpy_corr(a, b):
    both_of = np.corrcoef(np.hstack([a, b]), rowvar=False)
    return both_of[:a.shape[1], a.shape[1]:]


def check(c, guest, host):
    """Both models against NumPy; how far `corr` is off at most."""
    want = numpy_corr(guest, host)
    shown = {p.name: model(p, PARAM) for p in c.parties}
    for name, x in (("guest-9999", guest), ("host-10000", host)):
        corr = np.array(shown[name]["corr"]).reshape(want.shape)
        local = np.array(shown[name]["localCorr"]).reshape(
            x.shape[1], x.shape[1])
        np.testing.assert_allclose(corr, want, rtol=0, atol=BOUND)
        np.testing.assert_allclose(
            local, np.corrcoef(x, rowvar=False).reshape(local.shape),
            rtol=0, atol=1e-11)
        assert np.abs(local).max() <= 1 and np.abs(corr).max() <= 1
        shapes = [guest.shape[1], host.shape[1]]
        assert shown[name]["shapes"] == shapes
        assert model(c[name], META) == {"shapes": shapes}
        assert shown[name]["shape"] == x.shape[1]
    assert shown["guest-9999"]["corr"] == shown["host-10000"]["corr"]
    return np.abs(corr - want).max()


def failed(c, name):
    """Why a party's task failed, which the others' did not get past."""
    c.run()
    assert c[name].state["status"] == "failed", c.account()
    for p in c.parties:
        assert p.state.get("status") != "success"
        assert not p.state.get("model")
    return c[name].state["error"]["text"]


def audit(c, folder, guest=GUEST, host=HOST):
    return Audit(folder / "mail", Facts(
        len(guest), {"guest-9999": guest.shape[1],
                     "host-10000": host.shape[1]},
        {f"{k:06d}" for k in range(len(guest))})).run()


# ---- results ----

@pytest.mark.parametrize("sparse", [False, True])
def test_correlations_when_across_then_as_numpy(tmp_path, sparse):
    guest, host = (np.where(np.abs(x) < np.median(np.abs(x), 0), 0, x)
                   if sparse else x for x in (GUEST, HOST))
    c = both(tmp_path, guest, host, sparse)
    c.succeeded()
    check(c, guest, host)
    for p in c.parties:
        assert not p.state.get("table")
        assert p.metrics == {"statistic": {"correlation": {
            "data": [], "meta": {"name": "pearson",
                                 "metric_type": "CORRELATION_GRAPH"}}}}
    faults, tags = audit(c, tmp_path)
    assert faults == []
    assert set(tags) == MESSAGES
    assert tags["pearson_share"] == 2


def test_model_when_across_then_own_names_and_the_others_numbers(tmp_path):
    c = both(tmp_path)
    c.succeeded()
    numbers = [f"host_10000_{j}" for j in range(5)]
    guest = model(c["guest-9999"], PARAM)
    host = model(c["host-10000"], PARAM)
    for m in (guest, host):
        for key in ("corr", "localCorr"):
            m.pop(key)
    assert guest == {
        "party": "(guest,9999)", "parties": ["(guest,9999)", "(host,10000)"],
        "shape": 7, "shapes": [7, 5], "names": GUEST_NAMES,
        "anonymousMap": [{"anonymous": f"guest_9999_{j}", "name": f"g{j}"}
                         for j in range(7)],
        "allNames": [{"names": GUEST_NAMES}, {"names": numbers}]}
    assert host == {
        "party": "(host,10000)", "parties": ["(guest,9999)", "(host,10000)"],
        "shape": 5, "shapes": [7, 5], "names": HOST_NAMES,
        "anonymousMap": [{"anonymous": a, "name": n}
                         for a, n in zip(numbers, HOST_NAMES)],
        "allNames": [{"names": [f"guest_9999_{j}" for j in range(7)]},
                     {"names": HOST_NAMES}]}
    # not even in a file of the other's, or in a message
    for folder, text in ((c["guest-9999"].folder, b"secret"),
                         (tmp_path / "mail", b"secret"),
                         (c["host-10000"].folder, b"g3"),
                         (tmp_path / "mail", b"g3")):
        files = [f for f in folder.rglob("*") if f.is_file()]
        assert files
        for f in files:
            # random bytes may say g3: names are quoted or of a message
            found = re.search(rb'["\n]' + text, f.read_bytes()) \
                if f.suffix == ".kept" else text in f.read_bytes()
            assert not found, f


@pytest.mark.parametrize("own,guest,host", [
    (({"column_indexes": [5, 0], "column_names": ["g2"]},
      {"column_indexes": [], "column_names": ["secret4", "secret1"]}),
     [0, 2, 5], [1, 4]),
    (({"column_indexes": [3]}, {"column_indexes": None,
                                "column_names": ["secret0"]}), [3], [0])])
def test_columns_when_chosen_then_in_the_tables_order(tmp_path, own, guest,
                                                      host):
    c = both(tmp_path, own=own)
    c.succeeded()
    check(c, GUEST[:, guest], HOST[:, host])
    assert model(c["guest-9999"], PARAM)["names"] == [
        f"g{j}" for j in guest]
    assert model(c["host-10000"], PARAM)["names"] == [
        f"secret{j}" for j in host]


@pytest.mark.parametrize("parties", ["both", "guest"])
def test_parties_when_apart_then_local_alone(tmp_path, parties):
    """Without a message, and whatever rows the other has."""
    c = both(tmp_path, host=HOST[:50] if parties == "both" else None,
             cross_parties=False)
    c.succeeded()
    assert not list((tmp_path / "mail").rglob("*.kept"))
    for p in c.parties:
        x, names = ((GUEST, GUEST_NAMES) if p.role == "guest" else
                    (HOST[:50], HOST_NAMES))
        m = model(p, PARAM)
        np.testing.assert_allclose(
            np.array(m.pop("localCorr")).reshape(len(names), -1),
            np.corrcoef(x, rowvar=False), rtol=0, atol=1e-11)
        assert m == {
            "party": f"({p.role},{p.party_id})",
            "parties": [f"({p.role},{p.party_id})"], "shape": len(names),
            "shapes": [len(names)], "names": names, "corr": [],
            "allNames": [{"names": names}],
            "anonymousMap": [
                {"anonymous": f"{p.role}_{p.party_id}_{j}", "name": n}
                for j, n in enumerate(names)]}
        assert model(p, META) == {"shapes": [len(names)]}
        assert "CORRELATION_GRAPH" in str(p.metrics)


def test_columns_when_equal_or_opposite_then_one(tmp_path):
    host = np.column_stack([GUEST[:, 0], -3 * GUEST[:, 1] + 5,
                            GUEST[:, 2] * 1e-6])
    c = both(tmp_path, host=host)
    c.succeeded()
    check(c, GUEST, host)
    corr = np.array(model(c["guest-9999"], PARAM)["corr"]).reshape(7, 3)
    assert corr[0, 0] == pytest.approx(1, abs=BOUND)
    assert corr[1, 1] == pytest.approx(-1, abs=BOUND)
    assert corr[2, 2] == pytest.approx(1, abs=BOUND)


def test_columns_when_hard_to_compute_then_as_numpy(tmp_path):
    """Far from 0; one row alone; tiny; huge; of two rows in 400."""
    t = np.arange(N) / N
    spike = np.zeros(N)
    spike[5] = 1
    pair = spike.copy()
    pair[6] = -1
    guest = np.column_stack([1e8 + t, spike, 1e-150 * t, t * 1e100, pair])
    host = np.column_stack([np.sin(9 * t) - 1e7, spike * -4, pair])
    c = both(tmp_path, guest, host)
    c.succeeded()
    centred = guest - guest.mean(0)
    check(c, centred / np.abs(centred).max(0), host - host.mean(0))


def test_products_when_sent_back_then_made_random(tmp_path):
    """Ciphertexts modulo n are their random parts, which the guest knows: a
    product that is theirs to the host's values would tell these."""
    signs = [1, -1] * 30
    host = np.array(signs, float)[:, None]
    c = both(tmp_path, GUEST[:60], host)
    c.succeeded()
    key, values, products = (
        Message(next((tmp_path / "mail").rglob(f"*~pearson_{tag}~*.kept")))
        for tag in ("public_key", "values", "products"))
    n = int(json.loads(key.payload)["n"], 16)
    bare = 1
    for cipher, sign in zip(values.items(), signs):
        bare = bare * pow(int.from_bytes(cipher, "big"), sign << FRACTION,
                          n) % n
    assert int.from_bytes(products.payload, "big") % n != bare


@pytest.mark.parametrize("d", [(1, 1), (12, 3), (13, 2), (30, 21)])
def test_numbers_when_packed_then_every_slot(tmp_path, d):
    """One packed number, just full ones, one more, several."""
    guest, host = (np.random.default_rng(k).normal(size=(60, k))
                   for k in d)
    c = both(tmp_path, guest, host)
    c.succeeded()
    check(c, guest, host)
    packed = -(-d[0] // 13)
    faults, tags = audit(c, tmp_path, guest, host)
    assert faults == []
    assert tags["pearson_values"] == tags["pearson_products"] == packed


def test_rows_when_two_then_one_or_minus_one(tmp_path):
    guest, host = np.array([[1., 4], [2, 3]]), np.array([[7.], [9]])
    c = both(tmp_path, guest, host)
    c.succeeded()
    m = model(c["host-10000"], PARAM)
    assert m["corr"] == pytest.approx([1, -1], abs=BOUND)
    assert m["localCorr"] == [1]


@pytest.mark.parametrize("rows,warns", [(8, True), (9, False)])
def test_rows_when_as_few_as_columns_then_both_are_warned(tmp_path, rows,
                                                          warns):
    c = both(tmp_path, GUEST[:rows] + RANDOM.normal(size=(rows, 7)),
             HOST[:rows] + RANDOM.normal(size=(rows, 5)))
    c.succeeded()
    for p in c.parties:
        assert ("can compute the other's" in p.log) is warns
        assert ("[WARNING]" in p.log) is warns


def test_rows_when_more_than_a_message_then_all_counted(tmp_path):
    random = np.random.default_rng(3)
    guest = random.normal(size=(9001, 14))
    host = random.exponential(size=(9001, 4)) + guest[:, [0, 3, 8, 13]]
    c = both(tmp_path, guest, host)
    c.succeeded()
    check(c, guest, host)
    faults, tags = audit(c, tmp_path, guest, host)
    assert faults == []
    assert tags["pearson_values"] == 2 * 3


@pytest.mark.parametrize("rows,d", [
    (569, (10, 20)),
    pytest.param(100000, (20, 20), marks=pytest.mark.slow)])
def test_rows_when_many_then_in_little_memory(tmp_path, rows, d):
    random = np.random.default_rng(4)
    base = random.normal(size=(rows, 2))
    guest, host = (random.normal(size=(rows, k)) +
                   base @ random.normal(size=(2, k)) for k in d)
    c = both(tmp_path, guest, host, keep=False)
    start = time.monotonic()
    c.succeeded(570)
    spent = time.monotonic() - start
    off = check(c, guest, host)
    memory = [p.exit["maxrss_kb"] / 1024 for p in c.parties]
    cpu = [p.exit["utime_ms"] / 1000 for p in c.parties]
    print(f"{rows} x {d}: {spent:.2f} s, {cpu[0]:.2f} and {cpu[1]:.2f} s "
          f"of the processor, {memory[0]:.0f} and "
          f"{memory[1]:.0f} MB, off by {off:.1e}")
    assert sum(memory) < 150


# ---- refusals ----

def constant(x, *columns):
    x = x.copy()
    x[:, list(columns)] = 0.1
    return x


@pytest.mark.parametrize("cross", [True, False])
def test_column_when_constant_then_refused_by_name(tmp_path, cross):
    c = both(tmp_path, host=constant(HOST, 1, 3), cross_parties=cross)
    if not cross:
        c.parties.pop(0)
    assert failed(c, "host-10000") == (
        "the standard deviation is 0 in columns 'secret1', 'secret3': no "
        "correlation is defined; leave the columns out by column_names or "
        "column_indexes")


def test_column_when_constant_but_not_chosen_then_fine(tmp_path):
    c = both(tmp_path, host=constant(HOST, 1),
             own=({}, {"column_indexes": [0, 2, 3]}))
    c.succeeded()
    check(c, GUEST, HOST[:, [0, 2, 3]])


def test_columns_when_many_are_constant_then_some_are_named(tmp_path):
    c = both(tmp_path, guest=constant(related(50, 12), *range(12)),
             host=HOST[:50])
    assert "in columns 'x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7' " \
        "and 4 more: no" in failed(c, "guest-9999")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_value_when_missing_then_refused_by_column(tmp_path, value):
    guest = GUEST.copy()
    guest[11, 4] = value
    assert failed(both(tmp_path, guest), "guest-9999") == (
        "values are missing or infinite in column 'g4'; let DataIO fill "
        "them (missing_fill), or leave the columns out by column_names or "
        "column_indexes")


def test_values_when_too_far_apart_then_refused(tmp_path):
    guest = GUEST.copy()
    guest[:, 2] *= 1e250
    assert failed(both(tmp_path, guest), "guest-9999") == (
        "the values are too far apart for a standard deviation in column "
        "'g2'")


def test_rows_when_others_then_refused_with_both_numbers(tmp_path):
    assert failed(both(tmp_path, host=HOST[:-3]), "host-10000") == (
        "this party has 394 rows and the guest 397; put Intersection "
        "before HeteroPearson")


def test_ids_when_others_then_refused(tmp_path):
    ids = [f"{k:06d}" for k in range(N)]
    c = both(tmp_path, ids=(ids, ids[:-1] + ["999999"]))
    assert failed(c, "host-10000") == (
        "the ids of this party and the guest's differ; put Intersection "
        "before HeteroPearson")
    faults, tags = audit(c, tmp_path)
    assert faults == []
    assert not set(tags) & {"pearson_values", "pearson_share"}


@pytest.mark.parametrize("own,text", [
    ({"column_indexes": [7]},
     "column_indexes has 7, which is none of 0..6, the columns of the input"),
    ({"column_names": ["g1", "none"]},
     "column_names has 'none', which is no column of the input"),
    ({"column_indexes": []},
     "column_names and column_indexes name no column")])
def test_columns_when_not_there_then_refused(tmp_path, own, text):
    assert failed(both(tmp_path, own=(own, {})), "guest-9999") == text


def test_hosts_when_several_then_refused(tmp_path):
    c = both(tmp_path)
    table = make_table(tmp_path / "other.table", HOST)
    c.party("host", 10001, data=[data_input(table)])
    texts = [p.state.get("error", {}).get("text") for p in
             c.run().values()]
    # whoever is first ends the others
    assert "HeteroPearson needs one guest and one host" in texts


# ---- jobs ----

def with_model(site, job, role, party, component="pearson_0"):
    return site.flow.component("output/model", job, component, role,
                               party)


@pytest.fixture(scope="module")
def example(site):
    """FATE's example: its DSL, its configuration with other parties."""
    for role in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{role}.csv", "pearson",
                           f"breast_{role}", drop=1)
    dsl = {"components": {
        "dataio_0": {"module": "DataIO",
                     "input": {"data": {"data": ["args.data"]}},
                     "output": {"data": ["data"]}},
        "pearson_0": {"module": MODULE,
                      "input": {"data": {"data": ["dataio_0.data"]}},
                      "output": {"data": ["intersect_data"],
                                 "model": ["intersect_results"]}}}}
    conf = {
        "initiator": {"role": "guest", "party_id": 9999},
        "job_parameters": {"work_mode": 0},
        "role": {"guest": [9999], "host": [10000]},
        "role_parameters": {
            role: {"args": {"data": {"data": [
                {"name": f"breast_{role}", "namespace": "pearson"}]}},
                "dataio_0": {"with_label": [role == "guest"],
                             "output_format": ["dense"]},
                "pearson_0": {"column_indexes": [-1]}}
            for role in ("guest", "host")}}
    return dsl, conf


def csv_columns(role):
    with open(ROOT / f"examples/data/{role}.csv") as f:
        header, *rows = csv.reader(f)
    first = 2 if role == "guest" else 1
    rows.sort(key=lambda row: (len(row[0]), row[0]))
    return header[first:], np.array([[float(v) for v in row[first:]]
                                     for row in rows])


def changed(conf, **more):
    return {**json.loads(json.dumps(conf)), **more}


def test_example_when_submitted_then_as_numpy_on_both_sides(site, example):
    job = site.flow.finished(*example)
    columns = {role: csv_columns(role) for role in ("guest", "host")}
    want = numpy_corr(columns["guest"][1], columns["host"][1])
    for role, party in (("guest", 9999), ("host", 10000)):
        answer = with_model(site, job, role, party)
        assert answer["retcode"] == 0
        data = answer["data"]
        names, x = columns[role]
        assert data["party"] == f"({role},{party})"
        assert data["names"] == names
        assert data["shapes"] == list(want.shape)
        np.testing.assert_allclose(np.array(data["corr"]).reshape(
            want.shape), want, rtol=0, atol=BOUND)
        np.testing.assert_allclose(np.array(data["localCorr"]).reshape(
            len(names), -1), np.corrcoef(x, rowvar=False), rtol=0,
            atol=1e-11)
        assert answer["meta"]["meta_data"] == {"shapes": list(want.shape)}
        assert answer["meta"]["module_name"] == MODULE
        shown = site.flow.component("metric/all", job, "pearson_0", role,
                                    party)
        assert shown["data"]["statistic"]["correlation"] == {
            "data": [], "meta": {"name": "pearson",
                                 "metric_type": "CORRELATION_GRAPH"}}
        assert site.flow.component("output/data", job, "pearson_0", role,
                                   party)["retmsg"] == "no data"


@pytest.mark.parametrize("change,text", [
    ({"role": {"guest": [9999], "host": [10000, 10001]}},
     "component 'pearson_0': HeteroPearson needs one guest and one host, "
     "but role has 1 guests and 2 hosts (10000, 10001)"),
    ({"role": {"guest": [9999]}},
     "but role has 1 guests and 0 hosts"),
    ({"pearson_0": {"host": {"cross_parties": [False]}}},
     "component 'pearson_0': parameter 'cross_parties' is true at guest "
     "9999 and false at host 10000, expected the same"),
    ({"pearson_0": {"guest": {"column_indexes": [[]]}}},
     "component 'pearson_0': column_names and column_indexes name no "
     "column; column_indexes -1 means all"),
    ({"pearson_0": {"guest": {"column_indexes": [3]}}},
     "parameter 'column_indexes' is 3, expected -1 (all columns)"),
    ({"pearson_0": {"guest": {"use_mix_rand": [2]}}},
     "parameter 'use_mix_rand' is 2, expected true or false")])
def test_job_when_it_could_not_run_then_refused(site, example, change, text):
    dsl, conf = example
    conf = changed(conf)
    for role, more in change.pop("pearson_0", {}).items():
        conf["role_parameters"][role]["pearson_0"].update(more)
    answer = site.flow.submit(dsl, {**conf, **change})
    assert answer["retcode"] == 100
    assert text in answer["retmsg"]


def test_job_when_apart_and_one_skips_then_success(site, example):
    dsl, conf = example
    conf = changed(conf, algorithm_parameters={
        "pearson_0": {"cross_parties": False}})
    conf["role_parameters"]["host"]["pearson_0"]["need_run"] = [False]
    job = site.flow.finished(dsl, conf)
    data = with_model(site, job, "guest", 9999)["data"]
    assert data["shapes"] == [10] and data["corr"] == []
    assert data["parties"] == ["(guest,9999)"]
    assert not with_model(site, job, "host", 10000).get("data")


def test_job_when_nobody_runs_then_success(site, example):
    dsl, conf = example
    conf = changed(conf, algorithm_parameters={
        "pearson_0": {"need_run": False}})
    assert site.flow.finished(dsl, conf)


def test_job_when_one_waits_for_the_other_then_says_so(site, example):
    dsl, conf = example
    conf = changed(conf)
    conf["role_parameters"]["host"]["pearson_0"]["need_run"] = [False]
    job = site.flow.submitted(dsl, conf)
    assert site.flow.wait(job, 60) == "failed"
    assert "pearson_0 of guest 9999 failed: host 10000 has ended without " \
        "sending pearson_columns" in site.flow.reason(job)


def test_job_when_a_column_is_constant_then_its_reason_is_told(
        site, example, tmp_path):
    with open(ROOT / "examples/data/host.csv") as f:
        header, *rows = csv.reader(f)
    rows = [row[:3] + ["4.5"] + row[4:] for row in rows]
    path = tmp_path / "constant.csv"
    with open(path, "w", newline="") as f:
        csv.writer(f).writerows([header, *rows])
    site.flow.uploaded(path, "pearson", "constant", drop=1)
    dsl, conf = example
    conf = changed(conf)
    conf["role_parameters"]["host"]["args"]["data"]["data"][0][
        "name"] = "constant"
    job = site.flow.submitted(dsl, conf)
    assert site.flow.wait(job) == "failed"
    reason = site.flow.reason(job)
    for text in ("pearson_0", "host", "10000", header[3],
                 "standard deviation is 0"):
        assert text in reason, reason


@pytest.mark.parametrize("deploy", [True, False])
def test_predict_when_pearson_was_beside_then_it_changes_nothing(
        site, example, deploy):
    """The inference DSL has it when it is deployed; it then reads its model,
    computes nothing and asks no other party."""
    dsl, conf = json.loads(json.dumps(example))
    dsl["components"]["dataio_0"]["output"]["model"] = ["dataio"]
    dsl["components"]["pearson_0"]["need_deploy"] = deploy
    job = site.flow.finished(dsl, conf)
    trained = with_model(site, job, "guest", 9999)["data"]
    conf["job_parameters"] = {
        "work_mode": 0, "job_type": "predict",
        "model_id": "guest-9999#host-10000#model", "model_version": job}
    for role in conf["role_parameters"].values():
        role["args"]["data"] = {"eval_data": role["args"]["data"]["data"]}
    predict = site.flow.finished({}, conf)
    tasks = site.flow.ok("job/task/query", {"job_id": predict})
    names = {t["f_component_name"] for t in tasks}
    assert names == ({"dataio_0", "pearson_0"} if deploy else {"dataio_0"})
    assert {t["f_status"] for t in tasks} == {"success"}
    if deploy:
        assert site.flow.component("output/data", predict, "pearson_0",
                                   "guest", 9999)["retmsg"] == "no data"
        assert not list((site.work / "jobs").glob(
            f"*/{predict}/mail/*/pearson_0/*/*"))
    assert with_model(site, job, "guest", 9999)["data"] == trained
