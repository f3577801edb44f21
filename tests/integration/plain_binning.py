"""The formulas of HeteroFeatureBinning once more, in NumPy and plain Python
(contract: components, section 5.2), for the tests to compare with."""
import math
from fractions import Fraction

import numpy as np

INF = math.inf


# ---- split points ----

def quantiles(column, bins, error=0.001):
    """Of so few rows that the summary merges none: the value of the rank,
    less the one row that the error allows."""
    rows = np.sort(column[~np.isnan(column)])
    n, out = len(rows), []
    for i in range(1, bins + 1):
        q = i / bins
        k = n - 1 if q >= 1 - error else 0 if q <= error else \
            math.ceil(q * n) - 1
        out.append(rows[k])
    return np.unique(out)


class Sketch:
    """The summary (contract: section 11): of each entry its value, g and
    delta."""

    def __init__(self, values, error=0.001, head_size=10000,
                 compress_thres=10000):
        self.error, self.count, self.entries = error, 0, np.empty((0, 3))
        for at in range(0, len(values), head_size):
            head = np.sort(values[at:at + head_size])
            self.insert(head)
            if len(head) < head_size or len(self.entries) >= compress_thres:
                self.compress()

    def insert(self, head):
        old, n = self.entries, len(head)
        place = np.searchsorted(old[:, 0], head, "right") + np.arange(n)
        counts = self.count + 1 + np.arange(n)
        delta = np.floor(2 * self.error * counts)
        delta[(place == 0) | (place == len(old) + n - 1)] = 0
        new = np.empty((len(old) + n, 3))
        new[place] = np.stack([head, np.ones(n), delta], axis=1)
        new[np.setdiff1d(np.arange(len(new)), place)] = old
        self.count, self.entries = self.count + n, new

    def compress(self):
        most = 2 * self.error * self.count
        first, *rest = self.entries.tolist()
        kept = rest[-1:]
        for v, g, delta in rest[-2::-1]:
            if g + kept[-1][1] + kept[-1][2] < most:
                kept[-1][1] += g
            else:
                kept.append([v, g, delta])
        self.entries = np.array([first] + kept[::-1])

    def query(self, qs):
        """The first value within reach of each rank."""
        values, g, delta = self.entries.T
        low = np.cumsum(g[1:-1])
        high, off = low + delta[1:-1], math.ceil(self.error * self.count)
        for q in qs:
            rank = math.ceil(q * self.count)
            near = (high - off <= rank) & (rank <= low + off)
            if q <= self.error:
                yield values[0]
            elif q >= 1 - self.error or not near.any():
                yield values[-1]
            else:
                yield values[1:-1][near.argmax()]


def summary(column, bins, **settings):
    """Split points of any number of rows, in the table's order."""
    sketch = Sketch(column[~np.isnan(column)], **settings)
    return np.unique(list(sketch.query(
        i / bins for i in range(1, bins + 1))))


def buckets(column, bins):
    """All of them, also where they are equal."""
    low, high = np.nanmin(column), np.nanmax(column)
    return np.array([low + k * ((high - low) / bins)
                     for k in range(1, bins)] + [high])


def place(column, splits):
    """Missing values are in the last bin."""
    return np.where(np.isnan(column), len(splits) - 1, np.minimum(
        np.searchsorted(splits, column), len(splits) - 1))


# ---- counts and what they say ----

def count(bins, n, y):
    """(events, others) of each of n bins."""
    return [(int(np.sum(y[bins == k])), int(np.sum(~y[bins == k])))
            for k in range(n)]


def statistics(counts, adjustment=0.5):
    events = max(sum(e for e, _ in counts), 1)
    others = max(sum(o for _, o in counts), 1)
    rates = [((e + (0 if e and o else adjustment)) / events,
              (o + (0 if e and o else adjustment)) / others)
             for e, o in counts]
    woe = [math.log(e / o) for e, o in rates]
    iv = [(e - o) * w for (e, o), w in zip(rates, woe)]
    return {"eventCountArray": [str(e) for e, _ in counts],
            "nonEventCountArray": [str(o) for _, o in counts],
            "eventRateArray": [e for e, _ in rates],
            "nonEventRateArray": [o for _, o in rates],
            "woeArray": woe, "ivArray": iv, "iv": sum(iv),
            "isWoeMonotonic": woe in (sorted(woe),
                                      sorted(woe, reverse=True)),
            "binNums": str(len(counts))}


