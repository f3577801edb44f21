"""The jobs of a chaos run: what is submitted, when, and what may come of it.

The list is a pure function of the seed. Every job carries a marker (a table's
name or a word in its job_parameters) by which its row is found again, and the
same word is its submit token.
"""
import pathlib
import random
import typing

NAMESPACE = "chaos"
GUEST, HOST, ARBITER = 9999, 10000, 10000
PARTIES = {"guest": GUEST, "host": HOST, "arbiter": ARBITER}
TABLES = {"guest": "base_guest", "host": "base_host"}
COLUMNS = {"guest": ["a", "b", "c"], "host": ["d", "e"]}
ROWS = 60
MODEL_ID = "arbiter-10000#guest-9999#host-10000#model"


class Spec(typing.NamedTuple):
    """One job to be."""
    marker: str
    shape: str
    at: float           # seconds after the start
    ends: frozenset     # the statuses that it may have, unless a fault hit it
    says: str           # what the reason must contain when it fails by itself
    body: dict          # of job/submit, or {} for one by upload
    retries: int        # auto_retries
    stop_after: float   # seconds after the answer, 0: never
    rows: int           # of an upload


# ---- data ----

def write_table(path, role, seed=0, rows=ROWS):
    """A CSV file of a party; the guest's has the label."""
    rng = random.Random(f"table-{role}-{seed}")
    label = ["y"] if role == "guest" else []
    lines = [",".join(["id", *label, *COLUMNS[role]])]
    for i in range(rows):
        cells = [f"{rng.gauss(0, 1):.5f}" for _ in COLUMNS[role]]
        lines.append(",".join([f"r{i}", *[str(i % 2) for _ in label],
                               *cells]))
    pathlib.Path(path).write_text("\n".join(lines) + "\n")
    return path


# ---- pieces of a DSL ----

def component(module, data=None, model=None, key="data"):
    c = {"module": module, "input": {"data": {key: data}},
         "output": {"data": ["out"]}}
    if model:
        c["output"]["model"] = [model]
    return c


def dataio():
    return component("DataIO", ["args.train_data"], "dataio")


def conf(roles, marker, retries, key="train_data", **parameters):
    """A configuration for those roles over the base tables."""
    c = {"initiator": {"role": "guest", "party_id": GUEST},
         "job_parameters": {"work_mode": 0, "chaos": marker},
         "role": {r: [PARTIES[r]] for r in roles},
         "role_parameters": {}, "algorithm_parameters": parameters}
    for role in roles:
        if role in TABLES:
            c["role_parameters"][role] = {"args": {"data": {key: [
                {"namespace": NAMESPACE, "name": TABLES[role]}]}}}
    if retries:
        c["job_parameters"]["auto_retries"] = retries
        c["job_parameters"]["auto_retry_delay"] = 1
    return c


def read_labels(c, names, label="y"):
    """The guest's DataIO components find their label, the others have none."""
    for role, own in c["role_parameters"].items():
        for name in names:
            own[name] = {"with_label": [role == "guest"],
                         "output_format": ["dense"]}
            if role == "guest":
                own[name].update(label_name=[label], label_type=["int"])
    return c


def body(components, c):
    return {"job_dsl": {"components": components}, "job_runtime_conf": c}


# ---- shapes ----

def one_task(marker, retries, rng):
    return body({"dataio_0": dataio()},
                read_labels(conf(["guest"], marker, retries), ["dataio_0"]))


def chain(marker, retries, rng):
    parts = {"dataio_0": dataio(),
             "intersection_0": component("Intersection", ["dataio_0.out"]),
             "scale_0": component("FeatureScale", ["intersection_0.out"],
                                  "scale")}
    c = conf(["guest", "host"], marker, retries,
             intersection_0={"intersect_method": "raw"})
    return body(parts, read_labels(c, ["dataio_0"]))


def wide(marker, retries, rng):
    names = [f"dataio_{i}" for i in range(rng.randint(2, WIDTH_MAX))]
    parts = {name: dataio() for name in names}
    for i, name in enumerate(names):
        parts[f"intersection_{i}"] = component("Intersection",
                                               [f"{name}.out"])
    c = conf(["guest", "host", "arbiter"], marker, retries)
    for i in range(len(names)):
        c["algorithm_parameters"][f"intersection_{i}"] = {
            "intersect_method": rng.choice(["raw", "rsa"])}
    return body(parts, read_labels(c, names))


