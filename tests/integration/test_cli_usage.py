"""How the command line is spoken to: words and names, help, mistakes, which
server is asked."""
import json
import os
import re
import socket

import pytest

from cli_run import (EXAMPLES, OK, SUCCESS, UNREACHABLE, USAGE)

WORDS = {
    "submit_job": "job submit", "stop_job": "job stop",
    "rerun_job": "job rerun", "explain_job": "job explain",
    "query_job": "job query", "wait_job": "job wait", "job_log": "job log",
    "job_config": "job config", "clean_job": "job clean",
    "clean_queue": "job clean-queue", "data_view_query": "job data-view",
    "query_task": "task query",
    "component_parameters": "component parameters",
    "component_metrics": "component metrics",
    "component_metric_all": "component metric-all",
    "component_metric_delete": "component metric-delete",
    "component_output_model": "component output-model",
    "component_output_data": "component output-data",
    "component_output_data_table": "component output-data-table",
    "upload": "table upload", "upload_history": "table history",
    "upload_status": "table upload-status",
    "upload_cancel": "table upload-cancel", "download": "table download",
    "table_info": "table info", "table_delete": "table delete",
    "load": "model load", "bind": "model bind", "store": "model store",
    "restore": "model restore", "export": "model export",
    "import": "model import", "model_delete": "model delete",
    "grant_privilege": "privilege grant",
    "delete_privilege": "privilege delete",
    "query_privilege": "privilege query", "profile_list": "profile list",
    "profile_show": "profile show",
}


# ---- wrong usage ----

@pytest.mark.parametrize("words, text", [
    ("submit_job", "runtime conf path"),
    (f"submit_job -c {EXAMPLES}/hetero_lr/conf.json", "dsl path"),
    ("upload", "file "),
    ("stop_job", "job_id "),
    ("wait_job", "job_id "),
    ("clean_job", "job_id "),
    ("rerun_job", "job_id "),
    ("explain_job", "job_id "),
    ("table_info -n a", "table_name "),
    ("component_output_data -j 1 -r guest", "component_name,party_id,"
     "output_path "),
    ("component_output_data_table -j 1", "component_name,role,party_id "),
    ("job_config -j 1", "role,party_id,output_path "),
    ("job_log -j 1", "output_path "),
    ("import -r guest -p 1", "model_id,model_version,file "),
    ("load -r guest", "initiator,job_parameters "),
    ("grant_privilege -privilege_role all", "src_party_id,src_role "),
])
def test_missing_arguments_are_listed(stand_in, words, text):
    """The status is 2; the document is printed for FATE's scripts."""
    server, cli = stand_in(lambda asked: SUCCESS)
    answer, code = cli(*words.split())
    assert code == USAGE
    assert (answer["retcode"], answer["retmsg"]) == (
        100, f"the following arguments are required: {text}")
    assert server.asked == []


@pytest.mark.parametrize("words, text", [
    (["-f", "nosuch"], "invalid choice: 'nosuch'"),
    (["-f", "submitjob"], "(did you mean 'submit_job'?)"),
    (["-j", "1"], "required: -f/--function"),
    (["-f", "query_job", "--nosuch"], "unrecognized arguments: --nosuch"),
    (["-f", "query_job", "-j"], "argument -j/--job_id: expected one argument"),
    (["-f", "upload_history", "-limit", "x"], "invalid int value: 'x'"),
    (["-f", "stop_job", "-j", "1", "--wait"], "does not take --wait"),
    (["job", "explain", "7", "8"], "unrecognized arguments: 8"),
    (["job", "explain", "7", "-j", "8"], "two jobs: '7' and --job_id 8"),
    (["job", "submit", "7"], "unrecognized arguments: 7"),
    (["job", "submti"], "(did you mean 'submit'?)"),
    (["table"], "table takes upload"),
    (["submit_job"], "(did you mean 'job submit'?)"),
    (["job", "stop", "-o", "x"], "does not take --output_path"),
])
def test_wrong_usage_is_told_on_stderr_only(stand_in, words, text):
    server, cli = stand_in(lambda asked: SUCCESS)
    out = cli.run(*words)
    assert (out.returncode, out.stdout) == (USAGE, "")
    assert out.stderr.startswith("usage: fateflow")
    assert text in out.stderr
    assert server.asked == []


def test_help_lists_every_command_by_both_its_names(stand_in):
    _, cli = stand_in(lambda asked: SUCCESS)
    out = cli.run("--help")
    assert (out.returncode, out.stderr) == (0, "")
    listed = re.findall(r"^  -f (\w+) +(\w+ [\w-]+)$", out.stdout, re.M)
    assert dict(listed) == WORDS
    for name, words in WORDS.items():
        assert re.search(rf"^  {words}  ", out.stdout, re.M)


@pytest.mark.parametrize("name", ["submit_job", "export", "profile_show"])
def test_help_of_a_command_is_the_same_by_both_its_names(stand_in, name):
    _, cli = stand_in(lambda asked: SUCCESS)
    texts = [cli.run(*words) for words in (
        ["-f", name, "--help"], [*WORDS[name].split(), "--help"],
        ["help", *WORDS[name].split()])]
    assert {(t.returncode, t.stdout, t.stderr) for t in texts} == \
        {(0, texts[0].stdout, "")}
    for part in ("usage: ", "flags:", "example:", "exit status:"):
        assert f"\n{part}" in texts[0].stdout


