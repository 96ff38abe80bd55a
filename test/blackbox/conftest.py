"""The black-box suite runs on the embedded store, and on MongoDB with `--store mongodb`."""

from stores import add_options

pytest_plugins = ["orgd_fixtures"]


def pytest_addoption(parser):
    add_options(parser, store="sqlite")
