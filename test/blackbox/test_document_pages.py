"""GET of a tenant's documents: order, pages, cursors and the count."""

import json

import pytest
from helpers import document, faults, send, walk
from orgd import unique


def listing(client, tenant, token=None, **query):
    return send(client, "GET", tenant.documents, token=token or tenant.token, params=query)


@pytest.fixture(scope="module")
def filled(server):
    """A tenant with 120 documents d000 to d119."""
    tenant = server.new_tenant()
    for number in range(120):
        body = {"_id": f"d{number:03}", "n": number}
        answer = send(server.client, "POST", tenant.documents, body, tenant.token)
        assert answer.status_code == 201
    return tenant


def test_page__of_an_empty_organization(client, tenant):
    answer = listing(client, tenant)
    assert answer.status_code == 200
    assert answer.json() == {"data": [], "next": None}
    assert listing(client, tenant, count="true").json() == {"data": [], "next": None, "count": 0}


def test_page__holds_50_unless_told(client, filled):
    page = listing(client, filled).json()
    assert [each["_id"] for each in page["data"]] == [f"d{n:03}" for n in range(50)]
    assert isinstance(page["next"], str)
    page = listing(client, filled, after=page["next"]).json()
    assert [each["n"] for each in page["data"]] == list(range(50, 100))


@pytest.mark.parametrize("limit", [1, 7, 60, 119, 120, 121, 500])
def test_page__walk_finds_each_once_with_any_limit(client, filled, limit):
    assert walk(client, filled, limit) == [{"_id": f"d{n:03}", "n": n} for n in range(120)]


def test_page__last_one_has_no_next(client, filled):
    assert listing(client, filled, limit=120).json()["next"] is None
    assert listing(client, filled, limit=119).json()["next"] is not None


@pytest.mark.parametrize("limit", ["0", "501", "-1", "", "abc", "1.5", "1e2", "99999999999999999999",
                                   "+5", " 5", "0x10", "٣"])
def test_page__limit_outside_1_to_500_is_422(client, tenant, limit):
    assert list(faults(listing(client, tenant, limit=limit))) == [("query", "limit")]


def test_page__all_wrong_members_are_told_at_once(client, tenant):
    found = faults(listing(client, tenant, limit="0", after="nonsense", count="perhaps"))
    assert {("query", "limit"), ("query", "after")} <= set(found)


def test_page__order_is_by_the_bytes_of_the_id(client, tenant):
    ids = ["a", "B", "aa", "a/", "a b", "Z", "z", "é", "e\u0301", "日", "😀", "\uffee", "10", "9", "_", "~",
           "-", " ", "A" * 128, "A" * 127, "0" * 24, "f" * 24, "a\u00a0"]
    for each in ids:
        assert send(client, "PUT", document(tenant, each), {}, tenant.token).status_code == 201
    made = [send(client, "POST", tenant.documents, {}, tenant.token).json()["_id"] for _ in range(3)]
    expected = sorted(ids + made, key=lambda each: each.encode())
    for limit in (1, 4, 500):
        assert [each["_id"] for each in walk(client, tenant, limit)] == expected


def test_count__is_exact_and_only_where_asked_for(client, filled, tenant):
    assert "count" not in listing(client, filled).json()
    assert "count" not in listing(client, filled, count="false").json()
    page = listing(client, filled, count="true", limit=10).json()
    assert page["count"] == 120
    assert listing(client, filled, count="true", after=page["next"]).json()["count"] == 120
    for number in range(5):
        send(client, "PUT", document(tenant, f"x{number}"), {}, tenant.token)
    send(client, "DELETE", document(tenant, "x2"), token=tenant.token)
    send(client, "DELETE", document(tenant, "x9"), token=tenant.token)
    send(client, "PUT", document(tenant, "x1"), {"again": 1}, tenant.token)
    assert listing(client, tenant, count="true").json()["count"] == 4


def test_head__of_the_list_answers_without_a_body(client, filled):
    answer = send(client, "HEAD", filled.documents, token=filled.token)
    assert answer.status_code == 200
    assert answer.content == b""


