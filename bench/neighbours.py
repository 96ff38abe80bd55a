"""What a tenant notices of another that writes as fast as it can."""

import statistics

from measure import CONNECTIONS, REST_OF_TWO, TWO, Wrk, embedded, in_turns, log_in, sign_up, wrk
from writes import posting

FEW = 4  # connections of the one that wants little


def alone_and_beside(rounds, seconds, address, greedy, modest):
    """p99s of the modest one in turns: alone, and beside the greedy one. Both are scripts for wrk."""
    rates = []

    def alone():
        return wrk(address, FEW, seconds, REST_OF_TWO, modest).p99_ms

    def beside():
        with Wrk(address, CONNECTIONS, seconds + 1, REST_OF_TWO, greedy) as load:
            p99_ms = alone()
            rates.append(load.result().rate)
        return p99_ms

    return *in_turns(rounds, alone, beside), f"the other wrote {statistics.median(rates):.0f}/s"


def two_tenants(address):
    """Scripts with which organizations 0 and 1 post documents."""
    return [posting(f"post_{n}", sign_up(address, n), log_in(address, n)) for n in range(2)]


def greedy_writer(run):
    rounds = 2 * run.rounds - 1  # a p99 scatters more than a rate does
    with embedded(run.directory("neighbours"), TWO) as (_, address):
        alone, beside, note = alone_and_beside(rounds, run.seconds, address, *two_tenants(address))
    run.record("neighbour", beside, alone, note=note)
