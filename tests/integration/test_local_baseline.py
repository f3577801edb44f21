"""LocalBaseline against Newton's method in NumPy, on the loss that
scikit-learn's LogisticRegression has."""
import math

import pytest

from instances import Table, make_table, model, np, run
from taskdir import Component, data_input

RANDOM = np.random.default_rng(20261125)
N, D = 300, 4
X = RANDOM.normal(size=(N, D))
X[RANDOM.random((N, D)) < 0.3] = 0
SCORE = X @ [1.5, -1, 0.3, 0] + 0.4 + RANDOM.normal(size=N)
Y = [int(s > 0) for s in SCORE]
Y3 = [int(s > 0) + int(s > 1.5) for s in SCORE]


def newton(x, y, c=1.0, intercept=True, penalty=True, weight=None,
           scaling=None):
    """One vector of weights a class, of which the first is 0 for two. With
    scaling the intercept is punished as liblinear does."""
    classes = sorted(set(y))
    k = len(classes)
    onehot = np.array([[v == cl for cl in classes] for v in y], float)
    s = c * np.array([(weight or {}).get(v, 1.0) for v in y])
    x1 = np.hstack([x, np.full((len(x), 1), float(intercept))])
    free = range(1, k) if k == 2 else range(k)
    w = np.zeros((k, D + 1))
    ridge = np.diag([1.0 if penalty else 0.0] * D +
                    [1 / scaling ** 2 if scaling else 0.0])
    for _ in range(60):
        z = x1 @ w.T
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        g = np.concatenate([(s * (p[:, a] - onehot[:, a])) @ x1 +
                            ridge @ w[a] for a in free])
        h = np.block([[(x1.T * (s * p[:, a] * ((a == b) - p[:, b]))) @ x1 +
                       (a == b) * ridge for b in free] for a in free])
        w[list(free)] -= (np.linalg.pinv(h) @ g).reshape(len(free), D + 1)
    return w, p


def component(folder, opts, y=Y, sparse=False, x=X, **inputs):
    c = Component(folder / "task", "LocalBaseline", {
        "model_name": "LogisticRegression", "model_opts": opts})
    data = [data_input(make_table(folder / "train.table", x, y, sparse),
                       "train_data")]
    for key, (ex, ey) in inputs.items():
        data.append(data_input(make_table(
            folder / "eval.table", ex, ey, sparse,
            ids=[f"e{k}" for k in range(len(ex))]), key))
    party = c.party("guest", 9999, data=data)
    c.run()
    return party


def fitted(folder, opts, *args, **more):
    party = component(folder, {"tol": 1e-8, **opts}, *args, **more)
    assert party.state["status"] == "success", party.log
    return party


