"""Predict jobs that cannot be: each is refused at submit, and told why."""
import json
import shutil

import pytest

from predict_kit import (  # noqa: F401
    MODEL_ID, ROLES, Trained, args, copied, folder, fresh, pipeline,
    predict_conf, train_conf, trained)


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
