"""Predict jobs: the pipeline that a training keeps, and what comes of it, on
rows made here. Scores are held against NumPy's, from the model's weights."""
import json
import shutil

import numpy
import pytest

from instances import BYTES, fields

COLUMNS = {"guest": ["g0", "g1", "g2"], "host": ["h0", "h1", "h2", "h3"]}
NAMESPACE = "predict_tests"
ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}
PARTY = {role: ids[0] for role, ids in ROLES.items()}
MODEL_ID = "arbiter-10000#guest-9999#host-10000#model"


# ---- tables ----

def make_rows(seed, n, first=0):
    """{role: {id: values}} and {id: label}."""
    random = numpy.random.default_rng(seed)
    ids = [f"u{first + k}" for k in range(n)]
    x = {role: random.normal(size=(n, len(names))).round(4)
         for role, names in COLUMNS.items()}
    pull = x["guest"] @ [1, -2, 0.5] + x["host"] @ [0.7, 0.2, -1, 1.5]
    y = (pull + random.normal(size=n) > 0).astype(int)
    return ({role: dict(zip(ids, rows)) for role, rows in x.items()},
            dict(zip(ids, map(int, y))))


def write_csv(path, role, rows, labels=None):
    """rows: {id: values}; a value that is a text stays one."""
    names = (["y"] if labels else []) + COLUMNS[role]
    with open(path, "w") as f:
        f.write(",".join(["id"] + names) + "\n")
        for i, values in rows.items():
            cells = [str(labels[i])] if labels else []
            cells += [v if isinstance(v, str) else repr(float(v))
                      for v in values]
            f.write(",".join([i] + cells) + "\n")
    return path


def upload(site, folder, name, rows, labels=None):
    """{role: table} under NAMESPACE; the guest's with labels if given."""
    tables = {}
    for role in COLUMNS:
        table = f"{name}_{role}"
        site.flow.uploaded(
            write_csv(folder / f"{table}.csv", role, rows[role],
                      labels if role == "guest" else None),
            NAMESPACE, table, drop=1)
        tables[role] = table
    return tables


# ---- jobs ----

def dsl(**more):
    def component(module, data, **own):
        return {"module": module, "input": {"data": data},
                "output": {"data": ["t"]}, **own}

    components = {
        "dataio_0": component("DataIO", {"data": ["args.train_data"]}),
        "intersection_0": component("Intersection", {"data": ["dataio_0.t"]}),
        "hetero_lr_0": component("HeteroLR",
                                 {"train_data": ["intersection_0.t"]}),
        "evaluation_0": component("Evaluation", {"data": ["hetero_lr_0.t"]})}
    for name in ("dataio_0", "hetero_lr_0"):
        components[name]["output"]["model"] = ["m"]
    for name, own in more.items():
        components[name].update(own)
    return {"components": components}


def args(tables, key):
    return {role: {"args": {"data": {key: [
        {"name": tables[role], "namespace": NAMESPACE}]}}}
        for role in COLUMNS}


def train_conf(tables, **parameters):
    roles = args(tables, "train_data")
    roles["guest"]["dataio_0"] = {"with_label": [True]}
    roles["host"]["dataio_0"] = {"with_label": [False]}
    return {"initiator": {"role": "guest", "party_id": 9999},
            "job_parameters": {"work_mode": 0}, "role": ROLES,
            "role_parameters": roles,
            "algorithm_parameters": {
                "dataio_0": {"missing_fill": True,
                             "missing_fill_method": "mean",
                             "outlier_replace": True,
                             "outlier_impute": ["-9999"],
                             "outlier_replace_method": "designated",
                             "outlier_replace_value": 0.25},
                "hetero_lr_0": {"max_iter": 3, "batch_size": -1,
                                "learning_rate": 0.5,
                                "init_param": {"init_method": "zeros"},
                                **parameters}}}


