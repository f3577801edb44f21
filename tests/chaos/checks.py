"""What must hold after a chaos run. Each check yields the faults it finds,
one line each; nothing found is what is wanted."""
import errno
import fcntl
import json
import math
import os
import pathlib
import re
import signal

import jobs
import private_site

ROOT = pathlib.Path(__file__).resolve().parents[2]
INVARIANTS = ROOT / "sql/checks/invariants.sql"
FINAL = {"success", "failed", "timeout", "canceled"}
MARKER = re.compile(r"chaos-\d+-\d+")
# Who failed: component, role and party; and after it, why.
NAMES_TASK = re.compile(r"\b\w+ of (guest|host|arbiter|local) \d+\b.{8,}",
                        re.S)


class Job:
    """A row of job_run."""

    COLUMNS = ("job_id, status, live, COALESCE(reason, ''), runs, retries, "
               "auto_retries, COALESCE(submit_token, ''), "
               "COALESCE(error_class, ''), f_runtime_conf")

    def __init__(self, row):
        (self.id, self.status, live, self.reason, runs, retries, allowed,
         self.token, self.error_class, conf) = row
        self.live = live == "1"
        self.runs, self.retries = int(runs), int(retries)
        self.auto_retries = int(allowed)
        hit = MARKER.search(conf) or MARKER.search(self.token)
        self.marker = hit.group() if hit else None


def read_jobs(site):
    return [Job(r) for r in site.sql(f"SELECT {Job.COLUMNS} FROM job_run "
                                     "ORDER BY seq")]


# ---- submits ----

def submits(rows, outcomes, has_tokens):
    """Every accepted submit has exactly one job; nobody else has one."""
    of_marker = {}
    for j in rows:
        of_marker.setdefault(j.marker, []).append(j)
    for o in outcomes:
        mine = of_marker.pop(o.spec.marker, [])
        name = f"{o.spec.marker} ({o.spec.shape})"
        if o.is_accepted and [j.id for j in mine] != [o.job_id]:
            yield (f"submit {name} was answered with {o.job_id} and has "
                   f"{[j.id for j in mine]}")
        elif len(mine) > 1:
            yield f"submit {name} has the jobs {[j.id for j in mine]}"
        elif o.refused is not None:
            yield f"submit {name} was refused: {o.refused}"
            if mine:
                yield f"submit {name} was refused and has a job {mine[0].id}"
        elif has_tokens and not o.is_accepted:
            yield f"submit {name} was never answered in {o.tries} tries"
    of_marker.pop(None, None)
    for marker, extra in of_marker.items():
        yield f"jobs {[j.id for j in extra]} of {marker}, which nobody sent"


# ---- ends ----

class Blame:
    """Which faults may have failed which job: the end of one of its tasks,
    or a full disk while it lived. No other fault may."""

    def __init__(self, hits, full, seen):
        self.full, self.seen = full, seen
        self.of_job = {}
        for h in hits:
            if h.folder and not h.fault.kind.startswith("pause"):
                # .../jobs/<day>/<job>/<role-party>/<component>/<attempt>
                job = pathlib.PurePath(h.folder).parts[-4]
                self.of_job.setdefault(job, []).append(h)

    def of(self, job_id):
        found = [h.fault.kind for h in self.of_job.get(job_id, [])]
        if self.met_full_disk(job_id):
            found.append("disk")
        return found

    def met_full_disk(self, job_id):
        """While it lived, that is from the last look without it to the first
        that saw its end."""
        seen = self.seen.get(job_id)
        first = seen.absent if seen else 0
        last = seen.ended if seen and seen.ended else math.inf
        return any(a < last and b > first for a, b in self.full)


