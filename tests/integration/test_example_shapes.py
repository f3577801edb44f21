"""Jobs of the shapes that FATE's other example folders have (column_expand,
union, experiment, the rest of hetero_feature_binning), on rows made here, and
what comes of them against NumPy."""
import csv

import numpy as np
import pytest

import binning_judge
import selection_judge

NAMESPACE = "example_shapes"
N = 240
RANDOM = np.random.default_rng(20261127)
IDS = [f"r{k:03d}" for k in range(N)]
Y = RANDOM.integers(0, 2, N)


def values(d, categories=()):
    """The label shows in all but the categories, which have few values."""
    x = np.round(RANDOM.normal(size=(N, d)) + np.outer(
        Y, np.linspace(0, 1.5, d)), 4)
    x[np.abs(x) < 0.2] = 0
    for j, n in categories:
        x[:, j] = RANDOM.integers(0, n, N)
    return x


GUEST = values(5, [(1, 4), (3, 2)])
HOSTS = [values(4, [(2, 5)]), values(3)]
NAMES = [f"x{j}" for j in range(5)]


@pytest.fixture(scope="module")
def put(site, tmp_path_factory):
    """put(name, x, y): uploads a table once."""
    folder, done = tmp_path_factory.mktemp("shapes"), set()

    def upload(name, x, y=None, ids=None, form="dense"):
        if name in done:
            return
        done.add(name)
        path = folder / f"{name}.csv"
        with open(path, "w", newline="") as f:
            out = csv.writer(f)
            out.writerow(["id"] + ["y"] * (y is not None) +
                         NAMES[:x.shape[1]])
            for k, row in enumerate(x.tolist()):
                out.writerow([(ids or IDS)[k]] +
                             ([int(y[k])] if y is not None else []) + row)
        site.flow.uploaded(path, NAMESPACE, name, drop=1)

    return upload


@pytest.fixture(scope="module")
def tables(put):
    put("guest", GUEST, Y)
    for k, x in enumerate(HOSTS):
        put(f"host{k}", x)


def part(module, data, *aliases, **more):
    """A component; data is its `input.data` or what its key `data` has."""
    data = data if isinstance(data, dict) else {"data": [data]}
    model = {k: [more.pop(k)] for k in ("model", "isometric_model")
             if k in more}
    return {"module": module, "input": {"data": data, **model},
            "output": dict(zip(("data", "model"), ([a] for a in aliases))),
            **more}


def source(*names):
    return [{"name": n, "namespace": NAMESPACE} for n in names]


def conf(own, others, algorithm, arbiter=False, key="train_data", **roles):
    """own, others: the tables of the guest and of the hosts; roles:
    {"guest": {component: {parameter: [per party]}}, "host": ...}"""
    ids = {"guest": [9999], "host": [10000 + k for k in range(len(others))],
           "arbiter": [10000]}
    if not arbiter:
        del ids["arbiter"]
    if not others:
        del ids["host"]
    given = {"guest": {"args": {"data": {key: source(own)}},
                       "dataio_0": {"with_label": [True]}},
             "host": {"args": {"data": {key: source(*others)}},
                      "dataio_0": {"with_label": [False] * len(others)}}}
    for role, more in roles.items():
        for component, parameters in more.items():
            given[role].setdefault(component, {}).update(parameters)
    if not others:
        del given["host"]
    return {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": ids,
            "role_parameters": given, "algorithm_parameters": algorithm}


# ---- hetero_feature_binning ----

BINNING = {"components": {
    "dataio_0": part("DataIO", "args.train_data", "train", "dataio"),
    "intersection_0": part("Intersection", "dataio_0.train", "train"),
    "hetero_feature_binning_0": part(
        "HeteroFeatureBinning", "intersection_0.train", "transform_data",
        "binning_model")}}
NAME = "hetero_feature_binning_0"
OPTIMAL = {"metric_method": "iv", "min_bin_pct": 0.05, "max_bin_pct": 0.8,
           "init_bucket_method": "quantile", "init_bin_nums": 30,
           "mixture": True}


def optimal(**own):
    return {"method": "optimal", "bin_num": 5,
            "optimal_binning_param": {**OPTIMAL, **own}}


