"""What the tests say to a site: FATE-Flow's v1 REST API over HTTP."""
import json
import pathlib
import time

import requests

SHARED = pathlib.Path(__file__).resolve().parents[3] / "shared"
FINAL = {"success", "failed", "canceled", "timeout"}


class Flow:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def call(self, path, body=None, method="POST", **more):
        return requests.request(method, f"{self.url}/v1/{path}", json=body,
                                timeout=60, **more)

    def post(self, path, body):
        answer = self.call(path, body)
        return answer.json()

    def ok(self, path, body):
        """The data of an answer that must be a success."""
        answer = self.post(path, body)
        assert answer["retcode"] == 0, (path, body, answer)
        return answer.get("data")

    def upload(self, file, namespace, table_name, head=1, partition=4, **more):
        params = {"work_mode": 0, "head": head, "partition": partition,
                  "namespace": namespace, "table_name": table_name,
                  "file": "x.csv", **more}
        with open(file, "rb") as stream:
            return requests.post(
                f"{self.url}/v1/data/upload", params=params, timeout=300,
                files={"file": (pathlib.Path(file).name, stream,
                                "application/octet-stream")}).json()

    def uploaded(self, file, namespace, table_name, wait=120, **more):
        """Uploads and waits for success; the job id."""
        answer = self.upload(file, namespace, table_name, **more)
        assert answer["retcode"] == 0, answer
        assert self.wait(answer["jobId"], wait) == "success", \
            self.reason(answer["jobId"])
        return answer["jobId"]

    def submit(self, dsl, conf):
        return self.post("job/submit",
                         {"job_dsl": dsl, "job_runtime_conf": conf})

    def submitted(self, dsl, conf):
        answer = self.submit(dsl, conf)
        assert answer["retcode"] == 0, answer
        return answer["jobId"]

    def rows(self, job_id):
        return self.ok("job/query", {"job_id": job_id})

    def status(self, job_id):
        return self.rows(job_id)[0]["f_status"]

    def reason(self, job_id):
        return self.rows(job_id)[0].get("f_reason")

    def wait(self, job_id, timeout=120):
        """The final status; fails when there is none in time."""
        end = time.monotonic() + timeout
        pause = 0.01
        while time.monotonic() < end:
            status = self.status(job_id)
            if status in FINAL:
                return status
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        raise AssertionError(f"job {job_id} is {status} after {timeout} s")

    def finished(self, dsl, conf, timeout=120):
        """Submits, waits for success; the job id."""
        job_id = self.submitted(dsl, conf)
        assert self.wait(job_id, timeout) == "success", self.reason(job_id)
        return job_id

    def component(self, what, job_id, component, role, party_id, **more):
        return self.post(f"tracking/component/{what}",
                         {"job_id": job_id, "component_name": component,
                          "role": role, "party_id": party_id, **more})


def load(path):
    return json.loads(pathlib.Path(path).read_text())
