"""Jobs: submitted, stopped, run again, cleaned; the end of a task; the passes
of the scheduler over all of it."""
import random

import client
import control
import flow
import jobs
import private_site
from operation import API, JOB_SECONDS, SCHEDULER, Operation

RNG = random.Random(1)


class OnJobs(Operation):
    target = API

    def begin(self):
        self.base_tables()

    def body(self, marker):
        return jobs.one_task(marker, 0, RNG)

    def submitted(self, marker, body=None):
        answer = client.until_answered(self.client.submit(
            body or self.body(marker), marker))
        assert answer["retcode"] == 0, answer
        return answer["jobId"]


class Submit(OnJobs):
    name = "submit"
    pins = (("after", "*/job_dsl.json*"),)

    def act(self, marker):
        return client.answer_of(self.client.submit(self.body(marker), marker))

    def judge(self, marker, answer):
        job = self.submitted(marker)
        if answer and answer["jobId"] != job:
            yield f"it was answered with {answer} and then with {job}"
        yield from self.ended(job)
        yield from self.one_job(marker)


class Stop(OnJobs):
    name = "stop"

    def prepare(self, marker):
        self.job = self.submitted(marker, jobs.stopped(marker, 0, RNG))

    def act(self, marker):
        return client.answer_of(self.client.post("job/stop",
                                                 {"job_id": self.job}))

    def judge(self, marker, answer):
        if answer is None:
            answer = client.until_answered(
                self.client.post("job/stop", {"job_id": self.job}))
        if answer["retcode"]:
            yield f"stop: {answer}"
        yield from self.ended(self.job, "canceled")


class Rerun(OnJobs):
    """It has no token: repeated, it may be another run."""
    name = "rerun"

    def prepare(self, marker):
        self.job = self.submitted(marker, jobs.no_label(marker, 0, RNG))
        self.flow.wait(self.job)

    def act(self, marker):
        return client.answer_of(self.client.post("job/rerun",
                                                 {"job_id": self.job}))

    def judge(self, marker, answer):
        if answer is None:
            again = client.until_answered(
                self.client.post("job/rerun", {"job_id": self.job}))
            if again["retcode"] and "only a job that has ended" not in \
                    again["retmsg"]:
                yield f"rerun: {again}"
        yield from self.ended(self.job, "failed")
        runs = self.flow.rows(self.job)[0]["f_runs"]
        if runs not in ((2,) if answer else (2, 3)):
            yield f"job {self.job} has had {runs} runs"


class Clean(OnJobs):
    name = "clean"
    pins = (("after", "rename */jobs/.trash/*-2"),)

    def prepare(self, marker):
        self.job = self.submitted(
            marker, jobs.lr_job(marker, 0, max_iter=1))
        assert self.flow.wait(self.job) == "success"
        for party in ("guest-9999", "host-10000"):
            for part in ("data", "model"):
                made = self.folder() / party / "lr_0/0" / part
                made.mkdir(exist_ok=True)
                (made / "x").write_text("x")

    def folder(self):
        return self.site.work / "jobs" / self.job[:8] / self.job

    def act(self, marker):
        return client.answer_of(self.client.post("job/clean",
                                                 {"job_id": self.job}))

    def counts(self):
        return [self.number(f"SELECT COUNT(*) FROM {t} = '{self.job}'")
                for t in ("t_tracking_metric WHERE f_job_id",
                          "data_table WHERE deleted = 0 AND job_id")]

    def judge(self, marker, answer):
        yield from self.half_way()
        if answer is None:
            answer = client.until_answered(
                self.client.post("job/clean", {"job_id": self.job}))
        if answer["retcode"]:
            yield f"clean: {answer}"
        if self.counts() != [0, 0]:
            yield f"metrics and tables are left: {self.counts()}"
        for pattern in ("data", "model", "metrics.jsonl"):
            for path in self.folder().glob(f"*/*/*/{pattern}"):
                yield f"left {path}"

    def half_way(self):
        """Files go after their rows: those of a task that still has rows are
        all there."""
        rows = self.site.sql(
            "SELECT DISTINCT f_component_name, f_role, f_party_id FROM "
            f"t_tracking_metric WHERE f_job_id = '{self.job}'")
        for component, role, party in rows:
            path = (self.folder() / f"{role}-{party}" / component / "0" /
                    "metrics.jsonl")
            if not path.exists():
                yield f"rows are there and {path} is gone"


