"""OneHotEncoder against NumPy, and against the real FATE-Flow's answers: its
input is rebuilt from what it put out, where each column's 1 tells the value."""
import csv
import math

import pytest

from golden import golden, needed
from instances import Table, fault, make_table, model, np, succeeded

RANDOM = np.random.default_rng(20261125)
X = np.column_stack([RANDOM.integers(0, 4, 200), RANDOM.normal(size=200),
                     RANDOM.integers(-12, 3, 200) * 5]).astype(float)
Y = [int(v) for v in RANDOM.integers(0, 2, 200)]


def encode(folder, parameters, x=X, sparse=False, **more):
    table = make_table(folder / "in.table", x, Y[:len(x)], sparse)
    return succeeded(folder / "task", "OneHotEncoder", parameters, table,
                     **more)


def expected(x, values):
    """{column: its values}; the others stay."""
    return np.hstack([
        (x[:, [j]] == np.array(values[j])).astype(float) if j in values
        else x[:, [j]] for j in range(x.shape[1])])


VALUES = {j: [int(v) for v in sorted(set(X[:, j]))] for j in (0, 2)}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("chosen", [
    {"transform_col_indexes": [0, 2], "transform_col_names": None},
    {"transform_col_indexes": [], "transform_col_names": ["x2", "x0"]},
    {"transform_col_indexes": [2], "transform_col_names": ["x0"]}])
def test_columns_when_encoded_then_as_numpy(tmp_path, sparse, chosen):
    task = encode(tmp_path, chosen, sparse=sparse)
    out = Table(task.state)
    names = {f"x{j}": [f"x{j}_{v}" for v in values]
             for j, values in VALUES.items()}
    header = names["x0"] + ["x1"] + names["x2"]
    assert out.header == header and out.labels == Y
    assert out.kind == ("sparse" if sparse else "dense")
    assert (out.x == expected(X, VALUES)).all()
    assert model(task, "OneHotMeta") == {
        "transformColNames": ["x0", "x2"], "header": ["x0", "x1", "x2"],
        "needRun": True}
    assert model(task, "OneHotParam") == {"resultHeader": header, "colMap": {
        f"x{j}": {"values": [str(v) for v in values],
                  "transformedHeaders": names[f"x{j}"]}
        for j, values in VALUES.items()}}
    assert not task.metrics


@pytest.mark.parametrize("sparse", [False, True])
def test_value_when_the_model_lacks_it_then_all_zero(tmp_path, sparse):
    fit = encode(tmp_path / "fit", {"transform_col_indexes": [0, 2]})
    new = np.array([[3, 1.5, 10], [4, 2.5, 10], [0, 0, -7], [0.5, 1, 0]])
    task = encode(tmp_path / "new", {"transform_col_indexes": -1}, new,
                  sparse, model=fit)
    assert (Table(task.state).x == expected(new, VALUES)).all()
    assert Table(task.state).x[1, :4].sum() == 0
    for buffer in ("OneHotMeta", "OneHotParam"):
        assert model(task, buffer) == model(fit, buffer)


def test_missing_when_applied_then_all_zero(tmp_path):
    fit = encode(tmp_path / "fit", {"transform_col_indexes": [0, 2]})
    task = encode(tmp_path / "new", {}, np.array([[math.nan, 1, 0.0]]),
                  model=fit)
    assert list(Table(task.state).x[0, :5]) == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("x,words", [
    ([[1, 2], [1, 2.5]], ["integer only", "'000001'", "2.5", "'x1'"]),
    ([[1, math.nan]], ["integer only", "'000000'", "'x1'"]),
    ([[k, 0] for k in range(1025)], ["1024", "'x0'"])])
def test_values_when_not_to_be_encoded_then_named(tmp_path, x, words):
    table = make_table(tmp_path / "in.table", x)
    text = fault(tmp_path / "task", "OneHotEncoder",
                 {"transform_col_indexes": -1}, table)
    assert all(word in text for word in words), text


