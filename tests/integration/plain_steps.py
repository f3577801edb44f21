"""What the components make of the parties' tables, once more on NumPy arrays
(contract: components, sections 4, 5 and 10): a frame a party goes in, a frame
and the numbers of the model come out. Given the latter, other rows are treated
as a prediction treats them."""
import dataclasses
import math

import numpy as np

import plain_binning
from taskdir import fate_order

MISSING = ("", "none", "null", "na")


@dataclasses.dataclass
class Frame:
    """A party's rows in FATE's order; y only at the guest."""
    name: str
    ids: list
    header: list
    x: np.ndarray
    y: np.ndarray = None

    def of(self, **other):
        return dataclasses.replace(self, **other)

    def take(self, rows):
        return self.of(ids=[self.ids[i] for i in rows], x=self.x[rows],
                       y=None if self.y is None else self.y[rows])

    def keep(self, names):
        return self.of(header=list(names), x=self.x[:, [
            self.header.index(name) for name in names]])


# ---- DataIO and Intersection ----

def statistics_of(x, where, method, value):
    """What each column's cells there are replaced by."""
    if method in (None, "designated"):
        return [value] * x.shape[1]
    get = {"mean": np.nanmean, "min": np.nanmin, "max": np.nanmax}[method]
    return [round(float(get(c[~w])), 6) for c, w in zip(x.T, where.T)]


def data_io(part, p, learned=None):
    """The frame and {"imputer" | "outlier": (values, shares)}."""
    x, odd, out = part.x.copy(), dict(part.odd), {}
    for what, on, listed, method, value in (
            ("imputer", "missing_fill", "missing_impute",
             "missing_fill_method", "default_value"),
            ("outlier", "outlier_replace", "outlier_impute",
             "outlier_replace_method", "outlier_replace_value")):
        if not p.get(on):
            continue
        where = np.zeros(x.shape, bool)
        for at, text in list(odd.items()):
            if text in (p.get(listed) or MISSING):
                where[at] = True
                del odd[at]
        values = learned[what][0] if learned else statistics_of(
            x, where, p.get(method), p.get(value, 0))
        x = np.where(where, values, x)
        out[what] = values, where.mean(axis=0).tolist()
    order = {i: k for k, i in enumerate(part.ids)}
    rows = [order[i] for i in fate_order(part.ids)]
    frame = Frame(part.name, part.ids, part.header, x,
                  None if part.y is None else np.array(part.y))
    return frame.take(rows), out


def common(frames):
    ids = set.intersection(*(set(f.ids) for f in frames))
    return [f.take([k for k, i in enumerate(f.ids) if i in ids])
            for f in frames]


# ---- FeatureScale ----

def scale(frame, p, learned=None):
    """Over all columns; upper, lower, mean and deviation of each."""
    x = frame.x
    is_min_max = p.get("method", "min_max_scale") == "min_max_scale"
    if not learned:
        mean = np.nanmean(x, axis=0)
        variance = np.nanmean((x - mean) ** 2, axis=0)
        std = np.where(variance < 1e-6, 1, np.sqrt(variance))
        learned = (np.nanmax(x, axis=0), np.nanmin(x, axis=0),
                   mean * (not is_min_max), std * (not is_min_max))
    high, low, mean, std = learned
    if is_min_max:
        mean, std = low, np.where(high > low, high - low, 1)
    return frame.of(x=(np.clip(x, low, high) - mean) / std), learned


# ---- HeteroFeatureBinning ----

def cut(frame, p):
    way = {"quantile": plain_binning.quantiles,
           "bucket": plain_binning.buckets}[p.get("method", "quantile")]
    return [way(column, p.get("bin_num", 10)) for column in frame.x.T]


def is_within(column, splits, bins, error=0.001):
    """Whether each quantile's rank is off by no more than the error."""
    rows = np.sort(column[~np.isnan(column)])
    n, room = len(rows), math.ceil(error * len(rows)) + 1
    if splits[-1] != rows[-1] or len(splits) > bins:
        return False
    for i in range(1, bins):
        want = math.ceil(i / bins * n) - 1
        near = np.asarray(splits)[
            (np.searchsorted(rows, splits) <= want + room) &
            (np.searchsorted(rows, splits, "right") - 1 >= want - room)]
        if not len(near):
            return False
    return True


def bins_of(frame, splits):
    return np.array([plain_binning.place(column, s)
                     for column, s in zip(frame.x.T, splits)]).T


def statistics(frame, splits, y):
    bins = bins_of(frame, splits)
    return [plain_binning.statistics(plain_binning.count(
        bins[:, j], len(s), y == 1)) for j, s in enumerate(splits)]


