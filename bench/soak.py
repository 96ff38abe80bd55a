"""Minutes of mixed load: what a server keeps must not grow once it is warm."""

import os
import statistics
import time
from pathlib import Path

from measure import (
    CONNECTIONS,
    JSON_TYPE,
    NAME,
    PAD,
    REFERENCES,
    REST_OF_TWO,
    TWO,
    Wrk,
    bearer,
    call,
    documents_of,
    embedded,
    log_in,
    lua_headers,
    sign_up,
    wrk,
)
from mongo import database, on_mongodb

DOCUMENTS = 1000
SAMPLES = 60
CROWD = 96  # organizations: more than the store pool has threads, 64 and one for each eight
CROWD_SECONDS = 3
MB = 1024 * 1024


def mixed(name, organization, token):
    """A script for wrk: documents put, found and patched, pages, look-ups. The documents are as many at
    the end as at the beginning."""
    documents = documents_of(organization)
    file = REFERENCES / f"{name}.lua"
    file.write_text(
        f"{lua_headers({**bearer(token), **JSON_TYPE})}"
        "local requests, at = {}, 0\n"
        "local function add(...) requests[#requests + 1] = wrk.format(...) end\n"
        "function init()\n"
        f"    for n = 0, {DOCUMENTS - 1} do\n"
        f'        local path, pad = "{documents}/d" .. n, string.rep("x", n % 1000)\n'
        """        add("PUT", path, nil, '{"n": ' .. n .. ', "pad": "' .. pad .. '"}')\n"""
        '        add("GET", path)\n'
        f"""        add("PATCH", path, nil, '{{"more": "{PAD}"}}')\n"""
        f'        add("GET", "/org/get?organization_name={NAME.replace(" ", "%20")}")\n'
        f'        if n % 50 == 0 then add("GET", "{documents}?limit=50&count=true") end\n'
        "    end\n"
        "end\n"
        "function request()\n"
        "    at = at % #requests + 1\n"
        "    return requests[at]\n"
        "end\n"
    )
    return file


def crowd(organizations, tokens):
    """A script for wrk: each request is another organization's, for its first document."""
    sent = ", ".join(
        f'{{"{documents_of(organization)}?limit=1", "{token}"}}'
        for organization, token in zip(organizations, tokens)
    )
    file = REFERENCES / "crowd.lua"
    file.write_text(
        f"local callers, at, threads = {{{sent}}}, 0, 0\n"
        "function setup(thread)\n"
        "    threads = threads + 1\n"
        '    thread:set("number", threads)\n'
        "end\n"
        f"function init() at = number * {CROWD // 2} end\n"
        "function request()\n"
        "    at = at % #callers + 1\n"
        "    local path, token = unpack(callers[at])\n"
        '    return wrk.format("GET", path, {Authorization = "Bearer " .. token})\n'
        "end\n"
    )
    return file


def open_connections(address):
    """The warm-up of what each thread of the store pool keeps: a connection to MongoDB, or one that reads
    SQLite's file, which is opened when it is needed at the same time as the others. One organization's
    requests seldom or never need them all; those of a crowd do."""
    numbers = range(1, CROWD + 1)
    organizations = [sign_up(address, n) for n in numbers]
    tokens = [log_in(address, n) for n in numbers]
    wrk(address, CROWD, CROWD_SECONDS, REST_OF_TWO, crowd(organizations, tokens))


def sample(server, log):
    """(resident MB, file descriptors, threads, MB of the write-ahead log)."""
    process = Path(f"/proc/{server.pid}")
    return (
        round(server.memory_kb() / 1024, 2),
        len(os.listdir(process / "fd")),
        len(os.listdir(process / "task")),
        round(log.stat().st_size / MB, 2) if log else 0,
    )


def samples_under_load(run, server, address, log=None):
    first, token = sign_up(address), log_in(address)
    for n in range(DOCUMENTS):
        call("PUT", f"{address}{documents_of(first)}/d{n}", {"n": n}, token)
    seconds = int(run.minutes * 60)
    found = []
    begun = time.monotonic()
    with Wrk(address, CONNECTIONS, seconds, REST_OF_TWO, mixed("mixed", first, token)) as load:
        for n in range(1, SAMPLES + 1):
            time.sleep(max(0, begun + n * seconds / (SAMPLES + 1) - time.monotonic()))
            found.append(sample(server, log))
            log_in(address)
        rate = load.result().rate
    return list(zip(*found)), f"{rate:.0f} requests/s"


def record(run, key, columns, note):
    """The last third beside the middle one; the first is the warm-up."""
    third = SAMPLES // 3
    names = [f"{key}_memory", f"{key}_fds", f"{key}_threads", "soak_log"]
    for name, values in zip(names, columns):
        middle, end = values[third : 2 * third], values[2 * third :]
        pick = max if name.endswith(("_fds", "_threads")) else statistics.median
        run.record(name, [pick(end)], [pick(middle)], note=note, samples=values)


def on_embedded(run):
    directory = run.directory("soak")
    with embedded(directory, TWO) as (server, address):
        open_connections(address)
        columns, note = samples_under_load(run, server, address, directory / "orgd.db-wal")
    record(run, "soak", columns, note)


def on_mongo(run):
    with database(run) as (url, name), on_mongodb(url, name) as (server, address):
        open_connections(address)
        columns, note = samples_under_load(run, server, address)
    record(run, "soak_mongo", columns[:3], note)
