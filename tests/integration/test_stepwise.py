"""Stepwise selection of the linear models: which columns are left, and every
step's report, beside a plain search over plain trainings (linear.py)."""
import math

import pytest

np = pytest.importorskip("numpy")
import linear  # noqa: E402
from linear import (BASE, model, rows, run_parties, score,  # noqa: E402
                    succeeded, vector)

N = 80
MODULES = ["HeteroLR", "HeteroLinR", "HeteroPoisson"]
FAST = {**BASE, "penalty": "none", "max_iter": 6, "learning_rate": 0.4,
        "decay": 0, "init_param": {"init_method": "zeros",
                                   "fit_intercept": True}}
STEPS = {"score_name": "AIC", "direction": "both", "max_step": 10,
         "nvmin": 2, "nvmax": None, "need_stepwise": True}


def make_data(module, seed=2):
    """Two columns of the guest's three and one of the host's four matter."""
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=(N, 3)), rng.normal(size=(N, 4))]
    u = xs[0][:, 0] + 0.7 * xs[1][:, 2] - 0.4 * xs[0][:, 2]
    if module == "HeteroLinR":
        return xs, u + 0.5 * rng.normal(size=N)
    if module == "HeteroPoisson":
        return xs, rng.poisson(np.exp(0.6 * u))
    return xs, (u + 0.7 * rng.normal(size=N) > 0).astype(int)


class Search:
    """The plain search: masks of the host's and then the guest's columns."""

    def __init__(self, module, xs, y, p):
        self.module, self.xs, self.y, self.p = module, xs, y, p
        self.own = p["stepwise_param"]
        self.d = xs[1].shape[1]
        self.cache = {}

    def part(self, mask):
        mask = np.array(mask)
        return [self.xs[0][:, mask[self.d:]], self.xs[1][:, mask[:self.d]]]

    def fit(self, mask):
        if mask not in self.cache:
            intercept = self.p["init_param"]["fit_intercept"]
            assert intercept or not any(mask)
            if not intercept:
                return math.inf, None
            want, bias, losses = linear.train(self.module, self.part(mask),
                                              self.y, self.p)
            k = 2 if self.own["score_name"] == "AIC" else math.log(N)
            loss = losses[-1]
            rest = N * math.log(2 * loss) if self.module == "HeteroLinR" \
                else 2 * N * loss
            self.cache[mask] = (k * (sum(mask) + 1) + rest, loss, want, bias)
        return self.cache[mask]

    def run(self):
        """The first mask, and the best after every step that found one."""
        total = self.d + self.xs[0].shape[1]
        best = (self.own["direction"] != "forward",) * total
        out, most = [best], self.own["nvmax"] or total + 1
        while len(out) <= self.own["max_step"]:
            near = [best]
            for j in range(total):
                other = best[:j] + (not best[j],) + best[j + 1:]
                if best[j] and self.own["direction"] != "forward" and \
                        sum(best) > self.own["nvmin"]:
                    near.append(other)
                if not best[j] and self.own["direction"] != "backward" and \
                        sum(best) < most:
                    near.append(other)
            found = min(near, key=lambda m: self.fit(m)[0])
            if found == best:
                break
            out.append(found)
            before, now, best = sum(best), sum(found), found
            if now == self.own["nvmin"] <= before or before <= most == now:
                break
        return out


def check(folder, module, **own):
    xs, y = make_data(module)
    p = {**FAST, "stepwise_param": {**STEPS, **own}}
    if module == "HeteroLR":
        p["learning_rate"] = 1.5
    runs = succeeded(folder, module, xs, y, p)
    search = Search(module, xs, y, p)
    steps = search.run()
    check_reports(runs, search, steps)
    ic, loss, want, bias = search.fit(steps[-1])
    mask = np.array(steps[-1])
    for name, keep, w in (("guest-9999", mask[4:], want[0]),
                          ("host-10000", mask[:4], want[1])):
        shown = model(runs[name], module)
        assert shown["header"] == [f"x{j}" for j in np.flatnonzero(keep)]
        np.testing.assert_allclose(vector(shown), w, atol=1e-4)
        assert set(shown["weight"]) == set(shown["header"])
    assert model(runs["guest-9999"], module)["intercept"] == pytest.approx(
        bias, abs=1e-4)
    mu = linear.FORMULAS[module].predict(
        score(search.part(steps[-1]), want, bias))
    got = rows(runs["guest-9999"])
    np.testing.assert_allclose([r[2] for r in got], mu, atol=1e-4)
    assert {r[4] for r in got} == {"train"}
    return runs, xs, y, p, steps, mu


