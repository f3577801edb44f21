"""A training through scaling, selection, encoding and a scorecard, and the
predict job of its pipeline: every component takes the model of the training."""
import math

import numpy
import pytest

from predict_kit import COLUMNS, PARTY, ROLES, args, make_rows, upload

MODEL_ID = "arbiter-10000#guest-9999#host-10000#model"
CHAIN = (("feature_scale_0", "FeatureScale", "data"),
         ("hetero_feature_selection_0", "HeteroFeatureSelection", "data"),
         ("hetero_lr_0", "HeteroLR", "train_data"),
         ("scorecard_0", "Scorecard", "data"))


def with_ones(rows):
    """g2 becomes a constant, which selection drops."""
    for values in rows["guest"].values():
        values[2] = 1
    return rows


def chain():
    components, before = {}, "args.train_data"
    for name, module, key in (("dataio_0", "DataIO", "data"),
                              ("intersection_0", "Intersection", "data"),
                              *CHAIN):
        components[name] = {
            "module": module, "input": {"data": {key: [before]}},
            "output": {"data": ["t"], "model": ["m"]}}
        before = f"{name}.t"
    for name in ("intersection_0", "scorecard_0"):
        del components[name]["output"]["model"]
    return {"components": components}


def train_conf(tables):
    roles = args(tables, "train_data")
    roles["guest"]["dataio_0"] = {"with_label": [True]}
    roles["host"]["dataio_0"] = {"with_label": [False]}
    roles["host"]["scorecard_0"] = {"need_run": [False]}
    return {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": ROLES,
            "role_parameters": roles, "algorithm_parameters": {
                "feature_scale_0": {"method": "min_max_scale"},
                "scorecard_0": {"offset": 600},
                "hetero_lr_0": {"max_iter": 2, "batch_size": -1,
                                "init_param": {"init_method": "ones"}}}}


@pytest.fixture(scope="module")
def jobs(site, tmp_path_factory):
    """The training and the prediction; the rows of the latter."""
    folder = tmp_path_factory.mktemp("feature")
    rows, labels = make_rows(3, 100)
    tables = upload(site, folder, "feature_train", with_ones(rows), labels)
    train = site.flow.finished(chain(), train_conf(tables))
    rows, labels = make_rows(4, 30, 500)
    tables = upload(site, folder, "feature_new", with_ones(rows), labels)
    roles = args(tables, "eval_data")
    roles["host"]["scorecard_0"] = {"need_run": [False]}
    predict = site.flow.finished({}, {
        "initiator": {"role": "guest", "party_id": 9999}, "role": ROLES,
        "job_parameters": {"work_mode": 0, "job_type": "predict",
                           "model_id": MODEL_ID, "model_version": train},
        "role_parameters": roles})
    return train, predict, rows


def shown(site, what, job, component, role):
    answer = site.flow.component(what, job, component, role, PARTY[role])
    assert answer["retcode"] == 0, answer
    return answer["data"]


def party_scores(site, train, rows, role):
    """The role's part of the scores, from the models of the training."""
    scale = shown(site, "output/model", train, "feature_scale_0", role)[
        "colScaleParam"]
    left = shown(site, "output/model", train, "hetero_feature_selection_0",
                 role)["finalLeftCols"]["leftCols"]
    model = shown(site, "output/model", train, "hetero_lr_0", role)
    assert set(left) == set(COLUMNS[role]) - {"g2"} == set(model["weight"])
    out = {}
    for i, values in rows[role].items():
        out[i] = model["intercept"]
        for name, v in zip(COLUMNS[role], values):
            low, high = (scale[name][f"column{end}"]
                         for end in ("Lower", "Upper"))
            if name in left:
                out[i] += model["weight"][name] * (
                    (min(max(v, low), high) - low) / (high - low))
    return out


def test_predict_when_features_were_made_then_by_the_trainings_models(
        site, jobs):
    train, predict, rows = jobs
    parts = [party_scores(site, train, rows, role) for role in COLUMNS]
    want = {i: 1 / (1 + math.exp(-sum(part[i] for part in parts)))
            for i in rows["guest"]}
    got = {row[0]: row[1:] for row in shown(site, "output/data", predict,
                                            "hetero_lr_0", "guest")}
    assert set(got) == set(want)
    for i, p in want.items():
        assert got[i][2] == pytest.approx(p, abs=1e-9)
    assert numpy.std(list(want.values())) > 0.001


def test_predict_when_there_is_a_scorecard_then_credits(site, jobs):
    _, predict, _ = jobs
    rows = shown(site, "output/data", predict, "scorecard_0", "guest")
    assert len(rows) == 30
    for _, _, _, p, credit in rows:
        assert credit == round(
            600 + 20 / math.log(2) * math.log((1 - p) / p), 2)


def test_predict_when_columns_were_dropped_then_dropped_again(site, jobs):
    _, predict, _ = jobs
    answer = site.flow.component("output/data", predict,
                                 "hetero_feature_selection_0", "guest", 9999)
    assert answer["meta"]["header"] == ["id", "y", "g0", "g1"]
