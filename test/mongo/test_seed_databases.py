"""A database that a seed's program wrote opens in place: its clients go on, and mongosh shows what
the seeds' READMEs and the contract's section 7 say."""

import datetime
import random
import signal
import time

import pytest
from bson import Binary, ObjectId

import helpers
import orgd
import seeds
from seed_server import (  # noqa: F401
    ENVIRONMENT,
    findings,
    list_documents,
    log_in,
    opened,
    token_of,
)

ARGON2 = "$argon2id$"
SECTION_7 = {
    "organizations": {
        "_id", "organization_name", "collection_name", "admin_id", "created_at",
        "name_key", "slug", "status", "updated_at", "version",
    },
    "admins": {"_id", "email", "password", "created_at", "email_key", "updated_at"},
    "memberships": {"_id", "organization_id", "admin_id", "role"},
}  # fmt: skip


# The two seeds' programs, as their READMEs tell


def test_seed_001__its_readmes_flow_goes_on_with_its_data(database, opened):
    organization = seeds.seed_001(database)
    database.org_testorg.insert_many(seeds.DOCUMENTS)
    server = opened()
    answer = helpers.get_org(server.client, "TestOrg").json()
    assert answer["organization_name"] == "TestOrg"
    assert answer["collection_name"] == "org_testorg"
    assert answer["admin_email"] == "admin@testorg.com"
    assert answer["id"] == str(organization["_id"])
    assert answer["admin_id"] == str(organization["admin_id"])
    token = token_of(server, "admin@testorg.com")
    shown = list_documents(server, answer["id"], token).json()["data"]
    assert {document["_id"] for document in shown} == {str(d["_id"]) for d in seeds.DOCUMENTS}
    deleted = server.client.delete(
        "/org/delete?organization_name=TestOrg",
        headers={"Authorization": f"Bearer {token}", "x-admin-email": "admin@testorg.com"},
    )
    assert deleted.status_code == 200
    assert deleted.json()["detail"] == "deleted"
    assert database.organizations.find_one({"organization_name": "TestOrg"}) is None
    assert database.admins.find_one({"email": "admin@testorg.com"}) is None
    assert "org_testorg" not in database.list_collection_names()


def test_seed_001__a_rename_keeps_the_documents_that_it_wrote(database, opened):
    seeds.seed_001(database)
    database.org_testorg.insert_many(seeds.DOCUMENTS)
    server = opened()
    body = {
        "organization_name": "TestOrg",
        "new_organization_name": "TestOrgNew",
        "email": "admin@testorg.com",
        "password": seeds.PASSWORD,
    }
    assert helpers.update(server.client, body).status_code == 200
    assert list(database.org_testorgnew.find(sort=[("_id", 1)])) == sorted(
        seeds.DOCUMENTS, key=lambda d: (isinstance(d["_id"], ObjectId), str(d["_id"]))
    )
    assert "org_testorg" not in database.list_collection_names()


def test_seed_000__its_members_move_to_where_section_7_has_them(database, opened):
    organization = seeds.seed_000(database)
    admin = database.admin_users.find_one()
    server = opened()
    token_of(server, "owner@acme.com")
    found = database.organizations.find_one({"organization_name": "Acme Inc"})
    assert set(found) == SECTION_7["organizations"]
    assert found["_id"] == organization["_id"]
    assert found["collection_name"] == "org_acme_inc"
    assert found["admin_id"] == admin["_id"]
    assert found["created_at"] == datetime.datetime.fromisoformat(
        organization["createdAt"]
    ).replace(microsecond=found["created_at"].microsecond)
    account = database.admins.find_one({"email": "owner@acme.com"})
    assert account["_id"] == admin["_id"]
    assert account["created_at"] == admin["createdAt"]
    assert SECTION_7["admins"] <= set(account)
    assert account["is_active"] is True
    assert not {"hashed_password", "createdAt"} & set(account)
    assert database.admin_users.count_documents({}) == 0
    (membership,) = database.memberships.find()
    assert set(membership) == SECTION_7["memberships"]
    assert membership["organization_id"] == organization["_id"]
    assert membership["admin_id"] == admin["_id"]


