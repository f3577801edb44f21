"""Whole pipelines over generated data sets (datasets.py) through the server:
what every component leaves is held against plain NumPy (plain_steps.py), and
some of it against scikit-learn where that is installed."""
import contextlib
import pathlib
import threading
import time

import pytest

np = pytest.importorskip("numpy")
import datasets  # noqa: E402
import linear  # noqa: E402
from pipelines import Chain  # noqa: E402

FIT = {**linear.BASE, "max_iter": 3, "tol": 0, "learning_rate": 0.3,
       "alpha": 0.01,
       "init_param": {"init_method": "const", "init_const": 0.02,
                      "fit_intercept": True, "random_seed": None}}
BINARY = {"eval_type": "binary", "pos_label": 1}


def io(more=None, **roles):
    return "DataIO", {"output_format": "dense", **(more or {})}, roles


def bins(method, n, transform="bin_num"):
    return "HeteroFeatureBinning", {
        "method": method, "bin_num": n,
        "transform_param": {"transform_cols": -1,
                            "transform_type": transform}}


def select(*methods, **p):
    return "HeteroFeatureSelection", {"filter_methods": list(methods), **p}


RSA, RAW = (("Intersection", {"intersect_method": how})
            for how in ("rsa", "raw"))
MIN_MAX, STANDARD = (("FeatureScale", {"method": f"{how}_scale"})
                     for how in ("min_max", "standard"))
ONE_HOT = "OneHotEncoder", {}
FILLED = io({"missing_fill": True, "missing_fill_method": "mean",
             "outlier_replace": True, "outlier_impute": [datasets.OUTLIER]},
            guest={"outlier_replace_method": "max"},
            host={"missing_fill_method": "designated", "default_value": 0.25,
                  "missing_impute": [*datasets.REPLACED, datasets.OUTLIER],
                  "outlier_replace_method": "min"})


def lr(**p):
    return "HeteroLR", {**FIT, **p}


PIPELINES = {
    "three_hosts": ("three_hosts", [
        io(), RSA, MIN_MAX, bins("quantile", 5),
        select("unique_value", "iv_value_thres",
               iv_value_param={"value_threshold": 0.05}),
        ONE_HOT, lr(early_stop="weight_diff"), ("Evaluation", BINARY)]),
    "missing, filled": ("missing", [
        FILLED, RAW, STANDARD, bins("bucket", 6, "woe"),
        select("iv_top_k", "coefficient_of_variation_value_thres",
               iv_top_k_param={"k": 6},
               variance_coe_param={"value_threshold": 0.1}),
        lr(batch_size=64), ("Evaluation", BINARY)]),
    "missing, binned": ("gaps", [
        io(), RSA, MIN_MAX, bins("quantile", 4),
        select("iv_percentile", "percentage_value",
               iv_percentile_param={"percentile_threshold": 0.8},
               percentage_value_param={"upper_pct": 0.5}),
        ONE_HOT, lr(optimizer="adam"), ("Evaluation", BINARY)]),
    "constant, selected": ("constant", [
        io(), RAW, MIN_MAX, bins("quantile", 5, None),
        select("unique_value", "iv_value_thres",
               iv_value_param={"value_threshold": 0.0}),
        lr(), ("Evaluation", BINARY)]),
    "constant, kept": ("constant", [
        io(), RAW, STANDARD, bins("bucket", 5, None), lr(),
        ("Evaluation", BINARY)]),
    "sparse": ("sparse", [
        io({"output_format": "sparse"}), RSA, bins("bucket", 4, None),
        select("unique_value", "iv_value_thres",
               iv_value_param={"value_threshold": 0.05}),
        lr(early_stop="weight_diff"), ("Evaluation", BINARY)]),
    "sparse, scaled": ("sparse", [
        io({"output_format": "sparse"}), RAW, STANDARD,
        bins("quantile", 4), select("unique_value", "percentage_value",
                                    percentage_value_param={
                                        "upper_pct": 0.92}),
        lr(early_stop="weight_diff", optimizer="adagrad"),
        ("Evaluation", BINARY)]),
    "classes": ("classes", [
        io(), RSA, STANDARD,
        select("unique_value", "coefficient_of_variation_value_thres",
               variance_coe_param={"value_threshold": 0.5}),
        lr(batch_size=70), ("Evaluation", {"eval_type": "multi"})]),
    "counts": ("counts", [
        io(), RAW, ("HeteroPoisson", {
            **FIT, "exposure_colname": "g3", "learning_rate": 0.1}),
        ("Evaluation", {"eval_type": "regression"})]),
    "amounts": ("amounts", [
        io({"label_type": "float"}), RAW, STANDARD,
        ("HeteroLinR", {**FIT, "batch_size": 50,
                        "early_stop": "weight_diff"}),
        ("Evaluation", {"eval_type": "regression"})]),
    "odd": ("odd", [
        io(), RSA, STANDARD, bins("quantile", 5),
        select("unique_value"), ONE_HOT, lr(), ("Evaluation", BINARY)]),
    "odd, unscaled": ("odd", [io(), RAW, lr(optimizer="adagrad")]),
    "wide": ("wide", [
        io(), RAW, MIN_MAX, bins("quantile", 4, None),
        select("iv_percentile", iv_percentile_param={
            "percentile_threshold": 0.5}),
        lr(batch_size=100), ("Evaluation", BINARY)]),
}


