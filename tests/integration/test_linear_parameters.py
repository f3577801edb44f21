"""The linear models' parameters one by one, at the edges of what is legal,
beside the plain formulas (linear.py)."""
import pytest

np = pytest.importorskip("numpy")
import linear  # noqa: E402
from linear import BASE, check, losses, model, rows, succeeded  # noqa: E402
from linear import run_parties, score, train, vector  # noqa: E402

N = 60
MODULES = ["HeteroLR", "HeteroLinR", "HeteroPoisson"]
SLOW = {**BASE, "learning_rate": 0.05, "max_iter": 3}
PARTIES = ("guest-9999", "host-10000")


def make_data(module, hosts=1, n=N):
    rng = np.random.default_rng(23)
    xs = [rng.normal(size=(n, 2))]
    xs += [rng.normal(size=(n, 3)) for _ in range(hosts)]
    u = xs[0][:, 0] - 0.5 * xs[1][:, 1] + 0.3 * rng.normal(size=n)
    if module == "HeteroLR":
        return xs, (u > 0).astype(int)
    if module == "HeteroLinR":
        return xs, 2 * u - 3
    return xs, rng.poisson(np.exp(0.5 * u))


def weights(runs, module):
    return np.concatenate([vector(model(runs[name], module))
                           for name in PARTIES])


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("given, shown", [
    ("None", "NONE"), (None, ""), ("l2", "L2")])
def test_words_are_read_in_any_case_and_shown_in_one(tmp_path, module, given,
                                                     shown):
    xs, y = make_data(module)
    plain = {**SLOW, "optimizer": "adam",
             "penalty": "L2" if given == "l2" else "none"}
    written = {**plain, "penalty": given, "optimizer": "Adam",
               "early_stop": "Weight_Diff", "encrypted_mode_calculator_param":
               {"mode": "Balance", "re_encrypted_rate": 0.3}}
    written["init_param"] = {**plain["init_param"], "init_method": "CONST"}
    runs = succeeded(tmp_path, module, xs, y, written)
    want, _, plain_losses = train(module, xs, y, plain)
    np.testing.assert_allclose(weights(runs, module), np.concatenate(want),
                               atol=1e-4)
    np.testing.assert_allclose(losses(runs["arbiter-9998"]), plain_losses,
                               atol=1e-4)
    for party in runs.values():
        meta = model(party, module, "Meta")
        assert (meta["penalty"], meta["optimizer"], meta["earlyStop"]) == (
            shown, "adam", "weight_diff")


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("change", [
    {"batch_size": 1000}, {"batch_size": 10, "max_iter": 1},
    {"decay": 3, "decay_sqrt": False}, {"decay": 0}, {"alpha": 0},
    {"encrypt_param": {"method": "paillier", "key_length": 2048},
     "max_iter": 1}])
def test_numbers_change_the_plain_training_alike(tmp_path, module, change):
    xs, y = make_data(module)
    check(tmp_path, module, xs, y, {**SLOW, **change})


@pytest.mark.parametrize("module", MODULES)
def test_weights_start_as_the_method_says(tmp_path, module):
    """A step of next to nothing leaves them as they were."""
    xs, y = make_data(module)
    small = [0.01 * x for x in xs]

    def start(name, method, seed=None, **more):
        p = {**SLOW, "learning_rate": 1e-12, "max_iter": 1, "init_param": {
            "init_method": method, "random_seed": seed,
            "fit_intercept": True, **more}}
        return weights(succeeded(tmp_path / name, module, small, y, p),
                       module)

    assert np.allclose(start("a", "ones"), 1)
    assert np.allclose(start("b", "zeros"), 0)
    assert np.allclose(start("c", "const", init_const=-0.25), -0.25)
    one = start("d", "random_uniform", 7)
    assert ((0 <= one) & (one < 1)).all() and len(set(one)) == 5
    np.testing.assert_array_equal(one, start("e", "random_uniform", 7))
    assert not np.allclose(one, start("f", "random_uniform", 8))
    assert not np.allclose(one, start("g", "random_normal", 7))
    assert len(set(start("h", "random_normal"))) == 5


@pytest.mark.parametrize("module", MODULES)
def test_converges_by_abs(tmp_path, module):
    xs, y = make_data(module)
    p = {**SLOW, "early_stop": "abs", "max_iter": 9}
    plain = train(module, xs, y, p)[2]
    assert all(a > b for a, b in zip(plain, plain[1:]))
    p["tol"] = (plain[3] + plain[4]) / 2
    runs = succeeded(tmp_path, module, xs, y, p)
    for name in PARTIES:
        shown = model(runs[name], module)
        assert shown["isConverged"] and shown["iters"] == 5
    np.testing.assert_allclose(losses(runs["arbiter-9998"]), plain[:5],
                               atol=1e-4)


@pytest.mark.parametrize("module, hosts", [
    ("HeteroLR", 1), ("HeteroLR", 2), ("HeteroLinR", 2),
    ("HeteroPoisson", 1)])
