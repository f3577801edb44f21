"""HeteroLinR and HeteroPoisson: guest, hosts and arbiter train under
encryption on generated tables, beside the plain formulas (linear.py)."""
import math

import pytest

np = pytest.importorskip("numpy")
from linear import (BASE, check, losses, model, rows, run_parties,  # noqa: E402
                    score, succeeded, train, vector)

LINR, POISSON = "HeteroLinR", "HeteroPoisson"
N = 60
SLOW = {**BASE, "learning_rate": 0.05}


def make_data(module, hosts=1, n=N, zeros=False, widths=(3, 4)):
    rng = np.random.default_rng(11)
    xs = [rng.normal(size=(n, widths[0]))]
    xs += [rng.normal(size=(n, widths[1])) for _ in range(hosts)]
    if zeros:
        xs = [np.where(rng.random(x.shape) < 0.4, 0, x) for x in xs]
    u = xs[0][:, 0] - 0.5 * xs[1][:, 1]
    if module == LINR:      # negative ones, and none of them whole
        return xs, 2 * u - 3 + rng.normal(size=n)
    return xs, rng.poisson(np.exp(0.5 * u))


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adagrad"])
@pytest.mark.parametrize("module", [LINR, POISSON])
def test_train_each_optimizer(tmp_path, module, optimizer):
    xs, y = make_data(module)
    check(tmp_path, module, xs, y, {**SLOW, "optimizer": optimizer})


@pytest.mark.parametrize("penalty", ["L1", "none"])
@pytest.mark.parametrize("module", [LINR, POISSON])
def test_train_each_penalty(tmp_path, module, penalty):
    xs, y = make_data(module)
    check(tmp_path, module, xs, y, {**SLOW, "penalty": penalty})


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_train_in_batches(tmp_path, module):
    xs, y = make_data(module)
    check(tmp_path, module, xs, y, {**SLOW, "batch_size": 25, "max_iter": 3})


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_train_sparse(tmp_path, module):
    xs, y = make_data(module, zeros=True)
    check(tmp_path, module, xs, y, {**SLOW, "max_iter": 3}, sparse=True)


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_train_without_an_intercept_by_the_portable_kernel(
        tmp_path, monkeypatch, module):
    monkeypatch.setenv("FATEFLOW_PORTABLE", "1")
    xs, y = make_data(module)
    p = {**SLOW, "max_iter": 2, "init_param": {
        "init_method": "zeros", "fit_intercept": False}}
    runs = succeeded(tmp_path, module, xs, y, p)
    # without a step of its own the intercept stays 0
    x = np.hstack(xs)
    w = np.zeros(7)
    for t in range(2):
        u = x @ w
        g = x.T @ ((u if module == LINR else np.exp(u)) - y) / N
        w = w - 0.05 / math.sqrt(1 + t) * (g + 0.05 * w)
    got = np.concatenate([vector(model(runs[name], module))
                          for name in ("guest-9999", "host-10000")])
    np.testing.assert_allclose(got, w, atol=1e-4)
    assert model(runs["guest-9999"], module)["intercept"] == 0


def test_train_nesterov(tmp_path):
    xs, y = make_data(POISSON)
    check(tmp_path, POISSON, xs, y,
          {**SLOW, "optimizer": "nesterov_momentum_sgd"})


@pytest.mark.parametrize("hosts", [1, 3])
def test_train_by_sqn(tmp_path, hosts):
    xs, y = make_data(LINR, hosts)
    check(tmp_path, LINR, xs, y, {**SLOW, "optimizer": "sqn", "max_iter": 9,
                                  "sqn_param": {"update_interval_L": 3,
                                                "memory_M": 5,
                                                "sample_size": 5000}})


def test_train_three_hosts(tmp_path):
    xs, y = make_data(LINR, hosts=3)
    check(tmp_path, LINR, xs, y, {**SLOW, "max_iter": 3})


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_train_when_rows_need_several_messages(tmp_path, module):
    xs, y = make_data(module, n=4097)
    check(tmp_path, module, xs, y, {**SLOW, "max_iter": 2})


