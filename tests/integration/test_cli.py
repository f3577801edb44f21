"""The command line against a running site: what it prints, where, and with
which exit status. Where a recording of FATE's client is at hand, what ours
prints must have its shape.
"""
import json
import zipfile

import pytest

from cli_run import (EXAMPLES, GUEST, JOB_FAILED, LR, REFUSED, TEN, TIMEOUT,
                     USAGE, recorded, upload_conf)
from flow import load
from shape import differences


@pytest.fixture(scope="module")
def lr_job(site):
    for party in ("guest", "host"):
        site.flow.uploaded(EXAMPLES / f"data/{party}.csv", "cli",
                           f"example_{party}")
    return site.flow.finished(load(EXAMPLES / "hetero_lr/dsl.json"),
                              short_conf())


def example_conf():
    """The example's, of tables of our own."""
    text = (EXAMPLES / "hetero_lr/conf.json").read_text()
    return json.loads(text.replace('"namespace": "example"',
                                   '"namespace": "cli"'))


def short_conf():
    conf = example_conf()
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 2
    return conf


# ---- what each command prints ----

READS = {
    "query_job": GUEST,
    "query_task": GUEST,
    "data_view_query": GUEST,
    "component_parameters": LR,
    "component_metrics": ["-r", "arbiter", "-p", "10000", "-cpn",
                          "hetero_lr_0"],
    "component_metric_all": GUEST + ["-cpn", "evaluation_0"],
    "component_output_model": LR,
}
# FATE's recording is of another job: what is named after its columns and
# metrics is not compared.
DATA = {"weight", "hetero_lr_0", "train"}
NULLABLE = {"f_description", "f_reason", "f_party_model_id",
            "f_model_version", "f_table_count_actual", "f_partition"}


def without_data(value):
    if isinstance(value, dict):
        return {k: without_data(v) for k, v in value.items() if k not in DATA}
    if isinstance(value, list):
        return [without_data(v) for v in value]
    return value


@pytest.mark.parametrize("command", READS)
def test_read_prints_what_the_server_knows(cli, lr_job, command):
    answer = cli.ok(command, "-j", lr_job, *READS[command])
    assert answer["data"]
    theirs = recorded(command)
    if theirs:
        assert differences(without_data(answer), without_data(theirs),
                           nullable=NULLABLE) == []


def test_query_job_leaves_out_the_two_big_texts(cli, lr_job):
    rows = cli.ok("query_job", "-j", lr_job)["data"]
    assert len(rows) == 3
    for row in rows:
        assert "f_dsl" not in row and "f_runtime_conf" not in row
        assert "f_train_runtime_conf" in row


@pytest.mark.parametrize("words, name", [
    (["query_job", "-j", "209901010000000000001"], "query_job_unknown"),
    (["component_metrics", "-j", "202611231540049820803"], "missing_args"),
])
def test_refusal_has_the_recorded_text(cli, words, name):
    answer, code = cli(*words)
    assert code == (USAGE if name == "missing_args" else REFUSED)
    assert answer["retcode"] != 0
    theirs = recorded(name)
    if theirs:
        assert [answer[k] for k in ("retcode", "retmsg")] == \
            [theirs[k] for k in ("retcode", "retmsg")]


def test_finished_job_can_be_stopped_again(cli, lr_job):
    answer = cli.ok("stop_job", "-j", lr_job)
    assert answer == {"retcode": 0, "retmsg": "kill job success"}


def test_table_info_and_history_of_an_upload(cli, tmp_path):
    conf = upload_conf(tmp_path, "info")
    answer = cli.ok("upload", "-c", conf, "--wait")
    assert answer["job"]["status"] == "success"
    info = cli.ok("table_info", "-n", "cli", "-t", "info")
    assert info["data"]["count"] == 10
    history = cli.ok("upload_history", "-limit", "1")
    assert list(history["data"][0]) == [answer["jobId"]]
    for name, ours in (("table_info", info), ("upload_guest", answer)):
        theirs = recorded(name)
        if theirs:
            assert differences(ours, theirs) == []
    theirs = recorded("upload_history")
    if theirs:
        assert differences(*(list(h["data"][0].values())[0]
                             for h in (history, theirs))) == []


