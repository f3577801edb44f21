"""HeteroFeatureSelection: each filter against NumPy; guest and hosts together
against plain Python; and both golden jobs, whose input is rebuilt from the
shared tables and from what the real FATE-Flow showed of its binning."""
import json
import math

import pytest

from audit import Audit, Facts
from golden import by_name, golden, needed, same, scaled, shared_table
from instances import Table, encode, fault, make_table, model, np, succeeded
from plants import Mail
from taskdir import Component, data_input

PARAM, META = "FeatureSelectionParam", "FeatureSelectionMeta"
RANDOM = np.random.default_rng(20261125)
X = RANDOM.normal(4, 1, (300, 6)) * [1, 0.1, 5, 1, 3, 2]
X[:, 3] = np.round(X[:, 3])
X[:, 5] = 2.5
NAMES = [f"x{j}" for j in range(6)]


def select(folder, methods, sparse=False, x=X, **parameters):
    table = make_table(folder / "in.table", x, sparse=sparse)
    return succeeded(folder / "task", "HeteroFeatureSelection", {
        "select_col_indexes": -1, "filter_methods": methods, **parameters},
        table)


def kept(task):
    return [n for n in NAMES if model(task, PARAM)["finalLeftCols"][
        "leftCols"].get(n)]


def top_share(column):
    return max(np.unique(column, return_counts=True)[1]) / len(column)


LOCAL = {
    "unique_value": ({"unique_param": {"eps": 2.0}}, lambda x: (
        np.ptp(x, 0), np.ptp(x, 0) >= 2.0)),
    "coefficient_of_variation_value_thres": (
        {"variance_coe_param": {"value_threshold": 0.2}}, lambda x: (
            np.abs(x.std(0) / x.mean(0)),
            np.abs(x.std(0) / x.mean(0)) >= 0.2)),
    "outlier_cols": (
        {"outlier_param": {"percentile": 0.9, "upper_threshold": 6}},
        lambda x: (np.sort(x, 0)[269], np.sort(x, 0)[269] < 6)),
    "percentage_value": (
        {"percentage_value_param": {"upper_pct": 0.3}}, lambda x: (
            np.array([top_share(c) for c in x.T]),
            np.array([top_share(c) * 300 <= math.ceil(300 * 0.3)
                      for c in x.T]))),
}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", LOCAL)
def test_local_filter_when_run_then_as_numpy(tmp_path, name, sparse):
    parameters, plain = LOCAL[name]
    task = select(tmp_path, [name], sparse, **parameters)
    values, left = plain(X)
    param = model(task, PARAM)
    result, = param["results"]
    assert result["filterName"] == name
    assert list(result["featureValues"]) == NAMES
    np.testing.assert_allclose(list(result["featureValues"].values()),
                               values, rtol=1e-12)
    want = [n for n, keep in zip(NAMES, left) if keep]
    assert 0 < len(want) < 6 and kept(task) == want
    assert result["leftCols"] == param["finalLeftCols"] == {
        "originalCols": NAMES, "leftCols": {n: True for n in want}}
    assert param["colNames"] == want + [n for n in NAMES if n not in want]
    assert result["hostLeftCols"] == param["hostColNames"] == []
    out = Table(task.state)
    assert out.header == want
    np.testing.assert_array_equal(out.x, X[:, left])
    meta = model(task, META)
    assert meta["filterMethods"] == [name] and meta["cols"] == NAMES
    assert sum(key.endswith("Meta") for key in meta) == 1
    assert task.metrics == {}


def test_filters_when_several_then_each_on_what_is_left(tmp_path):
    task = select(tmp_path, ["unique_value", "outlier_cols"],
                  unique_param={"eps": 2.0},
                  outlier_param={"percentile": 0.9, "upper_threshold": 6})
    first, second = model(task, PARAM)["results"]
    assert list(second["featureValues"]) == list(
        first["leftCols"]["leftCols"]) == second["leftCols"]["originalCols"]
    assert kept(task) == list(second["leftCols"]["leftCols"])


