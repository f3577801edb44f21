"""Whole pipelines over generated data sets (datasets.py) through the server:
what every component leaves is held against plain NumPy (plain_steps.py)."""
import contextlib
import pathlib
import threading
import time

import pytest

np = pytest.importorskip("numpy")
import datasets  # noqa: E402
import linear  # noqa: E402
from pipelines import Chain  # noqa: E402

FIT = {**linear.BASE, "max_iter": 3, "learning_rate": 0.3, "alpha": 0.01,
       "init_param": {"init_method": "const", "init_const": 0.1,
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
             "outlier_replace": True, "outlier_impute": ["-9999"]},
            guest={"outlier_replace_method": "max"},
            host={"missing_fill_method": "designated", "default_value": 0.25,
                  "missing_impute": ["", "none", "null", "na", "-9999"],
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


@pytest.mark.parametrize("name", PIPELINES)
def test_pipeline_when_run_then_every_step_is_numpys(chain, name):
    chain(name).check()


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
