"""Predict jobs: the pipeline that a training keeps, and what comes of it, on
rows made here. Scores are held against NumPy's, from the model's weights."""
import json

import numpy
import pytest

from predict_kit import (  # noqa: F401
    COLUMNS, MODEL_ID, NAMESPACE, PARTY, ROLES, args, copied, dsl, folder,
    fresh, make_rows, pipeline, predict_conf, predicted, train_conf, trained,
    upload)


# ---- the pipeline ----

LR_PATH = ("federatedml/linear_model/logistic_regression/"
           "hetero_logistic_regression/hetero_lr_{0}.py/HeteroLR{1}")


@pytest.mark.parametrize("role", ROLES)
def test_training_when_it_ends_then_every_party_has_the_pipeline(
        trained, role):
    message = pipeline(trained, role)
    assert sorted(message) == [1, 2, 3, 4, 5, 6]
    assert message[4] == "1.4.6"
    assert message[5] == MODEL_ID and message[6] == trained.job
    assert json.loads(message[2]) == trained.dsl
    conf = json.loads(message[3])
    assert conf.pop("job_parameters") == {
        "work_mode": 0, "model_id": MODEL_ID, "model_version": trained.job}
    assert conf == {k: v for k, v in trained.conf.items()
                    if k != "job_parameters"}
    components = json.loads(message[1])["components"]
    assert list(components) == ["dataio_0", "intersection_0", "hetero_lr_0"]
    assert components["hetero_lr_0"] == {
        "module": "HeteroLR",
        "input": {"model": ["pipeline.hetero_lr_0.m"],
                  "data": {"eval_data": ["intersection_0.t"]}},
        "output": {"data": ["t"]},
        "CodePath": LR_PATH.format(role, role.capitalize())}
    assert ("CodePath" in components["dataio_0"]) == (role != "arbiter")
    index = trained.folder(role) / "pipeline" / "pipeline" / "module"
    assert index.read_text() == "Pipeline\nPipeline Pipeline\n"


def test_training_when_it_ends_then_data_view_lists_the_pipeline(
        site, trained):
    rows = [r for r in site.flow.ok("job/data/view/query",
                                    {"job_id": trained.job})
            if r["f_component_name"] == "pipeline"]
    assert sorted((r["f_role"], r["f_party_model_id"]) for r in rows) == \
        sorted((role, f"{role}#{PARTY[role]}#{MODEL_ID}") for role in ROLES)
    for row in rows:
        assert row["f_task_id"] == f"{trained.job}_pipeline"
        assert row["f_model_version"] == trained.job
        assert [row[f"f_{k}"] for k in (
            "table_name", "table_namespace", "table_count_upload",
            "table_count_actual", "partition")] == [None] * 5


def test_upload_when_it_ends_then_it_has_no_pipeline(site, trained):
    assert not list((site.work / "models").glob("local#*"))


# ---- predicting ----

def component(what, site, job, name="hetero_lr_0", role="guest"):
    return site.flow.component(what, job, name, role, PARTY[role])


def scored(site, job):
    """{id: [label, result, score, detail, type]} of at most 100 rows."""
    answer = component("output/data", site, job)
    assert answer["meta"]["header"] == [
        "id", "label", "predict_result", "predict_score", "predict_detail",
        "type"]
    return {row[0]: row[1:] for row in answer["data"]}


def weights(site, job, role):
    data = component("output/model", site, job, role=role)["data"]
    return [data["weight"][name] for name in COLUMNS[role]], data["intercept"]


def scores(trained, rows, ids):
    """NumPy's, from the weights that the training shows."""
    guest, intercept = weights(trained.site, trained.job, "guest")
    host, _ = weights(trained.site, trained.job, "host")
    u = [numpy.dot(rows["guest"][i], guest) + numpy.dot(rows["host"][i], host)
         + intercept for i in ids]
    return 1 / (1 + numpy.exp(-numpy.array(u)))


def check_scores(got, want, labels):
    """Rows by id against scores by id; labels None: the table had none."""
    assert set(got) == set(want)
    for i, p in want.items():
        label, result, score, detail, kind = got[i]
        assert score == pytest.approx(p, abs=1e-9)
        assert detail == {"0": pytest.approx(1 - p, abs=1e-9), "1": score}
        assert result == int(score > 0.5) and kind == "predict"
        assert label == (None if labels is None else labels[i])


def filled(trained, rows):
    """What with_gaps() left, with the training's means in the gaps and its
    designated value in place of outliers."""
    out = {}
    for role, column in (("guest", 1), ("host", 2)):
        mean = round(float(numpy.mean(
            [v[column] for v in trained.rows[role].values()])), 6)
        out[role] = {}
        for k, (i, values) in enumerate(rows[role].items()):
            values = numpy.array(values)
            if k % 3 == 0:
                values[column] = mean
            elif k % 7 == 0:
                values[column] = 0.25
            out[role][i] = values
    return out


@pytest.fixture(scope="module")
def fresh_job(trained, fresh):
    return predicted(trained, fresh[2])