def test_converges_by_the_weights_of_all_batches(tmp_path, module, hosts):
    """The norm of what an iteration's batches moved together."""
    xs, y = make_data(module, hosts)
    p = {**SLOW, "batch_size": 25, "max_iter": 8}
    w = [np.zeros(0)]
    for k in range(9):
        want, bias, _ = train(module, xs, y, {**p, "max_iter": k})
        w.append(np.concatenate(want + [[bias]]))
    moved = [np.linalg.norm(b - a) for a, b in zip(w[1:], w[2:])]
    assert all(a > b for a, b in zip(moved, moved[1:]))
    p["tol"] = float(moved[2] + moved[3]) / 2
    runs = succeeded(tmp_path, module, xs, y, p)
    for name in linear.party_names(hosts):
        shown = model(runs[name], module)
        assert shown["isConverged"] and shown["iters"] == 4, moved


def test_threshold_is_where_a_score_becomes_1(tmp_path):
    xs, y = make_data("HeteroLR")
    want, bias, _ = train("HeteroLR", xs, y, SLOW)
    p = 1 / (1 + np.exp(-score(xs, want, bias)))
    at = float(np.sort(p)[N // 4] + 1e-6)
    runs = succeeded(tmp_path, "HeteroLR", xs, y,
                     {**SLOW, "predict_param": {"threshold": at}})
    got = rows(runs["guest-9999"])
    assert [r[1] for r in got] == (p > at).astype(int).tolist()
    assert 0 < sum(r[1] for r in got) < N


def test_labels_of_minus_one_are_0_in_predictions(tmp_path):
    xs, y = make_data("HeteroLR")
    runs = succeeded(tmp_path, "HeteroLR", xs, 2 * y - 1, SLOW)
    want, bias, _ = train("HeteroLR", xs, y, SLOW)
    np.testing.assert_allclose(weights(runs, "HeteroLR"),
                               np.concatenate(want), atol=1e-4)
    got = rows(runs["guest-9999"])
    assert [r[0] for r in got] == (2 * y - 1).tolist()
    assert {r[1] for r in got} == {0, 1}
    assert set(got[0][3]) == {"0", "1"}


@pytest.mark.parametrize("module, value", [
    ("HeteroLR", 1), ("HeteroLR", 0), ("HeteroLinR", 2.5),
    ("HeteroPoisson", 0)])
def test_labels_that_are_all_alike_are_fitted(tmp_path, module, value):
    xs, y = make_data(module)
    p = {**SLOW, "validation_freqs": 1}
    runs, want, bias = check(tmp_path, module, xs, np.full(N, value), p)
    metrics = runs["guest-9999"].metrics
    if module == "HeteroLR":    # neither AUC nor KS is defined
        assert metrics == {}
    else:
        f = linear.FORMULAS[module].predict(score(xs, want, bias))
        got = dict(metrics["train"]["iteration_2"]["data"])
        assert got["mean_squared_error"] == pytest.approx(
            ((f - value) ** 2).mean(), abs=1e-4)
        assert got["r2_score"] == 0


@pytest.mark.parametrize("module", ["HeteroLR", "HeteroLinR"])
def test_validation_with_two_hosts_and_other_rows(tmp_path, module):
    """Early stopping needs no loss; the output has both kinds of rows."""
    xs, y = make_data(module, 2)
    other = [x[:20] + 0.1 for x in xs], y[:20]
    p = {**SLOW, "batch_size": 25, "validation_freqs": 2,
         "early_stopping_rounds": 1, "max_iter": 4,
         "metrics": ["auc"] if module == "HeteroLR" else ["mse"]}
    runs = succeeded(tmp_path, module, xs, y, p, evals=other)
    metrics = runs["guest-9999"].metrics
    assert set(metrics) == {"train", "validate"}
    assert set(metrics["validate"]) == {"iteration_1", "iteration_3"}
    shown = model(runs["host-10001"], module)
    kept = shown["bestIteration"]
    want, bias, _ = train(module, xs, y, {**p, "max_iter": kept + 1})
    np.testing.assert_allclose(vector(shown), want[2], atol=1e-4)
    assert losses(runs["arbiter-9998"]) == []
    # of equal ids the training's rows win, and here all ids are equal
    f = linear.FORMULAS[module].predict(score(xs, want, bias))
    np.testing.assert_allclose([r[2] for r in rows(runs["guest-9999"])], f,
                               atol=1e-4)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("party", [0, 1])
def test_party_without_columns_is_named(tmp_path, module, party):
    xs, y = make_data(module)
    xs[party] = np.zeros((N, 0))
    runs = run_parties(tmp_path, module, xs, y, SLOW)
    error = runs[PARTIES[party]].state["error"]["text"]
    assert "Number of features of DTable is 0" in error


@pytest.mark.parametrize("module", MODULES)
def test_table_without_rows_is_named(tmp_path, module):
    runs = run_parties(tmp_path, module,
                       [np.zeros((0, 2)), np.zeros((0, 3))], [], SLOW)
    # who fails first ends the others
    texts = [runs[name].state["error"]["text"] for name in PARTIES
             if "error" in runs[name].state]
    assert texts and all("Count of data_instance is 0" in t for t in texts)


@pytest.mark.parametrize("module", MODULES)
def test_value_that_is_no_number_is_named(tmp_path, module):
    xs, y = make_data(module)
    xs[1][17, 2] = np.nan
    runs = run_parties(tmp_path, module, xs, y, SLOW)
    error = runs["host-10000"].state["error"]["text"]
    assert '"000017"' in error and '"x2"' in error
    assert "missing_fill" in error
