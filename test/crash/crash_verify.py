"""Compares what is there after a restart with what was acknowledged before it."""

import random
import urllib.parse
from types import SimpleNamespace

from crash_model import PendingDocument, PendingFace, name_key
from crash_server import Broken
from crash_workload import documents_path, login


def look_up(client, name):
    """What /org/get says of a name, or None."""
    query = urllib.parse.urlencode({"organization_name": name})
    status, _, body = client.call("GET", f"/org/get?{query}")
    if status == 404:
        return None
    if status != 200:
        raise Broken(f"looking up {name!r} answered {status}: {body}")
    return body


def list_documents(client, organization, limit):
    """All documents by _id, walked page by page."""
    found = {}
    after = None
    for _ in range(10_000):
        query = {"limit": limit, "count": "true"}
        if after is not None:
            query["after"] = after
        path = documents_path(organization) + "?" + urllib.parse.urlencode(query)
        status, _, page = client.call("GET", path, token=organization.token)
        if status != 200:
            raise Broken(f"listing {organization.face.name!r} answered {status}: {page}")
        for document in page["data"]:
            if document["_id"] in found:
                raise Broken(f"{document['_id']!r} is on two pages")
            found[document["_id"]] = document
        after = page["next"]
        if after is None:
            if page["count"] != len(found):
                raise Broken(f"count says {page['count']}, the pages hold {len(found)}")
            return found
    raise Broken("the pages have no end")