@pytest.mark.parametrize("parameters,words", [
    ({"transform_col_indexes": [3]}, "transform_col_indexes has 3"),
    ({"transform_col_names": ["z"]}, "transform_col_names has 'z'")])
def test_column_when_the_input_lacks_it_then_named(tmp_path, parameters,
                                                   words):
    table = make_table(tmp_path / "in.table", [[1, 2]])
    assert words in fault(tmp_path / "task", "OneHotEncoder", parameters,
                          table)


def test_values_when_1024_then_encoded(tmp_path):
    task = encode(tmp_path, {"transform_col_indexes": -1},
                  np.array([[float(k % 1024)] for k in range(200)]))
    assert len(Table(task.state).header) == 200
    x = np.array([[float(k)] for k in range(1024)])
    table = make_table(tmp_path / "wide.table", x)
    wide = succeeded(tmp_path / "wide", "OneHotEncoder",
                     {"transform_col_indexes": -1}, table)
    assert (Table(wide.state).x == np.eye(1024)).all()


def test_names_when_they_collide_then_named(tmp_path):
    table = make_table(tmp_path / "in.table", [[1, 2]], header=["a", "a_1"])
    text = fault(tmp_path / "task", "OneHotEncoder",
                 {"transform_col_indexes": [0]}, table)
    assert "'a_1'" in text


def test_need_run_when_false_then_passed_through(tmp_path):
    task = encode(tmp_path, {"need_run": False})
    assert task.state["pass"]["path"] == str(tmp_path / "in.table")


JOBS = ("hetero_feature_binning.quantile_binning",
        "hetero_logistic_regression.lr_feature_engineering")


@needed
@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("role", ["guest", "host"])
def test_job_when_its_input_is_rebuilt_then_as_the_real_one(
        site, tmp_path, role, job):
    """The 100 rows that are shown hold every value of every column."""
    real = golden("output_model", "OneHotEncoder", role, job)
    data = golden("output_data", "OneHotEncoder", role, job)
    first = 2 if role == "guest" else 1
    header = real["meta"]["meta_data"]["header"]
    names = data["meta"]["header"][first:]
    at = {name: k for k, name in enumerate(names)}
    rows = []
    for row in data["data"]:
        values = [next(v for v, name in zip(
            real["data"]["colMap"][column]["values"],
            real["data"]["colMap"][column]["transformedHeaders"])
            if row[first + at[name]] == 1) for column in header]
        rows.append(row[:first] + values)
    csv_path = tmp_path / "in.csv"
    with open(csv_path, "w", newline="") as f:
        csv.writer(f).writerows([["id", "y"][:first] + header] + rows)
    table = f"one_hot_{role}_{JOBS.index(job)}"
    site.flow.uploaded(csv_path, "one_hot", table)
    dsl = {"components": {
        "dataio_0": {"module": "DataIO",
                     "input": {"data": {"data": ["args.train_data"]}},
                     "output": {"data": ["train"], "model": ["dataio"]}},
        "one_hot_encoder_0": {"module": "OneHotEncoder", "input": {
            "data": {"data": ["dataio_0.train"]}},
            "output": {"data": ["train"], "model": ["model"]}}}}
    conf = {"initiator": {"role": "guest", "party_id": 10000},
            "job_parameters": {"work_mode": 0}, "role": {"guest": [10000]},
            "role_parameters": {"guest": {"args": {"data": {"train_data": [
                {"name": table, "namespace": "one_hot"}]}}}},
            "algorithm_parameters": {
                "dataio_0": {"with_label": role == "guest"},
                "one_hot_encoder_0": {"cols": -1}}}
    done = site.flow.finished(dsl, conf)

    def ours(what):
        return site.flow.component(what, done, "one_hot_encoder_0", "guest",
                                   10000)

    for what in ("parameters", "metrics", "metric/all", "output/model"):
        assert ours(what) == golden(
            what.replace("/", "_"), "OneHotEncoder", role, job)
    mine = ours("output/data")
    assert mine["data"] == data["data"]
    assert mine["meta"]["header"] == data["meta"]["header"]
