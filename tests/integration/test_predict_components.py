"""Every component with a model in a predict job: rows that the training did
not see, and at each party and step what NumPy makes of them by the models of
the training (plain_predict.py)."""
import math

import pytest

np = pytest.importorskip("numpy")
import plain_predict as plain  # noqa: E402
from predict_chain import Chain, same  # noqa: E402

GUEST, HOST, OTHER = ("guest", 9999), ("host", 10000), ("host", 10001)
N, NEW = 150, 60
FILLED = ("", "na", "none", "-9999")   # texts that FILL replaces
GAPS = FILLED[:3] + ("",)   # a training's, whose mean counts outliers
EMPTY = ("", "NA", "null", "NULL")      # texts that are missing values


def texts(columns, ids, gaps=(), words=FILLED):
    """{id: texts} of columns; some cells of those in `gaps` are words."""
    out = {}
    for k, i in enumerate(ids):
        out[i] = [repr(v.item()) for v in (c[k] for c in columns)]
        for j in gaps:
            if (k + j) % 7 == 0:
                out[i][j] = words[k % 4]
    return out


def tables(seed, n, first, spread=1.0, classes=2, words=FILLED,
           gaps=((1, 4), (0,))):
    """The three parties' rows. `spread` takes new rows out of the range of
    the training's; each party lacks rows of the others; gaps are the
    guest's and the first host's columns with words in them."""
    rng = np.random.default_rng(seed)
    ids = [f"r{first + k}" for k in range(n)]
    g = [rng.normal(size=n).round(4) * spread, rng.integers(0, 4, n),
         np.ones(n, int), rng.exponential(size=n).round(4) * spread]
    h = [rng.normal(size=n).round(4) * spread,
         rng.integers(-2, 3 + int(spread > 1), n),
         rng.uniform(0.5, 2, n).round(4)]
    s = [np.where(rng.random(n) < 0.6, 0, rng.normal(size=n).round(3))
         for _ in range(4)]
    pull = g[0] - h[0] + 0.5 * s[0] + rng.normal(size=n)
    y = (np.digitize(pull, [0] if classes == 2 else [-0.7, 0.7]))

    def without(cells, k):
        return {i: v for j, (i, v) in enumerate(cells.items()) if j % 20 != k}

    return {
        GUEST: (["y", "num", "cat", "same", "skew"],
                without(texts([y] + g, ids, gaps[0], words), 0)),
        HOST: (["num", "kind", "days"], without(texts(h, ids, gaps[1], words), 1)),
        OTHER: (["s0", "s1", "s2", "s3"], without(texts(s, ids), 2))}


def common(data):
    ids = set.intersection(*(set(cells) for _, cells in data.values()))
    return sorted(ids, key=lambda i: (len(i), i))


FILL = {"missing_fill": True, "missing_fill_method": "mean",
        "outlier_replace": True, "outlier_replace_method": "designated",
        "outlier_impute": ["-9999"], "outlier_replace_value": 0.25}
LR = {"max_iter": 3, "batch_size": -1, "learning_rate": 0.2,
      "early_stop": "weight_diff", "init_param": {"init_method": "zeros"}}
LABELS = {"guest": {"dataio_0": {"with_label": [True]}},
          "host": {"dataio_0": {"with_label": [False, False]}}}


def merged(*all_roles):
    out = {}
    for roles in all_roles:
        for role, components in roles.items():
            out.setdefault(role, {}).update(components)
    return out


def prepared(chain, data, expansion=None):
    """The parties' frames after DataIO, compared at each."""
    out = []
    for party in chain.parties:
        rows = data[party]
        if expansion and party in expansion:
            rows = plain.expand(rows, *expansion[party])
        out.append(plain.dataio(rows, chain.model("dataio_0", party), "y",
                                FILLED[:3], FILLED[3:]))
        same(chain.frame("dataio_0", party), out[-1])
    return out