@pytest.fixture(scope="module")
def chain(site, tmp_path_factory):
    """chain(name): that pipeline, run and compared; once each."""
    done = {}

    def get(name):
        if name not in done:
            data, steps = PIPELINES[name]
            done[name] = Chain(site, tmp_path_factory.mktemp("sets"),
                               datasets.make(data), steps).run()
        return done[name]
    return get


@pytest.mark.filterwarnings("ignore:overflow encountered in exp")
@pytest.mark.parametrize("name", PIPELINES)
def test_pipeline_when_run_then_every_step_is_numpys(chain, name):
    one = chain(name)
    one.check()
    assert one.auc is None or one.auc > 0.6      # it learned something


@pytest.mark.parametrize("name", ["three_hosts", "missing, filled",
                                  "missing, binned", "sparse, scaled", "odd"])
def test_other_rows_when_predicted_then_by_the_trainings_models(chain, name):
    """Some lie outside the range that the training saw."""
    one = chain(name)
    one.check()
    one.predict(datasets.make(PIPELINES[name][0], seed=1, stretch=1.5))


# ---- scikit-learn's opinion ----

@pytest.fixture(scope="module")
def sklearn():
    return pytest.importorskip("sklearn", reason="no python3-sklearn")


def pairs(one, module):
    """(frame before, frame after, model) of each party."""
    order = list(one.after)
    before = one.after[order[order.index(module) - 1]]
    return [(f, g, one.model(module, f.name))
            for f, g in zip(before, one.after[module])]


@pytest.mark.parametrize("name,scaler", [
    ("three_hosts", "MinMaxScaler"), ("missing, filled", "StandardScaler"),
    ("wide", "MinMaxScaler"), ("classes", "StandardScaler")])
def test_scale_when_scikit_learn_does_it_then_the_same(chain, sklearn, name,
                                                       scaler):
    from sklearn import preprocessing
    one = chain(name)
    one.check()
    for f, g, _ in pairs(one, "FeatureScale"):
        np.testing.assert_allclose(
            getattr(preprocessing, scaler)().fit_transform(f.x), g.x,
            atol=1e-9)


def test_features_when_scikit_learn_makes_them_then_the_same(chain, sklearn):
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder
    one = chain("missing, filled")
    one.check()
    guest = one.data.parts[0]
    shown = one.model("DataIO", guest.name)["imputerParam"]
    means = SimpleImputer().fit(guest.x).statistics_
    assert [float(shown["missingReplaceValue"][n]) for n in guest.header] \
        == pytest.approx(means, abs=1e-6)
    for f, _, model in pairs(one, "HeteroFeatureBinning"):
        buckets = KBinsDiscretizer(6, strategy="uniform").fit(f.x)
        for n, edges in zip(f.header, buckets.bin_edges_):
            assert model["binningResult"]["binningResult"][n][
                "splitPoints"] == pytest.approx(edges[1:], abs=1e-9)
    one = chain("three_hosts")
    one.check()
    for f, g, _ in pairs(one, "OneHotEncoder"):
        np.testing.assert_array_equal(
            OneHotEncoder().fit_transform(f.x).toarray(), g.x)


@pytest.mark.parametrize("name", ["three_hosts", "sparse", "wide", "classes",
                                  "counts", "amounts"])
def test_metrics_when_scikit_learn_judges_then_the_same(chain, sklearn, name):
    from sklearn import metrics as judge
    one = chain(name)
    one.check()
    module, y, result, score = one.scores
    shown = dict(one.metrics("Evaluation", "guest-9999")["train"]["linear_0"][
        "data"])
    if name == "classes":
        means = judge.precision_recall_fscore_support(
            y, result, average="macro", zero_division=0)
        want = {"accuracy": judge.accuracy_score(y, result),
                "precision": means[0], "recall": means[1]}
    elif module == "HeteroLR":
        fpr, tpr, _ = judge.roc_curve(y, score)
        want = {"auc": judge.roc_auc_score(y, score)}
        # ours looks at a hundred cuts alone
        assert 0 <= (tpr - fpr).max() - shown["ks"] < 0.05
    else:
        want = {"explained_variance": judge.explained_variance_score,
                "mean_absolute_error": judge.mean_absolute_error,
                "mean_squared_error": judge.mean_squared_error,
                "median_absolute_error": judge.median_absolute_error,
                "r2_score": judge.r2_score}
        want = {key: ask(y, score) for key, ask in want.items()}
    assert {key: shown[key] for key in want} == pytest.approx(want, abs=1e-6)


# ---- a constant column ----

