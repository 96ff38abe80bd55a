"""What only MongoDB as the store can show: lost servers, several instances, a seed's database."""

import sys
from pathlib import Path

import pytest

# The black-box suite's own modules are shared.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from proxy import Proxy, ReplicaSet  # noqa: E402
from stores import add_options  # noqa: E402

pytest_plugins = ["orgd_fixtures"]


def pytest_addoption(parser):
    add_options(parser, store="mongodb")


@pytest.fixture
def database(engine, store_settings):
    """A new, empty database through pymongo, and gone after the test; `database.settings` are those that
    put a server on it: serve(store=database.settings)."""
    settings = store_settings()
    made = engine.client[settings["MONGO_DB"]]
    made.settings = settings
    yield made
    engine.drop_database(made.name)


@pytest.fixture
def database_of(engine):
    """The database that a server runs on, through pymongo."""
    return engine.database


@pytest.fixture
def serve_proxied(serve, store_settings, engine):
    """Makes a server behind a proxy that can fail; gives (server, proxy, database without the proxy)."""
    proxies = []

    def make(environment=None):
        settings = store_settings()
        proxy = Proxy(settings["MONGO_URL"])
        proxies.append(proxy)
        server = serve(environment=environment, store={**settings, "MONGO_URL": proxy.url})
        return server, proxy, engine.database(server)

    yield make
    for each in proxies:
        each.clear()
        each.up()


@pytest.fixture
def proxied(serve_proxied):
    return serve_proxied()


@pytest.fixture
def serve_members(serve, store_settings, database_url):
    """Makes a server on what looks like a replica set; gives (server, members)."""
    sets = []

    def make():
        members = ReplicaSet(database_url)
        sets.append(members)
        return serve(store={**store_settings(), "MONGO_URL": members.url}), members

    yield make
    for each in sets:
        for member in each.members:
            member.up()
