"""The faults of a chaos run: a plan that is a pure function of the seed, and
the hand that carries it out.

What dies is started again after a while, as systemd would: a service with all
that is left of its process group, except that tasks outlive a scheduler.
"""
import contextlib
import heapq
import itertools
import math
import os
import pathlib
import random
import resource
import shutil
import signal
import threading
import time
import typing

import sampler
from private_site import children, is_alive, stat_fields, stat_of

KILL, PAUSE = "kill", "pause"
PAUSE_MAX = 15.0
CLOCK_MAX = 4000        # seconds off, either way
FULL_MAX = 6.0
SQUEEZE_MAX = 4.0

# kind: weight. "what victim" for processes, else one word.
WEIGHTS = {
    "kill scheduler": 7, "kill scheduler2": 7, "kill supervisor": 7,
    "kill component": 9, "kill api-worker": 7, "kill bulk-worker": 5,
    "kill api": 3, "kill bulk": 3, "kill nginx": 3, "kill nginx-worker": 4,
    "kill mariadb": 3,
    "pause scheduler": 6, "pause scheduler2": 6, "pause supervisor": 4,
    "pause component": 4, "pause api-worker": 3, "pause bulk-worker": 2,
    "pause api": 1, "pause bulk": 1, "pause nginx": 1,
    "pause nginx-worker": 2, "pause mariadb": 2,
    "disk": 4, "clock": 4, "connections": 6, "squeeze": 3, "doorbell": 3,
}
FLEETING = {"supervisor", "component"}
WAIT_FOR_VICTIM = 5.0
# Whose end takes its group along when it is started again.
WITH_GROUP = {"api", "bulk", "nginx"}


class Fault(typing.NamedTuple):
    number: int
    at: float           # seconds after the start
    kind: str
    index: int          # which of the victims, modulo their number
    seconds: float      # how long it lasts, or until the restart
    amount: int         # of a clock step


def plan(seed, n, seconds):
    rng = random.Random(f"faults-{seed}")
    kinds = list(WEIGHTS)
    first = kinds[:]
    rng.shuffle(first)
    times = sorted(rng.uniform(0.5, max(seconds, 1)) for _ in range(n))
    out = []
    for i, at in enumerate(times):
        # Each kind once before any comes again by chance.
        kind = (first[i] if i < len(first) else
                rng.choices(kinds, list(WEIGHTS.values()))[0])
        longest = {"pause": PAUSE_MAX, "disk": FULL_MAX, "clock": 8.0,
                   "squeeze": SQUEEZE_MAX}.get(kind.split()[0], 2.0)
        out.append(Fault(i, at, kind, rng.randrange(1 << 16),
                         rng.uniform(0.1, longest),
                         rng.randint(-CLOCK_MAX, CLOCK_MAX)))
    return out


def process_of(pid):
    """(pid, start time), which no other process ever has; or None."""
    stat = stat_of(pid)
    return (pid, stat[1]) if stat and stat[0] != "Z" else None


def is_own_process(pid):
    """False for the one that the leak sanitizer clones from an ending process
    in order to look at it: no signal tells of its end, so that whoever waits
    for it, waits for ever when it was killed."""
    fields = stat_fields(pid)
    return bool(fields) and fields[35] != "0"   # its exit signal


def send(process, number):
    pid, started = process
    if not is_alive(pid, started):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def task_folder(pid):
    """The folder of the task that a process works for, or None."""
    try:
        argv = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    words = argv.decode(errors="replace").rstrip("\0").split("\0")
    return words[-1] if len(words) > 1 else None


class Hit(typing.NamedTuple):
    """One fault that happened to something."""
    at: float           # monotonic
    until: float
    fault: Fault
    pid: int
    folder: str         # of the task, or ""


