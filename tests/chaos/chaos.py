#!/usr/bin/env python3
"""Jobs of all shapes while everything that runs them is killed, stopped and
starved at random; then whether anything was lost, stuck or run twice.

    tests/chaos/chaos.py --seed 7 --jobs 500 --faults 300 --seconds 1800

The jobs and the faults are functions of the seed. What is found is printed
with the command that repeats the run, and the folder of the site is kept.
README.md beside this file says what is checked.
"""
import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tools"),
                str(ROOT / "tests/integration")]

import checks  # noqa: E402
import client  # noqa: E402
import faults  # noqa: E402
import flow  # noqa: E402
import jobs  # noqa: E402
import orderly  # noqa: E402
import private_site  # noqa: E402
import sampler  # noqa: E402
import sanitizers  # noqa: E402

SERVICES = ["mariadb", "api", "bulk", "nginx", "scheduler", "scheduler2"]
OPTIONS = {
    "site": {"min_free": "8M", "warn_free": "16M"},
    "api": {"workers": 6, "bulk_workers": 6},
    "scheduler": {"max_jobs": 8, "max_tasks": 24, "lease_ms": "3s",
                  "stop_grace_ms": "1s"},
}
DISK = "1g"         # of the work folder, on a file system of its own
# What keeps schedulers from taking over while it lasts; a worker that stands
# still within a transaction holds rows.
STOPPERS = {"scheduler", "scheduler2", "mariadb", "squeeze", "connections"}
HOLDERS = {"pause api-worker", "pause bulk-worker"}
TAKEOVER_SECONDS = 10
QUIET_SECONDS = 120
SETTLE_SECONDS = 90     # a sweep's period and more, when anything is left
FAKETIME = "*/faketime/libfaketime.so.1"


