"""The tests ask databases over connections that are kept: their answers are
the client's, and they outlive what ends a connection."""
import signal
import threading

import conftest
import private_site
import pytest
import sql_sessions

pytest.importorskip("pymysql")
VALUES = ("SELECT NULL, 'NULL', '', 1, -2.50, 1e100, TRUE, NOW() > 0, "
          "CAST('2026-01-02 03:04:05.678' AS DATETIME(3)), "
          "CAST('{\"a\": \"b\\\\n\"}' AS CHAR), X'6162', 'a\tb\nc\\\\d\\0'; "
          "SELECT 'second' UNION SELECT 'row';")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A site with a database alone."""
    if not private_site.mariadbd():
        pytest.skip("no mariadbd (package mariadb-server-core)")
    site = private_site.Site(
        tmp_path_factory.mktemp("sql"),
        template=conftest.empty_database(tmp_path_factory))
    site.start_database()
    yield site
    site.stop()


def session(own):
    return own.sql("SELECT CONNECTION_ID()")


def test_the_answers_are_those_of_the_client(own):
    answer = own.sql(VALUES)
    assert answer == sql_sessions.by_client(own.db_socket, VALUES)
    assert answer[0][:3] == ["NULL", "NULL", ""]
    assert answer[0][-1] == "a\\tb\\nc\\\\d\\0"
    assert answer[1:] == [["second"], ["row"]]


def test_a_connection_is_kept_and_each_thread_has_its_own(own):
    assert session(own) == session(own)
    others = []
    thread = threading.Thread(target=lambda: others.append(session(own)))
    thread.start()
    thread.join()
    assert others and others != [session(own)]


def test_an_error_is_told_and_the_next_question_answered(own):
    for text in ("SELECT * FROM nowhere", "SELECT 1; SELECT * FROM nowhere"):
        with pytest.raises(private_site.SiteError, match="1146.*nowhere"):
            own.sql(text)
    with pytest.raises(private_site.SiteError, match="1049.*'nowhere'"):
        own.sql("SELECT 1", "nowhere")
    assert own.sql("SELECT 1") == [["1"]]


def test_what_no_statement_commits_is_taken_back(own):
    own.sql("CREATE TABLE t (a INT); BEGIN; INSERT INTO t VALUES (1)")
    assert own.sql("SELECT * FROM t") == []
    own.sql("INSERT INTO t VALUES (2)")
    other = sql_sessions.by_client(own.db_socket, "SELECT * FROM t",
                                   "fateflow")
    assert other == [["2"]]
    sql_sessions.by_client(own.db_socket, "INSERT INTO t VALUES (3)",
                           "fateflow")
    assert own.sql("SELECT * FROM t") == [["2"], ["3"]]


def test_a_killed_connection_is_replaced_before_anything_is_sent(own):
    own.sql("CREATE TABLE counted (a INT)")
    for n in range(3):
        sql_sessions.by_client(own.db_socket, f"KILL {session(own)[0][0]}")
        own.sql(f"INSERT INTO counted VALUES ({n})")
    assert own.sql("SELECT * FROM counted") == [["0"], ["1"], ["2"]]


def test_only_a_question_that_changes_nothing_is_asked_again(own):
    own.sql("CREATE TABLE tried (a INT)")
    ended = "KILL CONNECTION_ID()"
    with pytest.raises(private_site.SiteError):
        own.sql(f"INSERT INTO tried VALUES (1); {ended}")
    assert own.sql("SELECT * FROM tried") == [["1"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_database_that_went_is_told_and_asked_when_it_is_back(own, number):
    before = own.sql("SELECT @@pid_file")
    own.process("mariadb").stop(number)
    with pytest.raises(private_site.SiteError):
        own.sql("SELECT 1")
    own.start_database()
    assert own.sql("SELECT @@pid_file") == before
