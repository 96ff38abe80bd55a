"""The tenant's own data: making, reading, replacing, patching and removing documents."""

import json
import urllib.parse

import pytest
from helpers import ID, MEBIBYTE, document, faults, problem, send, together
from orgd import request_bytes, unique


def call(client, tenant, method, path, body=None, **headers):
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    return send(client, method, path, body, tenant.token, names)


@pytest.fixture
def put(client, tenant):
    """Stores a document that must be stored; gives its ETag."""

    def store(document_id, body, expected=201):
        answer = call(client, tenant, "PUT", document(tenant, document_id), body)
        assert answer.status_code == expected, answer.text
        return answer.headers["ETag"]

    return store


# ---- POST ----------------------------------------------------------------------------------------


def test_post__makes_an_id_and_tells_where_the_document_is(client, tenant):
    answer = call(client, tenant, "POST", tenant.documents, {"b": 1, "a": [True, None, "x"]})
    assert answer.status_code == 201
    body = answer.json()
    assert ID.fullmatch(body["_id"])
    assert list(body.items()) == [("_id", body["_id"]), ("b", 1), ("a", [True, None, "x"])]
    where = answer.headers["Location"]
    assert urllib.parse.urlsplit(where).path.endswith("/documents/" + body["_id"])
    found = call(client, tenant, "GET", where)
    assert found.status_code == 200
    assert found.json() == body
    assert found.headers["ETag"] == answer.headers["ETag"]


def test_post__takes_the_id_that_is_given(client, tenant):
    answer = call(client, tenant, "POST", tenant.documents, {"x": 1, "_id": "a/b c"})
    assert answer.status_code == 201
    assert answer.json() == {"_id": "a/b c", "x": 1}
    assert answer.headers["Location"].endswith("/a%2Fb%20c")
    assert call(client, tenant, "GET", answer.headers["Location"]).json() == answer.json()


def test_post__existing_id_is_409_and_changes_nothing(client, tenant, put):
    put("taken", {"n": 1})
    answer = call(client, tenant, "POST", tenant.documents, {"_id": "taken", "n": 2})
    problem(answer, 409, "document_exists")
    assert call(client, tenant, "GET", document(tenant, "taken")).json() == {"_id": "taken", "n": 1}


def test_post__of_16_at_once_with_one_id_one_is_made(server, tenant):
    with server.new_client() as client:
        answers = together([
            lambda n=n: call(client, tenant, "POST", tenant.documents, {"_id": "one", "n": n})
            for n in range(16)
        ])
        won = [answer for answer in answers if answer.status_code == 201]
        assert len(won) == 1
        assert sorted({answer.status_code for answer in answers}) == [201, 409]
        assert call(client, tenant, "GET", document(tenant, "one")).json() == won[0].json()


def test_post__by_slug_is_the_same_place(client, tenant):
    path = f"/v1/organizations/{tenant.slug}/documents"
    made = call(client, tenant, "POST", path, {"_id": "s"})
    assert made.status_code == 201
    assert call(client, tenant, "GET", made.headers["Location"]).status_code == 200
    assert call(client, tenant, "GET", document(tenant, "s")).json() == {"_id": "s"}


def test_post__empty_object_is_a_document(client, tenant):
    answer = call(client, tenant, "POST", tenant.documents, {})
    assert answer.status_code == 201
    assert list(answer.json()) == ["_id"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded",
                                          "application/merge-patch+json"])
