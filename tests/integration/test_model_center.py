"""The life of a model after its training: told to FATE-Serving, fetched by
it, given out, taken in by another site."""
import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import time
import zipfile

import pytest
import requests

from conftest import ROOT
from flow import load

grpc = pytest.importorskip("grpc")
from fate_serving import BUFFERS  # noqa: E402
from model_kit import (  # noqa: E402,F401
    PARTIES, buffers, center, export, folder, foreign_archive, imported,
    model, names, party_model, rows, second, servings)


# ---- export ----

def test_an_export_holds_fates_layout_and_every_buffer(center, model):
    answer = export(center, model)
    assert answer.headers["Content-Disposition"] == \
        f"attachment; filename={party_model(model)}_{model[1]}.zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    held = {i.filename: archive.read(i) for i in archive.infolist()}
    assert {n.removeprefix("variables/data/"): held[n] for n in held
            if n.startswith("variables/data/") and not n.endswith("/")} == \
        buffers(center, model)
    assert held["pipeline.pb"] == \
        held["variables/data/pipeline/pipeline/Pipeline"]
    assert {"define/", "define/proto/", "variables/", "variables/data/",
            "variables/index/", "variables/data/pipeline/",
            "variables/data/pipeline/pipeline/"} <= set(held)
    assert {i.compress_type for i in archive.infolist()
            if i.filename.endswith("/")} == {zipfile.ZIP_STORED}
    assert {i.compress_type for i in archive.infolist()
            if not i.filename.endswith("/")} == {zipfile.ZIP_DEFLATED}


def test_the_index_of_an_export_is_yaml_that_names_every_buffer(center, model):
    yaml = pytest.importorskip("yaml")
    archive = zipfile.ZipFile(io.BytesIO(export(center, model).content))
    meta = yaml.safe_load(archive.read("define/define_meta.yaml"))
    assert list(meta) == ["describe", "component_define", "model_proto"]
    assert meta["component_define"]["pipeline"] == {"module_name": "Pipeline"}
    assert meta["component_define"]["hetero_lr_0"] == {
        "module_name": "HeteroLR"}
    named = {f"{c}/{a}/{b}" for c, aliases in meta["model_proto"].items()
             for a, found in aliases.items() for b in found}
    assert named == set(buffers(center, model))


def test_the_definitions_of_an_export_can_be_compiled(center, model, tmp_path):
    compiler = shutil.which("protoc-c")
    if not compiler:
        pytest.skip("no protoc-c")
    archive = zipfile.ZipFile(io.BytesIO(export(center, model).content))
    protos = [n for n in archive.namelist()
              if n.startswith("define/proto/") and n.endswith(".proto")]
    archive.extractall(tmp_path)
    for proto in protos:
        subprocess.run([compiler, f"--c_out={tmp_path}",
                        f"-I{tmp_path / 'define/proto'}", tmp_path / proto],
                       check=True)
    text = b"".join(archive.read(p) for p in protos)
    for message in (b"Pipeline", b"LRModelParam", b"DataIOMeta"):
        assert b"message %s {" % message in text


@pytest.mark.parametrize("send", ["json", "form", "multipart"])
def test_an_export_is_asked_for_in_any_form(center, model, send):
    url = f"{center.flow.url}/v1/model/export"
    how = {"json": {"json": names(model)}, "form": {"data": names(model)},
           "multipart": {"files": {k: (None, v)
                                   for k, v in names(model).items()}}}
    answer = requests.post(url, timeout=60, **how[send])
    assert answer.content == export(center, model).content


def test_import_store_and_restore_may_be_asked_for_by_get(center, model):
    archive = export(center, model).content
    again = names((model[0], "by_get"))
    answer = requests.get(f"{center.flow.url}/v1/model/import", data=again,
                          files={"file": ("model.zip", archive)}, timeout=60)
    assert answer.json()["retcode"] == 0, answer.text
    for verb in ("store", "restore"):
        answer = center.flow.call(f"model/{verb}", again, method="GET").json()
        assert answer["retcode"] == 0, answer
        center.flow.wait(answer["jobId"])
        if verb == "store":
            assert center.flow.post("model/delete", again)["retcode"] == 0
    assert center.flow.status(answer["jobId"]) == "success"
    assert export(center, (model[0], "by_get")).content == archive


