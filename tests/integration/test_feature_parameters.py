"""Every parameter of the components that prepare data and features, as the
contract lists them: its default as tracking shows it, values at the edge of
what is legal, and values beyond, each refused at submit by component,
parameter and value."""
import json

import pytest

NAMESPACE = "feature_parameters"
UPSAMPLE = {"method": "upsample"}
COLUMNS = ([], (-2, 1.5, "x0", [-1], ["x0"], [0.5], True))
NAMES = (["x0"], ("x0", [1], {"x0": 1}))
FLAG = (True, ("true", 1, None, []))

# module: {parameter: (default, legal values, illegal values)}
PARAMETERS = {
    "DataIO": {
        "input_format": ("dense", ["sparse", "tag"], ["csv", None, 1]),
        "delimitor": (",", [";", "||"], ["", 1, None]),
        "data_type": ("float64", ["float", "int", "int64", "str", "long"],
                      ["double", None]),
        "exclusive_data_type": (None, [{"x0": "int"}, {}],
                                ["int", {"x0": "text"}, {"x0": 1}, []]),
        "tag_with_value": (False, [True], ["yes", None]),
        "tag_value_delimitor": (":", ["="], ["", 2]),
        "missing_fill": (False, [True], [1]),
        "missing_fill_method": (None, ["min", "max", "mean", "designated"],
                                ["median", 0]),
        "missing_impute": (None, [[], ["", "-9", 3]], ["-9", [None], {}]),
        "default_value": (0, [-1.5, "x"], [None, [1]]),
        "outlier_replace": (False, [True], ["true"]),
        "outlier_replace_method": (None, ["min", "max", "mean",
                                          "designated"], ["mode"]),
        "outlier_impute": (None, [["9"]], [9]),
        "outlier_replace_value": (0, [7, "7"], [False]),
        "with_label": (True, [False], [0]),
        "label_name": ("y", ["label"], ["", 1]),
        "label_type": ("int", ["int64", "float", "float64", "str", "long"],
                       ["bool"]),
        "output_format": ("dense", ["sparse"], ["tag"])},
    "FederatedSample": {
        "mode": ("random", [], ["all", None]),
        "method": ("downsample", ["upsample"], ["up"]),
        "fractions": (0.9, [1, 0.001], [0, -1, "0.5", [], [[0]],
                                        [["a", 0]], None]),
        "random_state": (None, [0, -5, 12], [1.5, "1"]),
        "task_type": ("hetero", ["homo"], ["both"]),
        "need_run": (True, [False], FLAG[1])},
    "ColumnExpand": {
        "append_header": ([], [None, ["a", "b"]], ["a", [1]]),
        "method": ("manual", [], ["auto", None]),
        "fill_value": (1e-06, [0, "", "x", [1]], [None, True, [None], {}]),
        "need_run": (True, [False], FLAG[1])},
    "Union": {
        "need_run": (True, [False], FLAG[1]),
        "allow_missing": (False, [True], FLAG[1][:2]),
        "keep_duplicate": (False, [True], FLAG[1][:2])},
    "FeatureScale": {
        "method": ("min_max_scale", ["standard_scale", None],
                   ["minmax", 1]),
        "mode": ("normal", ["cap"], ["quantile", None]),
        "feat_upper": (None, [1, [1, None]], ["1", ["1"], True]),
        "feat_lower": (None, [-1.5, [0]], ["0", {}]),
        "scale_col_indexes": (-1, [None, []], COLUMNS[1]),
        "scale_names": ([], [None, NAMES[0]], NAMES[1]),
        "with_mean": (True, [False], FLAG[1]),
        "with_std": (True, [False], FLAG[1]),
        "need_run": (True, [False], FLAG[1])},
    "HeteroFeatureBinning": {
        "method": ("quantile", ["bucket", "optimal", "QUANTILE"],
                   ["equal", None]),
        "bin_num": (10, [1, 100000], [0, -1, 2.5, "10", None]),
        "compress_thres": (10000, [1], [0, "1"]),
        "head_size": (10000, [1], [0, 1.5]),
        "error": (0.001, [0, 1], [-0.1, 1.1, "0"]),
        "bin_indexes": (-1, [None, []], COLUMNS[1]),
        "bin_names": (None, [NAMES[0], []], NAMES[1]),
        "category_indexes": (None, [-1, [0]], COLUMNS[1]),
        "category_names": (None, [NAMES[0]], NAMES[1]),
        "adjustment_factor": (0.5, [0.01, 0.99], [0, 1, "0.5", None]),
        "local_only": (False, [True], FLAG[1]),
        "transform_param.transform_cols": (-1, [None, [0]], COLUMNS[1]),
        "transform_param.transform_names": (None, [NAMES[0]], NAMES[1]),
        "transform_param.transform_type": ("bin_num", ["woe", None],
                                           ["bin", 1]),
        "optimal_binning_param.metric_method": (
            "iv", ["gini", "chi_square", "chi-square", "ks", "KS"],
            ["auc", None]),
        "optimal_binning_param.init_bucket_method": (
            "quantile", ["bucket"], ["optimal"]),
        "optimal_binning_param.init_bin_nums": (1000, [1], [0, 1.5]),
        "optimal_binning_param.mixture": (True, [False], FLAG[1]),
        "optimal_binning_param.max_bin_pct": (1.0, [0.05], [1.5, "1"]),
        "optimal_binning_param.min_bin_pct": (0.05, [0, 1], [-1, None]),
        "need_run": (True, [False], FLAG[1])},
    "HeteroFeatureSelection": {
        "select_col_indexes": (-1, [None, []], COLUMNS[1]),
        "select_names": ([], [NAMES[0]], NAMES[1]),
        "filter_methods": (["unique_value"], [[], [
            "unique_value", "coefficient_of_variation_value_thres",
            "outlier_cols", "manually", "percentage_value"]],
            ["unique_value", ["unique"], [1], None]),
        "unique_param.eps": (1e-05, [0, 1], ["0", None]),
        "iv_value_param.value_threshold": (0.0, [1], ["1"]),
        "iv_value_param.host_thresholds": (None, [[0.1], [None]],
                                           [0.1, ["0.1"]]),
        "iv_value_param.local_only": (False, [True], FLAG[1]),
        "iv_percentile_param.percentile_threshold": (
            1.0, [0, 0.5], [-0.5, 1.5, "1"]),
        "iv_percentile_param.local_only": (False, [True], FLAG[1]),
        "iv_top_k_param.k": (10, [1], [0, 2.5, "3"]),
        "iv_top_k_param.local_only": (False, [True], FLAG[1]),
        "variance_coe_param.value_threshold": (1.0, [0], ["0"]),
        "outlier_param.percentile": (1.0, [0], [-1, 2]),
        "outlier_param.upper_threshold": (1.0, [-3], [None]),
        "manually_param.filter_out_indexes": (None, [[], [0]],
                                              [-1, [-1], ["x0"]]),
        "manually_param.filter_out_names": (None, [NAMES[0]], NAMES[1]),
        "manually_param.left_col_indexes": (None, [[0]], [0, [1.5]]),
        "manually_param.left_col_names": (None, [NAMES[0]], NAMES[1]),
        "percentage_value_param.upper_pct": (1.0, [0.1], [0.05, 1.1, "1"]),
        "need_run": (True, [False], FLAG[1])},
    "OneHotEncoder": {
        "transform_col_indexes": (-1, [None, [0]], COLUMNS[1]),
        "transform_col_names": (None, [NAMES[0]], NAMES[1]),
        "need_run": (True, [False], FLAG[1])},
    "SecureAddExample": {
        "seed": (123, [None, -1], [1.5, "1"]),
        "partition": (1, [10], [0, "1"]),
        "data_num": (10000, [1], [0, 1.5, None])},
}