def ends(rows, outcomes, blame):
    """Every job ended, and as its shape and the faults on it allow."""
    specs = {o.spec.marker: o.spec for o in outcomes}
    are_classed = any(j.error_class for j in rows)
    for j in rows:
        spec = specs.get(j.marker)
        name = f"job {j.id} ({spec.shape if spec else 'of the start'})"
        if j.status not in FINAL:
            yield f"{name} is still {j.status}"
            continue
        if j.status != "success" and not j.reason:
            yield f"{name} is {j.status} without a reason"
        if j.status == "failed" and not NAMES_TASK.search(j.reason):
            yield (f"{name} failed and its reason names no component, role, "
                   f"party and cause: {j.reason!r}")
        wanted = spec.ends if spec else {"success"}
        if "ended with its job" in j.reason:
            yield f"{name} has a task's word for its own: {j.reason!r}"
        yield from end(j, name, wanted, spec.says if spec else "",
                       blame.of(j.id))
        if are_classed and wanted == {"success"}:
            yield from unused_retries(j, name, spec)


def unused_retries(j, name, spec):
    """What a fault fails may pass, so a job that gives up has used all the
    retries that it was given, or components that failed at once wanted more
    than were left."""
    at_once = jobs.WIDTH_MAX if spec and spec.shape == "wide" else 1
    if j.status == "failed" and j.retries + at_once <= j.auto_retries:
        yield (f"{name} failed ({j.error_class}) after {j.retries} of "
               f"{j.auto_retries} retries: {j.reason!r}")


def end(j, name, wanted, says, blamed):
    if j.status in wanted:
        if j.status != "success" and not blamed and says not in j.reason:
            yield f"{name} is {j.status}, but says {j.reason!r}"
        return
    if j.status != "failed" or not blamed:
        yield (f"{name} is {j.status}, which only faults on it could explain "
               f"({', '.join(blamed) or 'there was none'}): {j.reason!r}")


def answers(flow, rows):
    """The reason is what job/query shows, on every party."""
    for j in rows:
        if j.status == "success":
            continue
        for row in flow.rows(j.id):
            if row["f_status"] != j.status or row.get("f_reason") != j.reason:
                yield (f"job {j.id} is {j.status} ({j.reason!r}), query_job "
                       f"shows {row['f_status']} ({row.get('f_reason')!r})")


# ---- task folders ----

TASK_COLUMNS = ("f_job_id, f_component_name, f_role, f_party_id, f_status, "
                "f_attempt, COALESCE(f_dir, '')")


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def count_lines(path, job, verb, last):
    """Of FATE's first and last words on a task."""
    words = re.compile(rf" - .*\b{verb} {job} \S+ \S+ \S+ \S+ {last}\b")
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return 0
    return len(words.findall(text))


def tasks(site, hits, blame):
    """A success ran to its end once in the folder of its attempt; no folder
    was ever run in twice; every attempt that was run is recorded."""
    hit = {h.folder for h in hits if h.folder}
    rows = site.sql(f"SELECT {TASK_COLUMNS} FROM t_task")
    top = site.work / "jobs"
    for job, component, role, party, status, attempt, _ in rows:
        home = top / job[:8] / job / f"{role}-{party}" / component
        name = f"task {job} {component} {role} {party}"
        if status == "success":
            yield from success(home / attempt, name, job,
                               str(home / attempt) in hit,
                               blame.met_full_disk(job))
        for folder in home.glob("*"):
            if not folder.name.isdigit() or int(folder.name) > int(attempt):
                yield f"{name} has a folder {folder.name} beyond {attempt}"
            if count_lines(folder / "task.log", job, "run", "task") > 1:
                yield f"{name} was begun twice in {folder}"
            if count_lines(folder / "task.log", job, "finish", r"\w+") > 1:
                yield f"{name} ended twice in {folder}"


def success(folder, name, job, was_hit, was_full):
    """A full disk takes lines of the log, and `exit`, from a task whose result
    was written before; no more than that."""
    unwritten = {0} if was_full else set()
    owner = read_json(folder / "owner")
    if not owner or owner.get("tombstone"):
        yield f"{name} is a success without a process in {folder}: {owner}"
    state = read_json(folder / "state.json") or {}
    if state.get("status") != "success":
        yield f"{name} is a success and its state.json says {state}"
    log = folder / "task.log"
    if count_lines(log, job, "run", "task") not in {1} | unwritten:
        yield f"{name} is a success that did not begin once: {log}"
    # A kill after the state was written takes nothing away, nor does the
    # TERM that its job's end sent it then.
    exit_ = read_json(folder / "exit") or {}
    if was_hit or exit_.get("signal") == signal.SIGTERM:
        return
    if count_lines(log, job, "finish", "success") not in {1} | unwritten:
        yield f"{name} is a success that did not end once: {log}"
    if exit_.get("status") != 0 and (exit_ or not was_full):
        yield f"{name} is a success and its exit says {exit_}"


