"""HeteroFeatureBinning: guest and hosts together against the plain formulas
(plain_binning.py), models applied, the messages decoded, and the golden jobs
on the shared tables against what the real FATE-Flow showed."""
import math

import pytest

import plain_binning as plain
from audit import Audit, Facts
from golden import golden, needed, same, scaled, shared_table
from instances import Table, make_table, model, np
from taskdir import Component, data_input

MODULE = "HeteroFeatureBinning"
PARAM, META = "FeatureBinningParam", "FeatureBinningMeta"
RANDOM = np.random.default_rng(20261126)
N = 451
Y = RANDOM.integers(0, 2, N).astype(bool)
DEFAULTS = {
    "method": "quantile", "bin_num": 10, "bin_indexes": -1,
    "bin_names": None, "category_indexes": None, "category_names": None,
    "transform_param": {"transform_cols": -1, "transform_type": "bin_num"}}


def columns(d):
    """The label shows in some; the last but one repeats values, the last is
    constant."""
    x = np.round(RANDOM.normal(0, 1, (N, d)) + np.outer(
        Y, np.linspace(0, 2, d)), 4)
    x[:, d - 2] = np.round(2 * x[:, d - 2])
    x[:, d - 1] = 2.5
    return x


GUEST, HOST, OTHER = columns(5), columns(6), columns(3)


def together(folder, guest=None, hosts=None, x=GUEST, y=Y, others=(HOST,),
             sparse=False, models=None, **parameters):
    """The task of all parties; their parameters may differ."""
    c = Component(folder, MODULE,
                  {**DEFAULTS, **parameters}, keep_messages=True)
    parties = [("guest", 9999, x, guest)] + [
        ("host", 10000 + k, host, hosts) for k, host in enumerate(others)]
    for role, party, data, own in parties:
        label = y if role == "guest" else None
        table = make_table(
            folder / f"{role}-{party}.table", data,
            None if label is None else [int(v) for v in label], sparse)
        earlier = models[f"{role}-{party}"] if models else None
        c.party(role, party, data=[data_input(table)],
                models=[{"isometric": False, "component": "earlier",
                         "dir": str(earlier.folder / "model")}]
                if earlier else [], **(own or {}))
    c.succeeded()
    return c


def near(got, want, where=""):
    """Numbers to 1e-6 (here: 1e-9), all else equal, keys of `want`."""
    for key, v in want.items():
        if isinstance(v, float) or (isinstance(v, list) and v and
                                    isinstance(v[0], float)):
            assert got[key] == pytest.approx(v, rel=1e-9, abs=1e-12), \
                (where, key)
        else:
            assert got[key] == v, (where, key)


def own_bins(party):
    return model(party, PARAM)["binningResult"]["binningResult"]


def host_bins(c, k=0):
    return model(c["guest-9999"], PARAM)["hostResults"][k]["binningResult"]


EMPTY = {"woeArray": [], "ivArray": [], "eventCountArray": [],
         "nonEventCountArray": [], "eventRateArray": [],
         "nonEventRateArray": [], "iv": 0.0, "isWoeMonotonic": True,
         "binNums": "0"}


def check_party(c, name, x, splits, y=Y):
    """The model's split points, and what the guest knows of the columns."""
    bins = own_bins(c[name])
    assert list(bins) == [f"x{j}" for j in range(x.shape[1])]
    is_guest = name.startswith("guest")
    for j, (column, split) in enumerate(zip(x.T, splits)):
        got = bins[f"x{j}"]
        assert got["splitPoints"] == pytest.approx(list(split), rel=1e-12)
        assert got["binAnonymous"] == [f"bin_{k}"
                                       for k in range(len(split))]
        want = plain.statistics(plain.count(
            plain.place(column, split), len(split), y))
        near(got, want if is_guest else EMPTY, f"{name} {j}")
        if not is_guest:
            seen = host_bins(c, int(name[-1]))[f"host.{j}"]
            near(seen, {**want, "splitPoints": [], "binAnonymous": []},
                 f"{name} {j} at the guest")


def check_numbers(party, x, splits):
    want = np.array([plain.place(c, s) for c, s in zip(x.T, splits)]).T
    np.testing.assert_array_equal(Table(party.state).x, want)


# ---- split points ----

@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("method,cut", [("quantile", plain.quantiles),
                                        ("bucket", plain.buckets)])
