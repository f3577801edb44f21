"""An iteration of a linear model by itself: the three tasks run side by side
without a site, and are looked at whenever the arbiter has written a loss.

    epoch = Epochs(bin_dir, folder, rows, columns).run(n, portable)
    epoch = Epochs(bin_dir, folder, rows, columns, "HeteroPoisson").run(n)
"""
import contextlib
import dataclasses
import pathlib
import random
import signal
import struct
import time

import taskdir

PARAMETERS = {
    "penalty": "L2", "tol": 1e-30, "alpha": 0.01, "optimizer": "sgd",
    "batch_size": -1, "learning_rate": 0.15, "early_stop": "diff",
    "decay": 1, "decay_sqrt": True, "validation_freqs": None,
    "early_stopping_rounds": None, "metrics": ["auc"],
    "use_first_metric_only": False, "predict_param": {"threshold": 0.5},
    "init_param": {"init_method": "zeros", "fit_intercept": True,
                   "random_seed": None},
    "encrypt_param": {"method": "Paillier", "key_length": 1024}}


@dataclasses.dataclass
class Epoch:
    wall_s: float       # of one iteration
    cpu_s: float        # of all parties
    pss: int            # bytes, of all parties, the highest


def cpu_s(pid):
    """Processor time of a process so far, to the nanosecond."""
    text = pathlib.Path(f"/proc/{pid}/schedstat").read_text()
    return int(text.split()[0]) / 1e9


def pss(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines()
                if line.startswith("Pss:"))


class Epochs:
    def __init__(self, bin_dir, folder, rows, columns, module="HeteroLR"):
        taskdir.TASK = bin_dir / "fateflow-task"
        self.folder, self.rows, self.columns = folder, rows, columns
        self.tables = {"guest": self.table("guest", columns // 2, True),
                       "host": self.table("host", columns - columns // 2)}
        self.n_runs, self.module = 0, module

    def table(self, name, columns, label=False):
        """Random numbers; a seed, so that every run does the same work."""
        rng, pack = random.Random(name), struct.Struct(f"<{columns}d").pack
        return taskdir.write_table(
            self.folder / f"{name}.table", [f"x{j}" for j in range(columns)],
            ((f"{i:07d}", i % 2 if label else None,
              pack(*[2 * rng.random() - 1 for _ in range(columns)]))
             for i in range(self.rows)))

    def start(self, n, portable):
        self.n_runs += 1
        c = taskdir.Component(self.folder / f"run{self.n_runs}", self.module,
                              {**PARAMETERS, "max_iter": n + self.spare()},
                              "linear_0")
        for role, party in (("guest", 1), ("host", 2), ("arbiter", 3)):
            c.party(role, party, data=[taskdir.data_input(
                self.tables.get(role), "train_data", "intersection_0")])
        c.write()
        for p in c.parties:
            p.start({"FATEFLOW_PORTABLE": "1" if portable else "0"})
        return c

    def spare(self):
        """Iterations that are not measured: the first, and so many at the end
        that no task has ended by the time it is looked at, since losses are
        written twice a second."""
        return 70 if self.rows < 10000 else 2

    def run(self, n, portable=False, whole=False):
        """The mean of n iterations. The first is left out; with `whole` the
        scores that follow are waited for: the peak is of everything."""
        c = self.start(n, portable)
        seen, peak, marks = 0, 0, {}
        losses = c["arbiter-3"].folder / "metrics.jsonl"
        pause = 0.001 if self.rows < 10000 else 0.02
        try:
            while seen <= n or (whole and self.alive(c)):
                time.sleep(pause)
                if seen <= n and not self.alive(c):
                    raise RuntimeError(c.account())
                if self.rows >= 10000 or seen % 10 == 9:
                    peak = max(peak, self.look(c, pss))
                text = losses.read_text() if losses.exists() else ""
                now = text.count('"t":"point"')
                if now > seen and (not marks or now > n >= seen):
                    marks[now] = time.monotonic(), self.cpu(c)
                seen = max(seen, now)
        finally:
            c.signal(signal.SIGTERM)
            c.wait()
        first, last = min(marks), max(marks)
        return Epoch(*((b - a) / (last - first) for a, b in
                       zip(marks[first], marks[last])), peak)

    @staticmethod
    def alive(c):
        return any(p.process.poll() is None for p in c.parties)

    @staticmethod
    def cpu(c):
        """Of the tasks that run a component: one that has ended would be
        missing from the sum, so that is an error."""
        return sum(cpu_s(p.child()) for p in c.parties)

    @staticmethod
    def look(c, what):
        """The sum over the tasks that run a component."""
        total = 0
        for p in c.parties:
            with contextlib.suppress(OSError, StopIteration):
                total += what(p.child() or p.process.pid)
        return total
