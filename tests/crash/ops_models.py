"""Models: taken in, given out, deleted, stored and restored."""
import os
import subprocess

import client
import control
import jobs
from operation import BULK, Operation

ROLE, PARTY = "guest", "9999"
KEEPER = "fateflow-keeper"
MISSING = "Can not found"
RENAMED = "rename */models/guest*"
TRASHED = "rename */models/.trash/*"


class OnModel(Operation):
    """What is done to one party's model of a small training."""

    of_site = {}    # (names, archive) of the model, which all share

    def begin(self):
        if self.site not in self.of_site:
            self.names = self.train()
            self.of_site[self.site] = self.names, self.export()
        self.names, self.archive = self.of_site[self.site]

    def train(self):
        self.base_tables()
        body = jobs.lr_job("models", 0, max_iter=1)
        answer = self.flow.submit(body["job_dsl"], body["job_runtime_conf"])
        assert self.flow.wait(answer["jobId"]) == "success"
        info = answer["data"]["model_info"]
        return {"model_id": info["model_id"],
                "model_version": info["model_version"],
                "role": ROLE, "party_id": PARTY}

    def export(self):
        answer = self.flow.call("model/export", self.names, "POST")
        assert answer.headers["Content-Type"] == "application/zip", \
            answer.text
        return answer.content

    def importing(self):
        return self.client.form("model/import", self.names, self.archive)

    def deleting(self):
        return self.client.post("model/delete", self.names)

    def folder(self):
        n = self.names
        return (self.site.work / "models" / f"{ROLE}#{PARTY}#{n['model_id']}"
                / n["model_version"])

    def admin(self, *words, env=None):
        return subprocess.run(
            [self.site.bin / "fateflow-admin", "-c", self.site.conf, *words],
            capture_output=True, text=True, env={**os.environ, **(env or {})})

    def listed(self):
        """What the list of models says of it: "ok", "files missing" or
        None."""
        n = self.names
        for line in self.admin("model", "list").stdout.splitlines():
            f = line.split("\t")
            if f[:4] == [ROLE, PARTY, n["model_id"], n["model_version"]]:
                return f[6]
        return None

    def there(self):
        """Yields why it is not there as a whole."""
        if self.listed() != "ok":
            yield f"the model is listed as {self.listed()}"
        elif self.export() != self.archive:
            yield "the model is another than was taken in"

    def gone(self):
        if self.listed():
            yield f"the deleted model is listed as {self.listed()}"
        if self.folder().exists():
            yield f"folder {self.folder()} is left"
        parent = self.folder().parent
        if parent.exists() and not any(parent.iterdir()):
            yield f"empty folder {parent} is left"

    def make_gone(self):
        answer = client.until_answered(self.deleting())
        assert not answer["retcode"] or MISSING in answer["retmsg"], answer

    def make_there(self):
        if self.listed() != "ok":
            self.make_gone()
            answer = client.until_answered(self.importing())
            assert not answer["retcode"], answer


class Import(OnModel):
    """Repeated, it may be told that the model is there."""
    name = "model-import"
    target = BULK
    pins = (("after", RENAMED),)

    def prepare(self, marker):
        self.make_gone()

    def act(self, marker):
        return client.answer_of(self.importing())

    def judge(self, marker, answer):
        if answer is None:
            answer = client.until_answered(self.importing())
            if answer["retcode"] and "already existed" in answer["retmsg"]:
                answer = {"retcode": 0}
        if answer["retcode"]:
            yield f"import: {answer}"
        yield from self.there()


class Delete(OnModel):
    name = "model-delete"

    def prepare(self, marker):
        self.make_there()

    def act(self, marker):
        return client.answer_of(self.deleting())

    def judge(self, marker, answer):
        if answer is None:
            answer = client.until_answered(self.deleting())
            if answer["retcode"] and MISSING in answer["retmsg"]:
                answer = {"retcode": 0}
        if answer["retcode"]:
            yield f"delete: {answer}"
        yield from self.gone()


class AdminDelete(OnModel):
    name = "admin-model-delete"
    target = control.Target("fateflow-admin")
    pins = (("after", TRASHED),)

    def prepare(self, marker):
        self.make_there()

    def delete(self, env=None):
        n = self.names
        return self.admin("model", "delete", ROLE, PARTY, n["model_id"],
                          n["model_version"], env=env)

    def act(self, marker):
        return self.delete(self.site.control.env)

    def judge(self, marker, done):
        if self.site.control.killed:
            done = self.delete()
            if done.returncode and "there is no model" not in done.stderr:
                yield f"delete: {done.stderr}"
        elif done.returncode:
            yield f"delete: {done.stderr}"
        yield from self.gone()


class Keeper(OnModel):
    """A job that stores or restores: its client sends it again."""
    verb = ""
    refusal = ""        # of what was done already

    def act(self, marker):
        return self.run()

    def run(self, **more):
        answer = client.until_answered(
            self.client.post(f"model/{self.verb}", {**self.names, **more}))
        assert answer["retcode"] == 0, answer
        self.flow.wait(answer["jobId"])
        return answer["jobId"]

    def judge(self, marker, job):
        if self.flow.status(job) != "success":
            if not self.site.control.killed:
                yield f"job {job}: {self.flow.reason(job)}"
            again = self.run()
            reason = self.flow.reason(again) or ""
            if self.flow.status(again) != "success" and \
                    self.refusal not in reason:
                yield f"repeated, job {again}: {reason}"
        yield from self.there()


class Store(Keeper):
    name = "model-store"
    target = control.Target(KEEPER, control.ANY, "store_0")
    verb = "store"
    refusal = "it is stored already"

    def prepare(self, marker):
        self.make_there()
        self.site.sql("DELETE FROM t_machine_learning_model")

    def judge(self, marker, job):
        yield from super().judge(marker, job)
        n = self.number("SELECT COUNT(DISTINCT f_model_id) FROM "
                        "t_machine_learning_model")
        if n != 1:
            yield f"{n} models are stored"


class Restore(Keeper):
    name = "model-restore"
    target = control.Target(KEEPER, control.ANY, "restore_0")
    verb = "restore"
    refusal = "the model is on this site already"
    pins = (("after", RENAMED),)

    def begin(self):
        super().begin()
        self.make_there()
        job = Store.run(_as_store(self), force_update=True)
        assert self.flow.status(job) == "success", self.flow.reason(job)

    def prepare(self, marker):
        self.make_gone()


def _as_store(op):
    other = Store(op.site)
    other.names = op.names
    return other


ALL = (Import, Delete, AdminDelete, Store, Restore)
