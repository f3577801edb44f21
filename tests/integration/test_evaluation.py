"""Evaluation as a task of its own: a hand-made task folder with a prediction
table goes in, metrics.jsonl comes out and is compared with the definitions
written once more here, on NumPy arrays and by the slow way.
"""
import json
import math

import pytest

from taskdir import ROOT, Component, data_input, write_table

np = pytest.importorskip("numpy")

GOLDEN = (ROOT.parent / "shared/golden/modules" /
          "component_metric_all__Evaluation__guest__"
          "hetero_logistic_regression.lr.json")
HEADER = ["label", "predict_result", "predict_score", "predict_detail",
          "type"]
ALL = ["auc", "ks", "lift", "gain", "accuracy", "precision", "recall", "roc",
       "confusion_mat", "psi", "f1_score", "quantile_pr"]


def run_task(folder, tables, parameters):
    """The exit state and {namespace: {name: {"data", "meta"}}}."""
    c = Component(folder, "Evaluation", parameters)
    data = [data_input(write_table(
        folder / f"in{i}.table", HEADER,
        [(f"{k:06d}", None, json.dumps(row)) for k, row in enumerate(rows)],
        "list"), component=component)
        for i, (component, rows) in enumerate(tables)]
    c.party("guest", 9999, data=data)
    run = c.run(60)["guest-9999"]
    return run.state, run.metrics


# ---- the judge ----

class Judge:
    def __init__(self, labels, scores):
        self.y = np.asarray(labels, dtype=float)
        self.s = np.asarray(scores, dtype=float)
        self.n = len(self.s)
        self.pos = int(self.y.sum())
        self.neg = self.n - self.pos
        distinct = sorted(set(scores), reverse=True)
        m = len(distinct)
        self.steps = [distinct[int(m * (c / 100))] for c in range(100)]

    def at(self, t):
        up = self.s > t
        tp = int((up & (self.y == 1)).sum())
        fp = int(up.sum()) - tp
        return tp, fp, self.neg - fp, self.pos - tp

    def auc(self):
        ones, zeros = self.s[self.y == 1], self.s[self.y == 0]
        wins = (ones[:, None] > zeros[None, :]).sum()
        ties = (ones[:, None] == zeros[None, :]).sum()
        return (wins + ties / 2) / (self.pos * self.neg)

    def ks(self):
        falling = sorted(self.s.tolist(), reverse=True)
        cuts = [falling[int(self.n * (c / 100))] for c in range(100)]
        fpr = [self.at(t)[1] / self.neg for t in cuts]
        tpr = [self.at(t)[0] / self.pos for t in cuts]
        best = max(a - b for a, b in zip(tpr, fpr))
        return best, cuts, fpr + [1.0], tpr + [1.0]

    def precision(self, t):
        tp, fp, _, _ = self.at(t)
        return tp / (tp + fp) if tp + fp else 1.0

    def recall(self, t):
        return self.at(t)[0] / self.pos

    def lift(self):
        return self.best_per_x(
            lambda t: self.precision(t) / (self.pos / self.n))

    def gain(self):
        return self.best_per_x(self.recall)

    def best_per_x(self, y):
        best = {}
        for t in self.steps:
            x = sum(self.at(t)[:2]) / self.n
            if x not in best or y(t) > best[x][0]:
                best[x] = (y(t), t)
        points = [(x, v[0], v[1]) for x, v in best.items()]
        return points + [(1.0, 1.0, 0.0)]

    def precision_recall(self):
        best = {}
        cuts = [c / 100 for c in range(100)] + [1.0]
        for cut, t in zip(cuts, self.steps + [min(self.s) - 0.001]):
            p, r = self.precision(t), self.recall(t)
            if r not in best or p > best[r][0]:
                best[r] = (p, cut, t)
        return [(cut, p, r, t) for r, (p, cut, t) in best.items()]

    def accuracy(self):
        return [(c / 100, (self.at(t)[0] + self.at(t)[2]) / self.n, t)
                for c, t in enumerate(self.steps)]

    def f1(self):
        out = []
        for t in self.steps + [0.0]:
            p, r = self.precision(t), self.recall(t)
            out.append(2 * p * r / (p + r if p + r else 1e-6))
        return out

    def roc(self):
        points = []
        for t in sorted(set(self.s.tolist()), reverse=True):
            up = self.s >= t
            tp = int((up & (self.y == 1)).sum())
            points.append((int(up.sum()) - tp, tp, t))
        kept = [(0, 0, max(self.s) + 1)]
        for i, (fp, tp, t) in enumerate(points):
            if 0 < i < len(points) - 1:
                a, b = points[i - 1], points[i + 1]
                if (b[0] - fp, b[1] - tp) == (fp - a[0], tp - a[1]):
                    continue
            kept.append((fp, tp, t))
        keep = sorted({int(len(kept) * (c / 100)) for c in range(100)} |
                      {len(kept) - 1})
        return [(kept[i][0] / self.neg, kept[i][1] / self.pos, kept[i][2])
                for i in keep]

    def quantiles(self):
        rising = sorted(self.s.tolist())
        # NumPy's method "nearest": halves to the even place
        return [rising[round((self.n - 1) * (k * 5 / 100))]
                for k in range(21)]


