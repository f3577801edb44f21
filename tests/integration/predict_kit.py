"""What the tests of predict jobs share: rows, a finished training of HeteroLR
on them, and configurations that apply its models to others."""
import shutil

import numpy
import pytest

from instances import BYTES, fields

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
                             "outlier_replace": True,
                             "outlier_impute": ["-9999"],
                             "outlier_replace_method": "designated",
                             "outlier_replace_value": 0.25},
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


# ---- what a training leaves ----

def pipeline(trained, role):
    file = trained.folder(role) / "pipeline" / "pipeline" / "Pipeline"
    out = {}
    for number, wire, value in fields(file.read_bytes()):
        assert wire == BYTES
        out[number] = value.decode()
    return out


def copied(trained, version):
    """The model under another version, as an import leaves it."""
    other = object.__new__(Trained)
    other.__dict__.update(trained.__dict__, job=version)
    for role in ROLES:
        if not other.folder(role).exists():
            shutil.copytree(trained.folder(role), other.folder(role))
    return other


# ---- predicting ----

def predict_conf(trained, tables, **more):
    parameters = {"work_mode": 0, "job_type": "predict",
                  "model_id": MODEL_ID, "model_version": trained.job,
                  **more.pop("job_parameters", {})}
    return {"initiator": {"role": "guest", "party_id": 9999}, "role": ROLES,
            "job_parameters": parameters,
            "role_parameters": args(tables, "eval_data"), **more}


def predicted(trained, tables, **more):
    return trained.site.flow.finished({}, predict_conf(trained, tables,
                                                       **more))


# ---- rows that it did not see ----

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def fresh(site, folder):
    """Rows that the training did not see: (rows, labels, tables). Cells are
    missing at both parties, and each has rows that the other lacks."""
    rows, labels = make_rows(2, 60, first=1000)
    tables = upload(site, folder, "fresh", {
        "guest": with_gaps(rows["guest"], 1, drop=range(0, 5)),
        "host": with_gaps(rows["host"], 2, drop=range(50, 56))}, labels)
    return rows, labels, tables


def with_gaps(rows, column, drop=()):
    out = {}
    for k, (i, values) in enumerate(rows.items()):
        values = list(values)
        if k % 3 == 0:
            values[column] = ("", "na", "none")[k % 9 // 3]
        elif k % 7 == 0:
            values[column] = "-9999"
        if k not in drop:
            out[i] = values
    return out
