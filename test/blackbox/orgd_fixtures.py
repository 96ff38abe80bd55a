"""Fixtures of the tests that talk to the real program: servers, and the stores they run on.

server: one for each worker, default settings, shared; a test leaves nothing in it that another
        would meet, which unique names are for.
serve:  makes a test's own servers, with its own environment and flags.

A plugin of the conftest.py of each directory that uses them.
"""

import os
import shlex
import sys
from pathlib import Path

import pytest

import orgd
import stores

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mongo"))

import servers  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "timing: compares two times, with loose bounds")
    config.addinivalue_line("markers", "embedded: about the directory of the embedded store only")


def pytest_collection_modifyitems(config, items):
    on_mongodb = config.getoption("--store") == "mongodb"
    left_out = [item for item in items if on_mongodb and item.get_closest_marker("embedded")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(90))


def pytest_sessionstart(session):
    if not session.config.getoption("collectonly") and not os.access(orgd.BINARY, os.X_OK):
        raise pytest.UsageError(f"{orgd.BINARY} is not there: build it, or set ORGD_BIN")


def again(item):
    """The command that runs this test alone as it was run here."""
    names = ("ORGD_BIN", "ORGD_TEST_SEED", "ORGD_TEST_EXAMPLES")
    given = [f"{name}={shlex.quote(os.environ[name])}" for name in names if name in os.environ]
    store = item.config.getoption("--store")
    test = shlex.quote(item.nodeid)
    return " ".join([*given, ".venv/bin/python -m pytest", f"--store {store}", test])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the command that repeats it, and the end of its servers' logs."""
    report = yield
    if report.failed:
        report.sections.append(("once more", again(item)))
        own = list(getattr(item, "orgd_servers", []))
        shared = getattr(item, "funcargs", {}).get("server")
        for each in own + ([shared] if shared else []):
            lines = each.log_text().splitlines()[-40:]
            report.sections.append((f"log of orgd, {each.directory.name}", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def database_url(request):
    """The MongoDB server to test against: the operator's, or a FerretDB of this worker's own."""
    given = request.config.getoption("--mongo-url")
    if given:
        yield given
        return
    with servers.ferretdb_sqlite() as url:
        yield url


@pytest.fixture(scope="session")
def engine(request):
    """The store engine under test, see stores.py."""
    if request.config.getoption("--store") == "sqlite":
        made = stores.Embedded()
    else:
        made = stores.Mongo(request.getfixturevalue("database_url"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def store_settings(engine):
    """Gives the settings of a new, empty store each time it is called."""
    return engine.new_settings


@pytest.fixture(scope="session")
def server(engine):
    # Any number of refused logins: what one test gets wrong must not lock out the next.
    shared = orgd.Server(engine.new_settings(), environment={"ORGD_LOGIN_FAILURES": "0"})
    try:
        shared.start()
        yield shared
    finally:
        shared.close()


@pytest.fixture
def client(server):
    """A client with its own connections to the shared server."""
    with server.new_client() as own:
        yield own


@pytest.fixture
def tenant(server):
    """A new organization on the shared server, its administrator logged in."""
    return server.new_tenant()


@pytest.fixture
def serve(request, engine):
    """Makes a server with its own settings, by default started and on a new store (store: on that of
    these settings, see store_settings); all are stopped and judged at the test's end (see Server.close),
    and their stores dropped."""
    made = []
    request.node.orgd_servers = made

    def make(environment=None, flags=(), start=True, listeners=1, store=None):
        new = orgd.Server(store or engine.new_settings(), flags, environment)
        made.append(new)
        if start:
            new.start(listeners=listeners)
        return new

    yield make
    failures = []
    for each in made:
        try:
            each.close()
        except Exception as failure:  # the others are closed first
            failures.append(failure)
    for each in made:
        engine.drop(each)
    if failures:
        raise failures[0]
