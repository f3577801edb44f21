#!/usr/bin/env python3
"""A private site below one folder: database, workers, scheduler, web server.

    tools/private_site.py start FOLDER [--server nginx|apache] [--port N] [--bin DIR]
    tools/private_site.py status FOLDER
    tools/private_site.py stop FOLDER
    tools/private_site.py database FOLDER     (alone; prints its socket)

quickstart keeps one in ./var, the tests start theirs in temporary folders; both
serve through the files of deploy/. Everything is bound to loopback or to
sockets in FOLDER/run, and needs no rights beyond those of its user. `start` is
idempotent: what runs already, from the same program and configuration, stays.

FOLDER/pids/ says what was started: a pid with the start time of its process,
so that a number that was given to another since is never signalled.
"""
import argparse
import contextlib
import json
import os
import pathlib
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import sql_sessions

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOCKET_DIR_MAX = 70     # a socket's path has at most 107 bytes
SERVERS = ("nginx", "apache")
WORKERS = {"api": 4, "bulk": 4}
IS_ROOT = os.geteuid() == 0

MY_CNF = """[mariadbd]
datadir={root}/db/data
socket={run}/db/my.sock
pid-file={root}/db/my.pid
log-error={root}/log/mariadb.log
tmpdir={root}/db
skip-networking
skip-name-resolve
performance_schema=OFF
innodb_buffer_pool_size=64M
innodb_log_file_size=16M
innodb_flush_log_at_trx_commit=1
aria_pagecache_buffer_size=8M
key_buffer_size=1M
query_cache_type=0
query_cache_size=0
max_connections=200
character-set-server=utf8mb4
collation-server=utf8mb4_bin
sql_mode=STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION
"""


class SiteError(Exception):
    """What went wrong, fit to be shown."""


# ---- processes ----

def read_proc(pid, name):
    """A file about a process, or None. (pathlib takes twice as long.)"""
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return None


def all_pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def stat_fields(pid):
    """What stat says from the state, proc(5)'s third field, on; or None."""
    text = read_proc(pid, "stat")
    return text and text.rpartition(b")")[2].decode().split()


def stat_of(pid):
    """(state, start time, parent) of a process, or None."""
    fields = stat_fields(pid)
    return fields and (fields[0], fields[19], int(fields[1]))


def is_alive(pid, started):
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    stat = stat_of(pid)
    return bool(stat) and stat[0] != "Z" and stat[1] == started


def children(pid):
    told = read_proc(pid, f"task/{pid}/children")    # not by every kernel
    some = all_pids() if told is None else map(int, told.split())
    return sorted(p for p in some if (stat := stat_of(p)) and
                  stat[2] == pid and stat[0] != "Z")


