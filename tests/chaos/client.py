"""The users of a chaos run: threads that submit jobs and ask for stops, again
and again until there is an answer that stands.

What came of each submit is kept as an Outcome. One that was never answered
for good may have made a job or none; with tokens it is repeated until it is
answered, since the same token gives the same job.
"""
import hashlib
import json
import queue
import threading
import time
import urllib.parse

import requests

import jobs

TIMEOUT = 40        # a database that stands still for 15 s is waited for
AGAIN = 0.3


class Outcome:
    """What a submit led to, as far as its client knows."""

    def __init__(self, spec):
        self.spec = spec
        self.job_id = None      # as answered
        self.refused = None     # the text of a refusal
        self.tries = 0
        self.sent_at = None     # of the first try
        self.answered_at = None
        self.stop_answered = False

    @property
    def is_accepted(self):
        return self.job_id is not None


class Clients:
    """Submits specs at their times with several threads at once."""

    def __init__(self, site, specs, folder, has_tokens, model_version,
                 n_threads=6):
        self.site, self.folder = site, folder
        self.has_tokens = has_tokens
        self.model_version = model_version
        self.sessions = {}      # of uploads in pieces, by marker
        self.outcomes = [Outcome(s) for s in specs]
        self.begun = time.monotonic()
        self.gives_up = threading.Event()
        self.todo = queue.PriorityQueue()
        for i, o in enumerate(self.outcomes):
            self.todo.put((o.spec.at, i, self.submit, o))
        self.n_open = len(self.outcomes)
        self.lock = threading.Lock()
        self.errors = []
        self.threads = [threading.Thread(target=self.work, daemon=True)
                        for _ in range(n_threads)]

    def start(self):
        for t in self.threads:
            t.start()

    def is_done(self):
        return self.n_open == 0

    def end(self):
        self.gives_up.set()
        for t in self.threads:
            t.join(TIMEOUT + 5)

    def now(self):
        return time.monotonic() - self.begun

    # ---- the threads ----

    def work(self):
        while not self.gives_up.is_set() and not self.is_done():
            try:
                at, i, act, o = self.todo.get(timeout=0.1)
            except queue.Empty:
                continue
            if at > self.now():
                self.todo.put((at, i, act, o))
                time.sleep(min(0.05, max(at - self.now(), 0)))
                continue
            try:
                later = act(o)
            except Exception as e:      # a fault of this program
                self.errors.append(f"{o.spec.marker}: {e!r}")
                later = None
            if later:
                self.todo.put((self.now() + later[0], i, later[1], o))
            else:
                with self.lock:
                    self.n_open -= 1

    def submit(self, o):
        """None when all is said, or (seconds, what to do then)."""
        if o.sent_at is None:
            o.sent_at = time.monotonic()
        o.tries += 1
        answer, is_clear = self.ask(o.spec)
        if answer is None or answer.get("retcode") != 0:
            if answer is None or not is_clear:
                return (AGAIN, self.submit) if self.has_tokens else None
            o.refused = answer.get("retmsg", "")
            return None
        o.job_id = answer["jobId"]
        o.answered_at = time.monotonic()
        if o.spec.stop_after:
            return o.spec.stop_after, self.stop
        return None

    def ask(self, spec):
        """(answer or None, is its refusal for good?)"""
        try:
            r = self.send(spec)
        except (requests.RequestException, OSError):
            return None, False
        try:
            answer = r.json()
        except ValueError:
            return None, False
        data = answer.get("data") or {}
        return answer, r.status_code < 500 and "offset" not in data

    def send(self, spec):
        headers = {"Idempotency-Key": spec.marker}
        if spec.shape == "upload":
            return self.send_upload(spec, headers)
        if spec.shape == "pieces":
            return self.send_pieces(spec)
        body = spec.body
        if spec.shape == "predict":
            body = json.loads(json.dumps(body))
            body["job_runtime_conf"]["job_parameters"]["model_version"] = \
                self.model_version
        return requests.post(f"{self.site.url}/v1/job/submit", json=body,
                             headers=headers, timeout=TIMEOUT)

    def table_of(self, spec):
        """(file, what an upload of it says)"""
        path = self.folder / f"{spec.marker}.csv"
        if not path.exists():
            jobs.write_table(path, "guest", spec.marker, spec.rows)
        return path, {"work_mode": 0, "head": 1, "partition": 4,
                      "namespace": jobs.NAMESPACE, "table_name": spec.marker}

    def send_pieces(self, spec):
        """What is missing, in two pieces. The answer is that of `finish`, or
        of the first request that was not done; of one that says how far the
        upload is, it goes on."""
        path, params = self.table_of(spec)
        content = path.read_bytes()
        if spec.marker not in self.sessions:
            r = self.session("create", json={
                **params, "file_bytes": len(content),
                "file_sha256": hashlib.sha256(content).hexdigest()})
            if r.status_code != 200 or r.json()["retcode"]:
                return r
            self.sessions[spec.marker] = r.json()["data"]["session_id"]
        which = {"session_id": self.sessions[spec.marker]}
        r = self.session("query", json=which)
        at = r.json().get("data", {}).get("offset")
        for end in (len(content) // 2, len(content)):
            if at is not None and at < end:
                r = self.session("put", params={**which, "offset": at},
                                 data=content[at:end])
                at = r.json().get("data", {}).get("offset")
        return (r if r.status_code != 200
                else self.session("finish", json=which))

    def session(self, verb, **what):
        return requests.post(f"{self.site.url}/v1/data/upload/session/{verb}",
                             timeout=TIMEOUT, **what)

    def send_upload(self, spec, headers):
        path, params = self.table_of(spec)
        params["file"] = path.name
        with open(path, "rb") as stream:
            return requests.post(
                f"{self.site.url}/v1/data/upload?"
                f"{urllib.parse.urlencode(params)}",
                headers=headers, timeout=TIMEOUT,
                files={"file": (path.name, stream,
                                "application/octet-stream")})

    def stop(self, o):
        try:
            r = requests.post(f"{self.site.url}/v1/job/stop",
                              json={"job_id": o.job_id}, timeout=TIMEOUT)
            o.stop_answered = (r.status_code == 200
                               and r.json().get("retcode") == 0)
        except (requests.RequestException, OSError, ValueError):
            pass
        return None if o.stop_answered else (AGAIN, self.stop)


def gives_same_job(site, spec, folder):
    """Does a repeated submit with the same token lead to the same job?"""
    c = Clients(site, [spec], folder, True, None)
    first, _ = c.ask(spec)
    second, _ = c.ask(spec)
    if first["retcode"] or second["retcode"]:
        raise RuntimeError(f"the first jobs are refused: {first} {second}")
    return first["jobId"] == second["jobId"]
