"""What the tests of the model center share: a site with a trained model and
two FATE-Servings, a second site, and what is asked of them."""
import io
import subprocess
import zipfile

import pytest
import requests

from conftest import BIN, ROOT
from flow import load

pytest.importorskip("grpc")
from fate_serving import Serving  # noqa: E402

PARTIES = [("guest", "9999"), ("host", "10000"), ("arbiter", "10000")]


# ---- what is asked about ----

@pytest.fixture(scope="module")
def servings():
    servers = [Serving(), Serving()]
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def center(make_site, servings):
    """A site with two FATE-Servings."""
    site = make_site(options={
        "serving": {"addresses": ", ".join(s.address for s in servings)},
        "api": {"model_limit": "600M"}})
    yield site
    site.stop()


def upload_examples(site):
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}")


@pytest.fixture(scope="module")
def model(center):
    """(model id, version) of what examples/ train, cut to two iterations."""
    upload_examples(center)
    conf = load(ROOT / "examples/hetero_lr/conf.json")
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 2
    answer = center.flow.submit(load(ROOT / "examples/hetero_lr/dsl.json"),
                                conf)
    assert answer["retcode"] == 0, answer
    assert center.flow.wait(answer["jobId"]) == "success"
    info = answer["data"]["model_info"]
    return info["model_id"], info["model_version"]


def names(model, role="guest", party_id="9999", **more):
    return {"model_id": model[0], "model_version": model[1], "role": role,
            "party_id": party_id, **more}


def party_model(model, role="guest", party="9999"):
    return f"{role}#{party}#{model[0]}"


def folder(site, model, role="guest", party="9999"):
    return site.work / "models" / party_model(model, role, party) / model[1]


def buffers(site, model, role="guest", party="9999"):
    root = folder(site, model, role, party)
    return {str(p.relative_to(root)): p.read_bytes()
            for p in root.glob("*/*/*") if p.name != "module"
            and not p.relative_to(root).parts[0].startswith(".")}


def export(site, model, role="guest", party="9999"):
    answer = site.flow.call("model/export", names(model, role, party),
                            method="GET")
    assert answer.headers["Content-Type"] == "application/zip", answer.text
    return answer


def imported(site, archive, fields):
    return requests.post(f"{site.flow.url}/v1/model/import", data=fields,
                         files={"file": ("model.zip", archive)},
                         timeout=120).json()


def rows(site):
    out = subprocess.run([BIN / "fateflow-admin", "-c", site.conf, "model",
                          "list"], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in out.stdout.splitlines()]


def admin(site, *words):
    return subprocess.run([BIN / "fateflow-admin", "-c", site.conf, *words],
                          capture_output=True, text=True)


@pytest.fixture(scope="module")
def second(make_site):
    site = make_site(options={"api": {"model_limit": "2M"}})
    yield site
    site.stop()


def foreign_archive(method=zipfile.ZIP_DEFLATED, **change):
    """As a FATE with modules that this one lacks would write it."""
    empty = b"\n\x03set"
    members = {
        "define/define_meta.yaml": b"describe: This is the model definition "
        b"meta\ncomponent_define:\n  secureboost_0:\n    module_name: "
        b"HeteroSecureBoost\n  other_0:\n    module_name: Other\n  pipeline:"
        b"\n    module_name: Pipeline\nmodel_proto:\n  secureboost_0:\n    "
        b"train:\n      HeteroSecureBoostingTreeGuestMeta: "
        b"BoostingTreeModelMeta\n  other_0:\n    default:\n      OtherParam: "
        b"NobodysMessage\n  pipeline:\n    pipeline:\n      Pipeline: "
        b"Pipeline\n",
        "define/proto/other.proto": b"message NobodysMessage {}\n",
        "variables/data/secureboost_0/train/HeteroSecureBoostingTreeGuestMeta":
        empty,
        "variables/data/other_0/default/OtherParam": b"\xff\xfe\x00 opaque",
        "variables/data/pipeline/pipeline/Pipeline": b"\x32\x011",
        "pipeline.pb": b"\x32\x011"}
    members.update(change)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in ("define/", "define/proto/", "variables/",
                     "variables/index/"):
            archive.writestr(name, b"")
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return out.getvalue()
