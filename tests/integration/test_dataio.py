"""DataIO against plain Python: every format of input and output, what is
missing or an outlier and what replaces it, labels, the model, and the model
applied to other rows."""
import math

import pytest

from instances import Table, fault, model, np, succeeded
from taskdir import uploaded

RANDOM = np.random.default_rng(20261128)
N = 60
IDS = [f"{k:03d}" for k in range(N)]
NAN = ("", "NULL", "null", "NA")            # without imputation
TEXTS = ["", "none", "null", "na"]          # with it, unless others are given
DEFAULTS = {
    "input_format": "dense", "delimitor": ",", "data_type": "float64",
    "exclusive_data_type": None, "tag_with_value": False,
    "tag_value_delimitor": ":", "missing_fill": False,
    "missing_fill_method": None, "missing_impute": None, "default_value": 0,
    "outlier_replace": False, "outlier_replace_method": None,
    "outlier_impute": None, "outlier_replace_value": 0, "with_label": True,
    "label_name": "y", "label_type": "int", "output_format": "dense"}


def number_texts(n, d, others=(), share=0.2):
    """Texts of numbers, some of which are others."""
    out = [[repr(round(float(v), 3)) for v in row]
           for row in RANDOM.normal(size=(n, d)) * [1, 10, 0.1, 3][:d]]
    for row in out:
        for j in range(d):
            if others and RANDOM.random() < share:
                row[j] = others[RANDOM.integers(len(others))]
    return out


LABELS = [str(v) for v in RANDOM.integers(0, 2, N)]


def dense(folder, cells, labels=LABELS, p=None, name="table", delimiter=","):
    """Uploads rows with the label among the columns."""
    p = {**DEFAULTS, **(p or {})}
    header = [f"x{j}" for j in range(len(cells[0]))]
    lines = []
    for i, row, y in zip(IDS, cells, labels or [None] * len(cells)):
        row = [*row[:1], y, *row[1:]] if labels else row
        lines.append(i + "," + delimiter.join(row))
    names = [*header[:1], p["label_name"], *header[1:]] if labels else header
    return uploaded(folder, lines, name, "id," + delimiter.join(names))


def run(folder, table, **parameters):
    before = parameters.pop("model", None)
    return succeeded(folder / "task", "DataIO", {**DEFAULTS, **parameters},
                     table, model=before)


# ---- the plain formulas ----

class Fill:
    """Missing values, or outliers, of columns of texts."""

    def __init__(self, cells, method, value, texts):
        self.texts = TEXTS if texts is None else [str(t) for t in texts]
        self.ratio, self.by = [], []
        for column in zip(*cells):
            kept = [float(t) for t in column
                    if t not in self.texts and t not in NAN]
            self.ratio.append(sum(t in self.texts for t in column) /
                              len(column))
            stat = {"min": min, "max": max,
                    "mean": lambda v: sum(v) / len(v)}.get(method)
            self.by.append(repr(round(stat(kept), 6)) if stat else
                           str(value) if method else "0")

    def apply(self, cells):
        return [[by if t in self.texts else t
                 for t, by in zip(row, self.by)] for row in cells]


def numbers(cells):
    return np.array([[math.nan if t in NAN else float(t) for t in row]
                     for row in cells])


def fills(cells, p):
    out = []
    for on, method, value, texts in (
            ("missing_fill", "missing_fill_method", "default_value",
             "missing_impute"),
            ("outlier_replace", "outlier_replace_method",
             "outlier_replace_value", "outlier_impute")):
        out.append(Fill(cells, p[method], p[value], p[texts])
                   if p[on] else None)
        cells = out[-1].apply(cells) if out[-1] else cells
    return out, cells


def check(task, want, labels=None):
    out = Table(task.state)
    np.testing.assert_array_equal(out.x, want)
    assert out.labels == (labels or [None] * len(want))
    return out


def check_model(task, p, header, filled, sid="id", label="y"):
    def part(fill, name, replace, ratio):
        return {replace: dict(zip(header, fill.by)) if fill else {},
                ratio: pytest.approx(dict(zip(header, fill.ratio)))
                if fill else {}}

    missing, outlier = filled
    assert model(task, "DataIOParam") == {
        "header": header, "sidName": sid, "labelName": label,
        "imputerParam": part(missing, "imputerParam", "missingReplaceValue",
                             "missingValueRatio"),
        "outlierParam": part(outlier, "outlierParam", "outlierReplaceValue",
                             "outlierValueRatio")}
    assert model(task, "DataIOMeta") == {
        "inputFormat": p["input_format"], "delimitor": p["delimitor"],
        "dataType": p["data_type"], "tagWithValue": p["tag_with_value"],
        "tagValueDelimitor": p["tag_value_delimitor"],
        "withLabel": p["with_label"], "labelName": p["label_name"],
        "labelType": p["label_type"], "outputFormat": p["output_format"],
        "imputerMeta": {
            "isImputer": bool(missing), "missingValue":
            missing.texts if missing else [],
            "strategy": (p["missing_fill_method"] or "") if missing else ""},
        "outlierMeta": {
            "isOutlier": bool(outlier), "outlierValue":
            outlier.texts if outlier else [],
            "strategy": (p["outlier_replace_method"] or "")
            if outlier else ""},
        "needRun": True,
        "exclusiveDataType": p["exclusive_data_type"] or {}}