def test_a_token_of_a_seeds_program_is_good(database, opened):
    one = seeds.seed_001(database)
    other = seeds.seed_000(database)
    server = opened()
    for organization, admin_id, name in (
        (one, one["admin_id"], "TestOrg"),
        (other, other["admin_user_id"], "Acme Inc"),
    ):
        token = seeds.token(organization["_id"], admin_id, name)
        assert list_documents(server, organization["_id"], token).status_code == 200
        stale = seeds.token(organization["_id"], admin_id, name, minutes=-1)
        assert list_documents(server, organization["_id"], stale).status_code == 401


# One thing at a time


@pytest.mark.parametrize(
    "member", ["password", "hashed_password", "password_hash", "admin_password"]
)
@pytest.mark.parametrize("made", [str, lambda text: Binary(text.encode())], ids=["text", "binary"])
@pytest.mark.parametrize("hash", [seeds.PBKDF2, seeds.BCRYPT], ids=["pbkdf2", "bcrypt"])
def test_a_hash_logs_in_is_renewed_and_leaves_no_copy(database, opened, member, made, hash):
    admin_id = database.admins.insert_one({"email": "a@b.com", member: made(hash)}).inserted_id
    database.organizations.insert_one({"organization_name": "TestOrg", "admin_id": admin_id})
    server = opened()
    assert log_in(server, "a@b.com", "Test12345").status_code == 401
    assert database.admins.find_one()["password"] == hash
    assert log_in(server, "A@B.com").status_code == 200
    account = database.admins.find_one()
    assert account["password"].startswith(ARGON2)
    assert set(account) - {"version", "changed_by", "password_version"} == SECTION_7["admins"]
    assert log_in(server, "a@b.com").status_code == 200


@pytest.mark.parametrize(
    "refer",
    [
        lambda admin_id: {"admin_id": admin_id},
        lambda admin_id: {"admin_id": str(admin_id)},
        lambda admin_id: {"admin_user_id": admin_id},
        lambda admin_id: {"admin_user_id": str(admin_id)},
        lambda admin_id: {"admin": admin_id},
        lambda admin_id: {"admin_email": "a@b.com"},
    ],
    ids=["id", "id-text", "user-id", "user-id-text", "admin", "address"],
)
@pytest.mark.parametrize("place", ["admins", "admin_users"])
def test_an_organization_finds_its_administrator(database, opened, refer, place):
    admin_id = ObjectId()
    database[place].insert_one({"_id": admin_id, "email": "a@b.com", "password": seeds.BCRYPT})
    database.organizations.insert_one({"organization_name": "TestOrg", **refer(admin_id)})
    server = opened()
    answer = log_in(server, "a@b.com").json()
    assert answer["admin_id"] == str(admin_id)
    assert answer["organization_name"] == "TestOrg"
    assert database.organizations.find_one()["admin_id"] == admin_id


@pytest.mark.parametrize(
    "refer",
    [
        lambda organization: {"organization_id": organization["_id"]},
        lambda organization: {"org_id": str(organization["_id"])},
        lambda organization: {"organization": "TestOrg"},
        lambda organization: {"organization_name": "TestOrg"},
    ],
    ids=["id", "id-text", "organization", "name"],
)
def test_an_administrator_finds_its_organization(database, opened, refer):
    organization = {"_id": ObjectId(), "organization_name": "TestOrg"}
    database.organizations.insert_one(organization)
    database.admins.insert_one(
        {"email": "a@b.com", "password": seeds.BCRYPT, **refer(organization)}
    )
    answer = log_in(opened(), "a@b.com").json()
    assert answer["organization_id"] == str(organization["_id"])


@pytest.mark.parametrize(
    "inside",
    [
        {"admin": {"email": "a@b.com", "password": seeds.BCRYPT, "phone": "555"}},
        {"admin": {"email": "a@b.com", "hashed_password": Binary(seeds.BCRYPT.encode())}},
        {"admin_email": "a@b.com", "admin_password": seeds.PBKDF2},
        {"email": "a@b.com", "password_hash": seeds.BCRYPT},
        {"admins": [{"email": "a@b.com", "password": seeds.BCRYPT}]},
    ],
    ids=["sub-document", "binary", "flat", "flat-email", "array"],
)
def test_an_administrator_inside_its_organization_becomes_an_account(database, opened, inside):
    database.organizations.insert_one({"organization_name": "TestOrg", **inside})
    server = opened()
    answer = log_in(server, "a@b.com").json()
    organization = database.organizations.find_one()
    account = database.admins.find_one({"email": "a@b.com"})
    assert set(organization) == SECTION_7["organizations"]  # above all: no hash is left in it
    assert organization["admin_id"] == account["_id"] == ObjectId(answer["admin_id"])
    assert account["password"].startswith(ARGON2)
    if "phone" in inside.get("admin", {}):
        assert account["phone"] == "555"