def check_rows(party, y, want, kind):
    got = rows(party)
    np.testing.assert_allclose([r[2] for r in got], want, atol=1e-4)
    assert [r[0] for r in got] == y.tolist()
    assert all(r[1] == r[2] and r[3] == {"label": r[2]} and r[4] == kind
               for r in got)


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_predictions_and_predict_mode(tmp_path, module):
    xs, y = make_data(module)
    p = {**SLOW, "max_iter": 2}
    runs, want, bias = check(tmp_path / "fit", module, xs, y, p)
    u = score(xs, want, bias)
    mu = u if module == LINR else np.exp(u)
    check_rows(runs["guest-9999"], y, mu, "train")
    half = [x[:30] for x in xs]
    runs = succeeded(tmp_path / "predict", module, half, y[:30], p,
                     evals=(half, y[:30]), models=tmp_path / "fit")
    check_rows(runs["guest-9999"], y[:30], mu[:30], "predict")
    assert runs["host-10000"].state.get("table") is None


@pytest.mark.parametrize("module, extra", [
    (LINR, {}), (POISSON, {"exposureColname": ""})])
def test_model_has_fates_fields(tmp_path, module, extra):
    xs, y = make_data(module)
    runs = succeeded(tmp_path, module, xs, y, {**SLOW, "max_iter": 2})
    for name, fits, n in (("guest-9999", True, 3), ("host-10000", False, 4),
                          ("arbiter-9998", True, 0)):
        assert model(runs[name], module, "Meta") == {
            "penalty": "L2", "tol": 1e-9, "alpha": 0.05, "optimizer": "sgd",
            "batchSize": "-1", "learningRate": 0.05, "maxIter": "2",
            "earlyStop": "weight_diff", "fitIntercept": fits, **extra}
        shown = model(runs[name], module)
        assert shown["header"] == [f"x{i}" for i in range(n)]
        assert shown["bestIteration"] == (-1 if n else 0)
        assert shown["iters"] == (2 if n else 0)


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_converges_by_diff(tmp_path, module):
    xs, y = make_data(module)
    p = {**SLOW, "early_stop": "diff", "max_iter": 20}
    plain = train(module, xs, y, p)[2]
    drops = np.abs(np.diff(plain))
    p["tol"] = float(drops[3] + drops[4]) / 2
    assert drops[3] > p["tol"] > drops[4]
    runs = succeeded(tmp_path, module, xs, y, p)
    shown = model(runs["host-10000"], module)
    assert shown["isConverged"] and shown["iters"] == 6
    np.testing.assert_allclose(losses(runs["arbiter-9998"]), plain[:6],
                               atol=1e-4)


def test_early_stopping_by_a_metrics_alias(tmp_path):
    xs, y = make_data(LINR)
    p = {**SLOW, "validation_freqs": 1, "early_stopping_rounds": 1,
         "learning_rate": 1e-9, "max_iter": 6, "tol": 1e-15,
         "metrics": ["rmse", "roc", "MAE"]}
    # such steps change nothing that six digits would tell
    runs = succeeded(tmp_path, LINR, xs, y, p, evals=(xs, y))
    for name in ("guest-9999", "host-10000"):
        assert model(runs[name], LINR)["iters"] <= 6
    metrics = runs["guest-9999"].metrics["validate"]["iteration_0"]
    want, bias, _ = train(LINR, xs, y, {**p, "max_iter": 1})
    rest = score(xs, want, bias) - y
    values = dict(metrics["data"])
    assert list(values) == ["root_mean_squared_error", "mean_absolute_error"]
    assert values["root_mean_squared_error"] == pytest.approx(
        np.sqrt((rest ** 2).mean()), abs=2e-6)
    assert values["mean_absolute_error"] == pytest.approx(
        np.abs(rest).mean(), abs=2e-6)