class Trained:
    """A finished training and what it was made of."""

    def __init__(self, site, folder):
        self.site = site
        self.rows, self.labels = make_rows(1, 120)
        self.tables = upload(site, folder, "train", self.rows, self.labels)
        self.conf = train_conf(self.tables)
        self.dsl = dsl()
        self.job = site.flow.finished(self.dsl, self.conf)

    def folder(self, role):
        return (self.site.work / "models" /
                f"{role}#{PARTY[role]}#{MODEL_ID}" / self.job)


@pytest.fixture(scope="module")
def trained(site, tmp_path_factory):
    return Trained(site, tmp_path_factory.mktemp("predict"))


# ---- the pipeline ----

def pipeline(trained, role):
    file = trained.folder(role) / "pipeline" / "pipeline" / "Pipeline"
    out = {}
    for number, wire, value in fields(file.read_bytes()):
        assert wire == BYTES
        out[number] = value.decode()
    return out


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

def predict_conf(trained, tables, **more):
    parameters = {"work_mode": 0, "job_type": "predict",
                  "model_id": MODEL_ID, "model_version": trained.job,
                  **more.pop("job_parameters", {})}
    return {"initiator": {"role": "guest", "party_id": 9999}, "role": ROLES,
            "job_parameters": parameters,
            "role_parameters": args(tables, "eval_data"), **more}


def predicted(trained, tables, **more):
    return trained.site.flow.finished({}, predict_conf(trained, tables,
                                                       **more))


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def fresh(site, folder):
    """Rows that the training did not see: (rows, labels, tables). Cells are
    missing at both parties, and each has rows that the other lacks."""
    rows, labels = make_rows(2, 60, first=1000)
    tables = upload(site, folder, "fresh", {
        "guest": with_gaps(rows["guest"], 1, drop=range(0, 5)),
        "host": with_gaps(rows["host"], 2, drop=range(50, 56))}, labels)
    return rows, labels, tables