@pytest.mark.parametrize(
    "written, meant",
    [
        (datetime.datetime(2024, 1, 2, 3, 4, 5, 678000), "2024-01-02T03:04:05.678Z"),
        ("2024-01-02T03:04:05.678901", "2024-01-02T03:04:05.678Z"),
        ("2024-01-02 03:04:05", "2024-01-02T03:04:05.000Z"),
        ("2024-01-02T05:04:05+02:00", "2024-01-02T03:04:05.000Z"),
        (1704164645.678, "2024-01-02T03:04:05.678Z"),
        (None, "2024-01-11T14:36:32.000Z"),
    ],
    ids=["date", "text", "spaced", "zone", "number", "none"],
)
@pytest.mark.parametrize("member", ["created_at", "createdAt"])
def test_a_time_in_any_form_is_a_date_afterwards(database, opened, written, meant, member):
    organization = {"_id": ObjectId("659ffcf00000000000000001"), "organization_name": "TestOrg"}
    if written is not None:
        organization[member] = written
    database.organizations.insert_one(organization)
    answer = helpers.get_org(opened().client, "TestOrg").json()
    assert answer["created_at"] == answer["updated_at"] == meant
    found = database.organizations.find_one()
    assert isinstance(found["created_at"], datetime.datetime)
    assert "createdAt" not in found


@pytest.mark.parametrize(
    "name, recorded, there, after",
    [
        ("Test Org", "org_testorg", "org_testorg", "org_testorg"),
        ("Test Org", "org_Test Org", "org_Test Org", "org_Test Org"),
        ("Test Org", None, "org_test_org", "org_test_org"),
        ("Test Org", None, "org_Test Org", "org_Test Org"),
        ("Test Org", None, "org_test-org", "org_test-org"),
        ("Test Org", "tenant7", "tenant7", "org_test_org"),
        ("Test Org", "tenant7", "org_tenant7", "org_tenant7"),
        ("Test Org", None, None, "org_test_org"),
    ],
)
def test_an_organization_keeps_its_collection(database, opened, name, recorded, there, after):
    organization = seeds.seed_001(database, name, collection_name="org_set_aside")
    database.org_set_aside.drop()
    update = {"$set": {"collection": recorded}} if recorded else {}
    update["$unset"] = {"collection_name": 1}
    database.organizations.update_one({}, update)
    if there:
        database[there].insert_many(seeds.DOCUMENTS)
    server = opened()
    answer = helpers.get_org(server.client, name).json()
    assert answer["collection_name"] == after
    assert answer["slug"] == after.removeprefix("org_")
    tenants = [n for n in database.list_collection_names() if n.startswith(("org_", "tenant"))]
    assert tenants == [after]
    kept = {repr(sorted(d.items())) for d in database[after].find()}
    assert kept == ({repr(sorted(d.items())) for d in seeds.DOCUMENTS} if there else set())
    token = token_of(server, "admin@testorg.com")
    path = f"/v1/organizations/{answer['slug']}/documents/text"
    found = helpers.send(server.client, "GET", path, token=token)
    assert found.status_code == (200 if there else 404)
    assert list_documents(server, organization["_id"], token).status_code == 200


def test_ids_of_other_types_become_object_ids(database, opened):
    admin_id, organization_id = seeds.uuid_text(), seeds.uuid_text()
    database.admins.insert_one({"_id": admin_id, "email": "a@b.com", "password": seeds.BCRYPT})
    database.admins.insert_one({"_id": 7, "email": "c@d.com", "password": seeds.BCRYPT})
    database.organizations.insert_many(
        [
            {"_id": organization_id, "organization_name": "One", "admin_id": admin_id},
            {"_id": 2, "organization_name": "Two", "admin_id": 7},
        ]
    )
    server = opened()
    assert log_in(server, "a@b.com").json()["organization_name"] == "One"
    assert log_in(server, "c@d.com").json()["organization_name"] == "Two"
    one = database.organizations.find_one({"organization_name": "One"})
    assert one["former_id"] == organization_id
    assert all(isinstance(d["_id"], ObjectId) for d in database.organizations.find())
    assert database.admins.count_documents({}) == database.organizations.count_documents({}) == 2


