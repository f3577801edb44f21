"""What fateflow-task does around a component: claim and lock, signals, the
exit, mailboxes; with real components in task directories of the test's own."""
import fcntl
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import time

import pytest

import private_site
import taskdir
from taskdir import Component, data_input, read_rows, uploaded
from waits import until

RAW = {"intersect_method": "raw"}
OWNED = 75
F_OFD_GETLK = 36


def is_locked(folder):
    """Does anybody hold the lock of that task? Asks, takes nothing."""
    if not (folder / "lock").exists():
        return False
    fd = os.open(folder / "lock", os.O_RDWR)
    ask = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
    try:
        answer = fcntl.fcntl(fd, F_OFD_GETLK, ask)
        return struct.unpack("hhqqi4x", answer)[0] != fcntl.F_UNLCK
    finally:
        os.close(fd)


def upload(folder, lines=3):
    """An Upload that was not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "in.csv"
    source.write_text("".join(f"{i},{i * 7 % 1000003}\n"
                              for i in range(lines)))
    c = Component(folder / "run", "Upload", {
        "file": str(source), "namespace": "ns", "table_name": "t",
        "head": 0, "partition": 4})
    c.party("local", 0)
    c.write()
    return c.parties[0]


def pair(folder, rows=100, **fields):
    """A raw intersection that was not started: the host sends first."""
    lines = [f"id{i:06d},{i}" for i in range(rows)]
    c = Component(folder / "run", "Intersection", RAW, **fields)
    for role, party in (("guest", 9999), ("host", 10000)):
        c.party(role, party, data=[data_input(uploaded(folder, lines, role))])
    c.write()
    return c.parties


@pytest.fixture
def waiting(tmp_path):
    """A guest that waits for a host which is never started."""
    guest, _ = pair(tmp_path)
    guest.start()
    until(lambda: guest.state.get("status") == "running" and guest.child(),
          "it runs")
    yield guest
    guest.process.kill()
    guest.process.wait()


# ---- claim and lock ----

def test_attempt_when_run_then_owner_exit_and_no_lock_left(tmp_path):
    p = upload(tmp_path)
    p.start()
    assert p.process.wait(60) == 0
    owner = json.loads((p.folder / "owner").read_text())
    assert owner["pid"] == p.process.pid and owner["fence"] == 1
    with open("/proc/sys/kernel/random/boot_id") as f:
        assert owner["boot_id"] == f.read().strip()
    assert p.exit["exit_code"] == p.exit["signal"] == p.exit["status"] == 0
    assert p.exit["maxrss_kb"] > 0 and p.exit["utime_ms"] >= 0
    assert (p.folder / "lock").exists() and not is_locked(p.folder)


def test_attempt_when_it_ran_then_a_second_start_changes_nothing(tmp_path):
    p = upload(tmp_path)
    p.start()
    assert p.process.wait(60) == 0
    before = {f.name: f.read_bytes() for f in p.folder.iterdir()
              if f.is_file() and f.name != "task.log"}
    p.start()
    assert p.process.wait(60) == OWNED
    assert before == {f.name: f.read_bytes() for f in p.folder.iterdir()
                      if f.is_file() and f.name != "task.log"}


def test_attempt_when_it_runs_then_a_second_start_ends_with_75(waiting):
    owner = (waiting.folder / "owner").read_bytes()
    out = subprocess.run([taskdir.TASK, waiting.folder], timeout=20,
                         capture_output=True, check=False)
    assert out.returncode == OWNED
    assert (waiting.folder / "owner").read_bytes() == owner
    assert waiting.process.poll() is None and is_locked(waiting.folder)


def test_attempt_when_many_start_it_then_one_runs(tmp_path):
    p = upload(tmp_path)
    with open(p.folder / "task.log", "ab") as log:
        started = [subprocess.Popen([taskdir.TASK, p.folder], stdout=log,
                                    stderr=log) for _ in range(12)]
    codes = sorted(s.wait(60) for s in started)
    assert codes == [0] + 11 * [OWNED]
    assert p.state["status"] == "success" and p.exit["exit_code"] == 0


def test_attempt_when_buried_then_it_does_not_start(tmp_path):
    p = upload(tmp_path)
    (p.folder / "owner").write_text('{"tombstone":true,"fence":2}\n')
    p.start()
    assert p.process.wait(60) == OWNED
    assert p.state == {} and p.exit == {}


def test_lock_when_any_process_lives_then_held(waiting):
    assert is_locked(waiting.folder)
    lock = os.stat(waiting.folder / "lock").st_ino
    for pid in (waiting.process.pid, waiting.child()):
        files = [os.stat(f"/proc/{pid}/fd/{fd}").st_ino
                 for fd in os.listdir(f"/proc/{pid}/fd")
                 if os.path.exists(f"/proc/{pid}/fd/{fd}")]
        assert lock in files


def test_parent_when_killed_then_the_child_goes_too(waiting):
    child = waiting.child()
    waiting.process.kill()
    waiting.process.wait()
    until(lambda: not is_locked(waiting.folder), "the lock is free")
    until(lambda: (private_site.stat_of(child) or "Z")[0] == "Z",
          "the child ends")
    assert waiting.exit == {} and waiting.state["status"] == "running"


def test_heartbeat_when_the_parent_has_its_turn_then_the_lock_is_touched(
        waiting):
    lock = waiting.folder / "lock"
    before = lock.stat().st_mtime_ns
    until(lambda: lock.stat().st_mtime_ns > before, "a sign of life", 12)
    waiting.process.send_signal(signal.SIGSTOP)
    until(lambda: private_site.stat_of(waiting.process.pid)[0] == "T",
          "it is stopped")
    stopped = lock.stat().st_mtime_ns
    time.sleep(6)
    assert lock.stat().st_mtime_ns == stopped
    waiting.process.send_signal(signal.SIGCONT)
    until(lambda: lock.stat().st_mtime_ns > stopped, "a sign of life", 12)


# ---- how it ends ----

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_task_when_told_to_end_then_it_does_and_says_how(waiting, number):
    begun = time.monotonic()
    waiting.process.send_signal(number)
    assert waiting.process.wait(10) == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 2
    assert waiting.exit["signal"] == signal.SIGTERM
    assert waiting.exit["exit_code"] == -1
    assert not is_locked(waiting.folder)


def test_task_when_it_does_not_listen_then_killed_after_the_grace(waiting):
    os.kill(waiting.child(), signal.SIGSTOP)
    until(lambda: private_site.stat_of(waiting.child())[0] == "T",
          "it is stopped")
    begun = time.monotonic()
    waiting.process.terminate()
    assert waiting.process.wait(15) == 128 + signal.SIGKILL
    assert 2 < time.monotonic() - begun < 10
    assert waiting.exit["signal"] == signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV,
                                    signal.SIGABRT])
def test_component_when_it_crashes_then_exit_has_the_signal(waiting, number):
    if number == signal.SIGSEGV and (
            b"__asan_init" in taskdir.TASK.read_bytes()):
        pytest.skip("the sanitizer handles this signal itself")
    os.kill(waiting.child(), number)
    assert waiting.process.wait(20) == 128 + number
    assert waiting.exit["signal"] == number
    assert waiting.state["status"] == "running"


def test_launcher_when_it_ignores_signals_then_the_task_does_not(tmp_path):
    """As a batch system may: TERM and CHLD ignored, TERM blocked."""
    ignore = ("import os,signal,sys\n"
              "for s in (signal.SIGTERM, signal.SIGCHLD):\n"
              "    signal.signal(s, signal.SIG_IGN)\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
              "os.execv(sys.argv[1], sys.argv[1:])\n")
    done = upload(tmp_path / "a")
    assert subprocess.run(["/usr/bin/python3", "-c", ignore, taskdir.TASK,
                           done.folder], timeout=60,
                          check=False).returncode == 0
    guest, _ = pair(tmp_path / "b")
    process = subprocess.Popen(["/usr/bin/python3", "-c", ignore,
                                taskdir.TASK, guest.folder])
    guest.process = process
    until(lambda: guest.state.get("status") == "running", "it runs")
    begun = time.monotonic()
    process.terminate()
    assert process.wait(10) == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 2


STRAGGLER = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static int depth;
static void child(void)
{
	const char *pid_file = getenv("STRAGGLER");
	int told[2];
	char c;
	if (depth++ || !pid_file || pipe(told))
		return;
	if (fork()) {
		close(told[1]);
		while (read(told[0], &c, 1) > 0)
			;
	} else {
		FILE *f = fopen(pid_file, "w");
		setsid();
		signal(SIGTERM, SIG_IGN);
		fprintf(f, "%d\n", (int)getpid());
		fclose(f);
		close(told[1]);
		for (;;)
			pause();
	}
}
__attribute__((constructor)) static void init(void)
{
	pthread_atfork(NULL, NULL, child);
}
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_straggler_when_the_component_left_one_then_killed(tmp_path):
    """A library in the component's process leaves a daemon of its own
    session behind, which holds the lock too."""
    source, library = tmp_path / "s.c", tmp_path / "s.so"
    source.write_text(STRAGGLER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source],
                   check=True)
    p = upload(tmp_path)
    asan = os.environ.get("ASAN_OPTIONS", "")
    p.start({"LD_PRELOAD": str(library),
             "STRAGGLER": str(tmp_path / "pid"),
             "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0"})
    assert p.process.wait(60) == 0
    pid = (tmp_path / "pid").read_text().strip()
    assert pid.isdigit() and not os.path.exists(f"/proc/{pid}")
    assert p.exit["exit_code"] == 0 and p.state["status"] == "success"
    assert not is_locked(p.folder)


# ---- what it writes ----

def test_upload_when_killed_then_no_half_of_a_table(tmp_path):
    p = upload(tmp_path, 400000)
    p.start()
    until(lambda: (p.folder / "data").exists() and
          list((p.folder / "data").iterdir()), "it has begun a table")
    os.kill(p.child(), signal.SIGKILL)
    assert p.process.wait(20) == 128 + signal.SIGKILL
    assert not (p.folder / "data" / "table").exists()
    # Killed early, it has said nothing yet.
    assert p.state.get("status", "running") == "running"
    assert not p.state.get("publish")


def test_need_run_when_false_then_the_input_passes_through(tmp_path):
    path = uploaded(tmp_path, ["a,1", "b,2"])
    c = Component(tmp_path / "run", "DataIO", {"need_run": False})
    c.party("guest", 9999, data=[data_input(path)])
    state = c.succeeded()["guest-9999"].state
    assert state["pass"] == {"path": path, "namespace": "ns",
                             "name": "table", "partitions": 4}
    assert not state.get("table") and state["model"] == []


@pytest.mark.parametrize("keys,passed", [
    (["data_0", "data_1"], 0), (["train_data", "data"], 1),
    (["train_data", "eval_data"], None)])
def test_need_run_when_false_then_the_first_plain_input(tmp_path, keys,
                                                        passed):
    c = Component(tmp_path / "run", "Union", {"need_run": False})
    tables = [data_input(uploaded(tmp_path, ["a,1"], key), key)
              for key in keys]
    c.party("guest", 9999, data=tables)
    state = c.succeeded()["guest-9999"].state
    if passed is None:
        assert not state.get("pass") and not state.get("table")
    else:
        assert state["pass"]["path"] == tables[passed]["path"]


@pytest.mark.parametrize("module", [
    "DataIO", "ColumnExpand", "FeatureScale", "OneHotEncoder",
    "FederatedSample", "HeteroFeatureBinning", "HeteroFeatureSelection"])
def test_tables_when_more_than_one_then_refused(tmp_path, module):
    """Union alone takes several; the others would lose rows silently."""
    c = Component(tmp_path / "run", module, {"fractions": 0.5})
    path = taskdir.write_table(tmp_path / "a.table", ["x0"], [
        ("1", 1, b"\0" * 8)])
    c.party("guest", 9999, data=[data_input(path), data_input(path)])
    text = c.run()["guest-9999"].state["error"]["text"]
    assert f"{module} takes one input table, not 2" in text


def test_need_run_when_false_without_a_table_then_nothing(tmp_path):
    c = Component(tmp_path / "run", "Evaluation", {"need_run": False})
    c.party("host", 10000, data=[data_input(None, component="lr_0")])
    state = c.succeeded()["host-10000"].state
    assert not state.get("pass") and not state.get("table")


def test_table_when_empty_then_the_task_fails_and_names_it(tmp_path):
    path = taskdir.write_table(tmp_path / "none.table", ["x0"], [])
    c = Component(tmp_path / "run", "DataIO", {"with_label": False})
    c.party("guest", 9999, data=[data_input(path)])
    state = c.run()["guest-9999"].state
    assert state["status"] == "failed"
    assert state["error"]["code"] == "invalid"
    assert "Count of data_instance is 0" in state["error"]["text"]
    assert "none.table" in state["error"]["text"]


def test_table_when_absent_then_the_task_fails_and_names_it(tmp_path):
    c = Component(tmp_path / "run", "DataIO", {"with_label": False})
    c.party("guest", 9999, data=[data_input(tmp_path / "gone.table")])
    p = c.run()["guest-9999"]
    assert p.state["status"] == "failed" and p.exit["exit_code"] == 1
    assert "gone.table" in p.state["error"]["text"]


def test_module_when_unknown_then_failed_and_named(tmp_path):
    c = Component(tmp_path / "run", "HeteroMagic", {})
    c.party("guest", 9999)
    state = c.run()["guest-9999"].state
    assert state["status"] == "failed"
    assert "HeteroMagic" in state["error"]["text"]


def test_task_json_when_a_field_is_missing_then_failed_and_named(tmp_path):
    p = upload(tmp_path)
    task = json.loads((p.folder / "task.json").read_text())
    del task["role"]
    (p.folder / "task.json").write_text(json.dumps(task))
    p.start()
    assert p.process.wait(20) == 1
    assert p.state["status"] == "failed"
    assert "role" in p.state["error"]["text"]


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_task_json_when_unreadable_then_an_error_in_the_log(tmp_path, text):
    p = upload(tmp_path)
    (p.folder / "task.json").write_text(text)
    p.start()
    assert p.process.wait(20) == 1
    assert "task.json" in p.log or p.state["status"] == "failed"


def test_metrics_when_on_a_link_then_not_followed(tmp_path):
    p = upload(tmp_path)
    (tmp_path / "other").write_text("")
    (p.folder / "metrics.jsonl").symlink_to(tmp_path / "other")
    p.start()
    assert p.process.wait(20) == 1
    assert p.state["status"] == "failed"
    assert (tmp_path / "other").read_text() == ""


# ---- mailboxes ----

def run_both(guest, host):
    for p in (guest, host):
        p.start()
    try:
        return [p.process.wait(60) for p in (guest, host)]
    finally:
        for p in (guest, host):
            p.process.kill()


def again(p):
    """The same task as if it had never run; mailboxes stay."""
    for name in ("owner", "lock", "state.json", "exit", "metrics.jsonl"):
        (p.folder / name).unlink(missing_ok=True)
    shutil.rmtree(p.folder / "data", ignore_errors=True)


def plant(to, name, payload, **head):
    """A message in that party's mailbox."""
    sender, tag, seq = name.split("~")
    head = {"v": 1, "kind": "aggregate", "tag": tag, "from": sender,
            "to": to.name, "seq": int(seq), "n": 1, "len": len(payload),
            "sha256": hashlib.sha256(payload).hexdigest(), **head}
    to.mailbox.mkdir(parents=True, exist_ok=True)
    path = to.mailbox / name
    path.write_bytes(json.dumps(head).encode() + b"\n" + payload)
    return path