def rss_anon(pid):
    """Anonymous resident memory of a process in bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise SiteError(f"no RssAnon of {pid}")


def wait_for(what, test, seconds=20.0):
    end = time.monotonic() + seconds
    pause = 0.005
    while True:
        if test():
            return
        if time.monotonic() > end:
            raise SiteError(f"{what}: not after {seconds:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def free_port():
    """One of those that the system gives to no outgoing connection, which
    could have it before we do; by chance, as others look for one too."""
    path = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
    top = max(int(path.read_text().split()[0]), 2048)
    for port in random.sample(range(max(top - 20000, 1024), top), 100):
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port
    raise SiteError("100 ports were tried, and none is free")


def accepts(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(1)
        try:
            s.connect(str(path))
        except OSError:
            return False
        return True


def exchange(text, pairs):
    """Replaces literal texts of a deploy file; each must be there."""
    for old, new in pairs:
        if old not in text:
            raise SiteError(f"a deploy file lacks {old!r}")
        text = text.replace(old, new)
    return text


class Process:
    """One program of the site and the record of its pid."""

    def __init__(self, site, name):
        self.name = name
        self.record = site.root / "pids" / name
        self.log = site.root / "log" / f"{name}.log"

    def read(self):
        try:
            return json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return None

    @property
    def pid(self):
        r = self.read()
        return r["pid"] if r and is_alive(r["pid"], r["started"]) else None

    def start(self, argv, stamp, env=None):
        """Starts it unless it runs already with the same stamp. True when
        it was started."""
        argv = [str(a) for a in argv]
        stamp = [argv, stamp, os.stat(shutil.which(argv[0]) or
                                      argv[0]).st_mtime_ns]
        if self.pid:
            if self.read()["stamp"] == stamp:
                return False
            self.stop()
        with open(self.log, "ab") as log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env=env)
        # Python warns about a Popen that is dropped while its child runs.
        child.returncode = 0
        stat = stat_of(child.pid)
        self.record.write_text(json.dumps(
            {"pid": child.pid, "started": stat[1] if stat else "",
             "stamp": stamp}))
        return True

    def send(self, number):
        pid = self.pid
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return pid

    def stop(self, number=signal.SIGTERM, seconds=20.0):
        r = self.read()
        if not r:
            return
        self.send(number)
        try:
            wait_for(self.name, lambda: not self.pid, seconds)
        except SiteError:
            self.send(signal.SIGKILL)
            wait_for(self.name, lambda: not self.pid)
        self.record.unlink(missing_ok=True)

    def tail(self, lines=15):
        try:
            text = self.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


class Site:
    """One private site. `options` are keys of the configuration file that
    differ from what is written here: {"scheduler": {"max_jobs": 2}}. `env`
    is the environment of our programs, None: the caller's. `template` is a
    folder for an empty database: the first site leaves its own there."""

    def __init__(self, root, bin_dir=None, server="nginx", port=None,
                 options=None, env=None, template=None):
        self.root = pathlib.Path(os.path.abspath(root))
        self.bin = pathlib.Path(os.path.abspath(
            bin_dir or os.environ.get("FATEFLOW_BIN", ROOT / "build/dev/bin")))
        self.server = server
        self.port = port
        self.options = options or {}
        self.env, self.template = env, template
        self.conf = self.root / "fateflow.conf"
        self.work = self.root / "work"
        self.input_dir = self.root / "input"
        self.output_dir = self.root / "output"
        self.sessions = sql_sessions.Sessions()

    # ---- what a test asks ----

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def run(self):
        """The folder of the sockets, by its short name."""
        return pathlib.Path(os.path.realpath(self.root / "run"))

    @property
    def db_socket(self):
        return self.run / "db" / "my.sock"

    def process(self, name):
        return Process(self, name)

    def pid(self, name):
        return self.process(name).pid

    def workers(self, pool):
        """Pids of the workers of a pool ("api" or "bulk")."""
        master = self.pid(pool)
        return children(master) if master else []

    def tasks(self):
        """Pids of the tasks of this site."""
        found = []
        for pid in all_pids():
            program, *argv = (read_proc(pid, "cmdline") or b"").split(b"\0")
            if program.endswith(b"fateflow-task") and any(
                    a.startswith(os.fsencode(f"{self.work}/")) for a in argv):
                found.append(pid)
        return found

    def spool_files(self):
        spool = self.work / "spool"
        return sorted(p.name for p in spool.iterdir()) if spool.is_dir() else []

    def sql(self, text, name="fateflow"):
        """Rows of a statement as lists of texts."""
        try:
            return self.sessions.ask(self.db_socket, text, name)
        except sql_sessions.Error as e:
            raise SiteError(str(e)) from None

    # ---- folders and files ----

    def _make_folders(self):
        for name in ("db", "log", "pids", "work", "input", "output",
                     "web/tmp", "web/log"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        os.chmod(self.root / "db", 0o700)
        run = self.root / "run"
        if not run.exists():
            run.unlink(missing_ok=True)   # a link whose folder is gone
            # As root, Apache's children are www-data and must get through.
            if IS_ROOT or len(str(run)) > SOCKET_DIR_MAX:
                short = tempfile.mkdtemp(prefix="fateflow-", dir="/tmp")
                (pathlib.Path(short) / "belongs-to").write_text(f"{run}\n")
                run.symlink_to(short)
            else:
                run.mkdir()
        os.chmod(self.run, 0o711 if IS_ROOT else 0o700)
        (self.run / "db").mkdir(exist_ok=True)
        os.chmod(self.run / "db", 0o700)

    def _settings(self, run=None):
        settings = {
            "site": {"work_dir": str(self.work),
                     "runtime_dir": str(run or self.run),
                     "address": f"127.0.0.1:{self.port}"},
            "database": {"socket": str(self.db_socket), "user": "fateflow",
                         "password_file": str(self.root / "db.password"),
                         "name": "fateflow"},
            "api": {"workers": WORKERS["api"],
                    "bulk_workers": WORKERS["bulk"],
                    "input_dir": str(self.input_dir),
                    "output_dir": str(self.output_dir)},
            "scheduler": {
                "task_program": str(self.bin / "fateflow-task"),
                "keeper_program": str(self.bin / "fateflow-keeper")},
        }
        for section, keys in self.options.items():
            settings.setdefault(section, {}).update(keys)
        return settings

    def _write_conf(self, conf=None, run=None):
        """libconfig takes JSON's strings, numbers and booleans."""
        lines = []
        for section, keys in self._settings(run).items():
            lines.append(f"{section} = {{")
            lines += [f"\t{k} = {json.dumps(v)};" for k, v in keys.items()]
            lines.append("};")
        (conf or self.conf).write_text("\n".join(lines) + "\n")

    # ---- the database ----

    def _start_database(self):
        cnf = self.root / "db" / "my.cnf"
        cnf.write_text(MY_CNF.format(root=self.root, run=self.run))
        user = ["--user=root"] if IS_ROOT else []
        if not (self.root / "db" / "installed").exists():
            self._install_database(cnf, user)
            (self.root / "db" / "installed").touch()
        p = self.process("mariadb")
        p.start([mariadbd(), f"--defaults-file={cnf}", *user],
                cnf.read_text())
        self._ready(p, lambda: self._answers_sql())
        self._make_user()

    def _install_database(self, cnf, user):
        data = self.root / "db" / "data"
        shutil.rmtree(data, ignore_errors=True)
        if self.template and self.template.exists():
            shutil.copytree(self.template, data)
            return
        out = subprocess.run(
            ["mariadb-install-db", f"--defaults-file={cnf}",
             f"--datadir={data}", "--skip-test-db",
             "--force",     # a host name that does not resolve is fine
             "--auth-root-authentication-method=normal", *user],
            capture_output=True, text=True)
        if out.returncode:
            raise SiteError(f"mariadb-install-db:\n{out.stdout}{out.stderr}")
        if self.template:
            shutil.copytree(data, self.template)

    def _answers_sql(self):
        try:
            return self.sql("SELECT 1", "mysql") == [["1"]]
        except SiteError:
            return False

    def _make_user(self):
        file = self.root / "db.password"
        if not file.exists():
            fd = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(fd, "w") as f:
                f.write(secrets.token_hex(16) + "\n")
        self.sql("CREATE DATABASE IF NOT EXISTS fateflow"
                 " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
                 " CREATE USER IF NOT EXISTS fateflow@localhost;"
                 " ALTER USER fateflow@localhost"
                 f" IDENTIFIED BY '{file.read_text().strip()}';"
                 " GRANT ALL ON fateflow.* TO fateflow@localhost", "mysql")

    def migrate(self):
        out = subprocess.run(
            [self.bin / "fateflow-admin", "-c", self.conf, "--dir",
             ROOT / "sql", "migrate"], capture_output=True, text=True)
        if out.returncode:
            raise SiteError(f"migrate: {out.stderr.strip()}")

    # ---- our programs ----

    def _ready(self, process, test):
        def ready_or_dead():
            if not process.pid:
                raise SiteError(f"{process.name} ended at once:\n"
                                f"{process.tail()}")
            return test()
        try:
            wait_for(f"{process.name} is not ready", ready_or_dead)
        except SiteError as e:
            raise SiteError(f"{e}\n{process.tail()}") from None

    def start_pool(self, pool):
        sock = self.run / f"{pool}.sock"
        workers = self._settings()["api"][
            "workers" if pool == "api" else "bulk_workers"]
        p = self.process(pool)
        p.start([self.bin / "fateflow-fcgi", "-c", self.conf, "--listen", sock,
                 "--workers", workers, "--pool", pool, "-d"],
                self.conf.read_text(), self.env)
        self._ready(p, lambda: accepts(sock))

    def start_scheduler(self, n=1):
        """The n-th of this site. The workers ring the first; each other has
        a folder for its doorbell, as if it were on a host of its own."""
        name, run, conf = "scheduler", self.run, self.conf
        if n > 1:
            name += str(n)
            run = self.run / name
            run.mkdir(exist_ok=True)
            conf = self.root / f"fateflow-{n}.conf"
            self._write_conf(conf, run)
        p = self.process(name)
        p.start([self.bin / "fateflow-scheduler", "-c", conf, "-d"],
                conf.read_text(), self.env)
        self._ready(p, lambda: (run / "doorbell").exists())

    # ---- the web server ----

    def _pairs(self, server):
        pairs = [("127.0.0.1:9380", f"127.0.0.1:{self.port}"),
                 ("/run/fateflow/", f"{self.run}/")]
        if server == "apache":
            pairs.append(("/usr/local/share/fateflow/errors/",
                          f"{self.run}/errors/"))
        return pairs

    def _start_web(self):
        for other in SERVERS:
            if other != self.server:
                self.process(other).stop()
        source = ROOT / "deploy" / self.server
        main = "nginx.conf" if self.server == "nginx" else "httpd.conf"
        site = exchange((source / "fateflow.conf").read_text(),
                        self._pairs(self.server))
        web = self.root / "web"
        (web / "fateflow.conf").write_text(site)
        shutil.copy(source / main, web / main)
        p = self.process(self.server)
        if not p.pid and not self._is_port_free():
            raise SiteError(f"port {self.port} is taken by another program: "
                            "choose another with FATEFLOW_PORT")
        p.start(self._web_argv(web), site)
        self._ready(p, self._answers_http)

    def _web_argv(self, web):
        if self.server == "nginx":
            user = ["-g", "user root;"] if IS_ROOT else []
            return ["/usr/sbin/nginx", "-p", web, "-e", web / "log/nginx.log",
                    "-c", web / "nginx.conf", *user]
        errors = self.run / "errors"
        shutil.copytree(ROOT / "deploy/apache/errors", errors,
                        dirs_exist_ok=True)
        if IS_ROOT:
            owner = pwd.getpwnam("www-data")
            os.chmod(errors, 0o755)
            for pool in WORKERS:
                os.chown(self.run / f"{pool}.sock", owner.pw_uid, -1)
        return ["/usr/sbin/apache2", "-d", web, "-f", web / "httpd.conf",
                "-DFOREGROUND"]

    def _is_port_free(self):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", self.port))
            except OSError:
                return False
            return True

    def _answers_http(self):
        try:
            with urllib.request.urlopen(f"{self.url}/v1/health",
                                        timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    # ---- all of it ----

    def is_running(self):
        names = ["mariadb", "api", "bulk", "scheduler", self.server]
        return all(self.pid(n) for n in names)

    def start_database(self):
        """The database alone, empty; its socket."""
        self._make_folders()
        self._start_database()
        return self.db_socket

    def start(self):
        state = self.root / "site.json"
        if self.port is None and state.exists():
            self.port = json.loads(state.read_text())["port"]
        if self.port is None:
            self.port = free_port()
        self._make_folders()
        state.write_text(json.dumps({"port": self.port,
                                     "server": self.server}))
        self._start_database()
        self._write_conf()
        self.migrate()
        for pool in WORKERS:
            self.start_pool(pool)
        self.start_scheduler()
        self._start_web()
        return self

    def stop(self):
        """Ends everything, in the order that lets each finish."""
        if not self.root.is_dir():
            return
        for name in SERVERS:
            self.process(name).stop(
                signal.SIGQUIT if name == "nginx" else signal.SIGTERM, 5)
        for record in sorted((self.root / "pids").glob("scheduler*")):
            self.process(record.name).stop()
        self.stop_tasks()
        for pool in WORKERS:
            self.process(pool).stop()
        self.sessions.close()
        self.process("mariadb").stop(seconds=60)
        run = self.root / "run"
        if run.is_symlink():
            shutil.rmtree(self.run, ignore_errors=True)
            run.unlink()

    def stop_tasks(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.tasks():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            with contextlib.suppress(SiteError):
                wait_for("tasks", lambda: not self.tasks(), 5)


def mariadbd():
    return shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("verb", choices=("start", "status", "stop",
                                         "database"))
    parser.add_argument("folder")
    parser.add_argument("--server", choices=SERVERS, default="nginx")
    parser.add_argument("--port", type=int)
    parser.add_argument("--bin")
    args = parser.parse_args()
    site = Site(args.folder, args.bin, args.server, args.port)
    if args.verb == "stop":
        site.stop()
        return 0
    if args.verb == "status":
        for record in sorted((site.root / "pids").glob("*")):
            pid = site.pid(record.name)
            print(f"{record.name:10} {pid or 'not running'}")
        return 0 if site.is_running() else 1
    if args.verb == "database":
        print(site.start_database())
        return 0
    was_running = site.is_running()
    site.start()
    print(f"{'still' if was_running else 'now'} running: {site.url} "
          f"({site.server}, {site.root})")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SiteError as e:
        sys.exit(f"site: {e}")
