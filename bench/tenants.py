"""What a million organizations, and a million documents of one of them, change: the start, memory,
rename and delete, and how fast organizations come in."""

import json
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing

from companies import company
from measure import (
    ALL,
    CONNECTIONS,
    ONE,
    ORGD,
    PASSWORD,
    REST_OF_ONE,
    REST_OF_TWO,
    TWO,
    Failed,
    call,
    embedded,
    in_turns,
    log_in,
    pinned,
    script,
    sign_up,
    wrk,
)
from neighbours import FEW
from population import populate
from reads import any_name
from writes import posting

RENAMES = 50


def milliseconds(do):
    begun = time.monotonic()
    do()
    return 1000 * (time.monotonic() - begun)


def given_hash(run):
    """The hash of PASSWORD, as orgd makes it."""
    directory = run.directory("hash")
    populate(directory)
    with closing(sqlite3.connect(directory / "orgd.db")) as db:
        return db.execute("SELECT password_hash FROM accounts").fetchone()[0]


def write_lines(file, count, password_hash):
    with file.open("w") as out:
        for n in range(count):
            name, email = company(n)
            admin = {"email": email, "password_hash": password_hash}
            line = {"organization_name": name, "admins": [admin]}
            out.write(json.dumps(line) + "\n")


def import_rate(run):
    """Organizations with given hashes, one for each line; then they are looked for."""
    directory = run.directory("import")
    file = directory / "organizations.ndjson"
    write_lines(file, run.tenants, given_hash(run))
    words = pinned(ALL, [ORGD, "import", file, "--store", "sqlite", "--data", directory / "data"])

    def load():
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"orgd import: {done.stderr[-500:]}")

    took_ms = milliseconds(load)
    with closing(sqlite3.connect(directory / "data/orgd.db")) as db:
        found = db.execute("SELECT count(*) FROM memberships").fetchone()[0]
    if found != run.tenants:
        raise Failed(f"orgd import: {found} of {run.tenants} organizations are there")
    with embedded(directory / "data", ALL) as (_, address):
        log_in(address, run.tenants - 1)
    run.record("import", [1000 * run.tenants / took_ms])


def start(run):
    """From before the program is executed until /readyz has answered 200."""
    directory = run.many_tenants()
    script_of_names = script("names", "GET", any_name(run.tenants))
    ready_ms, resident_mb = [], []
    for _ in range(run.rounds):
        begun = time.monotonic()
        with embedded(directory, ALL) as (server, address):
            call("GET", f"{address}/readyz")
            ready_ms.append(1000 * (time.monotonic() - begun))
            at_start_mb = server.memory_kb() / 1024
            wrk(address, CONNECTIONS, 1, REST_OF_ONE, script_of_names)
            resident_mb.append(server.memory_kb() / 1024)
    run.record("ready", ready_ms)
    run.record("resident", resident_mb, note=f"{at_start_mb:.0f} MB when ready")


def rename_and_delete(run):
    """On a store with many documents, beside one that is alike and keeps them."""
    directory, spared = run.directory("large"), run.scratch / "spared"
    populate(directory, documents=run.documents)
    with embedded(directory, ALL) as (_, address):
        other = sign_up(address, 1)
    shutil.copytree(directory, spared)
    with embedded(directory, TWO) as (server, address), embedded(spared, TWO) as (idle, at_idle):
        beside = posting("beside", other, log_in(address, 1))
        alone = posting("alone", other, log_in(at_idle, 1))
        token = log_in(address)
        with idle.paused():
            renames = [rename(address, token, n) for n in range(RENAMES + 1)][1:]
        run.record("rename", renames, note=f"the slowest of {RENAMES} {max(renames):.2f} ms")
        run.record("delete", [delete(address, token)])
        p99s = in_turns(
            run.rounds,
            lambda: p99_while(idle, run, address, beside),
            lambda: p99_while(server, run, at_idle, alone),
        )
        run.record("removal", *p99s, note=progress(directory))


def p99_while(paused, run, address, lua):
    """Of one server's requests; the other does nothing, also not by itself."""
    with paused.paused():
        return wrk(address, FEW, run.seconds, REST_OF_TWO, lua).p99_ms


def rename(address, token, n):
    names = {"new_name": f"Renamed {n}"}
    return milliseconds(lambda: call("PUT", f"{address}/org/update", names, token))


def delete(address, token):
    return milliseconds(lambda: call("DELETE", f"{address}/org/delete", None, token))


def progress(directory):
    """How much of the removal was left for other times."""
    with closing(sqlite3.connect(f"file:{directory}/orgd.db?mode=ro", uri=True)) as db:
        if db.execute("SELECT count(*) FROM removals").fetchone()[0]:
            return "it went on all the time"
    return "it ended before"
