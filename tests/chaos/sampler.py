"""Looks at the rows of living jobs all the time, and holds every change that
it sees against the table of transitions in docs/states.md."""
import pathlib
import re
import select
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PERIOD = 0.05
GAP = 1.0           # seconds between answers: database or machine are slow
ANSWER_SECONDS = 30
ROW = re.compile(r"^\| (job|task) \| (\w+) \| (\w+) \| (\w+) \|")


def transitions(path=ROOT / "docs/states.md"):
    """{kind: {(from, to): {event}}} as the document prints it."""
    table = {"job": {}, "task": {}}
    for line in path.read_text().splitlines():
        hit = ROW.match(line)
        if hit:
            kind, start, event, end = hit.groups()
            table[kind].setdefault((start, end), set()).add(event)
    assert table["job"] and table["task"], f"no table in {path}"
    return table


def reachable(pairs):
    """All (from, to) that some sequence of these leads along."""
    closure = set(pairs)
    while True:
        more = {(a, d) for a, b in closure for c, d in closure if b == c}
        if more <= closure:
            return closure
        closure |= more


class Rules:
    """What may be seen from one look to the next. A look may miss states in
    between, but an end is left only by the events that say so, and those
    raise a number: the attempt of a task, the runs of a job."""

    AGAIN = {"job": {"rerun"}, "task": {"retry"}}

    def __init__(self, table):
        self.within, self.across = {}, {}
        for kind, moves in table.items():
            once = {pair for pair, events in moves.items()
                    if events - self.AGAIN[kind]}
            self.within[kind] = reachable(once)
            self.across[kind] = reachable(set(moves))

    def fault(self, kind, old, new):
        """old and new: (status, number). A text, or None when legal."""
        if old == new or old is None:
            return None
        pair = (old[0], new[0])
        if new[1] < old[1]:
            return f"its number fell from {old[1]} to {new[1]}"
        legal = self.within if new[1] == old[1] else self.across
        if pair in legal[kind] or pair[0] == pair[1]:
            return None
        return f"{pair[0]} became {pair[1]} (number {old[1]} to {new[1]})"


class Client:
    """The mariadb client, kept running; restarted with its server."""

    def __init__(self, socket):
        self.argv = ["mariadb", "--no-defaults", f"--socket={socket}", "-u",
                     "root", "-N", "-B", "--unbuffered", "--connect-timeout=5",
                     "fateflow"]
        self.process, self.n, self.rest = None, 0, b""

    def close(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
        self.process, self.rest = None, b""

    def rows(self, text):
        """Rows as lists of texts, or None when there is no answer."""
        if self.process is None or self.process.poll() is not None:
            self.close()
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, bufsize=0)
        self.n += 1
        mark = f"end-of-answer-{self.n}"
        try:
            self.process.stdin.write(f"{text};\nSELECT '{mark}';\n".encode())
            return self._read(mark)
        except (OSError, EOFError, TimeoutError):
            self.close()
            return None

    def _read(self, mark):
        lines, end = [], time.monotonic() + ANSWER_SECONDS
        while True:
            while b"\n" in self.rest:
                line, _, self.rest = self.rest.partition(b"\n")
                line = line.decode(errors="replace")
                if line == mark:
                    return [row.split("\t") for row in lines]
                lines.append(line)
            left = end - time.monotonic()
            if left < 0 or not select.select([self.process.stdout], [], [],
                                             left)[0]:
                raise TimeoutError
            piece = self.process.stdout.read(1 << 16)
            if not piece:
                raise EOFError
            self.rest += piece


class Seen:
    """What is known of one job from looking."""

    def __init__(self, absent, at):
        self.absent = absent            # a look that began without it
        self.started = None             # seen running first
        self.ended = None               # seen at an end first
        self.changed = at               # anything of it, task or row
        self.still = 0.0                # longest without a change, running
        self.idle = 0.0                 # and that while all was well
        self.job = None                 # (status, runs)
        self.fence = 0
        self.owner = 0
        self.facts = None
        self.tasks = {}                 # key: (status, attempt)


