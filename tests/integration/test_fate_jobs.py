"""FATE's own example jobs, unchanged but for work_mode 0, against what a real
FATE-Flow 1.4.6 answered. Skipped where the shared data is not there."""
import csv
import json

import numpy
import pytest

import linear
from flow import SHARED, load
from golden import agree
from shape import differences

JOBS = SHARED / "data" / "jobs"
TABLES = SHARED / "data" / "tables"
GOLDEN = SHARED / "golden"
pytestmark = pytest.mark.skipif(not JOBS.is_dir(),
                                reason="skipped: no ../shared/data")
LR = "hetero_logistic_regression"
METRICS = {"auc", "ks"}


@pytest.fixture(scope="module")
def tables(site):
    for name in ("breast_hetero_guest", "breast_hetero_host"):
        site.flow.uploaded(TABLES / f"{name}.csv", "experiment", name,
                           partition=16, drop=1)


@pytest.fixture(scope="module")
def run(site, tables):
    """Submits a job of the examples once; its id."""
    done = {}

    def submit(folder, conf, dsl):
        if (folder, conf) not in done:
            done[folder, conf] = site.flow.finished(
                load(JOBS / folder / dsl), load(JOBS / folder / conf), 300)
        return done[folder, conf]

    return submit


def golden_final(task):
    with open(GOLDEN / "jobs.csv") as table:
        row = next(r for r in csv.DictReader(table) if r["task"] == task)
    return json.loads(row["final_metrics"])["evaluation_0.train.hetero_lr_0"]


def final(site, job_id, name_space="train"):
    answer = site.flow.component("metric/all", job_id, "evaluation_0",
                                 "guest", 10000)
    return dict(answer["data"][name_space]["hetero_lr_0"]["data"])


def read(name):
    with open(TABLES / f"{name}.csv") as table:
        return {row[0]: row[1:] for row in list(csv.reader(table))[1:]}


@pytest.fixture(scope="module")
def breast():
    """x with a column of ones for the intercept, and y."""
    guest, host = read("breast_hetero_guest"), read("breast_hetero_host")
    ids = sorted(guest, key=lambda i: (len(i), i))
    return (numpy.array([[float(v) for v in guest[i][1:] + host[i]] + [1.0]
                         for i in ids]),
            numpy.array([guest[i][0] == "1" for i in ids]))


def train(breast, w, alpha=0.01, stop=None, rate=0.15, iterations=30):
    """The formulas without encryption: Nesterov on the Taylor gradient; the
    last weight is the intercept. stop (frequency, rounds) validates by AUC
    and KS, ends when one has not risen for so many rounds, and keeps the
    model at which both had. The AUC and KS of the result."""
    return measures(breast[1], breast[0] @ fit(breast, w, alpha, stop, rate,
                                               iterations))


def fit(breast, w, alpha=0.01, stop=None, rate=0.15, iterations=30):
    """The weights that train() judges."""
    x, y = breast
    momentum = numpy.zeros(len(w))
    best, waits, kept = [-1, -1], [0, 0], None
    for t in range(iterations):
        gradient = x.T @ (0.25 * x @ w - 0.5 * numpy.where(y, 1, -1)) / len(y)
        gradient[:-1] += alpha * w[:-1]
        v = 0.9 * momentum - rate / numpy.sqrt(1 + t) * gradient
        w = w - (0.9 * momentum - 1.9 * v)
        momentum = v
        if stop and (t + 1) % stop[0] == 0:
            now = measures(y, x @ w)
            waits = [0 if n > b else k + 1
                     for n, b, k in zip(now, best, waits)]
            best = [max(n, b) for n, b in zip(now, best)]
            kept = w if not any(waits) else kept
            if max(waits) >= stop[1]:
                break
    return w if kept is None else kept


