"""A HeteroFeatureSelection of a job on a site, held against the filters in
NumPy (contract: components, section 5.3). Parties are those of binning_judge;
iv comes from the guest's binning, which that file judges."""
import math

import numpy as np
import pytest

from binning_judge import picked
from plain_binning import Sketch

IV = ("iv_value_thres", "iv_percentile", "iv_top_k")


class Columns:
    """A party's columns while they are filtered."""

    def __init__(self, party, p, ivs):
        self.party, self.p, self.ivs = party, p, ivs
        self.left = {j: True for j in range(len(party.header))}
        self.selected = sorted(picked(p, "select_col_indexes",
                                      "select_names", party.header))
        self.passed = [0] * len(party.header)
        self.results = []       # (filter, values or None, seen, left)

    def seen(self):
        return [j for j in self.selected if self.left[j]]

    def take(self, name, values, kept, best=max):
        """values: {column: number}, or None for the filter without."""
        seen = self.seen()
        kept = [j for j in seen if j in kept]
        if not kept and seen and values is not None:
            kept = [best(seen, key=values.get)]
        for j in seen:
            self.left[j] = j in kept
            self.passed[j] += j in kept
        self.results.append((name, values, seen, kept))


def unique_value(x, p):
    return np.ptp(x), lambda v: v >= p["unique_param"]["eps"]


def variation(x, p):
    mean = x.mean()
    return abs(x.std() / (mean if abs(mean) >= 1e-6 else 1e-6)), \
        lambda v: v >= p["variance_coe_param"]["value_threshold"]


def outlier(x, p):
    own = p["outlier_param"]
    value, = Sketch(x).query([own["percentile"]])
    return value, lambda v: v < own["upper_threshold"]


def percentage(x, p):
    upper = p["percentage_value_param"]["upper_pct"]
    return max(np.unique(x, return_counts=True)[1]) / len(x), \
        lambda v: round(v * len(x)) <= math.ceil(len(x) * upper)


LOCAL = {"unique_value": (unique_value, max),
         "coefficient_of_variation_value_thres": (variation, max),
         "outlier_cols": (outlier, min), "percentage_value": (percentage,
                                                              min)}


def local(columns, name):
    judge, best = LOCAL[name]
    values, kept = {}, set()
    for j in columns.seen():
        values[j], keeps = judge(columns.party.x[:, j], columns.p)
        if keeps(values[j]):
            kept.add(j)
    columns.take(name, values, kept, best)


def manually(columns):
    own, header = columns.p["manually_param"], columns.party.header

    def named(indexes, names):
        return {*(own[indexes] or []),
                *(header.index(n) for n in own[names] or [])}

    left = named("left_col_indexes", "left_col_names")
    out = named("filter_out_indexes", "filter_out_names")
    columns.take("manually", None, left or
                 set(range(len(header))) - out)


def by_iv(everybody, name):
    """The guest decides, by its parameters, on what the filters before left
    to all."""
    guest, *hosts = everybody
    own = guest.p[{"iv_value_thres": "iv_value_param",
                   "iv_percentile": "iv_percentile_param",
                   "iv_top_k": "iv_top_k_param"}[name]]
    asked = [guest] if own["local_only"] else everybody
    values = [{j: c.ivs.get(j) if c not in asked else c.ivs[j]
               for j in c.seen()} for c in everybody]
    ranked = sorted(((iv, -k, -j) for k, c in enumerate(asked)
                     for j, iv in values[k].items()), reverse=True)
    limits = own.get("host_thresholds") or []
    for k, c in enumerate(everybody):
        if c not in asked:
            c.take(name, values[k], set(values[k]))
            continue
        if name == "iv_top_k":
            kept = {-j for _, at, j in ranked[:own["k"]] if -at == k}
        else:
            limit = ranked[math.floor(own["percentile_threshold"] *
                                      len(ranked) - 1e-6)][0] \
                if name == "iv_percentile" else own["value_threshold"]
            if name == "iv_value_thres" and k and limits and \
                    limits[k - 1] is not None:
                limit = limits[k - 1]
            kept = {j for j, iv in values[k].items() if iv > limit}
        c.take(name, values[k], kept)


