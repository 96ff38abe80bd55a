"""Documents that the server remembers: they are their organization's only, and each answer is what the
document is at that moment, whatever changes it and whoever asks."""

import random
import threading

import pytest
from helpers import document, log_in, problem, send, together, update
from orgd import unique

READS = 3  # the last of them is answered from memory
IDS = [f"d{n}" for n in range(6)]  # the same ones in each organization
TENANTS = 3
WRITERS = 2  # of each organization, each with documents of its own
READERS = 3
STEPS = 80
LARGE = "x" * 1900  # kept just so
TOO_LARGE = "x" * 3000  # and not
SEEDS = (1, 2)


def read(client, tenant, document_id, token=None, org=None):
    path = document(tenant, document_id).replace(tenant.id, org or tenant.id)
    return send(client, "GET", path, token=token or tenant.token)


def put_and_read(client, tenant, document_id, body):
    """Remembered from now on."""
    path = document(tenant, document_id)
    assert send(client, "PUT", path, body, tenant.token).is_success
    for _ in range(READS):
        assert read(client, tenant, document_id).json() == {"_id": document_id, **body}


@pytest.fixture
def other(server):
    return server.new_tenant()


def test_document__remembered_is_for_its_own_token_only(client, tenant, other):
    put_and_read(client, tenant, "d", {"whose": 1})
    for org in (tenant.id, tenant.slug):
        problem(read(client, tenant, "d", other.token, org), 404, "organization_not_found")
        problem(send(client, "GET", document(tenant, "d").replace(tenant.id, org)), 401)
    problem(read(client, other, "d"), 404, "document_not_found")
    put_and_read(client, other, "d", {"whose": 2})
    problem(read(client, other, "d", tenant.token), 404, "organization_not_found")
    assert read(client, tenant, "d").json()["whose"] == 1


def test_document__remembered_is_never_older_than_its_last_change(client, tenant, other):
    put_and_read(client, tenant, "d", {"n": 1, "a": 1})
    put_and_read(client, other, "d", {"n": 0})
    etag = read(client, tenant, "d").headers["ETag"]
    changes = [
        ("PUT", {"n": 2, "a": 1}, {"n": 2, "a": 1}),
        ("PATCH", {"a": None}, {"n": 2}),
        ("PUT", {"n": 3, "a": LARGE}, {"n": 3, "a": LARGE}),
        ("PATCH", {"a": TOO_LARGE}, {"n": 3, "a": TOO_LARGE}),
        ("PUT", {"n": 4}, {"n": 4}),
    ]
    for method, body, now in changes:
        assert send(client, method, document(tenant, "d"), body, tenant.token).status_code == 200
        for _ in range(READS):
            found = read(client, tenant, "d")
            assert found.json() == {"_id": "d", **now}
            assert found.headers["ETag"] != etag
        etag = found.headers["ETag"]
    assert send(client, "DELETE", document(tenant, "d"), token=tenant.token).status_code == 204
    problem(read(client, tenant, "d"), 404, "document_not_found")
    made = send(client, "POST", tenant.documents, {"_id": "d", "n": 5}, tenant.token)
    assert made.status_code == 201
    assert read(client, tenant, "d").json()["n"] == 5
    assert read(client, other, "d").json()["n"] == 0


def test_document__remembered_under_a_slug_is_not_found_by_whoever_takes_it(client, tenant, other):
    put_and_read(client, tenant, "d", {"whose": 1})
    assert read(client, tenant, "d", org=tenant.slug).json()["whose"] == 1
    assert update(client, {"new_name": unique()}, tenant.token).status_code == 200
    problem(read(client, tenant, "d", org=tenant.slug), 404, "organization_not_found")
    assert update(client, {"new_name": tenant.name}, other.token).json()["slug"] == tenant.slug
    problem(read(client, tenant, "d", org=tenant.slug), 404, "organization_not_found")
    problem(read(client, other, "d", org=tenant.slug), 404, "document_not_found")
    put_and_read(client, other, "d", {"whose": 2})
    assert read(client, other, "d", org=tenant.slug).json()["whose"] == 2
    assert read(client, tenant, "d").json()["whose"] == 1


