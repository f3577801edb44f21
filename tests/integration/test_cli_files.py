"""Commands whose answer becomes files, and those that send one: what is
written, what is never written over, what an interruption leaves."""
import email
import email.policy
import io
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import tarfile
import threading

import pytest

import private_site
from cli_run import (BIN, GUEST, LR, OK, REFUSED, SUCCESS, UNREACHABLE, USAGE,
                     Answer, json_answer, one_answer, recorded, upload_conf)

MODEL = ["--model_id", "m", "--model_version", "7", *GUEST]
ZIP = b"PK\3\4 not that anybody looks"
NAME = "guest#9999#m_7.zip"


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")
                  if not p.is_dir())


# ---- job_log, component_output_data ----

def tar(*entries):
    """entries: (name, content), or TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            archive.addfile(info, io.BytesIO(entry[1]))
    return Answer(200, "application/x-tar", out.getvalue())


LOGS = tar(("fate_flow_audit.log", b"a"),
           ("guest/9999/hetero_lr_0/INFO.log", b"b" * 100000))


def test_job_log_is_unpacked_with_its_folders(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: LOGS)
    answer = cli.ok("job_log", "-j", "7", "-o", "logs", cwd=tmp_path)
    folder = tmp_path / "logs" / "job_7_log"
    assert answer == {
        "retcode": 0, "directory": str(folder), "retmsg":
        f"download successfully, please check {folder} directory"}
    assert list(answer) == list(recorded("job_log") or answer)
    assert files_below(tmp_path) == [
        "logs/job_7_log/fate_flow_audit.log",
        "logs/job_7_log/guest/9999/hetero_lr_0/INFO.log"]
    assert (folder / "guest/9999/hetero_lr_0/INFO.log").read_bytes() == \
        b"b" * 100000
    assert server.asked[0].method == "GET"
    assert server.asked[0].path == "/v1/job/log"
    assert json.loads(server.asked[0].body) == {
        "function": "job_log", "job_id": "7",
        "output_path": str(tmp_path / "logs")}


def test_output_path_is_told_without_detours(stand_in, tmp_path):
    _, cli = stand_in(lambda asked: LOGS)
    answer = cli.ok("job_log", "-j", "7", "-o", "./x/..", cwd=tmp_path)
    assert answer["directory"] == str(tmp_path / "job_7_log")


def test_job_log_is_renewed_and_keeps_what_else_is_there(stand_in, tmp_path):
    answers = [LOGS, tar(("fate_flow_audit.log", b"longer"))]
    _, cli = stand_in(lambda asked: answers.pop(0))
    for _ in range(2):
        cli.ok("job_log", "-j", "7", "-o", tmp_path)
    folder = tmp_path / "job_7_log"
    assert (folder / "fate_flow_audit.log").read_bytes() == b"longer"
    assert len(files_below(tmp_path)) == 2


def test_job_without_logs_gets_an_empty_folder(stand_in, tmp_path):
    _, cli = stand_in(lambda asked: tar())
    cli.ok("job_log", "-j", "7", "-o", tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "job_7_log"]


def link(name, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


@pytest.mark.parametrize("archive, words", [
    (tar(("a.log", b"1"), ("../evil", b"2")), "leaves its folder"),
    (tar(("/tmp/fateflow-evil", b"2")), "leaves its folder"),
    (tar(link("a.log", "/etc/passwd"), ("a.log/x", b"")), "no regular file"),
    (Answer(200, "application/x-tar", b"no archive"),
     "download failed, please check if the parameters are correct"),
    (Answer(200, "application/x-tar", LOGS.body[:-20]), "damaged"),
])
@pytest.mark.parametrize("words_of", [
    ["job_log", "-j", "7"], ["component_output_data", "-j", "7", *LR]])
def test_archive_that_is_wrong_touches_nothing(stand_in, tmp_path, archive,
                                               words, words_of):
    _, cli = stand_in(lambda asked: archive)
    answer, code = cli(*words_of, "-o", tmp_path / "out")
    assert (answer["retcode"], code) == (100, REFUSED)
    assert re.search(words, answer["retmsg"])
    assert files_below(tmp_path) == []
    assert list((tmp_path / "out").iterdir()) == []


def test_page_of_a_gateway_is_no_archive(stand_in, tmp_path):
    _, cli = stand_in(lambda asked: Answer(502, "text/html", b"<html>"))
    answer, code = cli("job_log", "-j", "7", "-o", tmp_path)
    assert (answer, code) == ({
        "retcode": 100, "retmsg": "no file came, but HTTP status 502 "
        "(text/html)"}, REFUSED)
    assert list(tmp_path.iterdir()) == []


def test_refusal_of_a_download_is_printed(stand_in, tmp_path):
    refusal = {"retcode": 500, "retmsg": "no data"}
    _, cli = stand_in(lambda asked: json_answer(refusal, 500))
    for words in (["job_log", "-j", "7"], ["export", *MODEL]):
        assert cli(*words, "-o", tmp_path) == (refusal, REFUSED)
    assert list(tmp_path.iterdir()) == []


def test_ids_that_are_no_names_are_refused(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: LOGS)
    for words in (["job_log", "-j", "../7"],
                  ["job_config", "-j", "../7", *GUEST]):
        answer, code = cli(*words, "-o", tmp_path)
        assert (answer["retcode"], code) == (100, USAGE)
    assert server.asked == []


# ---- job_config ----

CONFIG = {"retcode": 0, "retmsg": "success", "data": {
    "job_id": "7", "dsl": {"components": {"a_0": {"module": "A"}}},
    "runtime_conf": {"initiator": {"role": "guest"}, "alpha": 0.5},
    "train_runtime_conf": {}, "model_info": {"model_id": "m",
                                             "model_version": "7"}}}


def config_answer(text=json.dumps(CONFIG)):
    return Answer(200, "application/json", text.encode())


def test_job_config_writes_four_files(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: config_answer())
    answer = cli.ok("job_config", "-j", "7", *GUEST, "-o", tmp_path)
    folder = tmp_path / "job_7_config"
    left = {k: v for k, v in CONFIG["data"].items()
            if k not in ("dsl", "runtime_conf")}
    assert answer == {
        "retcode": 0, "data": left, "directory": str(folder), "retmsg":
        f"download successfully, please check {folder} directory"}
    theirs = recorded("job_config")
    if theirs:
        assert set(answer) == set(theirs)
        assert set(answer["data"]) == set(theirs["data"])
    assert files_below(folder) == ["dsl.json", "model_info.json",
                                   "runtime_conf.json",
                                   "train_runtime_conf.json"]
    for name in ("dsl", "runtime_conf", "train_runtime_conf", "model_info"):
        text = (folder / f"{name}.json").read_text()
        assert text == json.dumps(CONFIG["data"][name], indent=4)
    assert server.asked[0].path == "/v1/job/config"


def test_job_config_keeps_numbers_as_they_are(stand_in, tmp_path):
    text = ('{"data":{"dsl":{},"runtime_conf":{"a":1.0,"b":1e-05,'
            '"c":9007199254740993,"d":"\\u00e9"}},"retcode":0}')
    _, cli = stand_in(lambda asked: config_answer(text))
    cli.ok("job_config", "-j", "7", *GUEST, "-o", tmp_path)
    assert (tmp_path / "job_7_config/runtime_conf.json").read_text() == (
        '{\n    "a": 1.0,\n    "b": 1e-05,\n    "c": 9007199254740993,\n'
        '    "d": "\u00e9"\n}')


def test_job_config_does_not_replace_what_was_edited(stand_in, tmp_path):
    _, cli = stand_in(lambda asked: config_answer())
    words = ["job_config", "-j", "7", *GUEST, "-o", tmp_path]
    cli.ok(*words)
    cli.ok(*words)              # the same again is no loss
    edited = tmp_path / "job_7_config" / "runtime_conf.json"
    edited.write_text("{}")
    answer, code = cli(*words)
    assert (answer["retcode"], code) == (100, REFUSED)
    assert answer["retmsg"] == (
        f"{edited} is there with another content; --force replaces it")
    assert edited.read_text() == "{}"
    cli.ok(*words, "--force")
    assert edited.read_text() != "{}"


def test_job_config_of_an_unknown_job_writes_nothing(stand_in, tmp_path):
    refusal = {"retcode": 101, "retmsg": "find job failed"}
    _, cli = stand_in(lambda asked: refusal)
    assert cli("job_config", "-j", "7", *GUEST, "-o", tmp_path) == \
        (refusal, REFUSED)
    assert list(tmp_path.iterdir()) == []


# ---- export, import ----

def zip_answer(name=NAME, body=ZIP):
    return Answer(200, "application/zip", body, [
        ("Content-Disposition", f"attachment; filename={name}")])


@pytest.mark.parametrize("name", [NAME, f'"{NAME}"'])
def test_export_writes_the_file_that_the_server_names(stand_in, tmp_path,
                                                      name):
    server, cli = stand_in(lambda asked: zip_answer(name))
    answer = cli.ok("export", *MODEL, "-o", "out", cwd=tmp_path)
    path = tmp_path / "out" / NAME
    assert answer == {
        "retcode": 0, "file": str(path),
        "retmsg": f"download successfully, please check {path}"}
    assert path.read_bytes() == ZIP
    assert files_below(tmp_path) == [f"out/{NAME}"]
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("GET", "/v1/model/export")
    body = json.loads(asked.body)
    assert {k: body[k] for k in ("model_id", "model_version", "role",
                                 "party_id")} == {
        "model_id": "m", "model_version": "7", "role": "guest",
        "party_id": "9999"}


def test_export_does_not_replace_a_file(stand_in, tmp_path):
    _, cli = stand_in(lambda asked: zip_answer())
    (tmp_path / NAME).write_text("precious")
    answer, code = cli("export", *MODEL, "-o", tmp_path)
    assert (answer, code) == ({
        "retcode": 100, "retmsg": f"{tmp_path / NAME} is there already; "
        "--force replaces it"}, REFUSED)
    assert files_below(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_text() == "precious"
    cli.ok("export", *MODEL, "-o", tmp_path, "--force")
    assert (tmp_path / NAME).read_bytes() == ZIP


@pytest.mark.parametrize("name", ["../evil.zip", "/tmp/evil.zip", "..", ""])
def test_export_refuses_a_name_that_is_none(stand_in, tmp_path, name):
    _, cli = stand_in(lambda asked: zip_answer(name))
    answer, code = cli("export", *MODEL, "-o", tmp_path / "out")
    assert (answer["retcode"], code) == (100, REFUSED)
    assert "no file name that can be used" in answer["retmsg"]
    assert files_below(tmp_path) == []


def test_import_sends_a_form_with_the_file(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: SUCCESS)
    (tmp_path / "a b.zip").write_bytes(ZIP)
    conf = tmp_path / "import.json"
    conf.write_text(json.dumps({
        "model_id": "m", "model_version": "7", "role": "guest",
        "party_id": 9999, "file": "a b.zip"}))
    assert cli.ok("import", "-c", conf, cwd="/") == SUCCESS
    asked = server.asked[0]
    assert (asked.method, asked.path, asked.query) == (
        "POST", "/v1/model/import", {})
    form = email.message_from_bytes(
        b"Content-Type: " + asked.headers["Content-Type"].encode() +
        b"\r\n\r\n" + asked.body, policy=email.policy.HTTP)
    parts = {p.get_param("name", header="content-disposition"): p
             for p in form.iter_parts()}
    fields = {name: p.get_payload(decode=True).decode()
              for name, p in parts.items() if name != "file"}
    assert fields == {"model_id": "m", "model_version": "7", "role": "guest",
                      "party_id": "9999", "function": "import",
                      "config": str(conf)}
    assert parts["file"].get_filename() == "a b.zip"
    assert parts["file"].get_payload(decode=True) == ZIP


def test_import_of_a_missing_file_is_told(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: SUCCESS)
    answer, code = cli("import", *MODEL, "-i", tmp_path / "nosuch.zip")
    assert code == USAGE
    assert "nosuch.zip" in answer["retmsg"]
    assert server.asked == []


# ---- interruptions ----

def trickle(head):
    """A server that begins a file and does not go on."""
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        c, _ = s.accept()
        c.recv(65536)
        c.sendall(b"HTTP/1.0 200 OK\r\n" + head + b"\r\nbegun")
        c.recv(1)
        c.close()
        s.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{s.getsockname()[1]}"


DOWNLOADS = [
    (["component_output_data", "-j", "1", *LR],
     b"Content-Type: application/x-tar\r\n"),
    (["job_log", "-j", "1"], b"Content-Type: application/x-tar\r\n"),
    (["export", *MODEL], b"Content-Type: application/zip\r\nContent-"
     b"Disposition: attachment; filename=x.zip\r\n"),
]


@pytest.mark.parametrize("words, head", DOWNLOADS)
def test_interrupted_download_leaves_nothing(stand_in, tmp_path, words, head):
    _, cli = stand_in(lambda asked: SUCCESS)
    child = cli.start("-f", *words, "-o", tmp_path, "--server", trickle(head))
    private_site.wait_for("a first byte on disk",
                          lambda: list(tmp_path.glob(".fateflow-*")))
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=10) == ("", "")
    assert child.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def test_hangup_that_is_ignored_ends_no_download(stand_in, tmp_path):
    """As under nohup."""
    _, cli = stand_in(lambda asked: SUCCESS)
    words, head = DOWNLOADS[0]
    child = cli.start("-f", *words, "-o", tmp_path, "--server", trickle(head),
                      preexec_fn=lambda: signal.signal(signal.SIGHUP,
                                                       signal.SIG_IGN))
    private_site.wait_for("a first byte on disk",
                          lambda: list(tmp_path.glob(".fateflow-*")))
    child.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=2)
    child.terminate()
    assert child.wait(timeout=10) == -signal.SIGTERM
    child.communicate()


@pytest.mark.parametrize("words, head", DOWNLOADS)
def test_broken_download_leaves_nothing(stand_in, tmp_path, words, head):
    _, cli = stand_in(lambda asked: SUCCESS)
    server = one_answer(b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n" + head +
                        b"\r\nbegun")
    answer, code = cli(*words, "-o", tmp_path, "--server", server)
    assert (answer["retcode"], code) == (100, UNREACHABLE)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_is_told(stand_in, tmp_path):
    server, cli = stand_in(lambda asked: LOGS)
    (tmp_path / "file").write_text("")
    answer, code = cli("job_log", "-j", "7", "-o", tmp_path / "file" / "x")
    assert (answer["retcode"], code) == (100, USAGE)
    assert str(tmp_path / "file") in answer["retmsg"]
    assert server.asked == []


def test_job_id_is_told_though_its_end_is_not_known(stand_in, tmp_path):
    """The server goes away after it took the upload."""
    _, cli = stand_in(lambda asked: SUCCESS)
    conf = upload_conf(tmp_path, "gone")
    server = one_answer(b"HTTP/1.0 200 OK\r\nContent-Type: application/json"
                        b"\r\n\r\n" + json.dumps(
                            {"retcode": 0, "jobId": "7"}).encode())
    answer, code = cli("upload", "--wait", "-c", conf, "--server", server)
    assert code == UNREACHABLE
    assert answer["jobId"] == "7"
    assert "refused" in answer["job"]["error"]


def test_document_that_cannot_be_written_is_told(stand_in):
    _, cli = stand_in(lambda asked: SUCCESS)
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
    assert re.search(r"\[#{30}\] 100% uploaded [^\n]*\n", seen)
    assert "100% success" in seen


def test_verbose_shows_progress_without_a_terminal(cli, tmp_path):
    out = cli.run("-f", "upload", "-c", upload_conf(tmp_path, "verbose"),
                  "-verbose", "1")
    assert out.returncode == OK
    assert json.loads(out.stdout)["retcode"] == 0
    assert "100% uploaded" in out.stderr


@pytest.mark.parametrize("words, answer, seen", [
    (["job_log", "-j", "7"], LOGS, r"\[#{30}\] 100% downloaded [^\n]*\n"),
    (["component_output_data", "-j", "7", *LR], LOGS, "100% downloaded"),
    (["export", *MODEL], zip_answer(), "100% downloaded"),
])
def test_download_shows_progress_with_verbose(stand_in, tmp_path, words,
                                              answer, seen):
    _, cli = stand_in(lambda asked: answer)
    out = cli.run("-f", *words, "-o", tmp_path, "-verbose", "1")
    assert (out.returncode, json.loads(out.stdout)["retcode"]) == (OK, 0)
    assert re.search(seen, out.stderr)
