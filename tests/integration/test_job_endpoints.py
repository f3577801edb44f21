"""What is asked of jobs beside running them: notes, configuration, logs,
cleaning, and metrics that are saved and deleted over HTTP."""
import io
import re
import tarfile
import threading
import time

import pytest
import requests

from conftest import ROOT, train_small_lr
from flow import load

UNKNOWN = "209901010000000000001"
ROWS = b"id,y,x0\n" + b"".join(b"%d,%d,%d.5\n" % (i, i % 2, i)
                               for i in range(10))


@pytest.fixture(scope="module")
def small_csv(tmp_path_factory):
    file = tmp_path_factory.mktemp("jobs") / "ten.csv"
    file.write_bytes(ROWS)
    return file


def task_dir(site, job_id, role, party_id, component):
    """The folder of a task's first attempt."""
    return (site.work / "jobs" / job_id[:8] / job_id / f"{role}-{party_id}"
            / component / "0")


def log_of(site, job_id, method="GET", **more):
    answer = site.flow.call("job/log", {"job_id": job_id}, method, **more)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-tar"
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=job_{job_id}_log.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        return {m.name: tar.extractfile(m).read().decode()
                for m in tar.getmembers()}


@pytest.fixture(scope="module")
def trained(site):
    """The id of a small training on the shared site, its tables uploaded."""
    return train_small_lr(site)


def train_conf():
    conf = load(ROOT / "examples/hetero_lr/conf.json")
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 2
    return conf


# ---- update and config ----

def test_update_sets_the_notes_of_one_party(any_site, small_lr_job):
    flow = any_site.flow
    body = {"job_id": small_lr_job, "role": "host", "party_id": "10000"}
    flow.ok("job/update", {**body, "notes": "seen by host"})
    flow.ok("job/update", {**body, "notes": ""})
    notes = {r["f_role"]: r["f_description"] for r in flow.rows(small_lr_job)}
    assert notes == {"arbiter": "", "guest": "", "host": "seen by host"}
    assert flow.post("job/update", {**body, "party_id": 9, "notes": "x"}) == {
        "retcode": 101, "retmsg": "find job failed"}


@pytest.mark.parametrize("absent", ["job_id", "role", "party_id"])
def test_update_names_what_is_missing(site, absent):
    body = {"job_id": UNKNOWN, "role": "guest", "party_id": 1, "notes": "x"}
    del body[absent]
    answer = site.flow.post("job/update", body)
    assert answer["retcode"] == 100 and f"'{absent}'" in answer["retmsg"]


def test_config_is_parsed_and_names_the_model(any_site, small_lr_job):
    data = any_site.flow.ok("job/config", {"job_id": small_lr_job,
                                           "role": "guest"})
    assert data["job_id"] == small_lr_job
    assert data["dsl"]["components"]["hetero_lr_0"]["module"] == "HeteroLR"
    assert data["train_runtime_conf"] == {}
    parameters = data["runtime_conf"]["job_parameters"]
    assert data["model_info"] == {
        "model_id": "arbiter-10000#guest-9999#host-10000#model",
        "model_version": small_lr_job}
    assert parameters["model_id"] == data["model_info"]["model_id"]


def test_config_of_a_prediction_holds_the_trainings(site, trained):
    conf = load(ROOT / "examples/hetero_lr/predict_conf.json")
    model = site.flow.ok("job/config", {"job_id": trained})["model_info"]
    conf["job_parameters"].update(model)
    job = site.flow.submitted({}, conf)
    data = site.flow.ok("job/config", {"job_id": job})
    assert data["model_info"] == model
    assert data["runtime_conf"]["job_parameters"]["job_type"] == "predict"
    trained_by = site.flow.ok("job/config", {"job_id": trained})
    assert data["train_runtime_conf"] == trained_by["runtime_conf"]
    assert site.flow.wait(job) == "success"


def test_config_without_a_filter_or_a_job_finds_none(site):
    for body in ({}, {"job_id": UNKNOWN}, {"job_id": None}):
        assert site.flow.post("job/config", body) == {
            "retcode": 101, "retmsg": "find job failed"}


def test_submit_warns_of_parameters_without_effect(site, trained):
    conf = train_conf()
    conf["job_parameters"].update(backend=1, processors_per_node=4,
                                  spark_submit_config={"num-executors": 2})
    answer = site.flow.submit(load(ROOT / "examples/hetero_lr/dsl.json"), conf)
    warnings = answer["data"]["warnings"]
    assert [w.split()[0] for w in warnings] == [
        "job_parameters.backend", "job_parameters.spark_submit_config",
        "job_parameters.processors_per_node"]
    assert site.flow.wait(answer["jobId"]) == "success"


