"""What each command sends, to the letter, and that what comes back is printed
as it is: against a server that answers as it is told."""
import json
import re

import pytest

from cli_run import (GUEST, JOB_FAILED, LR, OK, REFUSED, SUCCESS, TIMEOUT,
                     UNREACHABLE, USAGE, json_answer, one_answer, recorded)
from test_cli_usage import WORDS

LOCAL = {"role": "guest", "party_id": "9999"}
WHO = {"job_id": "7", "component_name": "hetero_lr_0", **LOCAL,
       "local": LOCAL}
MODEL = {"model_id": "m", "model_version": "7", **LOCAL}
LOAD = {"initiator": {"party_id": "9999", "role": "guest"},
        "role": {"guest": ["9999"], "host": ["10000"]},
        "job_parameters": {"work_mode": 1, "model_id": "m",
                           "model_version": "7"}}
GRANT = ["-src_party_id", "9999", "-src_role", "guest", "-privilege_role",
         "guest,host", "-privilege_command", "create_job",
         "-privilege_component", "all"]
GRANTED = {"src_party_id": "9999", "src_role": "guest",
           "privilege_role": "guest,host", "privilege_command": "create_job",
           "privilege_component": "all"}

# name: flags, method and path, body without "function" and "config"; a dict
# in place of flags is the -c file.
ROWS = [
    ("stop_job", ["-j", "7"], "POST job/stop", {"job_id": "7"}),
    ("stop_job", ["-j", "7", "--operate", "kill", "--reason", "mine"],
     "POST job/stop", {"job_id": "7", "operate": "kill", "reason": "mine"}),
    ("rerun_job", ["-j", "7"], "POST job/rerun", {"job_id": "7"}),
    ("rerun_job", ["-j", "7", "--component", "x"], "POST job/rerun",
     {"job_id": "7", "component_name": "x"}),
    ("explain_job", ["-j", "7"], "POST job/explain", {"job_id": "7"}),
    ("query_job", ["-j", "7", "-s", "failed"], "POST job/query",
     {"job_id": "7", "status": "failed"}),
    ("clean_job", ["-j", "7"], "POST job/clean", {"job_id": "7"}),
    ("clean_queue", [], "POST job/clean/queue", {}),
    ("data_view_query", ["-j", "7"], "POST job/data/view/query",
     {"job_id": "7"}),
    ("query_task", ["-j", "7", "-cpn", "x"], "POST job/task/query",
     {"job_id": "7", "component_name": "x"}),
    ("component_parameters", ["-j", "7", *LR],
     "POST tracking/component/parameters", WHO),
    ("component_metrics", ["-j", "7", *LR],
     "POST tracking/component/metrics", WHO),
    ("component_metric_all", ["-j", "7", *LR],
     "POST tracking/component/metric/all", WHO),
    ("component_metric_delete", ["-m", "20261123"],
     "POST tracking/component/metric/delete", {"model": "20261123"}),
    ("component_metric_delete", ["-j", "7", *LR],
     "POST tracking/component/metric/delete", WHO),
    ("component_output_model", ["-j", "7", *LR],
     "POST tracking/component/output/model", WHO),
    ("component_output_data_table", ["-j", "7", *LR],
     "POST tracking/component/output/data/table", WHO),
    ("upload_history", ["-limit", "2"], "POST data/upload/history",
     {"limit": 2}),
    ("upload_status", ["--session_id", "s"],
     "POST data/upload/session/query", {"session_id": "s"}),
    ("upload_cancel", ["--session-id=s"],
     "POST data/upload/session/cancel", {"session_id": "s"}),
    ("download", ["-n", "ns", "-t", "t", "-w", "0", "-o", "/srv/t.csv"],
     "POST data/download", {"namespace": "ns", "table_name": "t",
                            "work_mode": 0, "output_path": "/srv/t.csv"}),
    ("table_info", ["-n", "ns", "-t", "t"], "POST table/table_info",
     {"namespace": "ns", "table_name": "t"}),
    ("table_delete", ["-n", "ns", "-t", "t"], "POST table/delete",
     {"namespace": "ns", "table_name": "t"}),
    ("table_delete", ["-j", "7", *LR], "POST table/delete", WHO),
    ("load", LOAD, "POST model/load", LOAD),
    ("bind", {**LOAD, "service_id": "s", "servings": ["127.0.0.1:8000"]},
     "POST model/bind",
     {**LOAD, "service_id": "s", "servings": ["127.0.0.1:8000"]}),
    ("store", {**MODEL, "force_update": True}, "POST model/store",
     {**MODEL, "force_update": True}),
    ("restore", ["--model_id", "m", "--model_version", "7", *GUEST],
     "POST model/restore", {**MODEL, "local": LOCAL}),
    ("grant_privilege", GRANT, "POST permission/grant/privilege", GRANTED),
    ("delete_privilege", GRANT, "POST permission/delete/privilege", GRANTED),
    ("query_privilege", GRANT[:4], "POST permission/query/privilege",
     {"src_party_id": "9999", "src_role": "guest"}),
]


