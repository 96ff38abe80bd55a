"""What every crash test does: load, kill, restart, verify, again and again, and a line of figures.

A program beside this one says what is killed, how it comes back and what else must hold at the end.
"""

import argparse
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from crash_model import Face, Organization, PendingFace, Totals
from crash_server import Broken, Client, Unanswered
from crash_verify import Verifier, check_together
from crash_workload import Reader, Worker, login

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Run:
    """Of one or several servers on one store; a subclass fills in servers, kill and restart."""

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="orgd-crash-"))
        self.servers = []
        self.ready_s = []
        self.killed_while_starting = 0

    @property
    def server(self):
        """The one that is asked while nothing is killed."""
        return self.servers[0]

    def kill(self):
        raise NotImplementedError

    def restart(self):
        raise NotImplementedError

    def prepare(self):
        """The servers, and the organization that all workers share."""
        for each in self.servers:
            each.start()
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

    def load_and_kill(self):
        """Everybody works until somebody is killed."""
        stopping = threading.Event()
        everyone = [*self.workers, *self.readers]
        self.random.shuffle(everyone)
        ports = [each.port for each in self.servers]
        calls = [
            lambda who=who, port=ports[n % len(ports)]: who.run(port, stopping)
            for n, who in enumerate(everyone)
        ]
        with together(calls):
            try:
                time.sleep(self.random.uniform(0.01, self.options.load_ms / 1000))
                self.kill()
            finally:
                stopping.set()

    def start_again(self, server, longest_s):
        """Starts one that was killed; the longest time until it is killed while it still starts."""
        while self.random.random() < 0.15:
            server.spawn()
            time.sleep(self.random.uniform(0, longest_s))
            server.kill()
            self.killed_while_starting += 1
        self.ready_s.append(server.start())

    def verify(self):
        # The common organization's name is known only once its own worker has looked.
        first = self.workers[0]
        if isinstance(first.pending, PendingFace) and first.pending.organization is self.common:
            client = Client(self.server.port)
            Verifier(first, client).resolve_face(first.pending)
            first.pending = None
            client.close()
        with together([lambda each=each: self.check(each) for each in self.workers]):
            pass
        client = Client(self.server.port)
        check_together(client, self.workers, self.readers, self.common)
        client.close()

    def check(self, worker):
        client = Client(self.server.port)
        try:
            Verifier(worker, client).run()
        except Unanswered as error:
            raise Broken(f"no answer while nothing was killed: {error}") from None
        finally:
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
        self.finish()

    def finish(self):
        codes = [each.stop() for each in self.servers]
        if any(code != 0 for code in codes):
            raise Broken(f"the last, graceful stop ended with {codes}")

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

    def where(self):
        """Where somebody finds what a failed run left."""
        return f"the servers' directory: {self.directory}"

    def close(self):
        for each in self.servers:
            if each.process and each.process.poll() is None:
                each.kill()

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class together:
    """Runs each call on a thread of its own beside the block; the first failure of any is raised."""

    def __init__(self, calls):
        self.failures = []
        self.threads = [threading.Thread(target=self.guard, args=(call,)) for call in calls]

    def guard(self, call):
        try:
            call()
        except Exception as error:  # noqa: BLE001: whatever it is, the run must end with it
            self.failures.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def parser(description, kills, load_ms):
    """The options that all have; kills and load_ms: their defaults."""
    made = argparse.ArgumentParser(description=description.split("\n\n", 1)[0])
    made.add_argument("--kills", type=int, default=kills)
    made.add_argument("--seed", type=int, default=None, help="default: another each time")
    made.add_argument("--workers", type=int, default=8)
    made.add_argument("--load-ms", type=int, default=load_ms, help="the longest time before a kill")
    made.add_argument("--binary", default=ROOT / "build" / "orgd")
    return made


def parse(options_parser, arguments):
    options = options_parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10**6)
    if options.kills < 1 or options.workers < 1:
        options_parser.error("--kills and --workers are 1 or more")
    return options


def conduct(run):
    """The whole of it; the exit status."""
    try:
        run.run()
    except Broken as error:
        run.close()
        print(f"BROKEN: {error}\n{run.where()}", file=sys.stderr)
        return 1
    except BaseException:
        run.close()
        run.remove()
        raise
    run.remove()
    print(run.summary())
    return 0