def test_early_stopping_keeps_the_best(tmp_path):
    """The evaluated labels are others: each step makes it worse."""
    xs, y = make_data(LINR)
    p = {**SLOW, "validation_freqs": 1, "early_stopping_rounds": 2,
         "max_iter": 6, "metrics": ["rmse"]}
    runs = succeeded(tmp_path, LINR, xs, y, p, evals=(xs, -10 * y))
    want, bias, _ = train(LINR, xs, y, {**p, "max_iter": 1})
    for name, w in zip(("guest-9999", "host-10000"), want):
        shown = model(runs[name], LINR)
        assert shown["iters"] == 3 and shown["bestIteration"] == 0
        np.testing.assert_allclose(vector(shown), w, atol=1e-4)
    types = {r[4] for r in rows(runs["guest-9999"])}
    assert types == {"train"}       # of equal ids the training's rows win


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("at", [0, 2])
def test_exposure_is_an_offset_and_no_feature(tmp_path, sparse, at):
    xs, y = make_data(POISSON, zeros=sparse)
    rng = np.random.default_rng(3)
    exposure = rng.uniform(0.5, 2, size=N)
    exposure[5] = 0                 # counts as 1e-7
    given = [np.insert(xs[0], at, exposure, axis=1), xs[1]]
    header = ["a", "b", "c"]
    names = header[:at] + ["days"] + header[at:]
    p = {**SLOW, "exposure_colname": "days", "max_iter": 3}
    offset = np.log(np.where(exposure == 0, 1e-7, exposure))
    runs, want, bias = check(tmp_path / "fit", POISSON, given, y, p, offset,
                             plain_xs=xs, sparse=sparse, header=names)
    shown = model(runs["guest-9999"], POISSON)
    assert shown["header"] == header
    assert model(runs["guest-9999"], POISSON, "Meta")[
        "exposureColname"] == "days"
    mu = np.exp(score(xs, want, bias, offset))
    check_rows(runs["guest-9999"], y, mu, "train")
    runs = succeeded(tmp_path / "predict", POISSON, given, y, p,
                     evals=(given, y), models=tmp_path / "fit",
                     sparse=sparse, header=names)
    check_rows(runs["guest-9999"], y, mu, "predict")


def test_exposure_that_is_no_column_is_one(tmp_path):
    xs, y = make_data(POISSON)
    check(tmp_path, POISSON, xs, y,
          {**SLOW, "exposure_colname": "days", "max_iter": 1})


@pytest.mark.parametrize("module", [LINR, POISSON])
def test_cross_validation_is_a_training_per_fold(tmp_path, module):
    xs, y = make_data(module)
    exposure = np.random.default_rng(4).uniform(0.5, 2, size=N)
    given = [np.insert(xs[0], 3, exposure, axis=1), xs[1]]
    p = {**SLOW, "max_iter": 2, "exposure_colname": "x3", "cv_param": {
        "n_splits": 4, "shuffle": False, "need_cv": True}}
    offset = np.log(exposure)
    if module == LINR:
        given, offset = xs, np.zeros(N)
    runs = succeeded(tmp_path, module, given, y, p)
    metrics = runs["guest-9999"].metrics
    for f, held in enumerate(np.array_split(np.arange(N), 4)):
        rest = np.setdiff1d(np.arange(N), held)
        want, bias, plain = train(module, [x[rest] for x in xs], y[rest], p,
                                  offset[rest])
        np.testing.assert_allclose(losses(runs["arbiter-9998"], f"loss.{f}"),
                                   plain, atol=1e-4)
        mu = score(xs, want, bias, offset)
        mu = mu if module == LINR else np.exp(mu)
        for kind, part in (("train", rest), ("validate", held)):
            got = dict(metrics[kind][f"{kind}_fold_{f}"]["data"])
            assert got["mean_squared_error"] == pytest.approx(
                ((mu - y)[part] ** 2).mean(), rel=1e-4)


@pytest.mark.parametrize("module, change, words", [
    (POISSON, {"y": -1}, "has the label -1, expected a count"),
    (POISSON, {"exposure": True}, "has the exposure -"),
    (POISSON, {"hosts": 2}, "HeteroPoisson needs one host"),
    (POISSON, {"rate": 1e9}, "lower learning_rate"),
    (POISSON, {"optimizer": "sqn"}, "HeteroPoisson does not have"),
    (LINR, {"early_stop": "diff", "hosts": 2}, "no loss to compare"),
    (LINR, {"ids": True}, "put Intersection before HeteroLinR"),
])
def test_refusals(tmp_path, module, change, words):
    xs, y = make_data(module, hosts=change.get("hosts", 1))
    if "y" in change:
        y[7] = change["y"]
    p = {**SLOW, **{k: v for k, v in change.items()
                    if k in ("early_stop", "optimizer")}}
    if "rate" in change:
        p["learning_rate"] = change["rate"]
    if "exposure" in change:
        p["exposure_colname"] = "x0"
    ids = [f"{i:06d}" for i in range(1, N + 1)] if "ids" in change else None
    runs = run_parties(tmp_path, module, xs, y, p, host_ids=ids)
    texts = [r.state["error"]["text"] for r in runs.values()
             if r.state.get("status") == "failed"]
    assert any(words in text for text in texts), texts
