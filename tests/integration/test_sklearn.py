"""scikit-learn as the judge: every metric of Evaluation that it has, and
LocalBaseline, which is to be its LogisticRegression."""
import json
import math

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn", reason="no python3-sklearn")
from scipy.stats import ks_2samp  # noqa: E402
from sklearn import metrics as judge  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

from instances import Table, make_table, model, run  # noqa: E402
from taskdir import Component, data_input  # noqa: E402
from test_evaluation import run_task  # noqa: E402

NEAR = 1e-6
# of names that later versions drop, and solvers that stop early
pytestmark = pytest.mark.filterwarnings("ignore")


def near(a, b, tolerance=NEAR):
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


# ---- Evaluation ----

def ties(rng, n):
    return rng.integers(0, 5, n) / 4


SCORES = {
    "distinct": lambda rng, n: rng.random(n),
    "ties": ties,
    "two": lambda rng, n: rng.integers(0, 2, n) * 0.5 + 0.25,
    "sure": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "equal": lambda rng, n: np.full(n, 0.3),
}


def binary(folder, y, s, names=None, kind="train"):
    rows = [[int(a), int(b > 0.5), float(b), {}, kind]
            for a, b in zip(y, s)]
    state, metrics = run_task(folder, [("m", rows)], {
        "eval_type": "binary", "pos_label": 1, "metrics": names})
    assert state["status"] == "success", state
    return metrics[kind]


def points(metric):
    x, y = zip(*metric["data"])
    return np.array(x), np.array(y), np.array(metric["meta"]["thresholds"])


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("n, share", [(80, 0.5), (700, 0.1)])
def test_binary_metrics_are_scikit_learns(tmp_path, scores, n, share):
    rng = np.random.default_rng(41)
    s = SCORES[scores](rng, n)
    y = (rng.random(n) < share + 0.3 * (s - s.mean())).astype(int)
    y[:2] = 0, 1
    got = binary(tmp_path / "t", y, s)
    values = dict(got["m"]["data"])
    near(values["auc"], judge.roc_auc_score(y, s))
    best = ks_2samp(s[y == 1], s[y == 0], alternative="less").statistic
    assert values["ks"] <= best + NEAR
    if n <= 100:        # each score is a cut
        near(values["ks"], best)
    check_roc(got["m_roc"], y, s)
    for name, score in (("accuracy", judge.accuracy_score),
                        ("precision", precision), ("recall", recall)):
        _, v, at = points(got[f"m_{name}"])
        near(v, [score(y, s > cut) for cut in exact(at, s)])
    meta = got["m_f1_score"]["meta"]
    near(meta["f1_scores"], [f1(y, s > cut)
                             for cut in exact(meta["thresholds"], s)])
    meta = got["m_confusion_mat"]["meta"]
    want = [judge.confusion_matrix(y, s > cut, labels=[0, 1]).ravel()
            for cut in exact(meta["thresholds"], s)]
    near(np.array([meta[k] for k in ("tn", "fp", "fn", "tp")]).T, want)
    check_shares(got, y, s)
    check_quantiles(got["m_quantile_pr"]["meta"], y, s)


def exact(cuts, s):
    """Thresholds are shown with six decimals: the scores that they are."""
    known = np.concatenate([s, [s.min() - 0.001, 0]])
    return [known[np.argmin(np.abs(known - cut))] for cut in cuts]


def precision(y, up):
    return judge.precision_score(y, up, zero_division=1)


def recall(y, up):
    return judge.recall_score(y, up)


def f1(y, up):
    p, r = precision(y, up), recall(y, up)
    # an empty prediction has the precision 1 here
    return 2 * p * r / (p + r) if p + r else 0


def check_roc(metric, y, s):
    """Of the judge's points every one that a cut picks, and the last."""
    fpr, tpr, at = judge.roc_curve(y, s)
    at[0] = s.max() + 1         # scikit-learn 1.3 has infinity there
    pick = sorted({int(len(at) * (c / 100)) for c in range(100)} |
                  {len(at) - 1})
    x, v, shown = points(metric)
    near(x, fpr[pick])
    near(v, tpr[pick])
    near(shown, at[pick])


def check_shares(got, y, s):
    x, v, at = points(got["m_gain"])
    assert (x[-1], v[-1], at[-1]) == (1, 1, 0)
    cuts = exact(at[:-1], s)
    near(x[:-1], [(s > cut).mean() for cut in cuts])
    near(v[:-1], [recall(y, s > cut) for cut in cuts])
    x, v, at = points(got["m_lift"])
    cuts = exact(at[:-1], s)
    near(x[:-1], [(s > cut).mean() for cut in cuts])
    near(v[:-1], [precision(y, s > cut) / y.mean() for cut in cuts])


def check_quantiles(meta, y, s):
    cuts = np.quantile(s, np.arange(21) / 20, method="nearest")
    near(meta["thresholds"], cuts)
    near([v for _, v in meta["p_scores"]],
         [precision(y, s > cut) for cut in cuts])
    near([v for _, v in meta["r_scores"]],
         [recall(y, s > cut) for cut in cuts])