def test_filter_when_all_fail_then_the_best_is_left(tmp_path):
    task = select(tmp_path / "a", ["unique_value"],
                  unique_param={"eps": 1000})
    assert kept(task) == [NAMES[int(np.ptp(X, 0).argmax())]]
    task = select(tmp_path / "b", ["outlier_cols"], outlier_param={
        "percentile": 0.9, "upper_threshold": -5})
    assert kept(task) == [NAMES[int(np.sort(X, 0)[269].argmin())]]


def test_columns_when_not_selected_then_they_stay(tmp_path):
    task = select(tmp_path, ["unique_value"], select_col_indexes=[0, 5],
                  select_names=["x1"], unique_param={"eps": 2.0})
    assert kept(task) == ["x0", "x2", "x3", "x4"]
    param = model(task, PARAM)
    assert param["results"][0]["leftCols"]["originalCols"] == [
        "x0", "x1", "x5"]
    assert model(task, META)["cols"] == ["x0", "x1", "x5"]


@pytest.mark.parametrize("manually,want", [
    ({"filter_out_indexes": [1], "filter_out_names": ["x4"]},
     ["x0", "x2", "x3", "x5"]),
    ({"left_col_indexes": [1], "left_col_names": ["x4"]}, ["x1", "x4"]),
    ({"left_col_indexes": [], "left_col_names": ["x2"],
      "filter_out_names": []}, ["x2"]),
    ({"filter_out_indexes": None}, NAMES)])
def test_manually_when_listed_then_dropped_or_kept(tmp_path, manually, want):
    task = select(tmp_path, ["manually"], manually_param=manually)
    assert kept(task) == want
    assert model(task, PARAM)["results"][0]["featureValues"] == {}
    assert model(task, META)["manuallyMeta"]["filterOutNames"] == [
        n for n in NAMES if n not in want]


@pytest.mark.parametrize("selected,manually,want", [
    ([0], {"left_col_names": ["x1"]}, NAMES[1:]),
    ([], {"filter_out_names": ["x1"]}, NAMES),
    ([0, 1], {"filter_out_indexes": [0, 1, 2]}, NAMES[2:])])
def test_manually_when_few_are_selected_then_the_others_stay(
        tmp_path, selected, manually, want):
    task = select(tmp_path, ["manually"], select_col_indexes=selected,
                  manually_param=manually)
    assert kept(task) == want


@pytest.mark.parametrize("parameters,words", [
    ({"filter_methods": ["best"]}, ["'best'"]),
    ({"filter_methods": ["iv_top_k"]}, ["isomatric_model"]),
    ({"filter_methods": ["manually"], "manually_param": {
        "filter_out_names": NAMES}}, ["no column"]),
    ({"filter_methods": ["manually"], "manually_param": {
        "filter_out_names": ["x0"], "left_col_names": ["x1"]}},
     ["keep", "drop"]),
    ({"filter_methods": [], "select_col_indexes": [6]},
     ["select_col_indexes has 6", "0..5"]),
    ({"filter_methods": [], "select_names": ["z"]}, ["select_names has 'z'"]),
    ({"filter_methods": ["manually"], "manually_param": {
        "left_col_indexes": [8]}}, ["left_col_indexes has 8"]),
    ({"filter_methods": ["manually"], "manually_param": {
        "filter_out_names": ["z"]}}, ["filter_out_names has 'z'"])])
def test_parameters_when_wrong_then_named(tmp_path, parameters, words):
    text = fault(tmp_path / "task", "HeteroFeatureSelection",
                 {"select_col_indexes": -1, **parameters},
                 make_table(tmp_path / "in.table", X))
    assert all(word in text for word in words), text


def test_model_when_applied_then_its_columns(tmp_path):
    fit = select(tmp_path, ["unique_value"], unique_param={"eps": 2.0})
    table = make_table(tmp_path / "new.table", X[:9] * 0)
    task = succeeded(tmp_path / "new", "HeteroFeatureSelection", {}, table,
                     fit)
    assert Table(task.state).header == kept(fit)
    for buffer in (PARAM, META):
        assert model(task, buffer) == model(fit, buffer)
    less = make_table(tmp_path / "less.table", X[:9, :1])
    assert "'x2'" in fault(tmp_path / "less", "HeteroFeatureSelection", {},
                           less, fit)


