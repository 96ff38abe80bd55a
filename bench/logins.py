"""Logins beside bare Argon2id, a crowd of them at once, and what a storm of them leaves to others."""

import asyncio
import json
import statistics
import time
from urllib.parse import quote, urlsplit

from measure import (
    ALL,
    CONNECTIONS,
    EMAIL,
    JSON_TYPE,
    NAME,
    PASSWORD,
    REST_OF_TWO,
    TWO,
    Failed,
    Wrk,
    bare,
    build_reference,
    embedded,
    in_turns,
    script,
    sign_up,
    wrk,
)
from reads import ORG_GET

CROWD = 1000
ADDRESSES = 4  # of the crowd: one alone may have 512 connections
DEADLINE_MS = 30_000  # request_timeout_s
HASH_MIB = 19
PATIENCE_S = 5  # who is told to come back within these does, and counts
REST_S = 2  # a hash thread gives its memory back when it has had nothing to do for a second
FEW = 4  # connections of those who only look, as somebody's page would make them
LOGIN = {"email": EMAIL, "password": PASSWORD}


def login_script():
    return script("login", "POST", ('"/admin/login"', 1), JSON_TYPE, LOGIN)


def beside_argon2(run):
    program = build_reference("bare_argon2", "libsodium")
    with embedded(run.directory("logins"), ALL) as (_, address):
        sign_up(address)
        lua = login_script()
        ours, theirs = in_turns(
            run.rounds,
            lambda: wrk(address, CONNECTIONS // 2, run.seconds, ALL, lua),
            lambda: bare(program, ALL, len(ALL), run.seconds),
        )
    run.rates("login", ours, theirs)


async def exchange(reader, writer, request):
    """(status, headers, ms) of one request on a connection that stays open."""
    begun = time.monotonic()
    writer.write(request)
    status = int((await reader.readline()).split()[1])
    headers = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    await reader.readexactly(int(headers["content-length"]))
    return status, headers, 1000 * (time.monotonic() - begun)


def request_of(host, line, body=""):
    fields = f"Host: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{line} HTTP/1.1\r\n{fields}\r\n{body}".encode()


async def come_back(connection, answer, login):
    """The status of a second try after Retry-After; None: the wait is too long, or not needed."""
    status, headers, _ = answer
    wait_s = int(headers.get("retry-after", 0))
    if status != 503 or not 0 < wait_s <= PATIENCE_S:
        return None
    await asyncio.sleep(wait_s)
    return (await exchange(*connection, login))[0]


async def crowd_at(address, at_rest, at_peak):
    """Opens every connection, then logs in on all of them at once; gives what exchange() gave,
    and the statuses of second tries."""
    url = urlsplit(address)
    connections = [
        await asyncio.open_connection(
            url.hostname, url.port, local_addr=(f"127.0.0.{1 + n % ADDRESSES}", 0)
        )
        for n in range(CROWD)
    ]
    hello = request_of(url.netloc, "GET /livez")
    await asyncio.gather(*(exchange(*each, hello) for each in connections))
    at_rest()
    login = request_of(url.netloc, "POST /admin/login", json.dumps(LOGIN))
    answers = await asyncio.gather(*(exchange(*each, login) for each in connections))
    at_peak()
    again = await asyncio.gather(
        *(come_back(*pair, login) for pair in zip(connections, answers, strict=True))
    )
    for _, writer in connections:
        writer.close()
    return answers, [status for status in again if status]


def crowd(run):
    """Its idle connections are open before, so what they cost is not the hash pool's. Nor is what
    so many waiting requests take, so as many have waited before; the threads rest again by then."""
    with embedded(run.directory("crowd"), ALL) as (server, address):
        sign_up(address)
        wrk(address, CONNECTIONS, 1, ALL, login_script())
        time.sleep(REST_S)
        alone = server.memory_kb()
        idle, peak = [], []

        def at_rest():
            idle.append(server.memory_kb())
            server.forget_peak()

        def at_peak():
            peak.append(server.memory_kb("VmHWM"))

        answers, again = asyncio.run(crowd_at(address, at_rest, at_peak))
        grown_mb = (peak[0] - idle[0]) / 1024
    served = [ms for status, _, ms in answers if status == 200]
    refused = [ms for status, headers, ms in answers if status == 503 and "retry-after" in headers]
    if not served:
        raise Failed("nobody of the crowd was served")
    note = f"{len(served)} served"
    if again:
        note += (
            f"; of {len(again)} told to come back within {PATIENCE_S} s, {again.count(200)} got in"
        )
    run.record("crowd", [len(served) + len(refused)], [CROWD], note=note)
    if refused:
        half = f"half within {statistics.median(refused):.0f} ms"
        run.record("crowd_refused", [max(refused)], note=half)
    run.record("crowd_served", [max(served)], [DEADLINE_MS])
    each = f"an idle connection takes {(idle[0] - alone) / CROWD:.0f} KB"
    run.record("crowd_memory", [grown_mb], [HASH_MIB * len(ALL)], note=each)


def storm(run):
    """Two cores for the server; GETs from few clients, before and while many log in without pause."""
    with embedded(run.directory("storm"), TWO) as (_, address):
        sign_up(address)
        target = f"{address}{ORG_GET}{quote(NAME)}"
        quiet = wrk(target, FEW, run.seconds, REST_OF_TWO)
        lasting = run.rounds * (run.seconds + 1) + 1
        with Wrk(address, CONNECTIONS, lasting, REST_OF_TWO[-1:], login_script()) as logins:
            time.sleep(1)
            loads = [wrk(target, FEW, run.seconds, REST_OF_TWO) for _ in range(run.rounds)]
            rate = logins.result().rate
    note = f"{quiet.p99_ms:.2f} ms without them; {rate:.0f} logins/s"
    run.record("storm", [load.p99_ms for load in loads], note=note)
