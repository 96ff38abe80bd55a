"""The MongoDB engine beside its references, on one server, in turns.

throughput: documents written and read, and organizations looked up, through orgd, by a bare libmongoc loop
            that sends the same commands, and (look-ups) by the seeds' stack.
tenants:    many organizations made, looked up at random and renamed: how long a call takes as their number
            grows, and how much of it is the server's.
"""

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from measure import REFERENCES, ROOT, Process, build_reference, call, wrk

FERRETDB = ROOT / "build-ferretdb" / "ferretdb"
PASSWORD = "correct-horse-battery"
CONNECTIONS = 64
DOCUMENTS = 1000
NAMES = 200
HOT_NAMES = 20 # few enough to be asked for again within the second that a look-up is remembered
PAD = "x" * 200  # as in bare_mongo.c


def cores():
    """Cores for the server, and for everything that works on it; on fewer than four they share."""
    count = os.cpu_count()
    return ("0,1", ",".join(map(str, range(2, count)))) if count >= 4 else ("0,1", "0,1")


@contextmanager
def server(url):
    """The URL of a MongoDB: the given one, or a FerretDB of our own."""
    if url:
        yield url
        return
    directory = tempfile.mkdtemp(prefix="orgd-bench-")
    process = subprocess.Popen(
        ["taskset", "-c", cores()[0], FERRETDB, "--sqlite", directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        shutil.rmtree(directory)


def orgd(url, database):
    flags = ["--listen", "127.0.0.1:0", "--store", "mongodb", "--mongo-url", url, "--mongo-db", database]
    started = Process([ROOT / "build/orgd", "serve", "--log-level", "warn", *flags], cores()[1])
    return started, started.address()


def seeds_stack(url, database):
    """The seeds' stack in an environment of its own; its workers are as many as its cores."""
    environment = REFERENCES / "venv"
    if not (environment / "bin/uvicorn").exists():
        subprocess.run(["python3", "-m", "venv", environment], check=True)
        subprocess.run(
            [environment / "bin/pip", "install", "-q", "-r", ROOT / "bench/requirements.txt"], check=True
        )
    port = 18997
    words = [environment / "bin/uvicorn", "seeds_app:app", "--port", port, "--loop", "uvloop"]
    words += ["--http", "httptools", "--no-access-log", "--app-dir", ROOT / "bench", "--log-level", "error"]
    words += ["--workers", len(cores()[1].split(","))]
    settings = {"MONGO_URL": url, "MONGO_DB": database, "JWT_SECRET": "x" * 32}
    started = Process(words, cores()[1], {**os.environ, **settings})
    for _ in range(100):
        try:
            call("GET", f"http://127.0.0.1:{port}/openapi.json")
            return started, f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the seeds' stack did not start")


def bare(url, database, seconds, *what):
    program = build_reference("bare_mongo", "libmongoc-1.0")
    words = [program, url, database, CONNECTIONS, seconds, *what]
    output = subprocess.run(
        ["taskset", "-c", cores()[1], *map(str, words)], capture_output=True, text=True, check=True
    ).stdout.split()
    return float(output[0]), float(output[2]) / 1000


def script(name, text):
    """A script for wrk; math.random differs by thread."""
    REFERENCES.mkdir(exist_ok=True)
    path = REFERENCES / f"{name}.lua"
    path.write_text("math.randomseed(os.time())\n" + text)
    return path


def scripts(token, path):
    authorization = f'wrk.headers["Authorization"] = "Bearer {token}"\n'
    json_type = 'wrk.headers["Content-Type"] = "application/json"\n'
    body = json.dumps({"n": 1, "pad": PAD})
    return {
        "insert": script(
            "insert", authorization + json_type + f"wrk.method = 'POST'\nwrk.body = '{body}'\n"
        ),
        "get": script(
            "get",
            authorization
            + f'request = function() return wrk.format("GET", "{path}/d" .. math.random(0, {DOCUMENTS - 1})) end\n',
        ),
        "organization": script(
            "organization",
            'request = function() return wrk.format("GET", "/org/get?organization_name=Bench%20"'
            + f" .. math.random(0, {NAMES - 1})) end\n",
        ),
        "hot": script(
            "hot",
            'request = function() return wrk.format("GET", "/org/get?organization_name=Bench%20"'
            + f" .. math.random(0, {HOT_NAMES - 1})) end\n",
        ),
    }


def fill(address, names=NAMES):
    """Organizations "Bench 0" to …; through the API, as it works for every program under test."""

    def one(n):
        signup = {"organization_name": f"Bench {n}", "email": f"b{n}@bench.example", "password": PASSWORD}
        return call("POST", f"{address}/org/create", signup)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(names)))


