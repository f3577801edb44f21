"""The whole life of a model, told by the command line alone: from the upload
of its tables to a second site that predicts with it, through store, deletion
and restore, to a serving system that loads it."""
import json
import pathlib

import pytest

pytest.importorskip("grpc", reason="no python3-grpcio")

from cli_run import EXAMPLES, GUEST, REFUSED, Cli  # noqa: E402
from fate_serving import Serving  # noqa: E402
from flow import load  # noqa: E402

PARTIES = [("guest", 9999), ("host", 10000), ("arbiter", 10000)]
TOLERANCE = 1e-9


def write(folder, name, value):
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def rows_of(cli, folder, job, component="hetero_lr_0"):
    """id -> (label, result, score) of a prediction, out of its archive."""
    answer = cli.ok("component_output_data", "-j", job, *GUEST, "-cpn",
                    component, "-o", folder)
    lines = (pathlib.Path(answer["directory"]) / "output_data.csv") \
        .read_text().splitlines()
    head = lines[0].split(",")[:4]
    assert head[1:] == ["label", "predict_result", "predict_score"], head
    return {f[0]: (int(f[1]), int(f[2]), float(f[3]))
            for f in (line.split(",") for line in lines[1:])}


def upload(cli, folder):
    for party in ("guest", "host"):
        conf = write(folder, f"upload_{party}.json", {
            "file": str(EXAMPLES / f"data/{party}.csv"), "head": 1,
            "partition": 4, "work_mode": 0, "namespace": "life",
            "table_name": f"life_{party}"})
        assert cli.ok("upload", "-c", conf, "-drop", "1",
                      "--wait")["job"]["status"] == "success"


def train(cli, folder):
    conf = load(EXAMPLES / "hetero_lr/conf.json")
    for party in ("guest", "host"):
        conf["role_parameters"][party]["args"]["data"]["train_data"] = [
            {"name": f"life_{party}", "namespace": "life"}]
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 4
    answer = cli.ok("submit_job", "-c", write(folder, "train.json", conf),
                    "-d", EXAMPLES / "hetero_lr/dsl.json", "--wait")
    assert answer["job"]["status"] == "success", answer
    return answer["jobId"], answer["data"]["model_info"]


def predict(cli, folder, model):
    conf = {
        "initiator": {"role": "guest", "party_id": 9999},
        "job_parameters": {"work_mode": 0, "job_type": "predict", **model},
        "role": {"guest": [9999], "host": [10000], "arbiter": [10000]},
        "role_parameters": {
            party: {"args": {"data": {"eval_data": [
                {"name": f"life_{party}", "namespace": "life"}]}}}
            for party in ("guest", "host")}}
    answer = cli.ok("submit_job", "-c", write(folder, "predict.json", conf),
                    "--wait")
    assert answer["job"]["status"] == "success", answer
    return rows_of(cli, folder, answer["jobId"])


def assert_same_scores(ours, theirs):
    assert ours.keys() == theirs.keys()
    for key, (label, result, score) in ours.items():
        assert (label, result) == theirs[key][:2]
        assert abs(score - theirs[key][2]) <= TOLERANCE


def of_party(model, role, party, **more):
    return {**model, "role": role, "party_id": party, **more}


def move_models(cli, other, folder, model):
    """Exports every party's model here and imports it there."""
    for role, party in PARTIES:
        conf = write(folder, "export.json", of_party(
            model, role, party, output_path=str(folder)))
        file = cli.ok("export", "-c", conf)["file"]
        conf = write(folder, "import.json",
                     of_party(model, role, party, file=file))
        other.ok("import", "-c", conf)
        answer, code = other("import", "-c", conf)
        assert code == REFUSED and "already existed" in answer["retmsg"]


@pytest.fixture(scope="module")
def serving():
    server = Serving()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def here(make_site, serving):
    site = make_site(options={"serving": {"addresses": serving.address}})
    return Cli(f"127.0.0.1:{site.port}")


@pytest.fixture(scope="module")
def fresh(make_site):
    return Cli(f"127.0.0.1:{make_site().port}")


def store_delete_and_restore(cli, folder, model):
    for role, party in PARTIES:
        conf = write(folder, "store.json", of_party(model, role, party))
        stored = cli.ok("store", "-c", conf, "--wait")
        assert stored["job"]["status"] == "success", stored
        cli.ok("model_delete", "-c", conf)
    answer, code = cli("submit_job", "-c", folder / "predict.json")
    assert code == REFUSED and model["model_version"] in answer["retmsg"]
    for role, party in PARTIES:
        conf = write(folder, "restore.json", of_party(model, role, party))
        restored = cli.ok("restore", "-c", conf, "--wait")
        assert restored["job"]["status"] == "success", restored


def publish(cli, folder, model):
    conf = {"initiator": {"role": "guest", "party_id": "9999"},
            "role": {"guest": ["9999"], "host": ["10000"],
                     "arbiter": ["10000"]},
            "job_parameters": {"work_mode": 0, **model}}
    loaded = cli.ok("load", "-c", write(folder, "load.json", conf))
    assert loaded["data"]["guest"] == {"9999": 0}
    assert loaded["data"]["host"] == {"10000": 0}
    bound = cli.ok("bind", "-c", write(folder, "bind.json",
                                       {**conf, "service_id": "lr"}))
    assert bound["retmsg"] == "service id is lr"


def published(serving):
    """What the serving system was told: (method, role, party, service)."""
    return [(method, r.local.role, r.local.partyId, r.serviceId)
            for method, r in serving.calls]


def test_a_model_lives_by_the_command_line(here, fresh, serving, tmp_path):
    upload(here, tmp_path)
    job, model = train(here, tmp_path)
    metrics = here.ok("component_metric_all", "-j", job, *GUEST, "-cpn",
                      "evaluation_0")
    assert dict(metrics["data"]["train"]["hetero_lr_0"]["data"])["auc"] > 0.9
    trained = rows_of(here, tmp_path, job)
    first = predict(here, tmp_path, model)
    assert_same_scores(first, trained)

    upload(fresh, tmp_path)
    move_models(here, fresh, tmp_path, model)
    assert_same_scores(predict(fresh, tmp_path, model), first)

    store_delete_and_restore(here, tmp_path, model)
    assert_same_scores(predict(here, tmp_path, model), first)

    publish(here, tmp_path, model)
    assert published(serving) == [
        ("publishLoad", "guest", "9999", ""),
        ("publishLoad", "host", "10000", ""),
        ("publishBind", "guest", "9999", "lr")]