def rnd(values):
    return [round(float(v), 6) for v in values]


def column(metric, i):
    return [point[i] for point in metric["data"]]


def check_binary(judge, metrics, d):
    best, cuts, fpr, tpr = judge.ks()
    assert metrics[d]["data"] == [["auc", round(judge.auc(), 6)],
                                  ["ks", round(best, 6)]]
    x = [c / 100 for c in range(101)]
    for name, want in (("_ks_fpr", fpr), ("_ks_tpr", tpr)):
        assert column(metrics[d + name], 0) == x
        assert column(metrics[d + name], 1) == rnd(want)
        assert metrics[d + name]["meta"]["thresholds"] == rnd(cuts)
    for name, points in (("_lift", judge.lift()), ("_gain", judge.gain()),
                         ("_accuracy", judge.accuracy()),
                         ("_roc", judge.roc())):
        got = metrics[d + name]
        assert column(got, 0) == rnd(p[0] for p in points), name
        assert column(got, 1) == rnd(p[1] for p in points), name
        assert got["meta"]["thresholds"] == rnd(p[2] for p in points), name
    pr = judge.precision_recall()
    for name, i in (("_precision", 1), ("_recall", 2)):
        assert column(metrics[d + name], 0) == rnd(p[0] for p in pr)
        assert column(metrics[d + name], 1) == rnd(p[i] for p in pr)
        assert metrics[d + name]["meta"]["thresholds"] == rnd(
            p[3] for p in pr)
    confusion = metrics[d + "_confusion_mat"]["meta"]
    want = [judge.at(t) for t in judge.steps + [0.0]]
    for i, key in enumerate(("tp", "fp", "tn", "fn")):
        assert confusion[key] == [w[i] for w in want]
    assert metrics[d + "_f1_score"]["meta"]["f1_scores"] == rnd(judge.f1())
    quantile = metrics[d + "_quantile_pr"]["meta"]
    assert quantile["thresholds"] == rnd(judge.quantiles())
    assert quantile["p_scores"] == [
        [0.0, round(judge.precision(t), 6)] for t in judge.quantiles()]
    assert quantile["r_scores"] == [
        [0.0, round(judge.recall(t), 6)] for t in judge.quantiles()]


def predictions(seed, n, digits, kind="train"):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    scores = np.round(np.clip(rng.normal(0.35 + 0.3 * labels, 0.2), 0.001,
                              0.999), digits)
    return [[int(y), int(s > 0.5), float(s), {"0": 1 - s, "1": s}, kind]
            for y, s in zip(labels.tolist(), scores.tolist())]


def judge_of(rows):
    return Judge([r[0] for r in rows], [r[2] for r in rows])


@pytest.mark.parametrize("seed,n,digits", [
    (1, 569, 12), (2, 40, 12), (3, 500, 1), (4, 3000, 3), (5, 100, 6),
    (6, 1001, 9)])
def test_binary_when_evaluated_then_as_the_definitions(
        tmp_path, seed, n, digits):
    rows = predictions(seed, n, digits)
    state, metrics = run_task(tmp_path / "t", [("lr_0", rows)],
                              {"eval_type": "binary", "pos_label": 1})
    assert state["status"] == "success", state
    assert list(metrics) == ["train"]
    check_binary(judge_of(rows), metrics["train"], "lr_0")


def test_binary_when_two_parts_then_both_and_psi(tmp_path):
    train = predictions(7, 400, 9)
    valid = predictions(8, 200, 9, "validate")
    state, metrics = run_task(tmp_path / "t", [("lr_0", train + valid)],
                              {"eval_type": "binary", "pos_label": 1})
    assert state["status"] == "success", state
    assert list(metrics) == ["train", "validate"]
    check_binary(judge_of(valid), metrics["validate"], "lr_0")
    assert "lr_0_psi" not in metrics["train"]
    psi = metrics["validate"]["lr_0_psi"]["meta"]
    check_psi(psi, train, valid)