# ---- logs ----

def test_log_has_fates_members_and_lines(any_site, small_lr_job):
    files = log_of(any_site, small_lr_job)
    assert {"fate_flow_schedule.log", "fate_flow_audit.log",
            "guest/9999/INFO.log", "guest/9999/hetero_lr_0/INFO.log",
            "arbiter/10000/hetero_lr_0/INFO.log"} <= set(files)
    lines = files["guest/9999/hetero_lr_0/INFO.log"].splitlines()
    pattern = (r"\[INFO\] \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] \[\d+:\d+\]"
               r" - \w+\.c\[line:\d+\]: .+")
    assert all(re.fullmatch(pattern, line) for line in lines), lines
    assert f"run {small_lr_job} hetero_lr_0" in lines[0]
    assert "success" in lines[-1]
    assert not any(n.endswith("ERROR.log") for n in files)
    schedule = files["fate_flow_schedule.log"].splitlines()
    assert "submit" in schedule[0] and "status success" in schedule[-1]
    assert log_of(any_site, small_lr_job, "POST") == files


def test_log_of_a_failed_job_has_the_error(site, small_csv):
    answer = site.flow.upload(small_csv, "jobs", "fails", partition=0)
    assert site.flow.wait(answer["jobId"]) == "failed"
    files = log_of(site, answer["jobId"])
    assert "partition" in files["local/0/upload_0/ERROR.log"]
    assert files["local/0/ERROR.log"] == files["local/0/upload_0/ERROR.log"]
    assert "[ERROR]" in files["fate_flow_schedule.log"]


def test_log_parts_a_tasks_output_by_level(site, small_csv):
    job = site.flow.uploaded(small_csv, "jobs", "levels", drop=1)
    head = "] [2026-01-01 00:00:00,000] [1:1] - x.py[line:1]: "
    parts = {level: f"[{level}{head}{level.lower()}\n"
             for level in ("DEBUG", "INFO", "WARNING", "ERROR")}
    printed = "printed\n[INFO no head\n" + "z" * 600000 + "\n"
    folder = task_dir(site, job, "local", 0, "upload_0")
    (folder / "task.log").write_text(
        parts["INFO"] + printed + parts["ERROR"] + parts["DEBUG"]
        + parts["WARNING"] + "[INF")
    files = log_of(site, job)
    own = {n.rpartition("/")[2]: t for n, t in files.items()
           if n.startswith("local/0/upload_0/")}
    assert own == {
        "std.log": printed + "[INF",
        "DEBUG.log": (parts["INFO"] + parts["ERROR"] + parts["DEBUG"]
                      + parts["WARNING"]),
        "INFO.log": parts["INFO"] + parts["ERROR"] + parts["WARNING"],
        "WARNING.log": parts["ERROR"] + parts["WARNING"],
        "ERROR.log": parts["ERROR"]}
    assert files["local/0/INFO.log"] == own["INFO.log"]
    answer = site.flow.call("tracking/component/log", {
        "job_id": job, "role": "local", "party_id": "0"})
    assert answer.text == own["INFO.log"]
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename={job}_local_0_INFO.log")


def test_log_of_an_unknown_job_is_an_empty_archive(any_site):
    assert log_of(any_site, UNKNOWN) == {}


@pytest.mark.parametrize("body", [{}, {"job_id": "../../etc"},
                                  {"job_id": "x\r\nSet-Cookie: a"}])
def test_log_takes_only_a_job_id(site, body):
    answer = site.flow.post("job/log", body)
    assert answer["retcode"] == 100 and "'job_id'" in answer["retmsg"]


def test_component_log_that_is_not_there(site, trained):
    answer = site.flow.call("tracking/component/log", {
        "job_id": trained, "role": "guest", "party_id": 1})
    assert answer.status_code == 500
    assert answer.json()["retmsg"] == "no find log file"


def test_log_does_not_follow_a_link(site, small_csv):
    job = site.flow.uploaded(small_csv, "jobs", "link", drop=1)
    log = task_dir(site, job, "local", 0, "upload_0") / "task.log"
    log.unlink()
    log.symlink_to("/etc/hostname")
    assert set(log_of(site, job)) == {"fate_flow_schedule.log",
                                      "fate_flow_audit.log"}


