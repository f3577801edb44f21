"""FederatedSample: what is drawn, that all parties hold the same rows in the
end, and what the host can see of it."""
import collections
import json

import pytest

from audit import Audit, Facts, Message
from instances import Table, make_table, np
from taskdir import Component, data_input

N = 1000
RANDOM = np.random.default_rng(20261125)
IDS = [str(v) for v in range(N)]            # in FATE's order
XG, XH = RANDOM.normal(size=(N, 2)), RANDOM.normal(size=(N, 3))
Y = [int(v) for v in RANDOM.integers(0, 3, N)]
DEFAULTS = {"mode": "random", "method": "downsample", "fractions": 0.9,
            "random_state": None, "task_type": "hetero"}
RATES = [[0, 0.5], [1, 1.0], [2, 0.1]]


def component(folder, parameters, hosts=1, host_ids=None, host_y=None,
              sparse=False, **fields):
    c = Component(folder, "FederatedSample", {**DEFAULTS, **parameters},
                  **fields)
    c.party("guest", 9999, data=[data_input(make_table(
        folder / "guest.table", XG, Y, sparse, ids=IDS))])
    for k in range(hosts):
        ids = host_ids or IDS
        c.party("host", 10000 + k, data=[data_input(make_table(
            folder / f"host{k}.table", XH[:len(ids)], host_y, sparse,
            ids=ids))])
    return c


GUEST, HOST = ({i: tuple(row) for i, row in zip(IDS, x)} for x in (XG, XH))


def tables(c):
    return [Table(p.state) for p in c.parties]


def error(c):
    c.run()
    return " ".join(p.state.get("error", {}).get("text", "")
                    for p in c.parties)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("hosts", [0, 1, 2])
def test_down_when_random_then_the_same_rows_everywhere(tmp_path, hosts,
                                                        sparse):
    c = component(tmp_path, {"fractions": 0.3}, hosts, sparse=sparse)
    c.succeeded()
    guest, *others = tables(c)
    assert len(guest.ids) == len(set(guest.ids)) == 300
    assert guest.labels == [Y[int(i)] for i in guest.ids]
    assert [tuple(r) for r in guest.x] == [GUEST[i] for i in guest.ids]
    for host in others:
        assert host.ids == guest.ids and set(host.labels) == {None}
        assert [tuple(r) for r in host.x] == [HOST[i] for i in guest.ids]
    for p in c.parties:
        assert p.metrics == {"sample_count": {"random": {
            "data": [["count", 300]],
            "meta": {"name": "sample_count", "metric_type": "SAMPLE_TEXT"}}}}
        assert not p.state["model"]


@pytest.mark.parametrize("method", ["downsample", "upsample"])
@pytest.mark.parametrize("key", [0, "text"])
def test_label_when_stratified_then_its_rate(tmp_path, method, key):
    rates = [[str(k) if key else k, r] for k, r in RATES]
    c = component(tmp_path, {"mode": "stratified", "method": method,
                             "fractions": rates})
    c.succeeded()
    guest, host = tables(c)
    n = collections.Counter(Y)
    want = {k: int(rate * n[k]) for k, rate in RATES}
    assert collections.Counter(guest.labels) == want
    assert guest.ids == host.ids
    keys = [k for k, _ in rates]
    assert c["guest-9999"].metrics == {
        ns: {"stratified": {
            "data": [[k, counts[int(k)]] for k in keys],
            "meta": {"name": ns, "metric_type": "SAMPLE_TABLE"}}}
        for ns, counts in (("sample_count", want), ("original_count", n))}
    assert c["host-10000"].metrics == {}


@pytest.mark.parametrize("rate", [0.5, 1, 3.7])
def test_up_when_random_then_new_ids_and_the_same_rows(tmp_path, rate):
    c = component(tmp_path, {"method": "upsample", "fractions": rate})
    c.succeeded()
    guest, host = tables(c)
    m = int(rate * N)
    assert guest.ids == host.ids == [str(k) for k in range(m)]
    row_of = {row: i for i, row in GUEST.items()}
    drawn = [row_of[tuple(r)] for r in guest.x]
    assert [tuple(r) for r in host.x] == [HOST[i] for i in drawn]
    assert guest.labels == [Y[int(i)] for i in drawn]
    # with replacement: 1 - e^-rate of the rows are there
    share = len(set(drawn)) / N
    assert abs(share - (1 - np.exp(-rate))) < 0.08
    for p in c.parties:
        assert p.metrics["sample_count"]["random"]["data"] == [["count", m]]


def test_new_ids_when_stratified_then_no_order_by_label(tmp_path):
    """The host sees the new ids: their order must not tell the labels."""
    c = component(tmp_path, {"mode": "stratified", "method": "upsample",
                             "fractions": [[0, 1], [1, 1], [2, 1]]})
    c.succeeded()
    labels = np.array(tables(c)[0].labels)
    third = len(labels) // 3
    for part in (labels[:third], labels[third:-third], labels[-third:]):
        for k in range(3):
            assert abs((part == k).mean() - Y.count(k) / N) < 0.15


