"""Privileges: granting, deleting and asking for them, and job/submit where
api.authentication makes it ask."""
import pytest

from conftest import ROOT
from flow import load

PARTY = {"src_party_id": "7001", "src_role": "guest"}
COMMANDS = ["clean", "create_job", "job_check", "query_task_input_args",
            "run_task", "save_pipeline"]


def ask(site, verb, **more):
    return site.flow.post(f"permission/{verb}/privilege", {**PARTY, **more})


@pytest.fixture
def granted(any_site):
    """A party with some privileges, which are gone after the test."""
    assert ask(any_site, "grant", privilege_role="guest, host",
               privilege_command="create_job,run_task",
               privilege_component="dataio") == {
                   "retcode": 0, "retmsg": "success"}
    yield any_site
    ask(any_site, "delete", privilege_role="all", privilege_command="all",
        privilege_component="all")


def test_granted_is_what_query_shows(granted):
    ask(granted, "grant", privilege_role="host,arbiter")
    assert ask(granted, "query")["data"] == {
        "src_party_id": "7001", "role": "guest",
        "privilege_role": ["arbiter", "guest", "host"],
        "privilege_command": ["create_job", "run_task"],
        "privilege_component": ["dataio"]}
    assert ask(granted, "query", src_party_id=7001)["data"][
        "privilege_component"] == ["dataio"]
    assert ask(granted, "query", src_role="host")["data"][
        "privilege_role"] == []


def test_all_stands_for_every_word(granted):
    ask(granted, "grant", privilege_command="all", privilege_component="all")
    data = ask(granted, "query")["data"]
    assert data["privilege_command"] == COMMANDS
    assert {"heterolr", "evaluation"} <= set(data["privilege_component"])
    assert not {"upload", "download"} & set(data["privilege_component"])
    ask(granted, "delete", privilege_command="all")
    data = ask(granted, "query")["data"]
    assert data["privilege_command"] == []
    assert data["privilege_role"] == ["guest", "host"]


def test_delete_takes_all_of_a_request_or_nothing(granted):
    assert ask(granted, "delete", privilege_role="host",
               privilege_command="clean") == {
        "retcode": 100,
        "retmsg": "command clean is not authorized ,it cannot be deleted"}
    assert ask(granted, "query")["data"]["privilege_role"] == ["guest", "host"]
    assert ask(granted, "delete", privilege_role="host")["retcode"] == 0
    assert ask(granted, "query")["data"]["privilege_role"] == ["guest"]


def test_delete_of_a_party_without_privileges(site):
    for more in ({"privilege_role": "guest"}, {"privilege_role": "all"}):
        assert ask(site, "delete", src_party_id="7002", **more) == {
            "retcode": 100, "retmsg": "No permission to delete"}


@pytest.mark.parametrize("more, words", [
    ({"privilege_role": "boss"},
     "boss does not exist in the permission role"),
    ({"privilege_command": "create_job,x"},
     "x does not exist in the permission command"),
    ({"privilege_component": "upload"},
     "upload does not exist in the permission component"),
    ({"privilege_role": ["guest"]}, "'privilege_role'"),
    ({"src_party_id": "a' OR 1=1"}, "'src_party_id'"),
    ({"src_party_id": None}, "'src_party_id'"),
    ({"src_role": "boss"}, "'src_role'"),
    ({"src_role": None}, "'src_role'"),
])
def test_what_is_no_privilege_is_refused(site, more, words):
    answer = ask(site, "grant", **more)
    assert answer["retcode"] == 100 and words in answer["retmsg"]
    assert site.sql("SELECT COUNT(*) FROM party_privilege"
                    " WHERE src_party_id = '7001'") == [["0"]]


def test_submit_asks_for_privileges_where_authentication_is_on(make_site):
    site = make_site(options={"api": {"authentication": True}})
    flow = site.flow
    for party in ("guest", "host"):     # a site's own jobs need none
        flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                      f"example_{party}")
    dsl = load(ROOT / "examples/hetero_lr/dsl.json")
    conf = load(ROOT / "examples/hetero_lr/conf.json")
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 1
    answer = flow.submit(dsl, conf)
    assert answer["retcode"] == 100
    for words in ("host 10000", "arbiter 10000", "role host not authorized",
                  "command run_task not authorized",
                  "component intersection not authorized"):
        assert words in answer["retmsg"]
    grant = {"src_party_id": "9999", "src_role": "guest"}
    flow.ok("permission/grant/privilege", {
        **grant, "privilege_role": "host", "privilege_command": "all",
        "privilege_component": "all"})
    answer = flow.submit(dsl, conf)
    assert answer["retmsg"] == ("guest 9999 may not run this job at arbiter "
                                "10000: role arbiter not authorized")
    flow.ok("permission/grant/privilege", {**grant,
                                           "privilege_role": "arbiter"})
    flow.finished(dsl, conf)
    flow.ok("permission/delete/privilege", {**grant,
                                            "privilege_component": "heterolr"})
    answer = flow.submit(dsl, conf)
    assert answer["retcode"] == 100
    assert "component heterolr not authorized" in answer["retmsg"]
    assert "jobId" not in answer
    conf["role"] = {"guest": [9999], "host": [9999], "arbiter": [9999]}
    conf["role_parameters"]["host"]["args"] = \
        conf["role_parameters"]["guest"]["args"]
    assert flow.submit(dsl, conf)["retcode"] == 0   # all parties its own
    site.stop()