def test_a_model_is_deleted_once_and_not_while_it_is_used(center, model):
    gone = names((model[0], "nosuch"))
    answer = center.flow.post("model/delete", gone)
    assert (answer["retcode"], answer["retmsg"]) == (
        100, f"Can not found {party_model(model)} nosuch model local cache")
    answer = center.flow.post("model/delete", names(model, role="../guest"))
    assert answer["retcode"] == 100 and "role" in answer["retmsg"]
    assert folder(center, model).is_dir()


def test_an_export_of_each_party_has_its_pipeline(center, model):
    for role, party in PARTIES:
        archive = zipfile.ZipFile(
            io.BytesIO(export(center, model, role, party).content))
        assert archive.read("pipeline.pb")


@pytest.mark.parametrize("change, says", [
    ({"role": None}, "the following arguments are required: role "),
    ({"model_version": "209901010000000000001"},
     "Can not found {party_model} 209901010000000000001 model local cache"),
    ({"party_id": "x"}, "field 'party_id' is a string 'x'"),
    ({"model_version": "../.."}, "cannot be the name of a folder"),
    ({"role": "a#b"}, "field 'role' is 'a#b'"),
    ({"role": "../../x"}, "cannot be the name of a folder"),
    ({"model_id": 5}, "field 'model_id'"),
])
def test_a_wrong_model_is_named(center, model, change, says):
    body = {k: v for k, v in {**names(model), **change}.items()
            if v is not None}
    answer = center.flow.call("model/export", body).json()
    assert answer["retcode"] == 100
    assert says.format(party_model=party_model(model)) in answer["retmsg"]


# ---- import ----


def test_a_second_site_takes_the_export_in_and_gives_it_out_the_same(
        center, second, model):
    archive = export(center, model).content
    digest = hashlib.sha256(archive).hexdigest()
    answer = imported(second, archive, names(model, sha256=digest))
    assert answer == {"retcode": 0, "retmsg": "success",
                      "data": {"bytes": len(archive), "sha256": digest}}
    assert buffers(second, model) == buffers(center, model)
    assert export(second, model).content == archive
    again = imported(second, archive, names(model))
    assert again == {"retcode": 100, "retmsg":
                     f"Model {party_model(model)} {model[1]} local cache "
                     "already existed"}
    assert [r[:4] for r in rows(second)] == \
        [["guest", "9999", model[0], model[1]]]


def test_buffers_of_unknown_modules_come_back_byte_for_byte(second):
    model = ("foreign#model", "7")
    assert imported(second, foreign_archive(), names(model))["retcode"] == 0
    archive = zipfile.ZipFile(io.BytesIO(export(second, model).content))
    theirs = zipfile.ZipFile(io.BytesIO(foreign_archive()))
    for name in theirs.namelist():
        if name.startswith(("variables/data/", "define/proto/")):
            assert archive.read(name) == theirs.read(name)
    assert [n for n in archive.namelist() if n.endswith(".proto")] == \
        ["define/proto/other.proto"]


def test_a_component_with_a_name_beyond_ascii_goes_in_and_out(second):
    model = ("abroad#model", "7")
    index = zipfile.ZipFile(io.BytesIO(foreign_archive())).read(
        "define/define_meta.yaml").decode().replace("other_0",
                                                    "\u00e4\u6a21_0")
    archive = foreign_archive(**{
        "define/define_meta.yaml": index.encode(),
        "variables/data/other_0/default/OtherParam": None,
        "variables/data/\u00e4\u6a21_0/default/OtherParam": b"opaque"})
    answer = imported(second, archive, names(model))
    assert answer["retcode"] == 0, answer
    held = zipfile.ZipFile(io.BytesIO(export(second, model).content))
    assert held.read(
        "variables/data/\u00e4\u6a21_0/default/OtherParam") == b"opaque"
    assert imported(second, export(second, model).content,
                    names(("abroad#model", "8")))["retcode"] == 0
    data = second.flow.ok("model/transfer", {
        "namespace": party_model(model), "name": "7"})
    assert base64.b64decode(data["\u00e4\u6a21_0.default:OtherParam"]) == \
        b"opaque"


