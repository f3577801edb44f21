"""What a real FATE-Flow 1.4.6 was asked and answered, asked of ours.

Each recorded request to an endpoint that is offered goes to a site of ours,
job ids replaced by those of our own jobs of the same kind. HTTP status,
retcode, the texts that are no Python, and names, types and nesting of all else
must be FATE's, except for the rows of DIFFERENCES, each of which names the
place in docs/compatibility.md that tells of it.
"""
import fnmatch
import io
import json
import re
import shutil
import tarfile
import zipfile

import pytest
import requests

from conftest import ROOT
from flow import SHARED, load
from shape import differences

RECORDS = SHARED / "golden" / "requests"
TABLES = SHARED / "data" / "tables"
OFFERED = {
    "data_upload", "data_upload_history", "data_download", "data_nosuch",
    "table_delete", "table_other_func", "job_submit", "job_query",
    "job_stop", "job_task_query", "job_data_view_query", "table_table_info",
    "tracking_job_data_view", "tracking_component_metrics",
    "tracking_component_metric_all", "tracking_component_metric_data",
    "tracking_component_parameters", "tracking_component_output_model",
    "tracking_component_output_data", "pipeline_dag_dependency",
    "tracking_component_output_data_download",
    "tracking_component_output_data_table", "version_get", "nosuch_endpoint",
    "model_load", "model_bind", "model_transfer", "model_export",
    "model_import", "model_store", "model_restore", "model_nosuch",
    "job_update", "job_config", "job_log", "job_clean",
}
DOWNLOADED = "2026112315475060256731"
FINISHED = "202611231540049820803"
UNKNOWN = "209901010000000000001"

WRONG_TYPE = "a wrong type gives a Python error text"
NO_ROWS = ["retcode 101", "retmsg", "data missing"]
REFUSED = ["retcode 100", "retmsg", "data missing", "jobId missing"]

# case: (what our answer has instead, the place in docs/compatibility.md)
DIFFERENCES = {
    "data_upload_history__unknown_job": (
        ["retcode 0"], "an unknown job gives a Python error (100)"),
    "job_data_view_query__upload_empty_file": (
        NO_ROWS, "a failed upload leaves rows"),
    "job_data_view_query__upload_head2": (
        NO_ROWS, "a failed upload leaves rows"),
    "job_data_view_query__upload_partition0": (
        NO_ROWS, "a failed upload leaves rows"),
    "table_table_info__upload_header_only": (
        ["data.schema.header: missing", "data.schema.sid: missing"],
        "a failed upload leaves rows"),
    "data_download__unknown_table": (
        REFUSED, "an unknown table gives a job that succeeds"),
    "data_nosuch__ok": (
        ["status 404", "retmsg"], "an unknown word below"),
    "table_other_func__ok": (
        ["status 404", "retcode 100", "retmsg"], "an unknown word below"),
    "table_table_info__after_delete": (
        ["data.schema.header: missing", "data.schema.sid: missing"],
        "its old schema stays"),
    "table_table_info__after_clean": (
        ["data.schema.header: missing", "data.schema.sid: missing"],
        "the schema of a deleted table is still shown"),
    "job_submit__bad_algorithm_param": (
        REFUSED, "illegal parameters are accepted and fail the task"),
    "job_submit__empty_components": (
        REFUSED, "no components at all are accepted"),
    "job_task_query__wrong_type": (["retcode 100", "retmsg"], WRONG_TYPE),
    "job_config__wrong_type": (REFUSED[:-1], WRONG_TYPE),
    "job_log__post_not_allowed": (
        ["status 200"], "GET with a JSON body for downloads"),
    "tracking_component_parameters__wrong_type": (
        ["retcode 100", "retmsg"], WRONG_TYPE),
    "tracking_component_metric_data__wrong_type": (
        ["retcode 100", "retmsg", "meta missing"], WRONG_TYPE),
    "tracking_component_metrics__unknown_job": (
        ["retcode 0", "retmsg"], "an unknown day answers 100"),
    "tracking_component_metric_all__unknown_job": (
        ["retcode 0", "retmsg"], "an unknown day answers 100"),
    "tracking_component_output_model__unknown_job": (
        ["retmsg"], "an unknown component or party gives a Python error"),
    "tracking_component_output_model__wrong_party": (
        ["retmsg"], "an unknown component or party gives a Python error"),
    "tracking_component_output_model__wrong_type": (["retmsg"], WRONG_TYPE),
    "model_bind__no_servings_given": (
        ["retmsg"], "a server that cannot be reached gives"),
    "model_import__ok": (["data more"], "field `sha256` is compared"),
    "model_nosuch__ok": (
        ["status 404", "retmsg"], "an unknown word below `/v1/data`"),
    "model_load__method_not_allowed": (
        ["status 405", "retmsg"], "a wrong method answers 200"),
}

