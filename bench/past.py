"""The row history: the same requests to an empty site and to one with a long
past, in turns, so that both meet the same machine."""
import random
import statistics
import subprocess
import time

import requests

from history import METRICS, fill, past_job
from private_site import Site

POOL = 1 << 30      # bytes of InnoDB's pages, at both sites
LIMIT = 1.5


def p90(times):
    return sorted(times)[int(len(times) * 0.9)]


def timed(work):
    start = time.monotonic()
    work()
    return (time.monotonic() - start) * 1000


class Probe:
    """What is asked of one site."""

    def __init__(self, bench, site, n_jobs):
        self.bench, self.site, self.n_jobs = bench, site, n_jobs
        self.session = requests.Session()
        self.dice = random.Random(1)

    def post(self, path, body):
        answer = self.session.post(f"{self.site.url}/v1/{path}", json=body,
                                   timeout=60).json()
        assert answer["retcode"] == 0 and answer["data"], answer

    def past(self):
        return past_job(self.dice.randint(1, self.n_jobs))

    def submit(self):
        self.job = self.bench.submit_upload(self.session, self.site)

    def job_query(self):
        self.post("job/query", {"job_id": self.past()})

    def metrics(self):
        self.post("tracking/component/metric_data", {
            "job_id": self.past(), "component_name": "upload_0",
            "role": "local", "party_id": 0, "metric_name": "loss",
            "metric_namespace": "train"})

    def once(self):
        subprocess.run([self.bench.bin / "fateflow-scheduler", "-c",
                        self.site.conf, "--once"], check=True,
                       capture_output=True)

    def prepare(self):
        """A real job, its copies, and the past's pages as far as they fit."""
        job = self.bench.submit_upload(self.session, self.site)
        self.bench.await_job(job, self.session, site=self.site)
        self.site.sql(f"SET GLOBAL innodb_buffer_pool_size = {POOL}")
        start = time.monotonic()
        fill(self.site, job, self.n_jobs)
        return time.monotonic() - start

    def settle(self, seconds=60):
        """Waits until the pages of the filling are written."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and int(self.site.sql(
                "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"
                )[0][1]) > 1000:
            time.sleep(1)


def add(bench, name, empty, full, is_aim=True):
    ratio = statistics.median(full) / statistics.median(empty)
    tail = p90(full) / p90(empty)
    bench.table.add(f"history: {name}",
                    f"{statistics.median(full):.1f} ms, p90 {p90(full):.1f}",
                    f"{statistics.median(empty):.1f} ms, p90"
                    f" {p90(empty):.1f} empty", f"{ratio:.2f}, {tail:.2f}",
                    f"<= {LIMIT}" if is_aim else "",
                    ratio <= LIMIT if is_aim else None)


def in_turns(probes, n, *steps):
    """{step: (times of the empty site, times of the full one)}"""
    found = {step: ([], []) for step in steps}
    for _ in range(n):
        for i, probe in enumerate(probes):
            for step in steps:
                found[step][i].append(timed(lambda: step(probe)))
    return found


def await_success(probe):
    probe.bench.await_job(probe.job, probe.session, site=probe.site)


def measure(bench, probes):
    few, many = (20, 100) if bench.quick else (50, 500)
    got = in_turns(probes, few, Probe.submit, await_success)
    add(bench, "submit (an upload of ten rows)", *got[Probe.submit])
    add(bench, "from there to its success", *got[await_success])
    got = in_turns(probes, many, Probe.job_query, Probe.metrics)
    add(bench, "job/query of a job of any day by id", *got[Probe.job_query])
    add(bench, f"metric_data, {METRICS} rows of a job of any day",
        *got[Probe.metrics], is_aim=False)   # most pages come from the disk
    for probe in probes:
        probe.site.process("scheduler").stop()
    add(bench, "a pass (fateflow-scheduler --once)",
        *in_turns(probes, few, Probe.once)[Probe.once])
    for probe in probes:
        probe.site.start_scheduler()


def row_history(bench):
    n = 100000 if bench.quick else 1000000
    full_site = Site(bench.folder / "past", bench.bin)
    try:
        full_site.start()
        probes = [Probe(bench, bench.site, 1), Probe(bench, full_site, n)]
        for probe in probes:
            seconds = probe.prepare()
        bench.table.add(f"history: {n} jobs, {METRICS * n} metric rows",
                        f"filled in {seconds:.0f} s")
        probes[1].settle()
        measure(bench, probes)
    finally:
        full_site.stop()
