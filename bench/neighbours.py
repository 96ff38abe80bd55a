"""What a tenant notices of another that writes as fast as it can."""

import statistics

from measure import CONNECTIONS, REST_OF_TWO, TWO, Wrk, embedded, log_in, sign_up, wrk
from writes import posting

FEW = 4  # connections of the one that wants little


def alone_and_beside(run, address, greedy, modest):
    """p99s of the modest one in turns: alone, and beside the greedy one. Both are scripts for wrk."""
    alone, beside, rates = [], [], []
    for _ in range(run.rounds):
        alone.append(wrk(address, FEW, run.seconds, REST_OF_TWO, modest).p99_ms)
        with Wrk(address, CONNECTIONS, run.seconds + 1, REST_OF_TWO, greedy) as load:
            beside.append(wrk(address, FEW, run.seconds, REST_OF_TWO, modest).p99_ms)
            rates.append(load.result().rate)
    return alone, beside, f"the other wrote {statistics.median(rates):.0f}/s"


def two_tenants(address):
    """Scripts with which organizations 0 and 1 post documents."""
    return [posting(f"post_{n}", sign_up(address, n), log_in(address, n)) for n in range(2)]


def greedy_writer(run):
    with embedded(run.directory("neighbours"), TWO) as (_, address):
        alone, beside, note = alone_and_beside(run, address, *two_tenants(address))
    run.record("neighbour", beside, alone, note=note)
