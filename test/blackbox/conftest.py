"""The black-box suite runs on the embedded store, and on MongoDB with `--store mongodb`."""

from fixtures import (  # noqa: F401
    add_options,
    client,
    database_url,
    engine,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_runtest_makereport,
    pytest_sessionstart,
    serve,
    server,
    store_settings,
    tenant,
)


def pytest_addoption(parser):
    add_options(parser, store="sqlite")