# ---- optimal ----

def iv_of(bin_, total):
    e, o = bin_
    more = 0 if e and o else 0.5
    e, o = (e + more) / total[0], (o + more) / total[1]
    return (e - o) * math.log(e / o)


def gini_of(bin_):
    n = sum(bin_)
    return 1 - (bin_[0] / n) ** 2 - (bin_[1] / n) ** 2 if n else 0


def chi_square(a, b):
    """Exact: of equal ones the leftmost counts."""
    both = add(a, b)
    if not all(both):
        return -INF
    out = Fraction(0)
    for row in (a, b):
        for seen, total in zip(row, both):
            expected = Fraction(sum(row) * total, sum(both))
            out += (seen - expected) ** 2 / expected if expected else 0
    return out


SCORES = {
    "iv": lambda a, b, t: iv_of(a, t) + iv_of(b, t) - iv_of(add(a, b), t),
    "gini": lambda a, b, t: gini_of(add(a, b)) - gini_of(a) - gini_of(b),
    "chi_square": lambda a, b, t: chi_square(a, b)}


def add(a, b):
    return a[0] + b[0], a[1] + b[1]


def merge(counts, metric, bins, low, high, mixture):
    """Which bin ends each merged one."""
    total = tuple(max(sum(c[k] for c in counts), 1) for k in (0, 1))
    n = sum(map(sum, counts))
    most, least = math.floor(high * n), math.ceil(low * n)
    groups = [(c, k) for k, c in enumerate(counts)]     # (counts, last)

    def run(bad, needed, enough):
        while len(groups) > 1 and not enough():
            best = None
            for i in range(len(groups) - 1):
                a, b = groups[i][0], groups[i + 1][0]
                if sum(a) + sum(b) > most or bad(a) + bad(b) < needed:
                    continue
                score = SCORES[metric](a, b, total) if sum(add(a, b)) \
                    else -INF
                if best is None or score < best[0]:
                    best = score, i
            if best is None:
                return
            i = best[1]
            groups[i:i + 2] = [(add(groups[i][0], groups[i + 1][0]),
                                groups[i + 1][1])]

    def pure(c):
        return not (c[0] and c[1])

    def small(c):
        return sum(c) < least

    for bad in [pure] * mixture + [small]:
        for needed in (2, 1):
            run(bad, needed,
                lambda bad=bad: not any(bad(c) for c, _ in groups))
    run(lambda c: False, 0, lambda: len(groups) <= bins)
    return [last for _, last in groups]


def split(counts, bins, low, mixture):
    """KS: breadth first, at the widest gap between the two shares."""
    c = np.array(counts)
    least = math.ceil(low * c.sum())
    ends, queue = [], [(0, len(c))]

    def sides(a, b, at):
        return c[a:at + 1].sum(0), c[at + 1:b].sum(0)

    def cut(a, b):
        total = c[a:b].sum(0)
        if b - a < 2 or not total.all():
            return None
        share = np.cumsum(c[a:b], 0) / total
        gap = np.abs(share[:, 0] - share[:, 1])
        at = a + (int(gap.argmax()) if gap.max() > 0 else (b - a) // 2)
        if min(s.sum() for s in sides(a, b, at)) < least:
            at = a + (b - a) // 2
        left, right = sides(a, b, at)
        if at == b - 1 or min(left.sum(), right.sum()) < least or (
                mixture and not (left.all() and right.all())):
            return None
        return at, right.sum() > left.sum()

    while queue and len(ends) < bins - 1:
        a, b = queue.pop(0)
        found = cut(a, b)
        if found:
            at, right_first = found
            ends.append(at)
            halves = [(a, at + 1), (at + 1, b)]
            queue += halves[::-1] if right_first else halves
    if not ends and len(c) > 1:
        ends = [len(c) // 2 - 1]
    return sorted(ends) + [len(c) - 1]


def optimal(counts, metric, bins=10, low=0.05, high=1.0, mixture=True):
    metric = metric.replace("-", "_")
    return split(counts, bins, low, mixture) if metric == "ks" else \
        merge(counts, metric, bins, low, high, mixture)


def joined(counts, last):
    first = [0] + [k + 1 for k in last[:-1]]
    return [tuple(map(sum, zip(*counts[a:b + 1])))
            for a, b in zip(first, last)]
