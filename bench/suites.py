"""The row suites: whole jobs of FATE's example suites for vertically split
data, submit to success, each beside what FATE 1.4.6 was seen to need for its
own (quoted, not measured here)."""
import copy
import random
import time

GUEST = {"role": "guest", "party_id": 9999}
SHARE = 40      # ours shall take at most this part of FATE's time


def component(module, source, key="data", more=None):
    """A row of a DSL that takes data from another, gives data and a model."""
    return {"module": module,
            "input": {"data": {key: [source]}, **(more or {})},
            "output": {"data": ["out"], "model": ["model"]}}


def chain(*rows):
    """A DSL of components one behind the other: (name, module, key, more)."""
    source, dsl = "args.train_data", {}
    for name, module, *rest in rows:
        dsl[name] = component(module, source, *rest)
        source = f"{name}.out"
    return {"components": dsl}


START = [("dataio_0", "DataIO"), ("intersection_0", "Intersection")]
BINNING = ("hetero_feature_binning_0", "HeteroFeatureBinning")
SCALE = ("feature_scale_0", "FeatureScale")
ONE_HOT = ("one_hot_encoder_0", "OneHotEncoder")
SELECTION = ("hetero_feature_selection_0", "HeteroFeatureSelection", "data",
             {"isometric_model": ["hetero_feature_binning_0.model"]})


def training(module, *before):
    return chain(*START, *before, ("model_0", module, "train_data"),
                 ("evaluation_0", "Evaluation"))


QUANTILE = {"method": "quantile", "bin_num": 10,
            "transform_param": {"transform_cols": -1,
                                "transform_type": "bin_num"}}
FILTERS = {"filter_methods": ["unique_value", "iv_value_thres",
                              "coefficient_of_variation_value_thres",
                              "iv_percentile", "outlier_cols"],
           "unique_param": {"eps": 1e-6},
           "iv_value_param": {"value_threshold": 0.1},
           "iv_percentile_param": {"percentile_threshold": 0.9},
           "variance_coe_param": {"value_threshold": 0.3},
           "outlier_param": {"percentile": 0.95, "upper_threshold": 10}}


def fixed(iterations, **more):
    """A training of exactly so many iterations, of all rows at once."""
    return {"max_iter": iterations, "tol": 1e-30, "early_stop": "weight_diff",
            "batch_size": -1, "optimizer": "rmsprop", "learning_rate": 0.15,
            "alpha": 0.01, "init_param": {"init_method": "zeros"},
            "encrypt_param": {"key_length": 1024}, **more}


# name, DSL, parameters of its components, rows and columns of guest and host,
# how labels are drawn, evaluation, seconds of FATE 1.4.6
SUITES = [
    ("binning, one-hot", chain(*START, BINNING, ONE_HOT),
     {"hetero_feature_binning_0": QUANTILE},
     (569, 10, 20), "binary", None, 10.1),
    ("feature engineering, LR, 10 iterations",
     training("HeteroLR", SCALE, BINNING, SELECTION, ONE_HOT),
     {"feature_scale_0": {"method": "standard_scale"},
      "hetero_feature_binning_0": QUANTILE,
      "hetero_feature_selection_0": FILTERS, "model_0": fixed(10)},
     (569, 10, 20), "binary", "binary", 52.7),
    ("HeteroLinR, 20 iterations", training("HeteroLinR"),
     {"model_0": fixed(20, optimizer="sgd", learning_rate=0.05)},
     (569, 10, 20), "real", "regression", 76),
    ("HeteroPoisson, 10 iterations", training("HeteroPoisson", SCALE),
     {"feature_scale_0": {"method": "standard_scale"},
      "model_0": fixed(10, learning_rate=0.01)},
     (5190, 9, 9), "count", "regression", 125),
]


def label(kind, weight, dice):
    return {"binary": lambda: int(weight + dice.gauss(0, 1) > 0),
            "real": lambda: round(weight + dice.gauss(0, 0.1), 6),
            "count": lambda: min(9, int(dice.expovariate(1) * 2.718 ** weight)),
            }[kind]()


def tables(folder, size, kind):
    """Writes the guest's and the host's CSV; their paths."""
    rows, *columns = size
    dice = random.Random(rows * 1000 + sum(columns))
    weights = [[dice.gauss(0, 0.3) for _ in range(n)] for n in columns]
    paths = [folder / f"{p}{rows}{kind}.csv" for p in ("guest", "host")]
    with open(paths[0], "w") as guest, open(paths[1], "w") as host:
        for out, n, y in ((guest, columns[0], "y,"), (host, columns[1], "")):
            out.write(f"id,{y}" + ",".join(f"x{i}" for i in range(n)) + "\n")
        for i in range(rows):
            cells = [[dice.gauss(0, 1) for _ in w] for w in weights]
            weight = sum(c * w for party in zip(cells, weights)
                         for c, w in zip(*party))
            texts = [",".join(f"{c:.6f}" for c in x) for x in cells]
            guest.write(f"{i},{label(kind, weight, dice)},{texts[0]}\n")
            host.write(f"{i},{texts[1]}\n")
    return paths


def conf(names, kind, evaluation, parameters):
    guest, host = ({"args": {"data": {"train_data": [
        {"name": name, "namespace": "suites"}]}}} for name in names)
    guest["dataio_0"] = {"with_label": [True], "label_name": ["y"],
                         "label_type": ["int" if kind == "binary"
                                        else "float"],
                         "output_format": ["dense"]}
    host["dataio_0"] = {"with_label": [False], "output_format": ["dense"]}
    roles = {"guest": [9999], "host": [10000]}
    if evaluation:
        guest["evaluation_0"] = {"eval_type": [evaluation]}
        host["evaluation_0"] = {"need_run": [False]}
        roles["arbiter"] = [10000]
    return {"initiator": GUEST, "job_parameters": {"work_mode": 0},
            "role": roles,
            "role_parameters": {"guest": guest, "host": host},
            "algorithm_parameters": copy.deepcopy(parameters)}


def run(bench, suite):
    """The seconds of one job, and its id."""
    name, dsl, parameters, size, kind, evaluation, _ = suite
    names = []
    for path in tables(bench.folder, size, kind):
        names.append(path.stem)
        bench.flow.uploaded(path, "suites", path.stem, drop=1)
    start = time.monotonic()
    job_id = bench.flow.submitted(dsl, conf(names, kind, evaluation,
                                            parameters))
    bench.await_job(job_id, pause=0.01)
    return time.monotonic() - start, job_id


def row_suites(bench):
    for suite in SUITES:
        name, fate = suite[0], suite[-1]
        rows, guest, host = suite[3]
        seconds, job_id = run(bench, suite)
        aim = fate / SHARE
        bench.table.add(f"{name}: {rows} x {guest + host}",
                        f"{seconds:.2f} s", f"{fate:.0f} s FATE (quoted)",
                        f"1/{fate / seconds:.0f}", f"< {aim:.2f} s idle",
                        seconds < aim)
        bench.table.add("  its tasks: processor time of all",
                        f"{bench.cpu_s(job_id):.2f} s")