def with_gaps(rows, column, drop=()):
    out = {}
    for k, (i, values) in enumerate(rows.items()):
        values = list(values)
        if k % 3 == 0:
            values[column] = ("", "na", "none")[k % 9 // 3]
        elif k % 7 == 0:
            values[column] = "-9999"
        if k not in drop:
            out[i] = values
    return out


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


def copied(trained, version):
    """The model under another version, as an import leaves it."""
    other = object.__new__(Trained)
    other.__dict__.update(trained.__dict__, job=version)
    for role in ROLES:
        if not other.folder(role).exists():
            shutil.copytree(trained.folder(role), other.folder(role))
    return other


def test_predict_when_model_has_another_version_then_the_same_scores(
        site, trained, fresh, fresh_job):
    job = predicted(copied(trained, "imported-1"), fresh[2])
    assert scored(site, job) == scored(site, fresh_job)


# ---- refused ----

def refused(site, conf):
    answer = site.flow.submit({}, conf)
    assert answer["retcode"] == 100 and "data" not in answer, answer
    return answer["retmsg"]


def test_submit_when_model_is_unknown_then_names_party_model_and_version(
        site, trained, fresh):
    for own in ({"model_version": "2020"}, {"model_id": "guest-1#model"},
                {"model_version": "../../x"}, {"model_version": ""}):
        conf = predict_conf(trained, fresh[2], job_parameters=own)
        text = refused(site, conf)
        assert list(own.values())[0] in text
    conf["job_parameters"]["model_version"] = "2020"
    assert refused(site, conf) == (
        f"there is no trained model guest#9999#{MODEL_ID} of version 2020: "
        "no pipeline of it was saved here")
    del conf["job_parameters"]["model_version"]
    assert refused(site, conf) == \
        "the following arguments are required: model_version "
    conf["job_parameters"].update(model_version=5, model_id={})
    text = refused(site, conf)
    assert "model_version" in text and "model_id" in text


@pytest.mark.parametrize("role,named", [
    ({**ROLES, "host": [10001]}, ["host 10001", "host 10000"]),
    ({**ROLES, "host": [10000, 10001]}, ["host 10001"]),
    ({"guest": [9999], "host": [10000]}, ["arbiter 10000"]),
])
def test_submit_when_parties_are_others_then_names_them(
        site, trained, fresh, role, named):
    text = refused(site, predict_conf(trained, fresh[2], role=role))
    assert all(name in text for name in named)


def test_submit_when_models_of_parties_are_missing_then_names_all(
        site, trained, fresh):
    other = copied(trained, "incomplete-1")
    shutil.rmtree(other.folder("host") / "hetero_lr_0")
    shutil.rmtree(other.folder("guest") / "dataio_0" / "m")
    shutil.rmtree(other.folder("arbiter"))
    text = refused(site, predict_conf(other, fresh[2]))
    for party in ("hetero_lr_0, host 10000", "hetero_lr_0, arbiter 10000",
                  "dataio_0, guest 9999"):
        assert party in text
    assert "incomplete-1" in text and "dataio_0, host" not in text


def test_submit_when_pipeline_is_damaged_then_says_so(site, trained, fresh):
    other = copied(trained, "damaged-1")
    file = other.folder("guest") / "pipeline" / "pipeline" / "Pipeline"
    for content, named in ((b"\x0a\xff", "no valid message Pipeline"),
                           (b"\x0a\x01{", "inference_dsl"),
                           (b"\x0a\x02{}\x1a\x02{}", "training"),
                           (b"", "inference_dsl")):
        file.write_bytes(content)
        assert named in refused(site, predict_conf(other, fresh[2]))
    file.unlink()
    assert "Pipeline" in refused(site, predict_conf(other, fresh[2]))


def message(texts):
    """A Pipeline message of {field: text}."""
    out = b""
    for number, text in texts.items():
        size, n = b"", len(text.encode())
        while n > 127:
            size += bytes([n & 127 | 128])
            n >>= 7
        out += bytes([number << 3 | 2]) + size + bytes([n]) + text.encode()
    return out


def test_submit_when_pipeline_reads_files_of_the_server_then_refused(
        site, trained, fresh):
    """A pipeline that came in by an import may hold anything."""
    other = copied(trained, "crafted-1")
    texts = pipeline(trained, "guest")
    file = other.folder("guest") / "pipeline" / "pipeline" / "Pipeline"
    train = json.loads(texts[3])
    train["role"]["local"] = [0]
    train["role_parameters"]["local"] = {"upload_0": {
        "file": ["/etc/passwd"], "namespace": ["x"], "table_name": ["x"]}}
    texts[3] = json.dumps(train)
    texts[1] = json.dumps({"components": {"upload_0": {"module": "Upload"}}})
    file.write_bytes(message(texts))
    text = refused(site, predict_conf(other, fresh[2], role={
        **ROLES, "local": [0]}))
    assert "module Upload cannot be submitted" in text
    texts[1] = json.dumps({"components": {"dataio_0": {
        "module": "DataIO", "input": {
            "model": ["pipeline.../../x.m"], "data": {
                "data": ["args.eval_data"]}}}}})
    texts[3] = pipeline(trained, "guest")[3]
    file.write_bytes(message(texts))
    assert "../../x" in refused(site, predict_conf(other, fresh[2]))


def test_submit_when_tables_are_missing_then_names_them(
        site, trained, fresh):
    conf = predict_conf(trained, {**fresh[2], "host": "gone"})
    text = refused(site, conf)
    assert "eval_data" in text and "gone" in text and "host 10000" in text
    del conf["role_parameters"]["host"]
    assert refused(site, conf) == (
        "role_parameters.host.args.data.eval_data names no table of host "
        "10000, who had one in the training")
    conf["role_parameters"] = args(fresh[2], "train_data")
    text = refused(site, conf)
    assert "guest 9999" in text and "host 10000" in text


def test_submit_when_training_failed_then_there_is_no_pipeline(
        site, trained, fresh):
    conf = train_conf(trained.tables, max_iter=10 ** 6, tol=1e-300)
    conf["job_parameters"]["timeout"] = 1
    job = site.flow.submitted(trained.dsl, conf)
    assert site.flow.wait(job) == "timeout"
    other = object.__new__(Trained)
    other.__dict__.update(trained.__dict__, job=job)
    assert "no pipeline" in refused(site, predict_conf(other, fresh[2]))
