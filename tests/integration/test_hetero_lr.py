"""HeteroLR as tasks of their own: a guest's, hosts' and the arbiter's
processes train under encryption on generated tables; weights and losses are
compared with the same formulas in the clear (linear.py).
"""
import functools

import pytest

np = pytest.importorskip("numpy")
import linear  # noqa: E402
from linear import losses, rows, score, train, vector  # noqa: E402

LR = "HeteroLR"
N = 60
BASE = {**linear.BASE, "metrics": ["auc", "ks"]}
model = functools.partial(linear.model, module=LR)


def make_data(hosts=1, zeros=False, n=N, widths=(3, 4)):
    rng = np.random.default_rng(7)
    xs = [rng.normal(size=(n, widths[0]))]
    xs += [rng.normal(size=(n, widths[1])) for _ in range(hosts)]
    if zeros:
        xs = [np.where(rng.random(x.shape) < 0.4, 0, x) for x in xs]
    y = (xs[0][:, 0] + xs[1][:, 0] + rng.normal(size=n) * 0.3 > 0)
    return xs, y.astype(int)


def check(folder, p, hosts=1, sparse=False, n=N):
    xs, y = make_data(hosts, zeros=sparse, n=n)
    runs, want, bias = linear.check(folder, LR, xs, y, p, sparse=sparse)
    return runs, xs, y, want, bias


def sigmoid(u):
    return 1 / (1 + np.exp(-u))


@pytest.mark.parametrize("optimizer", [
    "sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd"])
def test_train_each_optimizer(tmp_path, optimizer):
    check(tmp_path, {**BASE, "optimizer": optimizer})


@pytest.mark.parametrize("penalty", ["L1", "none"])
def test_train_each_penalty(tmp_path, penalty):
    check(tmp_path, {**BASE, "penalty": penalty})


def test_train_in_batches(tmp_path):
    check(tmp_path, {**BASE, "batch_size": 25, "max_iter": 3})


@pytest.mark.parametrize("hosts", [1, 2])
def test_train_by_the_portable_kernel(tmp_path, monkeypatch, hosts):
    monkeypatch.setenv("FATEFLOW_PORTABLE", "1")
    check(tmp_path, {**BASE, "max_iter": 2}, hosts=hosts)


def check_rows(party, y, score, kind):
    got = rows(party)
    np.testing.assert_allclose([r[2] for r in got], score, atol=1e-5)
    assert [r[0] for r in got] == y.tolist()
    assert [r[1] for r in got] == (score > 0.5).astype(int).tolist()
    assert {r[4] for r in got} == {kind}


@pytest.mark.parametrize("hosts, sparse", [(1, False), (2, True)])
def test_train_when_rows_need_several_messages(tmp_path, hosts, sparse):
    runs, xs, y, want, bias = check(
        tmp_path, {**BASE, "max_iter": 1}, hosts, sparse, n=4097)
    check_rows(runs["guest-9999"], y, sigmoid(score(xs, want, bias)), "train")