class Verifier:
    """Checks one worker's part; raises Broken with what differs."""

    def __init__(self, worker, client):
        self.worker = worker
        self.client = client
        self.random = random.Random(worker.counter)

    def run(self):
        worker = self.worker
        if isinstance(worker.pending, PendingFace):
            self.resolve_face(worker.pending)
        for organization in worker.organizations:
            self.check_organization(organization)
            self.check_documents(organization, organization.documents)
        self.check_common_documents()
        worker.pending = None
        for organization in worker.deleted:
            self.check_deleted(organization)
        worker.deleted.clear()
        used = {name_key(each.face.name) for each in worker.organizations}
        for name in worker.names:
            if name_key(name) not in used and look_up(self.client, name):
                raise Broken(f"{name!r} should be free and is not")

    # ---- one unanswered change of an organization ----------------------------------------------

    def resolve_face(self, pending):
        """Wholly there, or wholly absent: names and logins must agree on one of the two."""
        faces = [face for face in (pending.before, pending.after) if face]
        emails = {face.email for face in faces}
        passwords = {face.password for face in faces}
        looked_up = {face.name: look_up(self.client, face.name) for face in faces}
        answers = {(e, p): self.try_login(e, p) for e in emails for p in passwords}
        organization = pending.organization
        if organization.id is None:
            organization.id = next((each["id"] for each in looked_up.values() if each), None)
        found = {
            name: each and (each["id"], each["organization_name"], each["admin_email"])
            for name, each in looked_up.items()
        }
        logins = {
            key: each and (each["organization_id"], each["organization_name"])
            for key, each in answers.items()
        }
        seen = (found, logins)
        outcomes = {
            "after": self.expected(organization.id, pending.after, found, logins),
            "before": self.expected(organization.id, pending.before, found, logins),
        }
        if seen == outcomes["after"]:
            self.worker.totals.kept += 1
            self.settle(pending, pending.after, looked_up, answers)
        elif seen == outcomes["before"]:
            self.worker.totals.gone += 1
            self.settle(pending, pending.before, looked_up, answers)
        else:
            raise Broken(f"half done: {pending}\nseen {seen}\nneither of {outcomes}")

    def try_login(self, email, password):
        return login(self.client, SimpleNamespace(email=email, password=password))

    @staticmethod
    def expected(organization_id, face, found, logins):
        """The look-ups and logins that would be seen if face were in force."""
        names = {}
        for name in found:
            same = face is not None and name_key(name) == name_key(face.name)
            names[name] = (organization_id, face.name, face.email) if same else None
        answers = {}
        for key in logins:
            same = face is not None and key == (face.email, face.password)
            answers[key] = (organization_id, face.name) if same else None
        return names, answers

    def settle(self, pending, face, looked_up, answers):
        """Takes the outcome over into the model."""
        worker, organization = self.worker, pending.organization
        held = organization in worker.organizations
        if face is None:
            if held:
                worker.organizations.remove(organization)
                worker.deleted.append(organization)
            return
        new_password = pending.before is None or face.password != pending.before.password
        if new_password and organization.token:
            organization.dead_tokens.append(organization.token)
        if new_password or organization.token is None:
            organization.token = answers[face.email, face.password]["access_token"]
        collection = looked_up[face.name]["collection_name"]
        organization.face = type(face)(face.name, face.email, face.password, collection)
        if not held and organization is not worker.common:
            worker.organizations.append(organization)

    # ---- what was acknowledged ------------------------------------------------------------------

    def check_organization(self, organization):
        face = organization.face
        found = look_up(self.client, face.name)
        if found is None:
            raise Broken(f"{face} was acknowledged and is gone")
        wanted = {
            "id": organization.id,
            "organization_name": face.name,
            "admin_email": face.email,
            "collection_name": face.collection,
        }
        seen = {key: found[key] for key in wanted}
        if seen != wanted:
            raise Broken(f"acknowledged {wanted}, found {seen}")
        if organization.unchecked_login or organization.token is None:
            answer = login(self.client, face)
            if answer is None or answer["organization_id"] != organization.id:
                raise Broken(f"{face} can't log in any more: {answer}")
            organization.unchecked_login = False
            organization.token = organization.token or answer["access_token"]
        for token in organization.dead_tokens:
            self.refused(organization, token)
        organization.dead_tokens.clear()

    def check_deleted(self, organization):
        if login(self.client, organization.face):
            raise Broken(f"{organization.face} was deleted and logs in")
        if organization.token:
            self.refused(organization, organization.token)

    def refused(self, organization, token):
        status, _, body = self.client.call("GET", documents_path(organization), token=token)
        if status != 401:
            raise Broken(f"an ended token of {organization.face.name!r} got {status}: {body}")

    def check_documents(self, organization, documents, mine=None):
        found = list_documents(self.client, organization, self.random.choice((3, 50, 500)))
        if mine is not None:
            found = {key: value for key, value in found.items() if mine(key)}
        self.settle_document(organization, documents, found)
        wanted = {key: body for key, (body, _) in documents.items()}
        if found != wanted:
            lost = sorted(set(wanted) - set(found))
            extra = sorted(set(found) - set(wanted))
            changed = sorted(k for k in wanted.keys() & found.keys() if wanted[k] != found[k])
            raise Broken(
                f"documents of {organization.face.name!r}: lost {lost}, "
                f"not to be there {extra}, other than acknowledged {changed}"
            )
        for key in self.random.sample(sorted(documents), min(3, len(documents))):
            self.check_etag(organization, documents, key)

    def settle_document(self, organization, documents, found):
        pending = self.worker.pending
        if not isinstance(pending, PendingDocument) or pending.organization is not organization:
            return
        key = pending.document_id
        now = found.get(key)
        if now == pending.before:
            self.worker.totals.gone += 1
        elif now == pending.after:
            self.worker.totals.kept += 1
        else:
            raise Broken(f"{key!r} is neither as before nor as after: {now}; {pending}")
        if now is None:
            documents.pop(key, None)
        elif key not in documents or now != documents[key][0]:
            documents[key] = (now, None)

    def check_etag(self, organization, documents, key):
        status, headers, body = self.client.call(
            "GET", documents_path(organization, key), token=organization.token
        )
        known = documents[key][1]
        if status != 200 or (known is not None and headers["etag"] != known):
            raise Broken(f"{key!r} had the ETag {known}, now {status} {headers.get('etag')}")
        documents[key] = (body, headers["etag"])

    def check_common_documents(self):
        number = self.worker.number
        self.check_documents(
            self.worker.common,
            self.worker.common_documents,
            lambda key: key.startswith(f"w{number}/") or key == f"counter {number}",
        )


def check_readers(readers, workers):
    """Nothing that a read has shown may be taken back by the crash."""
    for reader in readers:
        for document_id, n in reader.seen_n.items():
            number = int(document_id.split()[1])
            now = workers[number].common_documents.get(document_id)
            if now is None or now[0]["n"] < n:
                raise Broken(f"{document_id!r} was read with n={n} and is now {now}")


def check_together(client, workers, readers, common):
    """What no worker can see alone: two organizations never share a collection."""
    found = look_up(client, common.face.name)
    if found is None or found["id"] != common.id:
        raise Broken(f"the common organization {common.face} is gone: {found}")
    for reader in readers:
        if found["updated_at"] < reader.seen_updated_at:
            raise Broken(f"updated_at was read as {reader.seen_updated_at}, now {found}")
    check_readers(readers, workers)
    collections = {}
    for organization in [common, *(o for worker in workers for o in worker.organizations)]:
        collection = organization.face.collection
        if collection in collections:
            raise Broken(f"{collection} belongs to {collections[collection]} and {organization.face}")
        collections[collection] = organization.face