def check_reports(runs, search, steps):
    for name, party in runs.items():
        metrics = party.metrics["train"]
        assert set(metrics) == {f"stepwise_{k}" for k in range(len(steps))}
        for k, mask in enumerate(steps):
            metric = metrics[f"stepwise_{k}"]
            assert metric["data"] == [[f"stepwise_{k}", k]]
            meta = metric["meta"]
            assert meta["metric_type"] == "STEPWISE"
            assert meta["host_mask"] == list(mask[:4])
            assert meta["guest_mask"] == list(mask[4:])
            assert meta["number_in"] == sum(mask) and meta["n_count"] == N
            assert meta["host_features_anonym"] == [
                f"host_10000_{j}" for j in range(4)]
            assert meta["guest_features_anonym"] == [
                f"guest_9999_{j}" for j in range(3)]
            ic, loss, want, bias = search.fit(mask)
            if name.startswith("arbiter"):
                assert meta["current_ic_val"] == pytest.approx(ic, abs=1e-3)
                assert meta["loss"] == pytest.approx(loss, abs=1e-5)
                assert meta["all_features"] == meta["header"] == []
                continue
            assert meta["loss"] is None and meta["current_ic_val"] is None
            guest = name.startswith("guest")
            own = mask[4:] if guest else mask[:4]
            names = [f"x{j}" for j in range(len(own))]
            assert meta["all_features"] == names
            assert meta["to_enter"] == [
                n for n, m in zip(names, own) if not m]
            assert meta["header"] == [n for n, m in zip(names, own) if m]
            np.testing.assert_allclose(
                [meta["weight"][n] for n in meta["header"]],
                want[0 if guest else 1], atol=1e-4)
            assert meta["intercept"] == pytest.approx(
                bias if guest else 0, abs=1e-4)


@pytest.mark.parametrize("module", MODULES)
def test_both_ways_from_all_columns(tmp_path, module):
    runs, xs, y, p, steps, mu = check(tmp_path / "fit", module)
    assert 1 < len(steps) and sum(steps[-1]) < 7
    # a prediction takes the columns that were left out, and no notice
    again = succeeded(tmp_path / "predict", module, xs, y, p, evals=(xs, y),
                      models=tmp_path / "fit")
    got = rows(again["guest-9999"])
    np.testing.assert_allclose([r[2] for r in got], mu, atol=1e-4)
    assert {r[4] for r in got} == {"predict"}


@pytest.mark.parametrize("module", MODULES)
def test_forward_from_none(tmp_path, module):
    """At first no party but the guest has a weight, later perhaps one."""
    steps = check(tmp_path, module, direction="forward")[4]
    assert [sum(s) for s in steps[:2]] == [0, 1] and len(steps) > 2


@pytest.mark.parametrize("own, count", [
    ({"direction": "backward", "nvmin": 6, "score_name": "BIC"}, 6),
    ({"direction": "forward", "nvmax": 2}, 2),
    ({"max_step": 1}, 6),
    # as few as may be left: no other column takes the place of one
    ({"nvmin": 4}, 4),
])
def test_limits_end_the_search(tmp_path, own, count):
    steps = check(tmp_path, "HeteroLinR", **own)[4]
    assert sum(steps[-1]) == count


def test_party_without_a_column_left(tmp_path):
    """The host's columns are worth nothing; by sqn as well."""
    xs, y = make_data("HeteroLinR")
    xs[1] = np.random.default_rng(9).normal(size=(N, 4))
    p = {**FAST, "optimizer": "sqn", "sqn_param": {
        "update_interval_L": 2, "memory_M": 3, "sample_size": 500},
        "stepwise_param": {**STEPS, "score_name": "BIC"}}
    runs = succeeded(tmp_path, "HeteroLinR", xs, y, p)
    search = Search("HeteroLinR", xs, y, p)
    steps = search.run()
    assert not any(steps[-1][:4])
    check_reports(runs, search, steps)
    assert model(runs["host-10000"], "HeteroLinR")["header"] == []


@pytest.mark.parametrize("change, words", [
    ({"hosts": 2}, "with 2 hosts there is no loss to select columns by"),
    ({"classes": 3}, "of 3 classes there is no one loss"),
])
def test_refusals(tmp_path, change, words):
    xs, y = make_data("HeteroLR")
    xs += [xs[1]] * (change.get("hosts", 1) - 1)
    if "classes" in change:
        y = np.arange(N) % 3
    p = {**FAST, "stepwise_param": STEPS}
    runs = run_parties(tmp_path, "HeteroLR", xs, y, p)
    texts = [r.state["error"]["text"] for r in runs.values()
             if r.state.get("status") == "failed"]
    assert any(words in text for text in texts), texts
