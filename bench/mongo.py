"""The MongoDB engine beside a bare libmongoc loop that sends the same commands, and beside the seeds'
stack; all on one server, in turns. The server has two cores, what works on it the others."""

import re
import signal
import statistics
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager

from measure import (
    CONNECTIONS,
    PAD,
    REFERENCES,
    REST_OF_TWO,
    ROOT,
    TWO,
    Failed,
    Server,
    bare,
    bearer,
    build_reference,
    call,
    documents_of,
    in_turns,
    log_in,
    orgd,
    script,
    sign_up,
    wait_until,
    wrk,
)
from neighbours import alone_and_beside, two_tenants
from reads import any_name, any_number
from writes import posting

FERRETDB = ROOT / "build-ferretdb" / "ferretdb"
DOCUMENTS = 1000
FEW = 16  # clients, where a FerretDB that reads every row would keep more of them waiting too long
NAMES = 50_000  # not asked for again within that second
REMEMBERED_S = 1.1
HOT = 20  # names: few enough to be asked for again within the second that a look-up is remembered
STACK_PORT = 18997
DROP = (
    "import sys, pymongo; c = pymongo.MongoClient(sys.argv[1]);"
    " [c.drop_database(sys.argv[2] + end) for end in ('', '_seeds')]"
)


@contextmanager
def database(run, cores=TWO):
    """(URL, database) on the operator's MongoDB, or on a FerretDB of our own."""
    name = f"orgd_bench_{uuid.uuid4().hex[:8]}"
    if run.mongo_url:
        try:
            yield run.mongo_url, name
        finally:
            subprocess.run([seeds_python(), "-c", DROP, run.mongo_url, name], check=True)
        return
    with ferretdb(run, cores) as url:
        yield url, name


@contextmanager
def ferretdb(run, cores=TWO):
    words = [FERRETDB, "--sqlite", run.directory("ferretdb")]
    with Server(words, cores, reads="stdout") as server:
        url = server.process.stdout.readline().strip()
        if not url:
            raise Failed("FerretDB did not start")
        yield url


@contextmanager
def quick_server(run):
    """(URL, a function after which it answers by itself): quick_mongo before a FerretDB, on its cores.

    Where a server takes 13 ms, as FerretDB does for a look-up by name, what is ours is mostly what
    everything costs in cold caches, and differs from round to round by more than it comes to."""
    program = build_reference("quick_mongo", "libbson-1.0")
    with ferretdb(run) as url:
        words = [program, urllib.parse.urlsplit(url).port]
        with Server(words, TWO, reads="stdout") as server:
            port = server.process.stdout.readline().strip()
            if not port:
                raise Failed("quick_mongo did not start")
            yield f"mongodb://127.0.0.1:{port}/", lambda: server.process.send_signal(signal.SIGUSR1)


def on_mongodb(url, name, cores=REST_OF_TWO):
    return orgd(cores, "--store", "mongodb", "--mongo-url", url, "--mongo-db", name)


def seeds_python():
    """The interpreter of the seeds' stack's own environment, made where it is missing."""
    environment = REFERENCES / "venv"
    wanted = (ROOT / "bench/requirements.txt").read_text()
    stamp = environment / "stamp"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run(["python3", "-m", "venv", "--clear", environment], check=True)
        pip = [environment / "bin/pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", ROOT / "bench/requirements.txt"], check=True)
        stamp.write_text(wanted)
    return environment / "bin/python"


@contextmanager
def seeds_stack(url, name):
    """The address of the seeds' stack, with a worker for each of its cores."""
    words = [seeds_python(), "-m", "uvicorn", "seeds_app:app", "--port", STACK_PORT]
    words += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error"]
    words += ["--app-dir", ROOT / "bench", "--workers", len(REST_OF_TWO)]
    settings = {"MONGO_URL": url, "MONGO_DB": name, "JWT_SECRET": "x" * 32}
    address = f"http://127.0.0.1:{STACK_PORT}"
    with Server(words, REST_OF_TWO, settings):
        wait_until(lambda: call("GET", f"{address}/openapi.json"))
        yield address


def pairs(address, first, tenants):
    """For each figure: what wrk sends through orgd, and what bare_mongo is asked for."""
    token, path = log_in(address), documents_of(first)
    for n in range(DOCUMENTS):
        call("POST", address + path, {"_id": f"d{n}", "n": n, "pad": PAD}, token)
    return {
        "mongo_get": (
            script("mongo_get", "GET", (f'"{path}/d" .. n', DOCUMENTS), bearer(token)),
            ["get", first["collection_name"], DOCUMENTS],
        ),
        "mongo_post": (posting("mongo_post", first, token), ["insert", "bench_documents"]),
        "mongo_org": (
            script("mongo_org", "GET", any_number(tenants)),
            ["organization", tenants],
        ),
    }