def highest_rss(site, pool, rss_anon, done):
    highest = 0
    while not done.is_set():
        for pid in site.workers(pool):
            try:
                highest = max(highest, rss_anon(pid))
            except (FileNotFoundError, ProcessLookupError):
                pass
        time.sleep(0.02)
    return highest


INFO_LINE = b"[INFO] [2026-01-01 00:00:00,000] [1:1] - x.c[line:1]: words\n"


@pytest.mark.slow
def test_log_of_a_gigabyte_costs_no_memory(site, small_csv, rss_anon):
    job = site.flow.uploaded(small_csv, "jobs", "huge", drop=1)
    log = task_dir(site, job, "local", 0, "upload_0") / "task.log"
    with open(log, "ab") as f:
        block = b"a line that the component printed, number by number\n" * 9999
        f.write(INFO_LINE * 100000)
        while f.tell() < 1 << 30:
            f.write(block)
    done, peak = threading.Event(), []
    watch = threading.Thread(target=lambda: peak.append(
        highest_rss(site, "bulk", rss_anon, done)))
    watch.start()
    began, n = time.monotonic(), 0
    with requests.get(f"{site.url}/v1/job/log", json={"job_id": job},
                      stream=True, timeout=60) as answer:
        with tarfile.open(fileobj=answer.raw, mode="r|gz") as tar:
            sizes = {m.name: m.size for m in tar}
    seconds = time.monotonic() - began
    done.set()
    watch.join()
    size = log.stat().st_size
    log.unlink()
    print(f"{sizes}, {seconds:.1f} s, {peak[0] / 1e6:.1f} MB")
    logged = sizes["local/0/upload_0/INFO.log"]
    assert logged - len(INFO_LINE) * 100000 in range(1000)
    assert sizes["local/0/upload_0/std.log"] == size - logged
    assert peak[0] < 10 << 20


# ---- cleaning ----

def catalogue(site, job_id):
    return site.sql("SELECT is_current, deleted FROM data_table"
                    f" WHERE job_id = '{job_id}' ORDER BY id")


def test_clean_takes_what_the_job_made_and_no_more(site, trained):
    flow = site.flow
    job = flow.finished(load(ROOT / "examples/hetero_lr/dsl.json"),
                        train_conf())
    tasks = flow.ok("job/task/query", {"job_id": job})
    views = flow.ok("job/data/view/query", {"job_id": job})
    assert ["1", "0"] in catalogue(site, job)
    folder = task_dir(site, job, "guest", 9999, "evaluation_0")
    (site.input_dir / "not_ours").write_text("kept")
    (folder / "model").symlink_to(site.input_dir)
    assert flow.ok("tracking/component/metrics", {
        "job_id": job, "component_name": "evaluation_0"})
    assert flow.post("job/clean", {"job_id": job}) == {
        "retcode": 0, "retmsg": "success"}
    assert set(map(tuple, catalogue(site, job))) == {("NULL", "1")}
    for what in ("metrics", "output/data"):
        assert flow.component(what, job, "hetero_lr_0", "guest", 9999)[
            "retmsg"] == "no data"
    assert flow.ok("job/task/query", {"job_id": job}) == tasks
    assert flow.ok("job/data/view/query", {"job_id": job}) == views
    assert flow.rows(job)
    assert not (folder / "metrics.jsonl").exists()
    assert not (folder / "model").is_symlink()
    assert (site.input_dir / "not_ours").read_text() == "kept"
    assert f"run {job}" in log_of(site, job)["guest/9999/INFO.log"]
    # The uploaded tables, another job's outputs and models are untouched.
    assert flow.ok("table/table_info", {
        "namespace": "example", "table_name": "example_guest"})["count"] > 0
    assert flow.component("output/data", trained, "hetero_lr_0", "guest",
                          9999)["retmsg"] == "success"
    assert flow.component("output/model", job, "hetero_lr_0", "guest",
                          9999)["retmsg"] == "success"
    assert flow.post("job/clean", {"job_id": job})["retcode"] == 0


def test_clean_of_one_party_leaves_the_others(site, trained):
    flow = site.flow
    job = flow.finished(load(ROOT / "examples/hetero_lr/dsl.json"),
                        train_conf())
    flow.ok("job/clean", {"job_id": job, "role": "guest",
                          "component_name": "dataio_0"})
    for role, party, text in (("guest", 9999, "no data"),
                              ("host", 10000, "success")):
        assert flow.component("output/data", job, "dataio_0", role, party)[
            "retmsg"] == text
    assert flow.component("output/data", job, "intersection_0", "guest",
                          9999)["retmsg"] == "success"