def flags_of(row, folder):
    if isinstance(row, list):
        return row, {}
    conf = folder / "conf.json"
    conf.write_text(json.dumps(row))
    return ["-c", conf], {"config": str(conf)}


@pytest.mark.parametrize("name, flags, what, body", ROWS)
def test_request_is_the_contracts_by_both_names(stand_in, tmp_path, name,
                                                flags, what, body):
    server, cli = stand_in(lambda asked: {**SUCCESS, "data": {"x": 1}})
    flags, config = flags_of(flags, tmp_path)
    assert cli.ok(name, *flags) == {**SUCCESS, "data": {"x": 1}}
    assert cli.words(*WORDS[name].split(), *flags)[1] == OK
    method, path = what.split()
    for asked in server.asked:
        assert (asked.method, asked.path) == (method, f"/v1/{path}")
        assert asked.headers["Content-Type"] == "application/json"
    by_name, by_words = [json.loads(a.body) for a in server.asked]
    assert by_name == {**body, **config, "function": name}
    assert by_words == {**body, **config}


@pytest.mark.parametrize("name, flags", [
    (name, flags) for name, flags, _, _ in ROWS])
def test_refusal_is_printed_with_exit_status_1(stand_in, tmp_path, name,
                                               flags):
    refusal = {"retcode": 101, "retmsg": "no such thing: \u00e9"}
    _, cli = stand_in(lambda asked: refusal)
    flags, _ = flags_of(flags, tmp_path)
    assert cli(name, *flags) == (refusal, REFUSED)


def test_answer_of_output_data_table_has_the_recorded_shape(stand_in):
    theirs = recorded("component_output_data_table")
    if not theirs:
        pytest.skip("no ../shared")
    _, cli = stand_in(lambda asked: theirs)
    assert cli.ok("component_output_data_table", "-j", "7", *LR) == theirs


# ---- --wait ----

def job_server(status):
    def answer(asked):
        if asked.path == "/v1/job/query":
            return {"retcode": 0, "data": [{
                "f_is_initiator": 1, "f_status": status, "f_progress": 100}]}
        return {**SUCCESS, "jobId": "42"}
    return answer


@pytest.mark.parametrize("status, expected", [("success", OK),
                                              ("failed", JOB_FAILED)])
@pytest.mark.parametrize("words", [
    ["store", "--model_id", "m", "--model_version", "7", *GUEST],
    ["restore", "--model_id", "m", "--model_version", "7", *GUEST],
    ["download", "-n", "a", "-t", "b", "-w", "0", "-o", "/x"]])
def test_jobs_of_other_commands_are_waited_for_too(stand_in, words, status,
                                                   expected):
    server, cli = stand_in(job_server(status))
    answer, code = cli(*words, "--wait")
    assert code == expected
    assert (answer["jobId"], answer["job"]["status"]) == ("42", status)
    assert json.loads(server.asked[-1].body) == {"job_id": "42"}
    answer, code = cli(*words)
    assert (answer, code) == ({**SUCCESS, "jobId": "42"}, OK)


def test_job_id_may_be_the_third_word(stand_in):
    server, cli = stand_in(lambda asked: SUCCESS)
    for verb in ("stop", "rerun", "explain", "query"):
        assert cli.words("job", verb, "7") == (SUCCESS, OK)
    assert {a.body for a in server.asked} == {b'{"job_id":"7"}'}


def test_rerun_is_waited_for(stand_in):
    server, cli = stand_in(job_server("success"))
    answer, code = cli.words("job", "rerun", "42", "--wait")
    assert (answer["job"]["status"], code) == ("success", OK)


# ---- waiting ----

def rows_one_by_one(*rows):
    """A server whose job is seen as one row after the other."""
    left = list(rows)

    def answer(asked):
        row = left.pop(0) if len(left) > 1 else left[0]
        return {"retcode": 0, "data": [{"f_is_initiator": 1, **row}]}
    return answer


def test_wait_tells_why_the_job_waits_and_when_it_is_tried_again(stand_in):
    full = {"f_status": "waiting", "f_pending_reason": "20 of 20 jobs run"}
    again = {"f_status": "running", "f_retries": 1, "f_auto_retries": 3}
    server, cli = stand_in(rows_one_by_one(
        full, full, {**full, "f_pending_reason": "2 are ahead"}, again, again,
        {**again, "f_status": "success"}))
    out = cli.run("job", "wait", "42", "-verbose", "1")
    assert out.returncode == OK
    lines = [line.rsplit("\033[K", 1)[-1] for line in
             out.stderr.split("\n")]
    told = [line for line in lines if "[" not in line and line]
    assert told == ["42 waits: 20 of 20 jobs run", "42 waits: 2 are ahead",
                    "42 is tried again, 1 of 3 times"]
    assert json.loads(out.stdout)["job"]["retries"] == 1