def lr_job(marker, retries, key="train_data", **lr):
    parts = {"dataio_0": dataio(),
             "intersection_0": component("Intersection", ["dataio_0.out"]),
             "lr_0": component("HeteroLR", ["intersection_0.out"], "lr",
                               "train_data"),
             "evaluation_0": component("Evaluation", ["lr_0.out"])}
    c = conf(["guest", "host", "arbiter"], marker, retries, key,
             intersection_0={"intersect_method": "raw"},
             lr_0={"penalty": "L2", "optimizer": "sgd", "max_iter": 2,
                   "batch_size": -1, "tol": 1e-30, "learning_rate": 0.1,
                   "init_param": {"init_method": "zeros"}, **lr})
    c["role_parameters"]["guest"]["evaluation_0"] = {
        "eval_type": ["binary"], "pos_label": [1]}
    c["role_parameters"]["host"]["evaluation_0"] = {"need_run": [False]}
    return body(parts, read_labels(c, ["dataio_0"]))


def training(marker, retries, rng):
    return lr_job(marker, retries, max_iter=rng.choice([2, 2, 10, 40]))


LONG = {"max_iter": 5000, "learning_rate": 1e-6}


def stopped(marker, retries, rng):
    return lr_job(marker, 0, **LONG)


def overrun(marker, retries, rng):
    b = lr_job(marker, 0, **LONG)
    b["job_runtime_conf"]["job_parameters"]["timeout"] = 2
    return b


def no_label(marker, retries, rng):
    return body({"dataio_0": dataio()},
                read_labels(conf(["guest"], marker, retries), ["dataio_0"],
                            "no_such_column"))


def no_column(marker, retries, rng):
    b = chain(marker, retries, rng)
    b["job_runtime_conf"]["algorithm_parameters"]["scale_0"] = {
        "scale_names": ["no_such_column"]}
    return b


def predict(marker, retries, rng):
    """`model_version` is filled in once the model is there."""
    c = conf(["guest", "host", "arbiter"], marker, retries, "eval_data")
    c["job_parameters"].update(job_type="predict", model_id=MODEL_ID,
                               model_version=None)
    return {"job_runtime_conf": c}


def upload(marker, retries, rng):
    return {}


pieces = upload


# shape: (weight, maker, final statuses, what a failure of its own says)
SHAPES = {
    "upload": (3, upload, {"success"}, ""),
    "one_task": (6, one_task, {"success"}, ""),
    "chain": (5, chain, {"success"}, ""),
    "wide": (4, wide, {"success"}, ""),
    "training": (3, training, {"success"}, ""),
    "predict": (2, predict, {"success"}, ""),
    "stopped": (1, stopped, {"canceled"}, "127.0.0.1"),
    "overrun": (1, overrun, {"timeout"}, "time"),
    "no_label": (2, no_label, {"failed"}, "no_such_column"),
    "no_column": (1, no_column, {"failed"}, "no_such_column"),
    "pieces": (2, pieces, {"success"}, ""),
}
# Components of one shape that a full disk may meet at once.
WIDTH_MAX = 4
RETRYING = {"one_task", "chain", "wide", "training", "no_label"}


def plan(seed, n, seconds):
    """n jobs, submitted over that time, in that order."""
    rng = random.Random(f"jobs-{seed}")
    names = list(SHAPES)
    weights = [SHAPES[s][0] for s in names]
    times = sorted(rng.uniform(0, seconds) for _ in range(n))
    specs = []
    for i, at in enumerate(times):
        # One of each to begin with, so that a short run has all.
        shape = (names[i] if i < len(names)
                 else rng.choices(names, weights)[0])
        _, make, ends, says = SHAPES[shape]
        marker = f"chaos-{seed}-{i}"
        retries = (rng.choice([0, 2, 5]) if shape in RETRYING else 0)
        specs.append(Spec(
            marker, shape, at, frozenset(ends), says,
            make(marker, retries, rng), retries,
            rng.uniform(0.2, 6) if shape == "stopped" else 0.0,
            rng.choice([10, 200, 5000])))
    return specs
