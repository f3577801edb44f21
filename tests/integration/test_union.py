"""Union against dictionaries: the first table's row wins, or all stay."""
import pytest

from instances import Table, make_table, np
from taskdir import Component, data_input, fate_order, uploaded

RANDOM = np.random.default_rng(20261125)
SETS = [sorted(RANDOM.choice(3000, 700, replace=False)) for _ in range(3)]


def table(folder, k, ids, sparse=False, **more):
    """Values that tell the table: k + id / 10000."""
    ids = fate_order(str(i) for i in ids)
    return make_table(folder / f"in{k}.table", [
        [k + int(i) / 10000, 0, int(i)] for i in ids], [k] * len(ids),
        sparse, ids=ids, **more)


def run(folder, inputs, parameters=None):
    c = Component(folder, "Union", {"need_run": True, "allow_missing": False,
                                    "keep_duplicate": False,
                                    **(parameters or {})}, "union_0")
    party = c.party("guest", 9999, data=[
        data_input(path, component=f"dataio_{k}" if k is not None else None)
        for k, path in inputs])
    c.run()
    return party


def union(folder, sets, parameters=None, **more):
    party = run(folder / "task", [(k, table(folder, k, ids, **more))
                                  for k, ids in enumerate(sets)], parameters)
    assert party.state["status"] == "success", party.log
    return party


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n", [2, 3])
def test_equal_ids_when_merged_then_the_first_table_wins(tmp_path, n, sparse):
    party = union(tmp_path, SETS[:n], sparse=sparse)
    want = {}
    for k, ids in enumerate(SETS[:n]):
        for i in ids:
            want.setdefault(str(i), k)
    out = Table(party.state)
    assert out.ids == fate_order(want)
    assert out.labels == [want[i] for i in out.ids]
    np.testing.assert_array_equal(
        out.x, [[want[i] + int(i) / 10000, 0, int(i)] for i in out.ids])
    assert out.header == ["x0", "x1", "x2"] and out.meta["sid_name"] == "id"
    assert out.kind == ("sparse" if sparse else "dense")
    assert party.metrics == {"train": {"union": {
        "data": [[f"dataio_{k}.data", 700] for k in range(n)] +
                [["Total", len(want)]],
        "meta": {"name": "union", "metric_type": "UNION"}}}}


def test_equal_ids_when_kept_then_renamed_by_their_source(tmp_path):
    party = union(tmp_path, SETS, {"keep_duplicate": True})
    want = {}
    for k, ids in enumerate(SETS):
        for i in map(str, ids):
            want[f"{i}_dataio_{k}.data" if i in want else i] = k
    out = Table(party.state)
    assert len(want) == 2100 and out.ids == fate_order(want)
    assert out.labels == [want[i] for i in out.ids]
    assert party.metrics["train"]["union"]["data"][-1] == ["Total", 2100]


def test_tables_when_of_one_component_then_told_apart(tmp_path):
    paths = [table(tmp_path, k, [1, 2]) for k in range(3)]
    party = run(tmp_path / "task", [(None, paths[0]), (None, paths[1]),
                                    (5, paths[2])], {"keep_duplicate": True})
    assert Table(party.state).ids == fate_order(
        ["1", "2", "1_args.data_1", "2_args.data_1", "1_dataio_5.data",
         "2_dataio_5.data"])
    assert [k for k, _ in party.metrics["train"]["union"]["data"]] == [
        "args.data", "args.data_1", "dataio_5.data", "Total"]


def test_uploaded_tables_when_merged_then_their_texts(tmp_path):
    paths = [uploaded(tmp_path, lines, f"t{k}", head="id,y,x")
             for k, lines in enumerate((["b,1,2", "a,3,4"],
                                        ["c,5,6", "a,7,8"]))]
    out = Table(run(tmp_path / "task", list(enumerate(paths))).state)
    assert out.rows == [("a", None, "3,4"), ("b", None, "1,2"),
                        ("c", None, "5,6")]
    assert out.schema == {"header": "y,x", "sid": "id"}


@pytest.mark.parametrize("change,words", [
    ({"header": ["x0", "x2", "x1"]},
     "Table headers do not match! Please check header."),
    ({"label_name": "z"}, "label names do not match"),
    ({"sparse": True}, "kinds do not match")])
def test_tables_when_they_differ_then_named(tmp_path, change, words):
    party = run(tmp_path / "task", [(0, table(tmp_path, 0, [1, 2])),
                                    (1, table(tmp_path, 1, [2], **change))])
    text = party.state["error"]["text"]
    assert words in text and "dataio_0.data and dataio_1.data" in text


def test_table_when_alone_then_refused(tmp_path):
    party = run(tmp_path / "task", [(0, table(tmp_path, 0, [1]))])
    assert party.state["error"]["text"] == \
        "Union module must receive more than one table as input."


def test_need_run_when_false_then_the_first_passes_through(tmp_path):
    party = union(tmp_path, SETS[:2], {"need_run": False})
    assert party.state["pass"]["path"] == str(tmp_path / "in0.table")


def test_job_when_two_tables_are_merged_then_shown(site, tmp_path):
    for name, rows in (("a", ["1,0,5", "2,1,6"]), ("b", ["2,0,7", "3,1,8"])):
        source = tmp_path / f"{name}.csv"
        source.write_text("\n".join(["id,y,x0", *rows]) + "\n")
        site.flow.uploaded(source, "union", name)
    dsl = {"components": {
        **{f"dataio_{k}": {
            "module": "DataIO",
            "input": {"data": {"data": [f"args.{key}"]}},
            "output": {"data": ["train"], "model": ["dataio"]}}
           for k, key in enumerate(("train_data", "eval_data"))},
        "union_0": {"module": "Union", "input": {"data": {
            "data": ["dataio_0.train", "dataio_1.train"]}},
            "output": {"data": ["train"]}}}}
    conf = {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": {"guest": [9999]},
            "role_parameters": {"guest": {"args": {"data": {
                key: [{"name": name, "namespace": "union"}]
                for key, name in (("train_data", "a"), ("eval_data", "b"))}}}},
            "algorithm_parameters": {"union_0": {"keep_duplicate": True}}}
    job = site.flow.finished(dsl, conf)
    shown = site.flow.component("output/data", job, "union_0", "guest", 9999)
    assert shown["data"] == [["1", 0, 5], ["2", 1, 6], ["3", 1, 8],
                             ["2_dataio_1.data", 0, 7]]
    metrics = site.flow.component("metric/all", job, "union_0", "guest", 9999)
    assert dict(metrics["data"]["train"]["union"]["data"]) == {
        "dataio_0.data": 2, "dataio_1.data": 2, "Total": 4}