@pytest.mark.parametrize("words", [[], ["-limit", "5"]])
def test_output_data_is_unpacked_below_output_path(cli, lr_job, tmp_path,
                                                   words):
    answer = cli.ok("component_output_data", "-j", lr_job, *LR, "-o", "out",
                    *words, cwd=tmp_path)
    folder = tmp_path / "out" / \
        f"job_{lr_job}_hetero_lr_0_guest_9999_output_data"
    assert answer == {
        "retcode": 0, "directory": str(folder), "retmsg":
        f"download successfully, please check {folder} directory"}
    assert sorted(p.name for p in folder.iterdir()) == [
        "output_data.csv", "output_data_meta.json"]
    lines = (folder / "output_data.csv").read_text().splitlines()
    assert len(lines) == (6 if words else 570)
    assert load(folder / "output_data_meta.json")["header"] == \
        lines[0].split(",")
    assert sorted(p.name for p in tmp_path.rglob("*.gz")) == []


def test_output_data_of_a_component_without_any_is_refused(cli, lr_job,
                                                           tmp_path):
    answer, code = cli("component_output_data", "-j", lr_job, *GUEST, "-cpn",
                       "evaluation_0", "-o", tmp_path)
    assert (answer, code) == ({"retcode": 500, "retmsg": "no data"}, REFUSED)
    assert list(tmp_path.iterdir()) == []


def test_config_of_a_job_can_be_submitted_again(cli, lr_job, tmp_path):
    answer = cli.ok("job_config", "-j", lr_job, *GUEST, "-o", tmp_path)
    theirs = recorded("job_config")
    if theirs:
        assert differences(answer, theirs) == []
        assert list(answer["data"]) == list(theirs["data"])
    folder = tmp_path / f"job_{lr_job}_config"
    assert answer["directory"] == str(folder)
    again = cli.ok("submit_job", "-c", folder / "runtime_conf.json", "-d",
                   folder / "dsl.json", "--wait")
    assert again["job"]["status"] == "success"


def test_logs_of_a_job_have_fates_folders(cli, lr_job, tmp_path):
    answer = cli.ok("job_log", "-j", lr_job, "-o", tmp_path)
    theirs = recorded("job_log")
    if theirs:
        assert list(answer) == list(theirs)
    folder = tmp_path / f"job_{lr_job}_log"
    assert (folder / "fate_flow_schedule.log").exists()
    assert "[INFO]" in (folder / "guest/9999/INFO.log").read_text()


def test_table_of_a_component_is_found_and_deleted(cli, tmp_path):
    job = cli.ok("upload", "--wait", "-c", upload_conf(tmp_path, "doomed"))
    found = cli.ok("component_output_data_table", "-j", job["jobId"],
                   "-cpn", "upload_0", "-r", "local", "-p", "0")
    theirs = recorded("component_output_data_table")
    if theirs:
        assert differences(found, theirs) == []
    cli.ok("table_delete", "-n", "cli", "-t", "doomed")
    info = cli.ok("table_info", "-n", "cli", "-t", "doomed")
    assert info["data"]["count"] == 0


def test_metrics_are_gone_after_their_deletion(cli, lr_job, tmp_path):
    job = cli.ok("submit_job", "--wait",
                 *job_files(tmp_path, short_conf()))["jobId"]
    evaluation = ["-j", job, *GUEST, "-cpn", "evaluation_0"]
    assert cli.ok("component_metric_all", *evaluation)["data"]
    cli.ok("component_metric_delete", *evaluation)
    assert cli.ok("component_metric_all", *evaluation)["retmsg"] == "no data"
    cli.ok("clean_job", "-j", job)
    answer, code = cli("component_output_data", "-j", job, *LR, "-o",
                       tmp_path / "out")
    assert (answer["retmsg"], code) == ("no data", REFUSED)


