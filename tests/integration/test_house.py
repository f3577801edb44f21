"""The house rules that a machine can check: who may include whom, where
foreign headers and SQL may stand, how long functions are, and that what is
generated is what is shipped."""
import filecmp
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBS = {"lib/spec", "lib/core", "lib/store", "lib/http", "lib/table",
        "lib/model", "lib/federation", "lib/crypto", "lib/math", "lib/task",
        "lib/serving", "lib/center", "lib/retain"}
# Room -> rooms it may include; itself and lib/base always.
MAY = {
    "lib/base": set(),
    "lib/spec": set(),
    "lib/core": {"lib/spec"},
    "lib/store": {"lib/core", "lib/spec"},
    "lib/http": set(),
    "lib/table": {"lib/core"},
    "lib/model": {"lib/core", "lib/spec"},
    "lib/math": set(),
    "lib/crypto": {"lib/math"},
    "lib/federation": {"lib/core", "lib/http"},
    "lib/task": {"lib/core", "lib/table", "lib/model", "lib/federation"},
    "lib/serving": {"lib/core", "lib/http"},
    "lib/center": {"lib/core", "lib/store", "lib/model"},
    "lib/retain": {"lib/core", "lib/store"},
    "task": LIBS - {"lib/store", "lib/serving", "lib/center", "lib/retain"},
    "keeper": {"lib/core", "lib/spec", "lib/store", "lib/model", "lib/task",
               "lib/center"},
    "scheduler": LIBS - {"lib/crypto", "lib/math", "lib/task", "lib/serving",
                         "lib/center"},
    "fcgi-app": LIBS - {"lib/crypto", "lib/math", "lib/task"},
    "cli": {"lib/spec", "lib/http"},
    "admin": LIBS - {"lib/crypto", "lib/math", "lib/task"},
}
# Foreign header -> the one room that may include it.
FOREIGN = {
    r"(mysql/)?mysql\.h": "lib/store",
    r"fcgiapp\.h|fcgi_stdio\.h": "fcgi-app",
    r"libconfig\.h": "lib/base",
    r"sqlite3\.h": "lib/table",
    r"curl/curl\.h": "lib/http",
}
SQL = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s'
                 r'[^"]*(\b(FROM|SET|VALUES|WHERE)\b|\()')
SQL_ROOMS = {"lib/store", "lib/table"}  # lib/table speaks to SQLite
FUNCTION_LINES_MAX = 100
FILE_LINES_MAX = 600


def sources(*endings):
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if name.endswith(endings) and not name.startswith(("build/", "var/")):
            yield name, path.read_text(errors="replace")


def room(name):
    return next((r for r in sorted(MAY, key=len, reverse=True)
                 if name.startswith(r + "/")), None)


def wrong_includes():
    for name, text in sources(".c", ".h"):
        here = room(name)
        if here is None:
            continue
        for target in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', text, re.M):
            there = room(target)
            if there and there not in MAY[here] | {here, "lib/base"}:
                yield f"{name} includes {target}"
            for pattern, owner in FOREIGN.items():
                if re.fullmatch(pattern, target) and here != owner:
                    yield f"{name} includes {target}, which is {owner}'s"


def test_includes_run_only_downwards():
    assert list(wrong_includes()) == []


def test_sql_stands_only_in_the_store():
    assert [name for name, text in sources(".c", ".h")
            if room(name) not in SQL_ROOMS | {None} and SQL.search(text)] == []


def functions(text):
    """(name, lines) of each function with its braces in column 0."""
    lines, start = text.split("\n"), None
    for i, line in enumerate(lines):
        if line.startswith("{") and start is None:
            start = i
        elif line.startswith("}") and start is not None:
            head = next((l for l in reversed(lines[:start])
                         if re.search(r"\w+\s*\(", l)), "?")
            yield head.strip(), i - start - 1
            start = None


def test_no_function_is_longer_than_the_budget():
    assert [f"{name}: {head} has {n} lines"
            for name, text in sources(".c") if room(name)
            for head, n in functions(text) if n > FUNCTION_LINES_MAX] == []


def test_no_file_is_longer_than_the_budget():
    assert [name for name, text in sources(".c", ".h") if room(name)
            and text.count("\n") > FILE_LINES_MAX] == []


def test_every_header_opens_with_what_it_is_for():
    assert [name for name, text in sources(".h")
            if room(name) and not text.startswith("/*")] == []


def test_shipped_data_is_what_the_generator_makes(tmp_path):
    subprocess.run([sys.executable, str(ROOT / "examples/generate.py"),
                    "--out", str(tmp_path)], check=True)
    for name in ("guest.csv", "host.csv"):
        assert filecmp.cmp(tmp_path / name, ROOT / "examples/data" / name,
                           shallow=False)


def test_a_wrong_include_would_be_found(monkeypatch):
    planted = [("lib/base/x.c", '#include "lib/store/db.h"\n'),
               ("task/x.c", "#include <mysql.h>\n")]
    monkeypatch.setattr(sys.modules[__name__], "sources",
                        lambda *endings: iter(planted))
    assert len(list(wrong_includes())) == 2