def transformed(frame, splits, stats, kind):
    """A host does not know its woe and leaves its values."""
    bins = bins_of(frame, splits)
    if kind == "bin_num":
        return frame.of(x=bins.astype(float))
    if kind == "woe" and frame.y is not None:
        return frame.of(x=np.array([
            np.array(s["woeArray"])[bins[:, j]]
            for j, s in enumerate(stats)]).T)
    return frame


# ---- HeteroFeatureSelection ----

def top_share(column):
    return np.unique(column, return_counts=True)[1].max() / len(column)


def variation(x):
    mean = x.mean(axis=0)
    return np.abs(x.std(axis=0) / np.where(np.abs(mean) < 1e-6, 1e-6, mean))


LOCAL = {    # a value of each column, and which columns it lets pass
    "unique_value": (
        lambda x, p: np.ptp(x, axis=0),
        lambda v, p, n: v >= p.get("unique_param", {}).get("eps", 1e-5)),
    "coefficient_of_variation_value_thres": (
        lambda x, p: variation(x),
        lambda v, p, n: v >= p["variance_coe_param"]["value_threshold"]),
    "percentage_value": (
        lambda x, p: np.array([top_share(c) for c in x.T]),
        lambda v, p, n: np.round(v * n) <= math.ceil(
            n * p["percentage_value_param"]["upper_pct"])),
}


def threshold(method, ivs, p):
    """Of all parties' values the one that a column must be above."""
    falling = sorted((v for iv in ivs for v in iv.values()), reverse=True)
    if method == "iv_value_thres":
        return p["iv_value_param"]["value_threshold"]
    if method == "iv_percentile":
        share = p["iv_percentile_param"]["percentile_threshold"]
        return falling[math.floor(share * len(falling) - 1e-6)]
    k = p["iv_top_k_param"]["k"]
    return falling[k] if k < len(falling) else -math.inf


def passed(method, values, good):
    """Names that pass; at least the best."""
    best = min if method == "percentage_value" else max
    return [n for n in values if good[n]] or [best(values, key=values.get)]


def select(frames, ivs, p):
    """The frames with what is left, and of each filter what it saw and what
    it left: (method, [{column: value}], [[column]])."""
    steps = []
    for method in p["filter_methods"]:
        if method in LOCAL:
            value, keep = LOCAL[method]
            seen = [dict(zip(f.header, value(f.x, p))) for f in frames]
            good = [{n: keep(v, p, len(frames[0].ids))
                     for n, v in s.items()} for s in seen]
        else:
            seen = [{n: iv[n] for n in f.header}
                    for f, iv in zip(frames, ivs)]
            edge = threshold(method, seen, p)
            good = [{n: v > edge for n, v in s.items()} for s in seen]
        left = [passed(method, s, g) for s, g in zip(seen, good)]
        frames = [f.keep(names) for f, names in zip(frames, left)]
        steps.append((method, seen, left))
    return frames, steps


# ---- OneHotEncoder ----

def one_hot(frame, values=None):
    """And {column: its values}."""
    values = values or {n: [int(v) for v in np.unique(c)]
                        for n, c in zip(frame.header, frame.x.T)}
    return frame.of(
        header=[f"{n}_{v}" for n, vs in values.items() for v in vs],
        x=np.hstack([(c[:, None] == vs).astype(float) for c, vs in
                     zip(frame.x.T, values.values())])), values


# ---- Evaluation ----

def auc_ks(y, s):
    """By ranks; ks over the scores at each percent of the rows, falling."""
    y, s = np.asarray(y) == 1, np.asarray(s)
    values, place, count = np.unique(s, return_inverse=True,
                                     return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    ones, others = y.sum(), (~y).sum()
    auc = (rank[y].sum() - ones * (ones + 1) / 2) / (ones * others)
    cuts = np.sort(s)[::-1][[int(len(s) * (c / 100)) for c in range(100)]]
    high = [np.sort(s[k]) for k in (y, ~y)]
    tpr, fpr = (1 - np.searchsorted(h, cuts, "right") / len(h) for h in high)
    return auc, (tpr - fpr).max()


def of_classes(y, guess):
    """Accuracy, and the mean over the classes of precision and recall."""
    hit = [((y == c) & (guess == c)).sum() for c in np.unique(y)]
    right = [(h / max((guess == c).sum(), 1), h / (y == c).sum())
             for h, c in zip(hit, np.unique(y))]
    return {"accuracy": (y == guess).mean(),
            "precision": np.mean([r[0] for r in right]),
            "recall": np.mean([r[1] for r in right])}


def of_numbers(y, mu):
    off = y - mu
    return {"explained_variance": 1 - off.var() / y.var(),
            "mean_absolute_error": np.abs(off).mean(),
            "mean_squared_error": (off ** 2).mean(),
            "median_absolute_error": np.median(np.abs(off)),
            "r2_score": 1 - (off ** 2).sum() / ((y - y.mean()) ** 2).sum(),
            "root_mean_squared_error": math.sqrt((off ** 2).mean())}
