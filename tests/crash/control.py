"""The file by which a process is chosen and killed at one of its effects; see
points.c, which has the layout."""
import mmap
import pathlib
import shlex
import struct
import typing

ANY, STARTED, FORKED = range(3)
BEFORE, AFTER = range(2)
NEVER = 0xffffffff
HEAD = struct.Struct("<6I40s192s128s")


class Target(typing.NamedTuple):
    """Whose effects are counted: a program, the process that was started by
    that name or one that it forked, and a part of the command line."""
    program: str
    who: int = ANY
    words: str = ""


class Control:
    def __init__(self, folder, library):
        self.path = pathlib.Path(folder) / "crash-control"
        self.log = pathlib.Path(f"{self.path}.log")
        self.library = library
        self.path.write_bytes(bytes(HEAD.size))
        self.file = self.path.open("r+b")
        self.map = mmap.mmap(self.file.fileno(), HEAD.size)

    @property
    def env(self):
        """What a program needs to be counted."""
        return {"LD_PRELOAD": str(self.library),
                "FATEFLOW_CRASH_CONTROL": str(self.path)}

    def wrapper(self, path, program):
        """A script in place of a program whose environment is not ours."""
        lines = ["#!/bin/sh"]
        lines += [f"export {k}={shlex.quote(v)}" for k, v in self.env.items()]
        lines += [f'exec {shlex.quote(str(program))} "$@"', ""]
        path.write_text("\n".join(lines))
        path.chmod(0o755)
        return str(path)

    def arm(self, target, at, when):
        """`at` is the number of an effect, or a pattern: the first like it."""
        n, like = (at, "") if isinstance(at, int) else (NEVER, at)
        self.log.unlink(missing_ok=True)
        HEAD.pack_into(self.map, 0, 0, n, when, target.who, 0, 0,
                       target.program.encode(), target.words.encode(),
                       like.encode())
        struct.pack_into("<I", self.map, 0, 1)

    def disarm(self):
        struct.pack_into("<I", self.map, 0, 0)

    @property
    def n(self):
        """Of the effect at which it was killed."""
        return struct.unpack_from("<I", self.map, 4)[0]

    @property
    def killed(self):
        """The pid of the process that was killed, or 0."""
        return struct.unpack_from("<I", self.map, 20)[0]

    def effects(self):
        """What was counted: "rename /.../x", in order."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []
        return [line.split(" ", 2)[2] for line in lines]