@pytest.mark.parametrize("value", [0, 1])
def test_binary_metrics_of_one_class(tmp_path, value):
    """What scikit-learn has no value for is not reported, the rest is."""
    s = np.random.default_rng(42).random(60)
    y = np.full(60, value)
    got = binary(tmp_path / "t", y, s)
    assert {"m", "m_roc", "m_ks_fpr"} & set(got) == set()
    _, v, at = points(got["m_accuracy"])
    near(v, [judge.accuracy_score(y, s > cut) for cut in exact(at, s)])
    _, v, at = points(got["m_precision"])
    near(v, [precision(y, s > cut) for cut in exact(at, s)])
    _, v, _ = points(got["m_recall"])
    assert set(v) == {0} if value == 0 else max(v) == 1
    _, v, _ = points(got["m_lift"])
    assert all(math.isfinite(x) for x in v)


@pytest.mark.parametrize("classes, missing", [(2, False), (4, False),
                                              (4, True)])
def test_multi_metrics_are_scikit_learns(tmp_path, classes, missing):
    """`missing`: a class that is never predicted, and one never true."""
    rng = np.random.default_rng(43)
    y = rng.integers(0, classes, 300)
    g = np.where(rng.random(300) < 0.6, y, rng.integers(0, classes, 300))
    if missing:
        y, g = np.where(y == 3, 0, y), np.where(g == 1, 0, g)
    rows = [[int(a), int(b), 0.5, {}, "train"] for a, b in zip(y, g)]
    state, metrics = run_task(tmp_path / "t", [("m", rows)],
                              {"eval_type": "multi"})
    got = metrics["train"]
    values = dict(got["m"]["data"])
    near(values["accuracy"], judge.accuracy_score(y, g))
    for name, score in (("precision", judge.precision_score),
                        ("recall", judge.recall_score)):
        near(values[name], score(y, g, average="macro", zero_division=0))
        labels, each = zip(*got[f"m_{name}"]["data"])
        assert list(labels) == list(range(classes))
        near(each, score(y, g, average=None, zero_division=0))
        assert got[f"m_{name}"]["meta"]["metric_type"] == \
            f"{name.upper()}_MULTI_EVALUATION"


REGRESSION = {
    "explained_variance": judge.explained_variance_score,
    "mean_absolute_error": judge.mean_absolute_error,
    "mean_squared_error": judge.mean_squared_error,
    "median_absolute_error": judge.median_absolute_error,
    "r2_score": judge.r2_score,
    "root_mean_squared_error":
        lambda y, f: math.sqrt(judge.mean_squared_error(y, f)),
}


@pytest.mark.parametrize("case", ["odd", "even", "constant", "perfect",
                                  "constant and perfect", "far"])
def test_regression_metrics_are_scikit_learns(tmp_path, case):
    rng = np.random.default_rng(44)
    n = 300 if case == "even" else 301
    y = rng.gamma(2, size=n)
    f = y * rng.uniform(0.8, 1.2, n)
    if "constant" in case:
        y = np.full(n, 2.5)
    if "perfect" in case:
        f = y.copy()
    if case == "far":
        y, f = y + 1e6, f + 1e6
    rows = [[float(a), float(b), float(b), {}, "train"]
            for a, b in zip(y, f)]
    _, metrics = run_task(tmp_path / "t", [("m", rows)],
                          {"eval_type": "regression"})
    got = dict(metrics["train"]["m"]["data"])
    assert list(got) == list(REGRESSION)
    for name, score in REGRESSION.items():
        near(got[name], score(y, f), 1e-6 * max(1, abs(got[name])))
    _, metrics = run_task(tmp_path / "log", [("m", rows)], {
        "eval_type": "regression", "metrics": ["MSLE", "l1", "l2"]})
    got = dict(metrics["train"]["m"]["data"])
    assert list(got) == ["mean_squared_log_error", "mean_absolute_error",
                         "mean_squared_error"]
    near(got["mean_squared_log_error"],
         judge.mean_squared_log_error(y, f))


# ---- LocalBaseline ----

