"""Jobs of the shapes of FATE's example suites for linear models and their
judges, on generated data: unknown keys, words in any case, parameters for
components that the job lacks, one party id in several roles."""
import pytest

np = pytest.importorskip("numpy")
import linear  # noqa: E402
from test_stepwise import N, Search  # noqa: E402

BATCHED = {"penalty": "L2", "optimizer": "sgd", "tol": 1e-3, "alpha": 0.01,
           "max_iter": 20, "early_stop": "weight_diff", "batch_size": -1,
           "learning_rate": 0.15, "decay": 0.0, "decay_sqrt": False,
           "init_param": {"init_method": "zeros"},
           "encrypted_mode_calculator_param": {"mode": "fast"},
           "cv_param": {"n_splits": 5, "shuffle": False, "random_seed": 103,
                        "need_cv": False,
                        "evaluate_param": {"eval_type": "regression"}}}
CV = {"n_splits": 5, "shuffle": False, "random_seed": 42, "need_cv": True}
STEPS = {"score_name": "AIC", "direction": "backward", "need_stepwise": True,
         "max_step": 3, "nvmin": 2}
SQN = {"update_interval_L": 3, "memory_M": 5, "sample_size": 5000,
       "random_seed": None}
POISSON = {**BATCHED, "learning_rate": 0.05, "exposure_colname": "exposure"}
LR = {**BATCHED, "optimizer": "nesterov_momentum_sgd", "tol": 1e-4,
      "max_iter": 6, "decay": 1, "decay_sqrt": True, "sqn_param": SQN,
      "eps": 1e-4, "converge_func": "diff",
      "intersect_0": {"intersect_method": "rsa"}}
PREFIX = {"HeteroLR": "hetero_lr_0", "HeteroLinR": "hetero_linr_0",
          "HeteroPoisson": "hetero_poisson_0"}
PARTY = 10000       # of guest, first host and arbiter alike
OTHER = 9999        # the second host
KINDS = {"HeteroLR": "binary", "HeteroLinR": "regression",
         "HeteroPoisson": "regression"}


def make_data(kind, hosts=1):
    rng = np.random.default_rng(31)
    xs = [rng.normal(size=(N, 3)).round(3)]
    xs += [rng.normal(size=(N, 3)).round(3) for _ in range(hosts)]
    u = xs[0][:, 0] - xs[1][:, 1] + 0.4 * rng.normal(size=N)
    if kind == "motor":
        return xs, (1.5 * u + 2).round(3)
    if kind == "counts":
        xs[0][:, 2] = rng.uniform(0.5, 2, size=N).round(3)
        return xs, rng.poisson(xs[0][:, 2] * np.exp(0.4 * u))
    if kind == "vehicle":
        return xs, np.digitize(u, [-1, 0, 1])
    return xs, (u > 0).astype(int)


GUEST = {"counts": ["g0", "g1", "exposure"]}
LABEL = {"motor": ("motor_speed", "float"), "counts": ("doctorco", "float")}


def upload(site, folder, name, kind, xs, y, tags=False):
    """The guest's table and the hosts'; tags: the host's as tag:value."""
    guest = GUEST.get(kind, ["g0", "g1", "g2"])
    tables = []
    for k, x in enumerate(xs):
        own = guest if k == 0 else ["h0", "h1", "h2"]
        path = folder / f"{name}{k}.csv"
        with open(path, "w") as f:
            if not tags or k == 0:
                first = [LABEL.get(kind, ("y",))[0]] if k == 0 else []
                f.write(",".join(["id"] + first + own) + "\n")
            for i, row in enumerate(x.tolist()):
                cells = [repr(y[i].item())] if k == 0 else []
                cells += [f"{c}:{v!r}" for c, v in zip(own, row)] \
                    if tags and k else map(repr, row)
                f.write(",".join([f"u{i:03d}", *cells]) + "\n")
        site.flow.uploaded(path, "suites", f"{name}{k}", drop=1,
                           head=int(not tags or k == 0))
        tables.append({"name": f"{name}{k}", "namespace": "suites"})
    return tables


