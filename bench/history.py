"""A site's past: many ended jobs and their metrics, each a copy of a job that
really ran there, made by statements that fill a table at a time.

Every column is copied but those that tell jobs apart, so the copies stay like
what the site writes when a table gets another column.
"""
import threading

BASE_MS = 1735689600000     # 2025-01-01
STEP_MS = 20000             # a job began every twenty seconds
AT_ONCE = 50000             # jobs a statement
METRICS = 10                # rows a job

# How copy number n of the job differs: {table: {column: expression}}. t is
# the row that is copied; AUTO_INCREMENT columns are left out.
JOB = "CONCAT('20250101', LPAD(n, 14, '0'))"
TASK = f"REPLACE(t.f_task_id, t.f_job_id, {JOB})"
TIME = f"{BASE_MS} + n * {STEP_MS}"
TIMES = {"create_time": TIME, "update_time": f"{TIME} + 900",
         "start_time": f"{TIME} + 100", "end_time": f"{TIME} + 900"}
SHOWN_TIMES = {f"f_{k}": v for k, v in TIMES.items()}
PARTY_ROWS = {"f_job_id": JOB, "f_task_id": TASK, **SHOWN_TIMES}
COPIES = {
    "job_run": {"job_id": JOB, **TIMES},
    "t_job": PARTY_ROWS,
    "t_task": {**PARTY_ROWS, "f_dir": f"REPLACE(t.f_dir, t.f_job_id, {JOB})"},
    "t_data_view": {**PARTY_ROWS, "f_table_name": "CONCAT('past', n)",
                    "f_table_id": "n + 1000000"},
    "data_table": {"job_id": JOB, "create_time": TIME,
                   "name": "CONCAT('past', n)",
                   "file": f"CONCAT({JOB}, '.publish')",
                   "name_key": "UNHEX(SHA2(CONCAT('past', n), 256))"},
}
JOB_COLUMN = {"job_run": "job_id", "data_table": "job_id"}
METRIC = (
    "INSERT INTO t_tracking_metric (f_day, f_job_id, f_component_name,"
    " f_task_id, f_role, f_party_id, f_metric_namespace, f_metric_name,"
    " f_key, f_value, f_type, f_create_time)"
    " SELECT '20250101', {job}, t.f_component_name, {task}, t.f_role,"
    " t.f_party_id, 'train', 'loss', k.seq, 0.7 / k.seq, 1, {time}"
    " FROM (SELECT seq AS n FROM seq_{a}_to_{b}) AS s STRAIGHT_JOIN"
    " seq_1_to_{metrics} AS k STRAIGHT_JOIN t_task AS t"
    " WHERE t.f_job_id = '{of}'")
CHECKS = "SET SESSION unique_checks = {0}, foreign_key_checks = {0}"


def past_job(n):
    """The id of copy number n, from 1."""
    return f"20250101{n:014d}"


def columns(site, table):
    rows = site.sql("SELECT column_name FROM information_schema.columns"
                    f" WHERE table_schema = 'fateflow' AND table_name ="
                    f" '{table}' AND extra NOT LIKE '%auto_increment%'"
                    " ORDER BY ordinal_position")
    return [row[0] for row in rows]


def copy_text(site, table, of, a, b):
    differ = COPIES[table]
    names = columns(site, table)
    values = ", ".join(differ.get(name, f"t.{name}") for name in names)
    return (f"INSERT INTO {table} ({', '.join(names)}) SELECT {values}"
            f" FROM (SELECT seq AS n FROM seq_{a}_to_{b}) AS s STRAIGHT_JOIN"
            f" {table} AS t WHERE t.{JOB_COLUMN.get(table, 'f_job_id')}"
            f" = '{of}'")


def metric_text(_site, _table, of, a, b):
    return METRIC.format(job=JOB, task=TASK, time=TIME, a=a, b=b,
                         metrics=METRICS, of=of)


def fill_table(site, table, of, n):
    text = copy_text if table in COPIES else metric_text
    for a in range(1, n + 1, AT_ONCE):
        b = min(n, a + AT_ONCE - 1)
        site.sql(f"{CHECKS.format(0)}; {text(site, table, of, a, b)}; "
                 f"{CHECKS.format(1)}")
    site.sql(f"ANALYZE TABLE {table}")


def fill(site, of, n):
    """Adds n copies of the ended job `of`, and METRICS rows for each."""
    tables = [*COPIES, "t_tracking_metric"]
    errors = []

    def run(mine):
        try:
            for table in mine:
                fill_table(site, table, of, n)
        except Exception as e:  # pylint: disable=broad-except
            errors.append(e)

    site.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    threads = [threading.Thread(target=run, args=[mine]) for mine in
               (tables[:3], tables[3:])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    if errors:
        raise errors[0]