@pytest.mark.parametrize("bins", [1, 7])
def test_bins_when_cut_then_as_the_plain_formulas(tmp_path, method, cut,
                                                  bins, sparse):
    x = [np.where(np.abs(v) < 0.4, 0, v) if sparse else v
         for v in (GUEST, HOST, OTHER)]
    c = together(tmp_path, method=method, bin_num=bins, sparse=sparse,
                 x=x[0], others=x[1:])
    for name, data in zip(("guest-9999", "host-10000", "host-10001"), x):
        splits = [cut(column, bins) for column in data.T]
        check_party(c, name, data, splits)
        check_numbers(c[name], data, splits)
        assert Table(c[name].state).kind == ("sparse" if sparse else "dense")
    param = model(c["guest-9999"], PARAM)
    assert param["header"] == [f"x{j}" for j in range(5)]
    assert {k: param["binningResult"][k] for k in ("role", "partyId")} == {
        "role": "guest", "partyId": "9999"}
    assert [(r["role"], r["partyId"]) for r in param["hostResults"]] == [
        ("host", "10000"), ("host", "10001")]
    assert Table(c["guest-9999"].state).labels == [int(v) for v in Y]
    assert not c["guest-9999"].metrics


def test_meta_when_fit_then_the_parameters(tmp_path):
    c = together(tmp_path, bin_num=4, bin_indexes=[1], bin_names=["x3"],
                 category_names=["x2"], error=0.01, head_size=500,
                 compress_thres=600, adjustment_factor=0.25,
                 transform_param={"transform_cols": [3],
                                  "transform_names": ["x1"],
                                  "transform_type": "bin_num"})
    for party in c.parties:
        assert model(party, META) == {
            "needRun": True, "compressThres": "600", "headSize": "500",
            "error": 0.01, "binNum": "4", "cols": ["x1", "x2", "x3"],
            "adjustmentFactor": 0.25, "localOnly": False,
            "method": "quantile", "transformParam": {
                "transformCols": ["1", "3"], "transformType": "bin_num"}}
        x = GUEST if party.role == "guest" else HOST
        got = Table(party.state).x
        bins = own_bins(party)
        assert list(bins) == ["x1", "x2", "x3"]
        # x2 has bins, but keeps its values
        np.testing.assert_array_equal(np.delete(got, [1, 3], 1),
                                      np.delete(x, [1, 3], 1))
        for j in (1, 3):
            np.testing.assert_array_equal(got[:, j], plain.place(
                x[:, j], bins[f"x{j}"]["splitPoints"]))
        assert bins["x2"]["splitPoints"] == list(np.unique(x[:, 2]))
    assert list(host_bins(c)) == ["host.1", "host.2", "host.3"]
    got = own_bins(c["guest-9999"])["x1"]
    near(got, plain.statistics([
        (int(e), int(o)) for e, o in zip(got["eventCountArray"],
                                         got["nonEventCountArray"])], 0.25))


def test_category_when_binned_then_every_value(tmp_path):
    """In the place of quantiles, and never merged."""
    c = together(tmp_path, method="optimal", category_indexes=[1])
    for name, x in (("guest-9999", GUEST), ("host-10000", HOST)):
        want = np.unique(x[:, 1])
        assert own_bins(c[name])["x1"]["splitPoints"] == list(want)
        assert len(own_bins(c[name])["x0"]["splitPoints"]) <= 10
        assert len(want) > 300
    near(host_bins(c)["host.1"], plain.statistics(plain.count(
        plain.place(HOST[:, 1], np.unique(HOST[:, 1])),
        len(np.unique(HOST[:, 1])), Y)))


def test_missing_when_binned_then_in_the_last_bin(tmp_path):
    x = GUEST.copy()
    x[::9, 0] = math.nan
    host = HOST.copy()
    host[3::5, 1] = math.nan
    c = together(tmp_path, bin_num=5, x=x, others=(host,))
    for name, data in (("guest-9999", x), ("host-10000", host)):
        splits = [plain.quantiles(column, 5) for column in data.T]
        check_party(c, name, data, splits)
        check_numbers(c[name], data, splits)


def test_rows_when_more_than_a_message_then_all_counted(tmp_path):
    random = np.random.default_rng(8)
    y = random.random(9000) < 0.3
    x = np.round(random.normal(0, 1, (9000, 2)) + np.outer(y, [1, 0]), 1)
    c = together(tmp_path, method="bucket", bin_num=20, x=x, y=y,
                 others=(x,))
    splits = [plain.buckets(column, 20) for column in x.T]
    for name in ("guest-9999", "host-10000"):
        check_party(c, name, x, splits, y)


