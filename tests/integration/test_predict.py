"""Predict jobs: the pipeline that a training keeps, and what comes of it, on
rows made here. Scores are held against NumPy's, from the model's weights."""
import json

import numpy
import pytest

COLUMNS = {"guest": ["g0", "g1", "g2"], "host": ["h0", "h1", "h2", "h3"]}
NAMESPACE = "predict_tests"
ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}
PARTY = {role: ids[0] for role, ids in ROLES.items()}
MODEL_ID = "arbiter-10000#guest-9999#host-10000#model"


# ---- tables ----

def make_rows(seed, n, first=0):
    """{role: {id: values}} and {id: label}."""
    random = numpy.random.default_rng(seed)
    ids = [f"u{first + k}" for k in range(n)]
    x = {role: random.normal(size=(n, len(names))).round(4)
         for role, names in COLUMNS.items()}
    pull = x["guest"] @ [1, -2, 0.5] + x["host"] @ [0.7, 0.2, -1, 1.5]
    y = (pull + random.normal(size=n) > 0).astype(int)
    return ({role: dict(zip(ids, rows)) for role, rows in x.items()},
            dict(zip(ids, map(int, y))))


def write_csv(path, role, rows, labels=None):
    """rows: {id: values}; a value that is a text stays one."""
    names = (["y"] if labels else []) + COLUMNS[role]
    with open(path, "w") as f:
        f.write(",".join(["id"] + names) + "\n")
        for i, values in rows.items():
            cells = [str(labels[i])] if labels else []
            cells += [v if isinstance(v, str) else repr(float(v))
                      for v in values]
            f.write(",".join([i] + cells) + "\n")
    return path


def upload(site, folder, name, rows, labels=None):
    """{role: table} under NAMESPACE; the guest's with labels if given."""
    tables = {}
    for role in COLUMNS:
        table = f"{name}_{role}"
        site.flow.uploaded(
            write_csv(folder / f"{table}.csv", role, rows[role],
                      labels if role == "guest" else None),
            NAMESPACE, table, drop=1)
        tables[role] = table
    return tables


# ---- jobs ----

def dsl(**more):
    def component(module, data, **own):
        return {"module": module, "input": {"data": data},
                "output": {"data": ["t"]}, **own}

    components = {
        "dataio_0": component("DataIO", {"data": ["args.train_data"]}),
        "intersection_0": component("Intersection", {"data": ["dataio_0.t"]}),
        "hetero_lr_0": component("HeteroLR",
                                 {"train_data": ["intersection_0.t"]}),
        "evaluation_0": component("Evaluation", {"data": ["hetero_lr_0.t"]})}
    for name in ("dataio_0", "hetero_lr_0"):
        components[name]["output"]["model"] = ["m"]
    for name, own in more.items():
        components[name].update(own)
    return {"components": components}


def args(tables, key):
    return {role: {"args": {"data": {key: [
        {"name": tables[role], "namespace": NAMESPACE}]}}}
        for role in COLUMNS}


def train_conf(tables, **parameters):
    roles = args(tables, "train_data")
    roles["guest"]["dataio_0"] = {"with_label": [True]}
    roles["host"]["dataio_0"] = {"with_label": [False]}
    return {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": ROLES,
            "role_parameters": roles,
            "algorithm_parameters": {
                "dataio_0": {"missing_fill": True,
                             "missing_fill_method": "mean",
                             "outlier_replace": False},
                "hetero_lr_0": {"max_iter": 3, "batch_size": -1,
                                "learning_rate": 0.5,
                                "init_param": {"init_method": "zeros"},
                                **parameters}}}


class Trained:
    """A finished training and what it was made of."""

    def __init__(self, site, folder):
        self.site = site
        self.rows, self.labels = make_rows(1, 120)
        self.tables = upload(site, folder, "train", self.rows, self.labels)
        self.conf = train_conf(self.tables)
        self.dsl = dsl()
        self.job = site.flow.finished(self.dsl, self.conf)

    def folder(self, role):
        return (self.site.work / "models" /
                f"{role}#{PARTY[role]}#{MODEL_ID}" / self.job)


@pytest.fixture(scope="module")
def trained(site, tmp_path_factory):
    return Trained(site, tmp_path_factory.mktemp("predict"))


# ---- the pipeline ----

def fields(message):
    """{number: bytes} of a message whose fields all have a length."""
    out, at = {}, 0
    while at < len(message):
        key, at = varint(message, at)
        assert key & 7 == 2
        n, at = varint(message, at)
        out[key >> 3] = message[at:at + n]
        at += n
    return out


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def pipeline(trained, role):
    file = trained.folder(role) / "pipeline" / "pipeline" / "Pipeline"
    return {k: v.decode() for k, v in fields(file.read_bytes()).items()}


LR_PATH = ("federatedml/linear_model/logistic_regression/"
           "hetero_logistic_regression/hetero_lr_{0}.py/HeteroLR{1}")


@pytest.mark.parametrize("role", ROLES)
def test_training_when_it_ends_then_every_party_has_the_pipeline(
        trained, role):
    message = pipeline(trained, role)
    assert sorted(message) == [1, 2, 3, 4, 5, 6]
    assert message[4] == "1.4.6"
    assert message[5] == MODEL_ID and message[6] == trained.job
    assert json.loads(message[2]) == trained.dsl
    conf = json.loads(message[3])
    assert conf.pop("job_parameters") == {
        "work_mode": 0, "model_id": MODEL_ID, "model_version": trained.job}
    assert conf == {k: v for k, v in trained.conf.items()
                    if k != "job_parameters"}
    components = json.loads(message[1])["components"]
    assert list(components) == ["dataio_0", "intersection_0", "hetero_lr_0"]
    assert components["hetero_lr_0"] == {
        "module": "HeteroLR",
        "input": {"model": ["pipeline.hetero_lr_0.m"],
                  "data": {"eval_data": ["intersection_0.t"]}},
        "output": {"data": ["t"]},
        "CodePath": LR_PATH.format(role, role.capitalize())}
    assert ("CodePath" in components["dataio_0"]) == (role != "arbiter")
    index = trained.folder(role) / "pipeline" / "pipeline" / "module"
    assert index.read_text() == "Pipeline\nPipeline Pipeline\n"


def test_training_when_it_ends_then_data_view_lists_the_pipeline(
        site, trained):
    rows = [r for r in site.flow.ok("job/data/view/query",
                                    {"job_id": trained.job})
            if r["f_component_name"] == "pipeline"]
    assert sorted((r["f_role"], r["f_party_model_id"]) for r in rows) == \
        sorted((role, f"{role}#{PARTY[role]}#{MODEL_ID}") for role in ROLES)
    for row in rows:
        assert row["f_task_id"] == f"{trained.job}_pipeline"
        assert row["f_model_version"] == trained.job
        assert [row[f"f_{k}"] for k in (
            "table_name", "table_namespace", "table_count_upload",
            "table_count_actual", "partition")] == [None] * 5


def test_upload_when_it_ends_then_it_has_no_pipeline(site, trained):
    assert not list((site.work / "models").glob("local#*"))
