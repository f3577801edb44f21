"""Pipelines by chance through the server: tables, components and parameters
are drawn from a seed, and what every step leaves is held against plain NumPy
(pipelines.py).

FATEFLOW_RANDOM_PIPELINES is how many there are (8), FATEFLOW_RANDOM_SEED the
first one's seed (1). A test is named after its seed, so one that failed is run
again by it.
"""
import os

import pytest

np = pytest.importorskip("numpy")
import datasets  # noqa: E402
import linear  # noqa: E402
from pipelines import Chain  # noqa: E402

FIRST = int(os.environ.get("FATEFLOW_RANDOM_SEED", 1))
MANY = int(os.environ.get("FATEFLOW_RANDOM_PIPELINES", 8))


def ties(rng, n, d):
    """Many rows have the same value; no bucket ends at one."""
    return rng.choice([-2, -1.31, 0.17, 1.73, 3.377], (n, d))


def skewed(rng, n, d):
    """Far from 0, most of it at one end."""
    return (np.exp(rng.normal(size=(n, d))) - 7).round(3)


class Draw:
    """What a seed says: its data set, its steps."""

    def __init__(self, seed):
        self.rng = np.random.default_rng([seed, 99])
        self.name = f"random_{seed}"
        self.label = self.one(["binary", "binary", "binary", "classes",
                               "counts", "amounts"])
        self.is_sparse = self.label != "counts" and self.chance(0.25)
        self.hosts = 1 if self.label == "counts" else int(self.one([1, 1, 2,
                                                                    3]))
        self.spec = self.draw_spec()
        self.steps = self.draw_steps()

    def one(self, of):
        return of[self.rng.integers(len(of))]

    def chance(self, p):
        return self.rng.random() < p

    def some(self, of):
        return [x for x in of if self.chance(0.5)] or [self.one(of)]

    # ---- the tables ----

    def draw_spec(self):
        parties = 1 + self.hosts
        columns = tuple(int(k) for k in self.rng.integers(
            2, 5 if self.label == "counts" else 8, parties))
        forms, values = (), self.one([datasets.numbers, ties, skewed,
                                      datasets.with_constant])
        if self.label == "counts":
            values = datasets.with_exposure
        if self.is_sparse:
            values = datasets.few
            forms = ("sparse",) + tuple(
                self.one(["sparse", "tag"]) for _ in range(self.hosts))
        self.gaps = not self.is_sparse and self.label != "counts" and \
            self.chance(0.3)
        return datasets.Spec(
            int(10 ** self.rng.uniform(1.8, 2.6)), columns, self.label,
            values, self.one([datasets.plain_ids, datasets.odd_ids]),
            forms=forms, apart=self.rng.uniform(0.02, 0.2),
            gaps=0.1 * self.gaps, texts=datasets.REPLACED)

    def data(self, seed=0, stretch=1):
        return datasets.make(self.name, seed, stretch, self.spec)

    # ---- the components ----

    def draw_steps(self):
        steps = [self.data_io(), ("Intersection", {
            "intersect_method": self.one(["rsa", "raw"])})]
        if self.label != "counts" and (
                self.spec.values in (skewed, ties) or self.chance(0.6)):
            steps.append(("FeatureScale", {
                "method": self.one(["min_max_scale", "standard_scale"])}))
        binned = None
        if self.label == "binary" and self.chance(0.7):
            binned = self.binning()
            steps.append(("HeteroFeatureBinning", binned))
        if self.label != "counts" and self.chance(0.6):
            steps.append(("HeteroFeatureSelection", self.selection(binned)))
        if binned and not self.is_sparse and self.chance(0.6) and \
                binned["transform_param"]["transform_type"] == "bin_num":
            steps.append(("OneHotEncoder", {}))
        return steps + [self.model(), self.evaluation()]

    def data_io(self):
        p = {"output_format": "sparse" if self.is_sparse else "dense"}
        if self.label == "amounts":
            p["label_type"] = "float"
        if self.gaps:
            p |= {"missing_fill": True, "default_value": 0.5,
                  "missing_fill_method": self.one([
                      "mean", "min", "max", "designated"])}
        return "DataIO", p

    def binning(self):
        return {"method": self.one(["quantile", "bucket"]),
                "bin_num": int(self.rng.integers(2, 11)),
                "transform_param": {
                    "transform_cols": -1, "transform_type": self.one([
                        "bin_num", "bin_num", "woe", None])}}

    def selection(self, binned):
        methods = self.some(["unique_value", "percentage_value",
                             "coefficient_of_variation_value_thres"])
        if binned:
            methods += [self.one(["iv_value_thres", "iv_percentile",
                                  "iv_top_k"])]
        self.rng.shuffle(methods)
        number = self.rng.uniform
        return {"filter_methods": methods,
                "unique_param": {"eps": 10 ** number(-6, 0)},
                "percentage_value_param": {"upper_pct": number(0.1, 1)},
                "variance_coe_param": {"value_threshold": number(0, 1)},
                "iv_value_param": {"value_threshold": number(0, 0.5)},
                "iv_percentile_param": {
                    "percentile_threshold": number(0.3, 1)},
                "iv_top_k_param": {"k": int(self.rng.integers(1, 8))}}

    def model(self):
        number = self.rng.uniform
        p = {**linear.BASE, "tol": 0, "max_iter": int(
                 self.rng.integers(1, 5)),
             "early_stop": "weight_diff" if self.hosts > 1 else self.one(
                 ["weight_diff", "diff"]),
             "penalty": self.one(["L1", "L2", "L2", "none"]),
             "optimizer": self.one(
                 ["sgd", "rmsprop", "adagrad", "adam"] +
                 ["nesterov_momentum_sgd"] * (self.label == "binary")),
             "alpha": 10 ** number(-4, -1),
             "learning_rate": 10 ** number(-2, -0.7),
             "batch_size": self.one([-1, int(self.rng.integers(10, 80))]),
             "decay": number(0, 2), "decay_sqrt": self.chance(0.5),
             "init_param": {"init_method": "const",
                            "init_const": number(-0.1, 0.1),
                            "fit_intercept": True, "random_seed": None}}
        if self.label == "counts":
            p["learning_rate"] = 0.05
            if self.chance(0.7):
                p["exposure_colname"] = f"g{self.spec.columns[0] - 1}"
        return {"counts": "HeteroPoisson", "amounts": "HeteroLinR"}.get(
            self.label, "HeteroLR"), p

    def evaluation(self):
        kind = {"binary": "binary", "classes": "multi"}.get(
            self.label, "regression")
        return "Evaluation", {"eval_type": kind, "pos_label": 1}


@pytest.mark.filterwarnings("ignore:overflow encountered in exp")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + MANY))
def test_pipeline_of_a_seed_is_numpys(site, tmp_path, seed):
    draw = Draw(seed)
    chain = Chain(site, tmp_path, draw.data(), draw.steps).run()
    print(draw.spec, draw.steps)
    chain.check()
    if draw.label != "classes":
        chain.predict(draw.data(seed=1, stretch=1.5))