def conf(module, own, tables, kind, keys=("train_data",), fmt="dense",
         tags=False, job=None):
    hosts = [PARTY, OTHER][:len(tables) - 1]
    label, label_type = LABEL.get(kind, ("y", "int"))
    eval_type = "multi" if kind == "vehicle" else KINDS[module]
    dataio = {"with_label": [True], "label_name": [label],
              "label_type": [label_type], "output_format": [fmt],
              "missing_fill": [True], "outlier_replace": [False]}
    host = {"with_label": [False] * len(hosts),
            "output_format": ["dense"] * len(hosts),
            "outlier_replace": [False] * len(hosts)}
    if tags:
        host.update(input_format=["tag"], tag_with_value=[True])
    return {
        "initiator": {"role": "guest", "party_id": PARTY},
        "job_parameters": {"work_mode": 0, **(job or {})},
        "role": {"guest": [PARTY], "host": hosts, "arbiter": [PARTY]},
        "role_parameters": {
            "guest": {
                "args": {"data": {k: [tables[0]] for k in keys}},
                "dataio_0": dataio, "dataio_1": dataio,
                # there is no such component
                "feature_scale_9": {"method": ["standard_scale"]},
                "evaluation_0": {"eval_type": [eval_type],
                                 "pos_label": [1]}},
            "host": {
                "args": {"data": {k: tables[1:] for k in keys}},
                "dataio_0": host, "dataio_1": host,
                "evaluation_0": {"need_run": [False] * len(hosts)}}},
        "algorithm_parameters": {PREFIX[module]: own}}


def part(module, key, source, model=None, used=None):
    out = {"module": module, "input": {"data": {key: [source]}},
           "output": {"data": ["d"], "model": ["m"]}}
    if used:
        out["input"]["model"] = [used]
    if module in ("Intersection", "Evaluation"):
        del out["output"]["model"]
    return out


def dsl(module, validate=False, cv=False):
    name = PREFIX[module]
    parts = {"dataio_0": part("DataIO", "data", "args.train_data"),
             "intersection_0": part("Intersection", "data", "dataio_0.d"),
             name: part(module, "train_data", "intersection_0.d")}
    if validate:
        parts["dataio_1"] = part("DataIO", "data", "args.eval_data",
                                 used="dataio_0.m")
        parts["intersection_1"] = part("Intersection", "data", "dataio_1.d")
        parts[name]["input"]["data"]["eval_data"] = ["intersection_1.d"]
    if not cv:
        parts["evaluation_0"] = part("Evaluation", "data", f"{name}.d")
    return {"components": parts}


class Job:
    """A finished job of one module."""

    def __init__(self, site, folder, name, module, kind, own, **more):
        hosts = more.pop("hosts", 1)
        shape = {k: more.pop(k) for k in ("validate", "cv") if k in more}
        self.site, self.module, self.kind = site, module, kind
        self.xs, self.y = make_data(kind, hosts)
        self.p = {**linear.BASE, **own}
        tables = upload(site, folder, name, kind, self.xs, self.y,
                        more.get("tags", False))
        keys = ("train_data",) + (("eval_data",) if "validate" in shape
                                  else ())
        self.conf = conf(module, own, tables, kind, keys, **more)
        answer = site.flow.submit(dsl(module, **shape), self.conf)
        assert answer["retcode"] == 0, answer
        self.id, self.warnings = answer["jobId"], answer["data"].get(
            "warnings", [])
        assert site.flow.wait(self.id, 120) == "success", \
            site.flow.reason(self.id)

    def shown(self, what, role, party=PARTY, component=None):
        return self.site.flow.component(
            what, self.id, component or PREFIX[self.module], role, party)

    def model(self, role, party=PARTY):
        return self.shown("output/model", role, party)["data"]

    def plain(self, rows=slice(None)):
        xs, offset = self.xs, np.zeros(N)
        if self.kind == "counts":
            offset = np.log(xs[0][:, 2])
            xs = [xs[0][:, :2]] + xs[1:]
        part = [x[rows] for x in xs]
        return linear.train(self.module, part, self.y[rows], self.p,
                            offset[rows]), xs, offset

    def check(self):
        """Weights, losses, rows and the judge's values; the scores."""
        (want, bias, losses), xs, offset = self.plain()
        parties = [("guest", PARTY)] + [
            ("host", p) for p in self.conf["role"]["host"]]
        for (role, party), w in zip(parties, want):
            got = self.model(role, party)
            np.testing.assert_allclose(linear.vector(got), w, atol=1e-4)
            assert got["iters"] == len(losses)
            assert got["bestIteration"] == -1
        assert self.model("guest")["intercept"] == pytest.approx(bias,
                                                                 abs=1e-4)
        metrics = self.shown("metric/all", "arbiter")
        if len(want) > 2:
            assert "data" not in metrics
        else:
            np.testing.assert_allclose(
                [v for _, v in metrics["data"]["train"]["loss"]["data"]],
                losses, atol=1e-4)
        mu = linear.FORMULAS[self.module].predict(
            linear.score(xs, want, bias, offset))
        rows = self.rows()
        np.testing.assert_allclose([rows[f"u{i:03d}"] for i in range(N)], mu,
                                   atol=1e-4)
        self.check_values(self.y, mu)
        return mu

    def rows(self, column="predict_score"):
        data = self.shown("output/data", "guest")
        at = data["meta"]["header"].index(column)
        return {row[0]: float(row[at]) for row in data["data"]}

    def values(self, kind="train"):
        data = self.shown("metric/all", "guest", component="evaluation_0")
        return dict(data["data"][kind][PREFIX[self.module]]["data"])

    def check_values(self, y, mu, kind="train"):
        got = self.values(kind)
        if self.module == "HeteroLR":
            pairs = mu[y == 1][:, None] - mu[y == 0][None, :]
            auc = (pairs > 0).mean() + (pairs == 0).mean() / 2
            assert got["auc"] == pytest.approx(auc, abs=2e-6)
        else:
            assert got["mean_squared_error"] == pytest.approx(
                ((mu - y) ** 2).mean(), rel=1e-3)
        assert self.site.flow.component(
            "metric/all", self.id, "evaluation_0", "host",
            PARTY)["retmsg"] == "no data"


