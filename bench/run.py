#!/usr/bin/env python3
"""Measures the built program against references in the same run, in turns, and prints medians.

./dev bench calls it. Machines differ and drift, so every figure is a ratio, or a time under a load
that the same run makes. wrk makes the load.

  reads   GET /org/get, 64 connections, one core, beside a bare libmicrohttpd on the same core
  storm   GET's p99 while 64 clients log in without pause, on two cores
  mongo   the MongoDB engine beside a bare libmongoc loop and the seeds' stack (see mongo.py)
  tenants 10,000 organizations on MongoDB: how a call's time grows, and our part of it

Usage: run.py [WHAT…] [--seconds N] [--rounds N]        WHAT: by default reads and storm
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

import mongo
from measure import REFERENCES, ROOT, Process, build_reference, call, wrk

EMAIL, PASSWORD, NAME = "admin@bench.example", "correct-horse-battery", "Bench"


def serve(directory, cores, *flags):
    server = Process(
        [ROOT / "build/orgd", "serve", "--listen", "127.0.0.1:0", "--data", directory, *flags], cores
    )
    return server, server.address()


def reads(options, directory):
    """One core for the server, the others for the load."""
    port = 18999
    reference = Process([build_reference("bare_http", "libmicrohttpd"), port], "0")
    server, address = serve(directory, "0", "--event-loops=1")
    target = f"{address}/org/get?organization_name={NAME}"
    load = ",".join(map(str, range(1, os.cpu_count())))
    ours, bare = [], []
    try:
        for _ in range(options.rounds):
            bare.append(wrk(f"http://127.0.0.1:{port}/", 64, options.seconds, load))
            ours.append(wrk(target, 64, options.seconds, load))
    finally:
        server.stop()
        reference.stop()
    rate, p99 = (statistics.median(values) for values in zip(*ours))
    bare_rate, bare_p99 = (statistics.median(values) for values in zip(*bare))
    ratios = [mine[0] / theirs[0] for mine, theirs in zip(ours, bare)]
    print(f"reads  GET /org/get      {rate:9.0f}/s  p99 {p99:7.2f} ms")
    print(f"       bare libmicrohttpd {bare_rate:8.0f}/s  p99 {bare_p99:7.2f} ms")
    print(f"       ratio              {statistics.median(ratios):8.2f}  (target 0.5)")


def storm(options, directory):
    """Two cores for the server; the GETs come from few clients, as somebody's page would make them."""
    server, address = serve(directory, "0,1")
    load = ",".join(map(str, range(2, os.cpu_count()))) or "0,1"
    script = REFERENCES / "login.lua"
    body = json.dumps({"email": EMAIL, "password": PASSWORD})
    script.write_text(
        f"wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n"
    )
    p99s = []
    try:
        target = f"{address}/org/get?organization_name={NAME}"
        quiet = wrk(target, 4, options.seconds, load)[1]
        logins = subprocess.Popen(
            ["taskset", "-c", load, "wrk", "-t1", "-c64", f"-d{options.rounds * options.seconds + 2}", "-s", script,
             f"{address}/admin/login"], stdout=subprocess.PIPE, text=True)  # fmt: skip
        time.sleep(1)
        for _ in range(options.rounds):
            p99s.append(wrk(target, 4, options.seconds, load)[1])
        output = logins.communicate()[0]
    finally:
        server.stop()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)
    print(f"storm  GET's p99 alone    {quiet:7.2f} ms")
    print(f"       among 64 logging in {statistics.median(p99s):6.2f} ms  (target 20), {rate} logins/s")


def embedded(options, names):
    """The measurements on the embedded store."""
    with tempfile.TemporaryDirectory() as directory:
        server, address = serve(directory, "0")
        signup = {"organization_name": NAME, "email": EMAIL, "password": PASSWORD}
        call("POST", f"{address}/org/create", signup)
        server.stop()
        for name in names:
            {"reads": reads, "storm": storm}[name](options, directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["reads", "storm", "mongo", "tenants", []])
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="of each, in turns")
    parser.add_argument("--tenants", type=int, default=10_000, help="organizations to make")
    parser.add_argument("--mongo-url", default=os.environ.get("ORGD_TEST_MONGO_URL"))
    options = parser.parse_args()
    chosen = options.what or ["reads", "storm"]
    names = [name for name in chosen if name in ("reads", "storm")]
    if names:
        embedded(options, names)
    if "mongo" in chosen:
        mongo.throughput(options)
    if "tenants" in chosen:
        mongo.tenants(options)


if __name__ == "__main__":
    main()