class Hand:
    """Carries out a plan against a site, in a thread of its own."""

    def __init__(self, site, faults, services, clock_file, log_path):
        self.site, self.services = site, services
        self.clock_file = clock_file
        self.is_disk_small = os.path.ismount(site.work)
        self.log = open(log_path, "w", buffering=1)
        self.begun = time.monotonic()
        self.hits, self.missed = [], []
        self.own_ends = []      # services that ended without a fault
        self.killed = set()     # processes that we ended
        self.paused = {}        # process: how many pauses hold it
        self.due = {}           # service: when it may be started again
        self.left_over = {}     # service: processes of its old group
        self.full_until = 0
        self.full = []          # [from, to], monotonic, of a full disk
        self.well_since = self.begun
        self.client = sampler.Client(site.db_socket)
        self.heap = [(f.at, i, self.begin, f) for i, f in enumerate(faults)]
        heapq.heapify(self.heap)
        self.n = len(self.heap)
        self.errors = []
        self.ends = threading.Event()
        self.gives_up = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def start(self):
        self.thread.start()

    def is_done(self):
        return not self.heap

    def stop(self):
        """Lets the services be, all of them running and none disturbed."""
        self.ends.set()
        self.thread.join(60)
        self.client.close()

    def give_up(self):
        """The site is about to be stopped, whatever is planned: starts no
        service again, and takes what its stop would not find or not move."""
        self.gives_up.set()
        if self.thread.is_alive():
            self.thread.join(40)
        for process in self.paused:
            send(process, signal.SIGCONT)
        for process in itertools.chain(*self.left_over.values()):
            send(process, signal.SIGKILL)

    def now(self):
        return time.monotonic() - self.begun

    def say(self, text):
        self.log.write(f"{self.now():9.3f} {text}\n")

    def later(self, seconds, act, arg):
        self.n += 1
        heapq.heappush(self.heap, (self.now() + seconds, self.n, act, arg))

    def work(self):
        while not self.gives_up.is_set() and (
                not self.ends.is_set() or self.heap or self.are_down()):
            try:
                while self.heap and (self.heap[0][0] <= self.now()):
                    _, _, act, arg = heapq.heappop(self.heap)
                    act(arg)
                self.care()
                if not self.is_well():
                    self.well_since = time.monotonic()
            except Exception as e:
                self.errors.append(repr(e))
                self.say(f"ERROR {e!r}")
            time.sleep(0.02)

    # ---- the services ----

    def are_down(self):
        return not all(self.site.pid(name) for name in self.services)

    def care(self):
        """Starts again what is due."""
        for name in self.services:
            if self.site.pid(name):
                continue
            if name not in self.due:
                self.note_own_end(name)
            if self.now() < self.due[name]:
                continue
            for process in self.left_over.pop(name, []):
                send(process, signal.SIGKILL)
            p = self.site.process(name)
            argv, stamp, _ = p.read()["stamp"]
            env = None if name in ("mariadb", "nginx") else self.site.env
            p.start(argv, stamp, env)
            del self.due[name]
            self.say(f"started {name} as {p.pid}")

    def is_well(self):
        """Can anything go on: do the database and a scheduler work?"""
        return self.is_at_work("mariadb") and any(
            map(self.is_at_work, ("scheduler", "scheduler2")))

    def is_at_work(self, name):
        pid = self.site.pid(name)
        return pid is not None and process_of(pid) not in self.paused

    def note_own_end(self, name):
        """Nobody killed it; systemd would start it again after a second."""
        record = self.site.process(name).read()
        if (record["pid"], record["started"]) not in self.killed:
            self.own_ends.append((self.now(), name))
            self.say(f"{name} ended by itself")
        self.due[name] = self.now() + 1

    # ---- victims ----

    def tasks(self, is_component):
        found = []
        for pid in filter(is_own_process, self.site.tasks()):
            stat = stat_of(pid)
            parent = stat and task_folder(stat[2])
            if stat and (parent == task_folder(pid)) == is_component:
                found.append(pid)
        return found

    def victims(self, who):
        if who == "supervisor":
            return self.tasks(False)
        if who == "component":
            return self.tasks(True)
        if who.endswith("-worker"):
            master = self.site.pid(who[:-len("-worker")])
            return children(master) if master else []
        pid = self.site.pid(who)
        return [pid] if pid else []

    def begin(self, f):
        word, _, who = f.kind.partition(" ")
        if not who:
            self.note(f, getattr(self, f"do_{word}")(f))
            return
        pids = sorted(self.victims(who))
        process = pids and process_of(pids[f.index % len(pids)])
        if not process:
            # Tasks are short: the next one will do.
            if who in FLEETING and self.now() < f.at + WAIT_FOR_VICTIM:
                self.later(0.02, self.begin, f)
            else:
                self.note(f, None)
            return
        folder = (task_folder(process[0]) or ""
                  if who in FLEETING else "")
        if word == KILL:
            self.kill(f, who, process)
        else:
            self.pause(f, process)
        self.note(f, (process[0], folder))

    def note(self, f, what):
        """`what`: (pid, folder), or None when there was nothing to hit."""
        if what is None:
            self.missed.append(f)
            self.say(f"#{f.number} {f.kind}: nobody there")
            return
        at = time.monotonic()
        self.hits.append(Hit(at, at + f.seconds, f, *what))
        self.say(f"#{f.number} {f.kind} for {f.seconds:.2f} s: "
                 f"pid {what[0]} {what[1]}")

    def kill(self, f, who, process):
        if who in self.services:
            if who in WITH_GROUP:
                group = filter(None, map(process_of, children(process[0])))
                self.left_over.setdefault(who, []).extend(group)
            self.due[who] = self.now() + f.seconds
            self.killed.add(process)
        send(process, signal.SIGKILL)

    def pause(self, f, process):
        self.paused[process] = self.paused.get(process, 0) + 1
        send(process, signal.SIGSTOP)
        self.later(f.seconds, self.go_on, process)

    def go_on(self, process):
        self.paused[process] -= 1
        if not self.paused[process]:
            del self.paused[process]
            send(process, signal.SIGCONT)
            self.say(f"continued {process[0]}")

    # ---- faults that are no signals ----

    def do_disk(self, f):
        """A full disk; where none can be mounted, tasks that may write no
        more."""
        if not self.is_disk_small:
            done = [pid for pid in self.site.tasks() if self.limit(pid)]
            if not done:
                return None
            for pid in done[1:]:
                self.note(f._replace(seconds=0),
                          (pid, task_folder(pid) or ""))
            return done[0], task_folder(done[0]) or ""
        ballast = self.site.work / "ballast"
        if not self.full or self.full[-1][1] < math.inf:
            self.full.append([time.monotonic(), math.inf])
        with open(ballast, "ab") as out:
            free = shutil.disk_usage(self.site.work).free
            with contextlib.suppress(OSError):
                os.posix_fallocate(out.fileno(), 0,
                                   os.fstat(out.fileno()).st_size + free)
        self.full_until = max(self.full_until, self.now() + f.seconds)
        self.later(f.seconds, self.free_disk, ballast)
        return 0, ""

    def limit(self, pid):
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
        except (OSError, ValueError):
            return False
        return True

    def free_disk(self, ballast):
        if self.now() >= self.full_until:
            ballast.unlink(missing_ok=True)
            self.full[-1][1] = time.monotonic()
            self.say("disk has room again")

    def do_clock(self, f):
        if not self.clock_file:
            return None
        self.set_clock(f.amount)
        self.later(f.seconds, self.set_clock, 0)
        return 0, ""

    def set_clock(self, seconds):
        """In place: what preloads the library keeps the file open."""
        with open(self.clock_file, "r+") as out:
            out.write(f"{seconds:+}\n")
            out.truncate()
        self.say(f"clock is {seconds:+} s off")

    def sql(self, text):
        """Through one connection, which is there when there is room for no
        other. Not of a server that this thread must let go on: it would wait
        for itself."""
        pid = self.site.pid("mariadb")
        if not pid or process_of(pid) in self.paused:
            return None
        rows = self.client.rows(text)
        if rows is None:
            self.say(f"no answer to {text}")
        return rows

    def do_connections(self, f):
        """Ends up to three sessions of ours."""
        rows = self.sql("SELECT id FROM information_schema.processlist "
                        "WHERE user = 'fateflow' ORDER BY id")
        if not rows:
            return None
        for i in range(min(3, len(rows))):
            row = rows[(f.index + i) % len(rows)]
            self.sql(f"KILL CONNECTION {row[0]}")
        return 0, ""

    def do_squeeze(self, f):
        rows = self.sql("SELECT @@max_connections; "
                        "SET GLOBAL max_connections = 10")
        if not rows:
            return None
        self.later(f.seconds, self.widen, 200)
        return 0, ""

    def widen(self, n):
        """Until it is done: the database may not answer just now."""
        if self.sql(f"SET GLOBAL max_connections = {n}") is None:
            self.later(0.3, self.widen, n)

    def do_doorbell(self, f):
        """The socket's name goes; its scheduler keeps a bell nobody finds."""
        path = self.site.run / "doorbell"
        if not path.exists():
            return None
        path.unlink(missing_ok=True)
        return 0, ""

    # ---- the end ----

    def table(self):
        """Rows (kind, planned, happened)."""
        planned, happened = {}, {}
        for f in [h.fault for h in self.hits] + self.missed:
            planned[f.kind] = planned.get(f.kind, 0) + 1
        for h in self.hits:
            happened[h.fault.kind] = happened.get(h.fault.kind, 0) + 1
        return [(k, planned[k], happened.get(k, 0)) for k in WEIGHTS
                if k in planned]
