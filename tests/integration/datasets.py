"""Generated data sets, each from its seed: tables of a guest and one or three
hosts, as they stand in the files that are uploaded.

    data = datasets.make("missing")
    for part in data.parts:
        part.write(folder / f"{part.name}.csv")

| set | rows, columns of the parties | what is special |
|---|---|---|
| three_hosts | 260, 4+3+2+5 | one guest, three hosts |
| missing | 240, 5+4 | cells without a value, and outliers |
| gaps | 240, 5+4 | cells that are missing and stay so |
| constant | 200, 4+3 | one column of each party is constant |
| sparse | 220, 30+20+12 | libsvm; one host has tags with values |
| classes | 210, 4+3 | three classes |
| counts | 200, 4+3 | counts in proportion to a column |
| amounts | 200, 4+3+3+2 | the label is a number; three hosts |
| odd | 230, 5+4 | huge, tiny, negative; names beyond ASCII |
| wide | 300, 100+100 | 200 columns |
| tall | 100,000, 20+20 | FATEFLOW_TALL_ROWS asks for others |

Each party lacks some rows of the others and has its own order of rows.
"""
import dataclasses
import os

import numpy as np

TALL_ROWS = int(os.environ.get("FATEFLOW_TALL_ROWS", 100_000))
REPLACED = ("", "none", "null", "na")    # DataIO's own list
MISSING = ("", "NA", "null", "nan", "NULL", "NaN")
OUTLIER = "-9.5"


@dataclasses.dataclass
class Part:
    """A party's table. `odd` has the texts of cells that are no plain number,
    by (row, column); x is NaN there or, of an outlier, its number."""
    role: str
    party: int
    ids: list
    header: list
    x: np.ndarray
    y: list = None
    form: str = "dense"
    odd: dict = dataclasses.field(default_factory=dict)

    @property
    def name(self):
        return f"{self.role}-{self.party}"

    @property
    def head(self):
        """Whether the first line names the columns."""
        return int(self.form == "dense")

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            if self.head:
                out.write(",".join(["id"] + ["y"] * (self.y is not None) +
                                   self.header) + "\n")
            for i, row in enumerate(self.x.tolist()):
                label = [str(self.y[i])] if self.y is not None else []
                cells = list(map(repr, row))
                for j in range(len(row)) if self.odd else ():
                    cells[j] = self.odd.get((i, j), cells[j])
                if self.form != "dense":
                    cells = [f"{name}:{cell}" for name, cell, v in
                             zip(self.header, cells, row) if v]
                out.write(",".join([self.ids[i]] + label + cells) + "\n")
        return path


@dataclasses.dataclass
class Set:
    name: str
    parts: list     # the guest's first


def plain_ids(n):
    """Of different lengths, so that the order is not that of the bytes."""
    return [f"u{7 * k}" for k in range(n)]


def odd_ids(n):
    return [f"{('k', 'ü', '数')[k % 3]}{k}" for k in range(n)]


def numbers(rng, n, d):
    return rng.normal(size=(n, d)).round(4)


def few(rng, n, d):
    """One cell in six has a value."""
    return np.where(rng.random((n, d)) < 1 / 6, numbers(rng, n, d), 0)


def uneven(rng, n, d):
    """Columns of very different sizes, all signs."""
    sizes = [1e12, 1e-9, 1, 3e5, 1e-2]
    x = numbers(rng, n, d) * [sizes[j % 5] for j in range(d)]
    x[:, 2] -= 1e6
    return x


def with_constant(rng, n, d):
    x = numbers(rng, n, d)
    x[:, 1] = -2.5
    return x


def with_exposure(rng, n, d):
    """The last column is the guest's number of days."""
    x = numbers(rng, n, d)
    x[:, -1] = rng.integers(1, 9, n)
    return x