def beside_libmongoc(run):
    """Rates with many clients."""
    program = build_reference("bare_mongo", "libmongoc-1.0")
    with database(run) as (url, name), on_mongodb(url, name) as (_, address):
        sides = pairs(address, sign_up(address), run.mongo_tenants)
        words = [seeds_python(), ROOT / "bench/mongo_fill.py", url, name, str(run.mongo_tenants)]
        subprocess.run(words, check=True)
        for key, (lua, words) in sides.items():

            def ours(clients, lua=lua):
                return wrk(address, clients, run.seconds, REST_OF_TWO, lua)

            def theirs(clients, words=words):
                return bare(program, REST_OF_TWO, url, name, clients, run.seconds, *words)

            clients = FEW if key == "mongo_org" else CONNECTIONS
            loads = in_turns(run.rounds, lambda: ours(clients), lambda: theirs(clients))
            run.rates(key, *loads, note=remembered(run, key, loads[0]))


def own_shares(run):
    """With one client, what of a request's time is not the server's, which takes next to none."""
    program = build_reference("bare_mongo", "libmongoc-1.0")
    name = "orgd_bench"
    with quick_server(run) as (url, be_quick), on_mongodb(url, name) as (_, address):
        sides = pairs(address, sign_up(address), NAMES)
        time.sleep(REMEMBERED_S)
        be_quick()
        # What is asked first is there, and then any other name is.
        again = script("mongo_org_again", "GET", any_name(1))
        wrk(address, 1, 1, REST_OF_TWO, again)
        bare(program, REST_OF_TWO, url, name, 1, 1, "organization", 1)
        for key, (lua, words) in sides.items():
            bare_words = [program, REST_OF_TWO, url, name, 1, run.seconds, *words]
            own_share(run, key, address, lua, lambda w=bare_words: bare(*w))
        own_share(run, "mongo_org_again", address, again, lambda: None)


def own_share(run, key, address, lua, bare_one):
    """By orgd's own clocks; the note has what a client sees, with wrk and the HTTP in it."""

    def ours():
        before = spent(address)
        load = wrk(address, 1, run.seconds, REST_OF_TWO, lua)
        return load.p50_ms, 1e6 * own_part(before, spent(address))

    mine, bare_ones = in_turns(run.rounds, ours, bare_one)
    p50 = statistics.median(1000 * p50_ms for p50_ms, _ in mine)
    note = f"a client's p50 is {p50:.0f} µs"
    if bare_ones[0]:
        bare_p50 = statistics.median(1000 * load.p50_ms for load in bare_ones)
        note += f", bare libmongoc's {bare_p50:.0f}"
    run.record(f"{key}_share", [own_us for _, own_us in mine], note=note)


def spent(address):
    """Of everything so far: requests, their seconds, and the seconds of these in MongoDB's commands. A
    load that ended leaves requests behind, which are waited for."""
    for _ in range(100):
        with urllib.request.urlopen(f"{address}/metrics", timeout=60) as response:
            text = response.read().decode()
        if total(text, "orgd_http_requests_in_flight") <= 1:  # this one
            break
        time.sleep(0.1)
    return (
        total(text, "orgd_http_request_duration_seconds_count"),
        total(text, "orgd_http_request_duration_seconds_sum"),
        total(text, "orgd_mongo_command_duration_seconds_sum", 'of="requests"'),
    )


def total(text, name, labels=".*"):
    """The sum over all labels. A label may have braces of its own: a route has."""
    return sum(map(float, re.findall(rf"^{name}(?:{{{labels}}})? (\S+)$", text, re.M)))


def own_part(before, after):
    """Seconds of a request between the two that were not the server's."""
    requests, all_of_it, commands = (b - a for a, b in zip(before, after))
    return (all_of_it - commands) / requests


def remembered(run, key, loads):
    """A look-up is remembered for a second: the names have to last longer than that."""
    fastest = max(load.rate for load in loads)
    if key == "mongo_org" and fastest > run.mongo_tenants:
        return f"{run.mongo_tenants} names are asked for again within a second"
    return ""


def beside_seeds_stack(run):
    """Look-ups of a few names: what orgd remembers, that stack asks for again."""
    with ExitStack() as stack:
        url, name = stack.enter_context(database(run))
        _, address = stack.enter_context(on_mongodb(url, name))
        other = stack.enter_context(seeds_stack(url, f"{name}_seeds"))
        for n in range(HOT):
            sign_up(address, n)
            sign_up(other, n)
        lua = script("hot", "GET", any_name(HOT))
        ours, theirs = in_turns(
            run.rounds,
            lambda: wrk(address, CONNECTIONS, run.seconds, REST_OF_TWO, lua),
            lambda: wrk(other, CONNECTIONS, run.seconds, REST_OF_TWO, lua),
        )
    run.rates("seeds", ours, theirs)


def greedy_writer(run):
    """In twice as many rounds: the p99 of a FerretDB alone scatters by a factor of two."""
    with database(run) as (url, name), on_mongodb(url, name) as (_, address):
        alone, beside, note = alone_and_beside(
            2 * run.rounds, run.seconds, address, *two_tenants(address)
        )
    run.record("neighbour_mongo", beside, alone, note=note)
