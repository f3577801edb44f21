"""A HeteroFeatureBinning of a job on a site, held against the plain formulas:
split points, counts, what they say, the columns of the output."""
import dataclasses

import numpy as np
import pytest

import plain_binning as plain


@dataclasses.dataclass
class Party:
    role: str
    party_id: int
    x: np.ndarray       # in the order of ids
    ids: list
    header: list
    is_sparse: bool = False


def picked(p, indexes, names, header):
    if p[indexes] == -1:
        return set(range(len(header)))
    return set(p[indexes] or []) | {header.index(n) for n in p[names] or []}


def columns(p, header):
    """Those with bins, those that are categories, those transformed."""
    category = picked(p, "category_indexes", "category_names", header)
    binned = picked(p, "bin_indexes", "bin_names", header) | category
    return binned, category, binned & picked(
        p["transform_param"], "transform_cols", "transform_names", header)


def split_points(p, column, y, is_guest):
    """Of a column that is no category, as that party's parameters say."""
    own = p["optimal_binning_param"]
    settings = {k: p[k] for k in ("error", "head_size", "compress_thres")}
    method = p["method"].lower()
    bins = own["init_bin_nums"] if method == "optimal" else p["bin_num"]
    by_bucket = method == "bucket" or (
        method == "optimal" and is_guest and
        own["init_bucket_method"] == "bucket")
    first = plain.buckets(column, bins) if by_bucket else \
        plain.summary(column, bins, **settings)
    if method != "optimal":
        return list(first)
    first = np.unique(first)
    counts = plain.count(plain.place(column, first), len(first), y)
    return [first[k] for k in plain.optimal(
        counts, own["metric_method"].lower(), p["bin_num"],
        own["min_bin_pct"], own["max_bin_pct"], own["mixture"])]


def check(site, job, component, parties, y):
    """The first party is the guest, y its labels, 1 or not; the others are
    the hosts in the order of the configuration."""
    def shown(what, party):
        answer = site.flow.component(what, job, component, party.role,
                                     party.party_id)
        assert answer["retcode"] == 0, answer
        return answer

    y = np.asarray(y, bool)
    params = [shown("parameters", party)["data"]["FeatureBinningParam"]
              for party in parties]
    models = [shown("output/model", party)["data"] for party in parties]
    adjustment = params[0]["adjustment_factor"]
    assert [(r["role"], r["partyId"]) for r in models[0]["hostResults"]] == [
        (party.role, str(party.party_id)) for party in parties[1:]]
    for k, (party, p, model) in enumerate(zip(parties, params, models)):
        own = model["binningResult"]
        assert (own["role"], own["partyId"]) == (party.role,
                                                 str(party.party_id))
        assert model["header"] == party.header
        theirs = own if k == 0 else models[0]["hostResults"][k - 1]
        check_columns(party, p, own["binningResult"],
                      theirs["binningResult"], y, adjustment)
        if not party.is_sparse:
            check_output(party, p, own["binningResult"],
                         shown("output/data", party))


def check_columns(party, p, own, known, y, adjustment):
    """own: the party's bins; known: what the guest has of them."""
    is_guest = party.role == "guest"
    binned, category, _ = columns(p, party.header)
    names = {j: party.header[j] if is_guest else f"host.{j}" for j in binned}
    assert set(own) == {party.header[j] for j in binned}
    assert set(known) == set(names.values())
    for j in sorted(binned):
        column, bins = party.x[:, j], own[party.header[j]]
        want = list(np.unique(column)) if j in category else \
            split_points(p, column, y, is_guest)
        got = bins["splitPoints"]
        assert got == pytest.approx(want, rel=1e-6, abs=1e-12), (
            party.role, party.party_id, j)
        if not is_guest:
            assert bins["binNums"] == "0" and bins["woeArray"] == []
        for key, v in plain.statistics(plain.count(
                plain.place(column, got), len(got), y), adjustment).items():
            if isinstance(v, float) or isinstance(v, list) and \
                    isinstance(v[0], float):
                v = pytest.approx(v, rel=1e-6, abs=1e-9)
            assert known[names[j]][key] == v, (party.role, j, key)


def check_output(party, p, own, shown):
    kind = p["transform_param"]["transform_type"]
    changed = columns(p, party.header)[2]
    if kind is None or (kind == "woe" and party.role == "host"):
        changed = set()
    at = {i: k for k, i in enumerate(party.ids)}
    first = shown["meta"]["header"].index(party.header[0])
    assert shown["meta"]["header"][first:] == party.header
    for row in shown["data"]:
        x = party.x[at[row[0]]]
        for j, name in enumerate(party.header):
            want = x[j]
            if j in changed:
                want = int(plain.place(x[j:j + 1],
                                       own[name]["splitPoints"])[0])
                if kind == "woe":
                    want = own[name]["woeArray"][want]
            assert row[first + j] == pytest.approx(want, rel=1e-9), (
                party.role, row[0], name)