@pytest.mark.parametrize("name, module, kind, own, more", [
    ("linr", "HeteroLinR", "motor", BATCHED, {}),
    ("linr_none", "HeteroLinR", "motor", {**BATCHED, "penalty": "None"}, {}),
    ("linr_sparse", "HeteroLinR", "motor",
     {**BATCHED, "max_iter": 2, "batch_size": 30}, {"fmt": "sparse"}),
    ("linr_hosts", "HeteroLinR", "motor", {**BATCHED, "penalty": "None"},
     {"hosts": 2}),
    ("poisson", "HeteroPoisson", "counts", POISSON, {}),
    ("poisson_rms", "HeteroPoisson", "counts",
     {**POISSON, "optimizer": "rmsprop", "alpha": 100.0, "max_iter": 4,
      "learning_rate": 0.01}, {}),
    ("poisson_sparse", "HeteroPoisson", "counts",
     {**POISSON, "max_iter": 3}, {"fmt": "sparse"}),
    ("lr", "HeteroLR", "breast", LR, {}),
    ("lr_tag", "HeteroLR", "breast", LR, {"tags": True}),
    ("lr_none", "HeteroLR", "breast", {**LR, "penalty": None}, {}),
    ("lr_spark", "HeteroLR", "breast", LR, {"job": {
        "backend": 1, "spark_submit_config": {"num-executors": 10}}}),
    ("lr_hosts", "HeteroLR", "breast", LR, {"hosts": 2}),
])
def test_training_job(site, tmp_path, name, module, kind, own, more):
    job = Job(site, tmp_path, name, module, kind, own, **more)
    if own["penalty"] in ("None", None):
        job.p["penalty"] = "none"
    job.check()
    component = PREFIX[module]
    assert f"{component}.cv_param.evaluate_param" in job.warnings
    for key in {"eps", "converge_func", "intersect_0"} & set(own):
        assert f"{component}.{key}" in job.warnings


@pytest.mark.parametrize("module, kind, own", [
    ("HeteroLinR", "motor", BATCHED), ("HeteroPoisson", "counts", POISSON),
    ("HeteroLR", "breast", {**LR, "early_stop": "weight_diff"})])
