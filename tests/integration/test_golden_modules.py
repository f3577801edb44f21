"""Every answer that a real FATE-Flow 1.4.6 gave about its components is held
against ours by one of the tests; what chance decides is left out by name
(golden.CHANCE). Also the one recorded job that is no one else's: the raw
intersection."""
import pytest

import test_fate_feature_jobs
import test_fate_jobs
from conftest import ROOT
from flow import SHARED, load
from golden import (CHANCE, DIFFERENCES, MODULES, TABLES, agree, needed,
                    parts, without)
from shape import differences

pytestmark = needed
RAW = "intersect.raw_intersect"
JOBS = SHARED / "data" / "jobs"

# Who submits the job of which recording.
JUDGES = {
    "hetero_logistic_regression.lr": test_fate_jobs.golden_modules,
    "hetero_logistic_regression.lr-predict":
        test_fate_jobs.golden_predict_modules,
    **{job: test_fate_feature_jobs.golden_files
       for job in test_fate_feature_jobs.GOLDEN},
    RAW: lambda: raw_files(),
}


def raw_files():
    return sorted(p.name for p in MODULES.glob(f"*__{RAW}.json"))


@pytest.fixture(scope="module")
def raw_job(site):
    for role in ("guest", "host"):
        name = f"breast_hetero_{role}"
        site.flow.uploaded(TABLES / f"{name}.csv", "experiment", name,
                           partition=16, drop=1)
    conf = load(JOBS / "intersect" / "test_intersect_job_raw_conf.json")
    return site.flow.finished(
        load(JOBS / "intersect" / "test_intersect_job_dsl.json"), conf)


@pytest.mark.parametrize("file", raw_files())
def test_raw_intersection_when_asked_then_as_the_real_one(site, raw_job,
                                                          file):
    golden = load(MODULES / file)
    path = golden["request"]["path"].removeprefix("/v1/")
    answer = site.flow.post(path, {**golden["request"]["json"],
                                   "job_id": raw_job})
    assert differences(answer, golden["response"]) == []
    agree(file, answer, golden["response"])


def test_recordings_when_listed_then_each_is_compared():
    recorded = {p.name for p in MODULES.glob("*.json")}
    assert len(recorded) >= 295
    unjudged = {f for f in recorded if parts(f)[3] not in JUDGES}
    assert not unjudged
    judged = [f for job, files in JUDGES.items() for f in files()
              if parts(f)[3] == job]
    assert sorted(judged) == sorted(recorded)


def test_examples_when_listed_then_a_test_submits_each():
    sources = [p.read_text() for p in
               (ROOT / "tests/integration").glob("test_*.py")
               if p.name != "test_golden_modules.py"]
    assert not {p.name for p in JOBS.glob("*/*_conf.json")
               if not any(f'"{p.name}"' in text for text in sources)}


def test_left_out_when_listed_then_few_and_not_the_deterministic():
    """It is named for recordings that exist, and leaves something of each."""
    met = set()
    for path in MODULES.glob("*.json"):
        what, module, _, _ = parts(path.name)
        answer = load(path)["response"]
        if "data" in answer and (module, what) in CHANCE:
            met.add((module, what))
            assert without(answer["data"], CHANCE[module, what][0])
    assert met == set(CHANCE)
    assert {module for module, _ in CHANCE} == {"HeteroLR", "Evaluation"}
    told = (ROOT / "docs/compatibility.md").read_text()
    for file, (_, place) in DIFFERENCES.items():
        assert (MODULES / file).exists() and place in told


@pytest.mark.parametrize("change", [
    {"weight": {"x1": 1.0}}, {"header": ["x1"]}, {"bestIteration": 3}])
def test_agreement_when_an_answer_differs_then_a_failure(change):
    """Even where chance decides the numbers, names and the rest count."""
    name = "component_output_model__HeteroLR__guest__j.json"
    theirs = {"data": {"weight": {"x0": 0.5}, "header": ["x0"],
                       "bestIteration": -1},
              "meta": {"meta_data": {"alpha": 0.01}}, "retcode": 0}
    agree(name, {**theirs, "data": {**theirs["data"],
                                    "weight": {"x0": 7.0}}}, theirs)
    with pytest.raises(AssertionError):
        agree(name, {**theirs, "data": {**theirs["data"], **change}}, theirs)
