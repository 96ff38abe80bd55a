#!/usr/bin/env python3
"""Several instances on one MongoDB database under load, killed with SIGKILL at random while the others go
on; compares what was acknowledged with what is there, and looks for what nobody cleaned up.

    test/crash/crash_instances.py --mongo-url mongodb://127.0.0.1:27017 --kills 200
    test/crash/crash_instances.py --mongo-url … --instances 3 --seed 7 --workers 12

It ends with a line of figures; exit status 0 where everything held, 1 where something did not: then the
database as it was found and the seed are named.
"""

import argparse
import pathlib
import random
import shutil
import sys
import threading
import time
import uuid

import pymongo

from crash import ROOT, Run
from crash_server import Broken, Server

SETTLE_SECONDS = 30  # a dead instance is noticed, its changes finished or undone, its locks removed
STALE_SECONDS = 1.1  # so long an instance may go on with what it remembers


class InstancesRun(Run):
    def __init__(self, options):
        super().__init__(options)
        self.name = f"orgd_crash_{uuid.uuid4().hex[:12]}"
        self.database = pymongo.MongoClient(options.mongo_url)[self.name]
        arguments = ["--store", "mongodb", "--mongo-url", options.mongo_url, "--mongo-db", self.name]
        self.instances = []
        for number in range(options.instances):
            directory = self.directory / f"instance-{number}"
            directory.mkdir()
            self.instances.append(Server(options.binary, directory, arguments))
        self.server = self.instances[0]
        self.deaths = 0

    def prepare(self):
        super().prepare()
        for each in self.instances[1:]:
            each.start()

    def load_and_kill(self):
        """Everybody works; one instance (now and then all) dies; the clients of the others go on."""
        stopping = threading.Event()
        everyone = [*self.workers, *self.readers]
        self.random.shuffle(everyone)
        ports = [each.port for each in self.instances]
        threads, failures = self.together(
            [
                lambda who=who, port=ports[n % len(ports)]: who.run(port, stopping)
                for n, who in enumerate(everyone)
            ]
        )
        time.sleep(self.random.uniform(0.01, self.options.load_ms / 1000))
        dying = self.instances if self.random.random() < 0.1 else [self.random.choice(self.instances)]
        for each in dying:
            each.kill()
        self.deaths += len(dying)
        time.sleep(self.random.uniform(0.0, 0.5))
        stopping.set()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def restart(self):
        """The living take part in cleaning up, and so does who comes back."""
        for each in self.instances:
            if each.process.poll() is not None:
                if self.random.random() < 0.15:
                    each.spawn()
                    time.sleep(self.random.uniform(0, 0.3))
                    each.kill()
                    self.killed_while_starting += 1
                self.ready_s.append(each.start())
        self.settle()
        time.sleep(STALE_SECONDS)
        self.server = self.random.choice(self.instances)

    def settle(self):
        begun = time.monotonic()
        while True:
            journals = list(self.database.organizations.find({"status": {"$ne": "active"}}))
            locks = list(self.database.orgd_locks.find())
            instances = self.database.orgd_instances.count_documents({})
            if not journals and not locks and instances == len(self.instances):
                return
            if time.monotonic() - begun > SETTLE_SECONDS:
                raise Broken(f"not cleaned up: {instances} instances, {journals} {locks}")
            time.sleep(0.05)

    def verify(self):
        super().verify()
        self.check_orphans()

    def check_orphans(self):
        organizations = list(self.database.organizations.find())
        wanted = {each["admin_id"] for each in organizations}
        accounts = {each["_id"] for each in self.database.admins.find({}, {"_id": 1})}
        if accounts != wanted:
            raise Broken(f"accounts {accounts - wanted} too many, {wanted - accounts} too few")
        members = sorted(
            (each["organization_id"], each["admin_id"]) for each in self.database.memberships.find()
        )
        if members != sorted((each["_id"], each["admin_id"]) for each in organizations):
            raise Broken(f"memberships {members} for {organizations}")
        wanted = {each["collection_name"] for each in organizations}
        found = {name for name in self.database.list_collection_names() if name.startswith("org_")}
        if found != wanted:
            raise Broken(f"collections {found - wanted} too many, {wanted - found} too few")

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
        codes = [each.stop() for each in self.instances]
        if any(codes):
            raise Broken(f"the last, graceful stops ended with {codes}")
        if self.database.orgd_instances.count_documents({}):
            raise Broken("an instance that was stopped is still listed")

    def close(self):
        for each in self.instances:
            if each.process and each.process.poll() is None:
                each.kill()

    def drop(self):
        self.database.client.drop_database(self.name)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--mongo-url", required=True)
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="default: another each time")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--load-ms", type=int, default=1500, help="the longest time before a kill")
    parser.add_argument("--binary", default=ROOT / "build" / "orgd")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10**6)
    return options


def main(arguments=None):
    options = parse(arguments)
    run = InstancesRun(options)
    try:
        run.run()
    except Broken as error:
        run.close()
        where = f"database {run.name}, logs in {run.directory}"
        print(f"BROKEN: {error}\n{where}", file=sys.stderr)
        return 1
    except BaseException:
        run.close()
        run.drop()
        shutil.rmtree(run.directory, ignore_errors=True)
        raise
    run.drop()
    shutil.rmtree(run.directory, ignore_errors=True)
    print(f"deaths={run.deaths} {run.summary()}")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    sys.exit(main())
