"""What a predict job has to make of rows, in NumPy: one function a component,
from the model (as output/model shows it) that the training left a party."""
import collections

import numpy as np

import plain_binning

# ids in order; x rows by columns, NaN = missing; labels by id, or None.
Frame = collections.namedtuple("Frame", "ids header x labels")


def changed(frame, columns):
    """The frame with {column: values} in place of its own."""
    x = frame.x.copy()
    for name, values in columns.items():
        x[:, frame.header.index(name)] = values
    return frame._replace(x=x)


def column(frame, name):
    return frame.x[:, frame.header.index(name)]


def chosen(frame, ids):
    """Rows of those ids, in their order."""
    at = {i: k for k, i in enumerate(frame.ids)}
    return frame._replace(
        ids=list(ids), x=frame.x[[at[i] for i in ids]],
        labels=frame.labels and {i: frame.labels[i] for i in ids})


# ---- preparation ----

def dataio(rows, shown, label=None, missing=("", "none", "null", "na"),
           outliers=()):
    """rows: (header, {id: texts}); what is listed is filled by the model."""
    header, cells = rows
    param = shown["data"]
    gaps = param["imputerParam"]["missingReplaceValue"]
    fills = param["outlierParam"]["outlierReplaceValue"]
    ids = sorted(cells, key=lambda i: (len(i), i))

    def value(name, text):
        if text in ("NA", "null", "NULL") and name not in gaps:
            return np.nan
        if text in missing and name in gaps:
            return float(gaps[name])
        if text in outliers and name in fills:
            return float(fills[name])
        return float(text) if text else np.nan

    names = [n for n in header if n != label]
    assert param["header"] == names
    x = [[value(n, t) for n, t in zip(header, cells[i]) if n != label]
         for i in ids]
    labels = {i: int(cells[i][header.index(label)]) for i in ids} \
        if label in header else None
    return Frame(ids, names, np.array(x), labels)


def expand(rows, names, fills):
    header, cells = rows
    return header + names, {i: texts + fills for i, texts in cells.items()}


# ---- features ----

def scale(frame, shown):
    method, out = shown["meta"]["meta_data"]["method"], {}
    for name, s in shown["data"]["colScaleParam"].items():
        low, high = s["columnLower"], s["columnUpper"]
        v = np.clip(column(frame, name), low, high)
        out[name] = (v - s["mean"]) / s["std"] \
            if method == "standard_scale" else (v - low) / (high - low)
    return changed(frame, out)


def binned(frame, shown, role):
    """Bins by number, or weights of evidence, which the guest alone has."""
    transform = shown["meta"]["meta_data"]["transformParam"]
    results = shown["data"]["binningResult"]["binningResult"]
    if transform["transformType"] == "woe" and role == "host":
        return frame
    out = {}
    for j in map(int, transform["transformCols"]):
        name = frame.header[j]
        bins = plain_binning.place(column(frame, name),
                                   np.array(results[name]["splitPoints"]))
        out[name] = np.array(results[name]["woeArray"])[bins] \
            if transform["transformType"] == "woe" else bins
    return changed(frame, out)


def one_hot(frame, shown):
    names, columns = [], []
    for j, name in enumerate(frame.header):
        known = shown["data"]["colMap"].get(name)
        values = known["values"] if known else [None]
        names += known["transformedHeaders"] if known else [name]
        columns += [frame.x[:, j] if v is None else frame.x[:, j] == float(v)
                    for v in values]
    assert names == shown["data"]["resultHeader"]
    return frame._replace(header=names, x=np.column_stack(columns) * 1.0)


def selected(frame, shown):
    left = shown["data"]["finalLeftCols"]["leftCols"]
    keep = [j for j, name in enumerate(frame.header) if left.get(name)]
    return frame._replace(header=[frame.header[j] for j in keep],
                          x=frame.x[:, keep])


# ---- models ----

def score(frame, weights, intercept=0.0):
    assert set(weights) <= set(frame.header), "a weight of no column"
    return intercept + sum(w * column(frame, n) for n, w in weights.items())


def scores(frames, models):
    """Of all parties together: the hosts' intercepts are 0."""
    return sum(score(f, m["weight"], m["intercept"])
               for f, m in zip(frames, models))


def sigmoid(u):
    return 1 / (1 + np.exp(-np.asarray(u)))


def classes(frames, shown):
    """{class: scores} of one-vs-rest; a host knows no classes' names."""
    results = [m["data"]["oneVsRestResult"] for m in shown]
    return {int(name): sigmoid(scores(
        frames, [r["completedModels"][k] for r in results]))
        for k, name in enumerate(results[0]["oneVsRestClasses"])}
