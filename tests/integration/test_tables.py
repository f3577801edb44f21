"""Tables after their upload: what is known of them, deletion, download."""
import re
import time

import pytest

from flow import load
from conftest import ROOT

SPACE = "tables"


def until(test, seconds=20):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def put(site, tmp_path):
    """put(name, rows, **more): uploads so many rows; the job's id."""
    def upload(name, rows=3, **more):
        file = tmp_path / f"{name}.csv"
        file.write_text("id,y,x0\n" + "".join(
            f"{i},{i % 2},{i}.5\n" for i in range(rows)))
        return site.flow.uploaded(file, SPACE, name, **more)
    return upload


def info(site, name, **more):
    return site.flow.ok("table/table_info", {
        "namespace": SPACE, "table_name": name, **more})


def delete(site, name):
    return site.flow.post("table/delete", {"namespace": SPACE,
                                           "table_name": name})


def files(site, name):
    """Files of all versions that are still on disk."""
    rows = site.sql("SELECT file FROM data_table WHERE namespace = "
                    f"'{SPACE}' AND name = '{name}' ORDER BY version")
    return [p for p in (site.work / "tables" / row[0] for row in rows)
            if p.exists()]


# ---- table_info ----

def test_create_opens_nothing(site, put):
    put("create")
    assert info(site, "create", create=True) == {
        "namespace": SPACE, "table_name": "create", "count": 0,
        "partition": None, "schema": {}}


PARTIES = {"local": {"role": "guest", "party_id": 9999},
           "role": {"host": [10000, 9998], "guest": [9999]},
           "data_type": "train_input"}
MADE = "guest#9999#guest-9999#host-9998_10000#train_input"


def test_names_are_formed_as_fate_does(site, tmp_path):
    body = {**PARTIES, "gen_table_info": True}
    fresh = site.flow.ok("table/table_info", {**body, "create": True})
    assert fresh["namespace"] == MADE
    assert re.fullmatch("[0-9a-f]{32}", fresh["table_name"])
    again = site.flow.ok("table/table_info", {**body, "create": True})
    assert again["table_name"] != fresh["table_name"]
    none = site.flow.post("table/table_info", body)
    assert none["retcode"] == 100 and MADE in none["retmsg"]
    file = tmp_path / "x.csv"
    for name in ("first", "second"):
        file.write_text("id,a\n1,2\n")
        site.flow.uploaded(file, MADE, name)
    assert site.flow.ok("table/table_info", body)["table_name"] == "second"
    named = site.flow.ok("table/table_info", {**body, "table_name": "first"})
    assert (named["namespace"], named["count"]) == (MADE, 1)


@pytest.mark.parametrize("body, told", [
    ({}, "namespace"),
    ({"namespace": "x"}, "table_name"),
    ({"gen_table_info": True}, "local"),
    ({**PARTIES, "gen_table_info": True, "data_type": None}, "data_type"),
    ({**PARTIES, "gen_table_info": True, "local": {"role": "guest"}},
     "party_id"),
    ({**PARTIES, "gen_table_info": True, "local": {"party_id": 1}}, "role"),
    ({**PARTIES, "gen_table_info": True, "role": [1]}, "role"),
    ({"namespace": 1, "table_name": "x"}, "namespace"),
    ({"namespace": "x", "table_name": "x", "create": "yes"}, "create"),
])
def test_what_is_wrong_is_named(site, body, told):
    answer = site.flow.post("table/table_info", body)
    assert answer["retcode"] == 100 and told in answer["retmsg"]


# ---- delete ----

def test_a_deleted_table_leaves_catalogue_and_disk(site, put):
    put("gone", 10)
    assert len(files(site, "gone")) == 1
    answer = delete(site, "gone")
    assert answer == {"retcode": 0, "retmsg": "success", "data": [
        {"namespace": SPACE, "table_name": "gone"}]}
    assert info(site, "gone") == {"namespace": SPACE, "table_name": "gone",
                                  "count": 0, "partition": 1, "schema": {}}
    until(lambda: not files(site, "gone"))
    until(lambda: site.sql("SELECT deleted FROM data_table WHERE namespace = "
                           f"'{SPACE}' AND name = 'gone'") == [["2"]])
    assert delete(site, "gone") == answer


def test_a_deleted_table_uploaded_again_has_its_own_count(site, put):
    put("again", 10)
    delete(site, "again")
    put("again", 4)
    assert info(site, "again")["count"] == 4
    until(lambda: len(files(site, "again")) == 1)
    assert info(site, "again")["count"] == 4