def test_predict_when_cells_and_rows_are_missing_then_scores_are_numpys(
        site, trained, fresh, fresh_job):
    rows, labels, _ = fresh
    common = [i for k, i in enumerate(labels)
              if k >= 5 and not 50 <= k < 56]
    want = dict(zip(common, scores(trained, filled(trained, rows), common)))
    check_scores(scored(site, fresh_job), want, labels)


def test_predict_when_table_has_no_labels_then_the_same_scores(
        site, trained, folder):
    rows, _ = make_rows(3, 20, first=2000)
    tables = upload(site, folder, "unlabelled", rows)
    job = predicted(trained, tables)
    ids = list(rows["guest"])
    check_scores(scored(site, job),
                 dict(zip(ids, scores(trained, rows, ids))), None)
    assert component("output/data", site, job,
                     "dataio_0")["meta"]["header"] == ["id"] + COLUMNS["guest"]


def test_predict_when_on_the_training_rows_then_scores_of_the_training(
        site, trained):
    job = predicted(trained, trained.tables)
    train, ours = scored(site, trained.job), scored(site, job)
    assert len(ours) == 100
    assert {i: row[:4] for i, row in ours.items()} == {
        i: row[:4] for i, row in train.items()}
    assert {row[4] for row in ours.values()} == {"predict"}


def test_predict_when_it_ends_then_only_the_guest_has_scores(
        site, trained, fresh, fresh_job):
    for role in ("host", "arbiter"):
        assert component("output/data", site, fresh_job,
                         role=role)["retmsg"] == "no data"
    host = component("output/data", site, fresh_job, "intersection_0", "host")
    assert host["meta"] == {"header": ["id"] + COLUMNS["host"], "total": 49}
    for role, n in (("guest", 55), ("host", 54)):
        metric = component("metric/all", site, fresh_job, "intersection_0",
                           role)["data"]["train"]["intersection"]["data"]
        assert metric == [["intersect_count", 49],
                          ["intersect_rate", pytest.approx(49 / n)]]


def test_predict_when_evaluation_is_deployed_then_it_evaluates(
        site, trained, fresh, folder):
    """And what is not deployed is passed by: ids are the same at both."""
    job = site.flow.finished(
        dsl(evaluation_0={"need_deploy": True},
            intersection_0={"need_deploy": False}), trained.conf)
    other = copied(trained, job)
    rows, labels = make_rows(4, 40, first=3000)
    tables = upload(site, folder, "evaluated", rows, labels)
    first = predicted(other, tables)
    assert site.flow.rows(first)[0]["f_current_tasks"] == json.dumps(
        [f"{first}_evaluation_0"])
    ids = list(labels)
    want = dict(zip(ids, scores(trained, rows, ids)))
    check_scores(scored(site, first), want, labels)
    metrics = dict(component("metric/all", site, first, "evaluation_0")[
        "data"]["predict"]["hetero_lr_0"]["data"])
    ones = [p for i, p in want.items() if labels[i]]
    zeros = [p for i, p in want.items() if not labels[i]]
    auc = numpy.mean([(a > b) + (a == b) / 2 for a in ones for b in zeros])
    assert metrics["auc"] == pytest.approx(auc, abs=1e-6)
    bare = predicted(other, upload(site, folder, "unevaluated", rows))
    assert component("metric/all", site, bare,
                     "evaluation_0")["retmsg"] == "no data"


def test_predict_when_two_hosts_are_listed_otherwise_then_each_has_its_part(
        site, folder):
    """Two hosts, in another order than in training, and the prediction begun
    by one of them."""
    rows, labels = make_rows(5, 60, first=4000)
    more, _ = make_rows(6, 60, first=4000)
    tables = {"guest": upload(site, folder, "two", rows, labels)["guest"],
              10000: upload(site, folder, "one", rows)["host"],
              10001: upload(site, folder, "other", more)["host"]}

    def of(key, hosts):
        both = args(tables | {"host": ""}, key)
        both["host"]["args"]["data"][key] = [
            {"name": tables[h], "namespace": NAMESPACE} for h in hosts]
        return both

    conf = train_conf({**tables, "host": ""}, early_stop="weight_diff")
    conf["role"] = {**ROLES, "host": [10000, 10001]}
    conf["role_parameters"].update(of("train_data", (10000, 10001)))
    conf["role_parameters"]["guest"]["dataio_0"] = {"with_label": [True]}
    conf["role_parameters"]["host"]["dataio_0"] = {
        "with_label": [False, False], "output_format": ["dense", "sparse"]}
    job = site.flow.finished(dsl(), conf)
    again = {"initiator": {"role": "host", "party_id": 10001},
             "role": {**ROLES, "host": [10001, 10000]},
             "job_parameters": {
                 "work_mode": 0, "job_type": "predict", "model_version": job,
                 "model_id": MODEL_ID.replace("10000#m", "10000_10001#m")},
             "role_parameters": of("eval_data", (10001, 10000))}
    again = site.flow.finished({}, again)
    assert {i: row[:4] for i, row in scored(site, again).items()} == {
        i: row[:4] for i, row in scored(site, job).items()}
    for host, form in ((10000, "dense"), (10001, "sparse")):
        parameters = site.flow.component("parameters", again, "dataio_0",
                                         "host", host)["data"]
        assert parameters["DataIOParam"]["output_format"] == form


