"""`orgd doctor` on MongoDB: what it finds, and that it changes nothing."""

import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

from bson import ObjectId

import helpers
import orgd
import seeds
from seed_server import (  # noqa: F401
    ENVIRONMENT,
    doctor,
    findings,
    ids_in,
    list_documents,
    opened,
    token_of,
)


def test_the_doctor_judges_a_database_before_its_first_start_and_changes_nothing(database, opened):
    seeds.many(database, 40)
    before = seeds.dump(database)
    early = findings(database)
    assert seeds.dump(database) == before
    assert early.pop("not_in_shape")
    opened()
    late = findings(database)
    assert set(early) == set(late)
    assert {code: sorted(map(ids_in, f)) for code, f in early.items()} == {
        code: sorted(map(ids_in, f)) for code, f in late.items()
    }


def test_the_doctor_finds_nothing_in_what_orgd_wrote(database, opened):
    server = opened()
    tenant = server.new_tenant()
    helpers.send(server.client, "POST", tenant.documents, {"n": 1}, tenant.token)
    report = doctor(database)
    assert report.returncode == 0, report.stdout
    assert report.stdout.startswith("All is well: 1 organizations, 1 accounts")


def test_the_doctor_takes_nobodys_work_for_a_finding(database, opened):
    for n in range(150):  # so that a look takes its time
        seeds.seed_001(database, f"Old {n}", f"old{n}@x.com")
    server = opened()
    ended = threading.Event()

    def make_rename_and_delete():
        with server.new_client() as client:
            while not ended.is_set():
                tenant = server.new_tenant()
                helpers.update(client, {"new_organization_name": orgd.unique()}, tenant.token)
                client.delete("/org/delete", headers=tenant.headers)

    with ThreadPoolExecutor(3) as pool:
        workers = [pool.submit(make_rename_and_delete) for _ in range(3)]
        try:
            for _ in range(8):
                report = doctor(database)
                assert report.returncode == 0, report.stdout
        finally:
            ended.set()
    for worker in workers:
        worker.result()


def test_the_doctor_names_what_is_nobodys(database, opened):
    opened().stop()
    database.org_left_behind.insert_one({"_id": 1})
    lonely = database.admins.insert_one(
        {"email": "a@b.com", "password": seeds.BCRYPT, "email_key": "a@b.com"}
    ).inserted_id
    membership = database.memberships.insert_one(
        {"organization_id": ObjectId(), "admin_id": lonely, "role": "admin"}
    )
    found = findings(database)
    assert ids_in(found["nobodys_collection"][0]) == ["org_left_behind"]
    assert ids_in(found["idle_account"][0]) == [str(lonely)]
    assert ids_in(found["loose_membership"][0])[1] == str(lonely)
    assert membership.acknowledged and len(found) == 3


def test_the_doctor_names_documents_that_the_api_cannot_show(database, opened):
    organization = seeds.seed_001(database)
    database.org_testorg.insert_many([{"_id": 5}, {"_id": {"a": 1}}, {"_id": "good"}, {"n": 1}])
    server = opened()
    page = list_documents(server, organization["_id"], token_of(server, "admin@testorg.com"))
    assert len(page.json()["data"]) == 2
    (unusable,) = findings(database)["unusable_document_ids"]
    assert unusable["what"].startswith("2 of its documents")
    assert ids_in(unusable) == [str(organization["_id"])]


def test_the_doctor_tells_of_a_change_that_nobody_finishes(database, opened):
    seeds.seed_001(database)
    opened().stop()
    owner = ObjectId()
    database.organizations.update_one(
        {},
        {
            "$set": {
                "status": "updating",
                "change": {"owner": owner, "at": datetime.datetime(2024, 1, 1)},
            }
        },
    )
    (unfinished,) = findings(database)["unfinished_change"]
    assert str(owner) in unfinished["what"]


def test_a_double_key_stops_the_start_and_is_named(database, serve):
    server = serve(ENVIRONMENT, store=database.settings)
    one, other = server.create_org(), server.create_org()
    server.stop()
    database.organizations.drop_index("name_key_1")
    database.organizations.update_many({}, {"$set": {"name_key": "twice"}})
    failed = orgd.run("serve", environment={**server.environment, **database.settings}, timeout=60)
    assert failed.returncode == 1
    reason = [line for line in failed.stderr.splitlines() if "cannot serve" in line][0]
    assert "name_key_1" in reason and "twice" in reason
    assert one.id in reason and other.id in reason
    (broken,) = findings(database)["index_broken_by_data"]
    assert "twice" in broken["what"]


def test_a_missing_index_is_made_by_the_next_start(database, serve):
    server = serve(ENVIRONMENT, store=database.settings)
    server.stop()
    database.admins.drop_index("email_key_1")
    database.memberships.create_index("role", unique=True)
    found = findings(database)
    assert ids_in(found["missing_index"][0]) == ["admins.email_key_1"]
    assert ids_in(found["alien_index"][0]) == ["memberships.role_1"]
    server.start()
    assert database.admins.index_information()["email_key_1"]["unique"]


def test_the_doctor_of_no_server_says_why_it_cannot_look(database):
    url = "mongodb://user:secretword@127.0.0.1:9/?serverSelectionTimeoutMS=500"
    settings = {**ENVIRONMENT, **database.settings, "MONGO_URL": url}
    report = orgd.run("doctor", environment=settings, timeout=60)
    assert report.returncode == 1
    assert report.stdout == ""
    assert report.stderr.startswith("orgd: cannot look through the store: ")
    assert "secretword" not in report.stderr
