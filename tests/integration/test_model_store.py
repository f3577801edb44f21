"""Models that are stored in a database, deleted and restored, whoever dies
meanwhile, and those that are large."""
import base64
import glob
import hashlib
import io
import json
import os
import pathlib
import signal
import time
import zipfile

import pytest
import requests

import fcgi
from conftest import ROOT
from flow import load

pytest.importorskip("grpc")
from model_kit import (  # noqa: E402,F401
    PARTIES, admin, buffers, center, export, folder, foreign_archive,
    imported, model, names, party_model, rows, second, servings,
    upload_examples)


# ---- store and restore ----

def run(site, verb, model, **more):
    answer = site.flow.post(f"model/{verb}", names(model, **more))
    assert answer["retcode"] == 0, answer
    assert set(answer["data"]) == {"board_url", "job_dsl_path",
                                   "job_runtime_conf_path", "logs_directory"}
    return answer["jobId"]


def done(site, verb, model, **more):
    job = run(site, verb, model, **more)
    return site.flow.wait(job), site.flow.reason(job)


def predicted(site, model):
    """The scores of the examples' rows by the model."""
    conf = load(ROOT / "examples/hetero_lr/predict_conf.json")
    conf["job_parameters"].update(model_id=model[0], model_version=model[1])
    job = site.flow.finished({}, conf)
    return site.flow.component("output/data", job, "hetero_lr_0", "guest",
                               9999)["data"]


def test_a_model_is_stored_deleted_and_restored_the_same(center, model):
    before, archive = buffers(center, model), export(center, model).content
    scores = predicted(center, model)
    for role, party in PARTIES:
        given = {"role": role, "party_id": party}
        assert done(center, "store", model, **given) == ("success", None)
        deleted = admin(center, "model", "delete", role, party, *model)
        assert deleted.returncode == 0, deleted.stderr
        assert not folder(center, model, role, party).exists()
        assert [role, party, *model] not in [r[:4] for r in rows(center)]
    answer = center.flow.submit({}, {
        **load(ROOT / "examples/hetero_lr/predict_conf.json"),
        "job_parameters": {"work_mode": 0, "job_type": "predict",
                           "model_id": model[0], "model_version": model[1]}})
    assert answer["retcode"] != 0 and model[1] in answer["retmsg"]
    for role, party in PARTIES:
        given = {"role": role, "party_id": party}
        assert done(center, "restore", model, **given) == ("success", None)
        assert [role, party, *model] in [r[:4] for r in rows(center)]
    assert buffers(center, model) == before
    assert export(center, model).content == archive
    assert predicted(center, model) == scores


def test_another_site_predicts_the_same_by_imported_models(
        center, second, model):
    upload_examples(second)
    for role, party in PARTIES:
        if not folder(second, model, role, party).exists():
            assert imported(second, export(center, model, role, party).content,
                            names(model, role, party))["retcode"] == 0
    assert predicted(second, model) == predicted(center, model)


def test_a_second_store_needs_force_update(center, model):
    done(center, "store", model, force_update=True)
    status, reason = done(center, "store", model)
    assert status == "failed"
    assert f"Store model {party_model(model)} {model[1]} to mysql failed" in \
        reason
    assert "stored already" in reason
    assert done(center, "store", model, force_update=True)[0] == "success"


def test_a_restore_over_a_model_or_of_nothing_fails(center, model):
    done(center, "store", model, force_update=True)
    status, reason = done(center, "restore", model)
    assert status == "failed"
    assert f"Restore model {party_model(model)} {model[1]} from mysql " \
        "failed: the model is on this site already" in reason
    status, reason = done(center, "restore", ("no#model", "1"))
    assert status == "failed"
    assert "from mysql failed: it was never stored there" in reason


def test_what_a_store_can_know_it_says_at_once(center, model):
    answer = center.flow.post("model/store", names(("no#model", "1")))
    assert answer == {"retcode": 100, "retmsg": "Can not found "
                      "guest#9999#no#model 1 model local cache"}
    answer = center.flow.post("model/store", names(
        model, store_address={"storage": "redis"}))
    assert answer["retcode"] == 100
    assert "'redis': models are stored in MySQL alone" in answer["retmsg"]
    answer = center.flow.submit(
        {"components": {"store_0": {"module": "ModelStore"}}},
        {"initiator": {"role": "local", "party_id": 0},
         "job_parameters": {"work_mode": 0}, "role": {"local": [0]}})
    assert answer["retcode"] == 100
    assert "model/store" in answer["retmsg"]


def test_the_configuration_of_a_store_tells_no_password(center, model):
    job = run(center, "store", model, force_update=True)
    conf = json.loads(center.flow.rows(job)[0]["f_runtime_conf"])
    given = conf["role_parameters"]["local"]["store_0"]
    assert given["model_id"] == [party_model(model)]
    assert given["force_update"] == [True]
    assert set(given["store_address"][0]) == {"storage", "name", "host",
                                              "port"}
    center.flow.wait(job)


# ---- large models, and programs that die ----

@pytest.fixture(scope="module")
def large(center, tmp_path_factory):
    """A model with 60 MB that hardly shrink, taken in."""
    model = ("large#model", "1")
    content = os.urandom(1 << 20)
    noise = b"".join(content[i:] + content[:i] for i in range(20))
    noise += os.urandom(40 << 20)
    archive = foreign_archive(
        zipfile.ZIP_STORED,
        **{"variables/data/other_0/default/OtherParam": noise})
    assert imported(center, archive, names(model))["retcode"] == 0
    return model


def worker_memory(center, rss_anon):
    return max(rss_anon(pid) for pool in ("api", "bulk")
               for pid in center.workers(pool))


