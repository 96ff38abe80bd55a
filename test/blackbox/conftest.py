"""Fixtures of the black-box suite: servers of the real program, and the store they run on.

server: one for each worker, default settings, shared; a test leaves nothing in it that another
        would meet, which unique names are for.
serve:  makes a test's own servers, with its own environment and flags.
"""

import os
import uuid

import pytest

import orgd


def pytest_addoption(parser):
    group = parser.getgroup("orgd")
    group.addoption(
        "--store",
        default="sqlite",
        choices=["sqlite", "mongodb"],
        help="store engine that the servers under test run on",
    )
    group.addoption(
        "--mongo-url",
        default=os.environ.get("ORGD_TEST_MONGO_URL", ""),
        help="MongoDB to test against, with --store mongodb",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "timing: compares two times, with loose bounds")
    config.addinivalue_line("markers", "embedded: about the directory of the embedded store only")
    if config.getoption("--store") == "mongodb" and not config.getoption("--mongo-url"):
        raise pytest.UsageError("--store mongodb needs --mongo-url or ORGD_TEST_MONGO_URL")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(90))
        if config.getoption("--store") != "sqlite" and item.get_closest_marker("embedded"):
            item.add_marker(pytest.mark.skip(reason="about the embedded store"))


def pytest_sessionstart(session):
    if not session.config.getoption("collectonly") and not os.access(orgd.BINARY, os.X_OK):
        raise pytest.UsageError(f"{orgd.BINARY} is not there: build it, or set ORGD_BIN")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of its servers' logs."""
    report = yield
    if report.failed:
        servers = list(getattr(item, "orgd_servers", []))
        shared = getattr(item, "funcargs", {}).get("server")
        for each in servers + ([shared] if shared else []):
            lines = each.log_text().splitlines()[-40:]
            report.sections.append((f"log of orgd, {each.directory.name}", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def store_settings(request):
    """Gives the settings of a new, empty store each time it is called."""
    engine = request.config.getoption("--store")

    def settings():
        if engine == "sqlite":
            return {"ORGD_STORE": "sqlite"}
        return {
            "ORGD_STORE": "mongodb",
            "MONGO_URL": request.config.getoption("--mongo-url"),
            "MONGO_DB": f"orgd_test_{uuid.uuid4().hex[:12]}",
        }

    return settings


@pytest.fixture(scope="session")
def server(store_settings):
    # Any number of refused logins: what one test gets wrong must not lock out the next.
    shared = orgd.Server(store_settings(), environment={"ORGD_LOGIN_FAILURES": "0"})
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
def serve(request, store_settings):
    """Makes a server with its own settings, by default started; all are stopped and judged at the
    test's end (see Server.close)."""
    servers = []
    request.node.orgd_servers = servers

    def make(environment=None, flags=(), start=True, listeners=1, store=None):
        made = orgd.Server(store or store_settings(), flags, environment)
        servers.append(made)
        if start:
            made.start(listeners=listeners)
        return made

    yield make
    failures = []
    for each in servers:
        try:
            each.close()
        except Exception as failure:  # the others are closed first
            failures.append(failure)
    if failures:
        raise failures[0]