# ---- cursors -------------------------------------------------------------------------------------


def test_cursor__that_no_next_was_is_422(client, filled):
    cursor = listing(client, filled, limit=10).json()["next"]
    wrong = ["", "d009", "x", "null", "0", "/", "é", cursor + "A", cursor[:-1], cursor[1:], cursor * 2,
             cursor.swapcase(), cursor[::-1], "A" * len(cursor), "A" * 4000, "=" * 8]
    for value in wrong:
        assert list(faults(listing(client, filled, after=value))) == [("query", "after")], value


def test_cursor__with_any_byte_edited_is_422(client, filled):
    cursor = listing(client, filled, limit=10).json()["next"]
    for at, letter in enumerate(cursor):
        other = "B" if letter == "A" else "A"
        edited = cursor[:at] + other + cursor[at + 1:]
        assert listing(client, filled, after=edited).status_code == 422, (cursor, edited)


def test_cursor__of_another_tenant_is_422(server, client, filled):
    other = server.new_tenant()
    for number in range(12):
        send(client, "PUT", document(other, f"d{number:03}"), {}, other.token)
    theirs = listing(client, other, limit=10).json()["next"]
    assert list(faults(listing(client, filled, after=theirs))) == [("query", "after")]
    mine = listing(client, filled, limit=10).json()["next"]
    assert list(faults(listing(client, other, after=mine))) == [("query", "after")]


def test_cursor__goes_on_where_its_document_is_gone(client, tenant):
    for number in range(6):
        send(client, "PUT", document(tenant, f"d{number}"), {}, tenant.token)
    cursor = listing(client, tenant, limit=3).json()["next"]
    send(client, "DELETE", document(tenant, "d2"), token=tenant.token)
    send(client, "DELETE", document(tenant, "d3"), token=tenant.token)
    rest = listing(client, tenant, after=cursor).json()
    assert [each["_id"] for each in rest["data"]] == ["d4", "d5"]
    assert rest["next"] is None


def test_cursor__outlives_rename_and_restart(serve):
    server = serve()
    tenant = server.new_tenant()
    for number in range(6):
        send(server.client, "PUT", document(tenant, f"d{number}"), {}, tenant.token)
    cursor = listing(server.client, tenant, limit=3).json()["next"]
    send(server.client, "PUT", "/org/update", {"new_name": unique()}, tenant.token)
    server.restart()
    rest = listing(server.client, tenant, after=cursor).json()
    assert [each["_id"] for each in rest["data"]] == ["d3", "d4", "d5"]


def test_cursor__of_an_id_that_needs_escaping(client, tenant):
    ids = ["a&b=c", "é+ %", "日/?#", "\"\\", "x" * 128]
    for each in ids:
        send(client, "PUT", document(tenant, each), {}, tenant.token)
    found = [each["_id"] for each in walk(client, tenant, 1)]
    assert found == sorted(ids, key=lambda each: each.encode())


# ---- the page's size -----------------------------------------------------------------------------


def test_page__ends_early_at_16_mib_and_skips_nothing(client, tenant):
    pad = "x" * 1_000_000
    for number in range(18):
        answer = send(client, "PUT", document(tenant, f"d{number:02}"), {"p": pad}, tenant.token)
        assert answer.status_code == 201
    answer = listing(client, tenant, limit=500, count="true")
    page = answer.json()
    assert len(answer.content) <= 16 * 1024 * 1024 + 65536
    assert 14 <= len(page["data"]) < 18
    assert page["count"] == 18
    rest = listing(client, tenant, limit=500, after=page["next"]).json()
    assert rest["next"] is None
    found = [each["_id"] for each in page["data"] + rest["data"]]
    assert found == [f"d{number:02}" for number in range(18)]
    assert all(each["p"] == pad for each in page["data"])


def test_page__repeated_reads_are_the_same_bytes(client, filled):
    first = listing(client, filled, limit=100)
    assert listing(client, filled, limit=100).content == first.content
    assert json.loads(first.content)["data"][0] == {"_id": "d000", "n": 0}
