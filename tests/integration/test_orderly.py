"""A program that is ended early gets to end what it started (orderly.py)."""
import os
import pathlib
import signal
import sys
import threading

import pytest

import orderly

HERE = pathlib.Path(__file__).parent
# Says when it is at work; takes its time to stop.
PROGRAM = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[1])
import orderly
orderly.stop_on_signals()
try:
    pathlib.Path(sys.argv[2], "begun").touch()
    time.sleep(60)
finally:
    print("stopping", flush=True)
    time.sleep(1)
    pathlib.Path(sys.argv[2], "stopped").touch()
"""


def argv(folder):
    path = folder / "program.py"
    path.write_text(PROGRAM)
    return [sys.executable, path, HERE, folder]


def test_what_takes_too_long_stops_in_order(tmp_path):
    with pytest.raises(AssertionError, match="(?s)not done in 2 s.*stopping"):
        orderly.run(argv(tmp_path), 2)
    assert (tmp_path / "stopped").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_loses_its_test_stops_in_order(tmp_path, monkeypatch, number):
    """And by both, as Ctrl-C comes to it and to the test."""
    children = []
    popen = orderly.subprocess.Popen

    def begun(*args, **more):
        children.append(popen(*args, **more))
        return children[0]

    def press():
        while not (tmp_path / "begun").exists():
            ends.wait(0.05)
        children[0].send_signal(number)
        os.kill(os.getpid(), number)

    ends = threading.Event()
    monkeypatch.setattr(orderly.subprocess, "Popen", begun)
    other = threading.Thread(target=press)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        orderly.run(argv(tmp_path), 60)
    other.join()
    assert (tmp_path / "stopped").exists()


def test_what_ends_by_itself_says_what_and_how():
    said = orderly.run([sys.executable, "-c", "print(5); exit(3)"], 60)
    assert said == ("5\n", 3)
