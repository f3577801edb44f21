"""Waiting for what comes by itself."""
import time


def until(test, what, seconds=30):
    """What the test answers once that is something. `what` says what did not
    come, when it does not."""
    end = time.monotonic() + seconds
    pause = 0.002
    while not (found := test()):
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return found