def test_draws_when_repeated_then_even_and_by_the_seed(tmp_path):
    """Each row is drawn as often as any other; a seed repeats its sample."""
    def sample(name, **parameters):
        c = component(tmp_path / name, {"fractions": 0.2, **parameters}, 0)
        c.succeeded()
        return tables(c)[0].ids

    seen = collections.Counter()
    for k in range(20):
        seen.update(sample(f"s{k}", random_state=k))
    counts = [seen[i] for i in IDS]
    assert abs(np.mean(counts) - 4) < 1e-9 and max(counts) < 16
    assert 1.5 < np.std(counts) < 2.1       # binomial: 1.79
    halves = sum(counts[:500]), sum(counts[500:])
    assert abs(halves[0] - halves[1]) < 300
    assert sample("a", random_state=5) == sample("b", random_state=5)
    assert sample("c") != sample("d")


def test_homo_when_run_then_each_for_itself(tmp_path):
    y = [k % 2 for k in range(500)]
    c = component(tmp_path, {"task_type": "homo", "fractions": 0.5},
                  host_ids=[str(v) for v in range(500)], host_y=y)
    c.parties[1].parameters.update(mode="stratified",
                                   fractions=[[0, 0.1], [1, 0.2]])
    c.succeeded()
    guest, host = tables(c)
    assert len(guest.ids) == 500 and len(host.ids) == 75
    assert collections.Counter(host.labels) == {0: 25, 1: 50}
    assert not list((tmp_path / "mail").rglob("*.done"))
    assert c["host-10000"].metrics["sample_count"]["stratified"][
        "data"] == [[0, 25], [1, 50]]


def test_down_when_the_rate_is_tiny_then_one_row(tmp_path):
    c = component(tmp_path, {"fractions": 1e-9})
    c.succeeded()
    assert len(tables(c)[0].ids) == len(tables(c)[1].ids) == 1


@pytest.mark.parametrize("parameters,words", [
    ({"mode": "stratified", "fractions": [[0, 0.5], [1, 0.5]]},
     ["label 2", "fractions"]),
    ({"mode": "stratified"}, ["list of [label, rate]"]),
    ({"fractions": 1.5}, ["1.5", "at most 1"]),
    ({"fractions": [[0, 1]]}, ["fractions"]),
    ({"method": "upsample", "fractions": 1e-9}, ["0 rows"]),
    ({"method": "sideways"}, ['"sideways"', '"upsample"']),
])
def test_parameters_when_wrong_then_named(tmp_path, parameters, words):
    text = error(component(tmp_path, parameters))
    assert all(word in text for word in words), text


def test_ids_when_the_host_lacks_some_then_counted(tmp_path):
    text = error(component(tmp_path, {"fractions": 1.0},
                           host_ids=IDS[:900]))
    assert "100 of the ids" in text and "Intersection" in text


def test_need_run_when_false_then_passed_through(tmp_path):
    c = component(tmp_path, {"need_run": False})
    c.succeeded()
    assert [p.state["pass"]["path"] for p in c.parties] == [
        str(tmp_path / "guest.table"), str(tmp_path / "host0.table")]


@pytest.mark.parametrize("method", ["downsample", "upsample"])
def test_messages_when_decoded_then_common_ids_and_no_more(tmp_path, method):
    c = component(tmp_path, {"mode": "stratified", "method": method,
                             "fractions": RATES}, 2, keep_messages=True)
    c.succeeded()
    facts = Facts(N, {}, set(IDS), common=frozenset(IDS))
    faults, tags = Audit(tmp_path / "mail", facts).run()
    assert faults == [] and tags == {"sample_rows": 2, "sample_ids": 2}
    facts.common = frozenset(IDS[:10])
    faults, _ = Audit(tmp_path / "mail", facts).run()
    assert len(faults) == 2 and "not all have" in faults[0]
    m = Message(next((tmp_path / "mail").rglob("*sample_ids*.kept")))
    assert ("keys" in json.loads(m.payload)) == (method == "upsample")


def test_many_rows_when_sampled_then_in_chunks(tmp_path):
    c = Component(tmp_path, "FederatedSample", {
        **DEFAULTS, "method": "upsample", "fractions": 2})
    ids = [f"{k:06d}" for k in range(9000)]
    for role, party in (("guest", 9999), ("host", 10000)):
        c.party(role, party, data=[data_input(make_table(
            tmp_path / f"{role}.table", [[k] for k in range(9000)],
            ids=ids))])
    c.succeeded()
    guest, host = tables(c)
    assert len(guest.ids) == 18000 and guest.rows == host.rows