def test_document__remembered_ends_with_its_organization(client, tenant, other):
    put_and_read(client, tenant, "d", {"whose": 1})
    put_and_read(client, other, "d", {"whose": 2})
    assert send(client, "DELETE", "/org/delete", token=tenant.token).status_code == 200
    for org in (tenant.id, tenant.slug):
        problem(read(client, tenant, "d", org=org), 401, "invalid_token")
        problem(read(client, tenant, "d", other.token, org), 404, "organization_not_found")
    again = {"organization_name": tenant.name, "email": tenant.email, "password": tenant.password}
    made = send(client, "POST", "/org/create", again).json()
    assert made["slug"] == tenant.slug
    token = log_in(client, tenant.email, tenant.password).json()["access_token"]
    for org in (made["id"], tenant.slug):
        problem(read(client, tenant, "d", token, org), 404, "document_not_found")
    problem(read(client, tenant, "d", token), 404, "organization_not_found")
    assert read(client, other, "d").json()["whose"] == 2


class Writer:
    """Changes some documents of an organization that nobody else changes, and looks after each change."""

    def __init__(self, tenant, ids, seed):
        self.tenant = tenant
        self.ids = ids
        self.random = random.Random(seed)
        self.now = {}
        self.count = 0

    def change(self, client, document_id):
        path = document(self.tenant, document_id)
        if document_id in self.now and self.random.random() < 0.3:
            assert send(client, "DELETE", path, token=self.tenant.token).status_code == 204
            del self.now[document_id]
            return
        self.count += 1
        body = {"_id": document_id, "whose": self.tenant.id, "n": self.count}
        body["pad"] = "x" * self.random.choice((0, 10, 500, 1900, 3000))
        if document_id in self.now and self.random.random() < 0.5:
            answer = send(client, "PATCH", path, body, self.tenant.token)
        else:
            answer = send(client, "PUT", path, body, self.tenant.token)
        assert answer.is_success, answer.text
        self.now[document_id] = body

    def look(self, client):
        for document_id in self.ids:
            found = read(client, self.tenant, document_id)
            if document_id in self.now:
                assert found.json() == self.now[document_id]
            else:
                assert found.status_code == 404, found.text

    def run(self, server):
        with server.new_client() as client:
            for _ in range(STEPS):
                self.change(client, self.random.choice(self.ids))
                self.look(client)


def watch(server, tenants, seed, ended):
    """No document goes back in time, is another's, or is shown to another's token."""
    chosen = random.Random(seed)
    seen = {}
    with server.new_client() as client:
        while not ended.is_set():
            tenant, stranger = chosen.sample(tenants, 2)
            document_id = chosen.choice(IDS)
            assert read(client, tenant, document_id, stranger.token).status_code == 404
            found = read(client, tenant, document_id, org=chosen.choice((tenant.id, tenant.slug)))
            if found.status_code == 404:
                continue
            body = found.json()
            assert (body["_id"], body["whose"]) == (document_id, tenant.id)
            assert body["n"] >= seen.get((tenant.id, document_id), 0)
            seen[tenant.id, document_id] = body["n"]


@pytest.mark.parametrize("seed", SEEDS)
def test_documents__are_answered_as_they_are_while_everything_changes(server, seed):
    tenants = [server.new_tenant() for _ in range(TENANTS)]
    ended = threading.Event()
    writers = [
        Writer(tenant, IDS[n::WRITERS], seed * 100 + n) for tenant in tenants for n in range(WRITERS)
    ]

    def write():
        try:
            together([lambda each=each: each.run(server) for each in writers])
        finally:
            ended.set()

    watching = [lambda n=n: watch(server, tenants, seed * 10 + n, ended) for n in range(READERS)]
    together([write, *watching])