# ---- dense ----

FILLS = {
    "nothing": {},
    "zero": {"missing_fill": True},
    **{method: {"missing_fill": True, "missing_fill_method": method}
       for method in ("min", "max", "mean")},
    "designated": {"missing_fill": True, "missing_fill_method": "designated",
                   "default_value": -7.25},
    "own texts": {"missing_fill": True, "missing_fill_method": "mean",
                  "missing_impute": ["-9999", "", "NA"]},
    "outliers": {"outlier_replace": True, "outlier_replace_method": "max",
                 "outlier_impute": [9999, "-9999"]},
    "outliers to zero": {"outlier_replace": True,
                         "outlier_impute": ["9999"]},
    "both": {"missing_fill": True, "missing_fill_method": "min",
             "outlier_replace": True, "outlier_replace_method": "mean",
             "outlier_impute": ["9999"]},
    "both designated": {
        "missing_fill": True, "missing_fill_method": "designated",
        "default_value": 9999, "outlier_replace": True,
        "outlier_replace_method": "designated", "outlier_impute": ["9999"],
        "outlier_replace_value": "1.5"},
}


def others_of(p):
    """Texts that those parameters leave readable."""
    texts = ["9999", "-9999"]
    own = p.get("missing_impute")
    return texts + (own or (TEXTS if p.get("missing_fill") else [])) + \
        list(NAN)


@pytest.mark.parametrize("output", ["dense", "sparse"])
@pytest.mark.parametrize("way", FILLS)
def test_dense_when_converted_then_as_the_plain_formulas(tmp_path, way,
                                                         output):
    p = {**DEFAULTS, **FILLS[way], "output_format": output}
    cells = number_texts(N, 4, others_of(FILLS[way]))
    cells[3][1] = "0.0000001"       # sparse: nothing
    task = run(tmp_path, dense(tmp_path / "in", cells), **p)
    filled, done = fills(cells, p)
    want = numbers(done)
    if output == "sparse":
        want[np.abs(want) < 1e-6] = 0
    out = check(task, want, [int(y) for y in LABELS])
    assert out.kind == output
    check_model(task, p, ["x0", "x1", "x2", "x3"], filled)
    # the model, on other rows and without a label
    new = number_texts(9, 4, others_of(FILLS[way]))
    again = run(tmp_path / "new", dense(tmp_path / "new", new, None),
                model=task, missing_fill=False)
    for fill in filled:
        new = fill.apply(new) if fill else new
    want = numbers(new)
    if output == "sparse":
        want[np.abs(want) < 1e-6] = 0
    check(again, want)
    for buffer in ("DataIOMeta", "DataIOParam"):
        assert model(again, buffer) == model(task, buffer)


@pytest.mark.parametrize("kind,labels,want", [
    ("int", ["0", "-3", " 7"], [0, -3, 7]), ("long", ["1"] * 3, [1] * 3),
    ("float64", ["0.5", "1", "2e3"], [0.5, 1.0, 2000.0]),
    ("str", ["a", "b c", ""], ["a", "b c", ""])])
def test_label_when_of_a_type_then_kept_so(tmp_path, kind, labels, want):
    p = {"label_name": "target", "label_type": kind}
    task = run(tmp_path, dense(tmp_path / "in", number_texts(3, 2), labels,
                               p), **p)
    out = Table(task.state)
    assert out.labels == want and out.header == ["x0", "x1"]
    assert out.meta["label_name"] == "target"


def test_types_when_some_are_exclusive_then_those_columns_alone(tmp_path):
    p = {**DEFAULTS, "data_type": "float", "exclusive_data_type":
         {"x1": "int", "gone": "int"}}
    cells = [["1.5", "2", "3.25"], ["-1", "-9007199254740991", "0"]]
    task = run(tmp_path, dense(tmp_path / "in", cells, LABELS[:2]), **p)
    check(task, numbers(cells), [int(y) for y in LABELS[:2]])
    check_model(task, p, ["x0", "x1", "x2"], [None, None])
    text = fault(tmp_path / "bad", "DataIO", p, dense(
        tmp_path / "bad", [["1", "2.5", "3"]], ["1"]))
    assert "'2.5'" in text and "'x1'" in text and "integer" in text


