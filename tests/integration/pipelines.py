"""A pipeline of components over the parties of a data set (datasets.py) as
one job through the server, and the same steps in the clear (plain_steps.py).

    chain = Chain(site, folder, datasets.make("missing"), STEPS)
    chain.run()
    chain.check()        compares all steps
    chain.predict(more)  the predict job of other rows, compared

STEPS is a list of (module, parameters, {role: further parameters}).
"""
import io
import json
import sqlite3
import tarfile

import numpy as np
import pytest
import requests

import linear
import plain_steps as plain
from test_evaluation import Judge, check_binary
from test_hetero_feature_binning import EMPTY, near

NAMESPACE = "datasets"
ARBITER = 10000
NAMES = {"DataIO": "dataio_0", "Intersection": "intersection_0",
         "FeatureScale": "feature_scale_0",
         "HeteroFeatureBinning": "hetero_feature_binning_0",
         "HeteroFeatureSelection": "hetero_feature_selection_0",
         "OneHotEncoder": "one_hot_encoder_0", "HeteroLR": "linear_0",
         "HeteroLinR": "linear_0", "HeteroPoisson": "linear_0",
         "Evaluation": "evaluation_0"}
MODELLESS = ("Intersection", "Evaluation")
LINEAR = ("HeteroLR", "HeteroLinR", "HeteroPoisson")
JUDGED_WHOLE = 5000     # rows up to which every curve is compared
CLOSE = 1e-8            # a column far from 0 loses that much when scaled


def dsl_of(steps):
    components, before = {}, "args.train_data"
    for module, *_ in steps:
        name = NAMES[module]
        key = "train_data" if module in LINEAR else "data"
        one = {"module": module, "input": {"data": {key: [before]}},
               "output": {"data": ["t"]}}
        if module not in MODELLESS:
            one["output"]["model"] = ["m"]
        binning = NAMES["HeteroFeatureBinning"]
        if module == "HeteroFeatureSelection" and binning in components:
            one["input"]["isometric_model"] = [f"{binning}.m"]
        components[name] = one
        before = f"{name}.t"
    return {"components": components}


