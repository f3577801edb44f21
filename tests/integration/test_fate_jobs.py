"""FATE's own example jobs, unchanged but for work_mode 0, against what a real
FATE-Flow 1.4.6 answered. Skipped where the shared data is not there."""
import csv
import json

import pytest

from flow import SHARED, load
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
                           partition=16)


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


@pytest.mark.parametrize("conf,dsl", [
    ("test_hetero_lr_train_job_conf.json", "test_hetero_lr_train_job_dsl.json"),
    ("test_hetero_lr_validate_job_conf.json",
     "test_hetero_lr_validate_job_dsl.json"),
    ("test_hetero_lr_none_penalty_train_job_conf.json",
     "test_hetero_lr_train_job_dsl.json"),
    ("test_hetero_lr_early_stop_train_job_conf.json",
     "test_hetero_lr_validate_job_dsl.json"),
])
def test_lr_job_reaches_the_real_ones_auc_and_ks(site, run, conf, dsl):
    ours = final(site, run(LR, conf, dsl))
    theirs = golden_final("lr")
    if "early_stop" in conf:  # stops as soon as a metric no longer improves
        assert ours["auc"] > theirs["auc"] - 0.02
        return
    assert ours["auc"] == pytest.approx(theirs["auc"], abs=0.01)
    assert ours["ks"] == pytest.approx(theirs["ks"], abs=0.01)


@pytest.fixture(scope="module")
def lr_job(run):
    return run(LR, "test_hetero_lr_train_job_conf.json",
               "test_hetero_lr_train_job_dsl.json")


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


# Values that the random initial weights decide.
RANDOM = ("HeteroLR", "Evaluation")


@pytest.mark.parametrize("file", golden_modules())
def test_answer_has_the_golden_shape(site, lr_job, file):
    golden = load(GOLDEN / "modules" / file)
    body = dict(golden["request"]["json"], job_id=lr_job)
    answer = site.flow.post(golden["request"]["path"].removeprefix("/v1/"),
                            body)
    theirs = golden["response"]
    assert differences(answer, theirs) == []
    assert answer["retcode"] == theirs["retcode"]
    if not any(f"__{name}__" in file for name in RANDOM):
        assert answer == theirs


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
        assert extra <= {"f_reason", "f_pending_reason", "f_attempt",
                         "f_task_progress", "f_message"}, extra


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
