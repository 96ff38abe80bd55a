"""How a call's time on MongoDB grows with the number of organizations, each with its collection. One
client at a time, so that a call's time is its own. A create hashes a password; a rename is two."""

import random
import time
from urllib.parse import urlencode

from companies import company
from measure import ALL, call, log_in, sign_up
from mongo import database, on_mongodb, own_part, spent

SAMPLE = 50


def per_call(address, calls):
    """Milliseconds of one call, and how much of a request is not the server's."""
    before, begun = spent(address), time.monotonic()
    for each in calls:
        each()
    took_ms = 1000 * (time.monotonic() - begun) / len(calls)
    return took_ms, f"of a request {1000 * own_part(before, spent(address)):.2f} ms are ours"


def look_up(address, n):
    call("GET", f"{address}/org/get?" + urlencode({"organization_name": company(n)[0]}))


def rename(address, n, token):
    """There and back, so that the names stay as they are."""
    call("PUT", f"{address}/org/update", {"new_name": f"Renamed {n}"}, token)
    call("PUT", f"{address}/org/update", {"new_name": company(n)[0]}, token)


def step(address, begin, end):
    """Makes organizations from begin to end; gives ms of a create, a look-up and a rename then."""
    create = per_call(address, [lambda n=n: sign_up(address, n) for n in range(begin, end)])
    sample = random.sample(range(end), SAMPLE)
    found = per_call(address, [lambda n=n: look_up(address, n) for n in sample])
    tokens = {n: log_in(address, n) for n in sample}
    renamed = per_call(address, [lambda n=n: rename(address, n, tokens[n]) for n in sample])
    return create, found, renamed


def growth(run):
    tenth = run.grown // 10
    with database(run, ALL) as (url, name), on_mongodb(url, name, ALL) as (_, address):
        first = step(address, 0, tenth)
        for begin in range(tenth, run.grown - tenth, tenth):
            for n in range(begin, begin + tenth):
                sign_up(address, n)
        last = step(address, run.grown - tenth, run.grown)
    for what, (ours, note), (reference, _) in zip(("create", "look_up", "rename"), last, first):
        run.record(f"growth_{what}", [ours], [reference], note)
