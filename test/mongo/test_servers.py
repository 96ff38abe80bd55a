"""The tests' own servers: they are there, they go on with what was there, and they never outlive us."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pymongo
import pytest

import servers

GONE_SECONDS = 10

# Starts a server, says its URL, and waits to be killed.
OWNER = """
import servers, time
with servers.{name}() as url:
    print(url, flush=True)
    time.sleep(600)
"""


def connect(url):
    return pymongo.MongoClient(url, serverSelectionTimeoutMS=2000)


def status(pid):
    """A process's state and its parent; None where there is no such process."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return words[0], int(words[1])


def below(pid):
    """Every process that this one started, and theirs."""
    parents = {int(p.name): status(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()}
    children = [child for child, found in parents.items() if found and found[1] == pid]
    return children + [each for child in children for each in below(child)]


def lives(pid):
    found = status(pid)
    return found is not None and found[0] != "Z"


@pytest.fixture
def place():
    """A directory for temporary files that PostgreSQL's user, too, can get into."""
    with tempfile.TemporaryDirectory(prefix="orgd-test-") as made:
        os.chmod(made, 0o755)
        yield made


def test_server_goes_on_with_a_directory(tmp_path):
    with servers.ferretdb_sqlite(tmp_path) as url:
        connect(url).shop.fruit.insert_one({"_id": "apple"})
        address = url.removeprefix("mongodb://").rstrip("/")
    with servers.ferretdb_sqlite(tmp_path, listen=address) as again:
        assert again == url
        assert list(connect(url).shop.fruit.find()) == [{"_id": "apple"}]


@pytest.mark.parametrize("name", ["ferretdb_sqlite", "ferretdb_postgresql"])
def test_server_ends_with_the_process_that_started_it(name, place):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(name=name)],
        env={**os.environ, "PYTHONPATH": str(Path(servers.__file__).parent), "TMPDIR": place},
        stdout=subprocess.PIPE,
        text=True,
    )
    url = owner.stdout.readline().strip()
    started = below(owner.pid)
    assert started, "it has processes of its own"
    connect(url).shop.fruit.insert_one({"_id": "apple"})
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + GONE_SECONDS
    while any(map(lives, started)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in started if lives(pid)] == []


def test_postgresql_is_a_server_of_its_own_and_leaves_nothing():
    with servers.postgresql() as url:
        place = Path(url.partition("host=")[2])
        assert (place / "data").is_dir()
        with servers.postgresql() as other:
            assert other != url
    assert not place.exists()
