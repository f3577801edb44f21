"""A long past costs the present nothing: no statement walks through a table
of ended jobs, and what is asked every day reads as few rows as on the first."""
import re
import subprocess
import sys

import pytest

import conftest

sys.path.insert(0, str(conftest.ROOT / "bench"))
import history  # noqa: E402

N_JOBS = 20000
FEW = 60        # rows of one table that may be read at one go
TABLES = [*history.COPIES, "t_tracking_metric"]
# The last name given in a namespace: documented as a walk back over the ids.
WALKS = ("SELECT name FROM data_table WHERE namespace = ?",)


@pytest.fixture(scope="module")
def old_site(make_site, tmp_path_factory):
    site = make_site("nginx")
    site.file = tmp_path_factory.mktemp("history") / "ten.csv"
    site.file.write_text("id,x0\n" + "".join(f"{i},{i}\n" for i in range(10)))
    job = site.flow.uploaded(site.file, "history", "first")
    history.fill(site, job, N_JOBS)
    return site


def prepared(site):
    """What doctor prepares: every statement of every table."""
    site.sql("SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log;"
             " SET GLOBAL general_log = 1")
    try:
        subprocess.run([conftest.BIN / "fateflow-admin", "-c", site.conf,
                        "doctor"], capture_output=True, timeout=60)
    finally:
        site.sql("SET GLOBAL general_log = 0")
    return [row[0] for row in site.sql(
        "SELECT DISTINCT argument FROM mysql.general_log"
        " WHERE command_type = 'Prepare'")]


def walks(site, text):
    """The large tables that a statement reads from one end to the other."""
    plan = site.sql("EXPLAIN " + re.sub(r"LIMIT \?", "LIMIT 1", text)
                    .replace("?", "'1'"))
    return [row for row in plan if row[3] in ("ALL", "index")
            and row[8] != "NULL" and int(row[8]) > FEW]


def outermost(text):
    """A statement without what stands in brackets."""
    while "(" in text:
        text = re.sub(r"\([^()]*\)", "", text)
    return text


def test_no_statement_walks_through_the_past(old_site):
    texts = prepared(old_site)
    assert len(texts) > 80
    # Without a condition it is the head of a query whose filter follows.
    asked = [t for t in texts if re.match("SELECT|UPDATE|DELETE", t)
             and "WHERE" in outermost(t)
             and not t.startswith(WALKS)]
    assert len(asked) > 50
    found = {text: walks(old_site, text) for text in asked}
    assert not {text: rows for text, rows in found.items() if rows}
    assert walks(old_site, "SELECT f_job_id FROM t_task")     # it can tell


def rows_read(site):
    """{table: rows that statements have looked at}, of the large tables."""
    found = {row[0]: int(row[1]) for row in site.sql(
        "SELECT table_name, rows_read FROM"
        " information_schema.table_statistics WHERE table_schema = 'fateflow'")}
    return {table: found.get(table, 0) for table in TABLES}


@pytest.fixture
def counted(old_site):
    """counted(work): the most rows that it reads of one of the tables."""
    old_site.sql("SET GLOBAL userstat = 1")

    def count(work):
        before = rows_read(old_site)
        work()
        after = rows_read(old_site)
        return max(after[t] - before[t] for t in TABLES)
    yield count
    old_site.sql("SET GLOBAL userstat = 0")


def test_the_count_of_rows_sees_a_walk(old_site, counted):
    assert counted(lambda: old_site.sql(
        "SELECT COUNT(f_reason) FROM t_job")) >= N_JOBS


def test_upload_from_submit_to_success_reads_few_rows(old_site, counted):
    assert counted(lambda: old_site.flow.uploaded(
        old_site.file, "history", "next")) <= FEW


@pytest.mark.parametrize("path, more", [
    ("job/query", {}),
    ("job/task/query", {}),
    ("job/config", {"role": "local", "party_id": 0}),
    ("data/upload/history", {"limit": 5}),
    ("tracking/component/metrics", {
        "component_name": "upload_0", "role": "local", "party_id": 0}),
    ("tracking/component/metric_data", {
        "component_name": "upload_0", "role": "local", "party_id": 0,
        "metric_namespace": "train", "metric_name": "loss"}),
])
def test_question_about_one_job_reads_few_rows(old_site, counted, path, more):
    body = {"job_id": history.past_job(N_JOBS // 2), **more}
    assert counted(lambda: old_site.flow.ok(path, body)) <= FEW


def test_start_and_pass_of_a_scheduler_read_few_rows(old_site, counted):
    def once():
        subprocess.run([conftest.BIN / "fateflow-scheduler", "-c",
                        old_site.conf, "--once"], check=True, timeout=60,
                       capture_output=True)
    assert counted(once) <= FEW
