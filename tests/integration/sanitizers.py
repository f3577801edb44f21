"""Reports of the sanitizers, wherever the programs left them.

What a test starts inherits ASAN_OPTIONS and writes to <folder>/sanitizer.PID;
tasks are started with a clean environment and write to their task.log.
"""
import os
import pathlib
import re

REPORT = re.compile(rb"ERROR: (Address|Leak)Sanitizer|runtime error:"
                    rb"|UndefinedBehaviorSanitizer")
LOG_BYTES_MAX = 1 << 24


def direct_reports_to(folder):
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        given = os.environ.get(name)
        own = f"log_path={folder}/sanitizer:print_stacktrace=1"
        os.environ[name] = f"{given}:{own}" if given else own


def reports(folder):
    """(path, text from the report on) of each log below the folder that
    holds one."""
    for top, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".log") or name.startswith("sanitizer."):
                path = pathlib.Path(top, name)
                with open(path, "rb") as f:
                    text = f.read(LOG_BYTES_MAX)
                hit = REPORT.search(text)
                if hit:
                    tail = text[hit.start():hit.start() + 3000]
                    yield path, tail.decode(errors="replace")