def test_message_when_sent_again_then_taken_once(tmp_path):
    guest, host = pair(tmp_path, 9000)
    host.start()
    last = "host-10000~intersect_ids~000000002"
    until(lambda: (guest.mailbox / last).exists(), "the last message")
    host.process.terminate()
    host.process.wait(10)
    again(host)
    assert run_both(guest, host) == [0, 0]
    assert len(read_rows(host.state["table"]["path"])) == 9000
    assert guest.state["table"]["rows"] == 9000


def test_message_when_sent_again_after_it_was_taken_then_taken_once(tmp_path):
    guest, host = pair(tmp_path)
    guest.start()
    host.start()
    assert guest.process.wait(30) == host.process.wait(30) == 0
    again(host)
    before = sorted(f.name for f in guest.mailbox.iterdir())
    host.start()    # what it is owed was taken by the one before it
    assert host.process.wait(10) == 1
    assert "guest 9999 has ended without sending intersect_" in \
        host.state["error"]["text"]
    assert sorted(f.name for f in guest.mailbox.iterdir()) == before


def test_message_when_other_content_was_sent_then_refused(tmp_path):
    guest, host = pair(tmp_path)
    plant(guest, "host-10000~intersect_rows~000000000", b'{"rows":5}')
    host.start()
    assert host.process.wait(20) == 1
    assert host.state["error"]["code"] == "conflict"
    assert "other content" in host.state["error"]["text"]