def line(name, ours, theirs, reference, target):
    """Medians of rates and p99s, and the median of the ratios of rates."""
    ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, theirs))
    (rate, p99), (their_rate, their_p99) = (
        tuple(statistics.median(column) for column in zip(*each)) for each in (ours, theirs)
    )
    met = "met" if ratio >= target else "NOT MET"
    print(
        f"{name:28} {rate:9.0f}/s p99 {p99:7.2f} ms   {reference} {their_rate:8.0f}/s p99 {their_p99:7.2f} ms"
        f"   ratio {ratio:6.2f}  target {target}  {met}",
        flush=True,
    )


def throughput(options):
    with server(options.mongo_url) as url:
        database, seeds_database = (f"orgd_bench_{uuid.uuid4().hex[:8]}" for _ in range(2))
        ours, address = orgd(url, database)
        stack, stack_address = seeds_stack(url, seeds_database)
        try:
            measure_all(options, url, database, address, stack_address)
        finally:
            ours.stop()
            stack.stop()


def measure_all(options, url, database, address, stack_address):
    first = fill(address)[0]
    fill(stack_address)
    login = {"email": first["admin_email"], "password": PASSWORD}
    token = call("POST", f"{address}/admin/login", login)["access_token"]
    path = f"/v1/organizations/{first['id']}/documents"
    for n in range(DOCUMENTS):
        call("POST", address + path, {"_id": f"d{n}", "n": n, "pad": PAD}, token)
    by_name = scripts(token, path)
    load = cores()[1]
    target = {"insert": path, "get": path}

    def through(base, name):
        return wrk(base + target.get(name, "/"), CONNECTIONS, options.seconds, load, by_name[name])

    for name, title, what in (
        ("get", "document read", ("get", first["collection_name"], DOCUMENTS)),
        ("organization", "organization by name", ("organization", NAMES)),
        ("insert", "document written", ("insert", "bench_documents")),
    ):
        mine, reference = [], []
        for _ in range(options.rounds):
            reference.append(bare(url, database, options.seconds, *what))
            mine.append(through(address, name))
        line(title, mine, reference, "bare libmongoc", 0.8)
    mine, reference = [], []
    for _ in range(options.rounds):
        reference.append(through(stack_address, "hot"))
        mine.append(through(address, "hot"))
    line(f"one of {HOT_NAMES} organizations", mine, reference, "seeds' stack", 10)


def seconds_spent(address):
    """Of everything so far: requests' seconds, and of these the seconds that commands to the server took."""
    with urllib.request.urlopen(f"{address}/metrics") as response:
        text = response.read().decode()

    def total(name, labels="[^}]*"):
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{{labels}}})? (\S+)$", text, re.M))

    return (
        total("orgd_http_request_duration_seconds_sum"),
        total("orgd_mongo_command_duration_seconds_sum", 'of="requests"'),
    )


def per_call(address, calls):
    """Milliseconds of one call, and the part of them that isn't the server's."""
    before = seconds_spent(address)
    for each in calls:
        each()
    after = seconds_spent(address)
    all_of_it, commands = (1000 * (b - a) / len(calls) for a, b in zip(before, after))
    return all_of_it, all_of_it - commands


def tenants(options):
    """One client at a time, so that a call's time is its own."""
    with server(options.mongo_url) as url:
        ours, address = orgd(url, f"orgd_bench_{uuid.uuid4().hex[:8]}")
        try:
            grow(options.tenants, address)
        finally:
            ours.stop()


def grow(count, address):
    step = max(50, count // 10)
    print("milliseconds of a call, and our part of them (a create hashes a password; a rename is two)")
    print(f"{'organizations':>13} {'create':>16} {'look-up':>16} {'rename':>16}")
    for made in range(step, count + 1, step):
        new = range(made - step, made)
        sample = random.sample(range(made), 50)
        columns = [
            per_call(address, [lambda n=n: create(address, n) for n in new]),
            per_call(address, [lambda n=n: look_up(address, n) for n in sample]),
        ]
        tokens = {n: log_in(address, n) for n in sample}
        columns.append(per_call(address, [lambda n=n: rename(address, n, tokens[n]) for n in sample]))
        print(f"{made:13d}" + "".join(f" {total:8.2f} {own:7.2f}" for total, own in columns), flush=True)


def create(address, n):
    signup = {"organization_name": f"Bench {n}", "email": f"b{n}@bench.example", "password": PASSWORD}
    call("POST", f"{address}/org/create", signup)


def look_up(address, n):
    call("GET", f"{address}/org/get?" + urllib.parse.urlencode({"organization_name": f"Bench {n}"}))


def log_in(address, n):
    login = {"email": f"b{n}@bench.example", "password": PASSWORD}
    return call("POST", f"{address}/admin/login", login)["access_token"]


def rename(address, n, token):
    """There and back, so that the names stay as they are."""
    call("PUT", f"{address}/org/update", {"new_name": f"Renamed {n}"}, token)
    call("PUT", f"{address}/org/update", {"new_name": f"Bench {n}"}, token)