def test_columns_when_many_at_three_hosts_then_all_counted(tmp_path):
    random = np.random.default_rng(9)
    y = random.random(300) < 0.4
    parts = [np.round(random.normal(0, 1, (300, d)) + y[:, None] * 0.5, 3)
             for d in (50, 120, 25, 5)]
    c = together(tmp_path, bin_num=6, x=parts[0], y=y, others=parts[1:])
    for party, x in zip(c.parties, parts):
        splits = [plain.quantiles(column, 6) for column in x.T]
        check_party(c, party.name, x, splits, y)
        check_numbers(party, x, splits)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["bucket", "quantile"])
def test_rows_when_many_then_counted_in_little_memory(tmp_path, method):
    """Quantiles are off by at most a thousandth of the rows."""
    random = np.random.default_rng(10)
    y = random.random(100000) < 0.2
    x = random.normal(0, 1, (100000, 20)) + y[:, None]
    c = together(tmp_path, method=method, x=x, y=y, others=(x,))
    splits = [plain.buckets(column, 10) for column in x.T]
    if method == "quantile":
        splits = [own_bins(c["guest-9999"])[f"x{j}"]["splitPoints"]
                  for j in range(20)]
        for column, split in zip(x.T, splits):
            ranks = np.searchsorted(np.sort(column), split, "right")
            assert np.abs(ranks - np.arange(1, 11) * 10000).max() <= 101
    for name in ("guest-9999", "host-10000"):
        check_party(c, name, x, splits, y)
    assert sum(p.exit["maxrss_kb"] for p in c.parties) < 300 << 10


@pytest.mark.parametrize("own", ["guest", "hosts"])
def test_columns_when_a_party_bins_none_then_the_others_do(tmp_path, own):
    c = together(tmp_path, **{own: {"bin_indexes": []}})
    for name, x in (("guest-9999", GUEST), ("host-10000", HOST)):
        if name.startswith(own[:4]):
            assert own_bins(c[name]) == {}
            np.testing.assert_array_equal(Table(c[name].state).x, x)
        elif own == "hosts":
            assert host_bins(c) == {} and len(own_bins(c[name])) == 5
        else:
            check_numbers(c[name], x, [plain.quantiles(column, 10)
                                       for column in x.T])
            assert len(host_bins(c)) == 6


# ---- optimal ----

OPTIMAL = {"init_bin_nums": 40, "init_bucket_method": "quantile",
           "mixture": True, "min_bin_pct": 0.05, "max_bin_pct": 1.0}
RULES = ({}, {"mixture": False}, {"min_bin_pct": 0.2},
         {"max_bin_pct": 0.3, "min_bin_pct": 0.0})


def settings(metric, rule):
    own = {**OPTIMAL, **rule}
    return own, dict(metric=metric, bins=6, low=own["min_bin_pct"],
                     high=own["max_bin_pct"], mixture=own["mixture"])


def best_splits(x, y, start, how):
    out = []
    for column in x.T:
        first = start(column, 40)
        counts = plain.count(plain.place(column, first), len(first), y)
        out.append([first[k] for k in plain.optimal(counts, **how)])
    return out


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("metric", ["iv", "gini", "chi_square",
                                    "chi-square", "ks"])
def test_optimal_when_merged_then_as_the_plain_formulas(tmp_path, metric,
                                                        rule):
    own, how = settings(metric, rule)
    c = together(tmp_path, method="optimal", bin_num=6,
                 optimal_binning_param={**own, "metric_method": metric})
    for name, x in (("guest-9999", GUEST), ("host-10000", HOST)):
        splits = best_splits(x, Y, plain.quantiles, how)
        check_party(c, name, x, splits)
        check_numbers(c[name], x, splits)
    assert model(c["guest-9999"], META)["binNum"] == "6"
    assert model(c["host-10000"], META)["binNum"] == "40"


@pytest.mark.parametrize("rule", [
    {}, {"mixture": False}, {"mixture": False, "min_bin_pct": 0.0}])
