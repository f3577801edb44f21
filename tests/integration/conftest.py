"""Sites for the tests: the real servers, below temporary folders.

FATEFLOW_BIN names the folder of the programs (default build/dev/bin). Without
them, or without a server that a site needs, the tests that use one skip and
say what is missing; with FATEFLOW_CI set they fail instead.
"""
import os
import pathlib
import shutil
import signal
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "integration")]

import exchanges  # noqa: E402
import flow as flow_client  # noqa: E402
import lanes  # noqa: E402
import private_site  # noqa: E402
import sanitizers  # noqa: E402

BIN = pathlib.Path(os.environ.get("FATEFLOW_BIN", ROOT / "build/dev/bin"))
PROGRAMS = ("fateflow-fcgi", "fateflow-scheduler", "fateflow-task",
            "fateflow-keeper", "fateflow-admin")
SERVERS = {"nginx": "/usr/sbin/nginx", "apache": "/usr/sbin/apache2"}


def pytest_configure(config):
    # A shell starts what runs in the background with Ctrl-C ignored, and
    # programs inherit that; some tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What is told to end takes its servers along.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "slow: long, or about speed and size; check leaves these "
        "out of the run under the sanitizers")
    config.addinivalue_line(
        "markers", "whole_run: about all tests together; comes last")
    config.lanes = lanes.from_environment()


def missing(server):
    """What a site behind that server lacks on this machine."""
    absent = [p for p in PROGRAMS if not (BIN / p).exists()]
    if absent:
        return f"{', '.join(absent)} not in {BIN} (FATEFLOW_BIN)"
    if not private_site.mariadbd():
        return "no mariadbd (package mariadb-server-core)"
    if not os.path.exists(SERVERS[server]):
        return f"no {SERVERS[server]}"
    return None


def skip_without(server):
    lack = missing(server)
    if lack and os.environ.get("FATEFLOW_CI"):
        pytest.fail(lack)
    if lack:
        pytest.skip(lack)


@pytest.fixture(scope="session", autouse=True)
def sanitizers_are_silent(tmp_path_factory):
    """Torn down last, when everything has ended and has said what it leaks."""
    folder = tmp_path_factory.getbasetemp()
    sanitizers.direct_reports_to(folder)
    yield
    found = [f"{path}:\n{text}" for path, text in sanitizers.reports(folder)]
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def exchanges_are_described(request):
    """Every exchange with a site is held against docs/openapi.yaml."""
    watch = exchanges.start()
    request.config.exchanges = watch
    if not watch:
        yield
        return
    remove = exchanges.install(watch)
    yield
    remove()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """What another run has taken is not ours to run."""
    shared = item.config.lanes
    if shared and not shared.takes(item, getattr(item.config, "exchanges",
                                                 None)):
        return True
    return None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test fails with what it, or the fixtures made for it, exchanged
    against the document."""
    outcome = yield
    watch = getattr(item.config, "exchanges", None)
    faults = watch.take_faults() if watch else []
    if faults and not outcome.excinfo:
        pytest.fail("not as docs/openapi.yaml has it:\n" +
                    "\n".join(faults[:20]), pytrace=False)


def pytest_collection_modifyitems(config, items):
    """What is about the whole run comes last."""
    if config.lanes:
        config.lanes.sort(items)
    items.sort(key=lambda item: "whole_run" in item.keywords)


@pytest.fixture(scope="session")
def watch(request):
    """The exchanges seen so far."""
    if not request.config.exchanges:
        pytest.skip(f"python3 has no {', '.join(exchanges.lacking())}")
    return request.config.exchanges


def empty_database(tmp_path_factory):
    """Where the sites of this run share one."""
    return tmp_path_factory.getbasetemp() / "empty-database"


@pytest.fixture(scope="session")
def make_site(tmp_path_factory):
    """make_site(server="nginx", options={...}): a site of a test's own. It
    is stopped at the end of the session unless the test did; a folder with
    a failed start is kept by pytest, with all its logs."""
    sites = []

    def make(server="nginx", options=None):
        skip_without(server)
        site = private_site.Site(tmp_path_factory.mktemp("site"), BIN, server,
                                 options=options,
                                 template=empty_database(tmp_path_factory))
        sites.append(site)
        site.start()
        site.flow = flow_client.Flow(site.url)
        return site

    yield make
    for site in sites:
        site.stop()
        shutil.rmtree(site.root / "db" / "data", ignore_errors=True)


@pytest.fixture(scope="session")
def site(make_site):
    """The site behind nginx that most tests share."""
    return make_site("nginx")


@pytest.fixture(scope="session")
def site_apache(make_site):
    return make_site("apache")


@pytest.fixture(scope="session", params=sorted(SERVERS, reverse=True))
def any_site(request):
    """The shared site behind each web server in turn."""
    name = "site" if request.param == "nginx" else "site_apache"
    return request.getfixturevalue(name)


def upload_examples(site):
    """The two tables of examples/hetero_lr."""
    for party in ("guest", "host"):
        site.flow.uploaded(ROOT / f"examples/data/{party}.csv", "example",
                           f"example_{party}", drop=1)


@pytest.fixture
def ten_csv(tmp_path):
    """A small table to upload."""
    file = tmp_path / "ten.csv"
    file.write_bytes(b"id,y,x0\n" + b"".join(b"%d,%d,%d.5\n" % (i, i % 2, i)
                                             for i in range(10)))
    return file


def train_small_lr(site):
    """The id of a finished training of examples/, cut to two iterations."""
    examples = ROOT / "examples"
    upload_examples(site)
    conf = flow_client.load(examples / "hetero_lr/conf.json")
    conf["algorithm_parameters"]["hetero_lr_0"]["max_iter"] = 2
    return site.flow.finished(
        flow_client.load(examples / "hetero_lr/dsl.json"), conf)


@pytest.fixture(scope="session")
def small_lr_job(any_site):
    """One for each site, however often the tests change between them."""
    if not hasattr(any_site, "small_lr_job"):
        any_site.small_lr_job = train_small_lr(any_site)
    return any_site.small_lr_job


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """The socket of an empty MariaDB, for what needs no site."""
    if not private_site.mariadbd():
        pytest.skip("no mariadbd (package mariadb-server-core)")
    own = private_site.Site(tmp_path_factory.mktemp("db"), BIN,
                            template=empty_database(tmp_path_factory))
    yield own.start_database()
    own.stop()


@pytest.fixture(scope="session")
def rss_anon():
    """rss_anon(pid): anonymous resident memory in bytes."""
    return private_site.rss_anon


# Last, because it asks this module for BIN: the fixtures cli and stand_in.
from cli_run import cli, stand_in  # noqa: E402,F401
