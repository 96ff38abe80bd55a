"""MongoDB servers for the tests: FerretDB on SQLite, FerretDB on a PostgreSQL of its own, and one in memory.

    with ferretdb_sqlite() as url:
        ... MongoClient(url) ...

Each runs on a free port of 127.0.0.1 and ends with the `with`. None outlives the process that started
it, however that ends: the others read a pipe that ends with us, the kernel stops PostgreSQL.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import build_servers  # noqa: E402

POSTGRESQL_USER = "postgres"  # Debian's; PostgreSQL refuses to run as root
# FerretDB's garbage collector: left to itself it begins anew after every few megabytes, which takes a tenth
# of FerretDB's time.
COLLECTOR = {"GOGC": "800", "GOMEMLIMIT": "256MiB"}
START_SECONDS = 30
STOP_SECONDS = 20


class NotStarted(Exception):
    """A server ended before it could be connected to, or took too long."""


@contextlib.contextmanager
def _temporary(directory, prefix):
    """The given directory, or a new one that is removed at the end."""
    if directory is not None:
        yield Path(directory)
        return
    made = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _server(command, log):
    """Runs a server that prints its URL first, and ends when its standard input does; gives the URL."""
    with Path(log).open("ab") as errors:
        process = subprocess.Popen(
            command,
            env={**os.environ, **COLLECTOR},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise NotStarted(f"{command[0]} does not start: {Path(log).read_text()}")
        yield url
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@contextlib.contextmanager
def ferretdb_sqlite(directory=None, listen="127.0.0.1:0", tls=None):
    """FerretDB on its SQLite backend; gives its URL.

    directory: where its files are, and its log; a temporary one by default. It goes on with what is
               there, so a server can be stopped and started again, on one port where listen names it.
    tls:       (certificate, key), or (certificate, key, authority of the clients' certificates), as
               paths: it speaks TLS only, and the URL says so."""
    with _temporary(directory, "orgd-ferretdb-") as place:
        words = ["--listen", listen, "--sqlite", place]
        for flag, path in zip(("--tls-cert", "--tls-key", "--tls-ca"), tls or ()):
            words += [flag, path]
        with _server([*build_servers.ferretdb(), *words], place / "ferretdb.log") as url:
            yield url


@contextlib.contextmanager
def memory(*words):
    """A server in memory that keeps what MongoDB promises; words as in memory/MemoryServer.java."""
    with _temporary(None, "orgd-memory-") as place:
        with _server([*build_servers.memory(), *words], place / "log") as url:
            yield url


@contextlib.contextmanager
def ferretdb_postgresql():
    """FerretDB on a PostgreSQL cluster of its own; gives its URL."""
    with _temporary(None, "orgd-ferretdb-") as place, postgresql() as database:
        words = ["--listen", "127.0.0.1:0", "--postgresql", database]
        with _server([*build_servers.ferretdb(), *words], place / "ferretdb.log") as url:
            yield url


def _postgresql_programs():
    """The directory of the newest PostgreSQL's programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0),
    )
    if found:
        return found[-1].parent
    installed = shutil.which("postgres")
    if not installed:
        raise NotStarted("no PostgreSQL is installed")
    return Path(installed).parent


def _setpriv(*words):
    """What stands before a command to give it these of setpriv's options, and another user than root."""
    if os.geteuid() == 0:
        words += ("--reuid", POSTGRESQL_USER, "--regid", POSTGRESQL_USER, "--init-groups")
    return ["setpriv", *words] if words else []


def _wait_for_postgresql(process, programs, place):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        asked = subprocess.run(
            [programs / "pg_isready", "--quiet", "--host", place], check=False, timeout=START_SECONDS
        )
        if asked.returncode == 0:
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise NotStarted(f"PostgreSQL does not start: {(place / 'log').read_text()}")


@contextlib.contextmanager
def postgresql():
    """A new PostgreSQL cluster on a Unix socket in a temporary directory, all of it removed at the end;
    gives its URL. It never syncs: the tests kill no machine."""
    programs = _postgresql_programs()
    with _temporary(None, "orgd-pg-") as place:
        if os.geteuid() == 0:
            shutil.chown(place, POSTGRESQL_USER)
        data = place / "data"
        made = subprocess.run(
            [*_setpriv(), programs / "initdb", "--pgdata", data, "--username", "orgd", "--auth", "trust"]
            + ["--encoding", "UTF8", "--locale", "C", "--no-sync"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise NotStarted(f"no PostgreSQL cluster can be made: {made.stderr}")
        settings = {
            "unix_socket_directories": place,
            "listen_addresses": "",
            "max_connections": 100,
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                # SIGINT is its fast shutdown; the kernel sends it when the thread that started it ends.
                [*_setpriv("--pdeathsig", "INT"), programs / "postgres", "-D", data, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for_postgresql(process, programs, place)
            yield f"postgres://orgd@/postgres?host={place}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            finally:
                process.kill()
                process.wait()