def test_empty_queue_has_nothing_to_clean(cli):
    answer, code = cli("clean_queue")
    assert (answer["retmsg"], code) == (
        "There are no jobs in the queue", REFUSED)


def test_downloaded_table_is_the_uploaded_one(cli, site, tmp_path):
    cli.ok("upload", "--wait", "-c", upload_conf(tmp_path, "there"))
    path = site.output_dir / "cli" / "there.csv"
    answer = cli.ok("download", "-n", "cli", "-t", "there", "-w", "0",
                    "-o", path, "--wait")
    assert answer["job"]["status"] == "success"
    assert sorted(path.read_text().splitlines()) == sorted(
        TEN.splitlines()[1:])


def test_privileges_of_a_party_can_be_granted_and_taken(cli):
    who = ["-src_party_id", "9998", "-src_role", "guest"]
    cli.ok("grant_privilege", *who, "-privilege_command", "create_job")
    assert cli.ok("query_privilege", *who)["data"][
        "privilege_command"] == ["create_job"]
    cli.ok("delete_privilege", *who, "-privilege_command", "all")


def test_model_goes_out_as_a_file_and_comes_in_again(cli, lr_job, tmp_path):
    model_id = "arbiter-10000#guest-9999#host-10000#model"
    words = ["--model_version", lr_job, *GUEST]
    out = cli.ok("export", "--model_id", model_id, *words, "-o",
                 tmp_path / "a")
    assert f"{model_id}_{lr_job}.zip" in out["file"]
    cli.ok("import", "--model_id", f"{model_id}-again", *words, "-i",
           out["file"])
    again = cli.ok("export", "--model_id", f"{model_id}-again", *words, "-o",
                   tmp_path / "a")
    assert contents(out["file"]) == contents(again["file"])
    answer, code = cli("import", "--model_id", f"{model_id}-again", *words,
                       "-i", out["file"])
    assert code == REFUSED
    assert "already existed" in answer["retmsg"]


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ---- jobs ----

def job_files(folder, conf):
    (folder / "conf.json").write_text(json.dumps(conf))
    return ["-c", folder / "conf.json", "-d", EXAMPLES / "hetero_lr/dsl.json"]


def test_submit_then_wait_job_ends_with_success(cli, lr_job, tmp_path):
    answer = cli.ok("submit_job", *job_files(tmp_path, short_conf()))
    theirs = recorded("submit_job")
    if theirs:
        assert differences(answer, theirs) == []
    waited = cli.ok("wait_job", "-j", answer["jobId"])
    assert waited["job"]["status"] == "success"
    assert waited["job"]["progress"] == 100


def test_submit_and_wait_prints_one_document(cli, lr_job, tmp_path):
    answer = cli.ok("submit_job", "--wait",
                    *job_files(tmp_path, short_conf()))
    assert answer["job"]["job_id"] == answer["jobId"]
    assert answer["job"]["status"] == "success"


def test_submit_of_a_prediction_needs_no_dsl(cli, lr_job, tmp_path):
    text = (EXAMPLES / "hetero_lr/predict_conf.json").read_text()
    conf = json.loads(text.replace('"namespace": "example"',
                                   '"namespace": "cli"'))
    conf["job_parameters"]["model_version"] = lr_job
    (tmp_path / "predict.json").write_text(json.dumps(conf))
    answer = cli.ok("submit_job", "--wait", "-c", tmp_path / "predict.json")
    assert answer["job"]["status"] == "success"
    assert answer["data"]["model_info"]["model_version"] == lr_job
    shown = cli.ok("component_output_model", "-j", answer["jobId"], *LR)
    assert shown["data"]["weight"]


def test_waiting_for_a_job_that_fails_tells_why(cli, tmp_path):
    answer, code = cli("upload", "--wait", "-c",
                       upload_conf(tmp_path, "bad", partition=0))
    assert code == JOB_FAILED
    assert answer["job"]["status"] == "failed"
    assert "partition" in answer["job"]["reason"]