def test_post__body_is_json_whatever_content_type_says(client, tenant, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    answer = send(client, "POST", tenant.documents, b'{"a": 1}', tenant.token, headers)
    assert answer.status_code == 201


# ---- _id -----------------------------------------------------------------------------------------

GOOD_IDS = ["a", " ", "a b", "x" * 128, "é" * 64, "a/b", "/", "a?b#c", "100%", "%2F", "...", ".a",
            "..a", "+", "&=;", "\\", '"', "'", "日本", "😀", "~!*()", "\u00a0", "\u2028", "0" * 24,
            "abcdef0123456789abcdef01", "ABCDEF0123456789ABCDEF01", "null", "_id", "$a", "a.b"]
BAD_IDS = ["", ".", "..", "x" * 129, "é" * 64 + "x", "a\tb", "\n", "\u007f", "\u0085", "\u009f"]


@pytest.mark.parametrize("document_id", GOOD_IDS)
def test_id__of_1_to_128_bytes_works_in_path_and_body(client, tenant, document_id):
    path = document(tenant, document_id)
    made = call(client, tenant, "PUT", path, {"n": 1})
    assert made.status_code == 201, made.text
    assert made.json() == {"_id": document_id, "n": 1}
    assert call(client, tenant, "GET", path).json() == made.json()
    taken = call(client, tenant, "POST", tenant.documents, {"_id": document_id})
    assert taken.status_code == 409
    assert call(client, tenant, "PATCH", path, {"n": 2}).json() == {"_id": document_id, "n": 2}
    assert call(client, tenant, "PUT", path, {"_id": document_id}).status_code == 200
    assert call(client, tenant, "DELETE", path).status_code == 204
    made = call(client, tenant, "POST", tenant.documents, {"_id": document_id})
    assert made.status_code == 201
    listed = call(client, tenant, "GET", tenant.documents).json()["data"]
    assert listed == [{"_id": document_id}]


@pytest.mark.parametrize("document_id", BAD_IDS + [None, 5, True, [], {}, 1.5])
def test_id__in_a_body_that_breaks_the_rule_is_422(client, tenant, document_id):
    answer = call(client, tenant, "POST", tenant.documents, {"_id": document_id, "a": 1})
    assert list(faults(answer)) == [("body", "_id")]
    assert call(client, tenant, "GET", tenant.documents).json()["data"] == []


@pytest.mark.parametrize("document_id", BAD_IDS[1:])
def test_id__in_a_path_that_breaks_the_rule_is_never_stored(server, tenant, document_id):
    coded = "".join(f"%{byte:02X}" for byte in document_id.encode())
    headers = [("Authorization", f"Bearer {tenant.token}"), ("Content-Type", "application/json")]
    with server.connect() as connection:
        connection.send(request_bytes("PUT", f"{tenant.documents}/{coded}", headers, b'{"a":1}'))
        answer = connection.response()
    assert answer.status == 422, answer.body
    assert json.loads(answer.body)["errors"][0]["loc"][0] == "path"
    assert call(server.client, tenant, "GET", tenant.documents).json()["data"] == []


def test_id__nul_or_invalid_utf8_in_the_path_is_400(server, tenant):
    for coded in ("%00", "a%00b", "%ff", "%C3", "%ED%A0%80", "%C0%AF"):
        for method in ("GET", "PUT", "DELETE"):
            headers = [("Authorization", f"Bearer {tenant.token}")]
            body = b'{"a":1}' if method == "PUT" else b""
            with server.connect() as connection:
                target = f"{tenant.documents}/{coded}"
                connection.send(request_bytes(method, target, headers, body))
                answer = connection.response()
            assert answer.status == 400, (method, coded, answer.body)
            assert answer.get("content-type").startswith("application/problem+json")


def test_id__in_the_body_must_be_the_paths(client, tenant, put):
    put("here", {"n": 1})
    path = document(tenant, "here")
    for method in ("PUT", "PATCH"):
        for wrong in ("there", None, 5, "HERE", ""):
            answer = call(client, tenant, method, path, {"_id": wrong, "n": 2})
            assert list(faults(answer)) == [("body", "_id")], (method, wrong)
        same = call(client, tenant, method, path, {"_id": "here", "n": 1})
        assert same.status_code == 200
    assert call(client, tenant, "PUT", document(tenant, "new"), {"_id": "old"}).status_code == 422
    assert call(client, tenant, "GET", document(tenant, "new")).status_code == 404


def test_id__of_24_hex_digits_made_and_given_are_found_as_shown(client, tenant):
    made = call(client, tenant, "POST", tenant.documents, {"a": 1}).json()["_id"]
    assert call(client, tenant, "GET", document(tenant, made)).json() == {"_id": made, "a": 1}
    answer = call(client, tenant, "POST", tenant.documents, {"_id": made})
    assert answer.status_code == 409


def test_members__that_start_with_a_dollar_at_the_top_are_422(client, tenant, put, engine):
    put("d", {"n": 1})
    path = document(tenant, "d")
    for method, where in (("POST", tenant.documents), ("PUT", path), ("PATCH", path)):
        answer = call(client, tenant, method, where, {"$set": {"a": 1}, "b": 2, "$": 3})
        assert set(faults(answer)) == {("body", "$set"), ("body", "$")} or \
            set(faults(answer)) == {("body",)} or ("body", "$set") in faults(answer)
    nested = {"a": {"$b": 1, "c.d": {"": 0}}, "x.y": 1, "": 2, "a$": 3}
    if not engine.keeps(nested):
        nested = {"a": {"b$": 1, "c": {"": 0}}, "x": 1, "": 2, "a$": 3}
    assert call(client, tenant, "PUT", path, nested).json() == {"_id": "d", **nested}


@pytest.mark.parametrize("body", [b"", b"  \n", b"[]", b"[{}]", b'"x"', b"1", b"null", b"false"])
def test_body__that_is_no_object_has_the_loc_body(client, tenant, put, body):
    put("d", {"n": 1})
    path = document(tenant, "d")
    for method, where in (("POST", tenant.documents), ("PUT", path), ("PATCH", path)):
        assert list(faults(call(client, tenant, method, where, body))) == [("body",)], method
    assert call(client, tenant, "GET", path).json() == {"_id": "d", "n": 1}


# ---- GET, PUT, PATCH, DELETE ---------------------------------------------------------------------


def test_get__and_head_of_a_document(client, tenant, put):
    etag = put("d", {"n": 1})
    for method in ("GET", "HEAD"):
        answer = call(client, tenant, method, document(tenant, "d"))
        assert answer.status_code == 200
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.content == b""


def test_missing__is_404(client, tenant):
    path = document(tenant, unique())
    for method in ("GET", "DELETE"):
        problem(call(client, tenant, method, path), 404, "document_not_found")
    problem(call(client, tenant, "PATCH", path, {"a": 1}), 404, "document_not_found")
    assert call(client, tenant, "HEAD", path).status_code == 404


def test_put__makes_and_replaces_as_a_whole(client, tenant):
    path = document(tenant, "d")
    made = call(client, tenant, "PUT", path, {"a": 1, "b": 2})
    assert made.status_code == 201
    replaced = call(client, tenant, "PUT", path, {"c": 3})
    assert replaced.status_code == 200
    assert replaced.json() == {"_id": "d", "c": 3}
    assert replaced.headers["ETag"] != made.headers["ETag"]
    assert call(client, tenant, "GET", path).json() == {"_id": "d", "c": 3}


def test_delete__removes_once(client, tenant, put):
    put("d", {"a": 1})
    answer = call(client, tenant, "DELETE", document(tenant, "d"))
    assert answer.status_code == 204
    assert answer.content == b""
    assert call(client, tenant, "GET", document(tenant, "d")).status_code == 404
    assert call(client, tenant, "DELETE", document(tenant, "d")).status_code == 404
    put("d", {"b": 2})


# The examples of RFC 7396, appendix A, where both are objects; the rest is what it says in words.
PATCHES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ({"a": 1}, {"a": {"b": None, "c": 2}}, {"a": {"c": 2}}),
    ({"a": {"b": 1}}, {"a": [None, {"x": None}]}, {"a": [None, {"x": None}]}),
    ({"a": {"b": 1}}, {}, {"a": {"b": 1}}),
    ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ({"a": 1}, {"x": None}, {"a": 1}),
]