@pytest.fixture(scope="module")
def table(site, tmp_path_factory):
    source = tmp_path_factory.mktemp("parameters") / "t.csv"
    source.write_text("id,y,x0\n1,0,1\n2,1,3\n")
    site.flow.uploaded(source, NAMESPACE, "t", drop=1)


def nested(path, value):
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def prefix(module):
    return "".join("_" * (k > 0 and c.isupper()) + c.lower()
                   for k, c in enumerate(module.replace("IO", "Io")))


def job(module, given):
    """A component of the module for each of `given` parameters."""
    name = prefix(module) if module != "DataIO" else "other"
    data = {"data": ["args.train_data" if module in (
        "DataIO", "ColumnExpand") else "dataio_0.t"]}
    if module == "Union":
        data["data_0"] = data["data"]
    components = {"dataio_0": {
        "module": "DataIO", "input": {"data": {"data": ["args.train_data"]}},
        "output": {"data": ["t"], "model": ["m"]}}}
    for k in range(len(given)):
        components[f"{name}_{k}"] = {
            "module": module, "input": {"data": data},
            "output": {"data": ["t"], "model": ["m"]}}
        if module == "SecureAddExample":
            components[f"{name}_{k}"] = {"module": module}
    tables = {"args": {"data": {"train_data": [
        {"name": "t", "namespace": NAMESPACE}]}}}
    return name, {"components": components}, {
        "initiator": {"role": "guest", "party_id": 9999},
        "job_parameters": {"work_mode": 0},
        "role": {"guest": [9999], "host": [10000]},
        "role_parameters": {"guest": tables, "host": tables},
        "algorithm_parameters": {f"{name}_{k}": parameters
                                 for k, parameters in enumerate(given)}}


@pytest.mark.parametrize("module", PARAMETERS)
def test_parameter_when_illegal_then_all_three_are_named(site, table, module):
    wrong = [(path, v) for path, (_, _, bad) in PARAMETERS[module].items()
             for v in bad]
    name, dsl, conf = job(module, [nested(path, v) for path, v in wrong])
    answer = site.flow.submit(dsl, conf)
    assert answer["retcode"] == 100, answer
    text = answer["retmsg"]
    for k, (path, v) in enumerate(wrong):
        shown = json.dumps(v, separators=(",", ":"))
        assert f"component '{name}_{k}': parameter '{path}' is {shown}, " \
            "expected " in text, (path, v, text)


