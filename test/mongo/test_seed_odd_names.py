"""A seed's database whose names, slugs and collections break this program's rules: served as far as
they can be."""

import urllib.parse

import jwt
import pytest

import helpers
import seeds
from seed_server import findings, ids_in, list_documents, log_in, opened, token_of  # noqa: F401

LONG = "A very long name " * 9  # 153 characters
POEM = "Ode an die Freude: " + "Freude, schöner Götterfunken, " * 30  # 949 characters


def documents_of(server, organization, token):
    page = list_documents(server, organization, token)
    assert page.status_code == 200, page.text
    return [each["_id"] for each in page.json()["data"]]


@pytest.mark.parametrize(
    "name, collection, after",
    [
        (LONG, "org_long", "org_long"),
        (POEM, "org_ode", "org_ode"),
        (LONG, "org_" + "a" * 110, "org_" + "a" * 110),
        (LONG, "org_" + "a" * 130, "org_" + "a_very_long_name_" * 3 + "a_very_long_n"),
        ("Acme\tInc\n", "org_acme", "org_acme"),
        ("!?!", "org_!?!", "org_!?!"),
        ("Test Org", "org_Test Org", "org_Test Org"),
        ("Łódź", "org_Łódź", "org_Łódź"),
        ("Quoted", "org_Bob's \\ 50%", "org_Bob's \\ 50%"),
        ("Control", "org_con\ttrol", "org_control"),
        ("Hex", "org_0123456789abcdef01234567", "org_0123456789abcdef01234567"),
    ],
)
def test_an_organization_is_found_by_its_name_and_reached_by_its_slug(
    database, opened, name, collection, after
):
    organization = seeds.seed_001(database, name, collection_name=collection)
    database[collection].insert_one({"_id": "kept"})
    server = opened()
    found = helpers.get_org(server.client, name)
    assert found.status_code == 200, found.text
    body = found.json()
    assert body["organization_name"] == name
    assert body["admin_email"] == "admin@testorg.com"
    recorded = database.organizations.find_one({"_id": organization["_id"]})["collection_name"]
    assert body["collection_name"] == recorded == after
    assert body["slug"] == after.removeprefix("org_")
    token = token_of(server, "admin@testorg.com")
    assert jwt.decode(token, seeds.SECRET, algorithms=["HS256"])["org_name"] == name
    assert documents_of(server, body["id"], token) == ["kept"]
    if len(body["slug"]) != 24:  # which reads as an id
        assert documents_of(server, urllib.parse.quote(body["slug"]), token) == ["kept"]
    assert findings(database) == {}


@pytest.mark.parametrize("name", [LONG, "!?!", "Acme\tInc"])
def test_a_name_that_breaks_the_rules_names_its_organization_in_every_call(
    database, opened, name
):
    seeds.seed_001(database, name, collection_name="org_odd")
    seeds.seed_001(database, "Other", "other@x.com")
    server = opened()
    answer = server.client.post(
        "/admin/login",
        json={
            "email": "admin@testorg.com",
            "password": seeds.PASSWORD,
            "organization_name": name,
        },
    )
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    stranger = token_of(server, "other@x.com")
    kept = helpers.update(server.client, {"organization_name": name}, token)
    assert kept.status_code == 200 and kept.json()["organization_name"] == name, kept.text
    rename = {"organization_name": name, "new_organization_name": "Short"}
    assert helpers.update(server.client, rename, stranger).status_code == 403
    renamed = helpers.update(server.client, rename, token)
    assert renamed.status_code == 200, renamed.text
    assert renamed.json()["collection_name"] == "org_short"
    assert helpers.get_org(server.client, "Short").status_code == 200
    assert helpers.get_org(server.client, name).status_code == 422  # as any such name


