"""The command line against a running site: what it prints, where, and with
which exit status. Where a recording of FATE's client is at hand, what ours
prints must have its shape.
"""
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import threading

import pytest

import private_site
from conftest import BIN, ROOT
from flow import SHARED, load
from shape import differences

RECORDS = SHARED / "golden" / "cli"
EXAMPLES = ROOT / "examples"
OK, REFUSED, USAGE, UNREACHABLE, JOB_FAILED, TIMEOUT = range(6)
GUEST = ["-r", "guest", "-p", "9999"]
LR = GUEST + ["-cpn", "hetero_lr_0"]
TEN = "id,y,x0\n" + "".join(f"{i},{i % 2},{i}.5\n" for i in range(10))


class Cli:
    """fateflow -f WORDS; the document that it printed and its exit status.
    Nothing else may be printed, on either stream."""

    def __init__(self, site):
        self.environ = {**os.environ,
                        "FATEFLOW_SERVER": f"127.0.0.1:{site.port}"}

    def run(self, *words, **more):
        more.setdefault("env", self.environ)
        return subprocess.run([BIN / "fateflow", *map(str, words)],
                              capture_output=True, text=True, timeout=120,
                              **more)

    def __call__(self, *words, **more):
        out = self.run("-f", *words, **more)
        assert out.stderr == ""
        assert out.stdout.endswith("}\n\n")
        return json.loads(out.stdout), out.returncode

    def ok(self, *words, **more):
        answer, code = self(*words, **more)
        assert (answer["retcode"], code) == (0, OK), answer
        return answer


@pytest.fixture(scope="module")
def cli(site):
    if not (BIN / "fateflow").exists():
        pytest.skip(f"fateflow not in {BIN} (FATEFLOW_BIN)")
    return Cli(site)


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


def recorded(name):
    """The document of a recording, or None without ../shared."""
    path = RECORDS / f"{name}.txt"
    if not path.exists():
        return None
    text = path.read_text()
    return json.JSONDecoder().raw_decode(text[text.index("{"):])[0]


def upload_conf(folder, name, **more):
    (folder / "ten.csv").write_text(TEN)
    conf = folder / f"{name}.json"
    conf.write_text(json.dumps({
        "file": "ten.csv", "head": 1, "partition": 4, "work_mode": 0,
        "namespace": "cli", "table_name": name, **more}))
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


# ---- wrong usage ----

@pytest.mark.parametrize("words, text", [
    ("submit_job", "runtime conf path"),
    (f"submit_job -c {EXAMPLES}/hetero_lr/conf.json", "dsl path"),
    ("upload", "file "),
    ("stop_job", "job_id "),
    ("wait_job", "job_id "),
    ("table_info -n a", "table_name "),
    ("component_output_data -j 1 -r guest", "component_name,party_id,"
     "output_path "),
])
def test_missing_arguments_are_listed(cli, words, text):
    """The status is 2; the document is printed for FATE's scripts."""
    answer, code = cli(*words.split())
    assert code == USAGE
    assert (answer["retcode"], answer["retmsg"]) == (
        100, f"the following arguments are required: {text}")


@pytest.mark.parametrize("words, text", [
    (["-f", "nosuch"], "invalid choice: 'nosuch'"),
    (["-j", "1"], "required: -f/--function"),
    (["-f", "query_job", "--nosuch"], "unrecognized arguments: --nosuch"),
    (["-f", "query_job", "-j"], "argument -j/--job_id: expected one argument"),
    (["-f", "upload_history", "-limit", "x"], "invalid int value: 'x'"),
])
def test_wrong_usage_is_told_on_stderr_only(cli, words, text):
    out = cli.run(*words)
    assert (out.returncode, out.stdout) == (USAGE, "")
    assert out.stderr.startswith("usage: fateflow")
    assert text in out.stderr


def test_help_lists_the_commands_that_are_offered(cli):
    out = cli.run("--help")
    assert (out.returncode, out.stderr) == (0, "")
    for name in [*READS, "submit_job", "wait_job", "upload", "upload_history",
                 "stop_job", "table_info", "component_output_data"]:
        assert re.search(rf"^  {name} ", out.stdout, re.M)
        own = cli.run("-f", name, "--help")
        assert (own.returncode, own.stderr) == (0, "")
        assert own.stdout.startswith(f"fateflow -f {name}: ")
    assert "job_log" not in out.stdout
    answer, code = cli("job_log", "-j", "1")
    assert (answer["retmsg"], code) == ("job_log is not offered yet", USAGE)


# ---- the server ----

def test_flag_names_the_server_before_the_environment(cli, site):
    nowhere = {**os.environ, "FATEFLOW_SERVER": "127.0.0.1:1"}
    for server in (f"127.0.0.1:{site.port}", f"{site.url}/"):
        cli.ok("upload_history", "--server", server, env=nowhere)
    assert cli("upload_history", env=nowhere)[1] == UNREACHABLE