def test_need_run_when_false_then_passed_through(tmp_path):
    task = select(tmp_path, ["unique_value"], need_run=False)
    assert task.state["pass"]["path"] == str(tmp_path / "in.table")


# ---- with hosts ----

def binning(folder, guest, hosts):
    """The folder of a binning model in which only iv and names are set."""
    folder.mkdir(parents=True)

    def result(ivs, prefix, role, party):
        return {"binningResult": {f"{prefix}{j}": {"iv": iv}
                                  for j, iv in enumerate(ivs)},
                "role": role, "partyId": str(party)}

    (folder / "FeatureBinningParam").write_bytes(encode({
        "binningResult": result(guest, "x", "guest", 9999),
        "hostResults": [result(ivs, "host.", "host", 10000 + k)
                        for k, ivs in enumerate(hosts)]},
        "FeatureBinningParam"))
    return folder


GUEST = [0.5, 0.1, 0.9, 0.3]
HOSTS = [[0.2, 0.8, 0.05], [0.7, 0.6]]


def together(folder, methods, hosts=HOSTS, **parameters):
    c = component(folder, methods, hosts, **parameters)
    c.succeeded()
    return c


def component(folder, methods, hosts=HOSTS, binned=None, **parameters):
    c = Component(folder, "HeteroFeatureSelection", {
        "select_col_indexes": -1, "filter_methods": methods, **parameters},
        keep_messages=True)
    models = [{"isometric": True, "component": "binning",
               "dir": str(binning(folder / "binning", GUEST, hosts
                                  if binned is None else binned))}]
    widths = [len(GUEST)] + [len(h) for h in hosts]
    for k, n in enumerate(widths):
        x = RANDOM.normal(size=(40, n))
        c.party("host" if k else "guest", 9999 + k, data=[data_input(
            make_table(folder / f"in{k}.table", x))], models=models)
    return c


def all_kept(c):
    """{"guest-9999": numbers, ...} of the columns that are left."""
    return {p.name: [int(n[1:]) for n in Table(p.state).header]
            for p in c.parties}


def above(threshold, hosts=None):
    limits = [threshold] + (hosts or [threshold] * 2)
    return {name: [j for j, v in enumerate(ivs) if v > limit] or
            [int(np.argmax(ivs))] for name, ivs, limit in zip(
                ("guest-9999", "host-10000", "host-10001"),
                [GUEST, *HOSTS], limits)}


@pytest.mark.parametrize("methods,parameters,want", [
    (["iv_value_thres"], {"iv_value_param": {"value_threshold": 0.25}},
     above(0.25)),
    (["iv_value_thres"], {"iv_value_param": {
        "value_threshold": 0.25, "host_thresholds": [0.1, 0.65]}},
     above(0.25, [0.1, 0.65])),
    (["iv_value_thres"], {"iv_value_param": {
        "value_threshold": 0.25, "local_only": True}},
     above(0.25, [-1, -1])),
    (["iv_value_thres"], {"iv_value_param": {"value_threshold": 5}},
     above(5)),
    # 9 values falling: the one at place floor(0.5 * 9) = 4 is 0.5
    (["iv_percentile"], {"iv_percentile_param": {
        "percentile_threshold": 0.5}}, above(0.5)),
    (["iv_top_k"], {"iv_top_k_param": {"k": 5}}, above(0.49)),
    (["iv_top_k"], {"iv_top_k_param": {"k": 2, "local_only": True}},
     above(0.49, [-1, -1])),
    (["iv_value_thres", "iv_top_k"], {
        "iv_value_param": {"value_threshold": 0.25},
        "iv_top_k_param": {"k": 3}}, above(0.69))])