@pytest.mark.parametrize("hosts", [1, 3])
def test_train_wide_with_constant_and_large_columns(tmp_path, hosts):
    """200 columns; one that never changes, one of zeros, one far larger and
    one far smaller than the others."""
    xs, y = make_data(hosts, widths=(50, 150 // hosts))
    for x in xs:
        x[:, 1], x[:, 2] = 3.5, 0
        x[:, 3] *= 50
        x[:, 4] *= 1e-4
    p = {**BASE, "learning_rate": 1e-3, "max_iter": 2}
    linear.check(tmp_path, LR, xs, y, p)


def test_train_sparse(tmp_path):
    check(tmp_path, {**BASE, "max_iter": 3}, sparse=True)


def test_train_two_hosts(tmp_path):
    check(tmp_path, {**BASE, "max_iter": 3}, hosts=2)


def test_converges_by_diff(tmp_path):
    xs, y = make_data()
    p = {**BASE, "early_stop": "diff", "tol": 0.5, "max_iter": 9}
    runs = linear.succeeded(tmp_path, LR, xs, y, p)
    shown = model(runs["host-10000"])
    assert shown["iters"] == 2 and shown["isConverged"]


def test_predictions_and_predict_mode(tmp_path):
    p = {**BASE, "max_iter": 2}
    runs, xs, y, want, bias = check(tmp_path / "fit", p)
    want = sigmoid(score(xs, want, bias))
    check_rows(runs["guest-9999"], y, want, "train")
    runs = linear.succeeded(tmp_path / "predict", LR, xs, y, p,
                            evals=(xs, y), models=tmp_path / "fit")
    check_rows(runs["guest-9999"], y, want, "predict")
    assert runs["host-10000"].state.get("table") is None


def test_early_stopping_by_metric(tmp_path):
    xs, y = make_data()
    p = {**BASE, "validation_freqs": 1, "early_stopping_rounds": 1,
         "learning_rate": 1e-9, "max_iter": 6, "tol": 1e-15}
    runs = linear.succeeded(tmp_path, LR, xs, y, p, evals=(xs, y))
    for name in ("guest-9999", "host-10000"):
        shown = model(runs[name])
        assert shown["iters"] == 2
        assert shown["bestIteration"] == 0


def ks_of(y, s):
    cuts = np.sort(s)[::-1][[len(s) * c // 100 for c in range(100)]]
    return max((s[y == 1] > t).mean() - (s[y == 0] > t).mean()
               for t in cuts)


@pytest.mark.parametrize("metrics, shown, watched", [
    (["auc"], ["auc"], ["auc"]),
    (["ks", "roc", "auc"], ["ks", "auc"], ["ks"]),
    (["roc", "accuracy"], ["auc", "ks"], ["auc"]),
    ([], ["auc", "ks"], ["auc"]),
])
def test_validation_and_early_stopping_by_the_listed_metrics(
        tmp_path, metrics, shown, watched):
    """The first single value of the list alone decides."""
    xs, y = make_data()
    other = make_data(n=40, widths=(3, 4))
    p = {**BASE, "validation_freqs": [0, 1, 2, 3, 4], "max_iter": 6,
         "early_stopping_rounds": 2, "metrics": metrics,
         "use_first_metric_only": True, "learning_rate": 0.7}
    runs = linear.succeeded(tmp_path, LR, xs, y, p, evals=other)
    best, wait, kept, k = -1, 0, None, 0
    for k in range(6):
        want, bias, _ = train(LR, xs, y, {**p, "max_iter": k + 1})
        u = score(other[0], want, bias)
        values = {"auc": auc(other[1], u), "ks": ks_of(other[1], u)}
        got = runs["guest-9999"].metrics["validate"]
        if k == 5:
            assert "iteration_5" not in got
            break
        assert [n for n, _ in got[f"iteration_{k}"]["data"]] == shown
        assert ("iteration_0_ks_fpr" in got) == ("ks" in shown)
        for name, value in got[f"iteration_{k}"]["data"]:
            assert value == pytest.approx(values[name], abs=2e-6)
        now = values[watched[0]]
        wait = 0 if now > best + 1e-12 else wait + 1
        if not wait:
            best, kept = now, (k, want)
        if wait == 2:
            break
    for name, w in zip(("guest-9999", "host-10000"), kept[1]):
        m = model(runs[name])
        assert m["bestIteration"] == kept[0] and m["iters"] == k + 1
        np.testing.assert_allclose(vector(m), w, atol=1e-4)


def test_early_stopping_without_a_metric_keeps_the_last(tmp_path):
    """All evaluated rows are of one class: there is no AUC."""
    xs, y = make_data()
    p = {**BASE, "validation_freqs": 1, "early_stopping_rounds": 1,
         "max_iter": 3}
    runs = linear.succeeded(tmp_path, LR, xs, y, p,
                            evals=(xs, np.ones(N, int)))
    shown = model(runs["host-10000"])
    assert shown["iters"] == 3 and shown["bestIteration"] == -1
    np.testing.assert_allclose(vector(shown), train(LR, xs, y, p)[0][1],
                               atol=1e-4)


# ---- stochastic quasi-Newton steps ----

SQN = {**BASE, "optimizer": "sqn", "max_iter": 9, "sqn_param": {
    "update_interval_L": 2, "memory_M": 2, "sample_size": 5000,
    "random_seed": None}}


@pytest.mark.parametrize("change, hosts, sparse", [
    ({}, 1, False),
    ({"batch_size": 25, "max_iter": 4}, 1, False),
    ({"penalty": "none"}, 2, False),
    ({}, 1, True),
])
def test_sqn_steps_by_the_curvature(tmp_path, change, hosts, sparse):
    p = {**SQN, **change}
    runs, xs, y, want, bias = check(tmp_path, p, hosts, sparse)
    # and they are not those of sgd
    other = train(LR, xs, y, {**p, "optimizer": "sgd"})[0]
    assert np.abs(other[0] - want[0]).max() > 0.01
    assert model(runs["guest-9999"], suffix="Meta")["optimizer"] == "sqn"


def test_sqn_when_rows_need_several_messages(tmp_path):
    check(tmp_path, {**SQN, "max_iter": 5}, n=4200)


def sqn_by_samples(folder, seed, size=40):
    xs, y = make_data()
    p = {**SQN, "max_iter": 30, "tol": 1e-12, "sqn_param": {
        "update_interval_L": 3, "memory_M": 5, "sample_size": size,
        "random_seed": seed}}
    runs = linear.succeeded(folder, LR, xs, y, p)
    return losses(runs["arbiter-9998"]), vector(model(runs["host-10000"]))


def test_sqn_by_samples_nears_the_optimum_and_repeats_by_its_seed(tmp_path):
    xs, y = make_data()
    got, w = sqn_by_samples(tmp_path / "a", 3)
    best = train(LR, xs, y, {**BASE, "learning_rate": 1, "decay": 0,
                             "max_iter": 3000})[2][-1]
    sgd = train(LR, xs, y, {**BASE, "max_iter": 30})[2][-1]
    assert best - 1e-6 < got[-1] < best + (sgd - best) / 3
    np.testing.assert_allclose(sqn_by_samples(tmp_path / "b", 3)[1], w,
                               atol=1e-9)
    assert np.abs(sqn_by_samples(tmp_path / "c", 4)[1] - w).max() > 1e-6
    sqn_by_samples(tmp_path / "d", None)


def test_sqn_from_the_optimum_finds_no_curvature_and_goes_on(tmp_path):
    """L1 keeps weights at 0: what moves is the intercept alone."""
    xs, y = make_data()
    p = {**SQN, "penalty": "L1", "alpha": 50, "max_iter": 6}
    runs = linear.succeeded(tmp_path, LR, xs, y, p)
    assert not vector(model(runs["host-10000"])).any()


# ---- one model per class ----

CLASSES = [-1, 2, 7]


def three_classes(hosts=1, n=N, zeros=False):
    xs, _ = make_data(hosts, n=n, zeros=zeros)
    kind = np.digitize(xs[0][:, 0] + xs[1][:, 0], [-0.6, 0.7])
    return xs, np.array(CLASSES)[kind]


def plain_classes(xs, y, p):
    """[(weights, bias)] of a model per class."""
    return [train(LR, xs, (y == c).astype(int), p)[:2] for c in CLASSES]


def check_classes(party, y, plain, xs, kind):
    p = np.array([sigmoid(score(xs, *one)) for one in plain])
    got = rows(party)
    assert [r[0] for r in got] == y.tolist()
    assert [r[1] for r in got] == [CLASSES[k] for k in p.argmax(axis=0)]
    np.testing.assert_allclose([r[2] for r in got], p.max(axis=0), atol=1e-5)
    assert {r[4] for r in got} == {kind}
    for k, c in enumerate(CLASSES):
        np.testing.assert_allclose([r[3][str(c)] for r in got], p[k],
                                   atol=1e-5)
        assert all(len(r[3]) == 3 for r in got)


def check_validations(guest, xs, y, p):
    """Each class's model after each iteration, its class against the rest."""
    names = {f"class_{c}.iteration_{k}" for c in CLASSES for k in (0, 1)}
    assert set(guest.metrics) == {"train"}
    assert {n for n in guest.metrics["train"] if "_ks_" not in n} == names
    for k in (0, 1):
        plain = plain_classes(xs, y, {**p, "max_iter": k + 1})
        for c, one in zip(CLASSES, plain):
            got = summary(guest, "train", f"class_{c}.iteration_{k}")
            assert got["auc"] == pytest.approx(
                auc((y == c).astype(int), score(xs, *one)), abs=2e-6)
            assert "ks" in got


@pytest.mark.parametrize("hosts, sparse", [(1, False), (2, False), (3, True)])
def test_three_classes_are_three_models(tmp_path, hosts, sparse):
    xs, y = three_classes(hosts, zeros=sparse)
    p = {**BASE, "max_iter": 2, "validation_freqs": 1, "batch_size": 25}
    runs = linear.succeeded(tmp_path / "fit", LR, xs, y, p, sparse=sparse)
    plain = plain_classes(xs, y, p)
    check_classes(runs["guest-9999"], y, plain, xs, "train")
    for k, name in enumerate(linear.party_names(hosts)):
        shown = model(runs[name])
        assert shown["needOneVsRest"] and shown["weight"] == {}
        assert shown["header"] == [f"x{j}" for j in range(3 if k == 0 else 4)]
        result = shown["oneVsRestResult"]
        assert result["oneVsRestClasses"] == [
            str(c) for c in (CLASSES if k == 0 else range(3))]
        assert len(result["completedModels"]) == 3
        for one, (want, bias) in zip(result["completedModels"], plain):
            np.testing.assert_allclose(vector(one), want[k], atol=1e-4)
            assert one["intercept"] == pytest.approx(
                0 if k else bias, abs=1e-4)
            assert one["iters"] == 2
        assert model(runs[name], suffix="Meta")["needOneVsRest"]
    assert losses(runs["arbiter-9998"]) == []
    check_validations(runs["guest-9999"], xs, y, p)
    runs = linear.succeeded(tmp_path / "predict", LR, xs, y, p,
                            evals=(xs, y), models=tmp_path / "fit",
                            sparse=sparse)
    check_classes(runs["guest-9999"], y, plain, xs, "predict")


def rounds_until(values, rounds):
    """(iterations, best iteration) of a training with these aucs."""
    best = 0
    for k, value in enumerate(values):
        if value > values[best] + 1e-12:
            best = k
        if k - best == rounds:
            return k + 1, best
    return len(values), best


@pytest.mark.parametrize("hosts", [1, 2])
def test_three_classes_stop_each_by_itself(tmp_path, hosts):
    xs, y = three_classes(hosts, n=90)
    train_xs, other = [x[:50] for x in xs], ([x[50:] for x in xs], y[50:])
    p = {**BASE, "validation_freqs": 1, "early_stopping_rounds": 2,
         "metrics": ["auc"], "max_iter": 8, "learning_rate": 0.7}
    runs = linear.succeeded(tmp_path, LR, train_xs, y[:50], p, evals=other)
    after = [plain_classes(train_xs, y[:50], {**p, "max_iter": k + 1})
             for k in range(8)]
    ends = []
    for j, c in enumerate(CLASSES):
        values = [auc((other[1] == c).astype(int), score(other[0], *one[j]))
                  for one in after]
        iters, best = rounds_until(values, 2)
        ends.append(iters)
        guest = runs["guest-9999"]
        assert f"class_{c}.iteration_{iters}" not in guest.metrics["validate"]
        for k in range(iters):
            assert summary(guest, "validate", f"class_{c}.iteration_{k}") == {
                "auc": pytest.approx(values[k], abs=2e-6)}
        for i, name in enumerate(linear.party_names(hosts)):
            one = model(runs[name])["oneVsRestResult"]["completedModels"][j]
            assert (one["iters"], one["bestIteration"]) == (iters, best)
            np.testing.assert_allclose(vector(one), after[best][j][0][i],
                                       atol=1e-4)
    # one that stops does not stop the others
    assert len(set(ends)) > 1 and min(ends) < 8


def test_two_classes_none_of_them_one_is_one_model(tmp_path):
    """As FATE's: what is not 1 is -1."""
    xs, y = make_data()
    runs = linear.succeeded(tmp_path, LR, xs, np.where(y == 1, 1, 5), BASE)
    want, bias, _ = train(LR, xs, y, BASE)
    np.testing.assert_allclose(vector(model(runs["host-10000"])), want[1],
                               atol=1e-4)
    assert not model(runs["guest-9999"])["needOneVsRest"]


# ---- cross validation ----

CV = {"n_splits": 3, "shuffle": False, "random_seed": 103, "need_cv": True}


def folds(n, k):
    return np.array_split(np.arange(n), k)


def summary(party, name_space, name):
    return dict(party.metrics[name_space][name]["data"])


def auc(y, s):
    pairs = s[y == 1][:, None] - s[y == 0][None, :]
    return (pairs > 0).mean() + (pairs == 0).mean() / 2


def test_cross_validation_is_a_training_per_fold(tmp_path):
    n = 61      # no multiple of 3
    xs, y = make_data(n=n)
    p = {**BASE, "max_iter": 3, "cv_param": CV, "validation_freqs": 2}
    runs = linear.succeeded(tmp_path, LR, xs, y, p)
    guest, arbiter = runs["guest-9999"], runs["arbiter-9998"]
    for f, held in enumerate(folds(n, 3)):
        rest = np.setdiff1d(np.arange(n), held)
        want, bias, plain = train(LR, [x[rest] for x in xs], y[rest], p)
        np.testing.assert_allclose(losses(arbiter, f"loss.{f}"), plain,
                                   atol=1e-4)
        u = score(xs, want, bias)
        for name_space, part in (("train", rest), ("validate", held)):
            assert summary(guest, name_space, f"{name_space}_fold_{f}")[
                "auc"] == pytest.approx(auc(y[part], u[part]), abs=2e-6)
            assert "auc" in summary(guest, name_space,
                                    f"fold_{f}.iteration_1")
    assert arbiter.metrics["train"]["loss.2"]["meta"] == {
        "name": "train", "metric_type": "LOSS", "unit_name": "iters",
        "curve_name": "2"}
    assert "loss.3" not in arbiter.metrics["train"]
    for party in runs.values():
        assert party.state.get("table") is None
        shown = model(party)
        assert shown["header"] == [] and shown["iters"] == 0
        assert model(party, suffix="Meta")["penalty"] == ""


def fold_results(folder, seed):
    xs, y = make_data(n=80)
    p = {**BASE, "max_iter": 1,
         "cv_param": {**CV, "shuffle": True, "random_seed": seed}}
    runs = linear.succeeded(folder, LR, xs, y, p)
    return [summary(runs["guest-9999"], "validate", f"validate_fold_{f}")
            for f in range(3)]


def test_cross_validation_shuffles_by_its_seed(tmp_path):
    one = fold_results(tmp_path / "a", 5)
    assert one == fold_results(tmp_path / "b", 5)
    assert one != fold_results(tmp_path / "c", 6)
    assert len(fold_results(tmp_path / "d", None)) == 3


def test_cross_validation_of_three_classes_and_two_hosts(tmp_path):
    xs, y = three_classes(2)
    p = {**BASE, "max_iter": 2, "cv_param": {**CV, "n_splits": 2},
         "validation_freqs": 2}
    runs = linear.succeeded(tmp_path, LR, xs, y, p)
    for f, held in enumerate(folds(N, 2)):
        rest = np.setdiff1d(np.arange(N), held)
        plain = plain_classes([x[rest] for x in xs], y[rest], p)
        u = np.array([score(xs, *one) for one in plain])
        hit = np.array(CLASSES)[u.argmax(axis=0)] == y
        assert summary(runs["guest-9999"], "validate", f"validate_fold_{f}")[
            "accuracy"] == pytest.approx(hit[held].mean(), abs=1e-6)
        for c, one in zip(CLASSES, u):
            assert summary(runs["guest-9999"], "validate",
                           f"fold_{f}.class_{c}.iteration_1")[
                "auc"] == pytest.approx(
                    auc((y[held] == c).astype(int), one[held]), abs=2e-6)


@pytest.mark.parametrize("change, words", [
    ({"cv_param": {**CV, "n_splits": 61}}, "n_splits is 61"),
    ({"labels": "x"}, "no numeric label"),
    ({"ids": True}, "put Intersection before HeteroLR"),
])
def test_refusals(tmp_path, change, words):
    xs, y = make_data()
    labels = ["x"] * N if "labels" in change else y
    ids = [f"{i:06d}" for i in range(1, N + 1)] if "ids" in change else None
    p = {**BASE, **{k: v for k, v in change.items() if k.endswith("param")}}
    runs = linear.run_parties(tmp_path, LR, xs, labels, p, host_ids=ids)
    texts = [r.state["error"]["text"] for r in runs.values()
             if r.state.get("status") == "failed"]
    assert any(words in text for text in texts), texts