@pytest.mark.parametrize("before, patch, after", PATCHES)
def test_patch__is_json_merge_patch(client, tenant, put, before, patch, after):
    put("d", before)
    answer = call(client, tenant, "PATCH", document(tenant, "d"), patch)
    assert answer.status_code == 200
    assert answer.json() == {"_id": "d", **after}
    found = call(client, tenant, "GET", document(tenant, "d"))
    assert found.json() == answer.json()
    assert found.headers["ETag"] == answer.headers["ETag"]


def test_patch__of_16_at_once_loses_none(server, tenant):
    with server.new_client() as client:
        path = document(tenant, "d")
        call(client, tenant, "PUT", path, {})
        answers = together(
            [lambda n=n: call(client, tenant, "PATCH", path, {f"k{n}": n}) for n in range(16)]
        )
        assert {answer.status_code for answer in answers} == {200}
        assert call(client, tenant, "GET", path).json() == {
            "_id": "d", **{f"k{n}": n for n in range(16)}
        }


# ---- what comes back -----------------------------------------------------------------------------


def test_numbers__come_back_as_they_went_in(client, tenant, engine):
    text = (b'{"_id":"n","max":9223372036854775807,"min":-9223372036854775808,"big":9007199254740993,'
            b'"zero":0,"real":1.0,"tenth":0.1,"third":0.3333333333333333,"huge":1.7976931348623157e308,'
            b'"tiny":5e-324,"small":2.5e-7,"neg":-1.5,"negzero":-0.0,"e":1e2,"in":[1,1.0,[2,2.5]]}')
    if not engine.keeps(json.loads(text)):
        text = text.replace(b'"negzero":-0.0,', b"").replace(b"[2,2.5]", b'{"a":2.5}')
    answer = send(client, "POST", tenant.documents, text, tenant.token)
    assert answer.status_code == 201
    found = call(client, tenant, "GET", document(tenant, "n"))
    sent, got = json.loads(text), json.loads(found.text)
    assert repr(got) == repr(sent), "1 is no 1.0, and 0.0 no -0.0"
    listed = call(client, tenant, "GET", tenant.documents)
    assert json.loads(listed.text)["data"] == [got]
    patched = json.loads(call(client, tenant, "PATCH", document(tenant, "n"), {"new": 1}).text)
    assert patched == sent | {"new": 1}


