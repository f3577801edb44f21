"""HeteroLR as tasks of their own: a guest's, hosts' and the arbiter's
processes train under encryption on generated tables; weights and losses are
compared with the same formulas written once more here, on plain NumPy arrays.
"""
import json
import math
import sqlite3
import struct

import pytest

from taskdir import Component, data_input

np = pytest.importorskip("numpy")
import instances  # noqa: E402

N = 60
BASE = {"penalty": "L2", "tol": 1e-9, "alpha": 0.05, "optimizer": "sgd",
        "batch_size": -1, "learning_rate": 0.15, "max_iter": 4,
        "early_stop": "weight_diff", "decay": 1, "decay_sqrt": True,
        "init_param": {"init_method": "const", "init_const": 0.3,
                       "fit_intercept": True, "random_seed": None},
        "encrypt_param": {"method": "Paillier", "key_length": 1024},
        "validation_freqs": None, "early_stopping_rounds": None,
        "metrics": ["auc", "ks"], "use_first_metric_only": False,
        "predict_param": {"threshold": 0.5}}


def make_data(hosts=1, zeros=False, n=N, widths=(3, 4)):
    rng = np.random.default_rng(7)
    xs = [rng.normal(size=(n, widths[0]))]
    xs += [rng.normal(size=(n, widths[1])) for _ in range(hosts)]
    if zeros:
        xs = [np.where(rng.random(x.shape) < 0.4, 0, x) for x in xs]
    y = (xs[0][:, 0] + xs[1][:, 0] + rng.normal(size=n) * 0.3 > 0)
    return xs, y.astype(int)


def run_parties(folder, xs, y, param, sparse=False, evals=None, models=None,
                host_ids=None):
    """{party: (state, folder)} of one component's tasks, run together."""
    names = ["guest-9999"] + [f"host-{10000 + i}"
                              for i in range(len(xs) - 1)] + ["arbiter-9998"]
    sets = [("train_data", xs, y)] if models is None else []
    sets += [("eval_data",) + evals] if evals else []
    c = Component(folder, "HeteroLR", param, "hetero_lr_0")
    for k, name in enumerate(names):
        role, party = name.split("-")
        data = []
        for key, x, labels in sets:
            path = None
            if role != "arbiter":
                path = instances.make_table(
                    folder / f"{key}.{name}", x[k],
                    labels.tolist() if k == 0 else None, sparse,
                    ids=host_ids if role == "host" else None)
            data.append(data_input(path, key, "intersection_0"))
        c.party(role, party, data=data, models=[
            {"isometric": False, "component": "hetero_lr_0",
             "dir": str(models / name / "model")}] if models else [])
    return {name: (p.state, p.folder) for name, p in c.run().items()}


def weights_of(own, columns):
    """Weights of a packed LRModelParam, and its numbers by field."""
    raw = (own / "model" / "HeteroLogisticRegressionParam").read_bytes()
    w, found = [0.0] * columns, {}
    for number, wire, value in instances.fields(raw):
        if number == 4:
            entry = {n: v for n, _, v in instances.fields(value)}
            w[int(entry[1][1:])] = (struct.unpack("<d", entry[2])[0]
                                    if 2 in entry else 0.0)
        elif wire == instances.VARINT:
            found[number] = value
        elif wire == instances.FIXED64:
            found[number] = struct.unpack("<d", value)[0]
    return w, found


# ---- the same formulas in the clear ----

def train_plain(xs, y, p):
    """(weights per party, intercept, losses)"""
    n = len(y)
    x = np.hstack([xs[0], np.ones((n, 1))] + xs[1:])
    cut = xs[0].shape[1]
    coef = np.array([j != cut for j in range(x.shape[1])])
    s = np.where(y == 1, 1.0, -1.0)
    init = p["init_param"]
    w = np.full(x.shape[1], {"zeros": 0.0, "const": init["init_const"]}
                [init["init_method"]])
    m, v, step = np.zeros_like(w), np.zeros_like(w), 0
    size = n if p["batch_size"] == -1 else p["batch_size"]
    losses = []
    for t in range(p["max_iter"]):
        lr = p["learning_rate"] / (math.sqrt(1 + p["decay"] * t)
                                   if p["decay_sqrt"] else 1 + p["decay"] * t)
        batches, total = range(0, n, size), 0.0
        for lo in batches:
            xb, sb = x[lo:lo + size], s[lo:lo + size]
            u = xb @ w
            loss = (math.log(2) - 0.5 * (sb * u).sum() / n +
                    0.125 * (u * u).sum() / n)
            if p["penalty"] == "L1":
                loss += p["alpha"] * np.abs(w[coef]).sum()
            if p["penalty"] == "L2":
                loss += 0.5 * p["alpha"] * (w[coef] ** 2).sum()
            total += loss
            g = xb.T @ (0.25 * u - 0.5 * sb) / len(sb)
            if p["penalty"] == "L2":
                g = g + p["alpha"] * w * coef
            step += 1
            if p["optimizer"] == "sgd":
                delta = lr * g
            elif p["optimizer"] == "rmsprop":
                m = 0.99 * m + 0.01 * g * g
                delta = lr * g / np.sqrt(m + 1e-6)
            elif p["optimizer"] == "adagrad":
                m = m + g * g
                delta = lr * g / (np.sqrt(m) + 1e-7)
            elif p["optimizer"] == "adam":
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                delta = (lr * m / (1 - 0.9 ** step) /
                         (np.sqrt(v / (1 - 0.999 ** step)) + 1e-8))
            else:
                vel = 0.9 * m - lr * g
                delta = 0.9 * m - 1.9 * vel
                m = vel
            w = w - delta
            if p["penalty"] == "L1":
                k = (p["alpha"] * p["learning_rate"] / math.sqrt(t)
                     if t else math.inf)
                soft = np.sign(w) * np.maximum(0, np.abs(w) - k)
                w = np.where(coef, soft, w)
        losses.append(total / len(batches))
    out, at = [w[:cut]], cut + 1
    for x_h in xs[1:]:
        out.append(w[at:at + x_h.shape[1]])
        at += x_h.shape[1]
    return out, w[cut], losses