def metrics(site):
    """Rows of the metrics of a success: as many as lines."""
    counts = {tuple(r[:4]): int(r[4]) for r in site.sql(
        "SELECT f_job_id, f_component_name, f_role, f_party_id, COUNT(*) "
        "FROM t_tracking_metric WHERE f_type = 1 "
        "GROUP BY f_job_id, f_component_name, f_role, f_party_id")}
    rows = site.sql(f"SELECT {TASK_COLUMNS} FROM t_task "
                    "WHERE f_status = 'success'")
    for job, component, role, party, _, attempt, _ in rows:
        path = (site.work / "jobs" / job[:8] / job / f"{role}-{party}" /
                component / attempt / "metrics.jsonl")
        lines = path.read_text().splitlines() if path.exists() else []
        points = sum(json.loads(line)["t"] == "point" for line in lines)
        stored = counts.get((job, component, role, party), 0)
        if points != stored:
            yield (f"task {job} {component} {role} {party} wrote {points} "
                   f"metric points, {stored} are stored")


# ---- what is left ----

def site_processes(site):
    """{pid: command} of every process that belongs to the site: by its
    command line or by a file that it has open."""
    root = f"{site.root}/"
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        if int(entry) == os.getpid():
            continue
        proc = pathlib.Path("/proc", entry)
        try:
            argv = proc.joinpath("cmdline").read_bytes()
            command = argv.replace(b"\0", b" ").decode(errors="replace")
            files = [os.readlink(f) for f in proc.joinpath("fd").iterdir()]
        except OSError:
            continue
        if root in command or any(f.startswith(root) for f in files):
            found[int(entry)] = command.strip() or "?"
    return found


def task_processes(site):
    """No task outlives its job."""
    for pid in site.tasks():
        yield f"process {pid} is left: {site_processes(site).get(pid)}"


def below(top, pattern):
    """What a pattern meets while others remove it: a folder that vanishes
    after it was listed is looked for again."""
    while True:
        try:
            return sorted(top.glob(pattern))
        except FileNotFoundError:
            pass


def locks(site):
    for path in below(site.work / "jobs", "*/*/*/*/*/lock"):
        fd = os.open(path, os.O_RDWR)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            if e.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            yield f"lock {path} is held"
        finally:
            os.close(fd)


def files(site):
    """Temporary files, mailboxes, spooled uploads, tables of nobody."""
    for top, folders, names in os.walk(site.work):
        here = pathlib.Path(top)
        for name in names + folders:
            if re.search(r"\.tmp(\.\d+)?$", name):
                yield f"temporary {here / name}"
    for path in below(site.work / "models", ".[it]*/*"):
        yield f"half a model {path}"
    for path in below(site.work / "jobs", "*/*/mail"):
        yield f"mailbox {path}"
    for path in below(site.work / "jobs", "*/*/*/*/*/data/*"):
        yield f"scratch {path}"
    for name in site.spool_files():
        yield f"spool file {name}"
    there = {p.name for p in (site.work / "tables").glob("*")}
    rows = site.sql("SELECT file, deleted FROM data_table")
    named = {r[0] for r in rows}
    for name in sorted(there - named):
        yield f"table file {name} that no row names"
    for name in sorted({r[0] for r in rows if r[1] == "0"} - there):
        yield f"table file {name} is gone"


def invariants(site):
    try:
        rows = site.sql(INVARIANTS.read_text())
    except private_site.SiteError as e:
        yield f"{INVARIANTS.name}: {e}"
        return
    for row in rows:
        yield "invariant: " + ": ".join(row)