def test_members__keep_their_order_and_text_its_characters(client, tenant):
    body = {"z": 1, "a": {"y": 1, "b": 2, "é": "ü\u0001\u2028😀\"\\/\u007f"}, "m": [], "10": 0, "9": 0,
            "": " "}
    call(client, tenant, "PUT", document(tenant, "d"), body)
    found = call(client, tenant, "GET", document(tenant, "d"))
    assert json.dumps(found.json()) == json.dumps({"_id": "d", **body})
    call(client, tenant, "PATCH", document(tenant, "d"), {"a": {"b": 3, "c": 4}, "new": 5, "z": 2})
    found = call(client, tenant, "GET", document(tenant, "d")).json()
    assert list(found) == ["_id", "z", "a", "m", "10", "9", "", "new"]
    assert list(found["a"]) == ["y", "b", "é", "c"]


# ---- limits --------------------------------------------------------------------------------------


def body_of(size, document_id=None):
    start = b"{" + (f'"_id":"{document_id}",'.encode() if document_id else b"") + b'"p":"'
    return start + b"x" * (size - len(start) - 2) + b'"}'


def test_size__body_of_1_mib_is_fine_and_a_byte_more_is_413(client, tenant):
    path = document(tenant, "d")
    for method, where, ok in (("POST", tenant.documents, 201), ("PUT", path, 201),
                              ("PUT", path, 200), ("PATCH", path, 200)):
        # What a PATCH makes has the _id too, so that its largest body is a little smaller.
        size = MEBIBYTE if method != "PATCH" else MEBIBYTE - 20
        answer = send(client, method, where, body_of(size), tenant.token)
        assert answer.status_code == ok, (method, answer.text[:200])
        assert len(answer.json()["p"]) == size - 8
        larger = send(client, method, where, body_of(MEBIBYTE + 1), tenant.token)
        problem(larger, 413, "too_large")
    chunks = iter([body_of(MEBIBYTE + 1)[at:at + 65536] for at in range(0, MEBIBYTE + 1, 65536)])
    answer = client.post(tenant.documents, content=chunks, headers=tenant.headers)
    problem(answer, 413, "too_large")


def test_size__largest_document_comes_back_whole(client, tenant):
    text = body_of(MEBIBYTE, "d")
    assert send(client, "POST", tenant.documents, text, tenant.token).status_code == 201
    assert call(client, tenant, "GET", document(tenant, "d")).json() == json.loads(text)


def test_size__what_a_patch_makes_is_1_mib_at_most(client, tenant):
    path = document(tenant, "d")
    assert send(client, "PUT", path, body_of(700_000), tenant.token).status_code == 201
    before = call(client, tenant, "GET", path)
    answer = send(client, "PATCH", path, b'{"q":"' + b"y" * 400_000 + b'"}', tenant.token)
    problem(answer, 413, "too_large")
    after = call(client, tenant, "GET", path)
    assert after.content == before.content and after.headers["ETag"] == before.headers["ETag"]
    answer = send(client, "PATCH", path, b'{"q":"' + b"y" * 300_000 + b'"}', tenant.token)
    assert answer.status_code == 200


