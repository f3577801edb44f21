#!/usr/bin/env python3
"""Every operation is run again and again, and killed at another of its effects
on the outside each time; README.md beside this file says what must hold.

    tests/crash/crash.py --all                  every point
    tests/crash/crash.py --sample 2 --seed 3    some, chosen by the seed
    tests/crash/crash.py --only submit --point after:7
"""
import argparse
import contextlib
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tools"), str(ROOT / "tests/chaos"),
                str(ROOT / "tests/integration")]

import control  # noqa: E402
import operations  # noqa: E402
import orderly  # noqa: E402
import private_site  # noqa: E402
import rest  # noqa: E402

WHEN = {"before": control.BEFORE, "after": control.AFTER}
POINTS_MAX = 2000


def wait_until_dead(pid):
    def is_dead():
        stat = private_site.stat_of(pid)
        return not stat or stat[0] == "Z"
    private_site.wait_for(f"process {pid} lives", is_dead)


def own_pins(operation):
    """Not those of a class above it."""
    return vars(operation).get("pins", ())


class Found:
    """What was found, and where what is left came from."""

    def __init__(self, site, say):
        self.site, self.say = site, say
        self.lines = []
        self.seen = {}      # a file that may be left: the point it came with
        self.told = set()

    def add(self, name, fault):
        self.say(f"  FOUND {fault}")
        self.lines.append(f"{name}: {fault}")

    def look(self, name):
        with contextlib.suppress(FileNotFoundError):    # it goes meanwhile
            for path in rest.leftovers(self.site):
                self.seen.setdefault(path, name)

    def rest(self):
        """Once everything had its time; what was told before is known."""
        for fault in rest.check(self.site):
            if fault not in self.told:
                self.told.add(fault)
                path = next((p for p in self.seen if p in fault), None)
                self.add(self.seen.get(path, "at some point"), fault)


class Run:
    """The points of one operation on one site."""

    def __init__(self, op, found, say):
        self.site, self.op, self.found, self.say = op.site, op, found, say
        self.points = self.runs = 0
        self.is_blind = False   # an operation without effects

    def name(self, when, n, effects):
        effect = effects[n - 1] if n <= len(effects) else "?"
        effect = re.sub(r"[0-9a-f]{32}", "*", effect)
        effect = effect.replace(f"{self.site.root}/", "")
        return f"{self.op.name}: killed {when} {n} ({effect[:150]})"

    def act(self, marker, when, n):
        """(answer, effects) of one run that is killed there."""
        control_ = self.site.control
        control_.arm(self.op.target, n, WHEN[when])
        try:
            answer = self.op.act(marker)
        finally:
            control_.disarm()
            if control_.killed:
                wait_until_dead(control_.killed)
        return answer, control_.effects()

    def point(self, when, n):
        """The effects of one run, if it was not killed; n may be a pattern,
        as that of Control.arm()."""
        self.runs += 1
        name = marker = f"{self.op.name}-{self.runs}"
        effects = []
        try:
            self.op.prepare(marker)
            answer, effects = self.act(marker, when, n)
            if self.site.control.killed:
                self.points += 1
                name = self.name(when, self.site.control.n, effects)
                effects = []
            elif not effects:
                self.is_blind = True
                self.found.add(name, "no effect was counted")
            self.say(name if not effects else
                     f"{self.op.name}: {len(effects)} effects")
            self.op.heal()
            for fault in self.op.judge(marker, answer):
                self.found.add(name, fault)
        except Exception as e:      # a product that answers otherwise
            self.found.add(name, f"{type(e).__name__}: {e}\n"
                           f"{traceback.format_exc(limit=-3)}")
            self.op.heal()
        self.found.look(name)
        return effects

    def all(self, step):
        for when in WHEN:
            for n in range(1, POINTS_MAX, step):
                if self.point(when, n) or self.is_blind:
                    break

    def sample(self, n_points, rng):
        """The operation's own points, and so many others of those that a run
        without a kill shows."""
        for when, like in own_pins(type(self.op)):
            if self.point(when, like):
                self.found.add(self.op.name, f"no effect is like {like}")
        effects = n_points and self.point("before", control.NEVER)
        points = [(w, i) for w in WHEN
                  for i in range(1, len(effects or []) + 1)]
        for when, i in rng.sample(points, min(n_points, len(points))):
            self.point(when, i)


def parse():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--all", action="store_true")
    p.add_argument("--step", type=int, default=1,
                   help="with --all: every so manieth point")
    p.add_argument("--sample", type=int, default=1,
                   help="points of each operation beside its own")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", action="append", default=[])
    p.add_argument("--point", help="before:N or after:N, or a pattern for N")
    p.add_argument("--bin", default=os.environ.get("FATEFLOW_BIN",
                                                   ROOT / "build/dev/bin"))
    p.add_argument("--folder", help="a folder to be made (default: in /tmp)")
    p.add_argument("--keep", action="store_true")
    args = p.parse_args()
    if not rest.library(args.bin):
        p.error(f"--bin {args.bin}: there is no ../{rest.LIBRARY}, which "
                "counts the effects")
    return args


def choose(args, rng):
    """(operation, how many points beside its own)."""
    named = [c for c in operations.ALL if not args.only or c.name in args.only]
    if args.only or args.all:
        return [(c, args.sample) for c in named]
    slow = [c for c in named if c.is_slow]
    chosen = [c for c in named if not c.is_slow or own_pins(c)]
    chosen += rng.sample([c for c in slow if not own_pins(c)], 1)
    return [(c, 0 if c.is_slow and own_pins(c) else args.sample)
            for c in chosen]


def play(args, root, say):
    rng = random.Random(args.seed)
    points = 0
    site = rest.make(root, args.bin)
    found = Found(site, say)
    try:
        rest.start(site)
        for make, n in choose(args, rng):
            begun, before = time.monotonic(), len(found.lines)
            run = Run(make(site), found, say)
            run.op.begin()
            if args.point:
                when, at = args.point.split(":")
                run.point(when, int(at) if at.isdigit() else at)
            elif args.all:
                run.all(args.step)
            else:
                run.sample(n, rng)
            run.op.end()
            if args.all:
                found.rest()
            points += run.points
            say(f"{make.name}: {run.points} points, "
                f"{len(found.lines) - before} found, "
                f"{time.monotonic() - begun:.1f} s")
        found.rest()
    finally:
        site.stop()
    return found.lines, points


def main():
    args = parse()
    orderly.stop_on_signals()
    root = pathlib.Path(args.folder or
                        tempfile.mkdtemp(prefix="fateflow-crash-"))
    root.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    found, points = play(args, root, lambda t: print(t, flush=True))
    if not points:
        found.append("nobody was killed at any point")
    print(f"points: {points}, found: {len(found)}, "
          f"{time.monotonic() - begun:.0f} s")
    if found:
        print(f"the site is {root}:")
        print("\n".join(f"  {line}" for line in found))
    elif not args.keep:
        shutil.rmtree(root, ignore_errors=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
