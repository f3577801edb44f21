"""FeatureScale against NumPy, and against what a real FATE-Flow 1.4.6
answered on the same table."""
import math

import pytest

from golden import TABLES, golden, needed
from instances import Table, fault, make_table, model, np, succeeded

RANDOM = np.random.default_rng(20261125)
X = np.round(RANDOM.normal(3, 5, (400, 4)), 6)
X[:, 3] = 7                     # a constant
Y = [int(v) for v in RANDOM.integers(0, 2, 400)]


def scale(folder, parameters, x=X, sparse=False, **more):
    table = make_table(folder / "in.table", x, Y[:len(x)], sparse)
    return succeeded(folder / "task", "FeatureScale", parameters, table,
                     **more)


def min_max(x, lower=None, upper=None):
    lo, hi = np.nanmin(x, 0), np.nanmax(x, 0)
    hi = hi if upper is None else np.minimum(hi, upper)
    lo = np.minimum(lo if lower is None else np.maximum(lo, lower), hi)
    span = np.where(hi == lo, 1, hi - lo)
    return (np.clip(x, lo, hi) - lo) / span, lo, hi


def near(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("lower,upper", [(None, None), (0, None), (-1, 6.5)])
def test_min_max_when_fit_then_as_numpy(tmp_path, sparse, lower, upper):
    x = np.where(np.abs(X) < 2, 0, X)
    task = scale(tmp_path, {"feat_lower": lower, "feat_upper": upper,
                            "method": "min_max_scale",
                            "scale_col_indexes": -1}, x, sparse)
    want, lo, hi = min_max(x, lower, upper)
    out = Table(task.state)
    assert out.kind == ("sparse" if sparse else "dense")
    assert out.labels == Y and out.header == ["x0", "x1", "x2", "x3"]
    np.testing.assert_allclose(out.x, want, atol=1e-6 if sparse else 1e-12)
    param = model(task, "ScaleParam")
    assert param["header"] == ["x0", "x1", "x2", "x3"]
    assert list(param["colScaleParam"]) == param["header"]
    for j, c in enumerate(param["colScaleParam"].values()):
        assert c == {"columnUpper": hi[j], "columnLower": lo[j],
                     "mean": 0, "std": 0}
    text = {None: "None", 0: "0", -1: "-1", 6.5: "6.5"}
    assert model(task, "ScaleMeta") == {
        "method": "min_max_scale", "mode": "normal", "area": "null",
        "scaleColumn": param["header"], "featUpper": [text[upper]] * 4,
        "featLower": [text[lower]] * 4, "withMean": True, "withStd": True,
        "needRun": True}
    assert task.metrics == {"train": {"scale": {"data": [], "meta": {
        "name": "scale", "metric_type": "SCALE", "curve_name": "scale",
        "method": "min_max_scale"}}}}


@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
@pytest.mark.parametrize("upper", [None, [1, None, 2.5, None]])
def test_standard_when_fit_then_as_numpy(tmp_path, with_mean, with_std,
                                         upper):
    task = scale(tmp_path, {"method": "standard_scale", "feat_upper": upper,
                            "scale_col_indexes": -1, "with_mean": with_mean,
                            "with_std": with_std})
    top = [math.inf if v is None else v for v in upper or [None] * 4]
    x = np.minimum(X, top)
    mean = x.mean(0) if with_mean else np.zeros(4)
    std = np.where(x.var(0) < 1e-6, 1, x.std(0)) if with_std else np.ones(4)
    near(Table(task.state).x, (x - mean) / std)
    columns = list(model(task, "ScaleParam")["colScaleParam"].values())
    near([c["mean"] for c in columns], mean)
    near([c["std"] for c in columns], std)
    near([c["columnUpper"] for c in columns], x.max(0))
    meta = model(task, "ScaleMeta")
    assert meta["mode"] == "" and meta["withMean"] is with_mean
    assert meta["featUpper"] == ["1", "None", "2.5", "None"] if upper else \
        ["None"] * 4


@pytest.mark.parametrize("method", ["min_max_scale", "standard_scale"])
def test_cap_when_fit_then_clipped_at_quantiles(tmp_path, method):
    task = scale(tmp_path, {"method": method, "mode": "cap",
                            "feat_lower": 0.1, "feat_upper": 0.75,
                            "scale_col_indexes": -1})
    rows = np.sort(X, 0)
    # the value of that rank, less 1 for the sketch's error of 1 row
    lo, hi = (rows[math.ceil(q * 400) - 1] for q in (0.1, 0.75))
    x = np.clip(X, lo, hi)
    if method == "min_max_scale":
        want = (x - lo) / np.where(hi == lo, 1, hi - lo)
    else:
        want = (x - x.mean(0)) / np.where(x.var(0) < 1e-6, 1, x.std(0))
    near(Table(task.state).x, want)
    for j, c in enumerate(model(task, "ScaleParam")["colScaleParam"]
                          .values()):
        assert (c["columnLower"], c["columnUpper"]) == (lo[j], hi[j])
    assert model(task, "ScaleMeta")["featUpper"] == ["0.75"] * 4


def test_columns_when_chosen_then_the_others_stay(tmp_path):
    task = scale(tmp_path, {"scale_col_indexes": [2], "scale_names": ["x0"],
                            "method": "min_max_scale", "feat_upper": [4, 5]})
    x = Table(task.state).x
    near(x[:, [1, 3]], X[:, [1, 3]])
    near(x[:, [0]], min_max(X[:, [0]], upper=4)[0])
    near(x[:, [2]], min_max(X[:, [2]], upper=5)[0])
    assert model(task, "ScaleMeta")["scaleColumn"] == ["x0", "x2"]
    assert list(model(task, "ScaleParam")["colScaleParam"]) == ["x0", "x2"]
    assert model(task, "ScaleParam")["header"] == ["x0", "x1", "x2", "x3"]


def test_missing_when_fit_then_left_out_and_kept(tmp_path):
    x = X.copy()
    x[::7, 0] = math.nan
    x[:, 1] = math.nan
    task = scale(tmp_path, {"method": "standard_scale",
                            "scale_col_indexes": -1}, x)
    got = Table(task.state).x
    near(got[:, 0], (x[:, 0] - np.nanmean(x[:, 0])) / np.nanstd(x[:, 0]))
    assert np.isnan(got[:, 1]).all()
    assert model(task, "ScaleParam")["colScaleParam"]["x1"] == {
        "columnUpper": 0, "columnLower": 0, "mean": 0, "std": 1}


@pytest.mark.parametrize("parameters", [
    {"method": "min_max_scale"}, {"method": "standard_scale"},
    {"method": "standard_scale", "feat_upper": 4, "feat_lower": -1},
    {"method": "min_max_scale", "mode": "cap", "feat_upper": 0.9}])
def test_model_when_applied_then_the_stored_numbers(tmp_path, parameters):
    fit = scale(tmp_path / "fit", {**parameters, "scale_col_indexes": [0, 1]})
    new = RANDOM.normal(0, 20, (50, 4))
    task = scale(tmp_path / "new", {"method": None}, new, model=fit)
    stored = list(model(fit, "ScaleParam")["colScaleParam"].values())
    lo, hi, mean, std = (np.array([c[k] for c in stored]) for k in (
        "columnLower", "columnUpper", "mean", "std"))
    x = np.clip(new[:, :2], lo, hi)   # whether bounds were given or not
    assert (x != new[:, :2]).any()
    if parameters["method"] == "min_max_scale":
        want = (x - lo) / (hi - lo)
    else:
        want = (x - mean) / std
    near(Table(task.state).x, np.hstack([want, new[:, 2:]]))
    for buffer in ("ScaleMeta", "ScaleParam"):
        assert model(task, buffer) == model(fit, buffer)


def test_method_when_null_then_passed_through(tmp_path):
    task = scale(tmp_path, {"method": None})
    assert task.state["pass"]["path"] == str(tmp_path / "in.table")
    assert model(task, "ScaleMeta")["method"] == ""
    again = scale(tmp_path / "again", {}, model=task)
    assert again.state["pass"]["path"] == str(tmp_path / "again" / "in.table")


def test_need_run_when_false_then_passed_through(tmp_path):
    task = scale(tmp_path, {"method": "min_max_scale", "need_run": False})
    assert task.state["pass"]["path"] == str(tmp_path / "in.table")
    assert not task.metrics and not (task.folder / "model").exists()


@pytest.mark.parametrize("parameters,words", [
    ({"method": "min_max"}, ['"min_max"', "standard_scale"]),
    ({"scale_col_indexes": [4]}, ["scale_col_indexes has 4", "0..3"]),
    ({"scale_names": ["z"], "scale_col_indexes": []},
     ["scale_names has 'z'"]),
    ({"feat_upper": [1, 2, 3]}, ["feat_upper", "3", "4 columns"]),
    ({"feat_upper": 1, "feat_lower": 2}, ["feat_lower 2", "feat_upper 1"]),
    ({"mode": "cap", "feat_upper": 2}, ["2", "quantiles"]),
])
def test_parameters_when_wrong_then_named(tmp_path, parameters, words):
    table = make_table(tmp_path / "in.table", X)
    text = fault(tmp_path / "task", "FeatureScale", {
        "method": "min_max_scale", "scale_col_indexes": -1, **parameters},
        table)
    assert all(word in text for word in words), text


@pytest.mark.parametrize("method", ["min_max_scale", "standard_scale"])
def test_column_when_its_range_is_no_number_then_named(tmp_path, method):
    table = make_table(tmp_path / "in.table", [[1, 1e308], [2, -1e308]])
    assert "'x1' has values too far apart" in fault(
        tmp_path / "task", "FeatureScale",
        {"method": method, "scale_col_indexes": -1}, table)


@pytest.mark.parametrize("mode", ["normal", "cap"])
@pytest.mark.parametrize("method", ["min_max_scale", "standard_scale"])
def test_row_when_alone_then_zero_and_missing_stays(tmp_path, method, mode):
    """Also all that a column has may be missing."""
    task = scale(tmp_path, {"method": method, "mode": mode,
                            "scale_col_indexes": -1},
                 np.array([[4.5, math.nan]]))
    assert Table(task.state).x[0, 0] == 0
    assert math.isnan(Table(task.state).x[0, 1])
    again = scale(tmp_path / "again", {}, np.array([[5.5, math.nan]]),
                  model=task)
    assert Table(again.state).x[0, 0] == 0   # cut at what there was


def test_column_when_the_input_lacks_it_then_named(tmp_path):
    fit = scale(tmp_path, {"method": "min_max_scale",
                           "scale_col_indexes": -1})
    table = make_table(tmp_path / "less.table", X[:, :2])
    assert "'x2'" in fault(tmp_path / "next", "FeatureScale", {}, table,
                           model=fit)


def real(what, role):
    return golden(what, "FeatureScale", role,
                  "hetero_logistic_regression.lr_feature_engineering")


@needed
@pytest.mark.parametrize("role", ["guest", "host"])
def test_breast_table_when_scaled_then_as_the_real_one(site, role):
    """DataIO and FeatureScale on the golden job's tables: its intersection,
    in between, kept all rows."""
    name = f"breast_hetero_{role}"
    site.flow.uploaded(TABLES / f"{name}.csv", "feature_scale", name)
    dsl = {"components": {
        "dataio_0": {"module": "DataIO",
                     "input": {"data": {"data": ["args.train_data"]}},
                     "output": {"data": ["train"], "model": ["dataio"]}},
        "feature_scale_0": {"module": "FeatureScale",
                            "input": {"data": {"data": ["dataio_0.train"]}},
                            "output": {"data": ["train"],
                                       "model": ["feature_scale"]}}}}
    conf = {"initiator": {"role": "guest", "party_id": 10000},
            "job_parameters": {"work_mode": 0}, "role": {"guest": [10000]},
            "role_parameters": {"guest": {"args": {"data": {"train_data": [
                {"name": name, "namespace": "feature_scale"}]}}}},
            "algorithm_parameters": {
                "dataio_0": {"with_label": role == "guest"},
                "feature_scale_0": {"method": "standard_scale"}}}
    job = site.flow.finished(dsl, conf)

    def ours(what):
        return site.flow.component(what, job, "feature_scale_0", "guest",
                                   10000)

    for what in ("parameters", "metrics", "metric/all"):
        assert ours(what) == real(what.replace("/", "_"), role)
    got, want = ours("output/model"), real("output_model", role)
    assert got["data"].keys() == want["data"].keys()
    assert got["meta"] == want["meta"]
    assert got["data"]["header"] == want["data"]["header"]
    assert got["data"]["colScaleParam"].keys() == \
        want["data"]["colScaleParam"].keys()
    for column, numbers in want["data"]["colScaleParam"].items():
        assert got["data"]["colScaleParam"][column] == pytest.approx(
            numbers, rel=1e-13, abs=1e-15)
    got, want = ours("output/data"), real("output_data", role)
    assert got["meta"] == want["meta"]
    assert len(got["data"]) == len(want["data"]) == 100
    for mine, theirs in zip(got["data"], want["data"]):
        assert mine[0] == theirs[0]
        assert mine[1:] == pytest.approx(theirs[1:], rel=1e-12, abs=1e-14)