def check_psi(psi, train, valid):
    edges = sorted(set(judge_of(train).quantiles()))
    bins = list(zip(edges, edges[1:]))

    def count(rows):
        return [sum(lo <= r[2] < hi or (r[2] == hi == edges[-1])
                    for r in rows) for lo, hi in bins]
    e, a = count(train), count(valid)
    e_share = [c / len(train) or 1e-6 for c in e]
    a_share = [c / len(valid) or 1e-6 for c in a]
    scores = [(y - x) * math.log(y / x) for x, y in zip(e_share, a_share)]
    assert psi["expected_interval"] == e
    assert psi["actual_interval"] == a
    assert psi["psi_scores"] == rnd(scores)
    assert psi["total_psi"] == round(sum(scores), 6)
    assert len(psi["intervals"]) == len(bins)
    assert psi["intervals"][-1].endswith("]")
    assert psi["intervals"][0].endswith(")")
    assert len(psi["train_pos_perc"]) == len(bins)


def test_metrics_when_listed_then_those_in_that_order(tmp_path):
    rows = predictions(9, 100, 9)
    _, metrics = run_task(
        tmp_path / "t", [("lr_0", rows), ("lr_1", rows)],
        {"eval_type": "binary", "pos_label": 1,
         "metrics": ["recall", "auc"]})
    assert list(metrics["train"]) == [
        "lr_0_recall", "lr_0_precision", "lr_0",
        "lr_1_recall", "lr_1_precision", "lr_1"]


def test_labels_when_other_than_1_then_pos_label_counts(tmp_path):
    rows = predictions(10, 100, 9)
    for row in rows:
        row[0] = "good" if row[0] else "bad"
    _, metrics = run_task(
        tmp_path / "t", [("lr_0", rows)],
        {"eval_type": "binary", "pos_label": "good", "metrics": ["auc"]})
    judge = Judge([r[0] == "good" for r in rows], [r[2] for r in rows])
    assert metrics["train"]["lr_0"]["data"] == [
        ["auc", round(judge.auc(), 6)]]


def test_multi_when_evaluated_then_macro_means(tmp_path):
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 4, 200).tolist()
    guesses = [y if rng.random() < .6 else int(rng.integers(0, 4))
               for y in labels]
    rows = [[y, g, 0.9, {}, "predict"] for y, g in zip(labels, guesses)]
    state, metrics = run_task(tmp_path / "t", [("lr_0", rows)],
                              {"eval_type": "multi"})
    assert state["status"] == "success", state
    got = metrics["predict"]
    y, g = np.array(labels), np.array(guesses)
    precision = [((y == c) & (g == c)).sum() / (g == c).sum()
                 for c in range(4)]
    recall = [((y == c) & (g == c)).sum() / (y == c).sum()
              for c in range(4)]
    assert got["lr_0"]["data"] == [
        ["accuracy", round(float((y == g).mean()), 6)],
        ["precision", round(float(np.mean(precision)), 6)],
        ["recall", round(float(np.mean(recall)), 6)]]
    assert column(got["lr_0_precision"], 0) == [0, 1, 2, 3]
    assert column(got["lr_0_precision"], 1) == rnd(precision)
    assert column(got["lr_0_recall"], 1) == rnd(recall)


def test_regression_when_evaluated_then_six_values(tmp_path):
    rng = np.random.default_rng(12)
    y = rng.normal(10, 3, 300)
    f = y + rng.normal(0, 1, 300)
    rows = [[float(a), float(b), float(b), {}, "train"]
            for a, b in zip(y, f)]
    state, metrics = run_task(tmp_path / "t", [("linr_0", rows)],
                              {"eval_type": "regression"})
    assert state["status"] == "success", state
    d = y - f
    want = {
        "explained_variance": 1 - d.var() / y.var(),
        "mean_absolute_error": abs(d).mean(),
        "mean_squared_error": (d * d).mean(),
        "median_absolute_error": np.median(abs(d)),
        "r2_score": 1 - (d * d).sum() / ((y - y.mean()) ** 2).sum(),
        "root_mean_squared_error": math.sqrt((d * d).mean()),
    }
    assert metrics["train"]["linr_0"]["data"] == [
        [k, round(float(v), 6)] for k, v in want.items()]