def test_validating_job_and_a_prediction(site, tmp_path, module, kind, own):
    own = {**own, "early_stopping_rounds": 5, "validation_freqs": 5,
           "max_iter": 10, "metrics": [] if module == "HeteroLR" else
           ["mean_absolute_error", "root_mean_squared_error"]}
    job = Job(site, tmp_path, f"validate_{kind}", module, kind, own,
              validate=True)
    metrics = job.shown("metric/all", "guest")["data"]
    assert set(metrics) == {"train", "validate"}
    iters = job.model("guest")["iters"]
    assert {n for n in metrics["validate"] if "ks_" not in n} == {
        f"iteration_{k}" for k in range(4, iters, 5)}
    assert metrics["validate"] == metrics["train"]      # the same rows
    best = job.model("guest")["bestIteration"]
    assert best in (4, 9)
    job.p["max_iter"] = best + 1
    (want, bias, _), xs, offset = job.plain()
    for role, w in zip(("guest", "host"), want):
        np.testing.assert_allclose(linear.vector(job.model(role)), w,
                                   atol=1e-4)
    mu = linear.FORMULAS[module].predict(
        linear.score(xs, want, bias, offset))
    job.check_values(job.y, mu)

    again = conf(module, {}, [
        job.conf["role_parameters"][r]["args"]["data"]["train_data"][0]
        for r in ("guest", "host")], kind, ("eval_data",), job={
            "job_type": "predict", "model_version": job.id,
            "model_id": f"arbiter-{PARTY}#guest-{PARTY}#host-{PARTY}#model"})
    again["role_parameters"] = {
        r: {"args": p["args"]} for r, p in again["role_parameters"].items()}
    del again["algorithm_parameters"]
    job.id = site.flow.finished({}, again)
    rows = job.rows()
    np.testing.assert_allclose([rows[f"u{i:03d}"] for i in range(N)], mu,
                               atol=1e-4)


@pytest.mark.parametrize("name, module, kind, own, hosts, fmt", [
    ("linr", "HeteroLinR", "motor", BATCHED, 1, "dense"),
    ("hosts", "HeteroLinR", "motor", BATCHED, 2, "dense"),
    ("poisson", "HeteroPoisson", "counts", POISSON, 1, "dense"),
    ("lr_sparse", "HeteroLR", "breast", LR, 1, "sparse")])
def test_cross_validating_job(site, tmp_path, name, module, kind, own, hosts,
                              fmt):
    job = Job(site, tmp_path, f"cv_{name}", module, kind,
              {**own, "max_iter": 3, "cv_param": CV}, hosts=hosts, fmt=fmt,
              cv=True)
    metrics = job.shown("metric/all", "guest")["data"]
    for f, held in enumerate(np.array_split(np.arange(N), 5)):
        rest = np.setdiff1d(np.arange(N), held)
        (want, bias, _), xs, offset = job.plain(rest)
        mu = linear.FORMULAS[module].predict(
            linear.score(xs, want, bias, offset))
        for space, part in (("train", rest), ("validate", held)):
            got = dict(metrics[space][f"{space}_fold_{f}"]["data"])
            if module == "HeteroLR":
                assert 0 <= got["ks"] <= 1 and set(got) == {"auc", "ks"}
                continue
            assert got["mean_squared_error"] == pytest.approx(
                ((mu - job.y)[part] ** 2).mean(), rel=1e-3)
    assert job.shown("output/data", "guest")["retmsg"] == "no data"
    assert job.model("guest")["header"] == []


@pytest.mark.parametrize("module, kind, own, change", [
    ("HeteroLR", "breast", BATCHED, {"max_step": 2}),
    ("HeteroLinR", "motor", BATCHED, {}),
    ("HeteroPoisson", "plain counts", BATCHED, {"direction": "both"})])
def test_stepwise_job(site, tmp_path, module, kind, own, change):
    steps = {**STEPS, **change}
    kind = kind.replace("plain counts", "counts")
    own = {**own, "penalty": "None", "early_stop": "diff", "max_iter": 5,
           "stepwise_param": steps}
    job = Job(site, tmp_path, f"step_{kind}", module, kind, own)
    p = {**job.p, "penalty": "none", "stepwise_param": {"nvmax": None,
                                                        **steps}}
    p["init_param"] = {**p["init_param"], "fit_intercept": True}
    search = Search(module, job.xs, job.y, p)
    found = search.run()
    metrics = job.shown("metric/all", "arbiter")["data"]["train"]
    assert set(metrics) == {f"stepwise_{k}" for k in range(len(found))}
    for k, mask in enumerate(found):
        meta = metrics[f"stepwise_{k}"]["meta"]
        assert meta["host_mask"] + meta["guest_mask"] == list(mask)
        assert meta["current_ic_val"] == pytest.approx(search.fit(mask)[0],
                                                       abs=1e-3)
        assert (meta["score_name"], meta["direction"]) == (
            "aic", steps["direction"])
    want = search.fit(found[-1])[2]
    for role, w in zip(("guest", "host"), want):
        np.testing.assert_allclose(linear.vector(job.model(role)), w,
                                   atol=1e-4)
    assert len(job.rows()) == N and job.values()


