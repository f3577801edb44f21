"""A site whose programs can be killed at their effects, and what must hold
once it has come to rest."""
import contextlib
import os
import pathlib
import time

import checks
import control
import flow
import private_site

HOUR_AGO = 2 * 3600
LIBRARY = "tests/crash_points.so"
OPTIONS = {
    "api": {"workers": 1, "bulk_workers": 1, "upload_session_ttl": "4s"},
    "scheduler": {"lease_ms": "1s", "stop_grace_ms": "500ms"},
}
REST_SECONDS = 60


def library(bin_dir):
    """The preloaded library of that build, or None."""
    path = pathlib.Path(bin_dir).resolve().parent / LIBRARY
    return path if path.exists() else None


def make(root, bin_dir, options=None):
    """A site with a control, to be started."""
    site = private_site.Site(root, bin_dir)
    site.control = control.Control(root, library(site.bin))
    site.env = {**os.environ, **site.control.env}
    site.options = {section: dict(keys) for section, keys in
                    {**OPTIONS, **(options or {})}.items()}
    for key, program in (("task_program", "fateflow-task"),
                         ("keeper_program", "fateflow-keeper")):
        site.options["scheduler"][key] = site.control.wrapper(
            root / program, site.bin / program)
    return site


def start(site):
    site.start()
    site.flow = flow.Flow(site.url)


def set_steady(site):
    """The clock has been believed for a day: what goes by its age goes."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    offset = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    (site.run / "clock").write_text(
        f"{boot} {int(offset * 1000)} -100000000\n")


def leftovers(site):
    """Paths of files that have to go some time, as they are now; an error
    when one goes meanwhile."""
    work = site.work
    found = [work / "spool" / name for name in site.spool_files()]
    found += work.glob("tables/*")
    for pattern in ("jobs/.trash/*", "models/.[it]*/*", "**/*.tmp",
                    "**/*.tmp.*", "jobs/*/*/mail"):
        found += work.glob(pattern)
    return [str(p) for p in found]


def restart_scheduler(site):
    """One that starts looks for everything at once, a day back."""
    site.process("scheduler").stop()
    set_steady(site)
    old = time.time() - HOUR_AGO
    time.sleep(0.2)     # the child that removes has ended
    for path in leftovers(site):
        with contextlib.suppress(FileNotFoundError):
            os.utime(path, (old, old))
    site.start_scheduler()


def models(site):
    """Rows and folders of models belong together."""
    there = {tuple(p.parts[-2:]) for p in site.work.glob("models/[!.]*/*")}
    rows = {(f"{role}#{party}#{model}", version)
            for role, party, model, version in site.sql(
                "SELECT f_role, f_party_id, f_model_id, f_model_version FROM "
                "t_machine_learning_model_meta")}
    for name, version in sorted(there - rows):
        yield f"model {name}/{version} without a row"
    for name, version in sorted(rows - there):
        yield f"model {name}/{version} without a folder"


def faults(site):
    with contextlib.suppress(FileNotFoundError):    # it goes meanwhile
        yield from checks.files(site)
    yield from (f"trash {p}" for p in site.work.glob("jobs/.trash/*"))
    yield from (f"trash {p}" for p in site.work.glob("models/.trash/*"))
    yield from models(site)
    yield from checks.locks(site)
    yield from checks.task_processes(site)
    for id_, job in site.sql("SELECT session_id, COALESCE(job_id, '-') FROM "
                             "upload_session"):
        yield f"upload session {id_} of job {job}"
    for (job,) in site.sql("SELECT job_id FROM job_run WHERE live = 1"):
        yield f"job {job} lives"


def check(site):
    """What is still wrong when everything had its time."""
    restart_scheduler(site)
    end = time.monotonic() + REST_SECONDS
    while time.monotonic() < end and any(faults(site)):
        time.sleep(0.3)
    yield from faults(site)
    yield from checks.metrics(site)
    yield from checks.invariants(site)