def test_constant_when_selected_then_it_has_one_bin_and_goes(chain):
    one = chain("constant, selected")
    after = one.check()
    for f, left in zip(after["FeatureScale"],
                       after["HeteroFeatureSelection"]):
        name = f.header[1]
        assert not f.x[:, 1].any() and name not in left.header
        bins = one.model("HeteroFeatureBinning", f.name)["binningResult"][
            "binningResult"][name]
        assert bins["splitPoints"] == [0]
        if f.y is not None:
            assert (bins["woeArray"], bins["iv"]) == ([0], 0)


def test_constant_when_kept_then_its_weight_only_shrinks(chain):
    """Scaled it is 0, so its gradient is the penalty's."""
    one = chain("constant, kept")
    one.check()
    want = FIT["init_param"]["init_const"]
    for t in range(FIT["max_iter"]):
        want -= FIT["learning_rate"] / (1 + t) ** 0.5 * FIT["alpha"] * want
    for f in one.frames:
        name = f.header[1]
        scaled = one.model("FeatureScale", f.name)["colScaleParam"][name]
        assert scaled == {"columnUpper": -2.5, "columnLower": -2.5,
                          "mean": -2.5, "std": 1}
        bins = one.model("HeteroFeatureBinning", f.name)["binningResult"][
            "binningResult"][name]
        assert bins["splitPoints"] == [0] * 5
        assert one.model("HeteroLR", f.name)["weight"][
            name] == pytest.approx(want, abs=1e-8)


# ---- what cannot be worked on ----

def strangers(host):
    host.ids = [f"z{i}" for i in host.ids]


def without_values(host):
    host.odd = {(i, 2): "" for i in range(len(host.ids))}


def cell(text):
    def put(host):
        host.odd = {(5, 1): text}
    return put


MEANS = io({"missing_fill": True, "missing_fill_method": "mean"})
FAULTS = {
    "missing cells": ("gaps", None, [io(), RAW, lr()], [
        "linear_0 of ", " has no finite value in column ", "missing_fill"]),
    "no integers": ("missing", None, [FILLED, RAW, ONE_HOT], [
        "one_hot_encoder_0 of ", "integer only"]),
    "three classes": ("classes", None, [io(), RAW, bins("quantile", 4)], [
        "hetero_feature_binning_0 of guest 9999", "binary-data only"]),
    "no common rows": ("constant", strangers, [io(), RSA, lr()], [
        "linear_0 of ", "Count of data_instance is 0", "intersection_0"]),
    "no values, mean": ("constant", without_values, [MEANS, RAW], [
        "dataio_0 of host 10000", "'h2'", "mean"]),
    "no values, bins": ("constant", without_values, [
        io(), RAW, MIN_MAX, bins("quantile", 4)], [
            "hetero_feature_binning_0 of host 10000", "'h2'", "no values"]),
    "a word": ("constant", cell("abc"), [io(), RAW], [
        "dataio_0 of host 10000", "'abc'", "'h1'"]),
    "no double": ("constant", cell("1e400"), [io(), RAW], [
        "dataio_0 of host 10000", "'1e400'", "'h1'"]),
    "too much": ("constant", cell("1e300"), [io(), RAW, lr()], [
        "linear_0 of host 10000", "column 'h1' holds 1e+300"]),
    "divergence": ("odd", None, [io(), RAW, lr()], [
        "linear_0 of ", "; does training diverge, lower learning_rate"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_data_when_unfit_then_component_party_and_cause(site, tmp_path, name):
    name, change, steps, words = FAULTS[name]
    data = datasets.make(name)
    if change:
        change(data.parts[1])
    text = Chain(site, tmp_path, data, steps).fails()
    assert all(word in text for word in words), text


# ---- many rows ----

def pss(pid):
    """Bytes of a process, those that it shares in parts."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) << 10 for line in text.splitlines()
                if line.startswith("Pss:"))


@contextlib.contextmanager
def watched(site):
    """The most bytes that all of the site's tasks together had."""
    peak, done = [0], threading.Event()

    def look():
        while not done.wait(0.05):
            now = 0
            for pid in site.tasks():
                with contextlib.suppress(OSError, StopIteration):
                    now += pss(pid)
            peak[0] = max(peak[0], now)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


@pytest.mark.slow
def test_tall_when_run_then_numpys_and_below_300_mb(site, tmp_path):
    chain = Chain(site, tmp_path, datasets.make("tall"), [
        io(), RAW, MIN_MAX, bins("quantile", 10, None),
        select("unique_value", "iv_value_thres",
               iv_value_param={"value_threshold": 1e-4}),
        lr(max_iter=2), ("Evaluation", BINARY)])
    start = time.monotonic()
    with watched(site) as peak:
        chain.run(400)
    print(f"{time.monotonic() - start:.1f} s, peak of all tasks together "
          f"{peak[0] / 1e6:.0f} MB")
    assert 10e6 < peak[0] < 300e6
    chain.check()
    assert sum(len(f.header) for f in chain.frames) > 20
