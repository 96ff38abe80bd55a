"""What in a seed's database nobody but an operator can decide: the rest works, the doctor names it,
and what the doctor advises helps."""

import helpers
import orgd
import seeds
from seed_server import findings, ids_in, list_documents, log_in, opened, token_of  # noqa: F401


def test_a_shared_collection_is_closed_until_it_is_decided_whose_it_is(database, opened):
    one = seeds.seed_001(database, "Org-1", "one@x.com")
    other = seeds.seed_001(database, "Org_1", "other@x.com")
    assert one["collection_name"] == other["collection_name"] == "org_org_1"
    database.org_org_1.insert_many([{"_id": "ones"}, {"_id": "others"}])
    server = opened()
    tokens = [token_of(server, "one@x.com"), token_of(server, "other@x.com")]
    for organization, token in zip((one, other), tokens):
        assert list_documents(server, organization["_id"], token).status_code == 403
        path = f"/v1/organizations/{organization['_id']}/documents"
        assert helpers.send(server.client, "POST", path, {"n": 1}, token).status_code == 403
    names = [helpers.get_org(server.client, n).json() for n in ("Org-1", "Org_1")]
    assert names[0]["slug"] == "org_1"
    assert names[1]["slug"] == f"org_1_{str(other['_id'])[-6:]}"
    (shared,) = findings(database)["shared_collection"]
    assert ids_in(shared) == [str(one["_id"]), str(other["_id"])]

    # As the doctor advises.
    server.stop()
    own = f"org_{names[1]['slug']}"
    assert any(own in line for line in shared["todo"])
    database.create_collection(own)
    database[own].insert_one(database.org_org_1.find_one({"_id": "others"}))
    database.org_org_1.delete_one({"_id": "others"})
    database.organizations.update_one({"_id": other["_id"]}, {"$set": {"collection_name": own}})
    assert set(findings(database)) == {"collection_was_shared"}
    server.start()
    for organization, token, document in zip((one, other), tokens, ("ones", "others")):
        page = list_documents(server, organization["_id"], token)
        assert [d["_id"] for d in page.json()["data"]] == [document]
    assert database.organizations.find_one({"collection_shared": {"$exists": True}}) is None
    assert findings(database) == {}


def test_one_of_two_that_share_a_collection_can_go_and_leaves_the_documents(database, opened):
    one = seeds.seed_001(database, "Org-1", "one@x.com")
    seeds.seed_001(database, "Org_1", "other@x.com")
    database.org_org_1.insert_one({"_id": "kept"})
    server = opened()
    headers = orgd.bearer(token_of(server, "other@x.com"))
    assert server.client.delete("/org/delete", headers=headers).status_code == 200
    assert database.org_org_1.count_documents({}) == 1
    server.restart()
    token = token_of(server, "one@x.com")
    page = list_documents(server, one["_id"], token)
    assert [d["_id"] for d in page.json()["data"]] == ["kept"]


def test_a_rename_of_one_that_shares_moves_nobodys_documents(database, opened):
    seeds.seed_001(database, "Org-1", "one@x.com")
    seeds.seed_001(database, "Org_1", "other@x.com")
    database.org_org_1.insert_one({"_id": "kept"})
    server = opened()
    token = token_of(server, "one@x.com")
    answer = helpers.update(server.client, {"new_organization_name": "Another"}, token)
    assert answer.status_code == 200
    assert list(database.org_org_1.find()) == [{"_id": "kept"}]
    token = token_of(server, "other@x.com")
    other = helpers.get_org(server.client, "Org_1").json()
    assert list_documents(server, other["id"], token).status_code == 403


def test_of_two_organizations_with_one_name_the_older_one_keeps_it(database, opened):
    first = seeds.seed_001(database, "Acme", "one@x.com")
    second = seeds.seed_001(database, "ACME", "other@x.com", collection_name="org_acme2")
    server = opened()
    assert helpers.get_org(server.client, "acme").json()["id"] == str(first["_id"])
    token = token_of(server, "other@x.com")
    assert list_documents(server, "acme2", token).status_code == 200
    assert list_documents(server, second["_id"], token).status_code == 200
    (double,) = findings(database)["double_name"]
    assert ids_in(double) == [str(second["_id"]), str(first["_id"])]
    answer = helpers.update(server.client, {"new_organization_name": "Acme Two"}, token)
    assert answer.status_code == 200
    assert helpers.get_org(server.client, "Acme Two").json()["id"] == str(second["_id"])
    assert findings(database) == {}


def test_of_two_accounts_with_one_address_the_older_one_logs_in(database, opened):
    first = seeds.seed_001(database, "One", "admin@x.com")
    second = seeds.seed_001(database, "Two", "Admin@X.com", seeds.BCRYPT)
    server = opened()
    assert log_in(server, "admin@x.com").json()["organization_name"] == "One"
    (double,) = findings(database)["double_address"]
    assert ids_in(double) == [str(second["admin_id"]), str(first["admin_id"])]
    token = seeds.token(second["_id"], second["admin_id"], "Two")
    assert list_documents(server, second["_id"], token).status_code == 200
    answer = helpers.update(server.client, {"email": "two@x.com"}, token)
    assert answer.status_code == 200, answer.text
    assert log_in(server, "two@x.com").json()["organization_name"] == "Two"
    assert findings(database) == {}


def test_a_second_address_changed_by_hand_is_taken_over_at_the_next_start(database, opened):
    seeds.seed_001(database, "One", "admin@x.com")
    second = seeds.seed_001(database, "Two", "admin@x.com")
    server = opened()
    (double,) = findings(database)["double_address"]
    assert any("$unset: {email_key" in line for line in double["todo"])
    database.admins.update_one(
        {"_id": second["admin_id"]}, {"$set": {"email": "two@x.com"}, "$unset": {"email_key": ""}}
    )
    server.restart()
    assert log_in(server, "two@x.com").json()["organization_name"] == "Two"
    assert findings(database) == {}


def test_an_organization_without_an_administrator_is_there_and_can_get_one(database, opened):
    organization = seeds.seed_001(database)
    database.admins.delete_many({})
    server = opened()
    answer = helpers.get_org(server.client, "TestOrg")
    assert answer.status_code == 200, answer.text
    helpers.refused(log_in(server, "admin@testorg.com"), 401, "Invalid credentials")
    (unled,) = findings(database)["no_administrator"]
    assert ids_in(unled) == [str(organization["_id"])]
    made = database.admins.insert_one(
        {"email": "new@x.com", "password": seeds.PBKDF2, "organization_id": organization["_id"]}
    )
    database.organizations.update_one({}, {"$set": {"admin_id": made.inserted_id}})
    server.restart()
    assert log_in(server, "new@x.com").status_code == 200
    assert helpers.get_org(server.client, "TestOrg").json()["admin_email"] == "new@x.com"
    assert findings(database) == {}