# Cases that ask for what is not there yet, or is not asked of a job of ours.
SKIPPED = {
    "*final_of_data_download__unknown_table": "refused at submit",
    "tracking_component_output_data_download__post_not_allowed":
        "POST is answered too, with the archive",
    "*final_of_job_submit__bad_algorithm_param": "refused at submit",
    "*final_of_job_submit__empty_components": "refused at submit",
    "job_query__by_status": "depends on what else the site holds",
    "*__running*": "a moment of a job that does not hold still",
    "*__after_stop_6s": "a moment of a job that does not hold still",
    "*__after_stop_immediately": "a moment of a job that does not hold still",
}


def cases():
    for path in sorted(RECORDS.glob("*.json")):
        if path.stem.split("__")[0] in OFFERED:
            yield path.stem


def matching(table, case):
    return next((k for k in table if fnmatch.fnmatch(case, k)), None)


TEN = b"id,y,x0\n" + b"".join(b"%d,%d,%d.5\n" % (i, i % 2, i)
                              for i in range(10))
# An upload of the record: (job id there, file, query string)
UPLOADS = {
    "ok": ("2026112315474884739220", TEN, {}),
    "crlf": ("2026112315501502745788", TEN.replace(b"\n", b"\r\n"), {}),
    "dup": ("2026112315501278217387", TEN + b"1,1,9\n", {}),
    "empty": ("2026112315494572783082", b"", {}),
    "head0": ("2026112315495545805284", TEN, {"head": 0}),
    "h2": ("2026112315500643347686", TEN, {"head": 2}),
    "ho": ("2026112315495020890083", b"id,y,x0\n", {}),
    "p0": ("2026112315500104822885", TEN, {"partition": 0}),
    "tab": ("2026112315501797319689", TEN.replace(b",", b"\t"), {}),
    "append": (None, TEN, {}),
    "cleaned": ("2026112315474979166326", TEN, {}),
}
# The record's jobs that store and restore the model of FINISHED.
KEPT = {"2026112315480420579871": "model/store",
        "2026112315480461045073": "model/restore"}
TABLE_OF = {"ok": "golden_upload", "append": "golden_append",
            "cleaned": "golden_upload2"}
# Deleted before, and what may be deleted: in a namespace of their own.
GONE = ("golden_upload", "golden_upload2")
STOPPED = ("2026112315492335848878", "2026112315491845081777",
           "2026112315485936736976")
WITH_UNKNOWN_PARAMETER = "2026112315475456646949"


# The recorded job came from FATE's own client.
ADDED_BY_THE_CLIENT = {"config": "conf.json", "dsl": "dsl.json",
                       "function": "submit_job"}


def submitted(flow, case):
    body = load(RECORDS / f"job_submit__{case}.json")["request"]["json"]
    conf = {**body["job_runtime_conf"], **ADDED_BY_THE_CLIENT}
    return flow.submitted(body["job_dsl"], conf)