def test_size__other_bodies_are_64_kib_at_most(client, tenant):
    def body(size):
        return b'{"new_name":5,"x":"' + b"y" * (size - 21) + b'"}'

    assert len(body(65536)) == 65536
    for method, path in (("POST", "/org/create"), ("PUT", "/org/update"), ("POST", "/admin/login")):
        assert send(client, method, path, body(65536), tenant.token).status_code == 422, path
        answer = send(client, method, path, body(65537), tenant.token)
        assert answer.status_code == 413, path
        assert answer.json()["code"] == "too_large"


# ---- whose ---------------------------------------------------------------------------------------


def test_organization__of_another_or_none_is_404(server, client, tenant):
    other = server.new_tenant()
    for org in (other.id, other.slug, "0" * 24, unique().lower(), "x" * 300, "%20", "."):
        for tail in ("", "/d", "?limit=0"):
            path = f"/v1/organizations/{org}/documents{tail}"
            answer = send(client, "GET", path, token=tenant.token)
            assert answer.status_code == 404, (path, answer.text)
    problem(send(client, "GET", other.documents, token=tenant.token), 404, "organization_not_found")


def test_organization__without_a_token_is_401_whoever_it_is(client, tenant):
    for path in (tenant.documents, f"/v1/organizations/{'0' * 24}/documents"):
        for token in (None, "nonsense"):
            problem(send(client, "GET", path, token=token), 401)
            problem(send(client, "POST", path, {"a": 1}, token), 401)


def test_organization__of_a_deleted_one_is_401(client, tenant, put):
    put("d", {})
    assert call(client, tenant, "DELETE", "/org/delete").status_code == 200
    problem(call(client, tenant, "GET", tenant.documents), 401, "invalid_token")
    problem(call(client, tenant, "GET", document(tenant, "d")), 401, "invalid_token")


def test_organization__documents_of_two_never_mix(server, client, tenant, put):
    other = server.new_tenant()
    put("same", {"whose": 1})
    assert call(client, other, "PUT", document(other, "same"), {"whose": 2}).status_code == 201
    assert call(client, tenant, "GET", document(tenant, "same")).json()["whose"] == 1
    assert call(client, other, "DELETE", document(other, "same")).status_code == 204
    assert call(client, tenant, "GET", document(tenant, "same")).json()["whose"] == 1


# ---- the form of answers -------------------------------------------------------------------------


def test_errors__under_v1_are_problems_unknown_paths_included(client, tenant):
    problem(client.get("/v1"), 404, "not_found")
    problem(client.get("/v1/nothing/here"), 404, "not_found")
    answer = client.put(tenant.documents)
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "HEAD", "POST"}
    answer = client.post(document(tenant, "d"))
    problem(answer, 405, "method_not_allowed")
    allowed = set(answer.headers["Allow"].replace(" ", "").split(","))
    assert allowed >= {"GET", "HEAD", "PUT", "PATCH", "DELETE"}


def test_errors__of_a_422_are_in_errors(client, tenant):
    body = problem(call(client, tenant, "POST", tenant.documents, {"_id": 5}), 422, "invalid")
    assert body["errors"][0]["loc"] == ["body", "_id"]
    assert body["errors"][0]["type"] == "string_type"


def test_cache__only_what_get_and_head_found_may_be_kept(client, tenant, put):
    etag = put("d", {"n": 1})
    path = document(tenant, "d")
    private = [call(client, tenant, "GET", path), call(client, tenant, "HEAD", path),
               call(client, tenant, "GET", path, If_None_Match=etag),
               call(client, tenant, "GET", tenant.documents),
               call(client, tenant, "HEAD", tenant.documents)]
    assert [answer.status_code for answer in private] == [200, 200, 304, 200, 200]
    for answer in private:
        assert answer.headers["Cache-Control"] == "private, no-cache"
    others = [call(client, tenant, "PUT", path, {"n": 2}), call(client, tenant, "PATCH", path, {}),
              call(client, tenant, "POST", tenant.documents, {}),
              call(client, tenant, "GET", document(tenant, "none")),
              call(client, tenant, "PUT", path, {}, If_Match='"x"'), client.get(path),
              call(client, tenant, "DELETE", path)]
    assert [answer.status_code for answer in others] == [200, 200, 201, 404, 412, 401, 204]
    for answer in others:
        assert answer.headers["Cache-Control"] == "no-store"