def test_stepwise_job_whose_guest_alone_fits_no_intercept(site, tmp_path):
    """The arbiter, which counts weights, is told otherwise."""
    xs, y = make_data("motor")
    tables = upload(site, tmp_path, "bare", "motor", xs, y)
    given = conf("HeteroLinR", {**BATCHED, "penalty": "None", "max_iter": 3,
                                "stepwise_param": STEPS}, tables, "motor")
    given["role_parameters"]["guest"]["hetero_linr_0"] = {
        "init_param": {"fit_intercept": [False]}}
    job = site.flow.finished(dsl("HeteroLinR"), given)
    steps = site.flow.component("metric/all", job, "hetero_linr_0",
                                "arbiter", PARTY)["data"]["train"]
    for step in steps.values():
        meta = step["meta"]
        assert meta["current_ic_val"] == pytest.approx(
            2 * meta["number_in"] + N * np.log(2 * meta["loss"]), abs=1e-6)
    shown = site.flow.component("output/model", job, "hetero_linr_0",
                                "guest", PARTY)["data"]
    assert shown["intercept"] == 0 and shown["iters"] > 0


@pytest.mark.parametrize("name, own", [
    ("ovr", {**LR, "max_iter": 3}),
    ("sqn", {**LR, "optimizer": "sqn", "batch_size": 5000, "decay": 0.3,
             "alpha": 1e-5, "early_stop": "diff"})])
def test_one_vs_rest_job(site, tmp_path, name, own):
    job = Job(site, tmp_path, f"ovr_{name}", "HeteroLR", "vehicle", own)
    models = job.model("guest")["oneVsRestResult"]
    assert models["oneVsRestClasses"] == ["0", "1", "2", "3"]
    p = []
    for c, one in enumerate(models["completedModels"]):
        want, bias, losses = linear.train(
            "HeteroLR", job.xs, (job.y == c).astype(int), job.p)
        np.testing.assert_allclose(linear.vector(one), want[0], atol=1e-4)
        assert one["iters"] == len(losses)
        p.append(linear.score(job.xs, want, bias))
    best = np.argmax(p, axis=0)
    rows = job.rows("predict_result")
    assert [rows[f"u{i:03d}"] for i in range(N)] == best.tolist()
    assert job.values()["accuracy"] == pytest.approx((best == job.y).mean(),
                                                     abs=1e-6)


def test_one_vs_rest_cross_validating_job(site, tmp_path):
    job = Job(site, tmp_path, "ovr_cv", "HeteroLR", "vehicle",
              {**LR, "max_iter": 2, "cv_param": {**CV, "n_splits": 3}},
              cv=True)
    metrics = job.shown("metric/all", "guest")["data"]
    for f in range(3):
        assert set(dict(metrics["validate"][f"validate_fold_{f}"][
            "data"])) == {"accuracy", "precision", "recall"}


@pytest.mark.parametrize("module, hosts, own, guest, words", [
    ("HeteroPoisson", 2, {}, {}, ["'hetero_poisson_0'",
                                "one guest and one host"]),
    ("HeteroLR", 2, {"early_stop": "diff"}, {},
     ["'early_stop'", '"diff"', '"weight_diff"']),
    ("HeteroLinR", 1, {}, {"max_iter": [7]},
     ["'max_iter' is 7 at guest 10000 and 20 at host 10000"])])
def test_job_whose_parties_do_not_fit_is_refused(site, tmp_path, module,
                                                 hosts, own, guest, words):
    """The parties would wait for each other for ever, or have no loss."""
    kind = {"HeteroLR": "breast", "HeteroLinR": "motor"}.get(module, "counts")
    xs, y = make_data(kind, hosts)
    tables = upload(site, tmp_path, f"refused_{kind}", kind, xs, y)
    given = conf(module, {**BATCHED, **own}, tables, kind)
    given["role_parameters"]["guest"][PREFIX[module]] = guest
    answer = site.flow.submit(dsl(module), given)
    assert answer["retcode"] == 100
    assert all(word in answer["retmsg"] for word in words), answer