def step(chain, component, frames, function):
    """The frames behind a component, compared at each party."""
    out = []
    for party, frame in zip(chain.parties, frames):
        out.append(function(frame, chain.model(component, party), party[0]))
        same(chain.frame(component, party), out[-1])
    return out


def meet(chain, frames, ids):
    out = [plain.chosen(f, ids) for f in frames]
    for party, frame in zip(chain.parties, out):
        same(chain.frame("intersection_0", party), frame)
    return out


def models(chain, component):
    return [chain.model(component, p) for p in chain.parties]


def check_binary(got, ids, p, labels, kind="predict"):
    assert list(got) == ids
    for i, one in zip(ids, p):
        label, result, score, detail, type_ = got[i]
        assert score == pytest.approx(one, abs=1e-9)
        assert detail == {"0": pytest.approx(1 - one, abs=1e-9), "1": score}
        assert result == int(one > 0.5) and type_ == kind
        assert label == labels[i]


# ---- features, one after the other ----

EXPANSION = {GUEST: (["e0", "e1"], ["1.5", "2"])}
STEPS = [
    ("column_expand_0", "ColumnExpand", {"data": ["args.train_data"]}, True),
    ("dataio_0", "DataIO", {"data": ["column_expand_0.t"]}, True),
    ("intersection_0", "Intersection", {"data": ["dataio_0.t"]}, False),
    ("federated_sample_0", "FederatedSample", {"data": ["intersection_0.t"]},
     False),
    ("feature_scale_0", "FeatureScale", {"data": ["federated_sample_0.t"]},
     True),
    ("hetero_feature_binning_0", "HeteroFeatureBinning",
     {"data": ["feature_scale_0.t"]}, True),
    ("one_hot_encoder_0", "OneHotEncoder",
     {"data": ["hetero_feature_binning_0.t"]}, True),
    ("hetero_feature_selection_0", "HeteroFeatureSelection",
     {"data": ["one_hot_encoder_0.t"]}, True),
    ("hetero_lr_0", "HeteroLR",
     {"train_data": ["hetero_feature_selection_0.t"]}, True),
    ("local_baseline_0", "LocalBaseline",
     {"train_data": ["hetero_feature_selection_0.t"]}, True),
    ("scorecard_0", "Scorecard", {"data": ["hetero_lr_0.t"]}, False),
    ("evaluation_0", "Evaluation",
     {"data": ["hetero_lr_0.t", "local_baseline_0.t"]}, False,
     {"need_deploy": True}),
]
ALGORITHM = {
    "dataio_0": FILL,
    "federated_sample_0": {"fractions": 0.8},
    "hetero_feature_binning_0": {"bin_num": 4, "bin_indexes": []},
    "one_hot_encoder_0": {"transform_col_indexes": []},
    "hetero_feature_selection_0": {
        "filter_methods": ["unique_value", "manually"]},
    "hetero_lr_0": LR,
    "scorecard_0": {"offset": 600, "factor": 30}}
FEATURES = {
    "guest": {
        "column_expand_0": {"append_header": [["e0", "e1"]],
                            "fill_value": [["1.5", "2"]]},
        "feature_scale_0": {"method": ["standard_scale"],
                            "scale_names": [["num", "skew"]],
                            "scale_col_indexes": [[]],
                            "feat_upper": [3]},
        "hetero_feature_binning_0": {
            "bin_names": [["num", "skew"]], "category_names": [["cat"]],
            "transform_param": {"transform_cols": [[]],
                                "transform_names": [["skew", "cat"]]}},
        "one_hot_encoder_0": {"transform_col_names": [["skew", "cat"]]},
        "hetero_feature_selection_0": {
            "manually_param": {"filter_out_names": [["cat_1"]]}}},
    "host": {
        "feature_scale_0": {"method": ["min_max_scale"] * 2,
                            "mode": ["normal", "cap"],
                            "feat_upper": [None, 0.9],
                            "feat_lower": [None, 0.1],
                            "scale_col_indexes": [[], [1, 3]],
                            "scale_names": [["num", "days"], []]},
        "hetero_feature_binning_0": {
            "bin_names": [["num"], ["s0", "s1"]],
            "transform_param": {"transform_cols": [[], [0]],
                                "transform_names": [["num"], []]}},
        "one_hot_encoder_0": {"transform_col_names": [["num", "kind"],
                                                      ["s0"]]},
        "hetero_feature_selection_0": {
            "manually_param": {"filter_out_names": [[], ["s3"]]}},
        "local_baseline_0": {"need_run": [False, False]},
        "scorecard_0": {"need_run": [False, False]}}}