def test_refused_connection_has_fates_text(cli):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))     # bound, not listening
        answer, code = cli("query_job", "-j", "1", "--server",
                           f"127.0.0.1:{s.getsockname()[1]}")
    assert code == UNREACHABLE
    assert answer == {
        "retcode": 100, "retmsg": "Connection refused, Please check if the "
        "fate flow service is started"}


def one_answer(text):
    """A server that answers the first connection with that, once."""
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        c, _ = s.accept()
        s.close()
        with c:
            c.recv(65536)
            c.sendall(text)
            # Closing with unread bytes of the request would reset the
            # connection and take the answer away from the client.
            c.shutdown(socket.SHUT_WR)
            while c.recv(65536):
                pass

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{s.getsockname()[1]}"


@pytest.mark.parametrize("text, code, words", [
    (b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", REFUSED, "HTTP status 502"),
    (b"HTTP/1.0 200 OK\r\n\r\n[1]", REFUSED, "HTTP status 200"),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{", UNREACHABLE, ""),
    (b"", UNREACHABLE, "/v1/job/query"),
])
def test_odd_answers_are_told_in_the_envelope(cli, text, code, words):
    answer, got = cli("query_job", "-j", "1", "--server", one_answer(text))
    assert (answer["retcode"], got) == (100, code)
    assert words in answer["retmsg"]


def test_archive_that_is_none_leaves_nothing(cli, tmp_path):
    server = one_answer(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-tar"
                        b"\r\n\r\nno archive")
    answer, code = cli("component_output_data", "-j", "1", *LR, "-o",
                       tmp_path, "--server", server)
    assert (answer["retcode"], code) == (100, REFUSED)
    assert answer["retmsg"] == \
        "download failed, please check if the parameters are correct"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def trickle():
    """A server that begins an archive and does not go on."""
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        c, _ = s.accept()
        c.recv(65536)
        c.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-tar\r\n"
                  b"\r\nbegun")
        c.recv(1)
        c.close()
        s.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{s.getsockname()[1]}"


def test_interrupted_download_leaves_nothing(cli, tmp_path):
    child = subprocess.Popen(
        [BIN / "fateflow", "-f", "component_output_data", "-j", "1", *LR,
         "-o", tmp_path, "--server", trickle()], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    private_site.wait_for("a first byte on disk",
                          lambda: list(tmp_path.glob(".fateflow-*")))
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=10) == (b"", b"")
    assert child.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def test_job_id_is_told_though_its_end_is_not_known(cli, tmp_path):
    """The server goes away after it took the upload."""
    conf = upload_conf(tmp_path, "gone")
    server = one_answer(b"HTTP/1.0 200 OK\r\nContent-Type: application/json"
                        b"\r\n\r\n" + json.dumps(
                            {"retcode": 0, "jobId": "7"}).encode())
    answer, code = cli("upload", "--wait", "-c", conf, "--server", server)
    assert code == UNREACHABLE
    assert answer["jobId"] == "7"
    assert "refused" in answer["job"]["error"]


def test_document_that_cannot_be_written_is_told(cli):
    with open("/dev/full", "w") as full:
        out = subprocess.run([BIN / "fateflow", "-f", "upload_history"],
                             env=cli.environ, stdout=full,
                             stderr=subprocess.PIPE, text=True)
    assert out.returncode == UNREACHABLE
    assert "No space left" in out.stderr


# ---- a terminal ----

def on_terminal(cli, *words):
    """stdout as text, and what came on stderr, which is a terminal."""
    main, side = pty.openpty()
    child = subprocess.Popen([BIN / "fateflow", *map(str, words)],
                             env=cli.environ, stdout=subprocess.PIPE,
                             stderr=side, text=True)
    os.close(side)
    seen = b""
    while select.select([main], [], [], 60)[0]:
        try:
            piece = os.read(main, 65536)
        except OSError:         # the last user of the other side is gone
            break
        if not piece:
            break
        seen += piece
    os.close(main)
    out = child.communicate(timeout=60)[0]
    return out, seen.decode(), child.returncode


def test_progress_shows_on_a_terminal(cli, tmp_path):
    conf = upload_conf(tmp_path, "terminal")
    out, seen, code = on_terminal(cli, "-f", "upload", "--wait", "-c", conf)
    assert code == OK
    assert json.loads(out)["job"]["status"] == "success"
    assert re.search(r"\[#{30}\] 100% uploaded\r?\n", seen)
    assert "100% success" in seen


def test_verbose_shows_progress_without_a_terminal(cli, tmp_path):
    out = cli.run("-f", "upload", "-c", upload_conf(tmp_path, "verbose"),
                  "-verbose", "1")
    assert out.returncode == OK
    assert json.loads(out.stdout)["retcode"] == 0
    assert "100% uploaded" in out.stderr