def test_clean_of_an_upload_takes_its_version_only(site, small_csv):
    flow = site.flow
    table = {"namespace": "jobs", "table_name": "cleaned"}
    first = flow.uploaded(small_csv, *table.values())
    second = flow.uploaded(small_csv, *table.values(), drop=1)
    flow.ok("job/clean", {"job_id": first})
    assert flow.ok("table/table_info", table)["count"] == 10
    flow.ok("job/clean", {"job_id": second})
    assert flow.ok("table/table_info", table)["count"] == 0
    assert catalogue(site, second) == [["NULL", "1"]]


def test_clean_needs_a_job_that_has_ended(site):
    answer = site.flow.post("job/clean", {})
    assert answer["retcode"] == 100 and "'job_id'" in answer["retmsg"]
    for body in ({"job_id": UNKNOWN}, {"job_id": UNKNOWN, "role": None}):
        assert site.flow.post("job/clean", body) == {
            "retcode": 100, "retmsg": "no found task"}


def test_clean_queue_cancels_all_that_waits(make_site, small_csv):
    site = make_site()
    flow = site.flow
    assert flow.post("job/clean/queue", {}) == {
        "retcode": 100, "retmsg": "There are no jobs in the queue"}
    site.process("scheduler").stop()
    jobs = [flow.upload(small_csv, "jobs", f"q{i}")["jobId"]
            for i in range(130)]
    assert flow.post("job/clean/queue", {}) == {
        "retcode": 0, "retmsg": "success"}
    assert {flow.status(j) for j in jobs} == {"canceled"}
    assert "canceled by" in flow.reason(jobs[0])
    assert flow.post("job/clean/queue", {})["retcode"] == 100
    site.start_scheduler()
    assert flow.uploaded(small_csv, "jobs", "after")
    assert {flow.status(j) for j in jobs} == {"canceled"}
    site.stop()


# ---- metrics over HTTP ----

@pytest.fixture(scope="module")
def running(site, trained):
    """The id of a training whose hetero_lr_0 runs on and on."""
    conf = train_conf()
    conf["algorithm_parameters"]["hetero_lr_0"].update(
        max_iter=100000, tol=1e-30)
    job = site.flow.submitted(load(ROOT / "examples/hetero_lr/dsl.json"), conf)
    end = time.monotonic() + 60
    while not any(t["f_component_name"] == "hetero_lr_0"
                  for t in site.flow.post("job/task/query", {
                      "job_id": job, "status": "running"}).get("data", [])):
        assert time.monotonic() < end
        assert site.flow.status(job) in ("waiting", "running")
        time.sleep(0.05)
    # Its row is there an instant before its folder is.
    while not any(site.work.glob(
            f"jobs/*/{job}/guest-9999/hetero_lr_0/0/owner")):
        assert time.monotonic() < end
        time.sleep(0.01)
    yield job
    site.flow.post("job/stop", {"job_id": job})
    site.flow.wait(job)


def saved(site, job, what, body, component="hetero_lr_0", role="guest",
          party=9999, task=None):
    task = task or f"{job}_{component}"
    return site.flow.post(
        f"tracking/{job}/{component}/{task}/{role}/{party}/{what}/save", body)


NAME = {"metric_namespace": "own", "metric_name": "speed", "job_level": False}


def test_metrics_saved_by_a_running_task_are_read_in(site, running):
    assert saved(site, running, "metric_meta", {**NAME, "metric_meta": {
        "name": "speed", "metric_type": "LOSS", "unit": "m/s"}}) == {
            "retcode": 0, "retmsg": "success"}
    points = [{"key": i, "value": i / 4, "timestamp": 1} for i in range(300)]
    assert saved(site, running, "metric_data",
                 {**NAME, "metrics": points})["retcode"] == 0
    end = time.monotonic() + 20
    while True:
        answer = site.flow.component(
            "metric_data", running, "hetero_lr_0", "guest", 9999,
            metric_namespace="own", metric_name="speed")
        if len(answer.get("data", [])) == 300:
            break
        assert time.monotonic() < end, answer
        time.sleep(0.05)
    assert answer["data"][3] == [3, 0.75]
    assert answer["meta"] == {"name": "speed", "metric_type": "LOSS",
                              "unit": "m/s"}


