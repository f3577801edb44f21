"""What a real FATE-Flow 1.4.6 answered, and the tables it was asked about
(../shared, which not every checkout has beside it)."""
import csv

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


def breast(role):
    """ids, labels, columns' names and rows of the shared table."""
    with open(TABLES / f"breast_hetero_{role}.csv") as f:
        header, *rows = csv.reader(f)
    rows.sort(key=lambda row: (len(row[0]), row[0]))
    first = 2 if role == "guest" else 1
    return ([row[0] for row in rows],
            [int(row[1]) if role == "guest" else None for row in rows],
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
