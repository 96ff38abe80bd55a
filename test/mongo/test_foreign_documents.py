"""Documents that other programs wrote, past the rules of the API: they are shown as they are, and
what a change makes of them keeps the rules. And what the server can't hold, said in our words."""

import orgd
import pytest
from helpers import MEBIBYTE, document, faults, problem, send, walk

LEVELS_MAX = 32
DEEP = [LEVELS_MAX + 1, 64, 65, 66, 100, 170]


@pytest.fixture
def collection(server, tenant, database_of):
    """The tenant's collection, as any program sees it."""
    return database_of(server)[tenant.body["collection_name"]]


def call(client, tenant, method, document_id, body=None):
    return send(client, method, document(tenant, document_id), body, tenant.token)


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"in": value}
    return value


# ---- deeper than a body may be -------------------------------------------------------------------


@pytest.mark.parametrize("levels", DEEP)
def test_deep_document__is_shown_as_it_is(client, tenant, collection, levels):
    whole = {"_id": "d", **nested(levels)}
    collection.insert_one(dict(whole))
    assert call(client, tenant, "GET", "d").json() == whole
    assert walk(client, tenant) == [whole]


@pytest.mark.parametrize("levels", DEEP)
def test_deep_document__stays_where_a_patch_would_leave_it_deep(client, tenant, collection, levels):
    whole = {"_id": "d", **nested(levels)}
    collection.insert_one(dict(whole))
    answer = call(client, tenant, "PATCH", "d", {"n": 1})
    assert list(faults(answer)) == [("body",)]
    assert str(LEVELS_MAX) in answer.json()["detail"]
    assert list(collection.find()) == [whole]


@pytest.mark.parametrize("levels", DEEP)
def test_deep_document__is_patched_to_one_within_the_rules(client, tenant, collection, levels):
    for deep in [None, nested(1), nested(LEVELS_MAX - 1)]:  # from some level on without the rest
        collection.replace_one({"_id": "d"}, {"deep": nested(levels), "n": 1}, upsert=True)
        answer = call(client, tenant, "PATCH", "d", {"deep": deep, "n": 2})
        assert answer.status_code == 200, answer.text
        left = {"deep": deep, "n": 2} if deep else {"n": 2}
        assert answer.json() == {"_id": "d", **left}
        assert list(collection.find()) == [answer.json()]


def test_document__of_as_many_levels_as_a_body_is_patched(client, tenant, collection):
    collection.insert_one({"_id": "d", **nested(LEVELS_MAX)})
    answer = call(client, tenant, "PATCH", "d", {"n": 1})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"_id": "d", **nested(LEVELS_MAX), "n": 1}


@pytest.mark.parametrize("levels", DEEP)
def test_deep_document__is_replaced_and_deleted(client, tenant, collection, levels):
    for document_id in "ab":
        collection.insert_one({"_id": document_id, **nested(levels)})
    assert call(client, tenant, "PUT", "a", {"n": 1}).status_code == 200
    assert call(client, tenant, "DELETE", "b").status_code == 204
    assert list(collection.find()) == [{"_id": "a", "n": 1}]


def test_deep_document__keeps_the_rules_after_a_move_to_the_embedded_store(
    serve, database_of, tmp_path
):
    source = serve()
    tenant = source.new_tenant()
    database = database_of(source)
    whole = {"_id": "d", "deep": nested(100), "n": 1}
    database[tenant.body["collection_name"]].insert_one(dict(whole))
    moved = orgd.run(
        "copy",
        *["--from", source.environment["MONGO_URL"], "--from-db", database.name],
        *["--to", str(tmp_path / "data")],
        timeout=60,
    )
    assert moved.returncode == 0, moved.stdout + moved.stderr
    server = serve(store={"ORGD_STORE": "sqlite", "ORGD_DATA": str(tmp_path / "data")})
    assert walk(server.client, tenant) == [whole]
    problem(call(server.client, tenant, "PATCH", "d", {"n": 2}), 422)
    assert call(server.client, tenant, "GET", "d").json() == whole
    answer = call(server.client, tenant, "PATCH", "d", {"deep": {"in": None}, "n": 2})
    assert answer.json() == {"_id": "d", "deep": {}, "n": 2}


# ---- larger than a body may be -------------------------------------------------------------------


@pytest.mark.parametrize("mebibytes", [2, 5, 15])
def test_large_document__is_shown_and_changed_within_the_rules(
    client, tenant, collection, mebibytes
):
    whole = {"_id": "d", "large": "x" * (mebibytes * MEBIBYTE), "n": 1}
    collection.insert_many([dict(whole), {"_id": "e"}])
    assert call(client, tenant, "GET", "d").json() == whole
    assert walk(client, tenant) == [whole, {"_id": "e"}]
    problem(call(client, tenant, "PATCH", "d", {"n": 2}), 413)
    assert collection.find_one({"_id": "d"}) == whole
    answer = call(client, tenant, "PATCH", "d", {"large": None, "n": 2})
    assert answer.json() == {"_id": "d", "n": 2}
    collection.replace_one({"_id": "d"}, dict(whole))
    assert call(client, tenant, "PUT", "d", {"n": 3}).status_code == 200
    collection.replace_one({"_id": "d"}, dict(whole))
    assert call(client, tenant, "DELETE", "d").status_code == 204
    assert list(collection.find()) == [{"_id": "e"}]


# ---- an _id that no client of ours can give ------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_page__goes_on_behind_an_empty_id(client, tenant, collection, limit):
    expected = [{"_id": document_id, "n": 1} for document_id in ["", "a", "b"]]
    collection.insert_many([dict(each) for each in expected])
    assert walk(client, tenant, limit) == expected


# ---- what the server can't hold ------------------------------------------------------------------


@pytest.fixture
def ferretdb(engine):
    if not engine.is_ferretdb:
        pytest.skip("about what FerretDB can't hold")


REFUSED = [
    ({"a": {"b.c": 1}}, "b.c"),
    ({"a": [{"$x": 1}]}, "$x"),
    ({"a": {"price": {"$numberDecimal": "1.10"}}}, "price"),
    ({"a": [[1]]}, "d"),
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("body, named", REFUSED)
def test_refusal__names_member_or_document_in_our_words(
    ferretdb, server, client, tenant, collection, method, body, named
):
    if method == "PATCH":
        collection.insert_one({"_id": "d"})
    before = list(collection.find())
    if method == "POST":
        answer = send(client, "POST", tenant.documents, {"_id": "d", **body}, tenant.token)
    else:
        answer = call(client, tenant, method, "d", body)
    assert list(faults(answer)) == [("body",)]
    told = [answer.json()["detail"], answer.json()["errors"][0]["msg"]]
    assert all(f'"{named}"' in each for each in told), told
    assert not any("mongodb" in each or "invalid" in each for each in told), told
    assert list(collection.find()) == before


def test_refusal__has_the_servers_words_in_the_log(ferretdb, serve):
    server = serve(environment={"ORGD_LOG_LEVEL": "debug"})
    tenant = server.new_tenant()
    problem(call(server.client, tenant, "PUT", "d", {"a": {"b.c": 1}}), 422)
    event = server.wait_event(msg="the server refuses a document")
    assert event["collection"] == tenant.body["collection_name"]
    assert event["document"] == "d"
    assert "key must not contain" in event["error"]
