#!/usr/bin/env python3
"""Kills the server with SIGKILL under load, again and again, and compares what was acknowledged with
what is there after the restart.

    test/crash/crash.py --kills 50
    test/crash/crash.py --kills 20000 --seed 7 --workers 16      # for hours

It ends with a line of figures; exit status 0 where everything held, 1 where something did not: then the
data directory as it was found and the seed are named.
"""

import argparse
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time

from crash_model import Face, Organization, PendingFace, Totals
from crash_server import Broken, Client, Server, Unanswered
from crash_verify import Verifier, check_together
from crash_workload import Reader, Worker, login

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="orgd-crash-"))
        self.server = Server(options.binary, self.directory)
        self.ready_s = []
        self.errors = []
        self.killed_while_starting = 0

    def prepare(self):
        """The organization that all workers share."""
        self.server.start()
        client = Client(self.server.port)
        face = Face("Common", "admin@common.example", "a common password")
        status, _, body = client.call(
            "POST",
            "/org/create",
            {"organization_name": face.name, "email": face.email, "password": face.password},
        )
        if status != 200:
            raise Broken(f"the first create answered {status}: {body}")
        collection = body["collection_name"]
        self.common = Organization(
            Face(face.name, face.email, face.password, collection), id=body["id"]
        )
        self.common.token = login(client, face)["access_token"]
        client.close()
        seed = self.options.seed
        self.workers = [Worker(n, seed, self.common) for n in range(self.options.workers)]
        self.readers = [Reader(n, seed, self.common, self.options.workers) for n in range(2)]

    def together(self, calls):
        """Runs each call on a thread of its own; the first failure of any is raised."""
        failures = []

        def guarded(call):
            try:
                call()
            except Exception as error:  # noqa: BLE001: whatever it is, the run must end with it
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        return threads, failures

    def load_and_kill(self):
        stopping = threading.Event()
        port = self.server.port
        everyone = [*self.workers, *self.readers]
        threads, failures = self.together([lambda e=e: e.run(port, stopping) for e in everyone])
        time.sleep(self.random.uniform(0.01, self.options.load_ms / 1000))
        self.server.kill()
        stopping.set()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def restart(self):
        """Now and then it is killed while it is still starting."""
        while self.random.random() < 0.15:
            self.server.spawn()
            time.sleep(self.random.uniform(0, 0.04))
            self.server.kill()
            self.killed_while_starting += 1
        self.ready_s.append(self.server.start())

    def verify(self):
        def check(worker):
            client = Client(self.server.port)
            try:
                Verifier(worker, client).run()
            except Unanswered as error:
                raise Broken(f"no answer while nothing was killed: {error}") from None
            finally:
                client.close()

        # The common organization's name is known only once its own worker has looked.
        first = self.workers[0]
        if isinstance(first.pending, PendingFace) and first.pending.organization is self.common:
            client = Client(self.server.port)
            Verifier(first, client).resolve_face(first.pending)
            first.pending = None
            client.close()
        threads, failures = self.together([lambda w=w: check(w) for w in self.workers])
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        client = Client(self.server.port)
        check_together(client, self.workers, self.readers, self.common)
        client.close()

    def run(self):
        self.prepare()
        for number in range(1, self.options.kills + 1):
            try:
                self.load_and_kill()
                self.restart()
                self.verify()
            except Exception as error:
                raise Broken(f"round {number}, seed {self.options.seed}: {error}") from error
            if sys.stderr.isatty():
                print(f"\r{number} of {self.options.kills}", end="", file=sys.stderr, flush=True)
        code = self.server.stop()
        if code != 0:
            raise Broken(f"the last, graceful stop ended with {code}")
        self.check_files()

    def check_files(self):
        """SQLite's own opinion of its file."""
        for path in self.server.data.iterdir():
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
                connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                found = connection.execute("PRAGMA integrity_check").fetchall()
                broken = connection.execute("PRAGMA foreign_key_check").fetchall()
                connection.close()
                if found != [("ok",)] or broken:
                    raise Broken(f"{path.name}: {found[:3]} {broken[:3]}")

    def summary(self):
        totals = Totals()
        for worker in self.workers:
            totals.add(worker.totals)
        worst = max(self.ready_s, default=0.0) * 1000
        middle = sorted(self.ready_s)[len(self.ready_s) // 2] * 1000 if self.ready_s else 0.0
        return (
            f"kills={len(self.ready_s)} while_starting={self.killed_while_starting} "
            f"acknowledged={totals.acknowledged} unanswered_kept={totals.kept} "
            f"unanswered_gone={totals.gone} reads={sum(each.reads for each in self.readers)} "
            f"ready_ms_median={middle:.0f} ready_ms_worst={worst:.0f} seed={self.options.seed}"
        )

    def close(self):
        process = self.server.process
        if process and process.poll() is None:
            self.server.kill()


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="default: another each time")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--load-ms", type=int, default=900, help="the longest time before a kill")
    parser.add_argument("--ready-limit-s", type=float, default=1.0, help="for each restart")
    parser.add_argument("--binary", default=ROOT / "build" / "orgd")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10**6)
    if options.kills < 1 or options.workers < 1:
        parser.error("--kills and --workers are 1 or more")
    return options


def main(arguments=None):
    options = parse(arguments)
    run = Run(options)
    try:
        run.run()
        if max(run.ready_s) > options.ready_limit_s:
            raise Broken(f"a restart took {max(run.ready_s):.3f} s: {run.summary()}")
    except Broken as error:
        run.close()
        print(f"BROKEN: {error}\nserver's directory: {run.directory}", file=sys.stderr)
        return 1
    except BaseException:
        run.close()
        shutil.rmtree(run.directory, ignore_errors=True)
        raise
    shutil.rmtree(run.directory, ignore_errors=True)
    print(run.summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
