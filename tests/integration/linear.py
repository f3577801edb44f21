"""HeteroLR, HeteroLinR and HeteroPoisson as tasks of their own, and the same
formulas written once more on plain NumPy arrays."""
import json
import math
import types

import numpy as np

import instances
from taskdir import Component, data_input

BASE = {"penalty": "L2", "tol": 1e-9, "alpha": 0.05, "optimizer": "sgd",
        "batch_size": -1, "learning_rate": 0.15, "max_iter": 4,
        "early_stop": "weight_diff", "decay": 1, "decay_sqrt": True,
        "init_param": {"init_method": "const", "init_const": 0.3,
                       "fit_intercept": True, "random_seed": None},
        "encrypt_param": {"method": "Paillier", "key_length": 1024},
        "validation_freqs": None, "early_stopping_rounds": None,
        "metrics": [], "use_first_metric_only": False,
        "predict_param": {"threshold": 0.5}}
BUFFER = {"HeteroLR": ("HeteroLogisticRegression", "LRModel"),
          "HeteroLinR": ("HeteroLinearRegression", "LinRModel"),
          "HeteroPoisson": ("HeteroPoissonRegression", "PoissonModel")}


def party_names(hosts):
    return ["guest-9999"] + [f"host-{10000 + i}" for i in range(hosts)]


def run_parties(folder, module, xs, y, param, *, sparse=False, evals=None,
                models=None, host_ids=None, keep=False, header=None,
                **fields):
    """{party: Party} of one component's tasks, run together: xs has the
    guest's columns and each host's, evals is another such (xs, y)."""
    names = party_names(len(xs) - 1) + ["arbiter-9998"]
    sets = [("train_data", xs, y)] if models is None else []
    sets += [("eval_data",) + evals] if evals else []
    c = Component(folder, module, param, "linear_0", keep_messages=keep,
                  **fields)
    for k, name in enumerate(names):
        role, party = name.split("-")
        data = []
        for key, x, labels in sets:
            path = None
            if role != "arbiter":
                path = instances.make_table(
                    folder / f"{key}.{name}", x[k],
                    np.asarray(labels).tolist() if k == 0 else None, sparse,
                    ids=host_ids if role == "host" else None,
                    header=header if k == 0 else None)
            data.append(data_input(path, key, "intersection_0"))
        c.party(role, party, data=data, models=[
            {"isometric": False, "component": "linear_0",
             "dir": str(models / name / "model")}] if models else [])
    return c.run()


def succeeded(*args, **more):
    runs = run_parties(*args, **more)
    for name, p in runs.items():
        assert p.state["status"] == "success", (name, p.state, p.log)
    return runs


def model(party, module, suffix="Param"):
    buffer, message = BUFFER[module]
    return instances.model(party, buffer + suffix, message + suffix)


def vector(shown, columns=None):
    """Weights by the model's header."""
    return np.array([shown["weight"][c] for c in columns or shown["header"]])


def losses(party, name="loss"):
    metrics = party.metrics.get("train", {}).get(name, {"data": []})
    return [value for _, value in metrics["data"]]


# ---- the formulas in the clear ----

FORMULAS = {
    # residual and loss (without penalty) of scores u and labels y
    "HeteroLR": types.SimpleNamespace(
        residual=lambda u, y: 0.25 * u - 0.5 * y,
        loss=lambda u, y, n: (math.log(2) - 0.5 * (y * u).sum() / n +
                              0.125 * (u * u).sum() / n),
        predict=lambda u: 1 / (1 + np.exp(-u)), curvature=0.25),
    "HeteroLinR": types.SimpleNamespace(
        residual=lambda u, y: u - y,
        loss=lambda u, y, n: ((u - y) ** 2).sum() / (2 * n),
        predict=lambda u: u, curvature=1.0),
    "HeteroPoisson": types.SimpleNamespace(
        residual=lambda u, y: np.exp(u) - y,
        loss=lambda u, y, n: (np.exp(u) - y * u).sum() / n,
        predict=np.exp, curvature=None),
}


class Optimizer:
    def __init__(self, p, n):
        self.p, self.step = p, 0
        self.m, self.v = np.zeros(n), np.zeros(n)

    def rate(self, t):
        slow = 1 + self.p["decay"] * t
        return self.p["learning_rate"] / (
            math.sqrt(slow) if self.p["decay_sqrt"] else slow)

    def delta(self, g, t):
        lr, name = self.rate(t), self.p["optimizer"]
        self.step += 1
        if name in ("sgd", "sqn"):
            return lr * g
        if name == "rmsprop":
            self.m = 0.99 * self.m + 0.01 * g * g
            return lr * g / np.sqrt(self.m + 1e-6)
        if name == "adagrad":
            self.m = self.m + g * g
            return lr * g / (np.sqrt(self.m) + 1e-7)
        if name == "adam":
            self.m = 0.9 * self.m + 0.1 * g
            self.v = 0.999 * self.v + 0.001 * g * g
            return (lr * self.m / (1 - 0.9 ** self.step) /
                    (np.sqrt(self.v / (1 - 0.999 ** self.step)) + 1e-8))
        assert name == "nesterov_momentum_sgd"
        vel = 0.9 * self.m - lr * g
        delta = 0.9 * self.m - 1.9 * vel
        self.m = vel
        return delta