def check_features(chain, data):
    """Through all that is there before the models; the last frames."""
    expanded = [chain.table("column_expand_0", p) for p in chain.parties]
    for party, (header, rows) in zip(chain.parties, expanded):
        want = data[party]
        if party in EXPANSION:
            want = plain.expand(want, *EXPANSION[party])
        assert header == ["sid"]
        assert dict(rows) == {i: ",".join(t) for i, t in want[1].items()}
    frames = meet(chain, prepared(chain, data, EXPANSION), common(data))
    assert set(chain.deployed()) == {
        name for name, *_ in STEPS if name != "federated_sample_0"}
    frames = step(chain, "feature_scale_0", frames,
                  lambda f, m, _: plain.scale(f, m))
    frames = step(chain, "hetero_feature_binning_0", frames, plain.binned)
    frames = step(chain, "one_hot_encoder_0", frames,
                  lambda f, m, _: plain.one_hot(f, m))
    return step(chain, "hetero_feature_selection_0", frames,
                lambda f, m, _: plain.selected(f, m))


@pytest.fixture(scope="module")
def features(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    chain = Chain(site.flow, [GUEST, HOST, OTHER], STEPS)
    chain.upload(folder, "features", tables(1, N, 0, words=GAPS))
    chain.train("features", ALGORITHM, merged(LABELS, FEATURES))
    data = tables(2, NEW, 1000, spread=2.5)
    chain.upload(folder, "features-new", data)
    chain.predict("features-new")
    return chain, data, check_features(chain, data)


def test_features_when_predicted_then_numpys_at_every_step(features):
    chain, data, frames = features
    assert [f.header for f in frames] == [
        ["num", "cat_0", "cat_2", "cat_3", *[f"skew_{k}" for k in range(4)]],
        ["num_0", "num_1", "num_2", "num_3", *[f"kind_{k}" for k in
                                              (-2, -1, 0, 1, 2)], "days"],
        [h for h in frames[2].header if h[:2] in ("s0", "s1", "s2")]]
    kinds = {row[1] for row in data[HOST][1].values()}
    assert "3" in kinds, "a category that the training did not see"
    assert len(frames[0].ids) > NEW * 0.8


def test_lr_when_features_were_made_then_numpys_scores(features):
    chain, _, frames = features
    p = plain.sigmoid(plain.scores(
        frames, [m["data"] for m in models(chain, "hetero_lr_0")]))
    check_binary(chain.scored(), frames[0].ids, p, frames[0].labels)
    assert np.std(p) > 0.01
    for host in (HOST, OTHER):
        assert chain.table("hetero_lr_0", host) is None


def test_baseline_when_the_guest_alone_then_numpys_scores(features):
    chain, _, frames = features
    model = chain.model("local_baseline_0", GUEST)["data"]
    p = plain.sigmoid(plain.scores(frames[:1], [model]))
    check_binary(chain.scored("local_baseline_0"), frames[0].ids, p,
                 frames[0].labels)
    assert chain.table("local_baseline_0", HOST) is None


def test_scorecard_when_predicted_then_credits_of_the_scores(features):
    chain, _, frames = features
    header, rows = chain.table("scorecard_0", GUEST)
    assert header == ["id", "label", "predict_result", "predict_score",
                      "credit_score"]
    scored = chain.scored()
    assert [row[0] for row in rows] == frames[0].ids
    for i, *first, credit in rows:
        p = scored[i][2]
        assert first == scored[i][:3]
        assert credit == round(
            600 + 30 / math.log(2) * math.log((1 - p) / p), 2)


def test_evaluation_when_deployed_then_of_both_models(features):
    chain, _, frames = features
    answer = chain.flow.component("metric/all", chain.predicted,
                                  "evaluation_0", *GUEST)
    for name in ("hetero_lr_0", "local_baseline_0"):
        scored = chain.scored(name)
        ones = [scored[i][2] for i in scored if frames[0].labels[i]]
        zeros = [scored[i][2] for i in scored if not frames[0].labels[i]]
        auc = np.mean([(a > b) + (a == b) / 2 for a in ones for b in zeros])
        shown = dict(answer["data"]["predict"][name]["data"])
        assert shown["auc"] == pytest.approx(auc, abs=1e-6)


def test_dsl_when_sent_with_a_predict_job_then_the_pipelines_counts(features):
    chain, _, _ = features
    first, want = chain.predicted, chain.scored()
    try:
        chain.predict("features-new", {"components": {"x_0": {
            "module": "Nothing", "input": {"data": {"data": ["y.z"]}}}}})
        assert chain.scored() == want
    finally:
        chain.predicted = first


# ---- weights of evidence, filtered by what binning found ----

def woe_steps(transform):
    return [
        ("dataio_0", "DataIO", {"data": ["args.train_data"]}, True),
        ("intersection_0", "Intersection", {"data": ["dataio_0.t"]}, False),
        ("hetero_feature_binning_0", "HeteroFeatureBinning",
         {"data": ["intersection_0.t"]}, True),
        ("hetero_feature_selection_0", "HeteroFeatureSelection",
         {"data": ["hetero_feature_binning_0.t" if transform
                   else "intersection_0.t"]}, True,
         {"isometric_model": ["hetero_feature_binning_0.m"]}),
        ("hetero_lr_0", "HeteroLR",
         {"train_data": ["hetero_feature_selection_0.t"]}, True)]


WOE = {"dataio_0": {"missing_fill": False},
       "hetero_feature_binning_0": {
           "method": "bucket", "bin_num": 6,
           "transform_param": {"transform_type": "woe"}},
       "hetero_feature_selection_0": {
           "filter_methods": ["iv_top_k"], "iv_top_k_param": {"k": 5}},
       "hetero_lr_0": LR}


@pytest.mark.parametrize("transform", [True, False])
def test_woe_when_cells_are_missing_then_numpys_weights(
        site, tmp_path, transform):
    """Missing values are in the last bin, and so is what lies above the
    training's; a host's data stays as it is. Without the transform there is
    nothing that takes a missing value: there is none."""
    chain = Chain(site.flow, [GUEST, HOST, OTHER], woe_steps(transform))
    name = f"woe-{transform}"
    own = {"words": EMPTY, "gaps": ((1, 2, 4) if transform else (), ())}
    data = tables(4, NEW, 1000, spread=3, **own)
    chain.upload(tmp_path, name, tables(3, N, 0, **own))
    chain.upload(tmp_path, name + "-new", data)
    chain.train(name, WOE, LABELS).predict(name + "-new")
    frames = []
    for party in chain.parties:
        frames.append(plain.dataio(
            data[party], chain.model("dataio_0", party), "y"))
        same(chain.frame("dataio_0", party), frames[-1])
    assert np.isnan(frames[0].x).any() == transform
    frames = meet(chain, frames, common(data))
    if transform:
        frames = step(chain, "hetero_feature_binning_0", frames,
                      plain.binned)
        assert len({v for v in frames[0].x[:, 0]}) > 2
    frames = step(chain, "hetero_feature_selection_0", frames,
                  lambda f, m, _: plain.selected(f, m))
    assert sum(len(f.header) for f in frames) <= 6   # each keeps one
    p = plain.sigmoid(plain.scores(
        frames, [m["data"] for m in models(chain, "hetero_lr_0")]))
    check_binary(chain.scored(), frames[0].ids, p, frames[0].labels)


# ---- linear models ----

def linear_steps(module):
    return [
        ("dataio_0", "DataIO", {"data": ["args.train_data"]}, True),
        ("intersection_0", "Intersection", {"data": ["dataio_0.t"]}, False),
        ("linear_0", module, {"train_data": ["intersection_0.t"]}, True)]


def linear_chain(site, folder, name, module, parties, own, train, data,
                 roles=LABELS):
    chain = Chain(site.flow, parties, linear_steps(module))
    chain.upload(folder, name, train)
    chain.upload(folder, name + "-new", data)
    chain.train(name, {"dataio_0": FILL, "linear_0": {**LR, **own}}, roles)
    chain.predict(name + "-new")
    frames = prepared(chain, {p: data[p] for p in parties})
    return chain, meet(chain, frames, common({p: data[p] for p in parties}))


SPARSE = merged(LABELS, {
    "guest": {"dataio_0": {"with_label": [True],
                           "output_format": ["sparse"]}},
    "host": {"dataio_0": {"with_label": [False, False],
                          "output_format": ["dense", "sparse"]}}})


def check_values(got, frame, mu):
    assert list(got) == frame.ids
    for i, one in zip(frame.ids, mu):
        label, result, score, detail, kind = got[i]
        assert (label, kind) == (frame.labels[i], "predict")
        assert result == score == pytest.approx(one, abs=1e-9)
        assert detail == {"label": result}


@pytest.mark.parametrize("roles", [LABELS, SPARSE], ids=["dense", "sparse"])
def test_linr_when_two_hosts_then_numpys_values(site, tmp_path, roles):
    chain, frames = linear_chain(
        site, tmp_path, f"linr-{roles is SPARSE}", "HeteroLinR",
        [GUEST, HOST, OTHER], {}, tables(5, N, 0, words=GAPS),
        tables(6, NEW, 1000, spread=2), roles)
    u = plain.scores(frames, [m["data"] for m in models(chain, "linear_0")])
    check_values(chain.scored("linear_0"), frames[0], u)


def test_poisson_when_rows_are_exposed_then_numpys_rates(site, tmp_path):
    """The column of exposures multiplies, and has no weight."""
    train, data = tables(7, N, 0, words=GAPS), tables(8, NEW, 1000)
    for t in (train, data):   # the exposure is a column of the guest's
        header, cells = t[GUEST]
        days = np.random.default_rng(len(cells)).uniform(0.5, 3, len(cells))
        t[GUEST] = (header + ["days"], {
            i: row + [repr(round(float(d), 3))]
            for (i, row), d in zip(cells.items(), days)})
    chain, frames = linear_chain(
        site, tmp_path, "poisson", "HeteroPoisson", [GUEST, HOST],
        {"exposure_colname": "days", "learning_rate": 0.02}, train, data)
    shown = [m["data"] for m in models(chain, "linear_0")]
    assert "days" not in shown[0]["weight"]
    rate = np.exp(plain.scores(frames, shown))
    check_values(chain.scored("linear_0"), frames[0],
                 rate * plain.column(frames[0], "days"))


@pytest.mark.parametrize("roles", [LABELS, SPARSE], ids=["dense", "sparse"])
def test_lr_when_three_classes_and_two_hosts_then_numpys_classes(
        site, tmp_path, roles):
    chain, frames = linear_chain(
        site, tmp_path, f"ovr-{roles is SPARSE}", "HeteroLR",
        [GUEST, HOST, OTHER], {}, tables(9, N, 0, classes=3, words=GAPS),
        tables(10, NEW, 1000, classes=3), roles)
    p = plain.classes(frames, models(chain, "linear_0"))
    assert set(p) == {0, 1, 2}
    got = chain.scored("linear_0")
    assert list(got) == frames[0].ids
    for k, i in enumerate(frames[0].ids):
        label, result, score, detail, kind = got[i]
        best = max(p, key=lambda c: p[c][k])
        assert (label, kind) == (frames[0].labels[i], "predict")
        assert result == best
        assert score == pytest.approx(p[best][k], abs=1e-9)
        assert detail == {str(c): pytest.approx(v[k], abs=1e-9)
                          for c, v in p.items()}
    assert len({row[1] for row in got.values()}) > 1


@pytest.mark.parametrize("own", [
    {"optimizer": "sqn", "sqn_param": {"update_interval_L": 1}},
    {"stepwise_param": {"need_stepwise": True, "direction": "backward",
                        "max_step": 1}, "early_stop": "diff"}],
    ids=["sqn", "stepwise"])
def test_lr_when_trained_otherwise_then_numpys_scores(site, tmp_path, own):
    """Whatever led to the weights, they are applied alike; a column that
    stepwise dropped has none."""
    chain, frames = linear_chain(
        site, tmp_path, f"lr-{own.get('optimizer')}", "HeteroLR",
        [GUEST, HOST], own, tables(11, N, 0, words=GAPS),
        tables(12, NEW, 1000))
    shown = [m["data"] for m in models(chain, "linear_0")]
    p = plain.sigmoid(plain.scores(frames, shown))
    check_binary(chain.scored("linear_0"), frames[0].ids, p,
                 frames[0].labels)


# ---- tags and sparse lines ----

def tag_lines(seed, n, first, tags):
    """Texts of tag:value cells; no header, any number a row."""
    rng = np.random.default_rng(seed)
    return {f"r{first + k}": [
        f"{t}:{round(float(rng.normal()), 3)}" for t in sorted(
            rng.choice(tags, size=1 + k % len(tags), replace=False))]
        for k in range(n)}


def test_tags_when_some_are_new_then_left_out(site, tmp_path):
    """A host of tags: those of the model are its columns, what a row lacks
    is 0, and a tag that the training did not have is no column."""
    train, data = tables(13, N, 0, words=GAPS), tables(14, NEW, 1000)
    cells = {"train": tag_lines(15, N, 0, ["a", "b", "c"]),
             "new": tag_lines(16, NEW, 1000, ["a", "aa", "c", "d"])}
    train[HOST] = ([], cells["train"])
    data[HOST] = ([], cells["new"])
    roles = merged(LABELS, {"host": {"dataio_0": {
        "with_label": [False], "input_format": ["tag"],
        "tag_with_value": [True], "missing_fill": [False],
        "outlier_replace": [False], "output_format": ["sparse"]}}})
    chain = Chain(site.flow, [GUEST, HOST], linear_steps("HeteroLR"))
    for name, t in (("tags", train), ("tags-new", data)):
        chain.upload(tmp_path, name, t, headless=(HOST,))
    chain.train("tags", {"dataio_0": FILL, "linear_0": LR}, roles)
    chain.predict("tags-new")
    header = chain.model("dataio_0", HOST)["data"]["header"]
    assert header == ["a", "b", "c"]
    x = [[dict(c.split(":") for c in row).get(t, 0) for t in header]
         for row in cells["new"].values()]
    host = plain.Frame(list(cells["new"]), header,
                       np.array(x, dtype=float), None)
    same(chain.frame("dataio_0", HOST), host)
    guest = plain.dataio(data[GUEST], chain.model("dataio_0", GUEST), "y",
                         FILLED[:3], FILLED[3:])
    frames = meet(chain, [guest, host], common(
        {p: data[p] for p in (GUEST, HOST)}))
    p = plain.sigmoid(plain.scores(
        frames, [m["data"] for m in models(chain, "linear_0")]))
    check_binary(chain.scored("linear_0"), frames[0].ids, p,
                 frames[0].labels)


# ---- samples and unions, which have no model ----

def test_sample_when_deployed_then_both_have_the_same_rows(site, tmp_path):
    steps = [("dataio_0", "DataIO", {"data": ["args.train_data"]}, True),
             ("intersection_0", "Intersection", {"data": ["dataio_0.t"]},
              False),
             ("federated_sample_0", "FederatedSample",
              {"data": ["intersection_0.t"]}, False, {"need_deploy": True}),
             ("hetero_lr_0", "HeteroLR",
              {"train_data": ["federated_sample_0.t"]}, True)]
    chain = Chain(site.flow, [GUEST, HOST], steps)
    data = tables(18, NEW, 1000)
    chain.upload(tmp_path, "sample", tables(17, N, 0, words=GAPS))
    chain.upload(tmp_path, "sample-new", data)
    chain.train("sample", {"dataio_0": FILL, "hetero_lr_0": LR,
                           "federated_sample_0": {
                               "fractions": 0.5, "random_state": 3}}, LABELS)
    chain.predict("sample-new")
    ids = common({p: data[p] for p in (GUEST, HOST)})
    before = meet(chain, prepared(chain, data), ids)
    drawn = chain.frame("federated_sample_0", GUEST).ids
    assert len(drawn) == len(ids) // 2 and set(drawn) < set(ids)
    frames = [plain.chosen(f, drawn) for f in before]
    for party, frame in zip(chain.parties, frames):
        same(chain.frame("federated_sample_0", party), frame)
    p = plain.sigmoid(plain.scores(
        frames, [m["data"] for m in models(chain, "hetero_lr_0")]))
    check_binary(chain.scored(), drawn, p, frames[0].labels)


@pytest.mark.parametrize("keep", [False, True])
def test_union_when_both_read_the_new_table_then_its_rows(
        site, tmp_path, keep):
    """In a prediction every args is eval_data: with keep_duplicate its rows
    are there twice. Three classes, of a model that is the guest's alone."""
    steps = [("dataio_0", "DataIO", {"data": ["args.train_data"]}, True),
             ("dataio_1", "DataIO", {"data": ["args.train_data"]}, True),
             ("union_0", "Union", {"data": ["dataio_0.t", "dataio_1.t"]},
              False),
             ("feature_scale_0", "FeatureScale", {"data": ["union_0.t"]},
              True),
             ("local_baseline_0", "LocalBaseline",
              {"train_data": ["feature_scale_0.t"]}, True)]
    chain = Chain(site.flow, [GUEST], steps, arbiter=False)
    data = tables(20, 40, 1000, classes=3)
    name = f"union-{keep}"
    chain.upload(tmp_path, name, tables(19, N, 0, classes=3, words=GAPS))
    chain.upload(tmp_path, name + "-new", data)
    chain.train(name, {"dataio_0": FILL, "dataio_1": FILL,
                       "feature_scale_0": {"method": "standard_scale"},
                       "union_0": {"keep_duplicate": keep}},
                {"guest": {d: {"with_label": [True]}
                           for d in ("dataio_0", "dataio_1")}})
    chain.predict(name + "-new")
    frame, = prepared(chain, data)
    if keep:
        twice = [f"{i}_dataio_1.data" for i in frame.ids]
        ids = frame.ids + twice
        frame = frame._replace(
            ids=ids, x=np.vstack([frame.x] * 2),
            labels={i: frame.labels[i.split("_")[0]] for i in ids})
        frame = plain.chosen(frame, sorted(ids, key=lambda i: (len(i), i)))
    same(chain.frame("union_0", GUEST), frame)
    frame, = step(chain, "feature_scale_0", [frame],
                  lambda f, m, _: plain.scale(f, m))
    shown = chain.model("local_baseline_0", GUEST)["data"]
    result = shown["oneVsRestResult"]
    u = np.array([plain.score(frame, m["weight"], m["intercept"])
                  for m in result["completedModels"]])
    p = np.exp(u) / np.exp(u).sum(axis=0)
    got = chain.scored("local_baseline_0")
    assert list(got) == frame.ids
    for k, i in enumerate(frame.ids):
        label, best, score, detail, kind = got[i]
        assert (label, kind) == (frame.labels[i], "predict")
        assert best == p[:, k].argmax()
        assert score == pytest.approx(p[:, k].max(), abs=1e-9)
        assert detail == {c: pytest.approx(v, abs=1e-9) for c, v in
                          zip(result["oneVsRestClasses"], p[:, k])}
