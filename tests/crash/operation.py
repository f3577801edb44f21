"""What the operations have in common."""
import time

import client
import control
import jobs
import private_site

WORKER = control.Target("fateflow-fcgi", control.FORKED)
API = control.Target("fateflow-fcgi", control.FORKED, "--pool api")
BULK = control.Target("fateflow-fcgi", control.FORKED, "--pool bulk")
SCHEDULER = control.Target("fateflow-scheduler", control.STARTED)
LEASE = 1.1
JOB_SECONDS = 60
CSV = b"id,x\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(7))
ROWS = 7


class Operation:
    """One run is prepare, act (in which the process is killed), heal, judge.
    `act` returns what was answered, None when nobody answered."""
    name = ""
    target = WORKER
    # Points that are always tried: where, and the first effect like that. Not
    # those of a class above it.
    pins = ()
    is_slow = False     # a short run takes its own points, or leaves it out

    def __init__(self, site):
        self.site, self.flow = site, site.flow
        self.client = client.Client(site)

    def begin(self):
        """Before the first run."""

    def end(self):
        """After the last."""

    def prepare(self, marker):
        """Before each."""

    def act(self, marker):
        raise NotImplementedError

    def heal(self):
        """What a service manager does. A master begins again with its own
        restarts too, lest it waits longer each time."""
        if self.site.control.killed and self.target.program == WORKER.program:
            for pool in private_site.WORKERS:
                if pool in self.target.words or not self.target.words:
                    self.site.process(pool).stop()
                    self.site.start_pool(pool)

    def judge(self, marker, answer):
        """Yields what is wrong."""
        raise NotImplementedError

    # ---- what they share ----

    def number(self, sql):
        return int(self.site.sql(sql)[0][0])

    def ended(self, job, wanted="success"):
        """Yields what is wrong with the end of a job."""
        status = self.flow.wait(job, JOB_SECONDS)
        if status != wanted:
            yield f"job {job} is {status}: {self.flow.reason(job)}"

    def one_job(self, token):
        n = self.number("SELECT COUNT(*) FROM job_run WHERE submit_token = "
                        f"'{token}'")
        if n != 1:
            yield f"token {token} has {n} jobs"

    def table(self, namespace, name, rows=ROWS):
        got = self.flow.ok("table/table_info", {"namespace": namespace,
                                                "table_name": name})
        if got.get("count") != rows:
            yield f"table {name} has {got.get('count')} rows, not {rows}"
        n = self.number("SELECT COUNT(*) FROM data_table WHERE namespace = "
                        f"'{namespace}' AND name = '{name}'")
        if n != 1:
            yield f"table {name} has {n} versions"

    def restart_scheduler(self):
        """Once the lease of the one that died has passed."""
        if not self.site.pid("scheduler"):
            time.sleep(LEASE)
            self.site.start_scheduler()

    def await_kill_or(self, test, seconds=JOB_SECONDS):
        """Until the process is killed or `test` holds."""
        private_site.wait_for("neither killed nor done", lambda:
                              self.site.control.killed or test(), seconds)

    def base_tables(self):
        for role, name in jobs.TABLES.items():
            answer = self.flow.post("table/table_info", {
                "namespace": jobs.NAMESPACE, "table_name": name})
            if not (answer.get("data") or {}).get("count"):
                self.flow.uploaded(
                    jobs.write_table(self.site.root / f"{name}.csv", role),
                    jobs.NAMESPACE, name)
