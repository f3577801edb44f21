"""Programs with servers of their own: whoever ends one early lets it end them.
Both halves, that of the test and that of the program."""
import contextlib
import signal
import subprocess

STOP_SECONDS = 60


def run(argv, seconds):
    """What it printed and its exit status. One that takes longer, or that
    whoever waits for it is kept from waiting for, stops in order."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as child:
        try:
            out, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{argv[1]} was not done in {seconds} s:\n"
                                 f"{end(child)}") from None
        except BaseException:
            end(child)
            raise
    return out, child.returncode


def end(child):
    """All that it printed."""
    child.terminate()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=STOP_SECONDS)[0]
    finally:
        child.kill()
    return child.communicate()[0]


def stop_on_signals():
    """Ends this program by an exception, once: Ctrl-C comes to it and to the
    test, which passes it on, and the second must not end the stop."""
    def stop(number, frame):
        for other in (signal.SIGINT, signal.SIGTERM):
            # What is started meanwhile inherits no handler, but SIG_IGN.
            signal.signal(other, lambda *_: None)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
