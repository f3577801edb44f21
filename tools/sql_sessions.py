"""Asks a MariaDB as its root, over a connection that is kept.

A client process for each question costs more than most of the questions.
quickstart asks two and wants no package for them: without pymysql they go
through the client.
"""
import subprocess
import threading

try:
    import pymysql
    from pymysql.constants import CLIENT, CR, ER, SERVER_STATUS
except ImportError:
    pymysql = None

# As the client prints a value that would break its line of columns.
ESCAPES = str.maketrans({"\0": "\\0", "\t": "\\t", "\n": "\\n", "\\": "\\\\"})
CONNECTION_KILLED = 1927    # MariaDB's own


class Error(Exception):
    """What the server, or the way there, says."""


class Sessions:
    """Threads may ask at the same time: each has a connection of its own."""

    def __init__(self):
        self.mine = threading.local()

    def ask(self, socket, text, name=None):
        """Rows of all statements of a text as lists of texts, as the client
        prints them with -B: NULL is a text too. What they set for their
        session stays set for the thread, but no transaction stays open."""
        if not pymysql:
            return by_client(socket, text, name)
        try:
            return self._ask(str(socket), text, name)
        except pymysql.Error as e:
            if not (is_lost(e) and is_read(text)):
                self.close()
                raise Error(said(e)) from None
        try:
            return self._ask(str(socket), text, name)
        except pymysql.Error as e:
            self.close()
            raise Error(said(e)) from None

    def close(self):
        """That of this thread."""
        connection = self.mine.__dict__.pop("connection", None)
        if connection and connection.open:
            connection.close()

    def _ask(self, socket, text, name):
        connection = self._answering(socket, name)
        rows = []
        with connection.cursor() as cursor:
            cursor.execute(text)
            rows += cursor.fetchall()
            while cursor.nextset():
                rows += cursor.fetchall()
        if connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
            connection.rollback()
        return [[text_of(value) for value in row] for row in rows]

    def _answering(self, socket, name):
        """One that has just answered: the server may have been restarted or
        have ended it, and only what was not sent can be sent again."""
        connection = self.mine.__dict__.get("connection")
        if connection and connection.unix_socket == socket:
            try:
                greet(connection, name)
                return connection
            except pymysql.Error as e:
                if not is_lost(e):
                    raise
        self.close()
        connection = self.mine.connection = pymysql.connect(
            unix_socket=socket, user="root", charset="utf8mb4",
            use_unicode=False, conv={}, autocommit=None,
            client_flag=CLIENT.MULTI_STATEMENTS)
        greet(connection, name)
        return connection


def greet(connection, name):
    if name:
        connection.select_db(name)
    else:
        connection.ping(reconnect=False)


def text_of(value):
    return "NULL" if value is None else value.decode().translate(ESCAPES)


def is_read(text):
    return ";" not in text and \
        text.lstrip().upper().startswith(("SELECT", "SHOW"))


def is_lost(error):
    return error.args[0] in (
        0,      # of an InterfaceError: closed on our side
        CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CONNECTION_KILLED,
        ER.SERVER_SHUTDOWN)


def said(error):
    return "ERROR " + ": ".join(map(str, error.args))


def by_client(socket, text, name=None):
    out = subprocess.run(
        ["mariadb", "--no-defaults", f"--socket={socket}", "-u", "root",
         "-N", "-B", "-e", text, *([name] if name else [])],
        capture_output=True, text=True)
    if out.returncode:
        raise Error(out.stderr.strip())
    return [line.split("\t") for line in out.stdout.splitlines()]