def test_iv_filters_when_run_then_the_guest_judges_for_all(
        tmp_path, methods, parameters, want):
    c = together(tmp_path, methods, **parameters)
    assert all_kept(c) == want
    guest = model(c["guest-9999"], PARAM)
    last = guest["results"][-1]
    for k, (ivs, name) in enumerate(zip(HOSTS, ("host-10000",
                                                "host-10001"))):
        assert last["hostLeftCols"][k]["leftCols"] == {
            f"host.{j}": True for j in want[name]}
        first = guest["results"][0]
        assert first["hostFeatureValues"][k]["featureValues"] == {
            f"host.{j}": iv for j, iv in enumerate(ivs)}
        assert guest["hostColNames"][k]["partyId"] == name[5:]
        host = model(c[name], PARAM)
        assert host["results"][-1]["featureValues"] == {}
        assert list(host["finalLeftCols"]["leftCols"]) == [
            f"x{j}" for j in want[name]]


FACTS = Facts(40, {"host-10000": 3, "host-10001": 2}, set())
PLANTS = [
    ("selection_columns", {"columns": [0.25]}, "names no columns"),
    ("selection_columns", {"columns": [3]}, "names no columns"),
    ("selection_columns", {"columns": [0], "iv": [0.5]}, "keys"),
    ("selection_left", {"columns": ["x0"]}, "names no columns"),
    ("selection_left", {"columns": [[0, 1]]}, "names no columns")]


@pytest.mark.parametrize("tag,value,words", PLANTS)
def test_message_when_it_has_more_than_numbers_then_found(tmp_path, tag,
                                                          value, words):
    together(tmp_path, ["iv_value_thres"])
    Mail(tmp_path / "mail").plant(tag, json.dumps(value).encode())
    faults, _ = Audit(tmp_path / "mail", FACTS).run()
    assert len(faults) == 1 and words in faults[0]


def test_messages_when_decoded_then_column_numbers_alone(tmp_path):
    c = together(tmp_path, ["iv_value_thres", "unique_value",
                            "iv_percentile"])
    faults, tags = Audit(tmp_path / "mail", FACTS).run()
    assert faults == []
    assert tags == {"selection_columns": 4, "selection_left": 4}
    assert all(p.state["status"] == "success" for p in c.parties)


@pytest.mark.parametrize("method,key", [
    ("iv_value_thres", "iv_value_param"), ("iv_top_k", "iv_top_k_param"),
    ("iv_percentile", "iv_percentile_param")])
def test_local_only_when_the_hosts_were_not_binned_then_they_keep_all(
        tmp_path, method, key):
    c = component(tmp_path, [method], binned=[], **{key: {
        "local_only": True, "k": 2, "value_threshold": 0.4,
        "percentile_threshold": 0.5}})
    c.succeeded()
    kept = all_kept(c)
    assert kept == {"guest-9999": kept["guest-9999"],
                    "host-10000": [0, 1, 2], "host-10001": [0, 1]}
    assert len(kept["guest-9999"]) < 4
    result = model(c["guest-9999"], PARAM)["results"][0]
    assert result["hostFeatureValues"] == []
    assert [len(h["leftCols"]) for h in result["hostLeftCols"]] == [3, 2]


def test_iv_when_a_host_was_not_binned_then_it_is_named(tmp_path):
    c = component(tmp_path, ["iv_top_k"], binned=HOSTS[:1])
    c.run()
    text = c["guest-9999"].state["error"]["text"]
    assert "'host.0'" in text and "host 10001" in text


def test_isometric_model_when_not_there_then_says_of_whom(tmp_path):
    c = component(tmp_path, ["iv_top_k"])
    (tmp_path / "binning" / "FeatureBinningParam").unlink()
    c.run()
    text = c["guest-9999"].state["error"]["text"]
    assert text == ("the model of binning has no FeatureBinningParam, which "
                    "heterofeatureselection_0 needs; was its need_run false?")


