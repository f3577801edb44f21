"""A chain of components as two jobs: a training, and the predict job of the
pipeline that it left, on other rows."""
import json

import numpy as np

from plain_predict import Frame

NAMESPACE = "predict_components"


def key_of(role, party):
    return f"{role}-{party}"


class Chain:
    """steps: (component, module, data input, declares a model, extras).
    parties: [(role, party id)], the guest first; an arbiter is added."""

    def __init__(self, flow, parties, steps, arbiter=True):
        self.flow, self.parties = flow, parties
        self.roles = {"arbiter": [10000]} if arbiter else {}
        for role, party in parties:
            self.roles.setdefault(role, []).append(party)
        self.dsl = {"components": {}}
        for name, module, data, has_model, *more in steps:
            own = {"module": module, "input": {"data": data},
                   "output": {"data": ["t"]}, **(more[0] if more else {})}
            if "model" in own or "isometric_model" in own:
                for k in ("model", "isometric_model"):
                    if k in own:
                        own["input"][k] = own.pop(k)
            if has_model:
                own["output"]["model"] = ["m"]
            self.dsl["components"][name] = own

    def conf(self, name, key, algorithm=None, roles=None):
        """roles: {role: {component: {parameter: [by party]}}}"""
        own = {role: dict(v) for role, v in (roles or {}).items()}
        for role, party in self.parties:
            args = own.setdefault(role, {}).setdefault(
                "args", {"data": {key: []}})
            args["data"][key].append({"namespace": NAMESPACE,
                                      "name": f"{name}-{role}-{party}"})
        return {"initiator": {"role": "guest", "party_id": 9999},
                "job_parameters": {"work_mode": 0}, "role": self.roles,
                "role_parameters": own,
                "algorithm_parameters": algorithm or {}}

    def upload(self, folder, name, tables, headless=()):
        """tables: {party: (header, {id: texts})}"""
        for role, party in self.parties:
            header, cells = tables[role, party]
            path = folder / f"{name}-{role}-{party}.csv"
            head = (role, party) not in headless
            with open(path, "w") as f:
                if head:
                    f.write(",".join(["id"] + header) + "\n")
                for i, texts in cells.items():
                    f.write(",".join([i] + texts) + "\n")
            self.flow.uploaded(path, NAMESPACE, path.stem, head=int(head),
                               drop=1)

    def train(self, name, algorithm, roles):
        answer = self.flow.submit(
            self.dsl, self.conf(name, "train_data", algorithm, roles))
        assert answer["retcode"] == 0, answer
        assert not answer["data"].get("warnings"), answer
        self.info = answer["data"]["model_info"]
        self.trained = answer["jobId"]
        self._end(self.trained)
        return self

    def predict(self, name, dsl=None):
        conf = self.conf(name, "eval_data")
        conf["job_parameters"].update(job_type="predict", **self.info)
        del conf["algorithm_parameters"]
        self.predicted = self.flow.submitted(dsl or {}, conf)
        self._end(self.predicted)
        return self

    def _end(self, job):
        assert self.flow.wait(job, 300) == "success", self.flow.reason(job)

    # ---- what there is to see ----

    def model(self, component, party):
        answer = self.flow.component("output/model", self.trained, component,
                                     *party)
        assert answer["retcode"] == 0 and answer.get("data"), answer
        return answer

    def deployed(self):
        """The predict job's components."""
        row = self.flow.rows(self.predicted)[0]
        return json.loads(row["f_dsl"])["components"]

    def table(self, component, party, job=None):
        """(header, rows) of at most 100 rows, None when there is no data."""
        answer = self.flow.component("output/data", job or self.predicted,
                                     component, *party)
        if answer["retmsg"] == "no data":
            return None
        assert answer["meta"]["total"] == len(answer["data"])
        return answer["meta"]["header"], answer["data"]

    def frame(self, component, party):
        header, rows = self.table(component, party)
        first = 2 if header[1] == "y" else 1
        x = [[np.nan if v is None else v for v in row[first:]]
             for row in rows]
        return Frame([row[0] for row in rows], header[first:], np.array(x),
                     {row[0]: row[1] for row in rows} if first == 2
                     else None)

    def scored(self, component="hetero_lr_0", party=("guest", 9999)):
        """{id: [label, result, score, detail, type]}"""
        header, rows = self.table(component, party)
        assert header == ["id", "label", "predict_result", "predict_score",
                          "predict_detail", "type"]
        return {row[0]: row[1:] for row in rows}


def same(got, want):
    """Two frames; values to 1e-9, since sums may be in another order."""
    assert got.ids == want.ids and got.header == want.header
    assert got.labels == want.labels
    np.testing.assert_allclose(got.x, want.x, rtol=1e-9, atol=1e-9)
