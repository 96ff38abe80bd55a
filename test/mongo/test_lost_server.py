"""The server is lost, at every command of every change: the answer is true, and nothing stays half done.

What "true" means is the contract's: a 2xx has happened, an error has changed nothing, and a 503 `unsure`
is one of the two, wholly. A few seconds later nothing is left over: no lock, no journal.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import helpers
import orgd
from proxy import Proxy, answer, cut, drop, hang, lose, not_primary

SETTLE_SECONDS = 20
FAULTS = {"drop": drop, "lose": lose, "cut": cut, "not_primary": not_primary}
OWN = ("orgd_instances",)  # the instances' heartbeat goes on beside a request's commands


def is_of_request(command):
    name = next(iter(command))
    if name.lower() in ("hello", "ismaster", "buildinfo", "ping", "endsessions"):
        return False
    return command[name] not in OWN


def settled(database):
    """Waits until no change is under way and no lock is taken."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        journals = list(database.organizations.find({"status": {"$ne": "active"}}))
        locks = list(database.orgd_locks.find())
        if not journals and not locks:
            return
        assert time.monotonic() < deadline, (journals, locks)
        time.sleep(0.1)


def whole(database):
    """Every organization has its account, its membership and its collection, and nothing else is there."""
    organizations = list(database.organizations.find())
    assert {each["_id"] for each in database.admins.find()} == {
        each["admin_id"] for each in organizations
    }
    assert sorted((m["organization_id"], m["admin_id"]) for m in database.memberships.find()) == sorted(
        (each["_id"], each["admin_id"]) for each in organizations
    )
    collections = {name for name in database.list_collection_names() if name.startswith("org_")}
    assert collections == {each["collection_name"] for each in organizations}


def judge(response):
    """None for "it may have happened", else whether it has."""
    if response.status_code < 300:
        return True
    assert response.status_code == 503, (response.status_code, response.text)
    assert int(response.headers["Retry-After"]) >= 1
    code = response.json()["code"]
    assert code in ("unavailable", "busy", "unsure"), response.text
    return None if code == "unsure" else False


class Rename:
    """The organization's new name."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant
        self.name = orgd.unique("New")

    def call(self):
        body = {"organization_name": self.tenant.name, "new_organization_name": self.name}
        return helpers.update(self.server.client, body, self.tenant.token)

    def has_happened(self):
        old = helpers.get_org(self.server.client, self.tenant.name).status_code
        new = helpers.get_org(self.server.client, self.name).status_code
        assert sorted((old, new)) == [200, 404]
        kept = self.server.client.get(
            f"{self.tenant.documents}/kept", headers=self.tenant.headers
        )
        assert kept.status_code == 200 and kept.json()["n"] == 1
        return new == 200


class Credentials:
    """Name, address and password at once."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant
        self.name, self.email, self.password = orgd.unique("New"), orgd.unique_email(), "Another-9-words"

    def call(self):
        body = {"new_name": self.name, "email": self.email, "password": self.password}
        return helpers.update(self.server.client, body, self.tenant.token)

    def has_happened(self):
        client = self.server.client
        logins = [
            helpers.log_in(client, self.tenant.email, self.tenant.password).status_code,
            helpers.log_in(client, self.email, self.password).status_code,
        ]
        assert sorted(logins) == [200, 401]
        new = helpers.get_org(client, self.name)
        assert (new.status_code == 200) == (logins[1] == 200)
        if new.status_code == 200:
            assert new.json()["admin_email"] == self.email
        return logins[1] == 200