def test_waiting_gives_up_in_time(cli, site, lr_job, tmp_path):
    job = cli.ok("submit_job", *job_files(tmp_path, example_conf()))["jobId"]
    answer, code = cli("wait_job", "-j", job, "--timeout", "0")
    assert code == TIMEOUT
    assert answer["job"]["job_id"] == job
    cli.ok("stop_job", "-j", job)
    site.flow.wait(job)
    answer, code = cli("wait_job", "-j", job)
    assert (code, answer["job"]["status"]) == (JOB_FAILED, "canceled")


def test_refused_submit_is_not_waited_for(cli, tmp_path):
    conf = short_conf()
    conf["job_parameters"]["work_mode"] = 7
    answer, code = cli("submit_job", "--wait", *job_files(tmp_path, conf))
    assert code == REFUSED
    assert "work_mode" in answer["retmsg"]
    assert "job" not in answer


def test_unknown_job_is_not_waited_for(cli):
    answer, code = cli("wait_job", "-j", "209901010000000000001")
    assert (answer["retmsg"], code) == ("find job failed", REFUSED)


# ---- files ----

def test_relative_file_lies_beside_the_configuration(cli, tmp_path):
    conf = upload_conf(tmp_path, "beside")
    cli.ok("upload", "--wait", "-c", conf, cwd="/")


def test_file_of_the_current_folder_comes_first(cli, tmp_path):
    conf = upload_conf(tmp_path, "current")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "ten.csv").write_text("id,a\n1,2\n")
    cli.ok("upload", "--wait", "-c", conf, cwd=tmp_path / "here")
    assert cli.ok("table_info", "-n", "cli", "-t", "current")["data"][
        "count"] == 1


def test_configuration_may_be_a_link_or_a_pipe(cli, tmp_path):
    conf = upload_conf(tmp_path, "linked")
    (tmp_path / "link.json").symlink_to(conf)
    cli.ok("upload", "--wait", "-c", tmp_path / "link.json")
    with conf.open("rb") as pipe:
        cli.ok("upload", "-c", "/dev/stdin", "-i", tmp_path / "ten.csv",
               "-drop", "1", stdin=pipe)


def test_upload_needs_no_configuration(cli, tmp_path):
    (tmp_path / "ten.csv").write_text(TEN)
    cli.ok("upload", "-i", "ten.csv", "-n", "cli", "-t", "bare", "-w", 0,
           "--head", 1, "--partition", 4, "--wait", cwd=tmp_path)
    assert cli.ok("table_info", "-n", "cli", "-t", "bare")["data"][
        "count"] == 10


def test_missing_files_are_named(cli, tmp_path):
    conf = upload_conf(tmp_path, "missing", file="nosuch.csv")
    answer, code = cli("upload", "-c", conf)
    assert (answer["retcode"], code) == (100, USAGE)
    assert answer["retmsg"] == (
        "The file is obtained from the fate flow client machine, but it does "
        "not exist, please check the path: nosuch.csv")
    answer, code = cli("upload", "-c", conf, "-i", tmp_path)
    assert (answer["retmsg"], code) == (
        f"{tmp_path} is a folder, expected a file", USAGE)
    answer, code = cli("upload", "-c", tmp_path / "nosuch.json")
    assert (answer["retcode"], code) == (100, USAGE)
    assert "nosuch.json" in answer["retmsg"]
    (tmp_path / "broken.json").write_text('{"head": ')
    answer, code = cli("upload", "-c", tmp_path / "broken.json")
    assert code == USAGE
    assert "broken.json" in answer["retmsg"]


def test_existing_table_needs_drop(cli, tmp_path):
    conf = upload_conf(tmp_path, "again")
    cli.ok("upload", "--wait", "-c", conf)
    answer, code = cli("upload", "-c", conf)
    assert code == REFUSED
    assert "table already exists" in answer["retmsg"]
    cli.ok("upload", "--wait", "-c", conf, "-drop", "1")