@pytest.mark.parametrize("spoil,says", [
    (lambda raw: raw[:-3], "damaged"),
    (lambda raw: raw + b"x", "damaged"),
    (lambda raw: raw[:-2] + b"7}", "damaged"),
    (lambda raw: raw.partition(b"\n")[0], "without a head"),
    (lambda raw: b"", "without a head"),
    (lambda raw: b"{\n" + raw, "head of a message"),
    (lambda raw: raw.replace(b'"aggregate"', b'"key"'), "of kind key"),
    (lambda raw: raw.replace(b'"seq": 0', b'"seq": 1'), "sequence"),
])
def test_message_when_damaged_then_refused_and_said(tmp_path, spoil, says):
    guest, _ = pair(tmp_path)
    path = plant(guest, "host-10000~intersect_rows~000000000",
                 b'{"rows":5}')
    path.write_bytes(spoil(path.read_bytes()))
    guest.start()
    assert guest.process.wait(20) == 1
    assert says in guest.state["error"]["text"]


@pytest.mark.parametrize("payload,kind,n,says", [
    (b"a\nb", "ids", 3, "does not hold as many"),
    (b"a\nb\nc", "ids", 2, "does not hold as many"),
    (b"a\nb", "ids", 9, "9 ids where 5 were left"),
    (b"a\nb", "ids", 0, "0 ids where 5 were left"),
    (b"a\nb", "ids", -1, "-1 ids where 5 were left"),
])
def test_ids_when_not_as_many_as_said_then_refused(
        tmp_path, payload, kind, n, says):
    guest, _ = pair(tmp_path)
    plant(guest, "host-10000~intersect_rows~000000000", b'{"rows":5}')
    plant(guest, "host-10000~intersect_ids~000000000", payload, kind=kind,
          n=n)
    guest.start()
    assert guest.process.wait(20) == 1
    assert says in guest.state["error"]["text"]


