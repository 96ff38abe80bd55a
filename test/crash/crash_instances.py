#!/usr/bin/env python3
"""Several instances on one MongoDB database under load, killed with SIGKILL at random while the others go
on; compares what was acknowledged with what is there, and looks for what nobody cleaned up.

    test/crash/crash_instances.py --mongo-url mongodb://127.0.0.1:27017 --kills 200
    test/crash/crash_instances.py --mongo-url … --instances 3 --seed 7 --workers 12

It ends with a line of figures; exit status 0 where everything held, 1 where something did not: then the
database as it was found and the seed are named.
"""

import sys
import time
import uuid

import pymongo

from crash_run import Run, conduct, parse, parser
from crash_server import Broken, Server

START_S = 0.3  # about the time that a start takes
SETTLE_SECONDS = 30  # a dead instance is noticed, its changes finished or undone, its locks removed
STALE_SECONDS = 1.1  # so long an instance may go on with what it remembers


class InstancesRun(Run):
    def __init__(self, options):
        super().__init__(options)
        self.name = f"orgd_crash_{uuid.uuid4().hex[:12]}"
        self.database = pymongo.MongoClient(options.mongo_url)[self.name]
        arguments = ["--store", "mongodb", "--mongo-url", options.mongo_url, "--mongo-db", self.name]
        for number in range(options.instances):
            directory = self.directory / f"instance-{number}"
            directory.mkdir()
            self.servers.append(Server(options.binary, directory, arguments))
        self.asked = self.servers[0]
        self.deaths = 0

    @property
    def server(self):
        return self.asked

    def kill(self):
        """One (now and then all) dies; the clients of the others go on."""
        dying = self.servers if self.random.random() < 0.1 else [self.random.choice(self.servers)]
        for each in dying:
            each.kill()
        self.deaths += len(dying)
        time.sleep(self.random.uniform(0.0, 0.5))

    def restart(self):
        """The living take part in cleaning up, and so does who comes back."""
        for each in self.servers:
            if each.process.poll() is not None:
                self.start_again(each, START_S)
        self.settle()
        time.sleep(STALE_SECONDS)
        self.asked = self.random.choice(self.servers)

    def settle(self):
        begun = time.monotonic()
        while True:
            journals = list(self.database.organizations.find({"status": {"$ne": "active"}}))
            locks = list(self.database.orgd_locks.find())
            instances = self.database.orgd_instances.count_documents({})
            if not journals and not locks and instances == len(self.servers):
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

    def finish(self):
        super().finish()
        if self.database.orgd_instances.count_documents({}):
            raise Broken("an instance that was stopped is still listed")

    def summary(self):
        return f"deaths={self.deaths} {super().summary()}"

    def where(self):
        return f"database {self.name}, logs in {self.directory}"

    def remove(self):
        self.database.client.drop_database(self.name)
        super().remove()


def main(arguments=None):
    options = parser(__doc__, kills=20, load_ms=1500)
    options.add_argument("--mongo-url", required=True)
    options.add_argument("--instances", type=int, default=2)
    return conduct(InstancesRun(parse(options, arguments)))


if __name__ == "__main__":
    sys.exit(main())
