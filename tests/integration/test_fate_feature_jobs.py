"""FATE's example jobs with feature engineering, unchanged but for work_mode 0:
each reaches success; those that a real FATE-Flow 1.4.6 was watched at answer
what it answered. Skipped where the shared data is not there."""
import functools
import json

import numpy as np
import pytest

import binning_judge
import selection_judge
from flow import SHARED, load
from golden import MODULES, TABLES, agree, shared_table
from shape import differences

JOBS = SHARED / "data" / "jobs"
pytestmark = pytest.mark.skipif(not JOBS.is_dir(),
                                reason="skipped: no ../shared/data")
BINNING, SELECTION = "hetero_feature_binning", "hetero_feature_selection"
LR = "hetero_logistic_regression"
PLAIN = "test_hetero_binning_job_dsl.json"
ONE_HOT = "test_hetero_binning_add_onehot_job_dsl.json"
SELECT = "test_hetero_feature_selection_job_dsl.json"
EXAMPLES = [
    ("fate_flow", "test_hetero_lr_job_conf.json",
     "test_hetero_lr_job_dsl.json"),
    (LR, "test_lr_with_feature_engineering_job_conf.json",
     "test_lr_with_feature_engineering_dsl.json"),
    *((BINNING, conf, ONE_HOT) for conf in (
        "test_hetero_binning_job_conf.json",
        "multi_hosts_binning_job_conf.json",
        "test_hetero_binning_big_bin_job_conf.json")),
    *((BINNING, conf, PLAIN) for conf in (
        "binning_transform_woe_job_conf.json",
        "test_bucket_binning_job_conf.json",
        "test_optimal_binning_chi_square_job_conf.json",
        "test_optimal_binning_gini_job_conf.json",
        "test_optimal_binning_iv_job_conf.json",
        "test_optimal_binning_ks_job_conf.json",
        "test_sparse_bucket_binning_job_conf.json",
        "test_sparse_optimal_binning_iv_job_conf.json")),
    (SELECTION, "test_hetero_feature_eval_selection_job_conf.json",
     "test_single_prediction_dsl.json"),
    *((SELECTION, conf, SELECT) for conf in (
        "test_hetero_feature_selection_job_conf.json",
        "test_hetero_feature_selection_manually_job_conf.json",
        "test_hetero_feature_selection_manually_left_job_conf.json",
        "test_hetero_feature_selection_select_cols_job_conf.json",
        "test_hetero_feature_selection_select_cols_names_job_conf.json",
        "test_hetero_iv_topk_selection_job_conf.json",
        "test_iv_selection_job_conf.json"))]
# What the real server was watched at, and which example that was.
GOLDEN = {"hetero_feature_binning.quantile_binning": EXAMPLES[2],
          "hetero_feature_binning.bucket_binning": EXAMPLES[6],
          "hetero_feature_selection.selection": EXAMPLES[14],
          "hetero_logistic_regression.lr_feature_engineering": EXAMPLES[1]}


@pytest.fixture(scope="module")
def tables(site):
    for name in ("breast_hetero", "default_credit_hetero"):
        for role in ("guest", "host"):
            site.flow.uploaded(TABLES / f"{name}_{role}.csv", "experiment",
                               f"{name}_{role}", partition=16, drop=1)
    for role in ("guest", "host"):
        site.flow.uploaded(TABLES / f"breast_hetero_{role}.csv",
                           "fate_flow_test_breast_hetero",
                           f"breast_hetero_{role}", partition=16, drop=1)


@pytest.fixture(scope="module")
def run(site, tables):
    """Submits an example once; its id."""
    @functools.lru_cache
    def submit(folder, conf, dsl):
        conf = load(JOBS / folder / conf)
        conf["job_parameters"]["work_mode"] = 0
        return site.flow.finished(load(JOBS / folder / dsl), conf, 300)
    return submit


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e[0] == BINNING],
                         ids=lambda e: e[1])
def test_binning_example_when_done_then_as_the_plain_formulas(site, run,
                                                              example):
    """Also where the real server was not watched: optimal, woe, sparse, a
    hundred bins, two hosts."""
    parties, y = parties_of(example)
    binning_judge.check(site, run(*example), "hetero_feature_binning_0",
                        parties, y)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e[2] == SELECT],
                         ids=lambda e: e[1])