@pytest.mark.parametrize("change, says", [
    ({"../evil": b"x"}, "\"../evil\", which is no part of a model"),
    ({"pipeline.pb": None}, "the archive has no pipeline.pb"),
    ({"variables/data/other_0/default/OtherParam": None},
     "names the buffer OtherParam of other_0.default"),
    ({"variables/data/other_0/default/More": b"x"},
     "holds 4 buffers, define_meta.yaml names 3"),
    ({"variables/data/secureboost_0/train/HeteroSecureBoostingTreeGuestMeta":
      b"\xff"}, "no valid message BoostingTreeModelMeta"),
    ({"define/define_meta.yaml": b"model_proto:\n\tx"}, "without tabs"),
    ({"variables/data/other_0/default/OtherParam": b"0" * (3 << 20)},
     "unpacks to more than is taken (api.model_limit)"),
])
def test_a_bad_archive_is_refused_and_leaves_nothing(second, change, says):
    model = ("bad#model", "8")
    answer = imported(second, foreign_archive(**change), names(model))
    assert answer["retcode"] == 100
    assert says in answer["retmsg"]
    assert not folder(second, model).exists()
    assert os.listdir(second.work / "models" / ".incoming") == []


def test_an_import_says_what_its_request_lacks(second):
    model = ("bad#model", "9")
    url = f"{second.flow.url}/v1/model/import"
    answer = requests.post(url, data=names(model), timeout=60).json()
    assert answer["retcode"] == 100 and "'file'" in answer["retmsg"]
    answer = imported(second, b"no zip", names(model))
    assert "is no zip archive" in answer["retmsg"]
    answer = imported(second, foreign_archive(),
                      names(model, sha256="0" * 64))
    assert "field 'sha256' says 000" in answer["retmsg"]
    answer = imported(second, foreign_archive(), names(model, role=""))
    assert "'role'" in answer["retmsg"] or "role" in answer["retmsg"]
    large = requests.post(url, data=names(model), timeout=60,
                          files={"file": ("m.zip", b"0" * (3 << 20))})
    assert large.status_code == 413
    assert "api.model_limit" in large.json()["retmsg"]
    assert not folder(second, model).exists()


def test_an_import_never_takes_the_place_of_a_running_training(
        center, model):
    conf = load(ROOT / "examples/hetero_lr/conf.json")
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 500
    job = center.flow.submitted(load(ROOT / "examples/hetero_lr/dsl.json"),
                                conf)
    answer = imported(center, foreign_archive(), names(("m#model", job)))
    center.flow.ok("job/stop", {"job_id": job})
    assert answer["retcode"] == 100
    assert f"model_version {job} is a job of this server" in answer["retmsg"]
    center.flow.wait(job)


# ---- transfer ----

def test_transfer_gives_every_buffer_in_base64(center, model):
    data = center.flow.ok("model/transfer", {
        "namespace": party_model(model), "name": model[1]})
    got = {k.replace(".", "/", 1).replace(":", "/"): base64.b64decode(v)
           for k, v in data.items()}
    assert got == buffers(center, model)
    assert "pipeline.pipeline:Pipeline" in data


def test_what_is_transferred_parses_as_fates_messages(center, model):
    data = center.flow.ok("model/transfer", {
        "namespace": party_model(model), "name": model[1]})
    pipeline = BUFFERS["Pipeline"].FromString(
        base64.b64decode(data["pipeline.pipeline:Pipeline"]))
    assert (pipeline.fate_version, pipeline.model_id,
            pipeline.model_version) == ("1.4.6", *model)
    assert "hetero_lr_0" in json.loads(pipeline.inference_dsl)["components"]
    alias = next(k for k in data if k.endswith(
        ":HeteroLogisticRegressionParam"))
    param = BUFFERS["LRModelParam"].FromString(base64.b64decode(data[alias]))
    shown = center.flow.component("output/model", model[1], "hetero_lr_0",
                                  "guest", 9999)["data"]
    assert dict(param.weight) == shown["weight"]
    assert (param.iters, param.intercept, list(param.header)) == \
        (shown["iters"], shown["intercept"], shown["header"])