class Curvature:
    """sqn by its matrix: pairs of the change of the mean weights and of the
    gradient, over all rows."""

    def __init__(self, p, x, curvature, coef):
        self.p, self.pairs = p["sqn_param"], []
        self.hessian = curvature * x.T @ x / len(x)
        if p["penalty"] == "L2":
            self.hessian = self.hessian + p["alpha"] * np.diag(coef * 1.0)
        self.seen, self.means = [], []

    def add(self, w):
        """The weights that a step started from."""
        self.seen.append(w)
        if len(self.seen) == self.p["update_interval_L"]:
            self.means.append(np.mean(self.seen, axis=0))
            self.seen = []
            if len(self.means) > 1:
                s = self.means[-1] - self.means[-2]
                y = self.hessian @ s
                if s @ y > 0:
                    self.pairs.append((s, y))

    def turn(self, g):
        pairs = self.pairs[-self.p["memory_M"]:]
        if not pairs:
            return g
        s, y = pairs[-1]
        one = np.eye(len(g))
        h = (s @ y) / (y @ y) * one
        for s, y in pairs:
            r = 1 / (s @ y)
            h = ((one - r * np.outer(s, y)) @ h @ (one - r * np.outer(y, s)) +
                 r * np.outer(s, s))
        return h @ g


def penalty_loss(p, w):
    return p["alpha"] * {"L1": np.abs(w).sum(), "L2": 0.5 * (w ** 2).sum(),
                         "none": 0}[p["penalty"]]


def soft(p, w, t):
    k = (p["alpha"] * p["learning_rate"] / math.sqrt(t) if t else math.inf)
    return np.sign(w) * np.maximum(0, np.abs(w) - k)


def train(module, xs, y, p, offset=0.0):
    """(weights per party, intercept, losses) at convergence, or after
    max_iter iterations."""
    f, n, cut = FORMULAS[module], len(y), xs[0].shape[1]
    x = np.hstack([xs[0], np.ones((n, 1))] + xs[1:])
    coef = np.arange(x.shape[1]) != cut
    y = np.where(np.asarray(y) == 1, 1.0, -1.0) if module == "HeteroLR" \
        else np.asarray(y, float)
    offset = offset + np.zeros(n)
    init = p["init_param"]
    w = np.full(x.shape[1], {"zeros": 0.0, "const": init.get("init_const")}
                [init["init_method"]])
    optimizer, out = Optimizer(p, len(w)), []
    sqn = Curvature(p, x, f.curvature, coef) \
        if p["optimizer"] == "sqn" else None
    size = n if p["batch_size"] == -1 else p["batch_size"]
    for t in range(p["max_iter"]):
        batches, total, moved = range(0, n, size), 0.0, 0.0
        for lo in batches:
            b = slice(lo, lo + size)
            u = x[b] @ w + offset[b]
            total += f.loss(u, y[b], n) + penalty_loss(p, w[coef])
            g = x[b].T @ f.residual(u, y[b]) / len(u)
            if p["penalty"] == "L2":
                g = g + p["alpha"] * w * coef
            before = w
            delta = optimizer.delta(sqn.turn(g) if sqn else g, t)
            w, moved = w - delta, moved + delta
            if sqn:
                sqn.add(before)
            if p["penalty"] == "L1":
                w = np.where(coef, soft(p, w, t), w)
        out.append(total / len(batches))
        if converged(p, out, moved):
            break
    return split(xs, w), w[cut], out


def converged(p, losses, moved):
    """By the losses so far, or what an iteration moved the weights."""
    if p["early_stop"] == "weight_diff":
        return np.linalg.norm(moved) < p["tol"]
    if p["early_stop"] == "abs":
        return losses[-1] <= p["tol"]
    return len(losses) > 1 and abs(losses[-1] - losses[-2]) < p["tol"]


def split(xs, w):
    """A vector with the intercept after the guest's, per party."""
    parts, at = [w[:xs[0].shape[1]]], xs[0].shape[1] + 1
    for x in xs[1:]:
        parts.append(w[at:at + x.shape[1]])
        at += x.shape[1]
    return parts


def score(xs, want, bias, offset=0.0):
    return sum(x @ w for x, w in zip(xs, want)) + bias + offset


def check(folder, module, xs, y, p, offset=0.0, plain_xs=None, **more):
    """Runs, and compares with the plain training; (runs, weights, bias)."""
    runs = succeeded(folder, module, xs, y, p, **more)
    plain_xs = plain_xs or xs
    want, bias, plain = train(module, plain_xs, y, p, offset)
    for name, w in zip(party_names(len(xs) - 1), want):
        shown = model(runs[name], module)
        np.testing.assert_allclose(vector(shown), w, atol=1e-4)
        assert shown["iters"] == len(plain)
    assert abs(model(runs["guest-9999"], module)["intercept"] - bias) < 1e-4
    got = losses(runs["arbiter-9998"])
    if len(xs) == 2:
        np.testing.assert_allclose(got, plain, atol=1e-4)
    else:
        assert got == []
    return runs, want, bias


def rows(party):
    return [json.loads(v) for _, _, v in party.rows]
