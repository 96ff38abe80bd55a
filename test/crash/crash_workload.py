"""The load: workers that change organizations and documents, and readers that watch them."""

import random
import urllib.parse

from crash_model import Face, Organization, PendingDocument, PendingFace, Totals, merge
from crash_server import Broken, Client, Unanswered

MOST_ORGANIZATIONS = 4
MOST_DOCUMENTS = 30


def documents_path(organization, document_id=None):
    path = f"/v1/organizations/{organization.id}/documents"
    if document_id is None:
        return path
    return path + "/" + urllib.parse.quote(document_id, safe="")


def login(client, face):
    """The answer to a login where it is 200, else None."""
    status, _, body = client.call(
        "POST", "/admin/login", {"email": face.email, "password": face.password}
    )
    if status == 401:
        return None
    if status != 200:
        raise Broken(f"login answered {status}: {body}")
    return body


class Caller:
    """Takes steps, one after another, until the server is gone."""

    def run(self, port, stopping):
        """What waits for an answer when the server goes is left to who checks."""
        client = Client(port)
        try:
            while not stopping.is_set():
                self.step(client)
        except Unanswered:
            pass
        finally:
            client.close()


class Worker(Caller):
    """One client's life over all rounds; what it waits for an answer to is in self.pending."""

    def __init__(self, number, seed, common):
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.common = common  # an organization that is never deleted and whose password stays
        self.organizations = []
        self.deleted = []  # acknowledged since the last check
        self.common_documents = {}  # this worker's share of the common one's
        self.pending = None
        self.totals = Totals()
        self.counter = 0
        # Two pairs of one slug, and names that differ in case only are one name.
        stems = ("Alpha-1", "Alpha_1", "Beta 2", "Beta.2", "Gamma", "Delta", "Epsilon")
        self.names = [f"W{number} {stem}" for stem in stems]
        self.emails = [f"admin{i}@w{number}.example" for i in range(6)]

    def step(self, client):
        live = [each for each in self.organizations if each.token]
        if len(live) < len(self.organizations):
            raise Broken(f"an organization of worker {self.number} has no token")
        if not live:
            self.create(client)
            return
        action = self.random.choices(
            (self.put, self.patch, self.remove, self.rename, self.change_all,
             self.change_password, self.create, self.delete),
            weights=(46, 16, 10, 16, 2, 2, 4, 3),
        )[0]
        action(client)

    # ---- organizations -----------------------------------------------------------------------

    def free_name(self):
        taken = {each.face.name.casefold() for each in self.organizations}
        return self.random.choice([n for n in self.names if n.casefold() not in taken])

    def free_email(self):
        taken = {each.face.email for each in self.organizations}
        return self.random.choice([e for e in self.emails if e not in taken])

    def new_password(self):
        self.counter += 1
        return f"pass word {self.number} {self.counter}"

    def create(self, client):
        if len(self.organizations) >= MOST_ORGANIZATIONS:
            return
        face = Face(self.free_name(), self.free_email(), self.new_password())
        organization = Organization(face)
        self.pending = PendingFace(organization, None, face)
        status, _, body = client.call(
            "POST",
            "/org/create",
            {"organization_name": face.name, "email": face.email, "password": face.password},
        )
        self.acknowledge(status, 200, body)
        organization.id = body["id"]
        organization.face = Face(face.name, face.email, face.password, body["collection_name"])
        self.organizations.append(organization)
        self.log_in(client, organization)

    def log_in(self, client, organization):
        answer = login(client, organization.face)
        if answer is None:
            raise Broken(f"{organization.face} can't log in right after it was acknowledged")
        organization.token = answer["access_token"]

    def update(self, client, organization, after, body):
        self.pending = PendingFace(organization, organization.face, after)
        status, _, answer = client.call("PUT", "/org/update", body, organization.token)
        self.acknowledge(status, 200, answer)
        new_password = after.password != organization.face.password
        if new_password or after.email != organization.face.email:
            organization.unchecked_login = True
        organization.face = Face(
            after.name, after.email, after.password, answer["collection_name"]
        )
        if new_password:
            organization.dead_tokens.append(organization.token)
            organization.token = None
            self.log_in(client, organization)

    def rename(self, client):
        own_common = self.number == 0 and self.random.random() < 0.5
        organization = self.common if own_common else self.random.choice(self.organizations)
        face = organization.face
        if own_common:
            self.counter += 1
            name = f"Common {self.counter % 5}"
        elif self.random.random() < 0.2:
            name = face.name.swapcase()
        else:
            name = self.free_name()
        self.update(
            client,
            organization,
            Face(name, face.email, face.password),
            {"organization_name": face.name, "new_organization_name": name},
        )

    def change_password(self, client):
        organization = self.random.choice(self.organizations)
        face = organization.face
        password = self.new_password()
        self.update(
            client, organization, Face(face.name, face.email, password), {"password": password}
        )

    def change_all(self, client):
        organization = self.random.choice(self.organizations)
        after = Face(self.free_name(), self.free_email(), self.new_password())
        self.update(
            client,
            organization,
            after,
            {
                "organization_name": organization.face.name,
                "new_organization_name": after.name,
                "email": after.email,
                "password": after.password,
            },
        )

    def delete(self, client):
        if len(self.organizations) < 2:
            return
        organization = self.random.choice(self.organizations)
        self.pending = PendingFace(organization, organization.face, None)
        query = urllib.parse.urlencode({"organization_name": organization.face.name})
        status, _, body = client.call(
            "DELETE", f"/org/delete?{query}", token=organization.token
        )
        self.acknowledge(status, 200, body)
        self.organizations.remove(organization)
        self.deleted.append(organization)

    # ---- documents ---------------------------------------------------------------------------

    def place(self):
        """An organization and this worker's documents in it."""
        if self.random.random() < 0.4:
            return self.common, self.common_documents
        organization = self.random.choice(self.organizations)
        return organization, organization.documents

    def change_document(self, client, method, place, document_id, body, after, expected):
        organization, documents = place
        before = documents[document_id][0] if document_id in documents else None
        self.pending = PendingDocument(organization, document_id, before, after)
        status, headers, answer = client.call(
            method, documents_path(organization, document_id), body, organization.token
        )
        self.acknowledge(status, expected, answer)
        if after is None:
            del documents[document_id]
            return
        if answer != after:
            raise Broken(f"{method} of {document_id} answered {answer} and not {after}")
        documents[document_id] = (after, headers["etag"])

    def put(self, client):
        organization, documents = self.place()
        self.counter += 1
        if organization is self.common and self.random.random() < 0.3:
            document_id = f"counter {self.number}"  # its n only grows: the readers count on it
        elif len(documents) >= MOST_DOCUMENTS or (documents and self.random.random() < 0.4):
            document_id = self.random.choice(list(documents))
        else:
            document_id = f"w{self.number}/{self.random.randrange(10**6)}"
        size = self.random.choice((0, 40, 400, 3000, 30000))
        body = {"n": self.counter, "by": self.number, "pad": "é" * self.random.randint(0, size)}
        self.change_document(
            client, "PUT", (organization, documents), document_id, body,
            {"_id": document_id, **body}, 200 if document_id in documents else 201,
        )

    def patch(self, client):
        organization, documents = self.place()
        if not documents:
            return
        document_id = self.random.choice(list(documents))
        self.counter += 1
        patch = {
            "n": self.counter,
            "pad": self.random.choice((None, "short")),
            "deep": {"k%d" % self.random.randrange(3): self.random.choice((None, self.counter))},
        }
        after = merge(documents[document_id][0], patch)
        self.change_document(
            client, "PATCH", (organization, documents), document_id, patch, after, 200
        )

    def remove(self, client):
        organization, documents = self.place()
        candidates = [each for each in documents if not each.startswith("counter")]
        if candidates:
            self.change_document(
                client, "DELETE", (organization, documents), self.random.choice(candidates),
                None, None, 204,
            )

    def acknowledge(self, status, expected, body):
        if status != expected:
            raise Broken(f"{self.pending} answered {status} and not {expected}: {body}")
        self.pending = None
        self.totals.acknowledged += 1


class Reader(Caller):
    """Watches counters that only grow: what it has seen must still be there after a crash."""

    def __init__(self, number, seed, common, workers):
        self.random = random.Random(f"{seed}/reader/{number}")
        self.common = common
        self.workers = workers
        self.seen_n = {}
        self.seen_updated_at = ""
        self.reads = 0

    def step(self, client):
        document_id = f"counter {self.random.randrange(self.workers)}"
        status, _, body = client.call(
            "GET", documents_path(self.common, document_id), token=self.common.token
        )
        if status == 200:
            self.seen_n[document_id] = max(self.seen_n.get(document_id, 0), body["n"])
        elif status != 404 or document_id in self.seen_n:
            raise Broken(f"reading {document_id} answered {status}: {body}")
        status, _, body = client.call("GET", f"/org/get?organization_name={self.guess()}")
        if status == 200:
            self.seen_updated_at = max(self.seen_updated_at, body["updated_at"])
        elif status != 404:
            raise Broken(f"reading an organization answered {status}: {body}")
        self.reads += 1

    def guess(self):
        return f"Common+{self.random.randrange(5)}"