@pytest.mark.parametrize("module", PARAMETERS)
def test_parameter_when_at_its_edge_then_taken_and_shown(site, table, module):
    """And what is not given is shown as the default; no other key is."""
    right = [("", None)] + [(path, v) for path, (_, good, _) in
                            PARAMETERS[module].items() for v in good]
    name, dsl, conf = job(module, [nested(path, v) if path else {}
                                   for path, v in right])
    answer = site.flow.submit(dsl, conf)
    assert answer["retcode"] == 0, answer
    assert not answer["data"].get("warnings"), answer
    site.flow.post("job/stop", {"job_id": answer["jobId"]})
    for k, (given, v) in enumerate(right):
        shown = site.flow.component("parameters", answer["jobId"],
                                    f"{name}_{k}", "host", 10000)["data"]
        (own,) = [p for key, p in shown.items() if key.endswith("Param")]
        if k == 0:
            assert {key for key in flat(own)} - SHOWN == set(
                PARAMETERS[module])
        for path, (default, _, _) in PARAMETERS[module].items():
            want = v if path == given else default
            assert flat(own)[path] == want, (path, k)


# Keys that FATE shows besides, and which have no effect of their own.
SHOWN = {"optimal_binning_param.adjustment_factor",
         "optimal_binning_param.max_bin"}
WHOLE = ("exclusive_data_type",)


def flat(parameters, before=""):
    out = {}
    for key, v in parameters.items():
        if isinstance(v, dict) and key not in WHOLE:
            out.update(flat(v, f"{before}{key}."))
        else:
            out[before + key] = v
    return out


@pytest.mark.parametrize("module,given,words", [
    ("FederatedSample", {"mode": "stratified"}, ["[label, rate]"]),
    ("FederatedSample", {"fractions": [[0, 0.5]]}, ["number", "random"]),
    ("FederatedSample", {"fractions": 2}, ["at most 1"]),
    ("FederatedSample", {"mode": "stratified", "fractions": [[0, 2]]},
     ["at most 1"]),
    ("FeatureScale", {"mode": "cap", "feat_upper": 3}, ["quantiles"]),
    ("FeatureScale", {"feat_upper": 1, "feat_lower": 2}, ["above"]),
    ("ColumnExpand", {"append_header": ["a"], "fill_value": [1, 2]},
     ["each column"]),
    ("HeteroFeatureBinning", {"optimal_binning_param": {
        "min_bin_pct": 0.5, "max_bin_pct": 0.4}}, ["above", "max_bin_pct"]),
    ("HeteroFeatureSelection", {"manually_param": {
        "filter_out_names": ["x0"], "left_col_names": ["x0"]}},
     ["keep", "drop"])])
def test_parameters_when_they_contradict_then_refused(site, table, module,
                                                      given, words):
    name, dsl, conf = job(module, [given])
    answer = site.flow.submit(dsl, conf)
    assert answer["retcode"] == 100, answer
    assert all(word in answer["retmsg"] for word in [f"'{name}_0'", *words])


def test_parameters_when_each_party_has_its_own_then_shown_so(site, table):
    """role_parameters: a list of the parties' values, null among them; a
    list that is too short leaves the rest as they are."""
    name, dsl, conf = job("HeteroFeatureBinning", [{"bin_num": 7}])
    conf["role"]["host"] = [10000, 10001, 10002]
    conf["role_parameters"]["host"] = {
        "args": {"data": {"train_data": [
            {"name": "t", "namespace": NAMESPACE}] * 3}},
        f"{name}_0": {
            "bin_num": [3, 4], "category_names": [["x0"], None, []],
            "transform_param": {"transform_type": ["woe", None]}}}
    answer = site.flow.submit(dsl, conf)
    assert answer["retcode"] == 0, answer
    site.flow.post("job/stop", {"job_id": answer["jobId"]})
    for party, role, bins, names, kind in (
            (9999, "guest", 7, None, "bin_num"), (10000, "host", 3, ["x0"],
                                                  "woe"),
            (10001, "host", 4, None, None), (10002, "host", 7, [],
                                             "bin_num")):
        own = site.flow.component(
            "parameters", answer["jobId"], f"{name}_0", role, party)[
                "data"]["FeatureBinningParam"]
        assert (own["bin_num"], own["category_names"],
                own["transform_param"]["transform_type"]) == (
                    bins, names, kind)
    conf["role_parameters"]["host"][f"{name}_0"]["bin_num"] = [3, 4, 0]
    text = site.flow.submit(dsl, conf)["retmsg"]
    assert f"component '{name}_0': parameter 'bin_num' is 0" in text
    assert "10002" in text
