"""What a real FATE-Flow 1.4.6 answered, and the tables it was asked about
(../shared, which not every checkout has beside it)."""
import csv
import functools

import numpy as np
import pytest

from flow import SHARED, load

MODULES = SHARED / "golden" / "modules"
TABLES = SHARED / "data" / "tables"
needed = pytest.mark.skipif(not MODULES.is_dir(),
                            reason="skipped: no ../shared")


def golden(what, module, role, job):
    return load(MODULES / f"component_{what}__{module}__{role}__{job}.json")[
        "response"]


@functools.lru_cache
def shared_table(name):
    """ids in FATE's order, labels or None, columns' names and rows of a
    shared table."""
    with open(TABLES / f"{name}.csv") as f:
        header, *rows = csv.reader(f)
    rows.sort(key=lambda row: (len(row[0]), row[0]))
    first = 2 if header[1] == "y" else 1
    return ([row[0] for row in rows],
            [int(row[1]) for row in rows] if first == 2 else None,
            header[first:],
            np.array([[float(v) for v in row[first:]] for row in rows]))


def scaled(x, names, role, job):
    """Rows as the real server's FeatureScale made them."""
    scale = golden("output_model", "FeatureScale", role, job)["data"][
        "colScaleParam"]
    mean, std = (np.array([scale[n][k] for n in names])
                 for k in ("mean", "std"))
    return (x - mean) / std


def same(ours, theirs, where="$"):
    """Equal, numbers to 1e-9: sums are not added up in one order there."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), where
        for key in theirs:
            same(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for k, (a, b) in enumerate(zip(ours, theirs)):
            same(a, b, f"{where}[{k}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), where
    else:
        assert ours == theirs, where


def by_name(shown):
    """A selection's model without the order of a host's columns, which a
    set decides there."""
    for result in shown["results"]:
        for left in result["hostLeftCols"]:
            left["originalCols"].sort()
    return shown


# What chance decides there: weights that begin at random, and what judges
# them. Of these answers `same` is asked of the rest; (module, endpoint): what
# is left out, and why.
CHANCE = {
    ("HeteroLR", "output_model"): (
        {"weight", "intercept", "lossHistory", "isConverged", "iters"},
        "the weights begin at random"),
    ("HeteroLR", "metric_all"): (
        {"data"}, "losses of weights that begin at random"),
    ("HeteroLR", "output_data"): (
        {"scores"}, "scores of weights that began at random"),
    ("Evaluation", "metric_all"): (
        {"data", "thresholds", "fn", "fp", "tn", "tp", "f1_scores",
         "p_scores", "r_scores"},
        "it judges scores of weights that began at random"),
}

# A file's keys in which ours differs, and where docs/compatibility.md says so.
DIFFERENCES = {
    "component_output_model__HeteroLR__arbiter__hetero_logistic_regression."
    "lr-predict.json": (
        {"bestIteration"}, "a predict job writes no model"),
}


def parts(file):
    """(endpoint, module, role, job) of a recorded answer's file."""
    what, module, role, job = file.removesuffix(".json").split("__")
    return what.removeprefix("component_"), module, role, job


def without(value, names):
    """Without the values of these keys, but with the keys of objects that
    they have: a weight's number is chance, its column is not."""
    if isinstance(value, dict):
        return {k: sorted(v) if k in names and isinstance(v, dict) else
                None if k in names else without(v, names)
                for k, v in value.items()}
    if isinstance(value, list):
        return [without(v, names) for v in value]
    return value


def left_out(file):
    """The keys of an answer that are not compared."""
    what, module, _, _ = parts(file)
    return CHANCE.get((module, what), (set(), ""))[0] | \
        DIFFERENCES.get(file, (set(), ""))[0]


def agree(file, ours, theirs):
    """All of the answer is as recorded, but for what is left out."""
    what, module, _, _ = parts(file)
    names = left_out(file)
    assert ours.keys() == theirs.keys()
    for key in theirs:
        a, b = ours[key], theirs[key]
        if (what, module, key) == ("output_model", "HeteroFeatureSelection",
                                   "data"):
            a, b = by_name(a), by_name(b)
        if "scores" in names and key == "data":
            a, b = ([row[:2] + row[5:] for row in rows] for rows in (a, b))
        same(without(a, names), without(b, names), f"$.{key}")
