"""Cron mode: what `fateflow-scheduler --once` makes of jobs, started again and
again and two at a time, against what the daemon makes of the same jobs."""
import os
import re
import subprocess
import sys
import threading
import time

import conftest
import pytest
import requests

sys.path.insert(0, str(conftest.ROOT / "tests/chaos"))
import jobs  # noqa: E402

SEED, N_JOBS = 10, 16
FINAL = {"success", "failed", "timeout", "canceled"}


class Cron:
    """Starts `--once` when the last has ended, in two threads: as cron does
    it every minute, but at once, and with the overlap that cron allows."""

    def __init__(self, site):
        self.argv = [site.bin / "fateflow-scheduler", "-c", site.conf,
                     "--once"]
        self.log = site.root / "log" / "cron.log"
        self.ends = threading.Event()
        self.codes = []
        self.threads = [threading.Thread(target=self.run) for _ in range(2)]

    def __enter__(self):
        for t in self.threads:
            t.start()
            time.sleep(0.3)
        return self

    def __exit__(self, *error):
        self.ends.set()
        for t in self.threads:
            t.join(70)

    def run(self):
        while not self.ends.wait(0.2):
            with open(self.log, "ab") as log:
                self.codes.append(subprocess.run(
                    self.argv, stdout=log, stderr=log).returncode)


class Batch:
    """The planned jobs, submitted under a name of this batch's own."""

    def __init__(self, site, name, folder, model):
        self.site, self.name, self.folder = site, name, folder
        self.model = model
        self.ids = {}       # marker: job id

    def submit(self):
        for spec in jobs.plan(SEED, N_JOBS, 0):
            answer = (self.upload(spec) if not spec.body else
                      self.site.flow.post("job/submit", self.body(spec)))
            assert answer["retcode"] == 0, (spec, answer)
            self.ids[spec.marker] = answer["jobId"]
            if spec.shape == "stopped":
                threading.Timer(2, self.stop, [answer["jobId"]]).start()

    def body(self, spec):
        body = dict(spec.body)
        if spec.shape == "predict":
            body["job_runtime_conf"]["job_parameters"]["model_version"] = \
                self.model
        return body

    def upload(self, spec):
        path = jobs.write_table(self.folder / f"{spec.marker}.csv", "guest",
                                spec.marker, spec.rows)
        return self.site.flow.upload(path, self.name, spec.marker)

    def stop(self, job_id):
        requests.post(f"{self.site.url}/v1/job/stop",
                      json={"job_id": job_id}, timeout=30)

    def wait(self, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if {s for _, s in self.statuses()} <= FINAL:
                return
            time.sleep(0.1)
        raise AssertionError(f"not in {seconds} s: {self.statuses()}")

    def statuses(self):
        ids = ", ".join(f"'{i}'" for i in self.ids.values())
        rows = dict(self.site.sql("SELECT job_id, status FROM job_run "
                                  f"WHERE job_id IN ({ids})"))
        return [(m, rows[i]) for m, i in self.ids.items()]

    def outputs(self):
        """{(marker, component, role, party): (rows, digest)}"""
        found = {}
        for marker, job in self.ids.items():
            for *key, rows, digest in self.site.sql(
                    "SELECT v.f_component_name, v.f_role, v.f_party_id, "
                    "d.row_count, d.digest FROM t_data_view v JOIN data_table "
                    f"d ON d.id = v.f_table_id WHERE v.f_job_id = '{job}'"):
                found[marker, *key] = (rows, digest)
        return found

    def reasons(self):
        """Of failures. What a timeout meets is chance, and so is which of
        two parties with one fault is the first to say so."""
        ids = ", ".join(f"'{i}'" for i in self.ids.values())
        rows = dict(self.site.sql(
            "SELECT job_id, reason FROM job_run WHERE status = 'failed' AND "
            f"job_id IN ({ids})"))
        return {m: re.sub(r"\b(guest|host|arbiter) \d+", "PARTY",
                          rows[i].replace(i, "JOB")) for m, i in self.ids.items()
                if i in rows}


@pytest.fixture(scope="module")
def batches(make_site, tmp_path_factory):
    """(of the daemon, of cron, the exit codes of --once)"""
    site = make_site(options={"scheduler": {"lease_ms": "3s"}})
    folder = tmp_path_factory.mktemp("cron")
    for role, name in jobs.TABLES.items():
        site.flow.uploaded(jobs.write_table(folder / f"{name}.csv", role),
                           jobs.NAMESPACE, name)
    base = jobs.lr_job("of-the-start", 0)
    model = site.flow.finished(base["job_dsl"], base["job_runtime_conf"])
    by_daemon = Batch(site, "daemon", folder, model)
    by_daemon.submit()
    by_daemon.wait()
    site.process("scheduler").stop()
    by_cron = Batch(site, "cron", folder, model)
    with Cron(site) as cron:
        by_cron.submit()
        by_cron.wait()
    yield by_daemon, by_cron, cron.codes
    site.stop()


def test_cron_drives_the_same_jobs_to_the_same_ends(batches):
    by_daemon, by_cron, codes = batches
    assert dict(by_cron.statuses()) == dict(by_daemon.statuses())
    assert set(codes) == {0} and len(codes) > 2


def test_cron_gives_failures_the_same_reasons(batches):
    by_daemon, by_cron, _ = batches
    assert by_cron.reasons() == by_daemon.reasons() != {}


def test_cron_makes_the_same_tables(batches):
    """Of jobs that ran to their end: how far a stopped one came is chance."""
    by_daemon, by_cron, _ = batches
    ended = {m for m, s in by_daemon.statuses() if s == "success"}
    ours, theirs = ({key: value for key, value in b.outputs().items()
                     if key[0] in ended} for b in (by_cron, by_daemon))
    assert ours == theirs and len(ours) > N_JOBS


def test_cron_leaves_no_process_and_no_mail(batches):
    _, by_cron, _ = batches
    work = by_cron.site.work
    assert by_cron.site.tasks() == []
    assert [i for i in by_cron.ids.values()
            if os.path.exists(work / "jobs" / i[:8] / i / "mail")] == []
