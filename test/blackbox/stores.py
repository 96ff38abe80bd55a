"""The stores that servers under test run on: where each new one is, how it goes, and what no call of
the API shows of it."""

import contextlib
import math
import os
import re
import sqlite3
import uuid
from pathlib import Path

import pymongo


def add_options(parser, store):
    """The command line's options; store: the default of --store."""
    group = parser.getgroup("orgd")
    group.addoption(
        "--store",
        default=store,
        choices=["sqlite", "mongodb"],
        help="store engine that the servers under test run on",
    )
    group.addoption(
        "--mongo-url",
        default=os.environ.get("ORGD_TEST_MONGO_URL", ""),
        help="MongoDB to test against; without it each worker starts a FerretDB of its own",
    )


class Embedded:
    """A directory of each server's own, which Server removes."""

    def new_settings(self):
        """The environment that gives a server a new, empty store."""
        return {"ORGD_STORE": "sqlite"}

    def drop(self, server):
        """Removes what Server.close() leaves of a closed server's store."""

    def close(self):
        """At the end of the tests."""

    def keeps(self, document):
        """Whether this JSON object, which the API allows, can be a document in this store."""
        return True

    @staticmethod
    def _open(server):
        data = Path(server.directory, server.environment["ORGD_DATA"])
        return contextlib.closing(sqlite3.connect(data / "orgd.db"))

    def password_hashes(self, server):
        """Every account's hash; the server must be stopped, here and below."""
        with self._open(server) as database:
            return [hash for (hash,) in database.execute("SELECT password_hash FROM accounts")]

    def set_password_hashes(self, server, value):
        """Gives every account this hash; gives the accounts' number."""
        with self._open(server) as database, database:
            return database.execute("UPDATE accounts SET password_hash = ?", [value]).rowcount


def ferretdb_keeps(document):
    """FerretDB has no names with a dot or a leading $, no array in an array and no negative zero; what it
    takes at the top with a control character in its name it can't read again, and a quote or backslash
    there breaks its SQL."""

    def good(value):
        if isinstance(value, dict):
            names = all("." not in name and not name.startswith("$") for name in value)
            return names and all(map(good, value.values()))
        if isinstance(value, list):
            return all(good(each) and not isinstance(each, list) for each in value)
        return not (isinstance(value, float) and value == 0 and math.copysign(1, value) < 0)

    if not isinstance(document, dict):
        return True
    return good(document) and not any(re.search(r'[\x00-\x1f"\\]', name) for name in document)


class Mongo:
    """A database for each new store, all of them on one server."""

    def __init__(self, url):
        self.url = url
        self.client = pymongo.MongoClient(url)
        self.is_ferretdb = "ferretdbVersion" in self.client.server_info()
        self._made = set()

    def keeps(self, document):
        """Whether this JSON object, which the API allows, can be a document in this store."""
        return not self.is_ferretdb or ferretdb_keeps(document)

    def new_settings(self):
        name = f"orgd_test_{uuid.uuid4().hex[:12]}"
        self._made.add(name)
        return {"ORGD_STORE": "mongodb", "MONGO_URL": self.url, "MONGO_DB": name}

    def database(self, server):
        """The database that this server runs on."""
        return self.client[server.environment["MONGO_DB"]]

    def drop(self, server):
        """Only what new_settings() named: a test may have sent its server to another database."""
        self.drop_database(server.environment.get("MONGO_DB"))

    def drop_database(self, name):
        if name in self._made:
            self._made.remove(name)
            self.client.drop_database(name)

    def close(self):
        for name in list(self._made):
            self.drop_database(name)
        self.client.close()

    def password_hashes(self, server):
        return [admin["password"] for admin in self.database(server).admins.find()]

    def set_password_hashes(self, server, value):
        return self.database(server).admins.update_many({}, {"$set": {"password": value}}).matched_count