@pytest.mark.parametrize("metric", ["iv", "gini", "chi_square", "ks"])
def test_optimal_when_it_starts_by_bucket_then_the_guest_alone(
        tmp_path, metric, rule):
    """With a few values far off, most of its buckets have no rows; those of
    the constant column are one."""
    own, how = settings(metric, {"init_bucket_method": "bucket", **rule})
    x = GUEST.copy()
    x[::150, :2] = [[-40, 20], [30, 25], [31, -50], [-7, -60]]
    c = together(tmp_path, method="optimal", bin_num=6, x=x,
                 optimal_binning_param={**own, "metric_method": metric})
    check_party(c, "guest-9999", x, best_splits(
        x, Y, lambda column, n: np.unique(plain.buckets(column, n)), how))
    assert own_bins(c["guest-9999"])["x4"]["splitPoints"] == [2.5]
    check_party(c, "host-10000", HOST,
                best_splits(HOST, Y, plain.quantiles, how))


@pytest.mark.parametrize("method", ["quantile", "bucket", "optimal"])
@pytest.mark.parametrize("labels", [[1], [0], [-1, 1], [2, 3], [1.0, 0.0]])
def test_labels_when_not_0_and_1_then_1_is_the_event(tmp_path, method,
                                                     labels):
    y = [labels[k % len(labels)] for k in range(N)]
    c = Component(tmp_path, MODULE, {**DEFAULTS, "method": method,
                                     "bin_num": 4})
    for role, party, x, label in (("guest", 9999, GUEST, y),
                                  ("host", 10000, HOST, None)):
        c.party(role, party, data=[data_input(make_table(
            tmp_path / f"{role}.table", x, label))])
    c.succeeded()
    for name, x in (("guest-9999", GUEST), ("host-10000", HOST)):
        splits = [b["splitPoints"] for b in own_bins(c[name]).values()]
        check_party(c, name, x, splits, np.array(y) == 1)


@pytest.mark.parametrize("method", ["quantile", "bucket", "optimal"])
def test_row_when_alone_then_in_the_first_bin(tmp_path, method):
    x, y = np.array([[4.0, -1.5]]), np.array([True])
    c = together(tmp_path, method=method, x=x, y=y, others=(x, x))
    bins = 10 if method == "bucket" else 1
    for party in c.parties:
        check_party(c, party.name, x, [[v] * bins for v in x[0]], y)
        assert not Table(party.state).x.any()


def test_parameters_when_parties_differ_then_each_its_own(tmp_path):
    """The guest merges a host's bins as that host wishes."""
    own, how = settings("gini", {"min_bin_pct": 0.1})
    c = together(
        tmp_path, guest={"method": "bucket", "bin_num": 3,
                         "transform_param": {"transform_type": None}},
        hosts={"method": "optimal", "bin_num": 6, "local_only": True,
               "optimal_binning_param": {**own, "metric_method": "gini"}},
        others=(HOST, OTHER))
    check_party(c, "guest-9999", GUEST,
                [plain.buckets(column, 3) for column in GUEST.T])
    for name, x in (("host-10000", HOST), ("host-10001", OTHER)):
        splits = best_splits(x, Y, plain.quantiles, how)
        check_party(c, name, x, splits)
        check_numbers(c[name], x, splits)
    state = c["guest-9999"].state
    assert state["pass"]["path"] == str(tmp_path / "guest-9999.table")


# ---- the output, and models applied ----

WOE = {"transform_cols": [0, 3], "transform_type": "woe"}


def woe_of(x, party):
    out = x.copy()
    for j in (0, 3):
        bins = own_bins(party)[f"x{j}"]
        out[:, j] = np.array(bins["woeArray"])[plain.place(
            x[:, j], bins["splitPoints"])]
    return out


def test_woe_when_transformed_then_the_hosts_data_stays(tmp_path):
    c = together(tmp_path, transform_param=WOE)
    guest = c["guest-9999"]
    np.testing.assert_allclose(Table(guest.state).x, woe_of(GUEST, guest),
                               rtol=1e-15)
    assert c["host-10000"].state["pass"]["path"] == str(
        tmp_path / "host-10000.table")
    assert model(c["host-10000"], META)["transformParam"] == {
        "transformCols": ["0", "3"], "transformType": "woe"}


