"""How often a site makes the disk keep what was written, as strace counts it."""
import contextlib
import re
import shutil
import subprocess
import time

from private_site import SiteError, children, wait_for

CALLS = ("fsync", "fdatasync", "msync", "sync_file_range", "syncfs", "sync")


def counted(path):
    """{call: how often} of a summary of strace -c."""
    found = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) >= 5 and re.fullmatch(r"[a-z_]+", words[-1]) and \
                words[-1] in CALLS:
            found[words[-1]] = int(words[3])
    return found


class Strace:
    """Counts within its block, of programs that run, and of the scheduler,
    which is started for it, with all the tasks that this starts."""

    def __init__(self, site, folder):
        self.site, self.folder = site, folder
        self.running = {}

    @staticmethod
    def is_there():
        return shutil.which("strace") is not None

    def options(self, name):
        return ["strace", "-f", "-c", "-q", "-o", self.folder / f"{name}.strace",
                "-e", f"trace={','.join(CALLS)}"]

    def attach(self, name, pids):
        argv = self.options(name)
        for pid in pids:
            argv += ["-p", str(pid)]
        self.running[name] = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(f"strace of {name}", lambda: all(
            traced_by(pid) for pid in pids))

    def start_scheduler(self):
        # -D: the program keeps the pid of what was started.
        site = self.site
        site.process("scheduler").start(
            [*self.options("scheduler"), "-D",
             site.bin / "fateflow-scheduler", "-c", site.conf, "-d"], "traced")
        wait_for("the scheduler", lambda: (site.run / "doorbell").exists())

    def __enter__(self):
        site = self.site
        self.attach("database", [site.pid("mariadb")])
        self.attach("workers", [p for pool in ("api", "bulk") for p in
                                [site.pid(pool), *children(site.pid(pool))]])
        return self

    def __exit__(self, *_):
        for child in self.running.values():
            child.terminate()
            child.communicate(timeout=20)
        self.site.process("scheduler").stop()
        with contextlib.suppress(SiteError):
            wait_for("the scheduler's summary", lambda: counted_yet(
                self.folder / "scheduler.strace"))
        self.site.start_scheduler()

    def found(self):
        """{program: {call: how often}}, after the block."""
        return {name: counted(self.folder / f"{name}.strace")
                for name in ("database", "workers", "scheduler")}


def counted_yet(path):
    return path.exists() and "total" in path.read_text()


def traced_by(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return "TracerPid:\t0\n" not in f.read()


def log_flushes(site):
    """How often InnoDB's log was flushed. Newer MariaDB does not count that,
    but flushes after each write of the log, which it counts."""
    status = dict(site.sql("SHOW GLOBAL STATUS LIKE 'Innodb%log%'"))
    return int(status.get("Innodb_os_log_fsyncs",
                          status.get("Innodb_log_writes", 0)))


def row_flushes(bench):
    if not Strace.is_there():
        bench.table.add("flushes a job by strace", "there is no strace here")
        return
    n = 50 if bench.quick else 1000
    site = bench.site
    site.process("scheduler").stop()
    bench.queue_uploads(n)
    with Strace(site, bench.folder) as strace:
        before = log_flushes(site)
        strace.start_scheduler()
        bench.await_empty_queue()
        time.sleep(3)       # what a task's end leaves to do
        log = log_flushes(site) - before
    total = 0
    for name, calls in strace.found().items():
        total += sum(calls.values())
        what = ", ".join(f"{c} {k / n:.2f}" for c, k in calls.items())
        bench.table.add(f"  of {name}{' and tasks' * (name == 'scheduler')}",
                        what or "none")
    bench.table.add(f"flushes a job by strace, {n} queued jobs",
                    f"{total / n:.2f}", f"{log / n:.2f} of the log by status",
                    "", "<= 4", total / n <= 4)