@pytest.mark.parametrize("body, words", [
    ({}, "'metric_namespace'"),
    ({**NAME, "metrics": [{"value": 1}]}, "metrics[0].key"),
    ({**NAME, "metrics": [{"key": [], "value": 1}]}, "metrics[0].key"),
    ({**NAME, "metrics": [{"key": 1, "value": 1}, {"key": 1}]},
     "metrics[1].value"),
    ({**NAME, "metrics": {}}, "'metrics'"),
    ({**NAME, "metrics": [], "job_level": True}, "job_level"),
    ({**NAME, "metric_name": "n" * 181, "metrics": []}, "'metric_name'"),
])
def test_metrics_that_are_none_are_refused(site, running, body, words):
    answer = saved(site, running, "metric_data", body)
    assert answer["retcode"] == 100 and words in answer["retmsg"]


def test_metrics_of_no_running_task_are_refused(site, running, trained):
    body = {**NAME, "metrics": [{"key": 1, "value": 1}]}
    answer = saved(site, trained, "metric_data", body)
    assert answer["retcode"] == 100 and "is success" in answer["retmsg"]
    for other in ({"task": "x"}, {"party": 1}, {"role": "host"},
                  {"component": "dataio_9"}):
        answer = saved(site, running, "metric_data", body, **other)
        assert answer["retcode"] == 100 and "has no task" in answer["retmsg"]
    answer = site.flow.call(
        f"tracking/{running}/a/b/c/d/metric_data/save/x", body)
    assert answer.status_code == 404


def test_running_job_is_not_cleaned(site, running):
    answer = site.flow.post("job/clean", {"job_id": running})
    assert answer["retcode"] == 100 and "is running" in answer["retmsg"]


def test_metric_delete_takes_what_the_keys_name(site, small_csv):
    flow = site.flow
    job = flow.uploaded(small_csv, "jobs", "metrics", drop=1)
    other = flow.uploaded(small_csv, "jobs", "metrics", drop=1)
    body = {"job_id": job, "component_name": "upload_0", "role": "local",
            "party_id": 0}

    def names(of):
        return flow.post("tracking/component/metrics", {**body, "job_id": of})

    for more in ({"metric_name": 'x" or "1"="1'}, {"key": "no"},
                 {"value": "x' OR 1=1"}, {"party_id": None}):
        flow.ok("tracking/component/metric/delete", {**body, **more})
        assert names(job)["data"] == {"upload": ["data_access"]}
    text = flow.ok("tracking/component/metric/delete",
                   {**body, "metric_namespace": 'u"p', "key": "count"})
    assert text == (
        f'delete from t_tracking_metric_{job[:8]}  where f_job_id="{job}" and '
        'f_component_name="upload_0" and f_role="local" and f_party_id="0" '
        'and f_metric_namespace="u""p" and f_key="count"')
    flow.ok("tracking/component/metric/delete", {**body, "key": "count"})
    assert flow.component("metric/all", job, "upload_0", "local", 0)["data"][
        "upload"]["data_access"]["data"] == []
    flow.ok("tracking/component/metric/delete", body)
    assert names(job)["retmsg"] == "no data"
    assert names(other)["retmsg"] == "success"


@pytest.mark.parametrize("body", [{}, {"model": "2026"}, {"model": "2026112x"},
                                  {"model": "20261125; drop table t_job"},
                                  {"component_name": "x"}])
def test_metric_delete_needs_a_job_or_a_day(site, body):
    answer = site.flow.post("tracking/component/metric/delete", body)
    assert answer["retcode"] == 100
    assert "'model'" in answer["retmsg"] or "'job_id'" in answer["retmsg"]


def test_metric_delete_of_a_day_takes_that_day(site):
    site.sql("INSERT INTO t_tracking_metric (f_day, f_job_id,"
             " f_component_name, f_task_id, f_role, f_party_id,"
             " f_metric_namespace, f_metric_name, f_key, f_value, f_type,"
             " f_create_time) SELECT '19990101', 'j', 'c', 't', 'r', '1',"
             " 'n', 'm', '1', '1', 1, 1"
             " FROM information_schema.collations AS a,"
             " information_schema.collations AS b LIMIT 12000")
    assert site.flow.ok("tracking/component/metric/delete",
                        {"model": "19990101"}) == (
        "drop table t_tracking_metric_19990101")
    assert site.sql("SELECT COUNT(*) FROM t_tracking_metric"
                    " WHERE f_day = '19990101'") == [["0"]]