@pytest.mark.parametrize("kind", ["woe", "bin_num"])
def test_model_when_applied_then_the_stored_bins(tmp_path, kind):
    """On new rows, without a label, a message or a second party."""
    change = {**WOE, "transform_type": kind}
    fit = together(tmp_path / "fit", transform_param=change,
                   method="optimal")
    new = np.random.default_rng(5).normal(0, 3, (50, 6))
    c = together(tmp_path / "new", x=new[:, :5], y=None, others=(new,),
                 models={p.name: p for p in fit.parties}, method="bucket")
    for party in c.parties:
        x = new[:, :5] if party.role == "guest" else new
        for buffer in (META, PARAM):
            assert model(party, buffer) == model(fit[party.name], buffer)
        if kind == "woe" and party.role == "host":
            assert "pass" in party.state
            continue
        bins = own_bins(fit[party.name])
        want = woe_of(x, party) if kind == "woe" else x.copy()
        for j in (0, 3) if kind == "bin_num" else ():
            want[:, j] = plain.place(x[:, j], bins[f"x{j}"]["splitPoints"])
        np.testing.assert_allclose(Table(party.state).x, want, rtol=1e-15)
    assert not list((tmp_path / "new" / "mail").rglob("*~*"))


def test_need_run_when_false_then_passed_through(tmp_path):
    c = together(tmp_path, need_run=False)
    for party in c.parties:
        assert party.state["pass"]["path"].endswith(f"{party.name}.table")
        assert not (party.folder / "model").exists()


# ---- who learns what ----

def mail_tags(folder):
    return Audit(folder / "mail", Facts(
        N, {"host-10000": 6, "host-10001": 3}, set())).run()


WAYS = {"quantile": {}, "bucket": {"method": "bucket"},
        "categories": {"bin_indexes": [], "category_indexes": -1},
        "woe": {"transform_param": {"transform_type": "woe"}},
        **{metric: {"method": "optimal", "category_indexes": [0],
                    "optimal_binning_param": {"metric_method": metric}}
           for metric in ("iv", "gini", "chi_square", "ks")}}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_messages_when_decoded_then_nothing_in_the_clear(tmp_path, way,
                                                         sparse):
    x = np.round(HOST, 1)       # a category has fewer values than rows
    c = together(tmp_path, others=(x, np.round(OTHER, 1)), sparse=sparse,
                 **WAYS[way])
    faults, tags = mail_tags(tmp_path)
    assert faults == []
    want = {"binning_start": 2, "binning_public_key": 2, "binning_align": 2,
            "binning_label": 2, "binning_columns": 2, "binning_sums": 2}
    if WAYS[way].get("method") == "optimal":
        want["binning_merged"] = 2
    assert tags == want
    for name in ("host-10000", "host-10001"):
        for bins in own_bins(c[name]).values():
            near(bins, EMPTY)


def test_sums_when_packed_then_few_decryptions(tmp_path):
    """451 rows take 2 * 9 bits a bin: 56 bins in a ciphertext's 1022."""
    c = together(tmp_path, bin_num=50)
    (sums,) = (tmp_path / "mail" / "guest-9999").rglob("*binning_sums*.kept")
    n = sum(len(b["splitPoints"]) for b in own_bins(c["host-10000"])
            .values())
    assert n > 200
    assert len(sums.read_bytes().split(b"\n", 1)[1]) == \
        256 * math.ceil(n / 56)


def test_local_only_when_set_then_hosts_are_told_so_alone(tmp_path):
    c = together(tmp_path, guest={"local_only": True})
    check_party(c, "guest-9999", GUEST,
                [plain.quantiles(column, 10) for column in GUEST.T])
    assert model(c["guest-9999"], PARAM)["hostResults"] == []
    faults, tags = mail_tags(tmp_path)
    assert faults == [] and tags == {"binning_start": 1}
    assert own_bins(c["host-10000"])["x0"]["splitPoints"] == list(
        plain.quantiles(HOST[:, 0], 10))


# ---- faults ----

def failed(folder, x=GUEST, y=Y, host=None, ids=None, **parameters):
    """The text of the party that failed by itself."""
    c = Component(folder, MODULE, {**DEFAULTS, **parameters})
    c.party("guest", 9999, data=[data_input(make_table(
        folder / "guest.table", x, None if y is None else list(y)))])
    if host is not None:
        c.party("host", 10000, data=[data_input(make_table(
            folder / "host.table", host, ids=ids))])
    c.run()
    return " ".join(p.state.get("error", {}).get("text", "")
                    for p in c.parties)