def test_quota_when_full_then_the_sender_waits_for_room(tmp_path):
    """Ten chunks of some 37 kB through a box that holds just one: what was
    taken, and its markers, do not count."""
    guest, host = pair(tmp_path, 40000, mailbox_quota=37300)
    host.start()
    first = guest.mailbox / "host-10000~intersect_ids~000000000"
    until(first.exists, "the first message")
    time.sleep(0.5)
    waiting = [f for f in guest.mailbox.iterdir() if "ids" in f.name]
    assert waiting == [first] and host.process.poll() is None
    guest.start()
    try:
        assert guest.process.wait(60) == host.process.wait(60) == 0
    finally:
        guest.process.kill()
        host.process.kill()
    assert guest.state["table"]["rows"] == 40000


def test_quota_when_full_then_term_still_ends_the_sender(tmp_path):
    guest, host = pair(tmp_path, 40000, mailbox_quota=37300)
    host.start()
    until((guest.mailbox / "host-10000~intersect_ids~000000000").exists,
          "the ids in common")
    host.process.terminate()
    assert host.process.wait(10) == 128 + signal.SIGTERM


def test_quota_when_one_message_is_over_it_then_failed_and_said(tmp_path):
    _, host = pair(tmp_path, 5000, mailbox_quota=20000)
    host.start()
    assert host.process.wait(20) == 1
    assert "mailbox quota of 20000" in host.state["error"]["text"]


def test_mailbox_when_all_is_taken_then_markers_alone(tmp_path):
    guest, host = pair(tmp_path)
    assert run_both(guest, host) == [0, 0]
    for p in (guest, host):
        assert all(f.name.endswith(".done") for f in p.mailbox.iterdir())
