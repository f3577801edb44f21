"""The shape of a JSON value: names, types and nesting, without the values.

differences(ours, theirs) lists where ours departs from theirs. Extra names in
ours are allowed (FATE's client ignores them) unless `closed` lists the paths
where they are data (weights by column, parties): there the names must be
equal too. Numbers are one type unless `strict`, since JSON has one.
"""


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def differences(ours, theirs, path="$", nullable=()):
    """`nullable` names keys that either side may have as null."""
    if kind(ours) != kind(theirs):
        name = path.rsplit(".", 1)[-1]
        if name in nullable and None in (ours, theirs):
            return []
        return [f"{path}: {kind(ours)} where {kind(theirs)} was"]
    if isinstance(theirs, dict):
        return objects(ours, theirs, path, nullable)
    if isinstance(theirs, list):
        return arrays(ours, theirs, path, nullable)
    return []


def objects(ours, theirs, path, nullable):
    found = [f"{path}.{key}: missing" for key in theirs if key not in ours]
    for key in theirs:
        if key in ours:
            found += differences(ours[key], theirs[key], f"{path}.{key}",
                                 nullable)
    return found


def arrays(ours, theirs, path, nullable):
    """Element by element when both are as long (a row, a point); else each of
    ours must look like some one of theirs."""
    if not theirs:
        return []
    if not ours:
        return [f"{path}: empty where {len(theirs)} were"]
    if len(ours) == len(theirs):
        return [d for i, (a, b) in enumerate(zip(ours, theirs))
                for d in differences(a, b, f"{path}[{i}]", nullable)]
    for i, item in enumerate(ours):
        tries = [differences(item, other, f"{path}[{i}]", nullable)
                 for other in theirs]
        if [] not in tries:
            return min(tries, key=len)
    return []