@pytest.mark.parametrize("parameters,words", [
    ({"method": "equal"}, ['"equal"', "quantile"]),
    ({"bin_num": 0}, ["bin_num is 0"]),
    ({"error": 2}, ["error is 2"]),
    ({"optimal_binning_param": {"init_bin_nums": 10001}},
     ["init_bin_nums is 10001", "10000"]),
    ({"optimal_binning_param": {"max_bin_pct": -1}}, ["max_bin_pct is -1"]),
    ({"adjustment_factor": 1}, ["adjustment_factor is 1"]),
    ({"bin_indexes": [5]}, ["bin_indexes has 5", "0..4"]),
    ({"bin_names": ["z"]}, ["bin_names has 'z'"]),
    ({"category_indexes": [7]}, ["category_indexes has 7"]),
    ({"category_names": ["z"]}, ["category_names has 'z'"]),
    ({"transform_param": {"transform_cols": [9]}}, ["transform_cols has 9"]),
    ({"transform_param": {"transform_names": ["z"]}},
     ["transform_names has 'z'"]),
    ({"method": "optimal", "optimal_binning_param": {
        "metric_method": "auc"}}, ['"auc"', "gini"]),
    ({"transform_param": {"transform_type": "rank"}}, ['"rank"', "woe"]),
    ({"bin_indexes": [1], "transform_param": {
        "transform_cols": [2], "transform_type": "woe"}},
     ["'x2'", "bin_indexes"]),
])
def test_parameters_when_wrong_then_named(tmp_path, parameters, words):
    text = failed(tmp_path, y=[int(v) for v in Y], **parameters)
    assert all(word in text for word in words), text


@pytest.mark.parametrize("y,words", [
    (None, ["no numeric label"]),
    ([k % 3 for k in range(N)], ["Iv calculation support binary-data only",
                                 "0, 1 and 2"])])
def test_labels_when_not_binary_then_named(tmp_path, y, words):
    text = failed(tmp_path, y=y)
    assert all(word in text for word in words), text


@pytest.mark.parametrize("parameters", [
    {"method": "bucket"}, {"method": "optimal", "optimal_binning_param": {
        "init_bucket_method": "bucket"}}])
def test_column_when_its_range_is_no_number_then_named(tmp_path, parameters):
    x = GUEST.copy()
    x[:2, 3] = 1e308, -1e308
    text = failed(tmp_path, x=x, y=[int(v) for v in Y], **parameters)
    assert "'x3' has values too far apart" in text


def test_column_when_without_values_then_named(tmp_path):
    x = GUEST.copy()
    x[:, 2] = math.nan
    text = failed(tmp_path, x=x, y=[int(v) for v in Y])
    assert "'x2' has no values" in text


@pytest.mark.parametrize("host,ids,words", [
    (HOST[:-1], None, ["450 rows", "the guest 451", "Intersection"]),
    (HOST, [f"{i:06d}" for i in range(1, N + 1)], ["ids", "Intersection"])])
def test_rows_when_they_differ_then_refused(tmp_path, host, ids, words):
    text = failed(tmp_path, y=[int(v) for v in Y], host=host, ids=ids)
    assert all(word in text for word in words), text


# ---- golden ----

JOBS = {"hetero_feature_binning.quantile_binning": {},
        "hetero_feature_binning.bucket_binning": {"method": "bucket"},
        "hetero_feature_selection.selection": {},
        "hetero_logistic_regression.lr_feature_engineering": {}}


def golden_input(role, job):
    """ids, labels, rows of the shared table; in the last job scaled."""
    ids, y, names, x = shared_table(f"breast_hetero_{role}")
    if job.endswith("lr_feature_engineering"):
        x = scaled(x, names, role, job)
    return ids, y, x


@needed
@pytest.mark.parametrize("job", JOBS)
def test_golden_job_when_rebuilt_then_the_same_model(tmp_path, job):
    c = Component(tmp_path, MODULE, {**DEFAULTS, **JOBS[job]})
    for role in ("guest", "host"):
        ids, y, x = golden_input(role, job)
        c.party(role, 10000, data=[data_input(make_table(
            tmp_path / f"{role}.table", x, y, ids=ids))])
    c.succeeded()
    for party in c.parties:
        real = golden("output_model", MODULE, party.role, job)
        same(model(party, PARAM), real["data"])
        assert model(party, META) == real["meta"]["meta_data"]
        data = golden("output_data", MODULE, party.role, job)
        first = 2 if party.role == "guest" else 1
        out = Table(party.state)
        assert out.header == data["meta"]["header"][first:]
        assert len(out.ids) == data["meta"]["total"]
        for i, row, theirs in zip(out.ids, out.x, data["data"]):
            assert [i, *row] == [theirs[0], *theirs[first:]]
