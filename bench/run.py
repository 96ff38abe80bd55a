#!/usr/bin/env python3
"""Measures the built program beside references in the same run, in turns; prints one table of medians.

./dev bench calls it. Machines differ and drift, so most figures are ratios; wrk makes the load. What
is measured, and what it has to come to, is in table.py. A run of everything is kept in
bench/results/, and one that isn't --quick is shown in the README.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import growth
import logins
import mongo
import neighbours
import publish
import reads
import soak
import table
import tenants
import writes
from measure import ALL, REFERENCES

# name: (what measures, the rows that it gives); in the order in which they run
MEASURES = {
    "wrk": (reads.own_limit, ["wrk"]),
    "reads": (reads.beside_constant, ["org_get", "org_get_p99", "document_get"]),
    "many": (
        reads.many_tenants,
        ["org_get_many", "org_get_any", "document_get_many", "document_get_any"],
    ),
    "writes": (writes.beside_group_commit, ["post_64", "post_1"]),
    "logins": (logins.beside_argon2, ["login"]),
    "crowd": (logins.crowd, ["crowd", "crowd_refused", "crowd_served", "crowd_memory"]),
    "storm": (logins.storm, ["storm"]),
    "neighbours": (neighbours.greedy_writer, ["neighbour"]),
    "import": (tenants.import_rate, ["import"]),
    "start": (tenants.start, ["ready", "resident"]),
    "large": (tenants.rename_and_delete, ["rename", "delete", "removal"]),
    "mongo": (
        mongo.beside_libmongoc,
        [f"mongo_{what}" for what in ("get", "post", "org")],
    ),
    "mongo-share": (
        mongo.own_shares,
        [f"mongo_{what}_share" for what in ("get", "post", "org", "org_again")],
    ),
    "seeds": (mongo.beside_seeds_stack, ["seeds"]),
    "mongo-neighbours": (mongo.greedy_writer, ["neighbour_mongo"]),
}
# Those that a quick run leaves out.
SOAKS = {
    "soak": (soak.on_embedded, ["soak_memory", "soak_fds", "soak_threads", "soak_log"]),
    "soak-mongo": (soak.on_mongo, ["soak_mongo_memory", "soak_mongo_fds", "soak_mongo_threads"]),
}
# And those that are asked for by name.
LONG = {"growth": (growth.growth, ["growth_create", "growth_look_up", "growth_rename"])}

BUSY = 0.1  # of the processors, by others: more than that, and the figures say little
SOAK_MINUTES, SHORT_SOAK_MINUTES = 10, 2  # one that is asked for by name, and within a whole run


class Run:
    """How long and how large, where temporary files go, and what was found."""

    def __init__(self, options, scratch):
        quick = options.quick
        self.scratch = scratch
        self.seconds = 1 if quick else 3
        self.rounds = 2 if quick else 5
        self.tenants = self.documents = 100_000 if quick else 1_000_000
        self.minutes = options.minutes or (SOAK_MINUTES if options.what else SHORT_SOAK_MINUTES)
        self.mongo_url = options.mongo_url
        # FerretDB on SQLite reads every organization to find one by its name.
        self.mongo_tenants = 50_000 if options.mongo_url else 500
        self.grown = 1_000 if quick else 10_000
        self.results = {}
        self._many = None

    @property
    def sizes(self):
        return {
            "tenants": f"{self.tenants:,}",
            "documents": f"{self.documents:,}",
            "grown": f"{self.grown:,}",
            "minutes": f"{self.minutes:g}",
        }

    def directory(self, name):
        path = self.scratch / name
        path.mkdir(mode=0o700)
        return path

    def many_tenants(self):
        """The directory of a store with all organizations and documents; made at its first use."""
        if not self._many:
            self._many = self.directory("many")
            reads.populate(self._many, self.tenants, self.documents)
        return self._many

    def record(self, key, ours, theirs=None, note="", samples=()):
        """The figures of each round, in turns with the reference's; samples: where they come from."""
        result = table.measured(table.BY_KEY[key], self.sizes, ours, theirs, note, samples)
        self.results[key] = result

    def rates(self, key, ours, theirs, note=""):
        """The rates of loads; where the load's maker had no more to give, that is said."""
        sides = {"": ours, "the reference's ": theirs}
        notes = [
            f"wrk limits {whose}rate".replace("limits rate", "limits the rate")
            for whose, loads in sides.items()
            if sorted(load.busy for load in loads)[len(loads) // 2] > 0.95
        ]
        rates = ([load.rate for load in side] for side in (ours, theirs))
        self.record(key, *rates, note="; ".join(filter(None, [note, *notes])))

    def skip(self, key, reason):
        self.results[key] = table.missing(table.BY_KEY[key], self.sizes, reason)

    def measure(self, name, measure, keys):
        """One of MEASURES. A failure is told in its rows, and the rest goes on; true: there was none."""
        begun = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        reason = "nothing to measure"
        done = True
        try:
            measure(self)
        except Exception as error:  # whatever it was, the others are still worth measuring
            traceback.print_exc()
            reason, done = f"failed: {error}", False
        print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        for key in keys:
            if key not in self.results:
                self.skip(key, reason)
        for path in self.scratch.iterdir():
            if path != self._many:
                shutil.rmtree(path)
        return done


def options_of(words):
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*MEASURES, *SOAKS, *LONG]
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"only these: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="in two minutes: less, and shorter")
    parser.add_argument("--minutes", type=float, metavar="N", help=f"of a soak (default"
                        f" {SOAK_MINUTES} where it is named, {SHORT_SOAK_MINUTES} among all)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the result there too")
    parser.add_argument("--mongo-url", default=os.environ.get("ORGD_TEST_MONGO_URL"),
                        help="an operator's MongoDB instead of a FerretDB of our own")  # fmt: skip
    options = parser.parse_args(words)
    unknown = [name for name in options.what if name not in names]
    if unknown:
        parser.error(f"no measurement {unknown[0]}; there are {', '.join(names)}")
    if len(ALL) < 2:
        parser.error("the program and its load need two cores")
    return options


def measure_all(options, chosen):
    """(whether all of it could be measured, the results in the table's order)."""
    REFERENCES.mkdir(exist_ok=True)
    busy = publish.busy_part()
    if busy > BUSY:
        print(f"others use {busy:.0%} of these cores: the figures will say little", file=sys.stderr)
    # Beside the project, because a temporary directory may be in memory, where a commit costs nothing.
    with tempfile.TemporaryDirectory(prefix="run-", dir=REFERENCES) as scratch:
        run = Run(options, Path(scratch))
        done = [run.measure(name, *measure) for name, measure in chosen.items()]
        machine = publish.machine(scratch, busy)
    results = [run.results[row.key] for row in table.ROWS if row.key in run.results]
    return all(done), publish.document(machine, options.quick, results)


def interrupted(*_):
    """Once: what is being cleaned up is not interrupted again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(words):
    options = options_of(words)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    known = {**MEASURES, **SOAKS, **LONG}
    chosen = {name: known[name] for name in options.what or [*MEASURES, *SOAKS]}
    if options.quick and not options.what:
        chosen = MEASURES
    try:
        done, found = measure_all(options, chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(table.text(table.of_plain(found["rows"])))
    if options.what:
        written = publish.write(found, REFERENCES / "last.json")
    else:
        written = publish.keep(found, whole=done and not options.quick)
    if options.json:
        publish.write(found, options.json)
    print(f"the same as JSON: {written}", file=sys.stderr)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