JOBS = """SELECT job_id, status, runs, fence, owner, live, retries FROM job_run
WHERE live = 1{more}"""
TASKS = """SELECT f_job_id, f_task_id, f_role, f_party_id, f_status, f_attempt,
f_progress, COALESCE(f_message, '') FROM t_task WHERE f_job_id IN ({ids})"""
ENDS = {"success", "failed", "timeout", "canceled"}


def quoted(ids):
    return ", ".join(f"'{i}'" for i in ids)


class Sampler:
    def __init__(self, socket, well_since=lambda: 0.0):
        """well_since(): since when nothing kept jobs from going on."""
        self.client = Client(socket)
        self.well_since = well_since
        self.rules = Rules(transitions())
        self.seen = {}
        self.live = set()
        self.faults = []        # illegal changes
        self.takeovers = []     # (at, job, old owner, new owner)
        self.owners = {}        # instance: pid
        self.looks = 0
        self.begun = self.answered = 0.0    # the last look
        self.gaps = []          # (from, to), without an answer
        self.errors = []
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.ends.set()
        self.thread.join(ANSWER_SECONDS + 5)
        self.client.close()

    def work(self):
        while not self.ends.wait(PERIOD):
            try:
                self.look()
            except Exception as e:
                self.errors.append(repr(e))
                return

    def look(self):
        begun = time.monotonic()
        more = (f" OR job_id IN ({quoted(self.live)})" if self.live else "")
        rows = self.client.rows(JOBS.format(more=more))
        tasks = []
        if rows:
            tasks = self.client.rows(TASKS.format(
                ids=quoted(r[0] for r in rows)))
        if rows is None or tasks is None:
            return
        self.looks += 1
        self.note_instances()
        at = time.monotonic()
        self.note(rows, tasks, at)
        if self.answered and at - self.answered > GAP:
            self.gaps.append((self.answered, at))
        self.begun, self.answered = begun, at

    def note_instances(self):
        if self.looks % 10 == 1:
            for i, pid in self.client.rows(
                    "SELECT id, pid FROM scheduler_instance") or []:
                self.owners[int(i)] = int(pid)

    def note(self, rows, tasks, at):
        mine = {}
        for t in tasks:
            mine.setdefault(t[0], []).append(t[1:])
        self.live = {r[0] for r in rows if r[5] == "1"}
        for r in rows:
            seen = self.seen.setdefault(r[0], Seen(self.begun, at))
            self.note_job(seen, r, at)
            for t in mine.get(r[0], []):
                self.note_task(seen, r[0], t)
            self.note_rest(seen, r, sorted(mine.get(r[0], [])), at)

    def note_job(self, seen, r, at):
        job, status, runs, fence, owner = r[:5]
        new = (status, int(runs))
        self.check("job", job, seen.job, new)
        if int(fence) < seen.fence:
            self.faults.append(f"job {job}: its fence fell from {seen.fence} "
                               f"to {fence}")
        if status == "running":
            if seen.started is None:
                seen.started = at
            if seen.owner and int(owner) != seen.owner:
                self.takeovers.append((at, job, seen.owner, int(owner)))
            seen.owner = int(owner)
        seen.ended = (seen.ended or at) if status in ENDS else None
        seen.job, seen.fence = new, int(fence)

    def note_task(self, seen, job, t):
        key, new = tuple(t[:3]), (t[3], int(t[4]))
        self.check("task", f"{key[0]} of {key[1]} {key[2]}",
                   seen.tasks.get(key), new)
        seen.tasks[key] = new

    def note_rest(self, seen, r, tasks, at):
        """How long a running job stands still."""
        facts = (r[1], tasks)
        if facts != seen.facts:
            seen.facts, seen.changed = facts, at
        elif r[1] == "running":
            seen.still = max(seen.still, at - seen.changed)
            seen.idle = max(seen.idle,
                            at - max(seen.changed, self.well_since()))

    def check(self, kind, name, old, new):
        fault = self.rules.fault(kind, old, new)
        if fault:
            self.faults.append(f"{kind} {name}: {fault}")