@pytest.fixture(scope="module")
def own(make_site, tmp_path_factory):
    """A site of its own with jobs like those of the record, and which id of
    the record stands for which of ours."""
    if not RECORDS.is_dir():
        pytest.skip("skipped: no ../shared/golden")
    site = make_site(options={"serving": {"addresses": "127.0.0.1:1"}})
    flow = site.flow
    ids, ending = {}, []
    for party in ("guest", "host"):
        flow.uploaded(TABLES / f"breast_hetero_{party}.csv",
                      "fate_flow_test_breast_hetero", f"breast_hetero_{party}",
                      partition=10)
    file = tmp_path_factory.mktemp("golden") / "x.csv"
    for name, (theirs, content, params) in UPLOADS.items():
        file.write_bytes(content)
        answer = flow.upload(file, "golden", TABLE_OF.get(name, f"g_{name}"),
                             **params)
        assert answer["retcode"] == 0, (name, answer)
        ids[theirs] = answer["jobId"]
        ending.append(answer["jobId"])
    file.write_bytes(TEN)
    for name in GONE:
        flow.uploaded(file, "golden_gone", name)
    flow.ok("table/delete",
            {"namespace": "golden_gone", "table_name": GONE[0]})
    flow.wait(ids[UPLOADS["ok"][0]])
    down = flow.post("data/download", {
        "work_mode": 0, "namespace": "golden", "table_name": "golden_upload",
        "output_path": "ours.csv"})
    ids[DOWNLOADED] = down["jobId"]
    ids[FINISHED] = submitted(flow, "ok")
    ids[WITH_UNKNOWN_PARAMETER] = submitted(flow, "unknown_algorithm_param")
    for job in (ids[DOWNLOADED], ids[FINISHED],
                ids[WITH_UNKNOWN_PARAMETER]):
        assert flow.wait(job) == "success", flow.reason(job)
    stopped = submitted(flow, "ok")
    flow.ok("job/stop", {"job_id": stopped})
    ids.update(dict.fromkeys(STOPPED, stopped))
    for job in ending + [stopped]:
        flow.wait(job)
    keep_model(site, ids)
    shutil.copy(TABLES / "breast_hetero_guest.csv", site.input_dir)
    site.ids = {k: v for k, v in ids.items() if k}
    return site


def of_what_may_go(case, request):
    """Deletes nothing that another case asks for."""
    body = request["json"]
    if isinstance(body, dict) and body.get("namespace") == "golden":
        if case.startswith("table_delete__"):
            body.update(namespace="golden_gone", table_name=GONE[1])
        elif case.endswith("__after_delete"):
            body.update(namespace="golden_gone", table_name=GONE[0])


def keep_model(site, ids):
    """Stores and restores the finished job's model, and takes it in once
    under the version that a case of the record takes in again."""
    model = {"model_id": "arbiter-10000#guest-9999#host-10000#model",
             "model_version": ids[FINISHED], "role": "guest",
             "party_id": 9999}
    for theirs, verb in KEPT.items():
        ids[theirs] = site.flow.post(verb, model)["jobId"]
        site.flow.wait(ids[theirs])
    site.archive = site.flow.call("model/export", model).content
    answer = requests.post(
        f"{site.url}/v1/model/import", files={"file": site.archive},
        data={**model, "model_version": "golden_import_version"}, timeout=60)
    assert answer.json()["retcode"] == 0, answer.text


def with_our_names(site, request):
    text = json.dumps(request)
    for theirs, ours in site.ids.items():
        text = text.replace(theirs, ours)
    text = text.replace("<FATE>/examples/data", str(site.input_dir))
    text = text.replace("<FATE>/downloaded", f"{site.output_dir}/downloaded")
    request = json.loads(text)
    if request["path"] == "/v1/data/upload":
        for part in ("params", "json"):
            if request[part] and "namespace" in request[part]:
                request[part]["namespace"] = "golden_again"
    return request


def content_of(site, request):
    if request["path"] == "/v1/model/import":
        return site.archive
    name = request["params"].get("table_name", "").removeprefix("g_")
    return UPLOADS.get(name, UPLOADS["ok"])[1]


def send(site, case, request):
    request = with_our_names(site, request)
    if case == "model_import__ok":
        request["form"]["model_version"] = "golden_import_first"
    more = {"params": request["params"]}
    if request["form"]:
        more["data"] = request["form"]
    if request["files"]:
        more["files"] = {"file": ("x.csv", content_of(site, request))}
    elif request["json"] is not None:
        more["json"] = request["json"]
    elif request["raw"] is not None:
        more["data"] = request["raw"].encode()
        if request["content_type"]:
            more["headers"] = {"Content-Type": request["content_type"]}
    return requests.request(request["method"], site.url + request["path"],
                            timeout=60, **more)


# By the contract, while a job has not come so far.
NULLABLE = {"f_current_tasks", "f_start_time", "f_end_time", "f_elapsed"}


def is_upload_without_header(value):
    return isinstance(value, dict) and any(
        isinstance(v, dict) and v.get("meta") == {} for v in value.values())