def test_binary_when_one_class_then_auc_is_left_out_not_the_rest(tmp_path):
    rows = [[1, 1, 0.6, {}, "train"], [1, 1, 0.7, {}, "train"]]
    state, metrics = run_task(tmp_path / "t", [("lr_0", rows)],
                              {"eval_type": "binary", "pos_label": 1})
    assert state["status"] == "success", state
    assert "lr_0" not in metrics["train"]
    assert "lr_0_accuracy" in metrics["train"]
    assert "both classes" in (tmp_path / "t/guest-9999/task.log").read_text()


@pytest.mark.parametrize("row,says", [
    ([None, 0, 0.5, {}, "train"], "has no label"),
    ([1, 0, None, {}, "train"], "predict_score"),
    ([1, 0, 0.5, {}, "other"], "type"),
    ([1, 0, 0.5], "columns"),
])
def test_rows_when_unusable_then_failed_and_named(tmp_path, row, says):
    rows = predictions(13, 10, 3) + [row]
    state, _ = run_task(tmp_path / "t", [("lr_0", rows)],
                        {"eval_type": "binary", "pos_label": 1})
    assert state["status"] == "failed"
    assert says in state["error"]["text"]
    assert "000010" in state["error"]["text"]


def test_predictions_when_without_label_then_left_out(tmp_path):
    rows = [r[:4] + ["predict"] for r in predictions(13, 10, 3)]
    bare = [[None, *r[1:]] for r in rows]
    state, metrics = run_task(tmp_path / "a", [("lr_0", rows)],
                              {"eval_type": "binary", "pos_label": 1})
    assert state["status"] == "success" and "lr_0" in metrics["predict"]
    some = run_task(tmp_path / "b", [("lr_0", rows + bare)],
                    {"eval_type": "binary", "pos_label": 1})
    assert some[0]["status"] == "success" and some[1] == metrics
    assert "10 rows of predictions have no label" in (
        tmp_path / "b/guest-9999/task.log").read_text()
    none = run_task(tmp_path / "c", [("lr_0", bare)],
                    {"eval_type": "binary", "pos_label": 1})
    assert none[0]["status"] == "success" and none[1] == {}


def test_need_run_when_false_then_nothing(tmp_path):
    state, metrics = run_task(
        tmp_path / "t", [("lr_0", predictions(14, 10, 3))],
        {"eval_type": "binary", "pos_label": 1, "need_run": False})
    assert state["status"] == "success", state
    assert metrics == {}


def same_types(ours, theirs, path):
    assert type(ours) is type(theirs), path
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), path
        for key in theirs:
            same_types(ours[key], theirs[key], f"{path}.{key}")
    if isinstance(theirs, list) and theirs:
        same_types(ours[0], theirs[0], f"{path}[0]")


def rows_behind(golden, d):
    """569 predictions that have the golden answer's counts at its cuts: the
    order within a cut is free, so curves over the cuts must come out equal."""
    confusion = golden[d + "_confusion_mat"]["meta"]
    n = confusion["tp"][-1] + confusion["fp"][-1]
    cuts = [int(n * (c / 100)) for c in range(100)] + [n]
    edges = confusion["thresholds"]
    rows = []
    for i in range(100):
        size = cuts[i + 1] - cuts[i]
        ones = confusion["tp"][i + 1] - confusion["tp"][i]
        for k in range(size):
            score = edges[i] + (edges[i + 1] - edges[i]) * k / size
            rows.append([int(k < ones), int(score > 0.5), score, {},
                         "train"])
    return rows


def test_golden_when_present_then_same_curves_metas_and_types(tmp_path):
    if not GOLDEN.exists():
        pytest.skip("no golden answers here")
    golden = json.loads(GOLDEN.read_text())["response"]["data"]["train"]
    d = "hetero_lr_0"
    _, metrics = run_task(tmp_path / "t", [(d, rows_behind(golden, d))],
                          {"eval_type": "binary", "pos_label": 1})
    ours = metrics["train"]
    assert sorted(ours) == sorted(golden)
    same_types(ours, golden, "$")
    for name in ("_ks_fpr", "_ks_tpr", "_accuracy", "_lift", "_gain",
                 "_precision", "_recall", "_confusion_mat", "_f1_score"):
        assert ours[d + name] == golden[d + name], name
    assert ours[d]["data"][1] == golden[d]["data"][1]
