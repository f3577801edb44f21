"""fateflow-admin against a real server, and the rules of sql/."""
import os
import pathlib
import re
import subprocess

import pytest

import conftest
import sql_sessions

SQL = conftest.ROOT / "sql"
# What MySQL 8 and MariaDB 10.6+ do not share, or Galera breaks.
NOT_SHARED = re.compile(
    r"->>?'|\bRETURNING\b|\bSEQUENCE\b|\bSKIP LOCKED\b|\bGET_LOCK\b|\bFOR SHARE"
    r"|\bFOR UPDATE OF\b|\bIF (NOT )?EXISTS\b(?=.*\b(COLUMN|INDEX)\b)"
    r"|utf8mb4_(0900|uca1400|nopad)|\b(IN)?VISIBLE\b|\bIGNORED\b|\bVALUES ROW\b"
    r"|\bUUID_TO_BIN\b|\bAS new ON DUPLICATE\b|\btransaction_isolation\b"
    r"|\btx_isolation\b", re.IGNORECASE)


class Admin:
    def __init__(self, folder, socket, name):
        self.work = folder / "work"
        self.work.mkdir()
        self.conf = folder / "fateflow.conf"
        self.conf.write_text(
            f'site = {{ work_dir = "{self.work}"; runtime_dir = '
            f'"{folder}"; }};\ndatabase = {{ socket = "{socket}"; '
            f'user = "root"; name = "{name}"; }};\n')
        sql_sessions.Sessions().ask(socket, f"CREATE DATABASE {name}")

    def run(self, *args):
        return subprocess.run(
            [conftest.BIN / "fateflow-admin", "-c", self.conf, "--dir", SQL,
             *args], capture_output=True, text=True)

    def doctor(self):
        """{check: (ok, note)}"""
        lines = self.run("doctor").stdout.splitlines()
        rows = [re.match(r"(ok|FAILED)\s+(.{14}) (.*)", n) for n in lines]
        return {r[2].strip(): (r[1] == "ok", r[3]) for r in rows}


@pytest.fixture
def admin(database, tmp_path, request):
    if not os.access(conftest.BIN / "fateflow-admin", os.X_OK):
        pytest.skip(f"no fateflow-admin in {conftest.BIN} (FATEFLOW_BIN)")
    return Admin(tmp_path, database, f"admin_{abs(hash(request.node.name))}")


def test_migrate_twice_applies_once(admin):
    newest = len(list(SQL.glob("*.sql")))
    first, second = admin.run("migrate"), admin.run("migrate")
    assert first.stdout == f"schema version {newest} (was 0)\n", first.stderr
    assert second.stdout == f"schema version {newest} (was {newest})\n"
    assert f"schema version {newest}" in admin.run("version").stdout


def test_every_statement_of_the_store_prepares_against_the_schema(admin):
    before = admin.doctor()
    assert not before["schema"][0]
    assert "run fateflow-admin migrate" in before["schema"][1]
    assert admin.run("migrate").returncode == 0
    after = admin.doctor()
    assert after["schema"][0]
    assert after["statements"][0], after["statements"][1]
    assert after["database"][0] and after["work folder"][0]


def test_doctor_names_what_does_not_run(admin):
    found = admin.doctor()
    assert found["configuration"][0]
    assert not found["api workers"][0]
    assert "api.sock" in found["api workers"][1]
    out = admin.run("doctor")
    assert out.returncode == 1
    assert "checks failed" in out.stderr


def test_a_wrong_call_says_how_to_call(admin):
    out = admin.run("frobnicate")
    assert out.returncode == 2
    assert "migrate" in out.stderr


def test_an_absent_configuration_is_named(admin):
    out = subprocess.run([conftest.BIN / "fateflow-admin", "-c", "/nonexistent",
                          "version"], capture_output=True, text=True)
    assert out.returncode == 1
    assert "/nonexistent" in out.stderr


def sql_texts():
    files = sorted(SQL.glob("*.sql"))
    files += sorted((conftest.ROOT / "lib/store").glob("*.c"))
    return [pytest.param(f, id=f.name) for f in files]


@pytest.mark.parametrize("file", sql_texts())
def test_sql_uses_only_what_both_servers_take(file):
    text = pathlib.Path(file).read_text()
    if file.suffix == ".c":
        text = "\n".join(re.findall(r'"(?:[^"\\]|\\.)*"', text))
    found = NOT_SHARED.search(text)
    assert not found, f"{file.name}: {found and found[0]}"


def test_migrations_are_numbered_and_hold_one_statement_each():
    files = sorted(SQL.glob("*.sql"))
    assert files
    for number, file in enumerate(files, 1):
        assert re.fullmatch(rf"{number:04d}_[a-z0-9_]+\.sql", file.name)
        text = re.sub(r"--.*", "", file.read_text()).strip()
        assert text.count(";") == 1 and text.endswith(";"), file.name
