"""Names are looked up in what the server remembers, and change all the time: owners rename, change
addresses, delete and sign up again, over a few names that are often the same name, or the same
slug, in other letters. Each answer is compared with what may be so at that moment."""

import random
import threading

import pytest
from helpers import get_org, send, together, update
from orgd import unique, unique_email
from test_properties import model_name

OWNERS = 4
READERS = 2
STEPS = 60
SEEDS = (1, 2, 3)


def names(prefix):
    """Some of one key, some of one slug, short and long in letters of all sizes."""
    endings = ["a", "A", "Å", "A\u030a", "ﬀ", "FF", "1", "-1", "_1", "Ł", "ß", "SS", "😀"]
    endings += ["\u200bb", "b"]
    longest = 100 - len(prefix)
    return [prefix + end for end in endings] + [
        prefix + letter * longest for letter in ("z", "Z", "ü", "文", "𝕫")
    ]


def key_of(name):
    return model_name(name)[1]


class Owner:
    """One organization at a time, and what everybody must be told of it."""

    def __init__(self, server, pool, seed):
        self.server = server
        self.pool = pool
        self.random = random.Random(seed)
        self.tenant = server.new_tenant()
        self.body = self.tenant.body

    def look(self, client):
        """Nobody else may change it, so it is as the last answer said."""
        found = get_org(client, self.body["organization_name"])
        assert found.status_code == 200, found.text
        assert found.json() == self.body

    def change(self, client, members):
        before = self.body
        answer = update(client, members, self.tenant.token)
        if answer.status_code == 200:
            self.body = {k: v for k, v in answer.json().items() if k != "message"}
            assert self.body["id"] == before["id"]
        else:
            assert answer.status_code == 400, answer.text
        self.look(client)
        self.look_for_old(client, before["organization_name"])

    def look_for_old(self, client, name):
        if key_of(name) != key_of(self.body["organization_name"]):
            found = get_org(client, name)
            assert found.status_code == 404 or found.json()["id"] != self.body["id"]

    def sign_up_again(self, client):
        name, old = self.body["organization_name"], self.body["id"]
        answer = send(client, "DELETE", "/org/delete", token=self.tenant.token)
        assert answer.status_code == 200, answer.text
        found = get_org(client, name)
        assert found.status_code == 404 or found.json()["id"] != old
        self.tenant = self.server.new_tenant()
        self.body = self.tenant.body

    def step(self, client):
        what = self.random.random()
        if what < 0.75:
            self.change(client, {"new_organization_name": self.random.choice(self.pool)})
        elif what < 0.97:
            self.change(client, {"email": unique_email()})
        else:
            self.sign_up_again(client)

    def run(self):
        with self.server.new_client() as client:
            for _ in range(STEPS):
                self.step(client)


def read(server, pool, seed, ended):
    """What is found has the name that was asked for, and no organization goes back in time."""
    chosen = random.Random(seed)
    seen = {}
    with server.new_client() as client:
        while not ended.is_set():
            name = chosen.choice(pool)
            found = get_org(client, name)
            if found.status_code == 404:
                continue
            body = found.json()
            assert key_of(body["organization_name"]) == key_of(name)
            assert body["collection_name"] == "org_" + body["slug"]
            assert body["updated_at"] >= seen.get(body["id"], ""), body
            seen[body["id"]] = body["updated_at"]


@pytest.mark.parametrize("seed", SEEDS)
def test_names__are_answered_as_they_are_while_everything_changes(serve, seed):
    server = serve()
    pool = names(unique()[-14:])
    owners = [Owner(server, pool, seed * 100 + n) for n in range(OWNERS)]
    server.restart()  # what the server remembers is filled while they are at it
    ended = threading.Event()

    def own():
        try:
            together([owner.run for owner in owners])
        finally:
            ended.set()

    together([own] + [lambda n=n: read(server, pool, seed * 10 + n, ended) for n in range(READERS)])
    with server.new_client() as client:
        for owner in owners:
            owner.look(client)