class Delete:
    """The organization goes."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant

    def call(self):
        return self.server.client.delete("/org/delete", headers=self.tenant.headers)

    def has_happened(self):
        found = helpers.get_org(self.server.client, self.tenant.name).status_code
        login = helpers.log_in(self.server.client, self.tenant.email, self.tenant.password)
        assert (found, login.status_code) in ((404, 401), (200, 200))
        return found == 404


class Create:
    """One more organization."""

    def __init__(self, server, tenant):
        self.server = server
        self.name, self.email = orgd.unique(), orgd.unique_email()

    def call(self):
        return helpers.create(self.server.client, self.name, self.email, orgd.PASSWORD)

    def has_happened(self):
        found = helpers.get_org(self.server.client, self.name).status_code
        login = helpers.log_in(self.server.client, self.email, orgd.PASSWORD).status_code
        assert (found, login) in ((200, 200), (404, 401))
        return found == 200


class Post:
    """A document whose `_id` is given."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant

    def call(self):
        return helpers.send(
            self.server.client, "POST", self.tenant.documents, {"_id": "p", "n": 2}, self.tenant.token
        )

    def has_happened(self):
        path = helpers.document(self.tenant, "p")
        return self.server.client.get(path, headers=self.tenant.headers).status_code == 200


class PostMade(Post):
    """A document whose `_id` is made: there may be one of it, never two."""

    def call(self):
        return helpers.send(
            self.server.client, "POST", self.tenant.documents, {"made": True}, self.tenant.token
        )

    def has_happened(self):
        made = [d for d in helpers.walk(self.server.client, self.tenant) if d.get("made")]
        assert len(made) <= 1
        return len(made) == 1