@pytest.mark.parametrize("body, says", [
    ({"namespace": "guest#1#x", "name": "2"},
     "Can not found guest#1#x 2 model local cache"),
    ({}, "'namespace'"),
    ({"namespace": 1, "name": 2}, "field 'namespace' is"),
    ({"namespace": "guest", "name": "2"}, "role#party#model_id"),
    ({"namespace": "guest#..#x", "name": ".."}, "cannot be the name of"),
])
def test_transfer_of_a_wrong_model_says_so(center, body, says):
    answer = center.flow.post("model/transfer", body)
    assert answer["retcode"] == 100
    assert says in answer["retmsg"]


# ---- load and bind ----

def publish(model, **more):
    return {"initiator": {"role": "guest", "party_id": "9999"},
            "role": {"guest": ["9999"], "host": [10000, "10001"],
                     "arbiter": ["10000"]},
            "job_parameters": {"work_mode": 0, "model_id": model[0],
                               "model_version": model[1]}, **more}


def test_load_tells_every_server_of_every_party(center, model, servings):
    for server in servings:
        server.reset()
    answer = center.flow.post("model/load", publish(model))
    fine = {"retcode": 0, "retmsg": "success"}
    assert answer["data"] == {
        "detail": {"guest": {"9999": fine},
                   "host": {"10000": fine, "10001": fine}},
        "guest": {"9999": 0}, "host": {"10000": 0, "10001": 0}}
    assert (answer["retcode"], answer["retmsg"]) == (0, "success")
    assert answer["jobId"].isdigit()
    for server in servings:
        assert [(m, r.local.role, r.local.partyId) for m, r in server.calls] \
            == [("publishLoad", "guest", "9999"),
                ("publishLoad", "host", "10000"),
                ("publishLoad", "host", "10001")]
        request = server.calls[0][1]
        assert {k: list(v.partyId) for k, v in request.role.items()} == {
            "guest": ["9999"], "host": ["10000", "10001"],
            "arbiter": ["10000"]}
        assert {(role, party): (info.tableName, info.namespace)
                for role, infos in request.model.items()
                for party, info in infos.roleModelInfo.items()} == {
            (role, party): (model[1], f"{role}#{party}#{model[0]}")
            for role, party in PARTIES + [("host", "10001")]}
        assert (request.serviceId, request.loadType, request.filePath) == \
            ("", "FATEFLOW", "")


def test_the_server_can_fetch_the_model_while_it_is_told(
        center, model, servings):
    fetched = []
    servings[0].reset()
    servings[1].reset()
    servings[0].on_call = lambda r: fetched.append(center.flow.ok(
        "model/transfer",
        {"name": r.model[r.local.role].roleModelInfo[
            r.local.partyId].tableName,
         "namespace": r.model[r.local.role].roleModelInfo[
             r.local.partyId].namespace}))
    body = {**publish(model), "role": {"guest": ["9999"], "host": ["10000"],
                                       "arbiter": ["10000"]}}
    assert center.flow.post("model/load", body)["retcode"] == 0
    assert len(fetched) == 2
    assert all("pipeline.pipeline:Pipeline" in f for f in fetched)


def test_a_site_loads_for_its_own_party(center, model, servings):
    for server in servings:
        server.reset()
    answer = center.flow.post("model/load/do", publish(
        model, local={"role": "host", "party_id": "10000"}))
    assert answer["retcode"] == 0, answer
    assert [c[1].local.role for s in servings for c in s.calls] == \
        ["host", "host"]


