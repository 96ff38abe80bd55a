"""How many commands each call sends to the server; docs/internals/mongodb.md has the same table."""

import time

import helpers
import orgd

OWN = ("orgd_instances",)  # the instances' heartbeat goes on beside a request's commands
TRIES = 3  # the least of them counts: one more command may be that a second was over
LARGE_BYTES = 200_000  # are merged outside of the store
FORGOTTEN_SECONDS = 1.1  # then what was remembered of an organization is not used any more

# What the call is: commands to MongoDB, to FerretDB.
DOCUMENTS = {
    "get": (1, 1),
    "get of none": (1, 1),
    "list": (2, 2),
    "list, counted": (2, 2),
    "list of more than a page, counted": (3, 4),
    "post": (1, 1),
    "post with an _id": (1, 1),
    "put of a new one": (2, 2),
    "put of a new one that must be new": (1, 1),
    "put of one that is there and must be new": (2, 2),
    "put over one": (2, 5),
    "put over the same": (1, 1),
    "put over one, if it matches": (2, 4),
    "patch": (2, 4),
    "patch, if it matches": (2, 4),
    "patch that changes nothing": (1, 3),
    "patch of none": (1, 3),
    "patch of a large one": (3, 7),
    "delete": (1, 4),
    "delete of none": (1, 3),
    "delete of none, which was": (2, 4),
    "delete of a given _id": (2, 4),
    "delete, if it matches": (2, 4),
}
ORGANIZATIONS = {
    "get, remembered": (0, 0),
    "get": (1, 2),
    "get of none": (1, 1),
    "token": (1, 2),
    "login": (3, 4),
    "refused login": (1, 1),
    "create": (9, 9),
    "create of a name that is taken": (1, 2),
    "the same name": (1, 2),
    "another spelling": (5, 5),
    "new address": (11, 13),
    "rename": (13, 15),
    "delete": (13, 14),
}


