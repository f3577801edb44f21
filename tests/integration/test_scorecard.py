"""Scorecard against the formula, in Python's own rounding."""
import json
import math

import pytest

from instances import Table, fault, np, succeeded
from taskdir import write_table

HEADER = ["label", "predict_result", "predict_score", "predict_detail",
          "type"]
P = [0.0, 1.0, 1, 0, 0.5, 1e-9, 1 - 1e-9, 1e-6, 0.999999, *(
    float(v) for v in np.random.default_rng(20261125).random(200))]
CREDIT = {"method": "credit", "offset": 500, "factor": 20, "factor_base": 2,
          "upper_limit_ratio": 3, "lower_limit_value": 0}


def predictions(path, scores, label=1):
    return write_table(path, HEADER, [
        (f"{k:06d}", None, json.dumps([label, int(p > 0.5), p,
                                       {"0": 1 - p, "1": p}, "train"]))
        for k, p in enumerate(scores)], "list")


def credit(p, offset, factor, factor_base, upper_limit_ratio,
           lower_limit_value, **_):
    upper = upper_limit_ratio * offset
    if p <= 1e-8:
        return upper
    if p >= 1 - 1e-8:
        return lower_limit_value
    score = offset + factor / math.log(factor_base) * math.log((1 - p) / p)
    return round(max(lower_limit_value, min(upper, score)), 2)


@pytest.mark.parametrize("change,formula", [
    ({}, "Score = 500 + 20 / ln(2) * ln(Odds)"),
    ({"offset": 600.5, "factor": 100, "factor_base": 10},
     "Score = 600.5 + 100 / ln(10) * ln(Odds)"),
    ({"lower_limit_value": 480, "upper_limit_ratio": 1.05},
     "Score = 500 + 20 / ln(2) * ln(Odds)")])
def test_scores_when_computed_then_the_formula(tmp_path, change, formula):
    parameters = {**CREDIT, **change}
    task = succeeded(tmp_path / "task", "Scorecard", parameters,
                     predictions(tmp_path / "in.table", P))
    out = Table(task.state)
    assert out.header == ["label", "predict_result", "predict_score",
                          "credit_score"]
    assert [row[:3] for row in out.lists] == [[1, int(p > 0.5), p] for p in P]
    assert [row[3] for row in out.lists] == [credit(p, **parameters)
                                             for p in P]
    # numbers keep the form they had
    assert out.rows[1][2] == "[1, 1, 1.0, %s]" % float(
        credit(1, **parameters))
    assert out.rows[2][2].startswith("[1, 1, 1, ")
    assert task.metrics == {"train": {"scorecard": {"data": [], "meta": {
        "name": "scorecard", "metric_type": "SCORECARD",
        "scorecard_compute_formula": formula}}}}
    assert not task.state["model"]


def test_label_when_an_awkward_text_then_kept(tmp_path):
    label = 'a,"b]\\'
    task = succeeded(tmp_path / "task", "Scorecard", CREDIT,
                     predictions(tmp_path / "in.table", [0.5], label))
    assert Table(task.state).lists == [[label, 0, 0.5, 500.0]]


@pytest.mark.parametrize("change,scores,words", [
    ({"factor_base": 1}, [0.5], ["factor_base", "1"]),
    ({"lower_limit_value": 1501}, [0.5], ["1501", "1500"]),
    ({}, [0.5, 1.5], ["'000001'", "predict_score"]),
    ({}, [-0.1], ["'000000'"])])
def test_input_when_wrong_then_named(tmp_path, change, scores, words):
    text = fault(tmp_path / "task", "Scorecard", {**CREDIT, **change},
                 predictions(tmp_path / "in.table", scores))
    assert all(word in text for word in words), text


def test_input_when_no_predictions_then_refused(tmp_path):
    table = write_table(tmp_path / "in.table", ["x0"], [("1", None, b"\0" * 8)])
    assert "predictions" in fault(tmp_path / "task", "Scorecard", CREDIT,
                                  table)


def test_need_run_when_false_then_passed_through(tmp_path):
    table = predictions(tmp_path / "in.table", [0.5])
    task = succeeded(tmp_path / "task", "Scorecard",
                     {**CREDIT, "need_run": False}, table)
    assert task.state["pass"]["path"] == str(table)
