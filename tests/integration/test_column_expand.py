"""ColumnExpand on uploaded tables, and through DataIO in a job."""
import pytest

from instances import Table, fault, model, run, succeeded
from taskdir import uploaded

LINES = ["b,1,2.5", "aa,3,", "c,,4"]
HEAD = "id,x0,x1"


def expand(folder, parameters, lines=LINES, head=HEAD, **more):
    table = uploaded(folder / "in", lines, head=head)
    return succeeded(folder / "task", "ColumnExpand",
                     {"method": "manual", "append_header": [],
                      "fill_value": 1e-06, **parameters}, table, **more)


@pytest.mark.parametrize("fill,texts,shown", [
    (1e-06, ["1e-06"] * 2, ["1e-06"]),
    (0, ["0"] * 2, ["0"]),
    ([1.5, "none"], ["1.5", "none"], ["1.5", "none"]),
    ("", ["", ""], [""])])
def test_columns_when_appended_then_texts_and_header(tmp_path, fill, texts,
                                                     shown):
    task = expand(tmp_path, {"append_header": ["ä", "x3"],
                             "fill_value": fill})
    out = Table(task.state)
    assert [(i, v) for i, _, v in out.rows] == [
        (i, f"{v},{texts[0]},{texts[1]}") for i, v in
        (("b", "1,2.5"), ("c", ",4"), ("aa", "3,"))]
    assert out.schema == {"header": "x0,x1,ä,x3", "sid": "id"}
    assert model(task, "ColumnExpandMeta") == {
        "appendHeader": ["ä", "x3"], "method": "manual", "fillValue": shown,
        "needRun": True}
    assert model(task, "ColumnExpandParam") == {
        "header": list("x0,x1,ä,x3")}


def test_header_when_nothing_is_appended_then_passed_through(tmp_path):
    task = expand(tmp_path, {})
    assert task.state["pass"]["path"].endswith("table")
    assert model(task, "ColumnExpandParam") == {"header": []}
    assert expand(tmp_path / "off", {"append_header": ["z"],
                                     "need_run": False}).state["pass"]


def test_rows_when_they_have_an_id_alone_then_no_comma_first(tmp_path):
    task = expand(tmp_path, {"append_header": ["z"]}, ["1", "2"], "id")
    assert [v for _, _, v in Table(task.state).rows] == ["1e-06"] * 2
    assert Table(task.state).schema["header"] == "z"


def test_model_when_applied_then_its_columns_and_values(tmp_path):
    fit = expand(tmp_path / "fit", {"append_header": ["z"],
                                    "fill_value": [7]})
    task = expand(tmp_path / "new", {"append_header": ["other"]}, ["q,8,9"],
                  model=fit)
    assert Table(task.state).rows == [("q", None, "8,9,7")]
    assert Table(task.state).schema["header"] == "x0,x1,z"
    for buffer in ("ColumnExpandMeta", "ColumnExpandParam"):
        assert model(task, buffer) == model(fit, buffer)
    other = run(tmp_path / "else", "ColumnExpand", {},
                uploaded(tmp_path / "in", ["1,2"], head="id,a"), model=fit)
    text = other.state["error"]["text"]
    assert "a,z" in text and "x0,x1,z" in text


@pytest.mark.parametrize("parameters,head,words", [
    ({"append_header": ["x1"]}, HEAD, ["'x1'", "already"]),
    ({"append_header": ["a", "a"]}, HEAD, ["'a'", "already"]),
    ({"append_header": ["a,b"]}, HEAD, ["append_header", "'a,b'", "comma"]),
    ({"append_header": ["a"], "fill_value": "1,2"}, HEAD, ["fill_value"]),
    ({"append_header": ["a"], "fill_value": [1, 2]}, HEAD, ["2 values"]),
    ({"append_header": ["a"]}, None, ["no header"])])
def test_parameters_when_wrong_then_named(tmp_path, parameters, head, words):
    table = uploaded(tmp_path / "in", LINES, head=head)
    text = fault(tmp_path / "task", "ColumnExpand",
                 {"fill_value": 0, **parameters}, table)
    assert all(word in text for word in words), text


def test_job_when_expanded_before_dataio_then_a_feature(site, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("\n".join([HEAD, "b,1,2.5", "aa,3,4"]) + "\n")
    site.flow.uploaded(source, "column_expand", "t")
    dsl = {"components": {
        "column_expand_0": {"module": "ColumnExpand", "input": {
            "data": {"data": ["args.train_data"]}},
            "output": {"data": ["train"], "model": ["m"]}},
        "dataio_0": {"module": "DataIO", "input": {
            "data": {"data": ["column_expand_0.train"]}},
            "output": {"data": ["train"], "model": ["dataio"]}}}}
    conf = {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": {"guest": [9999]},
            "role_parameters": {"guest": {"args": {"data": {"train_data": [
                {"name": "t", "namespace": "column_expand"}]}}}},
            "algorithm_parameters": {
                "column_expand_0": {"append_header": ["x2"]},
                "dataio_0": {"with_label": False}}}
    job = site.flow.finished(dsl, conf)

    def shown(component, what="output/data"):
        return site.flow.component(what, job, component, "guest", 9999)

    answer = shown("column_expand_0")
    assert answer["data"] == [["b", "1,2.5,1e-06"], ["aa", "3,4,1e-06"]]
    assert answer["meta"]["header"] == ["sid"]
    assert shown("column_expand_0", "output/model")["data"] == {
        "header": list("x0,x1,x2")}
    answer = shown("dataio_0")
    assert answer["data"] == [["b", 1, 2.5, 1e-06], ["aa", 3, 4, 1e-06]]
    assert answer["meta"]["header"] == ["id", "x0", "x1", "x2"]