@pytest.mark.slow
def test_a_large_model_goes_through_flat_memory(center, large, rss_anon):
    size = 0
    with requests.post(f"{center.flow.url}/v1/model/export",
                       json=names(large), stream=True, timeout=120) as answer:
        for chunk in answer.iter_content(1 << 20):
            size += len(chunk)
    assert size > 40 << 20
    with requests.post(f"{center.flow.url}/v1/model/transfer", stream=True,
                       json={"namespace": party_model(large),
                             "name": large[1]}, timeout=120) as answer:
        size = sum(len(c) for c in answer.iter_content(1 << 20))
    assert size > 70 << 20
    assert worker_memory(center, rss_anon) < 10 << 20


def keeper_pids(center):
    pids = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if line[0].endswith(b"fateflow-keeper") and \
                str(center.conf).encode() in line:
            pids.append(int(entry.name))
    return sorted(pids)


def await_progress(center, job, text):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for path in glob.glob(
                f"{center.work}/jobs/*/{job}/*/*/*/state.json"):
            if text in pathlib.Path(path).read_text():
                return
        time.sleep(0.005)
    raise AssertionError(f"{job} never said {text}")


@pytest.mark.slow
def test_a_keeper_killed_while_it_stores_leaves_no_half(center, large):
    job = run(center, "store", large)
    await_progress(center, job, "storing")
    for pid in keeper_pids(center):
        os.kill(pid, signal.SIGKILL)
    assert center.flow.wait(job) == "failed"
    assert done(center, "restore", (large[0], "2"))[0] == "failed"
    status, reason = done(center, "store", large)
    assert status == "success", reason


@pytest.mark.slow
def test_a_scheduler_killed_while_a_model_is_stored_loses_nothing(
        center, large):
    job = run(center, "store", large, force_update=True)
    await_progress(center, job, "storing")
    os.kill(center.pid("scheduler"), signal.SIGKILL)
    center.start()
    assert center.flow.wait(job) == "success"


@pytest.mark.slow
def test_a_keeper_killed_while_it_restores_leaves_no_half(center, large):
    before = {k: hashlib.sha256(v).digest()
              for k, v in buffers(center, large).items()}
    done(center, "store", large, force_update=True)
    assert admin(center, "model", "delete", "guest", "9999",
                 *large).returncode == 0
    job = run(center, "restore", large)
    await_progress(center, job, "unpacking")
    for pid in keeper_pids(center):
        os.kill(pid, signal.SIGKILL)
    assert center.flow.wait(job) in ("failed", "success")
    if folder(center, large).exists():
        pytest.skip("it was done before the signal came")
    status, reason = done(center, "restore", large)
    assert status == "success", reason
    assert {k: hashlib.sha256(v).digest()
            for k, v in buffers(center, large).items()} == before


# ---- fateflow-admin ----

def test_a_deletion_names_what_is_not_there(center):
    gone = admin(center, "model", "delete", "guest", "9999", "no#model", "1")
    assert gone.returncode == 1
    assert "there is no model guest#9999#no#model of version 1" in gone.stderr
    for words in (["model"], ["model", "delete", "guest"],
                  ["model", "list", "more"], ["model", "burn"]):
        assert admin(center, *words).returncode == 2


def test_a_model_that_a_live_job_uses_is_not_deleted(center, large):
    center.flow.post("model/store", names(large, force_update=True))
    refused = admin(center, "model", "delete", "guest", "9999", *large)
    assert refused.returncode == 1
    assert "job" in refused.stderr and "uses" in refused.stderr
    assert folder(center, large).exists()


# ---- another database ----

def test_models_go_into_the_database_that_the_configuration_names(
        make_site, center, model):
    probe = make_site(options={"model_store": {
        "name": "elsewhere", "socket": str(center.db_socket),
        "user": "root"}})
    center.sql("CREATE DATABASE elsewhere")
    archive = export(center, model).content
    assert imported(probe, archive, names(model))["retcode"] == 0
    assert done(probe, "store", model) == ("success", None)
    assert center.sql("SELECT f_model_id FROM "
                      "elsewhere.t_machine_learning_model") == [
        [party_model(model)]]
    admin(probe, "model", "delete", "guest", "9999", *model)
    assert done(probe, "restore", model) == ("success", None)
    assert export(probe, model).content == archive
    probe.stop()


# ---- both web servers ----

def test_a_model_goes_in_and_out_through_either_web_server(any_site):
    model = ("either#model", "1")
    noise = os.urandom(3 << 20)
    archive = foreign_archive(
        zipfile.ZIP_STORED,
        **{"variables/data/other_0/default/OtherParam": noise})
    assert imported(any_site, archive, names(model))["retcode"] == 0
    held = zipfile.ZipFile(io.BytesIO(export(any_site, model).content))
    assert held.read("variables/data/other_0/default/OtherParam") == noise
    data = any_site.flow.ok("model/transfer", {
        "namespace": party_model(model), "name": model[1]})
    assert base64.b64decode(data["other_0.default:OtherParam"]) == noise
    assert any_site.flow.call("model/export", {}).json()["retcode"] == 100


def test_an_import_that_breaks_off_leaves_nothing(site):
    model = ("broken#model", "1")
    head = b"".join(
        b"--x\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
        % (k.encode(), v.encode()) for k, v in names(model).items())
    body = head + b"--x\r\nContent-Disposition: form-data; name=\"file\"; " \
        b"filename=\"m\"\r\n\r\n" + foreign_archive()[:500]
    fcgi.ask(site.run / "bulk.sock", {
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/v1/model/import",
        "CONTENT_TYPE": "multipart/form-data; boundary=x"},
        body, cut=True)
    assert not folder(site, model).exists()
    assert site.flow.call("health", method="GET").status_code == 200