def test_local_baseline_job(site, tmp_path):
    """Beside a HeteroLR of four classes, without an intersection; the host
    has no labels and does not run it."""
    xs, y = make_data("vehicle")
    tables = upload(site, tmp_path, "baseline", "vehicle", xs, y)
    own = conf("HeteroLR", {**LR, "max_iter": 3}, tables, "vehicle",
               ("train_data", "eval_data"))
    roles = own["role_parameters"]
    roles["guest"]["local_baseline_0"] = {
        "model_name": ["LogisticRegression"], "need_run": [True],
        "model_opts": [{"penalty": "l2", "tol": 0.0001, "C": 1.0,
                        "fit_intercept": True, "solver": "lbfgs",
                        "max_iter": 5, "multi_class": "ovr"}]}
    roles["host"]["local_baseline_0"] = {"need_run": [False]}
    for role, values in (("guest", {"eval_type": ["multi"]}),
                         ("host", {"need_run": [False]})):
        roles[role]["evaluation_1"] = values
    train = {"train_data": ["dataio_0.d"], "eval_data": ["dataio_1.d"]}
    parts = {"dataio_0": part("DataIO", "data", "args.train_data"),
             "dataio_1": part("DataIO", "data", "args.eval_data",
                              used="dataio_0.m")}
    for k, (module, name) in enumerate((("HeteroLR", "hetero_lr_0"),
                                        ("LocalBaseline",
                                         "local_baseline_0"))):
        parts[name] = {"module": module, "input": {"data": train},
                       "output": {"data": ["d"], "model": ["m"]}}
        parts[f"evaluation_{k}"] = {"module": "Evaluation", "input": {
            "data": {"data": [f"{name}.d"]}}}
    job = site.flow.finished({"components": parts}, own)
    shown = site.flow.component("output/model", job, "local_baseline_0",
                                "guest", PARTY)
    assert shown["meta"]["meta_data"]["maxIter"] == "5"
    models = shown["data"]["oneVsRestResult"]["completedModels"]
    assert len(models) == 4 and all(0 < m["iters"] <= 5 for m in models)
    rows = site.flow.component("output/data", job, "local_baseline_0",
                               "guest", PARTY)
    at = rows["meta"]["header"].index("predict_result")
    right = {r[0]: int(r[at]) for r in rows["data"]}
    hits = np.mean([right[f"u{i:03d}"] == y[i] for i in range(N)])
    for k, name in enumerate(("hetero_lr_0", "local_baseline_0")):
        got = site.flow.component("metric/all", job, f"evaluation_{k}",
                                  "guest", PARTY)["data"]["train"]
        values = dict(got[name]["data"])
        assert set(values) == {"accuracy", "precision", "recall"}
        if k:
            assert values["accuracy"] == pytest.approx(hits, abs=1e-6)
    host = site.flow.component("output/model", job, "local_baseline_0",
                               "host", PARTY)
    assert not host.get("data")


def test_scorecard_job(site, tmp_path):
    xs, y = make_data("breast")
    tables = upload(site, tmp_path, "scorecard", "breast", xs, y)
    own = conf("HeteroLR", {**LR, "max_iter": 5, "init_param": {
        "init_method": "random_uniform"}}, tables, "breast", ("data",))
    for values in own["role_parameters"].values():
        for name in ("dataio_1", "evaluation_0", "feature_scale_9"):
            values.pop(name, None)
    own["role_parameters"]["guest"]["scorecard_0"] = {
        "need_run": [True], "method": ["credit"], "offset": [500],
        "factor": [20], "factor_base": [2], "upper_limit_ratio": [3],
        "lower_limit_value": [0]}
    own["role_parameters"]["host"]["scorecard_0"] = {"need_run": [False]}
    parts = dsl("HeteroLR", cv=True)["components"]
    parts["dataio_0"]["input"]["data"]["data"] = ["args.data"]
    parts["scorecard_0"] = {"module": "Scorecard", "input": {
        "data": {"data": ["hetero_lr_0.d"]}}}
    job = site.flow.finished({"components": parts}, own)
    meta = site.flow.component("metric/all", job, "scorecard_0", "guest",
                               PARTY)["data"]["train"]["scorecard"]["meta"]
    assert meta["scorecard_compute_formula"] == \
        "Score = 500 + 20 / ln(2) * ln(Odds)"
    shown = site.flow.component("output/data", job, "scorecard_0", "guest",
                                PARTY)
    head = shown["meta"]["header"]
    p, credit = (head.index(n) for n in ("predict_score", "credit_score"))
    for row in shown["data"]:
        v = float(row[p])
        assert float(row[credit]) == pytest.approx(
            500 + 20 / np.log(2) * np.log((1 - v) / v), abs=0.0051)