def test_what_orgd_does_not_know_stays(database, opened):
    unknown = {"plan": {"name": "gold", "until": seeds.now()}, "tags": ["a", 1], "status": "trial"}
    seeds.seed_001(database, **unknown)
    database.audit.insert_one({"_id": 1, "what": "logged in"})
    database["org_testorg"].create_index("n")
    opened()
    found = database.organizations.find_one()
    assert found["plan"] == unknown["plan"]
    assert found["tags"] == unknown["tags"]
    assert found["status"] == "active"
    assert found["status_before"] == "trial"
    assert list(database.audit.find()) == [{"_id": 1, "what": "logged in"}]
    assert "n_1" in database["org_testorg"].index_information()


def test_unique_indexes_of_the_seeds_program_are_in_nobodys_way(database, opened):
    database.organizations.create_index("name", unique=True)
    database.organizations.create_index("slug")
    database.admin_users.create_index("email", unique=True)
    database.admins.create_index("email", unique=True)
    for n in range(3):
        seeds.seed_000(database, f"Acme {n}", f"a{n}@acme.com")
    server = opened()
    for n in range(3):
        token_of(server, f"a{n}@acme.com")
        server.create_org()
    assert database.organizations.index_information()["slug_1"]["unique"]
    assert findings(database) == {}


# How it is done


def test_a_second_start_changes_nothing(database, opened):
    seeds.many(database, 40)
    server = opened()
    before = seeds.dump(database)
    server.restart()
    assert seeds.dump(database) == before
    assert "bringing" not in server.log_text(len(server.log) - 5)


@pytest.mark.timeout(600)
def test_a_migration_that_is_killed_anywhere_goes_on_to_the_same_end(
    serve, database, opened, store_settings, engine
):
    count = 200
    seeds.many(database, count)
    begun = time.monotonic()
    opened().stop()
    whole = time.monotonic() - begun
    expected = seeds.dump(database)
    chance = random.Random(count)
    for _ in range(6):
        settings = store_settings()
        other = engine.client[settings["MONGO_DB"]]
        seeds.many(other, count)
        server = serve(ENVIRONMENT, store=settings, start=False)
        for _ in range(chance.randrange(1, 4)):
            _start_and_kill(server, chance.uniform(0.02, whole))
        server.start(timeout=60)
        server.stop()
        assert seeds.dump(other) == expected


def _start_and_kill(server, seconds):
    """Starts it without waiting, and kills it so much later."""
    process = orgd.subprocess.Popen(
        [str(orgd.BINARY), "serve"],
        env=orgd.clean_environment(server.environment),
        stderr=orgd.subprocess.DEVNULL,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def test_two_instances_that_start_at_once_make_one_thing_of_it(
    serve, database, opened, store_settings, engine
):
    seeds.many(database, 60)
    opened().stop()
    expected = seeds.dump(database)
    settings = store_settings()
    seeds.many(engine.client[settings["MONGO_DB"]], 60)
    pair = [serve(ENVIRONMENT, store=settings, start=False) for _ in range(2)]
    helpers.together([lambda each=each: each.start(timeout=60) for each in pair])
    assert seeds.dump(engine.client[settings["MONGO_DB"]]) == expected


def test_every_administrator_of_a_large_mixture_logs_in(database, opened):
    seeds.many(database, 60)
    server = opened()
    unable = {subject["id"] for f in findings(database).get("double_address", [])
              for subject in f["subjects"][:1]}  # fmt: skip
    for account in database.admins.find():
        if str(account["_id"]) not in unable:
            assert log_in(server, account["email"]).status_code == 200, account
    for organization in database.organizations.find():
        assert SECTION_7["organizations"] <= set(organization)
        assert isinstance(organization["created_at"], datetime.datetime)
