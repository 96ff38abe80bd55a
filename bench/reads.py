"""Reads on one core, beside a bare libmicrohttpd that answers a constant on the same core."""

import random
import socket
from contextlib import ExitStack
from urllib.parse import quote

from measure import (
    CONNECTIONS,
    NAME,
    ONE,
    REFERENCES,
    REST_OF_ONE,
    Failed,
    Server,
    bearer,
    build_reference,
    call,
    documents_at,
    documents_of,
    embedded,
    in_turns,
    log_in,
    script,
    script_of_callers,
    session,
    wait_until,
    wrk,
)
from companies import company
from population import populate

DOCUMENTS = 1000
FEW = 100  # organizations, documents, and those of many organizations that are logged in
ASKED = 200_000  # of the names of many, at random, for each thread of wrk
ASKED_DOCUMENTS = 50_000  # of documents: with a token a request is longer
PORT = 18999
ORG_GET = "/org/get?organization_name="


def any_name(organizations, asked=None):
    """For script(): so many names of that many organizations at random; all of them, or ASKED."""
    count = asked or min(organizations, ASKED)
    numbers = range(count) if count == organizations else random.choices(range(organizations), k=count)
    REFERENCES.mkdir(exist_ok=True)
    file = REFERENCES / f"names_of_{organizations}.txt"
    file.write_text("".join(f"{quote(company(n)[0], safe='')}\n" for n in numbers))
    return f'"{ORG_GET}" .. next_line()', count, file


def any_number(organizations):
    """The same of "Bench 0", "Bench 1" and so on."""
    number = "n" if organizations <= ASKED else f"math.random(0, {organizations - 1})"
    return f'"{ORG_GET}Bench%20" .. {number}', min(organizations, ASKED)


def any_document(name, address, documents):
    """A script that asks for documents of organization 0 at random."""
    path = documents_of(check(address))
    lua = f'"{path}/d" .. math.random(0, {documents - 1})'
    return script(name, "GET", (lua, ASKED_DOCUMENTS), bearer(log_in(address)))


def documents_of_some(name, address, organizations):
    """A script that asks for a document of each of FEW of them, with its own token."""
    callers = []
    for number in random.sample(range(organizations), FEW):
        found = session(address, number)
        callers.append((f"{documents_at(found['organization_id'])}/d0", found["access_token"]))
    return script_of_callers(name, callers)


def own_limit(run):
    """How many answers one core of wrk can take, where making them costs next to nothing."""
    program = build_reference("bare_socket")
    with Server([program, PORT, len(REST_OF_ONE)], REST_OF_ONE):
        url = f"http://127.0.0.1:{PORT}/"
        wait_until(lambda: socket.create_connection(("127.0.0.1", PORT)).close())
        loads = [wrk(url, CONNECTIONS, 1, ONE) for _ in range(run.rounds)]
    run.record("wrk", [load.rate for load in loads], note=f"{percent(loads)} of its time at work")


def percent(loads):
    return f"{100 * sorted(load.busy for load in loads)[len(loads) // 2]:.0f} %"


def constant(run, stack):
    """Starts the bare libmicrohttpd; gives its URL."""
    program = build_reference("bare_http", "libmicrohttpd")
    stack.enter_context(Server([program, PORT], ONE))
    url = f"http://127.0.0.1:{PORT}/"
    wait_until(lambda: socket.create_connection(("127.0.0.1", PORT)).close())
    return url


def load(run, url, lua=None, seconds=None):
    return lambda: wrk(url, CONNECTIONS, seconds or run.seconds, REST_OF_ONE, lua)


def beside_constant(run):
    """One name, and documents by token."""
    directory = run.directory("reads")
    first = populate(directory, documents=DOCUMENTS)
    with ExitStack() as stack:
        url = constant(run, stack)
        _, address = stack.enter_context(embedded(directory, ONE))
        check(address)
        token, path = log_in(address), documents_of(first)
        documents = script("document_get", "GET", (f'"{path}/d" .. n', DOCUMENTS), bearer(token))
        bare, names, found = in_turns(
            run.rounds,
            load(run, url),
            load(run, f"{address}{ORG_GET}{quote(NAME)}"),
            load(run, address, documents),
        )
    run.rates("org_get", names, bare)
    run.record("org_get_p99", [one.p99_ms for one in names], [one.p99_ms for one in bare])
    run.rates("document_get", found, bare)


def check(address):
    answer = call("GET", f"{address}{ORG_GET}{quote(NAME)}")
    if answer["organization_name"] != NAME:
        raise Failed(f"GET /org/get answered {answer}")
    return answer


def many_tenants(run):
    """Two servers on the one core, in turns: one with few organizations, one with many. The second has
    many documents of one organization besides, and is compared with itself there."""
    few = run.directory("few")
    populate(few, FEW, 1)
    many = run.many_tenants()
    with ExitStack() as stack:
        _, of_few = stack.enter_context(embedded(few, ONE))
        _, of_many = stack.enter_context(embedded(many, ONE))
        check(of_few)
        check(of_many)
        sides = in_turns(
            run.rounds,
            load(run, f"{of_few}{ORG_GET}{quote(NAME)}"),
            load(run, f"{of_many}{ORG_GET}{quote(NAME)}"),
            # As many requests of either: the first of wrk's threads is at work, and counted, while
            # those of the others are made.
            load(run, of_few, script("few", "GET", any_name(FEW, ASKED))),
            load(run, of_many, script("many", "GET", any_name(run.tenants, ASKED))),
            load(run, of_few, documents_of_some("documents_few", of_few, FEW)),
            load(run, of_many, documents_of_some("documents_many", of_many, run.tenants)),
            load(run, of_many, any_document("few_documents", of_many, FEW), 1),
            load(run, of_many, any_document("many_documents", of_many, run.documents), 1),
        )
    keys = ["org_get_many", "org_get_any", "document_get_many", "document_get_any"]
    for key, theirs, ours in zip(keys, sides[::2], sides[1::2]):
        run.rates(key, ours, theirs)