class Chain:
    def __init__(self, site, folder, data, steps):
        self.site, self.folder, self.data = site, folder, data
        self.steps, self.job = steps, None
        self.after = None
        self.learned = {}       # (module, party): the model's numbers
        self.dsl = dsl_of(steps)
        self.own = {NAMES[m]: (p, roles) for m, p, *more in steps
                    for roles in [more[0] if more else {}]}

    # ---- the job ----

    def upload(self, data=None):
        for part in (data or self.data).parts:
            self.site.flow.uploaded(
                part.write(self.folder / part.name), NAMESPACE,
                self.table(part), head=part.head, drop=1)

    def table(self, part):
        return f"{self.data.name}_{part.name.replace('-', '_')}"

    def args(self, key):
        """Each role's tables."""
        out = {}
        for part in self.data.parts:
            out.setdefault(part.role, []).append(
                {"name": self.table(part), "namespace": NAMESPACE})
        return {role: {"args": {"data": {key: tables}}}
                for role, tables in out.items()}

    def conf(self):
        roles = self.args("train_data")
        for role, own in roles.items():
            parts = [p for p in self.data.parts if p.role == role]
            own["dataio_0"] = {
                "with_label": [p.y is not None for p in parts],
                "input_format": [p.form for p in parts],
                "tag_with_value": [p.form == "tag" for p in parts]}
            for name, (_, more) in self.own.items():
                own.setdefault(name, {}).update(
                    {key: [v] * len(parts)
                     for key, v in more.get(role, {}).items()})
        hosts = [p.party for p in self.data.parts[1:]]
        return {"initiator": {"role": "guest", "party_id": 9999},
                "job_parameters": {"work_mode": 0},
                "role": {"guest": [9999], "host": hosts,
                         "arbiter": [ARBITER]},
                "role_parameters": roles, "algorithm_parameters": {
                    name: p for name, (p, _) in self.own.items()}}

    def run(self, timeout=120):
        self.upload()
        self.job = self.finished(self.dsl, self.conf(), timeout)
        return self

    def finished(self, dsl, conf, timeout=120):
        """The id of the job, which must succeed; notes its model's."""
        answer = self.site.flow.submit(dsl, conf)
        assert answer["retcode"] == 0, answer
        job = answer["jobId"]
        self.model_id = answer["data"]["model_info"]["model_id"]
        assert self.site.flow.wait(job, timeout) == "success", \
            self.site.flow.reason(job)
        return job

    def fails(self):
        """The reason that the job's failure gives."""
        self.upload()
        job = self.site.flow.submitted(self.dsl, self.conf())
        assert self.site.flow.wait(job) == "failed"
        return self.site.flow.reason(job)

    # ---- what it left ----

    def ask(self, what, module, name):
        role, party = name.split("-")
        answer = self.site.flow.component(what, self.job, NAMES[module],
                                          role, int(party))
        assert answer["retcode"] == 0, answer
        return answer

    def model(self, module, name):
        return self.ask("output/model", module, name)["data"]

    def metrics(self, module, name):
        return self.ask("metric/all", module, name)["data"]

    def table_of(self, module, name):
        """Header and lines of an output."""
        role, party = name.split("-")
        answer = requests.post(
            f"{self.site.url}/v1/tracking/component/output/data/download",
            json={"job_id": self.job, "component_name": NAMES[module],
                  "role": role, "party_id": int(party), "head": False},
            timeout=120)
        assert answer.status_code == 200, answer.text
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            texts = {m.name.rpartition("/")[2]: archive.extractfile(m).read()
                     for m in archive}
        return (json.loads(texts["output_data_meta.json"])["header"],
                texts["output_data.csv"].decode().splitlines())

    def file_of(self, module, name):
        """Header, ids, labels and rows of a dense output in its file: of
        many rows a download takes long."""
        role, party = name.split("-")
        (file,), = self.site.sql(
            "SELECT d.file FROM t_data_view v JOIN data_table d "
            f"ON d.id = v.f_table_id WHERE v.f_job_id = '{self.job}' "
            f"AND v.f_component_name = '{NAMES[module]}' "
            f"AND v.f_role = '{role}' AND v.f_party_id = '{party}'")
        path = self.site.work / "tables" / file
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            header = json.loads(db.execute(
                "SELECT value FROM meta WHERE key = 'header'").fetchone()[0])
            ids, labels, values = zip(*db.execute(
                "SELECT id, label, value FROM row ORDER BY pos"))
        return header, list(ids), labels, np.frombuffer(
            b"".join(values)).reshape(len(ids), len(header))

    # ---- step by step ----

    def check(self):
        """All steps, once; the frames, by module, for further questions."""
        if self.after:
            return self.after
        self.frames, self.auc, after = [], None, {}
        for module, *_ in self.steps:
            p, roles = self.own[NAMES[module]]
            getattr(self, "check_" + (
                "linear" if module in LINEAR else module))(module, p, roles)
            after[module] = self.frames
        self.after = after
        return after

    def frame_of(self, module, f):
        """Header, ids, labels and rows of an output."""
        if len(f.ids) > JUDGED_WHOLE:
            return self.file_of(module, f.name)
        header, lines = self.table_of(module, f.name)
        first = 1 + (f.y is not None)
        x = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None,
                       usecols=range(1, len(header)))
        return (header[first:], [line.partition(",")[0] for line in lines],
                x[:, 0], x[:, first - 1:])

    def check_frames(self, module):
        for f in self.frames:
            header, ids, labels, x = self.frame_of(module, f)
            assert (header, ids) == (f.header, f.ids), (module, f.name)
            if f.y is not None:
                np.testing.assert_array_equal(labels, f.y)
            np.testing.assert_allclose(x, f.x, rtol=CLOSE, atol=CLOSE,
                                       err_msg=f"{module} of {f.name}")

    def stored(self, frame):
        """Sparse instances have no values below 1e-6."""
        if self.own["dataio_0"][0]["output_format"] != "sparse":
            return frame
        return frame.of(x=np.where(np.abs(frame.x) < 1e-6, 0, frame.x))

    def check_DataIO(self, module, p, roles):
        for part in self.data.parts:
            own = {**p, **roles.get(part.role, {})}
            shown = self.model(module, part.name)
            assert shown["header"] == part.header
            learned = plain.data_io(part, own)[1]
            for what, word in (("imputer", "missing"),
                               ("outlier", "outlier")):
                learned[what] = self.replaced(
                    shown[f"{what}Param"], word, part.header,
                    learned.get(what, ([], [])))
            self.learned[module, part.name] = learned
            self.frames.append(self.stored(
                plain.data_io(part, own, learned)[0]))
        self.check_frames(module)

    @staticmethod
    def replaced(shown, word, header, numbers):
        """As they are shown, since a mean in the middle between two numbers
        of six digits may be either."""
        values, shares = numbers
        header = header if values else []
        assert shown[f"{word}ValueRatio"] == pytest.approx(
            dict(zip(header, shares)), abs=1e-12)
        got = {n: float(v) for n, v in shown[f"{word}ReplaceValue"].items()}
        assert got == pytest.approx(dict(zip(header, values)), abs=1.01e-6)
        return [got[n] for n in header], shares

    def check_Intersection(self, module, p, roles):
        before = [len(f.ids) for f in self.frames]
        self.frames = plain.common(self.frames)
        for f, n in zip(self.frames, before):
            assert 0 < len(f.ids) < n
            metric = self.metrics(module, f.name)["train"]["intersection"]
            assert dict(metric["data"]) == {
                "intersect_count": len(f.ids),
                "intersect_rate": pytest.approx(len(f.ids) / n, abs=1e-9)}
        self.check_frames(module)

    def check_FeatureScale(self, module, p, roles):
        frames = []
        for f in self.frames:
            frame, numbers = plain.scale(f, p)
            self.learned[module, f.name] = numbers
            frames.append(self.stored(frame))
            shown = self.model(module, f.name)
            assert shown["header"] == f.header
            got = shown["colScaleParam"]
            assert set(got) == set(f.header)
            for key, want in zip(("columnUpper", "columnLower", "mean",
                                  "std"), numbers):
                np.testing.assert_allclose(
                    [got[n][key] for n in f.header], want, rtol=1e-9,
                    atol=1e-12, err_msg=f"{key} of {f.name}")
        self.frames = frames
        self.check_frames(module)

    def splits(self, module, f, p):
        """By the formula where a summary of so few rows is exact, else those
        shown, if they are where they may be."""
        shown = self.model(module, f.name)["binningResult"]["binningResult"]
        assert set(shown) == set(f.header)
        got = [shown[n]["splitPoints"] for n in f.header]
        if len(f.ids) > 500 and p.get("method", "quantile") == "quantile":
            for n, column, points in zip(f.header, f.x.T, got):
                assert plain.is_within(column, points, p["bin_num"]), n
            return got
        want = plain.cut(f, p)
        for n, a, b in zip(f.header, got, want):
            assert a == pytest.approx(list(b), rel=CLOSE, abs=CLOSE), n
        return want

    def check_HeteroFeatureBinning(self, module, p, roles):
        y, frames, self.ivs = self.frames[0].y, [], []
        hosts = {f"host-{r['partyId']}": r["binningResult"] for r in
                 self.model(module, "guest-9999")["hostResults"]}
        assert list(hosts) == [f.name for f in self.frames[1:]]
        for f in self.frames:
            splits = self.splits(module, f, p)
            stats = plain.statistics(f, splits, y)
            self.learned[module, f.name] = splits, stats
            own = self.model(module, f.name)["binningResult"][
                "binningResult"]
            for j, (n, want) in enumerate(zip(f.header, stats)):
                near(own[n], want if f.y is not None else EMPTY, n)
                if f.y is None:
                    near(hosts[f.name][f"host.{j}"],
                         {**want, "splitPoints": []}, f"{f.name} {n}")
            self.ivs.append({n: s["iv"] for n, s in zip(f.header, stats)})
            frames.append(plain.transformed(
                f, splits, stats, p["transform_param"]["transform_type"]))
        self.numbers = [{n: f"host.{j}" for j, n in enumerate(f.header)}
                        for f in self.frames]
        self.frames = frames
        self.check_frames(module)

    def check_HeteroFeatureSelection(self, module, p, roles):
        frames, steps = plain.select(self.frames, getattr(
            self, "ivs", []), p)
        for k, (f, g) in enumerate(zip(self.frames, frames)):
            self.learned[module, f.name] = g.header
            shown = self.model(module, f.name)
            assert shown["header"] == f.header
            assert len(shown["results"]) == len(steps)
            for result, (method, seen, left) in zip(shown["results"], steps):
                self.check_filter(result, method, k, seen, left)
            assert shown["finalLeftCols"] == {
                "originalCols": f.header,
                "leftCols": {n: True for n in g.header}}, f.name
        self.frames = frames
        self.check_frames(module)

    def check_filter(self, result, method, k, seen, left):
        assert result["filterName"] == method
        is_iv = method.startswith("iv_")
        values = {} if is_iv and k else seen[k]
        assert result["featureValues"] == pytest.approx(
            values, rel=1e-9, abs=1e-12), (method, k)
        assert result["leftCols"] == {
            "originalCols": list(seen[k]),
            "leftCols": {n: True for n in left[k]}}, (method, k)
        for h, one in enumerate(result["hostFeatureValues"] if is_iv else [],
                                1):
            assert one["featureValues"] == pytest.approx({
                self.numbers[h][n]: v for n, v in seen[h].items()},
                rel=1e-9, abs=1e-12)
            assert result["hostLeftCols"][h - 1]["leftCols"] == {
                self.numbers[h][n]: True for n in left[h]}

    def check_OneHotEncoder(self, module, p, roles):
        frames = []
        for f in self.frames:
            frame, values = plain.one_hot(f)
            self.learned[module, f.name] = values
            frames.append(frame)
            shown = self.model(module, f.name)
            assert shown["resultHeader"] == frame.header
            assert shown["colMap"] == {n: {
                "values": [str(v) for v in vs],
                "transformedHeaders": [f"{n}_{v}" for v in vs]}
                for n, vs in values.items()}
        self.frames = frames
        self.check_frames(module)

    # ---- models and their scores ----

    def check_linear(self, module, p, roles):
        guest = self.frames[0]
        headers = [[n for n in f.header if n != p.get("exposure_colname")]
                   for f in self.frames]
        xs, offset = self.apart_from_exposure(self.frames, p)
        classes = np.unique(guest.y)
        if module == "HeteroLR" and len(classes) > 2:
            self.check_classes(module, p, xs, headers, classes)
            return
        want, bias, losses = linear.train(module, xs, guest.y, p, offset)
        self.learned[module, "all"] = want, bias
        for k, f in enumerate(self.frames):
            shown = self.model(module, f.name)
            self.check_weights(shown, headers[k], want[k],
                               0 if k else bias, p)
        arbiter = f"arbiter-{ARBITER}"
        if len(xs) == 2:
            loss = self.metrics(module, arbiter)["train"]["loss"]["data"]
            np.testing.assert_allclose([v for _, v in loss], losses,
                                       rtol=1e-4, atol=1e-4)
        mu = linear.FORMULAS[module].predict(
            linear.score(xs, want, bias, offset))
        self.scores = self.check_scores(module, guest, mu)

    @staticmethod
    def apart_from_exposure(frames, p):
        """The parties' columns, and what exposure adds to the scores."""
        xs, guest = [f.x for f in frames], frames[0]
        if not p.get("exposure_colname"):
            return xs, 0
        at = guest.header.index(p["exposure_colname"])
        xs[0] = np.delete(guest.x, at, axis=1)
        return xs, np.log(guest.x[:, at])

    @staticmethod
    def check_weights(shown, header, want, bias, p):
        assert shown["header"] == header
        np.testing.assert_allclose(linear.vector(shown), want, atol=1e-4)
        assert shown["intercept"] == pytest.approx(bias, abs=1e-4)
        assert shown["iters"] == p["max_iter"]

    def check_classes(self, module, p, xs, headers, classes):
        fits = [linear.train(module, xs, (self.frames[0].y == c).astype(int),
                             p)[:2] for c in classes]
        for k, f in enumerate(self.frames):
            shown = self.model(module, f.name)
            assert shown["needOneVsRest"]
            models = shown["oneVsRestResult"]["completedModels"]
            assert len(models) == len(classes)
            for one, (want, bias) in zip(models, fits):
                self.check_weights(one, headers[k], want[k],
                                   0 if k else bias, p)
        u = np.array([linear.score(xs, *fit) for fit in fits])
        self.scores = self.check_scores(
            module, self.frames[0], (1 / (1 + np.exp(-u))).max(axis=0),
            classes[u.argmax(axis=0)])

    def check_scores(self, module, guest, mu, guess=None, kind="train"):
        header, lines = self.table_of(module, "guest-9999")
        rows = [line.split(",") for line in lines]
        assert header[1:] == ["label", "predict_result", "predict_score",
                              "predict_detail", "type"]
        assert [r[0] for r in rows] == guest.ids
        assert {r[-1] for r in rows} == {kind}
        label, result, score = (np.array([float(r[k]) for r in rows])
                                for k in (1, 2, 3))
        np.testing.assert_array_equal(label, guest.y)
        np.testing.assert_allclose(score, mu, rtol=1e-4, atol=1e-4)
        if guess is not None:
            assert (result == guess).mean() > 0.99  # but for equal scores
        elif module == "HeteroLR":
            np.testing.assert_array_equal(result, score > 0.5)
        else:
            np.testing.assert_array_equal(result, score)
        return module, label, result, score

    def check_Evaluation(self, module, p, roles):
        trained, y, result, score = self.scores
        shown = self.metrics(module, "guest-9999")["train"]
        summary = dict(shown["linear_0"]["data"])
        if p["eval_type"] == "multi":
            want = plain.of_classes(y, result)
        elif p["eval_type"] == "regression":
            want = plain.of_numbers(y, score)
        else:
            want = dict(zip(("auc", "ks"), plain.auc_ks(y, score)))
            self.auc = want["auc"]
            if len(y) <= JUDGED_WHOLE:
                check_binary(Judge(y, score.tolist()), shown, "linear_0")
        for key, value in want.items():
            assert summary[key] == pytest.approx(value, abs=1e-6), key

    # ---- a prediction ----

    def predict(self, data):
        """By the models of the training, which was compared before."""
        self.upload(data)
        conf = self.conf()
        conf["role_parameters"] = self.args("eval_data")
        del conf["algorithm_parameters"]
        conf["job_parameters"].update(
            job_type="predict", model_id=self.model_id,
            model_version=self.job)
        job = self.finished({}, conf)
        frames = self.transformed(data)
        ((module, p, *_),) = [s for s in self.steps if s[0] in LINEAR]
        xs, offset = self.apart_from_exposure(frames, p)
        mu = linear.FORMULAS[module].predict(linear.score(
            xs, *self.learned[module, "all"], offset))
        trained, self.job = self.job, job
        try:
            self.check_scores(module, frames[0], mu, kind="predict")
        finally:
            self.job = trained

    def transformed(self, data):
        """The parties' frames as the training's models make them."""
        p, roles = self.own["dataio_0"]
        frames = plain.common([self.stored(plain.data_io(
            part, {**p, **roles.get(part.role, {})},
            self.learned["DataIO", part.name])[0]) for part in data.parts])
        for module, p, *_ in self.steps:
            step = getattr(self, f"again_{module}", None)
            if step:
                frames = [step(f, p, self.learned[module, f.name])
                          for f in frames]
        return frames

    def again_FeatureScale(self, f, p, learned):
        return self.stored(plain.scale(f, p, learned)[0])

    @staticmethod
    def again_HeteroFeatureBinning(f, p, learned):
        return plain.transformed(
            f, *learned, p["transform_param"]["transform_type"])

    @staticmethod
    def again_HeteroFeatureSelection(f, p, learned):
        return f.keep(learned)

    @staticmethod
    def again_OneHotEncoder(f, p, learned):
        return plain.one_hot(f, learned)[0]