def test_a_name_that_breaks_the_rules_is_nobodys_who_is_only_called_alike(database, opened):
    seeds.seed_001(database, "Acme Inc")
    server = opened()
    token = token_of(server, "admin@testorg.com")
    for name in ("Acme\tInc", "Acme\n\nInc", "Acme" + 100 * "\u200b" + " Inc"):
        assert helpers.get_org(server.client, name).status_code == 422
        rename = {"old_name": name, "new_name": "Short"}
        assert helpers.update(server.client, rename, token).status_code == 422
        answer = server.client.delete(
            "/org/delete",
            params={"organization_name": name},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 422
    assert helpers.get_org(server.client, "acme  inc").status_code == 200


def test_a_name_that_breaks_the_rules_deletes_its_organization(database, opened):
    seeds.seed_001(database, LONG)
    server = opened()
    token = token_of(server, "admin@testorg.com")
    answer = server.client.delete(
        "/org/delete",
        params={"organization_name": LONG},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    assert database.organizations.count_documents({}) == database.admins.count_documents({}) == 0


@pytest.mark.parametrize("name", ["\x01\x02", "Bell\x07", "   ", "\u200b", "B" * 2000])
def test_a_name_that_nothing_can_be_found_by_leaves_the_id_and_the_slug(database, opened, name):
    organization = seeds.seed_001(database, name, collection_name="org_odd")
    database.org_odd.insert_one({"_id": "kept"})
    server = opened()
    assert helpers.get_org(server.client, name).status_code == 422
    token = token_of(server, "admin@testorg.com")
    assert documents_of(server, organization["_id"], token) == ["kept"]
    assert documents_of(server, "odd", token) == ["kept"]
    (bad,) = findings(database)["bad_name"]
    assert ids_in(bad) == [str(organization["_id"])]
    answer = helpers.update(server.client, {"new_organization_name": "Readable"}, token)
    assert answer.status_code == 200, answer.text
    assert helpers.get_org(server.client, "Readable").json()["id"] == str(organization["_id"])
    assert findings(database) == {}


@pytest.mark.parametrize("missing", ["", None, 7])
def test_an_organization_without_a_name_is_called_by_its_collection(database, opened, missing):
    seeds.seed_001(database, "TestOrg", organization_name=missing)
    server = opened()
    name = "7" if missing == 7 else "testorg"
    assert helpers.get_org(server.client, name).json()["collection_name"] == "org_testorg"


def test_the_collection_in_an_answer_is_the_databases_until_a_rename(database, opened):
    one = seeds.seed_001(database, "Org-1", "one@x.com")
    seeds.seed_001(database, "Org_1", "other@x.com")
    odd = seeds.seed_001(database, "Odd", "odd@x.com", collection_name="org_Odd One")
    server = opened()
    shown = {n: helpers.get_org(server.client, n).json() for n in ("Org-1", "Org_1", "Odd")}
    for name, body in shown.items():
        recorded = database.organizations.find_one({"organization_name": name})
        assert body["collection_name"] == recorded["collection_name"]
    assert shown["Org_1"]["slug"] != "org_1"
    assert shown["Org_1"]["collection_name"] == one["collection_name"] == "org_org_1"
    token = token_of(server, "odd@x.com")
    answer = helpers.update(server.client, {"new_organization_name": "Even"}, token).json()
    recorded = database.organizations.find_one({"_id": odd["_id"]})
    assert answer["collection_name"] == recorded["collection_name"] == "org_even"
    token = token_of(server, "other@x.com")
    answer = helpers.update(server.client, {"new_organization_name": "Apart"}, token).json()
    assert (answer["slug"], answer["collection_name"]) == ("apart", "org_org_1")


def test_nobody_is_the_administrator_of_an_organization_without_one(database, opened):
    seeds.seed_001(database)
    database.organizations.insert_one({"organization_name": "Alone", "created_at": seeds.now()})
    gone = seeds.seed_001(database, "Left", "left@x.com")
    database.admins.delete_one({"_id": gone["admin_id"]})
    server = opened()
    for name in ("Alone", "Left"):
        body = helpers.get_org(server.client, name).json()
        assert body["admin_email"] is None and body["admin_id"] is None
    body = helpers.get_org(server.client, "TestOrg").json()
    assert body["admin_email"] == "admin@testorg.com" and len(body["admin_id"]) == 24
    assert len(findings(database)["no_administrator"]) == 2
