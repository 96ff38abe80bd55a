"""How many commands each call sends to the server; docs/internals/mongodb.md has the same table."""

import time

import helpers
import orgd

OWN = ("orgd_instances",)  # the instances' heartbeat goes on beside a request's commands
TRIES = 3  # the least of them counts: one more command may be that a second was over
FORGOTTEN_SECONDS = 1.1  # then what was remembered of an organization is not used any more

# What the call is: commands to MongoDB, to FerretDB.
DOCUMENTS = {
    "get": (1, 1),
    "get of none": (1, 1),
    "list": (2, 2),
    "post": (1, 1),
    "post with an _id": (1, 1),
    "put of a new one": (2, 2),
    "put of a new one that must be new": (1, 1),
    "put over one": (2, 5),
    "put over the same": (1, 1),
    "put over one, if it matches": (2, 4),
    "patch": (2, 4),
    "patch, if it matches": (2, 4),
    "delete": (1, 4),
    "delete of a given _id": (2, 4),
    "delete, if it matches": (2, 4),
}
ORGANIZATIONS = {
    "get, remembered": (0, 0),
    "get": (1, 2),
    "token": (1, 2),
    "login": (3, 4),
    "create": (9, 9),
    "new address": (11, 14),
    "rename": (14, 17),
    "delete": (13, 14),
}


class Calls:
    """Each call by its name in the tables, on a document or an organization of its own."""

    def __init__(self, server, proxy):
        self.server, self.proxy = server, proxy
        self.tenant = server.new_tenant()

    def send(self, method, path, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        response = helpers.send(self.server.client, method, path, body, self.tenant.token, names)
        assert response.status_code < 300 or method == "GET", response.text
        return response

    def commands_of(self, *request, **headers):
        """How many the request caused, with its organization and its token remembered."""
        self.send("GET", helpers.document(self.tenant, "none"))
        before = len(self.proxy.commands)
        self.send(*request, **headers)
        return self.since(before)

    def since(self, before):
        return len([c for c in self.proxy.commands[before:] if c[1] not in OWN and c[0] != "ping"])

    def made(self, given=None):
        """A new document's path and ETag."""
        body = {"n": 1} if given is None else {"_id": given, "n": 1}
        response = self.send("POST", self.tenant.documents, body)
        return helpers.document(self.tenant, response.json()["_id"]), response.headers["ETag"]

    def documents(self):
        def new():
            return helpers.document(self.tenant, orgd.unique())

        path, _ = self.made()
        yield "get", self.commands_of("GET", path)
        yield "get of none", self.commands_of("GET", new())
        yield "list", self.commands_of("GET", self.tenant.documents)
        yield "post", self.commands_of("POST", self.tenant.documents, {"n": 1})
        given = {"_id": orgd.unique(), "n": 1}
        yield "post with an _id", self.commands_of("POST", self.tenant.documents, given)
        yield "put of a new one", self.commands_of("PUT", new(), {"n": 1})
        yield (
            "put of a new one that must be new",
            self.commands_of("PUT", new(), {"n": 1}, If_None_Match="*"),
        )
        yield "put over one", self.commands_of("PUT", path, {"n": 2})
        yield "put over the same", self.commands_of("PUT", path, {"n": 2})
        path, etag = self.made()
        matching = self.commands_of("PUT", path, {"n": 2}, If_Match=etag)
        yield "put over one, if it matches", matching
        yield "patch", self.commands_of("PATCH", path, {"n": 3})
        path, etag = self.made()
        yield "patch, if it matches", self.commands_of("PATCH", path, {"n": 3}, If_Match=etag)
        yield "delete", self.commands_of("DELETE", path)
        path, _ = self.made(given=orgd.unique())
        yield "delete of a given _id", self.commands_of("DELETE", path)
        path, etag = self.made()
        yield "delete, if it matches", self.commands_of("DELETE", path, If_Match=etag)

    def counted(self, call, *arguments):
        before = len(self.proxy.commands)
        response = call(*arguments)
        assert response.status_code < 300, response.text
        return self.since(before)

    def organizations(self):
        client, tenant = self.server.client, self.tenant
        time.sleep(FORGOTTEN_SECONDS)
        yield "get", self.counted(helpers.get_org, client, tenant.name)
        yield "get, remembered", self.counted(helpers.get_org, client, tenant.name)
        time.sleep(FORGOTTEN_SECONDS)
        before = len(self.proxy.commands)
        assert self.send("GET", helpers.document(tenant, "none")).status_code == 404
        yield "token", self.since(before) - 2  # the document, and where it is
        yield "login", self.counted(helpers.log_in, client, tenant.email, tenant.password)
        signup = orgd.unique(), orgd.unique_email(), orgd.PASSWORD
        yield "create", self.counted(helpers.create, client, *signup)
        update = {"organization_name": tenant.name, "email": orgd.unique_email()}
        yield "new address", self.counted(helpers.update, client, update, tenant.token)
        update = {"organization_name": tenant.name, "new_organization_name": orgd.unique("New")}
        yield "rename", self.counted(helpers.update, client, update, tenant.token)
        path = "/org/delete"
        yield "delete", self.counted(helpers.send, client, "DELETE", path, None, tenant.token)


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