def test_a_replaced_version_leaves_the_disk(site, put):
    put("replaced", 10)
    put("replaced", 5, drop=1)
    until(lambda: len(files(site, "replaced")) == 1)
    put("replaced", 7, drop=0)
    assert info(site, "replaced")["count"] == 7
    until(lambda: len(files(site, "replaced")) == 1)
    assert info(site, "replaced")["count"] == 7


def test_only_what_the_catalogue_lists_is_removed(site, put):
    put("listed")
    stranger = site.work / "tables" / "stranger"
    stranger.write_text("x")
    delete(site, "listed")
    until(lambda: not files(site, "listed"))
    assert stranger.exists()


def test_a_living_job_keeps_what_it_may_have_pinned(site, put):
    """A job from before the deletion that does not end by itself: a row that
    the scheduler owns and knows nothing of."""
    job = put("pinned")
    living = "209901010000000000777"
    site.sql("INSERT INTO job_run (job_id, kind, status, live, owner, "
             "initiator_role, initiator_party_id, work_mode, n_components, "
             "max_width, timeout_ms, f_roles, f_dsl, f_runtime_conf, "
             f"create_time) SELECT '{living}', kind, 'running', 1, "
             "(SELECT MAX(id) FROM scheduler_instance), initiator_role, "
             "initiator_party_id, work_mode, n_components, max_width, "
             "timeout_ms, f_roles, f_dsl, f_runtime_conf, create_time "
             f"FROM job_run WHERE job_id = '{job}'")
    try:
        delete(site, "pinned")
        time.sleep(5)
        assert files(site, "pinned")
    finally:
        site.sql(f"DELETE FROM job_run WHERE job_id = '{living}'")
    put("bell")
    until(lambda: not files(site, "pinned"))


@pytest.mark.parametrize("body, code, told", [
    ({}, 101, "no find table"),
    ([1], 100, "object"),
    ({"job_id": "209901010000000000001"}, 101, "no find table"),
    ({"job_id": None}, 101, "no find table"),
    ({"table_name": 1, "namespace": 2}, 100, "table_name"),
    ({"party_id": {}}, 100, "party_id"),
])
def test_delete_without_a_hit(site, body, code, told):
    before = site.sql("SELECT COUNT(*) FROM data_table WHERE deleted = 0")
    answer = site.flow.post("table/delete", body)
    assert answer["retcode"] == code and told in answer["retmsg"]
    assert site.sql(
        "SELECT COUNT(*) FROM data_table WHERE deleted = 0") == before


@pytest.fixture(scope="module")
def dataio_job(site):
    """A job with an output table at two parties; its id."""
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", SPACE,
                           f"in_{party}", drop=1)
    conf = load(ROOT / "examples/hetero_lr/conf.json")
    dsl = load(ROOT / "examples/hetero_lr/dsl.json")
    dsl["components"] = {"dataio_0": dsl["components"]["dataio_0"]}
    conf["algorithm_parameters"] = {}
    conf["role"] = {"guest": conf["role"]["guest"],
                    "host": conf["role"]["host"]}
    conf["role_parameters"] = {
        role: {"args": {"data": {"train_data": [
            {"namespace": SPACE, "name": f"in_{role}"}]}},
            "dataio_0": {"with_label": [role == "guest"],
                         "output_format": ["dense"]}}
        for role in ("guest", "host")}
    return site.flow.finished(dsl, conf)


def test_outputs_are_deleted_by_job_and_party(site, dataio_job):
    body = {"job_id": dataio_job, "component_name": "dataio_0"}
    one = site.flow.ok("table/delete", {**body, "role": "guest"})
    assert [t["namespace"] for t in one] == [
        f"output_data_{dataio_job}_dataio_0"]
    rest = site.flow.ok("table/delete", body)
    assert len(rest) == 1 and rest != one
    again = site.flow.post("table/delete", body)
    assert (again["retcode"], again["retmsg"]) == (101, "failed")
    for party in ("guest", "host"):      # the inputs are another job's
        assert info(site, f"in_{party}")["count"] > 0
    view = site.flow.ok("job/data/view/query", body)
    assert len(view) == 2
    shown = site.flow.component("output/data", dataio_job, "dataio_0",
                                "guest", 9999)
    assert shown["retmsg"] == "no data"


def test_deleting_an_upload_by_job_spares_its_replacement(site, put):
    first = put("replace2", 3)
    second = put("replace2", 5, drop=1)
    answer = site.flow.post("table/delete", {"job_id": first})
    assert answer["retcode"] == 101
    assert info(site, "replace2")["count"] == 5
    assert site.flow.ok("table/delete", {"job_id": second}) == [
        {"namespace": SPACE, "table_name": "replace2"}]
    assert info(site, "replace2")["count"] == 0