def near(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def check_rows(rows, y, p, classes, kind):
    assert len(rows) == len(y)
    for row, label, probability in zip(rows, y, p):
        best = int(np.argmax(probability))
        assert row[0] == label and row[1] == classes[best]
        assert row[2] == row[3][str(classes[1 if len(classes) == 2
                                            else best])]
        near([row[3][str(k)] for k in classes], probability)
        assert row[4] == kind and len(row[3]) == len(classes)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("opts,plain", [
    ({}, {}),
    ({"C": 0.05, "solver": "newton-cg"}, {"c": 0.05}),
    ({"penalty": "none"}, {"penalty": False}),
    ({"fit_intercept": False}, {"intercept": False}),
    ({"class_weight": {"1": 3}}, {"weight": {1: 3}}),
    ({"multi_class": "ovr", "max_iter": 100}, {}),
    ({"solver": "liblinear"}, {"scaling": 1}),
    ({"solver": "liblinear", "intercept_scaling": 3}, {"scaling": 3}),
    ({"class_weight": "balanced"}, {"weight": {
        k: N / (2 * Y.count(k)) for k in (0, 1)}})])
def test_two_classes_when_fit_then_as_newton(tmp_path, sparse, opts, plain):
    party = fitted(tmp_path, opts, sparse=sparse)
    w, p = newton(X, Y, **plain)
    param = model(party, "LocalBaselineParam", "LRModelParam")
    near([param["weight"][f"x{j}"] for j in range(D)], w[1, :D])
    near(param["intercept"], w[1, D] if opts.get("fit_intercept", True)
         else 0)
    assert param["isConverged"] and 0 < param["iters"] < 100
    assert param["header"] == [f"x{j}" for j in range(D)]
    assert param["bestIteration"] == -1 and not param["needOneVsRest"]
    assert "oneVsRestResult" not in param
    meta = model(party, "LocalBaselineMeta", "LRModelMeta")
    assert (meta["penalty"], meta["optimizer"], meta["maxIter"]) == (
        opts.get("penalty", "l2"), opts.get("solver", "lbfgs"), "100")
    assert meta["fitIntercept"] is opts.get("fit_intercept", True)
    out = Table(party.state)
    assert out.header == ["label", "predict_result", "predict_score",
                          "predict_detail", "type"]
    check_rows(out.lists, Y, p, [0, 1], "train")
    assert party.metrics == {}


def test_defaults_when_fit_then_within_their_tolerance(tmp_path):
    party = component(tmp_path, {})
    w, _ = newton(X, Y)
    param = model(party, "LocalBaselineParam")
    np.testing.assert_allclose([param["weight"][f"x{j}"] for j in range(D)],
                               w[1, :D], atol=1e-4)
    assert model(party, "LocalBaselineMeta")["tol"] == 1e-4


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("opts", [{}, {"multi_class": "multinomial"}])
def test_three_classes_when_fit_then_a_softmax(tmp_path, sparse, opts):
    party = fitted(tmp_path, opts, Y3, sparse)
    w, p = newton(X, Y3)
    param = model(party, "LocalBaselineParam")
    assert param["needOneVsRest"] and param["header"] == []
    assert model(party, "LocalBaselineMeta")["needOneVsRest"]
    result = param["oneVsRestResult"]
    assert result["oneVsRestClasses"] == ["0", "1", "2"]
    for k, one in enumerate(result["completedModels"]):
        near([one["weight"][f"x{j}"] for j in range(D)], w[k, :D])
        assert one["header"] == [f"x{j}" for j in range(D)]
    shift = [one["intercept"] for one in result["completedModels"]] - w[:, D]
    near(shift, [shift[0]] * 3)
    check_rows(Table(party.state).lists, Y3, p, [0, 1, 2], "train")


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("opts", [{}, {"penalty": None}])
def test_multinomial_when_two_classes_then_half_the_weights(
        tmp_path, sparse, opts):
    """Two vectors, each other's opposite, each punished by itself."""
    party = fitted(tmp_path, {"multi_class": "multinomial", **opts},
                   sparse=sparse)
    w, p = newton(X, Y, c=2, penalty="penalty" not in opts)
    param = model(party, "LocalBaselineParam")
    near([param["weight"][f"x{j}"] for j in range(D)], w[1, :D] / 2)
    near(param["intercept"], w[1, D] / 2)
    assert "oneVsRestResult" not in param
    check_rows(Table(party.state).lists, Y, p, [0, 1], "train")
    assert model(party, "LocalBaselineMeta")["penalty"] == (
        "none" if opts else "l2")


def bend(w, gradient, l1, l2):
    """What of the slope no subgradient of the penalty makes up for."""
    g = gradient + l2 * w
    return np.where(w != 0, g + l1 * np.sign(w), g - np.clip(g, -l1, l1))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("opts, l1, l2, scaling", [
    ({"penalty": "l1", "solver": "saga"}, 1, 0, None),
    ({"penalty": "elasticnet", "l1_ratio": 0.7, "solver": "saga"},
     0.7, 0.3, None),
    ({"penalty": "l1", "solver": "liblinear"}, 1, 0, 1),
    ({"penalty": "l1", "solver": "liblinear", "intercept_scaling": 4},
     1, 0, 4)])
def test_l1_when_fit_then_no_subgradient_is_left(tmp_path, sparse, opts, l1,
                                                 l2, scaling):
    c = 0.04
    party = fitted(tmp_path, {"C": c, **opts}, sparse=sparse)
    param = model(party, "LocalBaselineParam")
    w = np.array([param["weight"][f"x{j}"] for j in range(D)] +
                 [param["intercept"]])
    x1 = np.hstack([X, np.ones((N, 1))])
    gradient = c * (1 / (1 + np.exp(-x1 @ w)) - np.array(Y)) @ x1
    left = bend(w[:D], gradient[:D], l1, l2)
    np.testing.assert_allclose(left, 0, atol=1e-6)
    left = bend(w[D], gradient[D], 1 / scaling if scaling else 0, 0)
    np.testing.assert_allclose(left, 0, atol=1e-6)
    assert 0 < sum(w[:D] == 0) < D and param["isConverged"]
    assert model(party, "LocalBaselineMeta")["penalty"] == opts["penalty"]


def test_l1_when_strong_then_the_intercept_alone_is_left(tmp_path):
    party = fitted(tmp_path, {"penalty": "l1", "solver": "saga", "C": 1e-4})
    param = model(party, "LocalBaselineParam")
    assert set(param["weight"].values()) == {0}
    share = sum(Y) / N
    # tol counts in what C makes of the loss
    np.testing.assert_allclose(param["intercept"],
                               math.log(share / (1 - share)), atol=1e-3)


def test_l1_ratio_when_unused_then_the_log_says_so(tmp_path):
    party = fitted(tmp_path, {"l1_ratio": 0.5})
    assert "l1_ratio has no effect" in party.log


@pytest.mark.parametrize("opts, scaling, weight", [
    ({"multi_class": "ovr"}, None, None),
    ({"multi_class": "ovr", "class_weight": {"1": 3, "2": 0.5}}, None,
     lambda k: {0: 1, 1: 3, 2: 0.5}),
    ({"multi_class": "ovr", "class_weight": "balanced"}, None, None),
    ({"solver": "liblinear"}, 1, None)])
def test_three_classes_when_each_against_the_rest(tmp_path, opts, scaling,
                                                  weight):
    party = fitted(tmp_path, opts, Y3)
    result = model(party, "LocalBaselineParam")["oneVsRestResult"]
    x1, z = np.hstack([X, np.ones((N, 1))]), []
    for k, one in enumerate(result["completedModels"]):
        own = [int(v == k) for v in Y3]
        by_row = None
        if weight:      # of the label, not of the class that is fitted
            by_row = [opts["class_weight"].get(str(v), 1.0) for v in Y3]
        elif "class_weight" in opts:
            by_row = [N / (2 * own.count(v)) for v in own]
        w = newton_by_row(own, by_row, scaling)
        near([one["weight"][f"x{j}"] for j in range(D)], w[:D])
        near(one["intercept"], w[D])
        assert one["isConverged"] and 0 < one["iters"]
        z.append(1 / (1 + np.exp(-x1 @ w)))
    p = np.array(z).T
    check_rows(Table(party.state).lists, Y3, p / p.sum(1, keepdims=True),
               [0, 1, 2], "train")


def newton_by_row(y, weight, scaling):
    """newton() for two classes with a weight for each row."""
    x1, y = np.hstack([X, np.ones((N, 1))]), np.array(y, float)
    s = np.ones(N) if weight is None else np.array(weight)
    ridge = np.diag([1.0] * D + [1 / scaling ** 2 if scaling else 0.0])
    w = np.zeros(D + 1)
    for _ in range(60):
        p = 1 / (1 + np.exp(-x1 @ w))
        h = (x1.T * (s * p * (1 - p))) @ x1 + ridge
        w -= np.linalg.solve(h, (s * (p - y)) @ x1 + ridge @ w)
    return w


@pytest.mark.parametrize("y, opts", [
    (Y, {}), (Y3, {}), ([2 * v - 1 for v in Y], {}),
    (Y3, {"multi_class": "ovr"}), (Y, {"multi_class": "multinomial"}),
    (Y3, {"penalty": "l1", "solver": "saga"})])
def test_model_when_loaded_then_predicts_alike(tmp_path, y, opts):
    fit = fitted(tmp_path / "fit", opts, y)
    table = make_table(tmp_path / "eval.table", X[:50], y[:50])
    party = run(tmp_path / "new", "LocalBaseline", {"model_opts": opts},
                table, fit, key="eval_data")
    assert party.state["status"] == "success", party.log
    train = Table(fit.state).lists[:50]
    assert Table(party.state).lists == [row[:4] + ["predict"]
                                        for row in train]
    for buffer in ("LocalBaselineMeta", "LocalBaselineParam"):
        assert model(party, buffer) == model(fit, buffer)


def test_eval_data_when_given_then_predicted_too(tmp_path):
    party = fitted(tmp_path, {}, eval_data=(X[:20], Y[:20]))
    out = Table(party.state)
    kinds = {i: row[4] for i, row in zip(out.ids, out.lists)}
    assert sum(k == "train" for k in kinds.values()) == N
    assert {i for i, k in kinds.items() if k == "validate"} == {
        f"e{k}" for k in range(20)}


def test_steps_when_too_few_then_not_converged(tmp_path):
    party = fitted(tmp_path, {"max_iter": 2})
    param = model(party, "LocalBaselineParam")
    assert param["iters"] == 2 and param["isConverged"] is False


@pytest.mark.parametrize("opts,y,x,words", [
    ({"penalty": "l0"}, Y, X, ['"l0"', '"l2"', '"elasticnet"']),
    ({"C": 0}, Y, X, ["C 0"]),
    ({}, [1] * N, X, ["one class"]),
    ({}, None, X, ["'000000'", "label"]),
    ({}, [0.5] * N, X, ["whole number"]),
    ({}, Y, np.where(X == 0, math.nan, X), ["missing_fill"])])
def test_input_when_wrong_then_named(tmp_path, opts, y, x, words):
    text = component(tmp_path, opts, y, x=x).state["error"]["text"]
    assert all(word in text for word in words), text


def test_need_run_when_false_then_no_output(tmp_path):
    c = Component(tmp_path / "task", "LocalBaseline", {"need_run": False})
    party = c.party("host", 10000, data=[data_input(make_table(
        tmp_path / "train.table", X), "train_data")])
    c.succeeded()
    assert not party.state.get("table") and not party.state["model"]


def test_options_when_illegal_then_refused_at_submit(site, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id,y,x0\n1,0,1\n2,1,3\n3,0,2\n4,1,5\n")
    site.flow.uploaded(source, "local_baseline", "t")
    dsl = {"components": {
        "dataio_0": {"module": "DataIO", "input": {
            "data": {"data": ["args.train_data"]}},
            "output": {"data": ["train"], "model": ["dataio"]}},
        "local_baseline_0": {"module": "LocalBaseline", "input": {
            "data": {"train_data": ["dataio_0.train"]}},
            "output": {"data": ["train"], "model": ["m"]}}}}
    conf = {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": {"guest": [9999]},
            "role_parameters": {"guest": {"args": {"data": {"train_data": [
                {"name": "t", "namespace": "local_baseline"}]}}}},
            "algorithm_parameters": {"local_baseline_0": {
                "model_opts": {"solver": "newton-cholesky"}}}}
    answer = site.flow.submit(dsl, conf)
    assert answer["retcode"] and "newton-cholesky" in answer["retmsg"]
    conf["algorithm_parameters"]["local_baseline_0"]["model_opts"] = {
        "penalty": "l1"}
    answer = site.flow.submit(dsl, conf)
    assert answer["retcode"] and '"lbfgs" has the penalties "l2" and' in \
        answer["retmsg"]
    conf["algorithm_parameters"]["local_baseline_0"]["model_opts"] = {
        "C": 10, "random_state": 7}
    job = site.flow.finished(dsl, conf)
    shown = site.flow.component("output/model", job, "local_baseline_0",
                                "guest", 9999)
    assert shown["data"]["weight"]["x0"] > 0
    assert shown["meta"]["module_name"] == "LocalBaseline"
