"""What the tests of seeds' databases share: an orgd on one, its clients, and the doctor."""

import json

import pytest

import helpers
import orgd
import seeds

# libmongoc counts in shared memory that a killed process leaves behind, and complains where it meets
# some.
ENVIRONMENT = {"JWT_SECRET": seeds.SECRET, "MONGOC_DISABLE_SHM": "1"}


@pytest.fixture
def opened(serve, database):
    """Starts orgd on the database, as the team that stopped the seed's program does."""

    def start(**options):
        server = serve(ENVIRONMENT, store=database.settings, start=False, **options)
        return server.start(timeout=60)

    return start


def log_in(server, email, password=seeds.PASSWORD):
    return helpers.log_in(server.client, email, password)


def token_of(server, email, password=seeds.PASSWORD):
    answer = log_in(server, email, password)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def list_documents(server, organization_id, token):
    path = f"/v1/organizations/{organization_id}/documents"
    return helpers.send(server.client, "GET", path, token=token)


def doctor(database, *words):
    return orgd.run("doctor", *words, environment={**ENVIRONMENT, **database.settings}, timeout=60)


def findings(database):
    """What the doctor finds, by code; its exit code fits."""
    report = doctor(database, "--json")
    assert report.stderr == ""
    found = json.loads(report.stdout)["findings"]
    assert report.returncode == (1 if found else 0)
    by_code = {}
    for finding in found:
        by_code.setdefault(finding["code"], []).append(finding)
    return by_code


def ids_in(finding):
    return [subject["id"] for subject in finding["subjects"]]
