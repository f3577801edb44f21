"""What a site does by itself and its operator by hand: sweeps, retention,
migrations."""
import contextlib
import os
import subprocess
import time

import control
import jobs
import ops_jobs
import private_site
import rest
from operation import CSV, SCHEDULER, Operation

ADMIN = control.Target("fateflow-admin")
DAY_MS = 86400 * 1000
KINDS = ("scratch", "metrics", "tables", "jobs")


class OnScheduler(ops_jobs.OnJobs):
    target = SCHEDULER
    seconds = 60

    def heal(self):
        self.restart_scheduler()

    def await_done(self):
        private_site.wait_for(f"{self.name} is not done",
                              lambda: not any(self.left()), self.seconds)

    def act(self, marker):
        with contextlib.suppress(private_site.SiteError):   # killed at once
            self.site.start_scheduler()
        self.await_kill_or(lambda: not any(self.left()), self.seconds)

    def left(self):
        """Yields what is to go."""
        raise NotImplementedError

    def judge(self, marker, answer):
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and any(self.left()):
            time.sleep(0.1)
        yield from self.left()


class TableDelete(OnScheduler):
    """The file of a deleted table goes, and an upload that no job took."""
    name = "sweep-tables"
    is_slow = True

    def prepare(self, marker):
        self.restart_scheduler()
        self.flow.uploaded(self.csv(), "crash", marker)
        self.file = self.site.sql("SELECT file FROM data_table WHERE name = "
                                  f"'{marker}'")[0][0]
        self.site.process("scheduler").stop()
        self.flow.ok("table/delete", {"namespace": "crash",
                                      "table_name": marker})
        self.lost = self.site.work / "spool" / f"upload-{'0' * 32}"
        self.lost.write_text("x")
        os.utime(self.lost, (1, 1))

    def csv(self):
        path = self.site.root / "sweep.csv"
        path.write_bytes(CSV)
        return path

    def left(self):
        if (self.site.work / "tables" / self.file).exists():
            yield f"table file {self.file}"
        if self.lost.exists():
            yield f"upload {self.lost}"
        if self.number("SELECT COUNT(*) FROM data_table WHERE file = "
                       f"'{self.file}' AND deleted < 2"):
            yield f"the row of {self.file}"


def write_conf(site, keep):
    """The site's configuration with these retention times. Only a clock that
    has been steady for an hour is believed."""
    site.options["retention"] = keep
    site._write_conf()
    rest.set_steady(site)


class Retention(OnScheduler):
    """All kinds of a job that ended long ago."""
    name = "retention"
    is_slow = True

    def prepare(self, marker):
        self.restart_scheduler()
        self.job = self.submitted(marker, jobs.chain(marker, 0, None))
        assert self.flow.wait(self.job) == "success"
        self.site.process("scheduler").stop()
        self.age()
        write_conf(self.site, dict.fromkeys(KINDS, "20d"))

    def age(self):
        self.site.sql("DELETE FROM retention_mark; UPDATE job_run SET "
                      f"end_time = end_time - {30 * DAY_MS} WHERE job_id = "
                      f"'{self.job}'")

    def end(self):
        self.site.process("scheduler").stop()
        write_conf(self.site, {})
        self.site.start_scheduler()

    def folder(self):
        return self.site.work / "jobs" / self.job[:8] / self.job

    def rows(self):
        return {t: self.number(f"SELECT COUNT(*) FROM {t} WHERE {c} = "
                               f"'{self.job}'") for t, c in (
            ("job_run", "job_id"), ("t_job", "f_job_id"),
            ("t_task", "f_job_id"), ("t_data_view", "f_job_id"),
            ("t_tracking_metric", "f_job_id"))}

    def left(self):
        for table, n in self.rows().items():
            if n:
                yield f"{n} rows of job {self.job} in {table}"
        if self.folder().exists():
            yield f"folder {self.folder()}"
        for path in self.site.work.glob("jobs/.trash/*"):
            yield f"trash {path}"


class RetentionJobs(Retention):
    """Jobs go whole, by an operator who is killed: no job is left whose
    folder is gone."""
    name = "admin-retain"
    target = ADMIN
    pins = (("after", "rename */jobs/.trash/2*"),)
    keep = {"jobs": "20d"}

    def prepare(self, marker):
        super().prepare(marker)
        write_conf(self.site, self.keep)

    def retain(self, env=None):
        return subprocess.run(
            [self.site.bin / "fateflow-admin", "-c", self.site.conf,
             "retain"], capture_output=True, text=True,
            env={**os.environ, **(env or {})})

    def act(self, marker):
        return self.retain(self.site.control.env)

    def heal(self):
        pass

    def judge(self, marker, done):
        if self.rows()["job_run"] and not self.folder().exists():
            yield f"job {self.job} is there and its folder is gone"
        if self.folder().exists() and not self.rows()["job_run"]:
            old = time.time() - rest.HOUR_AGO
            os.utime(self.folder(), (old, old))
        if self.site.control.killed:
            done = self.retain()
        if done.returncode:
            yield f"retain: {done.stderr}"
        yield from self.left()


class Migrate(Operation):
    """An empty database gets its tables."""
    name = "migrate"
    is_slow = True
    target = ADMIN
    database = "fateflow_crash"

    def begin(self):
        self.conf = self.site.root / "migrate.conf"
        text = self.site.conf.read_text()
        ours = text.replace('name = "fateflow";',
                            f'name = "{self.database}";')
        assert ours != text
        self.conf.write_text(ours)
        self.wanted = self.schema("fateflow")

    def schema(self, database):
        return self.site.sql(
            "SELECT table_name, column_name, column_type, is_nullable, "
            "column_default, extra FROM information_schema.columns WHERE "
            f"table_schema = '{database}' ORDER BY 1, 2; SELECT table_name, "
            "index_name, seq_in_index, column_name, non_unique FROM "
            "information_schema.statistics WHERE table_schema = "
            f"'{database}' ORDER BY 1, 2, 3")

    def prepare(self, marker):
        self.site.sql(
            f"DROP DATABASE IF EXISTS {self.database}; CREATE DATABASE "
            f"{self.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; "
            f"GRANT ALL ON {self.database}.* TO fateflow@localhost", "mysql")

    def migrate(self, env=None):
        return subprocess.run(
            [self.site.bin / "fateflow-admin", "-c", self.conf, "--dir",
             private_site.ROOT / "sql", "migrate"], capture_output=True,
            text=True, env={**os.environ, **(env or {})})

    def act(self, marker):
        return self.migrate(self.site.control.env)

    def judge(self, marker, done):
        if self.site.control.killed:
            done = self.migrate()
        if done.returncode:
            yield f"migrate: {done.stderr}"
        elif self.schema(self.database) != self.wanted:
            yield "the tables are others than those of a migration at once"

    def end(self):
        self.site.sql(f"DROP DATABASE IF EXISTS {self.database}", "mysql")


ALL = (TableDelete, Retention, RetentionJobs, Migrate)