N, D = 250, 4
OPTIONS = [
    {}, {"C": 0.1}, {"penalty": "none"}, {"fit_intercept": False},
    {"class_weight": "balanced"}, {"class_weight": {"1": 3, "0": 0.5}},
    {"solver": "newton-cg"}, {"solver": "liblinear"},
    {"solver": "liblinear", "C": 0.2, "intercept_scaling": 4},
    {"solver": "liblinear", "fit_intercept": False},
    {"multi_class": "ovr"},
    {"multi_class": "ovr", "class_weight": "balanced"},
    {"multi_class": "multinomial"},
    {"multi_class": "multinomial", "C": 0.1, "class_weight": "balanced"},
    {"multi_class": "multinomial", "fit_intercept": False},
    {"multi_class": "multinomial", "penalty": "none"},
    {"solver": "liblinear", "dual": True},
    {"solver": "liblinear", "penalty": "l1"},
    {"solver": "liblinear", "penalty": "l1", "C": 0.02},
    {"solver": "liblinear", "penalty": "l1", "intercept_scaling": 4},
    {"solver": "liblinear", "penalty": "l1", "fit_intercept": False,
     "class_weight": "balanced"},
    {"solver": "saga", "penalty": "none"},
    {"solver": "saga", "penalty": "l1"},
    {"solver": "saga", "penalty": "l1", "C": 0.05},
    {"solver": "liblinear", "penalty": "l1", "C": 0.0001},
    {"solver": "saga", "penalty": "l1", "multi_class": "ovr",
     "class_weight": {"1": 3}},
    {"solver": "saga", "penalty": "l1", "multi_class": "multinomial",
     "C": 0.1},
    {"solver": "saga", "penalty": "elasticnet", "l1_ratio": 0.4, "C": 0.1},
    {"solver": "saga", "penalty": "elasticnet", "l1_ratio": 0},
    {"solver": "saga", "penalty": "elasticnet", "l1_ratio": 1, "C": 0.1},
    {"solver": "saga", "penalty": "elasticnet", "l1_ratio": 0.7,
     "multi_class": "multinomial", "C": 0.1, "fit_intercept": False},
    {"solver": "saga", "penalty": "elasticnet", "l1_ratio": 0.7,
     "multi_class": "ovr", "C": 0.1},
]
MULTI = OPTIONS + [
    {"multi_class": "multinomial", "C": 5},
    {"multi_class": "ovr", "class_weight": {"1": 3, "2": 0.5}},
    {"solver": "liblinear", "class_weight": "balanced"},
    {"solver": "liblinear", "class_weight": {"1": 3, "2": 0.5}}]


def make_rows(classes):
    rng = np.random.default_rng(45)
    x = rng.normal(size=(N, D))
    u = x @ [1.5, -1, 0.3, 0] + 0.4 + rng.normal(size=N)
    return x, np.digitize(u, [0, 1.5][:classes - 1])


@pytest.mark.parametrize("classes, opts", [
    (c, o) for c, options in ((2, OPTIONS), (3, MULTI)) for o in options])
def test_local_baseline_is_scikit_learns(tmp_path, classes, opts):
    x, y = make_rows(classes)
    exact_opts = {"tol": 1e-9, "max_iter": 5000, **opts}
    c = Component(tmp_path / "task", "LocalBaseline", {
        "model_name": "LogisticRegression", "model_opts": exact_opts})
    party = c.party("guest", 9999, data=[data_input(make_table(
        tmp_path / "train.table", x, y.tolist()), "train_data")])
    c.succeeded()
    theirs = dict(exact_opts)
    if isinstance(opts.get("class_weight"), dict):
        theirs["class_weight"] = {int(k): v for k, v in
                                  opts["class_weight"].items()}
    want = LogisticRegression(**theirs).fit(x, y)
    p = want.predict_proba(x)
    rows = Table(party.state).lists
    near([[r[3][str(k)] for k in range(classes)] for r in rows], p,
         NEAR if opts.get("solver") in ("saga", "liblinear") else 1e-4)
    assert [r[1] for r in rows] == want.predict(x).tolist()
    shown = model(party, "LocalBaselineParam")
    models = [shown] if classes == 2 else shown["oneVsRestResult"][
        "completedModels"]
    shift = 0
    if classes > 2 and opts.get("multi_class") != "ovr" and \
            opts.get("solver") != "liblinear":
        # of a softmax the intercepts may all be moved alike
        shift = models[0]["intercept"] - want.intercept_[0]
    if opts.get("penalty") != "none" or classes == 2:
        coef = [[m["weight"][f"x{j}"] for j in range(D)] for m in models]
        near(coef, want.coef_, 1e-4)
        assert (np.array(coef) == 0).tolist() == (want.coef_ == 0).tolist()
        near([m["intercept"] - shift for m in models], want.intercept_, 1e-4)
    assert all(m["isConverged"] for m in models)


def test_local_baseline_predicts_other_rows_like_scikit_learn(tmp_path):
    x, y = make_rows(3)
    opts = {"multi_class": "ovr", "tol": 1e-9}
    c = Component(tmp_path / "fit", "LocalBaseline", {"model_opts": opts})
    fit = c.party("guest", 9999, data=[data_input(make_table(
        tmp_path / "train.table", x, y.tolist()), "train_data")])
    c.succeeded()
    new = np.random.default_rng(46).normal(size=(30, D)) * 3
    party = run(tmp_path / "new", "LocalBaseline", {"model_opts": opts},
                make_table(tmp_path / "new.table", new), fit,
                key="eval_data")
    want = LogisticRegression(**opts).fit(x, y)
    rows = [json.loads(v) for _, _, v in party.rows]
    near([[r[3][str(k)] for k in range(3)] for r in rows],
         want.predict_proba(new), 1e-4)
    assert {(r[0], r[4]) for r in rows} == {(None, "predict")}