def test_wait_that_ends_early_says_what_the_job_waits_for(stand_in):
    _, cli = stand_in(rows_one_by_one({
        "f_status": "waiting", "f_pending_reason": "20 of 20 jobs run"}))
    answer, code = cli.words("job", "wait", "42", "--timeout", "0")
    assert code == TIMEOUT
    assert answer["job"] == {"job_id": "42", "status": "waiting",
                             "pending_reason": "20 of 20 jobs run"}


# ---- a submit that broke off ----

STARTED = {**SUCCESS, "jobId": "42"}


def submit_files(folder):
    (folder / "conf.json").write_text("{}")
    (folder / "dsl.json").write_text("{}")
    return ["job", "submit", "-c", folder / "conf.json", "-d",
            folder / "dsl.json"]


def after(n, broken, answer):
    """A server that breaks off n times, and answers then."""
    left = [broken] * n

    def serve(asked):
        return left.pop() if left else answer
    return serve


@pytest.mark.parametrize("broken", [
    None, json_answer({"retcode": 100, "retmsg": "no database"}, 503),
    json_answer({"retcode": 100, "retmsg": "no worker"}, 502)])
def test_submit_that_broke_off_is_repeated_with_its_token(stand_in, tmp_path,
                                                          broken):
    server, cli = stand_in(after(2, broken, STARTED))
    assert cli.words(*submit_files(tmp_path)) == (STARTED, OK)
    assert len(server.asked) == 3
    assert len({a.body for a in server.asked}) == 1
    first = json.loads(server.asked[0].body)["submit_token"]
    assert re.fullmatch("[0-9a-f]{32}", first)
    cli.words(*submit_files(tmp_path))
    assert json.loads(server.asked[-1].body)["submit_token"] != first


def test_repetition_is_told_on_a_terminal(stand_in, tmp_path):
    server, cli = stand_in(after(1, None, STARTED))
    out = cli.run(*submit_files(tmp_path), "-verbose", "1", "--token", "mine")
    assert out.stderr == ("fateflow: the connection broke off; asking again "
                          "with token mine, 2 of 6\n")
    assert {json.loads(a.body)["submit_token"] for a in server.asked} == {
        "mine"}


@pytest.mark.parametrize("broken, status, words", [
    (None, UNREACHABLE, "job/submit"),
    (json_answer({"retcode": 100, "retmsg": "no database"}, 503), REFUSED,
     "no database; whether")])
def test_submit_that_never_comes_through_names_its_token(
        stand_in, tmp_path, broken, status, words):
    server, cli = stand_in(lambda asked: broken)
    answer, code = cli.words(*submit_files(tmp_path))
    assert code == status and words in answer["retmsg"]
    assert len(server.asked) == 6
    token = json.loads(server.asked[0].body)["submit_token"]
    assert answer["retmsg"].endswith(f"with --token {token}")


@pytest.mark.parametrize("answer, code", [
    ({"retcode": 100, "retmsg": "no such table"}, REFUSED),
    (json_answer({"retcode": 100, "retmsg": "disk"}, 500), REFUSED)])
def test_submit_that_is_refused_is_not_repeated(stand_in, tmp_path, answer,
                                                code):
    server, cli = stand_in(lambda asked: answer)
    assert cli.words(*submit_files(tmp_path))[1] == code
    assert len(server.asked) == 1


def test_upload_sends_the_token_that_is_given(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: STARTED)
    (tmp_path / "ten.csv").write_text("id,x\n1,2\n")
    words = ["table", "upload", "-i", tmp_path / "ten.csv", "-n", "a", "-t",
             "b", "-w", "0", "--head", "1", "--partition", "4", "--token",
             "mine"]
    assert cli.words(*words) == (STARTED, OK)
    assert server.asked[0].query["submit_token"] == "mine"
    answer, code = cli.words(*words, "--resume")
    assert code == USAGE and "--token" in answer["retmsg"]


# ---- odd answers ----

@pytest.mark.parametrize("text, code, words", [
    (b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", REFUSED, "HTTP status 502"),
    (b"HTTP/1.0 200 OK\r\n\r\n[1]", REFUSED, "HTTP status 200"),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{", UNREACHABLE, ""),
    (b"", UNREACHABLE, "/v1/job/query"),
])
def test_odd_answers_are_told_in_the_envelope(stand_in, text, code, words):
    _, cli = stand_in(lambda asked: SUCCESS)
    answer, got = cli("query_job", "-j", "1", "--server", one_answer(text))
    assert (answer["retcode"], got) == (100, code)
    assert words in answer["retmsg"]


def test_refusal_by_http_status_is_printed_as_it_is(stand_in):
    answer = {"retcode": 100, "retmsg": "there is no serving here"}
    _, cli = stand_in(lambda asked: json_answer(answer, 501))
    assert cli("clean_queue") == (answer, REFUSED)