def left_message(names, seen, kept):
    return {"originalCols": [names[j] for j in seen],
            "leftCols": {names[j]: True for j in kept}}


def falling(columns, names, which):
    """More filters passed come first, then by place."""
    return [names[j] for j in sorted(which, key=lambda j: (
        -columns.passed[j], j))]


def check(site, job, component, binning, parties):
    def shown(what, party, name=component):
        answer = site.flow.component(what, job, name, party.role,
                                     party.party_id)
        assert answer["retcode"] == 0, answer
        return answer

    # a binning that was not to run has none
    known = shown("output/model", parties[0], binning).get("data", {
        "binningResult": {"binningResult": {}},
        "hostResults": [{"binningResult": {}}] * len(parties)})
    everybody = []
    for k, party in enumerate(parties):
        bins = known["binningResult"] if k == 0 else \
            known["hostResults"][k - 1] if known["hostResults"] else \
            {"binningResult": {}}
        names = party.header if k == 0 else [
            f"host.{j}" for j in range(len(party.header))]
        everybody.append(Columns(
            party, shown("parameters", party)["data"][
                "FeatureSelectionParam"],
            {j: bins["binningResult"][n]["iv"] for j, n in enumerate(names)
             if n in bins["binningResult"]}))
    for name in everybody[0].p["filter_methods"]:
        if name in IV:
            by_iv(everybody, name)
            continue
        for c in everybody:
            manually(c) if name == "manually" else local(c, name)
    for c in everybody:
        model = shown("output/model", c.party)
        check_model(c, everybody[1:], model["data"])
        assert model["meta"]["meta_data"]["filterMethods"] == \
            c.p["filter_methods"]
        check_output(c, shown("output/data", c.party))


def check_model(c, hosts, model):
    is_guest, names = c.party.role == "guest", c.party.header
    everything = range(len(names))
    assert model["header"] == names
    assert model["finalLeftCols"] == left_message(
        names, everything, [j for j in everything if c.left[j]])
    assert model["colNames"] == falling(c, names, everything)
    assert len(model["results"]) == len(c.results)
    for k, (got, (name, values, seen, kept)) in enumerate(
            zip(model["results"], c.results)):
        assert got["filterName"] == name
        assert got["leftCols"] == left_message(names, seen, kept), (name, k)
        judged = is_guest or name not in IV
        assert got["featureValues"] == pytest.approx(
            {names[j]: values[j] for j in seen} if values and judged else {},
            rel=1e-6, abs=1e-9)
        told = hosts if is_guest and name in IV else []
        assert len(got["hostLeftCols"]) == len(told)
        # with local_only the hosts need not have been binned
        known = told if all(h.ivs for h in told) else []
        assert len(got["hostFeatureValues"]) == len(known)
        for h, left, value in zip(told, got["hostLeftCols"],
                                  got["hostFeatureValues"] or
                                  [None] * len(told)):
            _, values, seen, kept = h.results[k]
            other = [f"host.{j}" for j in range(len(h.party.header))]
            assert left == left_message(other, seen, kept)
            assert not known or value["featureValues"] == pytest.approx(
                {other[j]: values[j] for j in seen}, rel=1e-6)
    if is_guest and any(name in IV for name, *_ in c.results):
        assert [h["partyId"] for h in model["hostColNames"]] == [
            str(h.party.party_id) for h in hosts]


def check_output(c, shown):
    left = [j for j in range(len(c.party.header)) if c.left[j]]
    header = shown["meta"]["header"]
    assert header[len(header) - len(left):] == [c.party.header[j]
                                                for j in left]
    at = {i: k for k, i in enumerate(c.party.ids)}
    for row in shown["data"] if not c.party.is_sparse else []:
        assert row[len(header) - len(left):] == pytest.approx(
            [c.party.x[at[row[0]], j] for j in left], rel=1e-9)