def measures(y, score):
    rank = numpy.empty(len(y))
    rank[numpy.argsort(score, kind="stable")] = numpy.arange(1, len(y) + 1)
    ones, zeros = y.sum(), (~y).sum()
    auc = (rank[y].sum() - ones * (ones + 1) / 2) / (ones * zeros)
    cuts = numpy.sort(score)[::-1][[len(y) * c // 100 for c in range(100)]]
    return auc, max((score[y] > t).mean() - (score[~y] > t).mean()
                    for t in cuts)


def trainings(breast, stop=None, n=300):
    """AUC and KS, a list each, of trainings from random_uniform weights."""
    random = numpy.random.default_rng(20261123)
    return list(zip(*(train(breast, random.random(31), stop=stop)
                      for _ in range(n))))


TRAIN = "test_hetero_lr_train_job_dsl.json"
VALIDATE = "test_hetero_lr_validate_job_dsl.json"


def test_train_job_reaches_the_real_ones_auc_and_ks(site, run, breast):
    """AUC to 0.01. KS is the gap at one of 100 cuts of a model that began at
    random: over the plain trainings it spreads by a standard deviation of
    0.01, so ours and the real system's are held against their range."""
    ours = final(site, run(LR, "test_hetero_lr_train_job_conf.json", TRAIN))
    theirs = golden_final("lr")
    assert ours["auc"] == pytest.approx(theirs["auc"], abs=0.01)
    auc, ks = trainings(breast)
    for one in (ours, theirs):
        assert min(auc) - 0.002 <= one["auc"] <= max(auc) + 0.002
        assert min(ks) - 0.01 <= one["ks"] <= max(ks) + 0.01


# Over 3,000 plain trainings that stop early, (3, 3); one in sixty lies beyond
# the best of three hundred, so their range is too narrow to judge by.
STOPPED_AUC, STOPPED_KS = (0.9586, 0.9946), (0.7923, 0.9519)


def test_validate_job_is_one_of_the_plain_trainings(site, run, breast):
    """It stops early, at a point that its random start decides."""
    ours = final(site, run(LR, "test_hetero_lr_validate_job_conf.json",
                           VALIDATE))
    for name, (low, high) in (("auc", STOPPED_AUC), ("ks", STOPPED_KS)):
        assert low - 0.01 <= ours[name] <= high + 0.01
    auc, ks = trainings(breast, stop=(3, 3), n=30)
    assert STOPPED_AUC[0] <= min(auc) and max(auc) <= STOPPED_AUC[1]
    assert STOPPED_KS[0] <= min(ks) and max(ks) <= STOPPED_KS[1]


@pytest.mark.parametrize("conf,dsl,plain", [
    ("test_hetero_lr_none_penalty_train_job_conf.json", TRAIN, {"alpha": 0}),
    ("test_hetero_lr_early_stop_train_job_conf.json", VALIDATE,
     {"stop": (1, 3)}),
])
def test_job_from_zeros_equals_the_plain_training(site, run, breast, conf,
                                                  dsl, plain):
    ours = final(site, run(LR, conf, dsl))
    auc, ks = train(breast, numpy.zeros(31), **plain)
    assert ours["auc"] == pytest.approx(auc, abs=2e-6)
    assert ours["ks"] == pytest.approx(ks, abs=2e-6)


SPARSE = "test_hetero_lr_sparse_train_job_conf.json"
SQN = ["test_hetero_lr_sqn_job_conf.json",
       "test_hetero_lr_sparse_sqn_train_job_conf.json"]


def test_sparse_job_is_one_of_the_plain_trainings(site, run, breast):
    ours = final(site, run(LR, SPARSE, TRAIN))
    auc, ks = trainings(breast)
    assert min(auc) - 0.002 <= ours["auc"] <= max(auc) + 0.002
    assert min(ks) - 0.01 <= ours["ks"] <= max(ks) + 0.01


def test_job_of_two_hosts_has_no_loss(site, run):
    job = run(LR, "test_multi_host_job_conf.json", TRAIN)
    assert final(site, job)["auc"] > 0.98
    metrics = site.flow.component("metric/all", job, "hetero_lr_0", "arbiter",
                                  10000)
    assert "data" not in metrics and metrics["retcode"] == 0
    for party in (10000, 10001):
        shown = site.flow.component("output/model", job, "hetero_lr_0",
                                    "host", party)["data"]
        assert len(shown["weight"]) == 20 and shown["iters"] == 30


def train_by_sqn(breast, p):
    """(losses, weights) of a plain training, by the matrix."""
    x, y = breast
    return linear.train("HeteroLR", [x[:, :10], x[:, 10:30]],
                        y.astype(int), p)


@pytest.mark.parametrize("conf", SQN)
def test_sqn_job_equals_the_plain_training(site, run, breast, conf):
    job = run(LR, conf, TRAIN)
    given = load(JOBS / LR / conf)["algorithm_parameters"]["hetero_lr_0"]
    loss = [v for _, v in site.flow.component(
        "metric/all", job, "hetero_lr_0", "arbiter", 10000)[
            "data"]["train"]["loss"]["data"]]
    p = {**linear.BASE, **given, "max_iter": len(loss)}
    want, bias, plain = train_by_sqn(breast, p)
    assert numpy.abs(numpy.array(loss) - plain).max() < 1e-4
    assert abs(loss[-1] - loss[-2]) < p["tol"] or len(loss) == 30
    x, y = breast
    u = linear.score([x[:, :10], x[:, 10:30]], want, bias)
    auc, ks = measures(y, u)
    ours = final(site, job)
    assert ours["auc"] == pytest.approx(auc, abs=1e-4)
    assert ours["ks"] == pytest.approx(ks, abs=1e-2)


def test_cv_job_reports_its_folds(site, run, breast):
    """Each fold as a training of its own, from zeros and without a shuffle;
    the real system's rows stand in another order, so its folds differ."""
    job = run(LR, "test_hetero_lr_cv_job_conf.json",
              "test_hetero_lr_cv_job_dsl.json")
    metrics = site.flow.component("metric/all", job, "hetero_lr_0", "guest",
                                  10000)["data"]
    x, y = breast
    folds = numpy.array_split(numpy.arange(len(y)), 3)
    assert set(metrics["train"]) >= {f"train_fold_{f}" for f in range(3)}
    for f, held in enumerate(folds):
        got = dict(metrics["validate"][f"validate_fold_{f}"]["data"])
        assert set(got) == METRICS
        rest = numpy.setdiff1d(numpy.arange(len(y)), held)
        w = fit((x[rest], y[rest]), numpy.zeros(31), iterations=10)
        auc, ks = measures(y[held], x[held] @ w)
        assert got["auc"] == pytest.approx(auc, abs=2e-6)
        assert got["ks"] == pytest.approx(ks, abs=2e-6)
    loss = site.flow.component("metric/all", job, "hetero_lr_0", "arbiter",
                               10000)["data"]["train"]
    assert set(loss) == {"loss.0", "loss.1", "loss.2"}
    assert len(loss["loss.0"]["data"]) <= 10
    data = site.flow.component("output/data", job, "hetero_lr_0", "guest",
                               10000)
    assert data["retmsg"] == "no data"


@pytest.fixture(scope="module")
def lr_job(run):
    return run(LR, "test_hetero_lr_train_job_conf.json",
               "test_hetero_lr_train_job_dsl.json")


@pytest.fixture(scope="module")
def predict_job(site, lr_job):
    """FATE's own predict configuration, of the model just trained."""
    conf = load(JOBS / LR / "test_predict_conf.json")
    conf["job_parameters"]["model_version"] = lr_job
    return site.flow.finished({}, conf, 300)


INTERSECT = [
    ("test_intersect_job_raw_conf.json", "test_intersect_job_dsl.json"),
    ("test_intersect_job_rsa_conf.json", "test_intersect_job_dsl.json"),
    ("test_intersect_job_rsa_multi_host_conf.json",
     "test_intersect_job_dsl.json"),
    ("test_intersect_without_dataio_job_conf.json",
     "test_intersect_without_dataio_job_dsl.json"),
]


@pytest.mark.parametrize("conf,dsl", INTERSECT)
def test_intersect_job_counts_like_the_real_one(site, run, conf, dsl):
    job = run("intersect", conf, dsl)
    for role, parties in load(JOBS / "intersect" / conf)["role"].items():
        for party in parties:
            data = site.flow.component("metric/all", job, "intersect_0", role,
                                       party)["data"]
            assert data["train"]["intersection"]["data"] == [
                ["intersect_count", 569], ["intersect_rate", 1.0]]


def golden_modules():
    if not (GOLDEN / "modules").is_dir():
        return []
    return sorted(p.name for p in (GOLDEN / "modules").iterdir()
                  if p.name.endswith(f"{LR}.lr.json"))


def golden_predict_modules():
    if not (GOLDEN / "modules").is_dir():
        return []
    return sorted(p.name for p in (GOLDEN / "modules").iterdir()
                  if p.name.endswith(f"{LR}.lr-predict.json"))


@pytest.mark.parametrize("file", golden_modules())
def test_answer_has_the_golden_shape(site, lr_job, file):
    golden = load(GOLDEN / "modules" / file)
    body = dict(golden["request"]["json"], job_id=lr_job)
    answer = site.flow.post(golden["request"]["path"].removeprefix("/v1/"),
                            body)
    theirs = golden["response"]
    assert differences(answer, theirs) == []
    agree(file, answer, theirs)


@pytest.mark.parametrize("file", golden_predict_modules())
def test_predict_answer_has_the_golden_shape(site, lr_job, predict_job, file):
    golden = load(GOLDEN / "modules" / file)
    path = golden["request"]["path"].removeprefix("/v1/")
    body = dict(golden["request"]["json"], job_id=predict_job)
    answer, theirs = site.flow.post(path, body), golden["response"]
    assert differences(answer, theirs) == []
    agree(file, answer, theirs)
    if path == "tracking/component/output/model":
        assert answer == site.flow.post(path, {**body, "job_id": lr_job})


def test_fate_flow_predict_conf_runs_unchanged(site, tables):
    """But for the version of the model, which each training names anew."""
    folder = JOBS / "fate_flow"
    for name in ("breast_hetero_guest", "breast_hetero_host"):
        site.flow.uploaded(TABLES / f"{name}.csv",
                           "fate_flow_test_breast_hetero", name, drop=1)
    conf = load(folder / "test_predict_conf.json")
    train = load(JOBS / LR / "test_hetero_lr_train_job_conf.json")
    train.update(role=conf["role"], initiator=conf["initiator"])
    train["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 2
    conf["job_parameters"]["model_version"] = site.flow.finished(
        load(JOBS / LR / TRAIN), train)
    job = site.flow.finished({}, conf)
    rows = site.flow.component("output/data", job, "hetero_lr_0", "guest",
                               9999)
    assert rows["meta"]["total"] == 569


OURS = {
    "job/query": {
        "f_reason", "f_pending_reason", "f_jobs_ahead", "f_priority",
        "f_auto_retries",
        "f_retries", "f_runs", "f_stop_by", "f_stop_reason", "f_stop_time",
        "f_error_class", "f_failed_component", "f_failed_role",
        "f_failed_party_id"},
    "job/task/query": {"f_reason", "f_attempt", "f_message", "f_error_class",
                       "f_spent_ms", "f_idle_ms"},
}


@pytest.mark.parametrize("endpoint,body", [
    ("job/query", {}), ("job/task/query", {})])
def test_rows_have_the_golden_fields(site, lr_job, endpoint, body):
    golden = load(GOLDEN / "requests" /
                  f"{endpoint.replace('/', '_')}__ok.json")["response"]
    answer = site.flow.post(endpoint, {"job_id": lr_job, **body})
    theirs = golden["data"][0]
    for row in answer["data"]:
        assert differences(row, theirs, nullable=("f_elapsed",)) == []
        extra = set(row) - set(theirs)
        assert extra == OURS[endpoint]


def test_model_weights_are_those_of_the_columns(site, lr_job):
    for role, n in (("guest", 10), ("host", 20)):
        data = site.flow.component("output/model", lr_job, "hetero_lr_0",
                                   role, 10000)["data"]
        assert sorted(data["weight"]) == sorted(f"x{i}" for i in range(n))
        assert data["iters"] == 30


def test_outputs_hold_no_other_partys_columns(site, lr_job):
    """The host's output has no label, the guest's no column of the host."""
    for component in ("dataio_0", "intersection_0"):
        host = site.flow.component("output/data", lr_job, component, "host",
                                   10000)
        assert host["meta"]["header"] == ["id"] + [f"x{i}" for i in range(20)]
        guest = site.flow.component("output/data", lr_job, component, "guest",
                                    10000)
        assert guest["meta"]["header"] == ["id", "y"] + [
            f"x{i}" for i in range(10)]
    assert site.flow.component("output/data", lr_job, "hetero_lr_0", "host",
                               10000)["retmsg"] == "no data"