class Task(OnJobs):
    """One task of a training, which its job tries again."""
    words = ""

    def body(self, marker):
        return jobs.lr_job(marker, 3, max_iter=1)

    def act(self, marker):
        job = self.submitted(marker)
        self.flow.wait(job)
        return job

    def judge(self, marker, job):
        yield from self.ended(job)
        status = [r[0] for r in self.site.sql(
            f"SELECT f_status FROM t_task WHERE f_job_id = '{job}'")]
        if set(status) != {"success"}:
            yield f"tasks of {job}: {status}"


class TaskTrain(Task):
    name = "task-train"
    is_slow = True
    target = control.Target("fateflow-task", control.FORKED,
                            "guest-9999/lr_0")


class TaskSupervisor(Task):
    name = "task-supervisor"
    target = control.Target("fateflow-task", control.STARTED,
                            "guest-9999/lr_0")


class TaskData(Task):
    name = "task-data"
    pins = (("after", "*/mail/*.ended*"),)
    target = control.Target("fateflow-task", control.ANY,
                            "guest-9999/dataio_0")


class Scheduler(OnJobs):
    """A scheduler takes a job from its submit to its end."""
    name = "scheduler-one-task"
    target = SCHEDULER
    pins = (("after", "*/0/model/module*"), ("after", "*/Pipeline*"))

    def prepare(self, marker):
        self.restart_scheduler()

    def act(self, marker):
        job = self.submitted(marker)
        self.await_kill_or(lambda: self.flow.status(job) in flow.FINAL)
        return job

    def heal(self):
        self.restart_scheduler()

    def judge(self, marker, job):
        yield from self.ended(job)


class SchedulerUpload(Scheduler):
    name = "scheduler-upload"

    def act(self, marker):
        answer = client.until_answered(self.client.upload(
            marker, b"id,x\n1,2\n", "crash"))
        job = answer["jobId"]
        self.await_kill_or(lambda: self.flow.status(job) in flow.FINAL)
        return job

    def judge(self, marker, job):
        yield from self.ended(job)
        yield from self.table("crash", marker, 1)


class SchedulerTrain(Scheduler):
    name = "scheduler-train"
    is_slow = True

    def body(self, marker):
        return jobs.lr_job(marker, 3, max_iter=1)

    def judge(self, marker, job):
        yield from super().judge(marker, job)
        n = self.number("SELECT COUNT(*) FROM t_machine_learning_model_meta "
                        f"WHERE f_model_version = '{job}'")
        if n != 3:
            yield f"{n} models of job {job}"


class SchedulerStop(Scheduler):
    """It ends the tasks of a job that is stopped."""
    name = "scheduler-stop"

    def prepare(self, marker):
        super().prepare(marker)
        self.job = self.submitted(marker, jobs.stopped(marker, 0, RNG))
        self.await_lr()

    def await_lr(self, seconds=JOB_SECONDS):
        private_site.wait_for("no task of lr_0 runs", lambda: self.number(
            "SELECT COUNT(*) FROM t_task WHERE f_component_name = 'lr_0' AND "
            f"f_run_pid > 0 AND f_job_id = '{self.job}'"), seconds)

    def act(self, marker):
        self.flow.ok("job/stop", {"job_id": self.job})
        self.await_kill_or(lambda: self.flow.status(self.job) in flow.FINAL)
        return self.job

    def judge(self, marker, job):
        yield from self.ended(job, "canceled")


class SchedulerStopped(SchedulerStop):
    """It dies as it begins a job, which is stopped before another comes."""
    name = "scheduler-launch-and-stop"
    is_slow = True
    pins = (("after", "mkdir */mail"),)

    def prepare(self, marker):
        self.restart_scheduler()

    def act(self, marker):
        self.job = self.submitted(marker, jobs.stopped(marker, 0, RNG))
        self.await_kill_or(self.is_at_lr)
        return self.job

    def is_at_lr(self):
        return self.number(
            "SELECT COUNT(*) FROM t_task WHERE f_component_name = 'lr_0' AND "
            f"f_job_id = '{self.job}'")

    def heal(self):
        self.flow.ok("job/stop", {"job_id": self.job})
        super().heal()


ALL = (Submit, Stop, Rerun, Clean, TaskTrain, TaskSupervisor, TaskData,
       Scheduler, SchedulerUpload, SchedulerStop, SchedulerStopped,
       SchedulerTrain)