def comparable(value):
    """With one name for every job id that is a key. The recorded history has
    no upload without a header, ours has."""
    if isinstance(value, list):
        return [comparable(v) for v in value
                if not is_upload_without_header(v)]
    if isinstance(value, dict):
        return {"JOB" if re.fullmatch(r"\d{20,}", k) else k: comparable(v)
                for k, v in value.items()}
    return value


PYTHON = re.compile(r"^'\w+'$|object|argument|must be|sequence item|indices|"
                    r"invalid literal|bad operand|can only|Errno|<WorkMode|"
                    r"None$")


def same_text(ours, theirs, ids):
    """Texts of Python are not imitated, but a missing key is named."""
    if not PYTHON.search(theirs) or "arguments are required: " in theirs:
        for their_id, our_id in ids.items():
            theirs = theirs.replace(their_id, our_id)
        return ours == theirs
    key = re.match(r"^'(\w+)'$", theirs)
    return bool(ours) and (not key or key[1] in ours)


def found_differences(site, golden, answer):
    """What ours has otherwise, as texts."""
    found = []
    if answer.status_code != golden["status"]:
        found.append(f"status {answer.status_code}")
    if found == ["status 200"] and golden["status"] == 405:
        return found        # a method that is answered here
    if "archive" in golden:
        return found + archive_differences(site, golden, answer)
    ours, theirs = answer.json(), golden.get("response")
    if theirs is None:      # an HTML page there
        if ours["retcode"] != 100 or not ours["retmsg"]:
            found.append(f"retcode {ours['retcode']}")
        return found
    if ours["retcode"] != theirs["retcode"]:
        found.append(f"retcode {ours['retcode']}")
    if not same_text(ours.get("retmsg", ""), theirs.get("retmsg", ""),
                     site.ids):
        found.append("retmsg")
    for name in ("data", "meta", "jobId"):
        if (name in ours) != (name in theirs):
            found.append(f"{name} {'more' if name in ours else 'missing'}")
        elif name in ours:
            found += differences(comparable(ours[name]),
                                 comparable(theirs[name]), name, NULLABLE)
    return found


def archive_differences(site, golden, answer):
    found = []
    for name in ("Content-Type", "Content-Disposition"):
        theirs = golden["response_headers"][name].replace(
            FINISHED, site.ids[FINISHED])
        if answer.headers.get(name) != theirs:
            found.append(f"{name} {answer.headers.get(name)}")
    check = zip_differences if golden["archive"]["kind"] == "zip" \
        else tar_differences
    return found + check(golden["archive"]["members"],
                         io.BytesIO(answer.content))


def zip_differences(theirs, content):
    ours = {i.filename: i.compress_type
            for i in zipfile.ZipFile(content).infolist()}
    theirs = {k: v["compress_type"] for k, v in theirs.items()}
    return sorted(f"{name} in one of them" for name, _ in
                  model_members(ours) ^ model_members(theirs))


def tar_differences(theirs, content):
    """Of a log, what every component has: FATE's other levels depend on what
    its components say, and an empty archive is right for an unknown job."""
    with tarfile.open(fileobj=content) as tar:
        ours = set(tar.getnames())
    return [f"{name} missing" for name in theirs
            if name.endswith(("/INFO.log", ".csv", ".json"))
            and name not in ours]


def model_members(members):
    """Without the definitions."""
    return {(k, v) for k, v in members.items()
            if not k.startswith("define/proto/")}


@pytest.mark.parametrize("case", cases())
def test_answer_is_the_recorded_one(own, case):
    skip = matching(SKIPPED, case)
    if skip:
        pytest.skip(SKIPPED[skip])
    golden = load(RECORDS / f"{case}.json")
    of_what_may_go(case, golden["request"])
    answer = send(own, case, golden["request"])
    found = found_differences(own, golden, answer)
    row = matching(DIFFERENCES, case)
    assert found == (DIFFERENCES[row][0] if row else []), answer.text[:600]


def test_each_difference_is_documented_and_still_there():
    text = (ROOT / "docs" / "compatibility.md").read_text()
    for row, (_, anchor) in DIFFERENCES.items():
        assert anchor in text, row
    if RECORDS.is_dir():
        for row in [*DIFFERENCES, *SKIPPED]:
            assert any(fnmatch.fnmatch(c, row) for c in cases()), row
