"""Uploads: whole, in pieces, given up."""
import hashlib

import requests

import client
import control
from operation import BULK, CSV, WORKER, Operation

NAMESPACE = "crash"


class Upload(Operation):
    """data/upload in a bulk worker."""
    name = "upload"
    target = BULK
    pins = (("after", "linkat */spool/upload-*"),)

    def send(self, marker):
        return self.client.upload(marker, CSV, NAMESPACE)

    def act(self, marker):
        return client.answer_of(self.send(marker))

    def judge(self, marker, answer):
        again = client.until_answered(self.send(marker))
        if again["retcode"]:
            yield f"the repeated upload is refused: {again}"
            return
        if answer and answer["jobId"] != again["jobId"]:
            yield f"it was answered with {answer} and then with {again}"
        yield from self.ended(again["jobId"])
        yield from self.one_job(marker)
        yield from self.table(NAMESPACE, marker)


class Session(Operation):
    """An upload in pieces by a client that goes on wherever it was cut."""
    name = "upload-session"
    target = WORKER

    def params(self, marker):
        return {"work_mode": 0, "namespace": NAMESPACE, "head": 1,
                "table_name": marker, "partition": 4,
                "file_bytes": len(CSV),
                "file_sha256": hashlib.sha256(CSV).hexdigest()}

    def ask(self, verb, body):
        return client.until_answered(
            self.client.post(f"data/upload/session/{verb}", body))

    def put(self, offset, body):
        url = f"{self.site.url}/v1/data/upload/session/put"
        return lambda: requests.post(
            url, params={"session_id": self.id, "offset": offset}, data=body,
            timeout=client.TIMEOUT,
            headers={"Content-Type": "application/octet-stream"})

    def put_up_to(self, end):
        for _ in range(5):
            at = self.ask("query", {"session_id": self.id})["data"]["offset"]
            if at >= end:
                return
            client.answer_of(self.put(at, CSV[at:end]))
        raise AssertionError(f"{end} bytes cannot be put")

    def create(self, marker):
        answer = self.ask("create", self.params(marker))
        assert answer["retcode"] == 0, answer
        self.id = answer["data"]["session_id"]

    def act(self, marker):
        self.create(marker)
        self.put_up_to(len(CSV) // 2)
        self.put_up_to(len(CSV))
        return self.ask("finish", {"session_id": self.id})

    def judge(self, marker, answer):
        if answer["retcode"]:
            yield f"finish: {answer}"
            return
        again = self.ask("finish", {"session_id": self.id})
        if again.get("jobId") != answer["jobId"]:
            yield f"finish said {answer}, and repeated {again}"
        yield from self.ended(answer["jobId"])
        yield from self.table(NAMESPACE, marker)


class SessionCancel(Session):
    name = "upload-session-cancel"

    def prepare(self, marker):
        self.create(marker)
        self.put_up_to(len(CSV) // 2)

    def act(self, marker):
        return self.ask("cancel", {"session_id": self.id})

    def judge(self, marker, answer):
        """101: there is no such session, as after an answer that got lost."""
        killed = self.site.control.killed
        if answer["retcode"] not in ((0, 101) if killed else (0,)):
            yield f"cancel: {answer}"
        answer = self.ask("query", {"session_id": self.id})
        if answer["retcode"] != 101:
            yield f"a canceled session: {answer}"


class UploadTask(Upload):
    """An upload's task: supervisor and component, which its job repeats."""
    name = "upload-task"
    target = control.Target("fateflow-task", control.ANY, "upload_0")

    def send(self, marker):
        return self.client.upload(marker, CSV, NAMESPACE, drop=1)

    def act(self, marker):
        answer = client.until_answered(self.send(marker))
        self.flow.wait(answer["jobId"])
        return answer

    def judge(self, marker, answer):
        """Its file is gone with the job: its client sends it again."""
        job = answer["jobId"]
        if not self.site.control.killed or \
                self.flow.status(job) == "success":
            yield from self.ended(job)
            yield from self.table(NAMESPACE, marker)
            return
        if "upload_0 of local 0" not in self.flow.reason(job):
            yield f"job {job} failed and says {self.flow.reason(job)!r}"
        again = client.until_answered(self.client.upload(
            marker, CSV, NAMESPACE, drop=1, submit_token=f"{marker}-2"))
        yield from self.ended(again["jobId"])
        yield from self.table(NAMESPACE, marker)


ALL = (Upload, Session, SessionCancel, UploadTask)