@dataclasses.dataclass
class Spec:
    rows: int
    columns: tuple
    label: str = "binary"
    values: object = numbers
    ids: object = plain_ids
    names: tuple = ()
    forms: tuple = ()
    apart: float = 0.1      # the share of all rows that a party lacks
    gaps: float = 0         # the share of cells without a value
    texts: tuple = ()       # what stands there instead
    outliers: float = 0


NAMES = ("größe", "年齢", "prix €", "a b", "x-1")
SPECS = {
    "three_hosts": Spec(260, (4, 3, 2, 5), apart=0.15),
    "missing": Spec(240, (5, 4), gaps=0.08, texts=REPLACED, outliers=0.03),
    "gaps": Spec(240, (5, 4), gaps=0.1, texts=MISSING),
    "constant": Spec(200, (4, 3), values=with_constant),
    "sparse": Spec(220, (30, 20, 12), values=few,
                   forms=("sparse", "sparse", "tag")),
    "classes": Spec(210, (4, 3), label="classes"),
    "counts": Spec(200, (4, 3), label="counts", values=with_exposure),
    "amounts": Spec(200, (4, 3, 3, 2), label="amounts"),
    "odd": Spec(230, (5, 4), values=uneven, ids=odd_ids, names=NAMES),
    "wide": Spec(300, (100, 100)),
    "tall": Spec(TALL_ROWS, (20, 20), apart=0.001),
}


def labels_of(kind, rng, xs):
    """By a sum over all parties' columns, the first ones above all, and some
    noise."""
    n = len(xs[0])
    u = rng.normal(size=n)
    for x in xs:
        size = np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
        weight = rng.normal(size=x.shape[1]) / (1 + np.arange(x.shape[1]))
        u += ((x - x.mean(axis=0)) / size) @ weight
    u /= u.std()
    if kind == "amounts":
        return (3 * u - 2).round(3).tolist()
    if kind == "counts":
        return rng.poisson(xs[0][:, -1] * np.exp(0.4 * u) / 4).tolist()
    edges = {"binary": [0.2], "classes": [-0.5, 0.4]}[kind]
    return np.digitize(u, edges).tolist()


def odd_cells(spec, rng, shape):
    places = rng.random(shape)
    out = {}
    for k, (i, j) in enumerate(np.argwhere(places < spec.gaps).tolist()):
        out[i, j] = spec.texts[k % len(spec.texts)]
    edge = spec.gaps + spec.outliers
    for i, j in np.argwhere((places >= spec.gaps) &
                            (places < edge)).tolist():
        out[i, j] = OUTLIER
    return out


def header_of(spec, k, form):
    if form == "sparse":
        return [str(j) for j in range(spec.columns[k])]
    if form == "tag":       # sorted, as DataIO sorts them
        return [f"tag{j:03d}" for j in range(spec.columns[k])]
    letter = "g" if k == 0 else "h"
    return [spec.names[j] if j < len(spec.names) else f"{letter}{j}"
            for j in range(spec.columns[k])]


def party_of(spec, k, rng, ids, x, y):
    """Its rows, in an order of its own."""
    mine = rng.permutation(len(ids))
    mine = mine[int(spec.apart * len(ids)):]
    x = x[mine]
    odd = odd_cells(spec, rng, x.shape)
    for at, text in odd.items():
        x[at] = float(text) if text == OUTLIER else np.nan
    form = spec.forms[k] if spec.forms else "dense"
    return Part("guest" if k == 0 else "host", 9999 + k,
                [ids[i] for i in mine], header_of(spec, k, form), x,
                None if k else [y[i] for i in mine], form, odd)


def make(name, seed=0, stretch=1, spec=None):
    """With another seed other rows; stretched ones lie further out."""
    spec = spec or SPECS[name]
    rng = np.random.default_rng([seed, *name.encode()])
    ids = spec.ids(spec.rows)
    xs = [stretch * spec.values(rng, spec.rows, d) for d in spec.columns]
    y = labels_of(spec.label, rng, xs)
    return Set(name, [party_of(spec, k, rng, ids, x, y)
                      for k, x in enumerate(xs)])