def test_delimiter_when_another_then_the_header_too(tmp_path):
    cells = number_texts(5, 3)
    table = dense(tmp_path / "in", cells, LABELS[:5], delimiter=";")
    task = run(tmp_path, table, delimitor=";")
    out = check(task, numbers(cells), [int(y) for y in LABELS[:5]])
    assert out.header == ["x0", "x1", "x2"]


@pytest.mark.parametrize("change,words", [
    (lambda c: [row[:2] for row in c], ["schema", "2 columns", "has 3"]),
    (lambda c: [[*row, "1"] for row in c], ["schema", "4 columns"])])
def test_columns_when_not_the_models_then_refused(tmp_path, change, words):
    cells = number_texts(4, 3)
    fit = run(tmp_path, dense(tmp_path / "in", cells, LABELS[:4]))
    text = fault(tmp_path / "new", "DataIO", DEFAULTS, dense(
        tmp_path / "new", change(cells), None), model=fit)
    assert all(word in text for word in words), text
    assert "input data's schema for fit and transform should be same" in text


# ---- sparse and tag ----

@pytest.mark.parametrize("output", ["dense", "sparse"])
@pytest.mark.parametrize("labelled", [True, False])
def test_libsvm_when_converted_then_columns_by_number(tmp_path, output,
                                                      labelled):
    want = np.where(RANDOM.random((N, 7)) < 0.3,
                    RANDOM.normal(size=(N, 7)).round(3), 0)
    want[:, 2] = 0
    want[5] = 0
    lines = [f"{i}," + " ".join(([y] if labelled else []) + [
        f"{j}:{v}" for j, v in enumerate(row) if v])
        for i, y, row in zip(IDS, LABELS, want.tolist())]
    task = run(tmp_path, uploaded(tmp_path / "in", lines),
               input_format="sparse", delimitor=" ", output_format=output,
               with_label=labelled)
    out = check(task, want, [int(y) for y in LABELS] if labelled else None)
    assert out.header == [str(j) for j in range(7)]
    assert out.meta["sid_name"] == "sid" and out.kind == output
    # a column that the model lacks is left out
    new = run(tmp_path / "new", uploaded(
        tmp_path / "new", ["9," + ("1 " if labelled else "") + "6:2.5 9:1"]),
        model=task)
    assert list(Table(new.state).x[0]) == [0] * 6 + [2.5]


@pytest.mark.parametrize("output", ["dense", "sparse"])
@pytest.mark.parametrize("valued", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_tags_when_converted_then_sorted_columns(tmp_path, output, valued,
                                                 labelled):
    tags = ["b", "a10", "a2", "ä", "z"]
    has = RANDOM.random((N, 5)) < 0.4
    values = RANDOM.normal(size=(N, 5)).round(2)
    lines = [f"{i}," + ";".join(([y] if labelled else []) + [
        f"{t}={v}" if valued else t
        for t, v, h in zip(tags, row, there) if h])
        for i, y, row, there in zip(IDS, LABELS, values.tolist(), has)]
    task = run(tmp_path, uploaded(tmp_path / "in", lines),
               input_format="tag", delimitor=";", tag_with_value=valued,
               tag_value_delimitor="=", output_format=output,
               with_label=labelled)
    order = sorted(range(5), key=lambda k: tags[k].encode())
    want = np.where(has, values if valued else 1, 0)[:, order]
    out = check(task, want, [int(y) for y in LABELS] if labelled else None)
    assert out.header == [tags[k] for k in order]
    assert out.meta["label_name"] == ("label" if labelled else "y")


@pytest.mark.parametrize("parameters,lines,head,words", [
    ({}, ["1,0,5"], None, ["dense input-format should have header schema"]),
    ({"label_name": "z"}, ["1,0,5"], "id,y,x0", ["'z'", "label_name"]),
    ({}, ["1,0,five"], "id,y,x0", ["'five'", "'x0'", "'1'"]),
    ({}, ["1,yes,5"], "id,y,x0", ["'yes'", "label_type int"]),
    ({"input_format": "sparse", "delimitor": " "}, ["1,0 a:5"], None,
     ["'a:5'", "<column>:<value>"]),
    ({"input_format": "tag", "tag_with_value": True}, ["1,0,a"], None,
     ["'a'", "<tag>:<value>"])])
def test_rows_when_not_to_be_read_then_named(tmp_path, parameters, lines,
                                             head, words):
    text = fault(tmp_path / "task", "DataIO", {**DEFAULTS, **parameters},
                 uploaded(tmp_path / "in", lines, head=head))
    assert all(word in text for word in words), text
