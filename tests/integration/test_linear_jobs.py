"""HeteroLinR, HeteroPoisson and HeteroLR of three classes as whole jobs: from
uploads to Evaluation, then a prediction of other rows by the model."""
import pytest

np = pytest.importorskip("numpy")
import linear  # noqa: E402

N, NEW = 90, 40
ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}
MODEL_ID = "arbiter-10000#guest-9999#host-10000#model"
GUEST, HOST = ["g0", "g1", "days"], ["h0", "h1", "h2"]
OWN = {"max_iter": 4, "batch_size": 25, "learning_rate": 0.1, "alpha": 0.02,
       "init_param": {"init_method": "zeros"}}
MODULES = {
    "HeteroLinR": ("regression", "float", {}),
    "HeteroPoisson": ("regression", "int", {"exposure_colname": "days"}),
    "HeteroLR": ("multi", "int", {}),
}


def make_rows(seed, n):
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=(n, 3)).round(4), rng.normal(size=(n, 3)).round(4)]
    xs[0][:, 2] = rng.uniform(0.5, 2, size=n).round(4)
    return xs, xs[0][:, 0] - xs[1][:, 1] + rng.normal(size=n) * 0.2


def labels_of(module, u):
    if module == "HeteroLinR":
        return (2 * u - 1).round(4)
    if module == "HeteroPoisson":
        return np.floor(np.exp(u)).astype(int)
    return np.digitize(u, [-0.5, 0.5])


def upload(site, folder, name, xs, y):
    for k, (role, header) in enumerate((("guest", ["y"] + GUEST),
                                        ("host", HOST))):
        first = y.tolist() if k == 0 else None
        path = folder / f"{name}_{role}.csv"
        with open(path, "w") as f:
            f.write(",".join(["id"] + header) + "\n")
            for i, row in enumerate(xs[k].tolist()):
                cells = ([first[i]] if first else []) + row
                f.write(",".join([f"u{i:03d}"] + list(map(repr, cells))) +
                        "\n")
        site.flow.uploaded(path, "linear", f"{name}_{role}", drop=1)


def conf(name, key, module, label_type):
    roles = {role: {"args": {"data": {key: [
        {"name": f"{name}_{role}", "namespace": "linear"}]}},
        "dataio_0": {"with_label": [role == "guest"],
                     "label_type": [label_type]}}
        for role in ("guest", "host")}
    kind, _, own = MODULES[module]
    return {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": ROLES,
            "role_parameters": roles,
            "algorithm_parameters": {"linear_0": {**OWN, **own},
                                     "evaluation_0": {"eval_type": kind}}}


def dsl(module):
    def part(name, data, model=None):
        out = {"module": name, "input": {"data": data},
               "output": {"data": ["t"]}}
        if model:
            out["output"]["model"] = ["m"]
        return out

    return {"components": {
        "dataio_0": part("DataIO", {"data": ["args.train_data"]}, True),
        "intersection_0": part("Intersection", {"data": ["dataio_0.t"]}),
        "linear_0": part(module, {"train_data": ["intersection_0.t"]}, True),
        "evaluation_0": part("Evaluation", {"data": ["linear_0.t"]})}}


def plain(module, xs, y, new):
    """Predictions of the training's rows and the new ones, and the classes
    of the highest of three for HeteroLR."""
    offsets = [np.zeros(len(x[0])) for x in (xs, new)]
    if module == "HeteroPoisson":
        offsets = [np.log(x[0][:, 2]) for x in (xs, new)]
        xs, new = ([x[0][:, :2], x[1]] for x in (xs, new))
    decay = {"decay": 10, "decay_sqrt": False} \
        if module == "HeteroLinR" else {}
    p = {**linear.BASE, **OWN, **decay}
    if module != "HeteroLR":
        want, bias, _ = linear.train(module, xs, y, p, offsets[0])
        predict = linear.FORMULAS[module].predict
        return [predict(linear.score(x, want, bias, o))
                for x, o in zip((xs, new), offsets)]
    fits = [linear.train(module, xs, (y == c).astype(int), p)[:2]
            for c in range(3)]
    return [np.argmax([linear.score(x, *one) for one in fits], axis=0)
            for x in (xs, new)]


def output(site, job):
    shown = site.flow.component("output/data", job, "linear_0", "guest", 9999)
    assert shown["retcode"] == 0
    at = shown["meta"]["header"].index("predict_result")
    return {row[0]: float(row[at]) for row in shown["data"]}


def summary(site, job, name_space):
    answer = site.flow.component("metric/all", job, "evaluation_0", "guest",
                                 9999)
    return dict(answer["data"][name_space]["linear_0"]["data"])


def check_summary(module, got, y, mu):
    if module == "HeteroLR":
        assert got["accuracy"] == pytest.approx((mu == y).mean(), abs=1e-6)
        return
    assert got["root_mean_squared_error"] == pytest.approx(
        np.sqrt(((mu - y) ** 2).mean()), rel=1e-4)
    assert got["r2_score"] == pytest.approx(
        1 - ((mu - y) ** 2).sum() / ((y - y.mean()) ** 2).sum(), rel=1e-3)


@pytest.mark.parametrize("module", MODULES)
def test_job_trains_evaluates_and_predicts(site, tmp_path, module):
    xs, u = make_rows(1, N)
    new, v = make_rows(2, NEW)
    y = labels_of(module, u)
    name = module.lower()
    label_type = MODULES[module][1]
    upload(site, tmp_path, name, xs, y)
    upload(site, tmp_path, name + "_new", new,
           labels_of(module, v))
    job = site.flow.finished(dsl(module),
                             conf(name, "train_data", module, label_type))
    fitted, predicted = plain(module, xs, y, new)
    got = output(site, job)
    np.testing.assert_allclose([got[f"u{i:03d}"] for i in range(N)], fitted,
                               atol=1e-3)
    check_summary(module, summary(site, job, "train"), y, fitted)

    again = conf(name + "_new", "eval_data", module, label_type)
    again["job_parameters"].update(job_type="predict", model_id=MODEL_ID,
                                   model_version=job)
    for role in again["role_parameters"].values():
        del role["dataio_0"]
    del again["algorithm_parameters"]
    second = site.flow.finished({}, again)
    got = output(site, second)
    np.testing.assert_allclose([got[f"u{i:03d}"] for i in range(NEW)],
                               predicted, atol=1e-3)


def test_model_is_shown_with_fates_words(site, tmp_path):
    xs, u = make_rows(1, N)
    upload(site, tmp_path, "words", xs, labels_of("HeteroPoisson", u))
    job = site.flow.finished(
        dsl("HeteroPoisson"),
        conf("words", "train_data", "HeteroPoisson", "int"))
    shown = site.flow.component("output/model", job, "linear_0", "guest",
                                9999)
    assert shown["meta"]["module_name"] == "HeteroPoisson"
    assert shown["meta"]["meta_data"]["exposureColname"] == "days"
    assert shown["data"]["header"] == ["g0", "g1"]
    assert set(shown["data"]) == {
        "iters", "lossHistory", "isConverged", "weight", "intercept",
        "header", "bestIteration"}
    arbiter = site.flow.component("metric/all", job, "linear_0", "arbiter",
                                  10000)
    loss = [value for _, value in arbiter["data"]["train"]["loss"]["data"]]
    assert len(loss) == shown["data"]["iters"] and loss[-1] < loss[0]