class Calls:
    """Each call by its name in the tables, on a document or an organization of its own."""

    def __init__(self, server, proxy):
        self.server, self.proxy = server, proxy
        self.tenant = server.new_tenant()

    def send(self, method, path, body=None, status=None, **headers):
        """status: what is to be answered, where that is a refusal."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        response = helpers.send(self.server.client, method, path, body, self.tenant.token, names)
        judge(response, status)
        return response

    def commands_of(self, *request, **headers):
        """How many the request caused, with its organization and its token remembered."""
        self.send("GET", helpers.document(self.tenant, "none"), status=404)
        before = len(self.proxy.commands)
        self.send(*request, **headers)
        return self.since(before)

    def since(self, before):
        return len([c for c in self.proxy.commands[before:] if c[1] not in OWN and c[0] != "ping"])

    def made(self, **members):
        """A new document's path and ETag."""
        body = {"n": 1, **members}
        response = self.send("POST", self.tenant.documents, body)
        return helpers.document(self.tenant, response.json()["_id"]), response.headers["ETag"]

    def documents(self):
        def new():
            return helpers.document(self.tenant, orgd.unique())

        path, _ = self.made()
        yield "get", self.commands_of("GET", path)
        yield "get of none", self.commands_of("GET", new(), status=404)
        yield "list", self.commands_of("GET", self.tenant.documents)
        counted = f"{self.tenant.documents}?count=true"
        yield "list, counted", self.commands_of("GET", counted)
        yield "post", self.commands_of("POST", self.tenant.documents, {"n": 1})
        given = {"_id": orgd.unique(), "n": 1}
        yield "post with an _id", self.commands_of("POST", self.tenant.documents, given)
        yield "list of more than a page, counted", self.commands_of("GET", f"{counted}&limit=1")
        yield "put of a new one", self.commands_of("PUT", new(), {"n": 1})
        yield (
            "put of a new one that must be new",
            self.commands_of("PUT", new(), {"n": 1}, If_None_Match="*"),
        )
        yield (
            "put of one that is there and must be new",
            self.commands_of("PUT", self.made(_id=orgd.unique())[0], {}, 412, If_None_Match="*"),
        )
        yield "put over one", self.commands_of("PUT", path, {"n": 2})
        yield "put over the same", self.commands_of("PUT", path, {"n": 2})
        path, etag = self.made()
        matching = self.commands_of("PUT", path, {"n": 2}, If_Match=etag)
        yield "put over one, if it matches", matching
        yield "patch", self.commands_of("PATCH", path, {"n": 3})
        yield "patch that changes nothing", self.commands_of("PATCH", path, {"n": 3})
        yield "patch of none", self.commands_of("PATCH", new(), {"n": 3}, 404)
        large, _ = self.made(text="x" * LARGE_BYTES)
        yield "patch of a large one", self.commands_of("PATCH", large, {"n": 3})
        path, etag = self.made()
        yield "patch, if it matches", self.commands_of("PATCH", path, {"n": 3}, If_Match=etag)
        yield "delete", self.commands_of("DELETE", path)
        yield "delete of none, which was", self.commands_of("DELETE", path, status=404)
        yield "delete of none", self.commands_of("DELETE", new(), status=404)
        path, _ = self.made(_id=orgd.unique())
        yield "delete of a given _id", self.commands_of("DELETE", path)
        path, etag = self.made()
        yield "delete, if it matches", self.commands_of("DELETE", path, If_Match=etag)

    def counted(self, call, *arguments, status=None):
        before = len(self.proxy.commands)
        judge(call(*arguments), status)
        return self.since(before)

    def updated(self, **members):
        self.send("GET", helpers.document(self.tenant, "none"), status=404)
        body = {"organization_name": self.tenant.name, **members}
        return self.counted(helpers.update, self.server.client, body, self.tenant.token)

    def organizations(self):
        client, tenant = self.server.client, self.tenant
        time.sleep(FORGOTTEN_SECONDS)
        yield "get", self.counted(helpers.get_org, client, tenant.name)
        yield "get, remembered", self.counted(helpers.get_org, client, tenant.name)
        time.sleep(FORGOTTEN_SECONDS)
        before = len(self.proxy.commands)
        self.send("GET", helpers.document(tenant, "none"), status=404)
        yield "token", self.since(before) - 2  # the document, and where it is
        yield "login", self.counted(helpers.log_in, client, tenant.email, tenant.password)
        unknown = orgd.unique_email()
        yield "refused login", self.counted(helpers.log_in, client, unknown, "password", status=401)
        yield "get of none", self.counted(helpers.get_org, client, orgd.unique(), status=404)
        signup = orgd.unique(), orgd.unique_email(), orgd.PASSWORD
        yield "create", self.counted(helpers.create, client, *signup)
        signup = tenant.name, orgd.unique_email(), orgd.PASSWORD
        yield "create of a name that is taken", self.counted(helpers.create, client, *signup, status=400)
        yield "the same name", self.updated(new_organization_name=tenant.name)
        yield "another spelling", self.updated(new_organization_name=tenant.name.upper())
        yield "new address", self.updated(email=orgd.unique_email())
        yield "rename", self.updated(new_organization_name=orgd.unique("New"))
        path = "/org/delete"
        yield "delete", self.counted(helpers.send, client, "DELETE", path, None, tenant.token)


def judge(response, refusal):
    """Done, or refused with just this status."""
    assert response.status_code == (refusal or response.status_code), response.text
    assert response.status_code < 300 or refusal, response.text


def least(rounds):
    """Of each call, over all rounds."""
    found = {}
    for name, count in rounds:
        found[name] = min(count, found.get(name, count))
    return found


def expected(table, database):
    is_ferretdb = "ferretdb" in "".join(database.command("buildInfo"))
    return {name: counts[is_ferretdb] for name, counts in table.items()}


def test_a_call_on_a_document_takes_no_more_round_trips_than_it_needs(proxied):
    server, proxy, database = proxied
    calls = Calls(server, proxy)
    rounds = [each for _ in range(TRIES) for each in calls.documents()]
    assert least(rounds) == expected(DOCUMENTS, database)


def test_a_call_on_an_organization_takes_no_more_round_trips_than_it_needs(proxied):
    server, proxy, database = proxied
    rounds = [each for _ in range(TRIES) for each in Calls(server, proxy).organizations()]
    found, most = least(rounds), expected(ORGANIZATIONS, database)
    assert found.keys() == most.keys()
    assert not {name: count for name, count in found.items() if count > most[name]}