class Run:
    def __init__(self, args, root):
        self.args, self.root = args, root
        self.site = private_site.Site(root, args.bin, options=OPTIONS)
        self.found = []         # faults of the product
        self.figures = []
        self.hand = None

    # ---- the site ----

    def mount(self):
        """A small disk below the work folder, where that may be done."""
        work = self.site.work
        work.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}",
                               "fateflow-chaos", work], capture_output=True)
        return done.returncode == 0

    def unmount(self):
        if os.path.ismount(self.site.work):
            subprocess.run(["umount", "-l", self.site.work], check=False)

    def keep(self):
        """The work folder for those who look into it, off its disk."""
        work = self.site.work
        if os.path.ismount(work):
            copy = work.with_name("work-kept")
            shutil.copytree(work, copy, symlinks=True,
                            ignore=shutil.ignore_patterns("ballast"))
            self.unmount()
            work.rmdir()
            copy.rename(work)

    def is_sanitized(self):
        return b"__asan_init" in (self.site.bin /
                                  "fateflow-scheduler").read_bytes()

    def fake_clock(self):
        """The file that says how far the clock of our programs is off, or
        None. A sanitizer must be the first library, so not with those."""
        library = next(pathlib.Path("/usr/lib").glob(FAKETIME), None)
        if not library or self.is_sanitized():
            return None
        file = self.root / "clock"
        file.write_text("+0\n")
        self.site.env = {**os.environ, "LD_PRELOAD": str(library),
                         "FAKETIME_TIMESTAMP_FILE": str(file),
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                         "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
        return file

    def start(self):
        self.mount()
        self.clock = self.fake_clock()
        self.site.start()
        self.site.start_scheduler(2)
        self.flow = flow.Flow(self.site.url)
        for role, name in jobs.TABLES.items():
            self.flow.uploaded(
                jobs.write_table(self.root / f"{name}.csv", role),
                jobs.NAMESPACE, name)
        base = jobs.lr_job("of-the-start", 0)
        self.model = self.flow.finished(base["job_dsl"],
                                        base["job_runtime_conf"])
        probe = jobs.plan(-1, 2, 0)[1]
        self.has_tokens = client.gives_same_job(self.site, probe._replace(
            marker="probe"), self.root)

    # ---- the run ----

    def play(self):
        a = self.args
        folder = self.root / "uploads"
        folder.mkdir()
        self.clients = client.Clients(
            self.site, jobs.plan(a.seed, a.jobs, a.seconds * 0.9), folder,
            self.has_tokens, self.model)
        self.hand = faults.Hand(self.site,
                                faults.plan(a.seed, a.faults, a.seconds),
                                SERVICES, self.clock, self.root / "faults.log")
        self.sampler = sampler.Sampler(self.site.db_socket,
                                       lambda: self.hand.well_since)
        for part in (self.sampler, self.clients, self.hand):
            part.start()
        end = time.monotonic() + a.seconds
        while time.monotonic() < end or not self.hand.is_done():
            time.sleep(0.2)
        self.hand.stop()
        self.wait_for_quiet()

    def wait_for_quiet(self):
        """All answered, all jobs ended, and what is swept has been swept."""
        begun = time.monotonic()
        end = begun + max(QUIET_SECONDS, self.args.jobs)
        while time.monotonic() < end:
            if self.clients.is_done() and not self.is_busy():
                break
            time.sleep(0.2)
        self.quiet = time.monotonic() - begun
        self.clients.end()
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end and any(checks.files(self.site)):
            time.sleep(0.5)
        self.settled = time.monotonic() - begun - self.quiet
        self.sampler.stop()

    def is_busy(self):
        return self.site.sql("SELECT COUNT(*) FROM job_run WHERE live = 1"
                             ) != [["0"]]

    # ---- what came of it ----

    def check(self):
        site, hits = self.site, self.hand.hits
        found = self.found
        self.rows = checks.read_jobs(site)
        outcomes = self.clients.outcomes
        blame = checks.Blame(hits, self.hand.full, self.sampler.seen)
        found += checks.submits(self.rows, outcomes, self.has_tokens)
        found += checks.ends(self.rows, outcomes, blame)
        found += checks.answers(self.flow, self.rows)
        found += checks.tasks(site, hits, blame)
        found += checks.metrics(site)
        found += checks.task_processes(site)
        found += checks.locks(site)
        found += checks.files(site)
        found += checks.invariants(site)
        found += self.sampler.faults
        found += self.check_takeovers()
        found += [f"{name} ended by itself after {at:.1f} s"
                  for at, name in self.hand.own_ends]
        for part in (self.sampler, self.hand, self.clients):
            found += [f"this program: {e}" for e in part.errors]
        if self.sampler.looks < 10:
            found.append(f"only {self.sampler.looks} looks at the rows")

    def check_end(self):
        """After an orderly stop nothing runs, and no sanitizer has spoken."""
        self.found += [f"process {pid} is left after the stop: {command}"
                       for pid, command in
                       checks.site_processes(self.site).items()]
        self.found += [f"{path}: {text}" for path, text in
                       sanitizers.reports(self.root)]

    def report(self):
        say = self.figures.append
        outcomes = self.clients.outcomes
        counts = collections.Counter(j.status for j in self.rows)
        say(f"jobs: {len(self.rows)}, " + ", ".join(
            f"{n} {s}" for s, n in sorted(counts.items())))
        shape = {o.spec.marker: o.spec.shape for o in outcomes}
        by = collections.Counter((shape.get(j.marker, "of the start"),
                                  j.status) for j in self.rows)
        for (name, status), n in sorted(by.items()):
            say(f"  {name:13} {status:9} {n}")
        say(f"submits: {len(outcomes)}, "
            f"{sum(o.is_accepted for o in outcomes)} answered, "
            f"{sum(o.tries for o in outcomes)} tries, tokens "
            f"{'count' if self.has_tokens else 'are not known here'}")
        say(f"retries: {sum(j.retries for j in self.rows)} in "
            f"{sum(j.retries > 0 for j in self.rows)} jobs")
        table = self.hand.table()
        say(f"faults: {sum(r[1] for r in table)} planned, "
            f"{sum(r[2] for r in table)} happened")
        for kind, planned, happened in table:
            say(f"  {kind:18} {happened:3} of {planned}")
        self.report_times(say)

    def report_times(self, say):
        seen = self.sampler.seen
        still = max(((s.still, j) for j, s in seen.items()), default=(0, ""))
        idle = max(((s.idle, j) for j, s in seen.items()), default=(0, ""))
        say(f"longest time a running job stood still: {still[0]:.1f} s "
            f"({still[1]}), {idle[0]:.1f} s ({idle[1]}) while the database "
            "and a scheduler were at work")
        for what, is_plain in (("", True), (" while others were hit", False)):
            t = sorted(s for s, p in self.takeovers() if p == is_plain)
            if t:
                say(f"takeovers{what}: {len(t)}, median {t[len(t) // 2]:.1f} "
                    f"s, longest {t[-1]:.1f} s after the kill")
        say(f"quiet {self.quiet:.1f} s after the last fault, swept "
            f"{self.settled:.1f} s later; {self.sampler.looks} looks at "
            "the rows")

    def takeovers(self):
        """(seconds, was it undisturbed?) from the kill of a scheduler to
        each of its jobs at another. Disturbed: the database stood still or
        the others did, so that nobody could have taken over; or this program
        itself was not answered in time."""
        kills = {h.pid: h for h in self.hand.hits
                 if h.fault.kind.startswith("kill scheduler")}
        for at, _, old, _ in self.sampler.takeovers:
            kill = kills.get(self.sampler.owners.get(old))
            if kill and at > kill.at:
                yield at - kill.at, not (any(
                    h is not kill and h.at < at and h.until + 1 > kill.at
                    for h in self.hand.hits if is_stopper(h.fault.kind))
                    or any(a < at and b > kill.at
                           for a, b in self.sampler.gaps))

    def check_takeovers(self):
        slow = [s for s, is_plain in self.takeovers()
                if is_plain and s >= TAKEOVER_SECONDS]
        if slow:
            yield (f"{len(slow)} jobs of a dead scheduler waited up to "
                   f"{max(slow):.1f} s for another")

    def stop(self):
        if self.hand:
            self.hand.give_up()
        self.site.stop()


def is_stopper(kind):
    return kind.split()[-1] in STOPPERS or kind in HOLDERS


def parse():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--jobs", type=int, default=60)
    p.add_argument("--faults", type=int, default=40)
    p.add_argument("--seconds", type=float, default=45)
    p.add_argument("--bin", default=os.environ.get("FATEFLOW_BIN"))
    p.add_argument("--folder", help="a folder to be made (default: in /tmp)")
    p.add_argument("--keep", action="store_true")
    return p.parse_args()


def main():
    args = parse()
    orderly.stop_on_signals()
    root = pathlib.Path(args.folder or
                        tempfile.mkdtemp(prefix="fateflow-chaos-"))
    root.mkdir(parents=True, exist_ok=True)
    sanitizers.direct_reports_to(root)
    run = Run(args, root)
    try:
        run.start()
        run.play()
        run.check()
        run.report()
        run.stop()
        run.check_end()
    except BaseException:
        run.stop()
        run.unmount()
        raise
    print("\n".join(run.figures))
    if run.found or args.keep:
        run.keep()
    if run.found:
        print(f"\n{len(run.found)} found, the site is {root}:")
        print("\n".join(f"  {line}" for line in run.found))
        print(f"\nagain: tests/chaos/chaos.py --seed {args.seed} --jobs "
              f"{args.jobs} --faults {args.faults} --seconds "
              f"{args.seconds:g}" + (f" --bin {args.bin}" if args.bin
                                     else ""))
        return 1
    if not args.keep:
        run.unmount()
        shutil.rmtree(root, ignore_errors=True)
    print("nothing lost, stuck or run twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
