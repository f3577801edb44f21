"""Several runs of pytest share the tests: each file is run by whichever comes
to it first, so that the waiting of one is the working time of another.

FATEFLOW_LANES is "FOLDER:NUMBER:OF": an empty folder of their own, and the
how-manieth of how many this one is. The tests of a file follow each other, or
the first run to meet its first test would own the file long before it got
through. What is about all tests together is run by the last to finish, which
knows what the others have seen.
"""
import json
import os
import pathlib

VARIABLE = "FATEFLOW_LANES"
# The longest files by the clock are begun first, so that none is begun when
# the other runs are about to finish.
LONGEST = [f"test_{name}.py" for name in (
    "leases", "valgrind", "scheduler", "big_tables", "datasets", "tables",
    "bad_input", "model_store", "admission", "job_endpoints", "retry",
    "restart", "upload_sessions", "crash", "chaos", "bench", "retention")]


class Lanes:
    def __init__(self, text):
        folder, number, of = text.rsplit(":", 2)
        self.folder = pathlib.Path(folder)
        self.number = int(number)
        self.of = int(of)
        self.taken = {}     # file name: by us?

    def sort(self, items):
        files = dict.fromkeys(item.path.name for item in items)
        place = {name: at for at, name in enumerate(
            [*LONGEST, *(name for name in files if name not in LONGEST)])}
        items.sort(key=lambda item: place[item.path.name])

    def _create(self, name, text=""):
        """True for the one that was first."""
        try:
            fd = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT |
                         os.O_EXCL, 0o600)
        except FileExistsError:
            return False
        with os.fdopen(fd, "w") as f:
            f.write(text)
        return True

    def takes(self, item, watch):
        """Is this test ours?"""
        whole = "whole_run" in item.keywords
        key = "whole run" if whole else item.path.name
        if key not in self.taken:
            self.taken[key] = self._finish(watch) if whole else \
                self._create(f"file-{key}")
        return self.taken[key]

    def _finish(self, watch):
        """All files are taken, and ours are done. True for the last."""
        seen = watch and {"count": watch.count, **{
            name: sorted(getattr(watch, name)) for name in
            ("succeeded", "failed")}}
        self._create(f"half-{self.number}", json.dumps(seen))
        os.rename(self.folder / f"half-{self.number}",
                  self.folder / f"done-{self.number}")
        done = sorted(self.folder.glob("done-*"))
        if len(done) < self.of or not self._create("whole-run"):
            return False
        for path in done:
            seen = json.loads(path.read_text())
            if watch and seen and path.name != f"done-{self.number}":
                watch.count += seen["count"]
                watch.succeeded |= set(map(tuple, seen["succeeded"]))
                watch.failed |= set(map(tuple, seen["failed"]))
        return True


def from_environment():
    text = os.environ.get(VARIABLE)
    return Lanes(text) if text else None
