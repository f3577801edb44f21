"""Tables after their upload: what is known of them, deletion, download."""
import re
import time

import pytest

from flow import load
from conftest import ROOT
from waits import until

SPACE = "tables"


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
    until(lambda: not files(site, "gone"), "its file goes", 20)
    until(lambda: site.sql("SELECT deleted FROM data_table WHERE namespace = "
                           f"'{SPACE}' AND name = 'gone'") == [["2"]],
          "its row says so", 20)
    assert delete(site, "gone") == answer


def test_a_deleted_table_uploaded_again_has_its_own_count(site, put):
    put("again", 10)
    delete(site, "again")
    put("again", 4)
    assert info(site, "again")["count"] == 4
    until(lambda: len(files(site, "again")) == 1, "the old file goes", 20)
    assert info(site, "again")["count"] == 4


def test_a_replaced_version_leaves_the_disk(site, put):
    put("replaced", 10)
    put("replaced", 5, drop=1)
    until(lambda: len(files(site, "replaced")) == 1, "one is left", 20)
    put("replaced", 7, drop=0)
    assert info(site, "replaced")["count"] == 7
    until(lambda: len(files(site, "replaced")) == 1, "one is left", 20)
    assert info(site, "replaced")["count"] == 7


def test_only_what_the_catalogue_lists_is_removed(site, put):
    put("listed")
    stranger = site.work / "tables" / "stranger"
    stranger.write_text("x")
    delete(site, "listed")
    until(lambda: not files(site, "listed"), "its file goes", 20)
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
    until(lambda: not files(site, "pinned"), "its file goes", 20)


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


# ---- download ----

@pytest.fixture
def down(site):
    """down(name, path, **more): the answer of data/download."""
    def call(name, path, **more):
        return site.flow.post("data/download", {
            "work_mode": 0, "namespace": SPACE, "table_name": name,
            "output_path": str(path), **more})
    return call


def test_a_table_is_written_into_a_file(site, put, down):
    put("down", 2)
    path = site.output_dir / "new" / "down.csv"
    answer = down("down", path)
    assert answer["retcode"] == 0, answer
    assert sorted(answer["data"]) == ["board_url", "job_dsl_path",
                                      "job_runtime_conf_path",
                                      "logs_directory"]
    assert site.flow.wait(answer["jobId"]) == "success"
    assert path.read_text() == "0,0,0.5\n1,1,1.5\n"
    metric = site.flow.component("metric_data", answer["jobId"], "download_0",
                                 "local", 0, metric_namespace="download",
                                 metric_name="data_access")
    assert metric["data"] == [["count", 2]]
    # A relative path counts from the folder; the header is there if wanted.
    answer = down("down", "head.csv", delimitor=";", head=True)
    assert site.flow.wait(answer["jobId"]) == "success"
    assert (site.output_dir / "head.csv").read_text() == (
        "id;y,x0\n0;0,0.5\n1;1,1.5\n")
    assert [p.name for p in path.parent.iterdir()] == ["down.csv"]


@pytest.fixture
def links(site):
    """Links in the folder: one that stays in it, and others."""
    made = {"inner": site.output_dir / "real", "outer": site.root / "away",
            "up": "..", "dangling": site.root / "nowhere"}
    (site.output_dir / "real").mkdir(exist_ok=True)
    (site.root / "away").mkdir(exist_ok=True)
    for name, target in made.items():
        (site.output_dir / name).symlink_to(target)
    yield
    for name in made:
        (site.output_dir / name).unlink()


def test_a_link_within_the_folder_is_resolved(site, put, down, links):
    put("inner", 1)
    answer = down("inner", "inner/x.csv")
    assert site.flow.wait(answer["jobId"]) == "success"
    assert (site.output_dir / "real" / "x.csv").exists()


@pytest.mark.parametrize("path", [
    "/etc/x.csv", "../x.csv", "outer/x.csv", "up/x.csv", "a/../../x.csv",
    "nothere/../../../x", ".", "", "x/", "/", "../output2/x.csv"])
def test_a_path_elsewhere_is_refused_at_once(site, put, down, links, path):
    if info(site, "elsewhere")["count"] == 0:
        put("elsewhere", 1)
    before = site.sql("SELECT COUNT(*) FROM job_run")
    answer = down("elsewhere", path)
    assert answer["retcode"] == 100 and "output_path" in answer["retmsg"]
    assert "jobId" not in answer
    assert site.sql("SELECT COUNT(*) FROM job_run") == before
    assert not list((site.root / "away").iterdir())


def test_a_dangling_link_is_not_written_through(site, put, down, links):
    put("dangling", 1)
    answer = down("dangling", "dangling")
    assert answer["retcode"] == 100 and "exists" in answer["retmsg"]
    answer = down("dangling", "dangling/x.csv")
    assert site.flow.wait(answer["jobId"]) == "failed"
    assert not (site.root / "nowhere").exists()


def test_a_file_that_is_there_is_kept(site, put, down):
    put("kept", 1)
    path = site.output_dir / "kept.csv"
    path.write_text("mine")
    answer = down("kept", path)
    assert answer["retcode"] == 100 and "exists" in answer["retmsg"]
    assert path.read_text() == "mine"


def test_a_folder_that_became_a_link_is_not_followed(site, put, down):
    """Between the request and the writing: the scheduler is stopped."""
    put("swapped", 1)
    folder = site.output_dir / "swapped"
    folder.mkdir()
    away = site.root / "swapped_away"
    away.mkdir()
    there = site.output_dir / "there.csv"
    site.process("scheduler").stop()
    try:
        link = down("swapped", folder / "x.csv")
        file = down("swapped", there)
        folder.rmdir()
        folder.symlink_to(away)
        there.write_text("mine")
    finally:
        site.start_scheduler()
    for answer in (link, file):
        assert site.flow.wait(answer["jobId"]) == "failed"
        assert "output" in site.flow.reason(answer["jobId"]) or "link" in \
            site.flow.reason(answer["jobId"])
    assert not list(away.iterdir())
    assert there.read_text() == "mine"
    folder.unlink()


@pytest.mark.parametrize("change, told", [
    ({"table_name": "nosuch"}, "nosuch"),
    ({"work_mode": "x"}, "work_mode"),
    ({"delimitor": ""}, "delimitor"),
    ({"delimitor": "d" * 17}, "delimitor"),
    ({"head": "x"}, "head"),
    ({"output_path": 1}, "output_path"),
    ({"output_path": "p" * 4097}, "output_path"),
])
def test_a_bad_download_is_refused_at_once(down, change, told):
    answer = down("any", "any.csv", **change)
    assert answer["retcode"] == 100 and told in answer["retmsg"]


def test_without_a_folder_nothing_is_written(make_site, tmp_path):
    site = make_site(options={"api": {"output_dir": ""}})
    answer = site.flow.post("data/download", {
        "work_mode": 0, "namespace": "a", "table_name": "b",
        "output_path": str(tmp_path / "x")})
    site.stop()
    assert answer["retcode"] == 100
    assert "api.output_dir" in answer["retmsg"]