class Put:
    """A document is replaced."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant

    def call(self):
        path = helpers.document(self.tenant, "kept")
        return helpers.send(self.server.client, "PUT", path, {"n": 1, "new": True}, self.tenant.token)

    def has_happened(self):
        path = helpers.document(self.tenant, "kept")
        return "new" in self.server.client.get(path, headers=self.tenant.headers).json()


class Patch(Put):
    """A document is patched."""

    def call(self):
        path = helpers.document(self.tenant, "kept")
        return helpers.send(self.server.client, "PATCH", path, {"new": True}, self.tenant.token)


class Remove(Put):
    """A document goes."""

    def call(self):
        path = helpers.document(self.tenant, "kept")
        return self.server.client.delete(path, headers=self.tenant.headers)

    def has_happened(self):
        path = helpers.document(self.tenant, "kept")
        return self.server.client.get(path, headers=self.tenant.headers).status_code == 404


class PutNew(Post):
    """A document that must not be there yet is put."""

    def call(self):
        path, headers = helpers.document(self.tenant, "p"), {"If-None-Match": "*"}
        return helpers.send(self.server.client, "PUT", path, {"n": 2}, self.tenant.token, headers)


class Made:
    """A document whose `_id` was made; large, so that a patch of it is merged outside of the store."""

    def __init__(self, server, tenant):
        self.server, self.tenant = server, tenant
        body = {"n": 1, "text": "x" * 200_000}
        made = helpers.send(server.client, "POST", tenant.documents, body, tenant.token)
        self.path, self.etag = helpers.document(tenant, made.json()["_id"]), made.headers["ETag"]

    def found(self):
        return self.server.client.get(self.path, headers=self.tenant.headers)


class PatchMatching(Made):
    """It is patched, if it is what was read."""

    def call(self):
        body, headers = {"new": True}, {"If-Match": self.etag}
        return helpers.send(self.server.client, "PATCH", self.path, body, self.tenant.token, headers)

    def has_happened(self):
        return "new" in self.found().json()


class RemoveMade(Made):
    """It goes."""

    def call(self):
        return self.server.client.delete(self.path, headers=self.tenant.headers)

    def has_happened(self):
        return self.found().status_code == 404


CHANGES = [Create, Rename, Credentials, Delete, Post, PostMade, Put, PutNew, Patch, PatchMatching]
CHANGES += [Remove, RemoveMade]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.lower())
def test_a_change_is_whole_whichever_command_fails(proxied, change, fault):
    """The n-th command fails, for every n until the change has no more commands."""
    server, proxy, database = proxied
    for n in range(60):
        tenant = server.new_tenant()
        helpers.send(server.client, "POST", tenant.documents, {"_id": "kept", "n": 1}, tenant.token)
        tried = change(server, tenant)
        rule = proxy.rule("*", FAULTS[fault](), where=is_of_request, skip=n)
        response = tried.call()
        proxy.clear()
        expected = judge(response)
        settled(database)
        happened = tried.has_happened()
        assert expected is None or happened == expected, (n, response.status_code, response.text)
        whole(database)
        if not rule.used:
            assert n > 0 and expected is True
            return
    raise AssertionError("a change of sixty commands")


def is_look_up(command):
    """A find, or an aggregate where the server can join."""
    return next(iter(command)) in ("find", "aggregate") and is_of_request(command)


def test_reads_wait_for_a_lost_connection(proxied):
    server, proxy, _ = proxied
    tenant = server.new_tenant()
    for fault in (drop, cut, not_primary):
        rule = proxy.rule("*", fault(), where=is_look_up)
        time.sleep(1.1)  # what was remembered of the organization is forgotten
        response = helpers.get_org(server.client, tenant.name)
        assert response.status_code == 200 and rule.used


def test_readyz_goes_red_and_comes_back(proxied):
    server, proxy, _ = proxied
    tenant = server.new_tenant()
    proxy.down()
    begun = time.monotonic()
    ready = server.client.get("/readyz")
    assert ready.status_code == 503 and time.monotonic() - begun < 5
    health = server.client.get("/health")
    assert health.status_code == 503 and health.json()["status"] == "unhealthy"
    assert server.client.get("/livez").status_code == 200
    proxy.up()
    deadline = time.monotonic() + 10
    while server.client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.client.get("/health").json()["database"] == "connected"
    assert helpers.get_org(server.client, tenant.name).status_code == 200
    assert server.client.get(tenant.documents, headers=tenant.headers).status_code == 200


def test_a_lost_server_is_a_503_before_the_deadline(serve_proxied):
    server, proxy, _ = serve_proxied(environment={"ORGD_REQUEST_TIMEOUT_S": "2"})
    tenant = server.new_tenant()
    proxy.down()
    time.sleep(1.1)
    for call in (
        lambda: helpers.get_org(server.client, tenant.name),
        lambda: helpers.log_in(server.client, tenant.email, tenant.password),
        lambda: server.client.get(tenant.documents, headers=tenant.headers),
        lambda: helpers.create(server.client, orgd.unique(), orgd.unique_email(), orgd.PASSWORD),
    ):
        begun = time.monotonic()
        response = call()
        assert response.status_code == 503, response.text
        assert response.json()["code"] in ("unavailable", "busy")
        assert int(response.headers["Retry-After"]) >= 1
        assert time.monotonic() - begun < 6


def test_a_server_that_hangs_hangs_nobody_past_the_deadline(serve_proxied):
    server, proxy, database = serve_proxied(environment={"ORGD_REQUEST_TIMEOUT_S": "2"})
    tenant = server.new_tenant()
    proxy.rule("insert", hang(60), collection=tenant.body["collection_name"])
    begun = time.monotonic()
    response = helpers.send(server.client, "POST", tenant.documents, {"_id": "h"}, tenant.token)
    assert time.monotonic() - begun < 15
    assert judge(response) is not False  # the server has it; only a replica set can tell that
    assert database[tenant.body["collection_name"]].find_one({"_id": "h"})
    assert server.client.get("/readyz").status_code == 200


def test_a_full_disk_is_507_and_changes_nothing(proxied):
    server, proxy, database = proxied
    tenant = server.new_tenant()
    full = {"ok": 0.0, "errmsg": "disk is full", "code": 14031, "codeName": "OutOfDiskSpace"}
    proxy.rule("insert", answer(full), collection=tenant.body["collection_name"])
    response = helpers.send(server.client, "POST", tenant.documents, {"_id": "f"}, tenant.token)
    helpers.problem(response, 507, "storage_full")
    again = helpers.send(server.client, "POST", tenant.documents, {"_id": "f"}, tenant.token)
    assert again.status_code == 201


def test_orgd_starts_before_its_database_and_waits_for_it(store_settings, serve):
    settings = store_settings()
    with Proxy(settings["MONGO_URL"]) as proxy:
        proxy.down()
        server = serve(store={**settings, "MONGO_URL": proxy.url}, start=False)
        with ThreadPoolExecutor(1) as pool:
            started = pool.submit(server.start, timeout=30)
            time.sleep(2)
            proxy.up()
            started.result(35)
        assert server.client.get("/readyz").status_code == 200
        assert server.stop() == 0


def test_orgd_starts_where_its_database_keeps_it_waiting(store_settings, serve):
    settings = store_settings()
    with Proxy(settings["MONGO_URL"]) as proxy:
        rule = proxy.rule("insert", hang(4), collection="orgd_locks", times=3)
        server = serve(store={**settings, "MONGO_URL": proxy.url}, start=False)
        server.start(timeout=60)
        assert rule.used
        assert server.client.get("/readyz").status_code == 200
        assert server.stop() == 0


def test_a_change_of_primary_is_never_a_wrong_answer(serve_members):
    server, members = serve_members()
    tenant = server.new_tenant()
    for n in range(6):
        members.step_down(ends_connections=n % 2 == 0)
        made = helpers.send(server.client, "POST", tenant.documents, {"_id": f"d{n}"}, tenant.token)
        assert made.status_code == 201, made.text
        assert helpers.get_org(server.client, tenant.name).status_code == 200
    assert [d["_id"] for d in helpers.walk(server.client, tenant)] == [f"d{n}" for n in range(6)]


def test_a_lost_answer_of_a_replica_set_is_found_by_retrying(serve_members):
    server, members = serve_members()
    tenant = server.new_tenant()
    collection = tenant.body["collection_name"]
    for n, fault in enumerate((lose, cut, drop)):
        rule = members.members[members.primary].rule("insert", fault(), collection=collection)
        made = helpers.send(server.client, "POST", tenant.documents, {"_id": f"l{n}"}, tenant.token)
        assert made.status_code == 201 and rule.used, made.text


def test_a_read_and_a_write_of_a_document_are_one_round_trip_each(proxied):
    server, proxy, _ = proxied
    tenant = server.new_tenant()
    path = helpers.document(tenant, "one")
    helpers.send(server.client, "POST", tenant.documents, {"_id": "warm"}, tenant.token)
    for method, target, body in (("POST", tenant.documents, {"_id": "one"}), ("GET", path, None)):
        before = len(proxy.commands)
        response = helpers.send(server.client, method, target, body, tenant.token)
        assert response.status_code in (200, 201)
        assert len(sent_since(proxy, before)) == 1


def sent_since(proxy, before):
    """Commands that requests caused."""
    return [c for c in proxy.commands[before:] if c[1] not in OWN and c[0] != "ping"]


def test_a_look_up_within_a_second_of_another_asks_the_server_nothing(proxied):
    server, proxy, _ = proxied
    tenant = server.new_tenant()
    for _ in range(5):  # a machine may have so much to do that a second is over
        begun = time.monotonic()
        assert helpers.get_org(server.client, tenant.name).status_code == 200
        before = len(proxy.commands)
        assert helpers.get_org(server.client, tenant.name).status_code == 200
        if time.monotonic() - begun < 0.9:
            assert sent_since(proxy, before) == []
            return
    pytest.fail("two look-ups never took less than a second")


def test_the_password_of_the_url_is_never_shown(store_settings, serve):
    settings = store_settings()
    with_password = settings["MONGO_URL"].replace("mongodb://", "mongodb://root:s3cr3t-w0rd@", 1)
    server = serve(store={**settings, "MONGO_URL": with_password}, start=False)
    server.secrets.add("s3cr3t-w0rd")
    try:
        server.start(timeout=35)
    except AssertionError as failure:
        assert "s3cr3t-w0rd" not in str(failure)