def test_the_first_server_that_says_no_ends_the_load(center, model, servings):
    servings[0].reset(statusCode=108, message="load", error="no such model")
    servings[1].reset()
    answer = center.flow.post("model/load/do", publish(
        model, local={"role": "host", "party_id": "10000"},
        servings=["10.0.0.1:1"]))
    assert answer == {"retcode": 108, "retmsg": "load no such model"}
    assert servings[1].calls == []
    answer = center.flow.post("model/load", publish(model))
    assert (answer["retcode"], answer["retmsg"]) == (101, "failed")
    assert answer["data"]["host"] == {"10000": 108, "10001": 108}
    assert answer["data"]["detail"]["guest"]["9999"]["retmsg"] == \
        "load no such model"


def test_bind_tells_the_service_and_the_initiators_model(
        center, model, servings):
    for server in servings:
        server.reset()
    answer = center.flow.post("model/bind", publish(model, service_id="s1"))
    assert answer == {"retcode": 0, "retmsg": "service id is s1"}
    method, request = servings[1].calls[0]
    assert method == "publishBind"
    assert (request.serviceId, request.loadType) == ("s1", "")
    assert list(request.model) == ["guest"]
    assert list(request.model["guest"].roleModelInfo) == ["9999"]
    assert (request.local.role, request.local.partyId) == ("guest", "9999")
    servings[0].reset(statusCode=7, message="no", error="not shown")
    answer = center.flow.post("model/bind", publish(model, service_id="s1"))
    assert answer == {"retcode": 7, "retmsg": "no"}


def test_bind_calls_only_servers_of_the_configuration(center, model, servings):
    for server in servings:
        server.reset()
    answer = center.flow.post("model/bind", publish(
        model, service_id="s1", servings=[servings[1].address]))
    assert answer["retcode"] == 0
    assert [len(s.calls) for s in servings] == [0, 1]
    answer = center.flow.post("model/bind", publish(
        model, service_id="s1", servings=["127.0.0.1:1"]))
    assert answer["retcode"] == 100
    assert "serving \"127.0.0.1:1\" is not one of" in answer["retmsg"]


def test_a_server_that_fails_is_named(center, model, servings):
    servings[0].reset()
    servings[0].answer = (grpc.StatusCode.RESOURCE_EXHAUSTED, "full: 100%")
    answer = center.flow.post("model/bind", publish(model, service_id="s"))
    assert answer == {"retcode": 100, "retmsg": f"{servings[0].address}: "
                      "RESOURCE_EXHAUSTED: full: 100%"}
    servings[0].reset()


def test_a_slow_server_costs_five_seconds_in_all(center, model, servings):
    servings[0].reset()
    servings[0].on_call = lambda r: time.sleep(7)
    begun = time.monotonic()
    answer = center.flow.post("model/load", publish(model))
    assert time.monotonic() - begun < 6.5
    assert answer["retcode"] == 101
    assert "DEADLINE_EXCEEDED" in \
        answer["data"]["detail"]["guest"]["9999"]["retmsg"]
    servings[0].reset()


def test_without_servers_and_without_a_service_the_texts_are_fates(
        second, model):
    answer = second.flow.post("model/load", publish(model))
    assert answer["data"]["detail"]["guest"]["9999"] == {
        "retcode": 100, "retmsg": "Please configure servings address"}
    assert second.flow.post("model/bind", publish(model, service_id="s")) == {
        "retcode": 100, "retmsg": "Please configure servings address"}
    assert second.flow.post("model/bind", {}) == {
        "retcode": 101, "retmsg": "no service id"}


@pytest.mark.parametrize("change, says", [
    ({"initiator": None}, "'initiator'"),
    ({"role": {"boss": ["1"]}}, "role.boss"),
    ({"role": {"guest": ["1/2"]}}, "role.guest"),
    ({"role": 5}, "field 'role' is"),
    ({"job_parameters": 5}, "field 'job_parameters' is"),
    ({"job_parameters": {}}, "job_parameters: "),
    ({"initiator": {"role": "guest", "party_id": []}}, "initiator.party_id"),
])
def test_a_wrong_publication_names_the_field(center, model, change, says):
    answer = center.flow.post("model/load", {**publish(model), **change})
    assert answer["retcode"] == 100
    assert says in answer["retmsg"]