@pytest.mark.parametrize("thresholds", [[0.1], [0.1, 0.2, 0.3]])
def test_thresholds_when_not_one_for_each_host_then_refused(tmp_path,
                                                            thresholds):
    c = component(tmp_path, ["iv_value_thres"], iv_value_param={
        "value_threshold": 0.25, "host_thresholds": thresholds})
    c.run()
    text = c["guest-9999"].state["error"]["text"]
    assert f"host_thresholds has {len(thresholds)} values" in text
    assert "2 hosts" in text


def test_iv_when_a_column_was_not_binned_then_named(tmp_path):
    c = Component(tmp_path, "HeteroFeatureSelection", {
        "select_col_indexes": -1, "filter_methods": ["iv_value_thres"]})
    folder = binning(tmp_path / "binning", GUEST[:2], [])
    party = c.party("guest", 9999, data=[data_input(make_table(
        tmp_path / "in.table", X))], models=[{
            "isometric": True, "component": "b", "dir": str(folder)}])
    c.run()
    assert "'x2'" in party.state["error"]["text"]


# ---- golden ----

JOBS = {"hetero_feature_selection.selection": {
            "manually_param": {"filter_out_indexes": [],
                               "filter_out_names": []},
            "unique_param": {"eps": 1e-06},
            "iv_value_param": {"value_threshold": 0.1},
            "iv_percentile_param": {"percentile_threshold": 0.9},
            "variance_coe_param": {"value_threshold": 0.3},
            "outlier_param": {"percentile": 0.95, "upper_threshold": 2.0}},
        "hetero_logistic_regression.lr_feature_engineering": {
            "unique_param": {"eps": 1e-06},
            "iv_value_param": {"value_threshold": 1.0},
            "iv_percentile_param": {"percentile_threshold": 0.9},
            "variance_coe_param": {"value_threshold": 0.3},
            "outlier_param": {"percentile": 0.95, "upper_threshold": 10}}}


def golden_input(role, job):
    """ids and rows of the shared table; in the second job scaled and binned
    as the real server's models say."""
    ids, _, names, x = shared_table(f"breast_hetero_{role}")
    if job.endswith("lr_feature_engineering"):
        bins = golden("output_model", "HeteroFeatureBinning", role, job)[
            "data"]["binningResult"]["binningResult"]
        x = scaled(x, names, role, job)
        for j, name in enumerate(names):
            split = bins[name]["splitPoints"]
            x[:, j] = np.minimum(np.searchsorted(split, x[:, j]),
                                 len(split) - 1)
    return ids, x


@needed
@pytest.mark.parametrize("job", JOBS)
def test_golden_job_when_rebuilt_then_the_same_model(tmp_path, job):
    methods = golden("parameters", "HeteroFeatureSelection", "guest", job)[
        "data"]["FeatureSelectionParam"]["filter_methods"]
    folder = tmp_path / "binning"
    folder.mkdir()
    (folder / "FeatureBinningParam").write_bytes(encode(
        golden("output_model", "HeteroFeatureBinning", "guest", job)["data"],
        "FeatureBinningParam"))
    c = Component(tmp_path, "HeteroFeatureSelection", {
        "select_col_indexes": -1, "select_names": [],
        "filter_methods": methods, **JOBS[job]})
    for role in ("guest", "host"):
        ids, x = golden_input(role, job)
        c.party(role, 10000, data=[data_input(make_table(
            tmp_path / f"{role}.table", x, ids=ids))], models=[{
                "isometric": True, "component": "b", "dir": str(folder)}])
    c.succeeded()
    for party in c.parties:
        real = golden("output_model", "HeteroFeatureSelection", party.role,
                      job)
        same(by_name(model(party, PARAM)), by_name(real["data"]))
        assert model(party, META) == real["meta"]["meta_data"]
        data = golden("output_data", "HeteroFeatureSelection", party.role,
                      job)
        out = Table(party.state)
        first = 2 if party.role == "guest" else 1
        assert out.header == data["meta"]["header"][first:]
        got = out.x
        assert len(out.ids) == data["meta"]["total"]
        for k, row in enumerate(data["data"]):
            assert out.ids[k] == row[0]
            assert list(got[k]) == pytest.approx(row[first:], rel=1e-9)