def read_losses(own):
    return [line["value"] for line in
            map(json.loads, (own / "metrics.jsonl").read_text().splitlines())
            if line["t"] == "point" and line["name"] == "loss"]


def assert_success(runs):
    for name, (state, own) in runs.items():
        assert state["status"] == "success", (
            name, state, (own / "task.log").read_text())


def check(folder, p, hosts=1, sparse=False, n=N):
    xs, y = make_data(hosts, zeros=sparse, n=n)
    runs = run_parties(folder, xs, y, p, sparse)
    assert_success(runs)
    want, bias, losses = train_plain(xs, y, p)
    names = ["guest-9999"] + [f"host-{10000 + i}" for i in range(hosts)]
    for name, w in zip(names, want):
        got, fields = weights_of(runs[name][1], len(w))
        np.testing.assert_allclose(got, w, atol=1e-4)
        assert fields[1] == p["max_iter"]
    got, fields = weights_of(runs["guest-9999"][1], xs[0].shape[1])
    assert abs(fields.get(5, 0) - bias) < 1e-4
    if hosts == 1:
        np.testing.assert_allclose(
            read_losses(runs["arbiter-9998"][1]), losses, atol=1e-4)
    return runs, xs, y, want, bias


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


def check_rows(state, y, score, kind):
    db = sqlite3.connect(state["table"]["path"])
    rows = [json.loads(v) for (v,) in
            db.execute("SELECT value FROM row ORDER BY pos")]
    db.close()
    np.testing.assert_allclose([r[2] for r in rows], score, atol=1e-5)
    assert [r[0] for r in rows] == y.tolist()
    assert [r[1] for r in rows] == (score > 0.5).astype(int).tolist()
    assert {r[4] for r in rows} == {kind}


@pytest.mark.parametrize("hosts, sparse", [(1, False), (2, True)])
def test_train_when_rows_need_several_messages(tmp_path, hosts, sparse):
    runs, xs, y, want, bias = check(
        tmp_path, {**BASE, "max_iter": 1}, hosts, sparse, n=4097)
    u = sum(x @ w for x, w in zip(xs, want)) + bias
    check_rows(runs["guest-9999"][0], y, 1 / (1 + np.exp(-u)), "train")


def test_train_sparse(tmp_path):
    check(tmp_path, {**BASE, "max_iter": 3}, sparse=True)


def test_train_two_hosts(tmp_path):
    runs = check(tmp_path, {**BASE, "max_iter": 3}, hosts=2)[0]
    assert not (runs["arbiter-9998"][1] / "metrics.jsonl").exists() or \
        read_losses(runs["arbiter-9998"][1]) == []


def test_converges_by_diff(tmp_path):
    xs, y = make_data()
    p = {**BASE, "early_stop": "diff", "tol": 0.5, "max_iter": 9}
    runs = run_parties(tmp_path, xs, y, p)
    assert_success(runs)
    _, fields = weights_of(runs["host-10000"][1], 4)
    assert fields[1] == 2 and fields[3] == 1


def test_predictions_and_predict_mode(tmp_path):
    p = {**BASE, "max_iter": 2}
    runs, xs, y, want, bias = check(tmp_path / "fit", p)
    u = sum(x @ w for x, w in zip(xs, want)) + bias
    score = 1 / (1 + np.exp(-u))

    check_rows(runs["guest-9999"][0], y, score, "train")
    runs = run_parties(tmp_path / "predict", xs, y, p, evals=(xs, y),
                       models=tmp_path / "fit")
    assert_success(runs)
    check_rows(runs["guest-9999"][0], y, score, "predict")
    assert runs["host-10000"][0].get("table") is None


def test_early_stopping_by_metric(tmp_path):
    xs, y = make_data()
    p = {**BASE, "validation_freqs": 1, "early_stopping_rounds": 1,
         "learning_rate": 1e-9, "max_iter": 6, "tol": 1e-15}
    runs = run_parties(tmp_path, xs, y, p, evals=(xs, y))
    assert_success(runs)
    for name, columns in (("guest-9999", 3), ("host-10000", 4)):
        _, fields = weights_of(runs[name][1], columns)
        assert fields[1] == 2
        assert fields.get(9, 0) == 0


@pytest.mark.parametrize("change, words", [
    ({"cv_param": {"need_cv": True}}, "need_cv"),
    ({"labels": 3}, "one-vs-rest"),
    ({"ids": True}, "ids"),
])
def test_refusals(tmp_path, change, words):
    xs, y = make_data()
    if "labels" in change:
        y = np.arange(N) % 3
    ids = [f"{i:06d}" for i in range(1, N + 1)] if "ids" in change else None
    p = {**BASE, **({"cv_param": change["cv_param"]}
                    if "cv_param" in change else {})}
    runs = run_parties(tmp_path, xs, y, p, host_ids=ids)
    texts = " ".join(json.dumps(s) for s, _ in runs.values())
    assert words in texts
