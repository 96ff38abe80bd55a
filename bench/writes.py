"""Durable writes: documents posted through the API, beside a bare group commit of the same rows, on
one disk. Both sides may use every core."""

import itertools

from measure import (
    ALL,
    CONNECTIONS,
    JSON_TYPE,
    PAD,
    bare,
    bearer,
    build_reference,
    documents_of,
    embedded,
    in_turns,
    log_in,
    script,
    sign_up,
    wrk,
)

BODY = {"n": 1, "pad": PAD}


def posting(name, organization, token):
    """A script for wrk that posts documents to an organization."""
    path = documents_of(organization)
    return script(name, "POST", (f'"{path}"', 1), {**bearer(token), **JSON_TYPE}, BODY)


def beside_group_commit(run):
    directory = run.directory("writes")
    program = build_reference("bare_commit", "sqlite3")
    numbers = itertools.count()
    with embedded(directory / "ours", ALL) as (_, address):
        lua = posting("post", sign_up(address), log_in(address))

        def ours(clients):
            return lambda: wrk(address, clients, run.seconds, ALL, lua)

        def theirs(clients):
            return lambda: bare(
                program, ALL, directory / f"bare-{next(numbers)}.db", clients, run.seconds
            )

        many, bare_many, one, bare_one = in_turns(
            run.rounds, ours(CONNECTIONS), theirs(CONNECTIONS), ours(1), theirs(1)
        )
    run.rates("post_64", many, bare_many)
    run.record("post_1", [each.p50_ms for each in one], [each.p50_ms for each in bare_one])