def test_help_of_a_noun_lists_its_verbs(stand_in):
    _, cli = stand_in(lambda asked: SUCCESS)
    out = cli.run("job", "--help")
    assert (out.returncode, out.stderr) == (0, "")
    assert re.findall(r"^  (\w+) ", out.stdout, re.M) == ["job"] * 11


def test_words_ask_what_fates_name_asks(cli):
    by_name = cli.run("-f", "upload_history", "-limit", "1")
    by_words = cli.run("table", "history", "-limit", "1")
    assert by_words.returncode == by_name.returncode == OK
    assert by_words.stdout == by_name.stdout


# ---- the server ----

def test_flag_names_the_server_before_the_environment(cli, site):
    nowhere = {**os.environ, "FATEFLOW_SERVER": "127.0.0.1:1"}
    for server in (f"127.0.0.1:{site.port}", f"{site.url}/"):
        cli.ok("upload_history", "--server", server, env=nowhere)
    assert cli("upload_history", env=nowhere)[1] == UNREACHABLE


def test_refused_connection_has_fates_text(stand_in):
    _, cli = stand_in(lambda asked: SUCCESS)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))     # bound, not listening
        answer, code = cli("query_job", "-j", "1", "--server",
                           f"127.0.0.1:{s.getsockname()[1]}")
    assert code == UNREACHABLE
    assert answer == {
        "retcode": 100, "retmsg": "Connection refused, Please check if the "
        "fate flow service is started"}


# ---- profiles ----

def with_profiles(server, folder, profiles):
    """The command line in the environment of somebody with that file."""
    cli = server.cli()
    cli.environ = {k: v for k, v in os.environ.items()
                   if not k.startswith("FATEFLOW_")}
    cli.environ["XDG_CONFIG_HOME"] = str(folder)
    (folder / "fateflow").mkdir()
    path = folder / "fateflow" / "profiles"
    path.write_text(profiles if isinstance(profiles, str)
                    else json.dumps(profiles))
    return cli, path


def test_profile_names_the_server(stand_in, tmp_path):
    server, _ = stand_in(lambda asked: SUCCESS)
    cli, path = with_profiles(server, tmp_path, {
        "default": "dead", "profiles": {
            "dead": {"server": "127.0.0.1:1"},
            "lab": {"server": server.address, "note": "in the cellar"}}})
    assert cli("upload_history")[1] == UNREACHABLE
    cli.ok("upload_history", "--profile", "lab")
    by_environment = {**cli.environ, "FATEFLOW_PROFILE": "lab"}
    cli.ok("upload_history", env=by_environment)
    answer, code = cli("upload_history", "--profile", "bal")
    assert (answer["retcode"], code) == (100, USAGE)
    assert answer["retmsg"] == (f'{path}: no profile "bal", which --profile '
                                "asks for")
    assert len(server.asked) == 2


def test_profiles_are_listed_and_shown(stand_in, tmp_path):
    server, _ = stand_in(lambda asked: SUCCESS)
    profiles = {"lab": {"server": "lab:9380", "note": "in the cellar"}}
    cli, path = with_profiles(server, tmp_path,
                              {"default": "lab", "profiles": profiles})
    answer, code = cli.words("profile", "list")
    assert (answer["data"], code) == ({
        "file": str(path), "exists": True, "default": "lab",
        "profiles": profiles}, OK)
    assert cli.words("profile", "show") == ({"data": {
        "server": "lab:9380", "base": "http://lab:9380/v1",
        "source": "the profile lab (the file's default)",
        "note": "in the cellar"}, **SUCCESS}, OK)
    answer, _ = cli.words("profile", "show", "--server", "x:1")
    assert answer["data"]["source"] == "--server"
    path.unlink()
    answer, _ = cli.words("profile", "list")
    assert (answer["data"]["exists"], answer["data"]["profiles"]) == \
        (False, {})
    answer, _ = cli.words("profile", "show")
    assert answer["data"]["server"] == "127.0.0.1:9380"
    assert server.asked == []


@pytest.mark.parametrize("text, reason", [
    ('{"profiles": ', "JSON"),
    ('{"profiles": {"lab": {"sever": "x"}}}', "sever"),
    ('{"default": "x", "profiles": {}}', '"x"'),
])
def test_wrong_profile_file_is_told_with_path_and_reason(stand_in, tmp_path,
                                                         text, reason):
    server, _ = stand_in(lambda asked: SUCCESS)
    cli, path = with_profiles(server, tmp_path, text)
    for words in (["-f", "upload_history"], ["profile", "list"],
                  ["profile", "show"]):
        answer, code = cli.words(*words)
        assert (answer["retcode"], code) == (100, USAGE)
        assert answer["retmsg"].startswith(str(path))
        assert reason in answer["retmsg"]
    cli.ok("upload_history", "--server", server.address)