SHAPES = {
    "categories by index": dict(
        algorithm={"category_indexes": [1, 3]},
        host={"category_indexes": [[2], []]}),
    "categories by name": dict(
        algorithm={"bin_indexes": [0], "bin_names": ["x2"]},
        guest={"category_names": [["x3"]]},
        host={"category_names": [["x2"], None]}),
    "all are categories": dict(
        algorithm={"bin_indexes": [], "category_indexes": -1}),
    "woe": dict(algorithm={"transform_param": {
        "transform_cols": [0, 1], "transform_names": ["x2"],
        "transform_type": "woe"}}),
    "woe of categories": dict(
        algorithm={"transform_param": {"transform_type": "woe"}},
        guest={"category_indexes": [[1]]}),
    "no transform": dict(algorithm={"transform_param": {
        "transform_cols": [], "transform_type": None}}),
    "asymmetric": dict(
        algorithm={"bin_num": 4},
        guest={"method": ["bucket"], "adjustment_factor": [0.25]},
        host={"method": ["quantile", "bucket"], "bin_num": [6, 3],
              "bin_indexes": [[0, 2], -1],
              "transform_param": {"transform_cols": [[2], [0, 1]]}}),
    "asymmetric optimal": dict(
        algorithm={"bin_num": 4},
        host={"method": ["optimal", "quantile"], "bin_num": [3, 7],
              "optimal_binning_param": {
                  "metric_method": ["ks", "iv"], "init_bin_nums": [20, 50],
                  "max_bin_pct": [0.9, 1.0]}}),
    "chi-square": dict(algorithm=optimal(metric_method="chi-square")),
    "ks": dict(algorithm=optimal(metric_method="ks", mixture=False)),
    "gini from buckets": dict(algorithm=optimal(
        metric_method="gini", init_bucket_method="bucket")),
    "sparse": dict(algorithm=optimal(metric_method="chi_square"),
                   form="sparse"),
    "sparse categories": dict(
        algorithm={"method": "bucket", "category_indexes": [1]},
        form="sparse"),
    "one sparse party": dict(
        algorithm={}, form="dense",
        host={"category_indexes": [[2], []]}, forms=["sparse", "dense"]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_binning_shape_when_run_then_as_the_plain_formulas(site, tables,
                                                           shape):
    s = SHAPES[shape]
    form = s.get("form", "dense")
    forms = s.get("forms", [form] * 2)
    job = site.flow.finished(BINNING, conf(
        "guest", ["host0", "host1"],
        {"dataio_0": {"output_format": form}, NAME: s["algorithm"]},
        guest={NAME: s.get("guest", {})},
        host={NAME: s.get("host", {}), "dataio_0": {"output_format": forms}}))
    parties = [binning_judge.Party(role, party, x, IDS, NAMES[:x.shape[1]],
                                   kind == "sparse")
               for role, party, x, kind in (
                   ("guest", 9999, GUEST, form),
                   ("host", 10000, HOSTS[0], forms[0]),
                   ("host", 10001, HOSTS[1], forms[1]))]
    binning_judge.check(site, job, NAME, parties, Y == 1)


@pytest.mark.parametrize("own,component,tag", [
    ({NAME: {"need_run": [False]}}, NAME, "binning_columns"),
    ({"hetero_feature_selection_0": {"filter_methods": [["unique_value"]]}},
     "hetero_feature_selection_0", "selection_columns")])
def test_host_when_it_does_not_take_part_then_the_job_ends(
        site, tables, own, component, tag):
    """Its parameters are its own: the guest would wait for it for ever."""
    job = site.flow.submitted(SELECTION, conf(
        "guest", ["host0"], {"hetero_feature_selection_0": {
            "filter_methods": ["iv_top_k"]}}, host=own))
    assert site.flow.wait(job, 60) == "failed"
    reason = site.flow.reason(job)
    assert f"{component} of guest 9999 failed: host 10000 has ended " \
        f"without sending {tag}" in reason, reason


def test_keys_when_of_old_examples_then_named_and_without_effect(site,
                                                                 tables):
    """`cols`, `label_idx`, `select_cols` and the like stand in FATE's own
    examples; a component's need_run beside its module too."""
    dsl = {"components": {**BINNING["components"],
                          "one_hot_encoder_0": part(
                              "OneHotEncoder", f"{NAME}.transform_data",
                              "t", "m", need_run=False)}}
    answer = site.flow.submit(dsl, conf("guest", ["host0"], {
        "dataio_0": {"label_idx": 0, "with_value": True},
        NAME: {"cols": -1, "bin_num": 3},
        "one_hot_encoder_0": {"cols": [0]}}))
    assert answer["retcode"] == 0, answer
    said = " ".join(answer["data"]["warnings"])
    for key in ("dataio_0.label_idx", "dataio_0.with_value", f"{NAME}.cols",
                "one_hot_encoder_0.cols"):
        assert key in said
    assert site.flow.wait(answer["jobId"]) == "success"
    shown = site.flow.component("output/model", answer["jobId"],
                                "one_hot_encoder_0", "guest", 9999)
    assert list(shown["data"]["colMap"]) == NAMES


# ---- hetero_feature_selection ----

SELECTION = {"components": {
    **BINNING["components"],
    "hetero_feature_selection_0": part(
        "HeteroFeatureSelection", "intersection_0.train", "t", "m",
        isometric_model=f"{NAME}.binning_model")}}
LOCAL = ["unique_value", "coefficient_of_variation_value_thres",
         "outlier_cols", "percentage_value"]
LIMITS = {"unique_param": {"eps": 3}, "outlier_param": {
    "percentile": 0.9, "upper_threshold": 2},
    "variance_coe_param": {"value_threshold": 1.2},
    "percentage_value_param": {"upper_pct": 0.3}}
SELECTIONS = {
    "all eight": dict(filter_methods=[
        "manually", "percentage_value", "iv_value_thres", "unique_value",
        "iv_percentile", "coefficient_of_variation_value_thres", "iv_top_k",
        "outlier_cols"], iv_percentile_param={"percentile_threshold": 0.9},
        iv_top_k_param={"k": 6}, manually_param={"filter_out_indexes": [0]}),
    **{name: dict(filter_methods=[name], **LIMITS) for name in LOCAL},
    "local": dict(filter_methods=LOCAL, **LIMITS),
    "some columns": dict(
        filter_methods=["unique_value", "iv_percentile"],
        select_col_indexes=[1], select_names=["x2"], **LIMITS),
    "thresholds": dict(
        filter_methods=["iv_value_thres"], iv_value_param={
            "value_threshold": 0.1, "host_thresholds": [0.5, None]}),
    "guest alone": dict(
        filter_methods=["iv_value_thres", "iv_percentile", "iv_top_k"],
        iv_value_param={"value_threshold": 0.05, "local_only": True},
        iv_percentile_param={"percentile_threshold": 0.8,
                             "local_only": True},
        iv_top_k_param={"k": 2, "local_only": True}),
    "guest alone binned": dict(
        filter_methods=["iv_percentile", "unique_value"],
        iv_percentile_param={"percentile_threshold": 0.8,
                             "local_only": True}),
    "each its own": dict(
        filter_methods=["iv_top_k", "unique_value", "manually",
                        "iv_percentile"], iv_top_k_param={"k": 7},
        iv_percentile_param={"percentile_threshold": 0.7}),
    "none passes": dict(
        filter_methods=["iv_value_thres", "unique_value"],
        iv_value_param={"value_threshold": 50}, unique_param={"eps": 99}),
}


# Of one host nothing is judged, the other drops a column of its own.
OWN = {"each its own": {
    "select_col_indexes": [[], -1], "unique_param": {"eps": [9, 3]},
    "manually_param": {"filter_out_names": [None, ["x1"]]}}}


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("shape", SELECTIONS)
def test_selection_shape_when_run_then_as_numpy(site, tables, shape, form):
    job = site.flow.finished(SELECTION, conf(
        "guest", ["host0", "host1"],
        {"dataio_0": {"output_format": form},
         NAME: {"bin_num": 4, "local_only": shape == "guest alone binned"},
         "hetero_feature_selection_0": SELECTIONS[shape]},
        host={"hetero_feature_selection_0": OWN.get(shape, {})}))
    parties = [binning_judge.Party(role, party, x, IDS, NAMES[:x.shape[1]],
                                   form == "sparse")
               for role, party, x in (("guest", 9999, GUEST),
                                      ("host", 10000, HOSTS[0]),
                                      ("host", 10001, HOSTS[1]))]
    selection_judge.check(site, job, "hetero_feature_selection_0", NAME,
                          parties)


def test_hosts_when_their_ids_do_not_rise_then_in_the_configurations_order(
        site, tables):
    """Thresholds, results and parameters are by place in the role's list, of
    which one id is the guest's too."""
    ids = [10007, 9999]
    c = conf("guest", ["host0", "host1"], {
        "hetero_feature_selection_0": {
            "filter_methods": ["iv_value_thres"], "iv_value_param": {
                "value_threshold": 0.0, "host_thresholds": [100, -1]}}},
        host={NAME: {"bin_num": [3, 6]}})
    c["role"]["host"] = ids
    job = site.flow.finished(SELECTION, c)
    parties = [binning_judge.Party("guest", 9999, GUEST, IDS, NAMES),
               *(binning_judge.Party("host", party, x, IDS,
                                     NAMES[:x.shape[1]])
                 for party, x in zip(ids, HOSTS))]
    binning_judge.check(site, job, NAME, parties, Y == 1)
    selection_judge.check(site, job, "hetero_feature_selection_0", NAME,
                          parties)

    def model(component, role, party):
        return site.flow.component("output/model", job, component, role,
                                   party)["data"]

    guest = model("hetero_feature_selection_0", "guest", 9999)
    assert [h["partyId"] for h in guest["hostColNames"]] == ["10007", "9999"]
    known = model(NAME, "guest", 9999)["hostResults"]
    best = max(range(4), key=lambda j: known[0]["binningResult"][
        f"host.{j}"]["iv"])
    left = [list(model("hetero_feature_selection_0", "host", party)[
        "finalLeftCols"]["leftCols"]) for party in ids]
    assert left == [[f"x{best}"], NAMES[:3]]


# ---- column_expand ----

def scores(site, job, component="hetero_lr_0"):
    shown = site.flow.component("output/data", job, component, "guest", 9999)
    assert shown["retcode"] == 0, shown
    return {row[0]: row[3] for row in shown["data"]}


def sigmoid(weights, parts):
    """{id: score} of the models' weights and the parties' columns."""
    u = sum(w["intercept"] + x @ [w["weight"][f"x{j}"]
                                  for j in range(x.shape[1])]
            for w, x in zip(weights, parts))
    return dict(zip(IDS, 1 / (1 + np.exp(-u))))


def expanded(x, *fills):
    return np.column_stack([x, *(np.full(len(x), v) for v in fills)])


LR = {"max_iter": 2, "batch_size": -1, "early_stop": "weight_diff",
      "init_param": {"init_method": "ones"}}


def predict_conf(job, hosts=("host0",)):
    """Of the tables that it was trained with."""
    c = conf("guest", hosts, {}, arbiter=True, key="eval_data")
    c["role_parameters"] = {role: {"args": own["args"]}
                            for role, own in c["role_parameters"].items()}
    parties = "_".join(str(party) for party in c["role"]["host"])
    c["job_parameters"].update(
        job_type="predict", model_version=job,
        model_id=f"arbiter-10000#guest-9999#host-{parties}#model")
    return c


def test_column_expand_when_before_dataio_then_features_and_predicted(
        site, tables):
    """At both parties, each with columns of its own; then the predict job of
    the pipeline on the tables as they were uploaded."""
    dsl = {"components": {
        "column_expand_0": part("ColumnExpand", "args.train_data", "t", "m"),
        "dataio_0": part("DataIO", "column_expand_0.t", "t", "m"),
        "intersection_0": part("Intersection", "dataio_0.t", "t"),
        "hetero_lr_0": part("HeteroLR", {"train_data": ["intersection_0.t"]},
                            "t", "m")}}
    job = site.flow.finished(dsl, conf(
        "guest", ["host0"],
        {"hetero_lr_0": LR, "column_expand_0": {"method": "manual"}},
        arbiter=True,
        guest={"column_expand_0": {"append_header": [["x5", "x6"]],
                                   "fill_value": [[0.5, -2]]}},
        host={"column_expand_0": {"append_header": [["x4"]],
                                  "fill_value": [3]}}))
    parts = [expanded(GUEST, 0.5, -2), expanded(HOSTS[0], 3)]
    weights = [site.flow.component("output/model", job, "hetero_lr_0", role,
                                   party)["data"]
               for role, party in (("guest", 9999), ("host", 10000))]
    assert [len(w["weight"]) for w in weights] == [7, 5]
    want = sigmoid(weights, parts)
    first = scores(site, job)
    assert {i: want[i] for i in first} == pytest.approx(first, abs=1e-6)
    again = scores(site, site.flow.finished({}, predict_conf(job)))
    assert again == pytest.approx(first, abs=1e-9) and len(again) == 100


# ---- union ----

@pytest.mark.parametrize("keys", [
    ("data", "data_0"), ("data_0", "data_1"), ("data",)])
def test_union_when_a_guest_is_alone_then_rows_of_both_tables(site, put,
                                                              keys):
    """A role map without hosts; each word of the DSL is one table, or one
    word has both. The first table's row of an id counts."""
    put("left", GUEST[:150], Y[:150], IDS[:150])
    put("right", GUEST[100:] + 1, 1 - Y[100:], IDS[100:])
    refs = ["dataio_0.t", "dataio_1.t"]
    data = {keys[0]: refs} if len(keys) == 1 else {
        key: [ref] for key, ref in zip(keys, refs)}
    dsl = {"components": {
        "dataio_0": part("DataIO", "args.train_data", "t", "m"),
        "dataio_1": part("DataIO", "args.eval_data", "t", model="dataio_0.m"),
        "union_0": part("Union", data, "t"),
        "feature_scale_0": part("FeatureScale", "union_0.t", "t", "m")}}
    c = conf("left", [], {"feature_scale_0": {"method": "min_max_scale"}})
    c["role_parameters"]["guest"]["args"]["data"]["eval_data"] = source(
        "right")
    job = site.flow.finished(dsl, c)
    x = np.vstack([GUEST[:150], GUEST[150:] + 1])
    model = site.flow.component("output/model", job, "feature_scale_0",
                                "guest", 9999)["data"]["colScaleParam"]
    assert [model[n]["columnUpper"] for n in NAMES] == list(x.max(0))
    assert [model[n]["columnLower"] for n in NAMES] == list(x.min(0))
    metric = site.flow.component("metric/all", job, "union_0", "guest", 9999)
    first, second = keys if len(keys) == 2 else keys * 2
    assert dict(metric["data"]["train"]["union"]["data"]) == {
        f"dataio_0.{first}": 150, f"dataio_1.{second}": N - 100, "Total": N}
    shown = site.flow.component("output/data", job, "union_0", "guest", 9999)
    labels = dict(zip(IDS, np.concatenate([Y[:150], 1 - Y[150:]])))
    assert shown["meta"]["total"] == N
    assert all(row[1] == labels[row[0]] for row in shown["data"])


# ---- experiment ----

def experiment():
    """Sampled, scaled, binned, selected and encoded; a regression beside a
    local one. Of the evaluation branch nothing is deployed, as its DSL says;
    it takes models of the training's branch."""
    return {"components": {
        "dataio_0": part("DataIO", "args.train_data", "t", "m"),
        "intersection_0": part("Intersection", "dataio_0.t", "t"),
        "federated_sample_0": part("FederatedSample", "intersection_0.t",
                                   "t"),
        "feature_scale_0": part("FeatureScale", "federated_sample_0.t", "t",
                                "m"),
        "hetero_feature_binning_0": part(
            "HeteroFeatureBinning", "feature_scale_0.t", "t", "m"),
        "hetero_feature_selection_0": part(
            "HeteroFeatureSelection", "hetero_feature_binning_0.t", "t", "m",
            isometric_model="hetero_feature_binning_0.m"),
        "one_hot_encoder_0": part(
            "OneHotEncoder", "hetero_feature_selection_0.t", "t", "m"),
        "hetero_lr_0": part("HeteroLR",
                            {"train_data": ["one_hot_encoder_0.t"]}, "t",
                            "m"),
        "local_baseline_0": part("LocalBaseline", {
            "train_data": ["one_hot_encoder_0.t"]}, "t", "m",
            need_deploy=False),
        "evaluation_0": part("Evaluation", {"data": [
            "hetero_lr_0.t", "local_baseline_0.t"]}, "t", need_deploy=False),
        "dataio_1": part("DataIO", "args.eval_data", "t", model="dataio_0.m",
                         need_deploy=False),
        "intersection_1": part("Intersection", "dataio_1.t", "t",
                               need_deploy=False),
        "feature_scale_1": part("FeatureScale", "intersection_1.t", "t",
                                model="feature_scale_0.m",
                                need_deploy=False),
        "hetero_feature_binning_1": part(
            "HeteroFeatureBinning", "feature_scale_1.t", "t",
            model="hetero_feature_binning_0.m", need_deploy=False),
        "hetero_feature_selection_1": part(
            "HeteroFeatureSelection", "hetero_feature_binning_1.t", "t",
            model="hetero_feature_selection_0.m", need_deploy=False),
        "one_hot_encoder_1": part(
            "OneHotEncoder", "hetero_feature_selection_1.t", "t",
            model="one_hot_encoder_0.m", need_deploy=False)}}


def experiment_conf(n=1):
    hosts = ["host0", "host1"][:n]
    c = conf("guest", hosts, {
        "federated_sample_0": {"mode": "stratified", "method": "downsample",
                               "fractions": [[0, 0.8], [1, 0.9]],
                               "random_state": 3},
        "feature_scale_0": {"method": "standard_scale"},
        "hetero_feature_binning_0": {"bin_num": 4},
        "hetero_feature_selection_0": {
            "filter_methods": ["unique_value", "iv_top_k"],
            "select_cols": -1, "local_only": False,
            "percentage_value_param": {"error": 0.1},
            "iv_top_k_param": {"k": 6}},
        "hetero_lr_0": LR}, arbiter=True,
        guest={"local_baseline_0": {"need_run": [True]}},
        host={"local_baseline_0": {"need_run": [False] * n},
              "evaluation_0": {"need_run": [False] * n}})
    for role, names in (("guest", ["guest"]), ("host", hosts)):
        c["role_parameters"][role]["args"]["data"]["eval_data"] = source(
            *names)
    return c


def test_template_when_its_roles_are_empty_then_refused(site, tables):
    """The experiment's files are templates: a script fills them in."""
    c = experiment_conf()
    c["role"] = {"guest": [], "host": [], "arbiter": []}
    answer = site.flow.submit(experiment(), c)
    assert answer["retcode"] == 100, answer
    assert "initiator" in answer["retmsg"] and "9999" in answer["retmsg"]


@pytest.mark.parametrize("n", [1, 2])
def test_experiment_when_filled_in_then_the_branches_agree(site, tables, n):
    """The evaluation's branch makes of a sampled row what the training's
    made of it; predicting deploys the one and not the other."""
    job = site.flow.finished(experiment(), experiment_conf(n), 300)

    def rows(component, role, party):
        shown = site.flow.component("output/data", job, component, role,
                                    party)
        assert shown["retcode"] == 0, (component, shown)
        return (shown["meta"], {row[0]: row[1:] for row in shown["data"]})

    for role, party in [("guest", 9999), ("host", 10000),
                        ("host", 10001)][:n + 1]:
        for name in ("feature_scale", "hetero_feature_binning",
                     "hetero_feature_selection", "one_hot_encoder"):
            meta, trained = rows(f"{name}_0", role, party)
            other, applied = rows(f"{name}_1", role, party)
            assert meta["header"] == other["header"]
            assert other["total"] == N > meta["total"]
            common = trained.keys() & applied.keys()
            assert len(common) > 50
            assert {i: trained[i] for i in common} == {
                i: applied[i] for i in common}
    metric = site.flow.component("metric/all", job, "evaluation_0", "guest",
                                 9999)["data"]["train"]
    assert {"hetero_lr_0", "local_baseline_0"} <= set(metric)
    done = site.flow.finished({}, predict_conf(job, ["host0", "host1"][:n]))
    first, again = scores(site, job), scores(site, done)
    assert {i: again[i] for i in first if i in again} == pytest.approx(
        {i: v for i, v in first.items() if i in again}, abs=1e-9)
    components = {row["f_component_name"] for row in site.flow.ok(
        "job/task/query", {"job_id": done})}
    assert not components & {"local_baseline_0", "evaluation_0", "dataio_1",
                             "federated_sample_0"}
