"""What a client does: asks, and asks again when nobody answered."""
import time

import requests

TIMEOUT = 30
PATIENCE = 30


def answer_of(send):
    """The JSON of an answer that stands, or None."""
    try:
        r = send()
        body = r.json()
    except (requests.RequestException, OSError, ValueError):
        return None
    return None if r.status_code >= 500 else body


def until_answered(send):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = answer_of(send)
        if answer is not None:
            return answer
        time.sleep(0.05)
    raise AssertionError("no answer to a request that is repeated")


class Client:
    def __init__(self, site):
        self.site = site

    def post(self, path, body=None, **more):
        """A function that sends it once."""
        return lambda: requests.post(f"{self.site.url}/v1/{path}", json=body,
                                     timeout=TIMEOUT, **more)

    def upload(self, name, content, namespace, **more):
        params = {"work_mode": 0, "head": 1, "partition": 4,
                  "namespace": namespace, "table_name": name,
                  "file": "x.csv", "submit_token": name, **more}
        return lambda: requests.post(
            f"{self.site.url}/v1/data/upload", params=params,
            timeout=TIMEOUT,
            files={"file": ("x.csv", content, "application/octet-stream")})

    def submit(self, body, token):
        return self.post("job/submit", body,
                         headers={"Idempotency-Key": token})

    def form(self, path, fields, content):
        return lambda: requests.post(
            f"{self.site.url}/v1/{path}", data=fields, timeout=TIMEOUT,
            files={"file": ("x.zip", content, "application/octet-stream")})