def test_selection_example_when_done_then_as_numpy(site, run, example):
    """Each filter on what the ones before left, of which columns, and what
    the guest keeps of the host's."""
    parties, y = parties_of(example)
    job = run(*example)
    given = load(JOBS / example[0] / example[1])["algorithm_parameters"]
    if given["hetero_feature_binning_0"].get("need_run", True):
        binning_judge.check(site, job, "hetero_feature_binning_0", parties,
                            y)
    selection_judge.check(site, job, "hetero_feature_selection_0",
                          "hetero_feature_binning_0", parties)


def parties_of(example):
    """The parties of an example whose table reaches its components as it
    was uploaded, and the guest's labels."""
    conf = load(JOBS / example[0] / example[1])
    parties, y = [], None
    for role in ("guest", "host"):
        given = conf["role_parameters"][role]
        for k, party in enumerate(conf["role"][role]):
            ids, labels, header, x = shared_table(
                given["args"]["data"]["train_data"][k]["name"])
            y = np.array(labels) == 1 if role == "guest" else y
            sparse = given["dataio_0"]["output_format"][k] == "sparse"
            parties.append(binning_judge.Party(
                role, party, np.where(np.abs(x) < 1e-6, 0, x) if sparse
                else x, ids, header, sparse))
    return parties, y


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e[1])
def test_example_when_submitted_then_success(site, run, example):
    job = run(*example)
    conf = load(JOBS / example[0] / example[1])
    dsl = load(JOBS / example[0] / example[2])["components"]
    for name, component in dsl.items():
        if component["module"] != "HeteroFeatureBinning":
            continue
        needed = conf["algorithm_parameters"].get(name, {}).get(
            "need_run", True)
        for role in ("guest", "host"):
            for party in conf["role"][role]:
                model = site.flow.component("output/model", job, name, role,
                                            party)
                assert bool(model.get("data")) == needed, model
                if needed:
                    check_model(model["data"], role, conf)


def check_model(data, role, conf):
    """Every column has bins; the guest knows iv, also of hosts' columns."""
    own = data["binningResult"]["binningResult"]
    assert set(own) == set(data["header"])
    hosts = data["hostResults"]
    assert len(hosts) == (len(conf["role"]["host"]) if role == "guest" else 0)
    for bins in own.values():
        assert bins["splitPoints"] == sorted(bins["splitPoints"])
        assert (bins["iv"] > 0) == (role == "guest")
    for host in hosts:
        assert sum(b["iv"] > 0 for b in host["binningResult"].values()) > 0
        rows = {sum(map(int, b["eventCountArray"] + b["nonEventCountArray"]))
                for b in host["binningResult"].values()}
        assert rows in ({569}, {30000}, {512})     # 512: a sample


# ---- against the real server ----

def golden_files():
    if not MODULES.is_dir():
        return []
    return sorted(p.name for job in GOLDEN
                  for p in MODULES.glob(f"*__{job}.json"))


@pytest.mark.parametrize("file", golden_files())
def test_answer_when_asked_then_as_the_real_one(site, run, file):
    job = run(*GOLDEN[file.removesuffix(".json").split("__")[-1]])
    golden = load(MODULES / file)
    body = dict(golden["request"]["json"], job_id=job)
    answer = site.flow.post(golden["request"]["path"].removeprefix("/v1/"),
                            body)
    theirs = golden["response"]
    assert differences(answer, theirs) == [], json.dumps(answer)[:500]
    agree(file, answer, theirs)


# ---- applied ----

def test_documentations_example_when_applied_then_the_same_scores(site, run):
    """FATE's predict configuration, of the model just trained: the columns
    are binned and chosen as the training did."""
    train = run(*EXAMPLES[0])
    conf = load(JOBS / "fate_flow" / "test_predict_conf.json")
    conf["job_parameters"].update(work_mode=0, model_version=train)
    job = site.flow.finished({}, conf, 300)

    def scores(job):
        answer = site.flow.component("output/data", job, "hetero_lr_0",
                                     "guest", 9999)
        assert answer["meta"]["total"] == 569
        return {row[0]: row[3] for row in answer["data"]}

    got, want = scores(job), scores(train)
    assert got == pytest.approx(want, abs=1e-9)
    assert len(set(got.values())) > 10