# ---- what is shown ----

def test_predict_when_queried_then_shows_inference_dsl_and_train_conf(
        site, trained, fresh, fresh_job):
    message = pipeline(trained, "guest")
    for row in site.flow.rows(fresh_job):
        assert json.loads(row["f_dsl"]) == json.loads(message[1])
        assert json.loads(row["f_train_runtime_conf"]) == \
            json.loads(message[3])
        assert json.loads(row["f_runtime_conf"]) == predict_conf(trained,
                                                                 fresh[2])
        assert row["f_status"] == "success" and row["f_progress"] == 100
    folder = next((site.work / "jobs").glob(f"*/{fresh_job}"))
    assert json.loads((folder / "train_runtime_conf.json").read_text()) == \
        json.loads(message[3])
    assert json.loads((folder / "job_dsl.json").read_text()) == \
        json.loads(message[1])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["dataio_0", "intersection_0", "hetero_lr_0"])
def test_predict_when_tracked_then_parameters_and_model_of_the_training(
        site, trained, fresh_job, role, name):
    for what in ("parameters", "output/model"):
        assert component(what, site, fresh_job, name, role) == \
            component(what, site, trained.job, name, role)


def test_predict_when_its_data_view_is_asked_then_its_own_tables(
        site, fresh, fresh_job):
    data = site.flow.ok("tracking/job/data_view", {
        "job_id": fresh_job, "role": "guest", "party_id": 9999})
    assert data["dataset"] == {
        role: {str(PARTY[role]): {"eval_data":
                                  f"{NAMESPACE}.{fresh[2][role]}"}}
        for role in COLUMNS}


def test_predict_when_it_ends_then_data_view_has_no_model(site, fresh_job):
    rows = site.flow.ok("job/data/view/query", {"job_id": fresh_job})
    assert {r["f_component_name"] for r in rows} == {
        "dataio_0", "intersection_0", "hetero_lr_0"}
    assert {r["f_party_model_id"] for r in rows} == {None}


DEPENDENCIES = {
    "component_list": ["dataio_0", "intersection_0", "hetero_lr_0"],
    "component_module": {"dataio_0": "DataIO",
                         "intersection_0": "Intersection",
                         "hetero_lr_0": "HeteroLR"},
    "component_need_run": {"dataio_0": True, "intersection_0": True,
                           "hetero_lr_0": True},
    "dependencies": {
        "intersection_0": [{"component_name": "dataio_0", "type": "data"}],
        "hetero_lr_0": [{"component_name": "intersection_0",
                         "type": "data"}]}}


def test_dependency_when_of_a_predict_job_then_of_its_dsl(site, fresh_job):
    assert site.flow.ok("pipeline/dag/dependency", {
        "job_id": fresh_job, "role": "guest", "party_id": 9999}) == \
        DEPENDENCIES


def test_dependency_when_train_conf_in_the_body_then_its_parameters_count(
        site, trained, fresh):
    message = pipeline(trained, "guest")
    body = {"role": "guest", "party_id": 9999,
            "job_dsl": json.loads(message[1]),
            "job_runtime_conf": predict_conf(trained, fresh[2]),
            "job_train_runtime_conf": json.loads(message[3])}
    assert site.flow.ok("pipeline/dag/dependency", body) == DEPENDENCIES
    body["job_train_runtime_conf"]["role"] = {"guest": [9999]}
    answer = site.flow.post("pipeline/dag/dependency", body)
    assert answer["retcode"] == 100 and "host 10000" in answer["retmsg"]


def test_submit_when_predicting_then_answers_the_given_model(
        site, trained, fresh):
    conf = predict_conf(trained, fresh[2], algorithm_parameters={
        "hetero_lr_0": {"max_iter": 7}})
    answer = site.flow.submit({}, conf)
    assert answer["retcode"] == 0
    assert answer["data"]["model_info"] == {"model_id": MODEL_ID,
                                            "model_version": trained.job}
    assert answer["data"]["warnings"] == ["algorithm_parameters.hetero_lr_0"]
    assert site.flow.wait(answer["jobId"]) == "success"


# ---- the models stay as they are ----

def contents(trained):
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns,
                   path.read_bytes())
            for role in ROLES for path in trained.folder(role).rglob("*")
            if path.is_file()}


def test_predict_when_several_run_then_the_trained_model_is_untouched(
        site, trained, fresh):
    before = contents(trained)
    jobs = [site.flow.submitted({}, predict_conf(trained, fresh[2]))
            for _ in range(3)]
    assert [site.flow.wait(job) for job in jobs] == ["success"] * 3
    assert contents(trained) == before
    first = scored(site, jobs[0])
    assert all(scored(site, job) == first for job in jobs)
    assert not [p for p in (site.work / "models").rglob("*")
                if p.name in jobs]


def test_predict_when_model_has_another_version_then_the_same_scores(
        site, trained, fresh, fresh_job):
    job = predicted(copied(trained, "imported-1"), fresh[2])
    assert scored(site, job) == scored(site, fresh_job)
