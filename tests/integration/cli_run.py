"""What the tests of the command line share: running it, FATE's recordings of
its own client, and a server that answers as it is told and keeps what it was
asked."""
import collections
import http.server
import json
import os
import socket
import subprocess
import threading
import urllib.parse

import pytest

import relay
from conftest import BIN, ROOT
from flow import SHARED

RECORDS = SHARED / "golden" / "cli"
EXAMPLES = ROOT / "examples"
OK, REFUSED, USAGE, UNREACHABLE, JOB_FAILED, TIMEOUT = range(6)
GUEST = ["-r", "guest", "-p", "9999"]
LR = GUEST + ["-cpn", "hetero_lr_0"]
TEN = "id,y,x0\n" + "".join(f"{i},{i % 2},{i}.5\n" for i in range(10))
SUCCESS = {"retcode": 0, "retmsg": "success"}


class Cli:
    """fateflow WORDS; the document that it printed and its exit status.
    Nothing else may be printed, on either stream. A first word that is one of
    FATE's names gets its -f."""

    def __init__(self, address):
        self.environ = {**os.environ, "FATEFLOW_SERVER": address}

    def run(self, *words, **more):
        more.setdefault("env", self.environ)
        return subprocess.run([BIN / "fateflow", *map(str, words)],
                              capture_output=True, text=True, timeout=120,
                              **more)

    def start(self, *words, **more):
        more.setdefault("env", self.environ)
        return subprocess.Popen([BIN / "fateflow", *map(str, words)],
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **more)

    def __call__(self, *words, **more):
        return self.words("-f", *words, **more)

    def words(self, *words, **more):
        out = self.run(*words, **more)
        assert out.stderr == ""
        assert out.stdout.endswith("}\n\n")
        return json.loads(out.stdout), out.returncode

    def ok(self, *words, **more):
        answer, code = self(*words, **more)
        assert (answer["retcode"], code) == (0, OK), answer
        return answer


def recorded(name):
    """The document of a recording, or None without ../shared."""
    path = RECORDS / f"{name}.txt"
    if not path.exists():
        return None
    text = path.read_text()
    return json.JSONDecoder().raw_decode(text[text.index("{"):])[0]


def upload_conf(folder, name, **more):
    (folder / "ten.csv").write_text(TEN)
    conf = folder / f"{name}.json"
    conf.write_text(json.dumps({
        "file": "ten.csv", "head": 1, "partition": 4, "work_mode": 0,
        "namespace": "cli", "table_name": name, **more}))
    return conf


Asked = collections.namedtuple("Asked", "method path query headers body")
Answer = collections.namedtuple("Answer", "status type body headers",
                                defaults=[()])


def json_answer(value, status=200):
    return Answer(status, "application/json", json.dumps(value).encode())


class StandIn:
    """answer(asked) gives the Answer, or a dict for a JSON one; None breaks
    the connection. What was asked is in .asked."""

    def __init__(self, answer):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def serve(self):
                url = urllib.parse.urlsplit(self.path)
                n = int(self.headers.get("Content-Length", 0))
                asked = Asked(self.command, url.path,
                              dict(urllib.parse.parse_qsl(url.query)),
                              self.headers, self.body(n))
                outer.asked.append(asked)
                self.give(answer(asked))

            def body(self, n):
                limit = getattr(answer, "limit", None)
                if limit is None or self.command != "POST":
                    return self.rfile.read(n)
                return self.rfile.read(min(n, limit(self.path, n)))

            def give(self, found):
                if found is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if isinstance(found, dict):
                    found = json_answer(found)
                self.send_response(found.status)
                self.send_header("Content-Type", found.type)
                self.send_header("Content-Length", str(len(found.body)))
                for name, value in found.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(found.body)

            do_GET = do_POST = serve

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()

    def cli(self):
        return Cli(self.address)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def one_answer(text):
    """A server that answers the first connection with that, once."""
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        c, _ = s.accept()
        s.close()
        with c:
            c.recv(65536)
            c.sendall(text)
            # Closing with unread bytes of the request would reset the
            # connection and take the answer away from the client.
            c.shutdown(socket.SHUT_WR)
            while c.recv(65536):
                pass

    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{s.getsockname()[1]}"


# ---- fixtures, which conftest.py makes known ----

@pytest.fixture(scope="module")
def cli(site, request):
    """The command line, asking the shared site, through a relay where its
    exchanges can be held against docs/openapi.yaml."""
    if not (BIN / "fateflow").exists():
        pytest.skip(f"fateflow not in {BIN} (FATEFLOW_BIN)")
    if not request.config.exchanges:
        yield Cli(f"127.0.0.1:{site.port}")
        return
    between = relay.Relay(site.port, request.config.exchanges)
    yield Cli(f"127.0.0.1:{between.port}")
    between.close()


@pytest.fixture
def stand_in():
    """stand_in(answer): a StandIn and the command line that asks it."""
    if not (BIN / "fateflow").exists():
        pytest.skip(f"fateflow not in {BIN} (FATEFLOW_BIN)")
    servers = []

    def make(answer):
        servers.append(StandIn(answer))
        return servers[-1], servers[-1].cli()

    yield make
    for server in servers:
        server.close()
