"""ETags, and the conditions that clients put on them (RFC 9110, section 13)."""

import re
import signal

import pytest
from helpers import document, problem, send, together


def call(client, tenant, method, path, body=None, **headers):
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    return send(client, method, path, body, tenant.token, names)


class Document:
    """One document of one tenant."""

    def __init__(self, client, tenant, document_id="d"):
        self.client, self.tenant = client, tenant
        self.path = document(tenant, document_id)

    def __call__(self, method, body=None, **headers):
        return call(self.client, self.tenant, method, self.path, body, **headers)

    @property
    def etag(self):
        return self("GET").headers["ETag"]


@pytest.fixture
def doc(client, tenant):
    made = Document(client, tenant)
    assert made("PUT", {"n": 1}).status_code == 201
    return made


def test_etag__is_strong_and_the_same_everywhere(doc):
    etag = doc.etag
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', etag)
    assert doc("HEAD").headers["ETag"] == etag
    assert doc("GET").headers["ETag"] == etag


def test_etag__changes_with_the_document_and_only_then(doc):
    etag = doc.etag
    assert doc("PUT", {"n": 1}).headers["ETag"] == etag
    assert doc("PUT", {"_id": "d", "n": 1}).headers["ETag"] == etag
    assert doc("PATCH", {}).headers["ETag"] == etag
    assert doc("PATCH", {"n": 1, "gone": None}).headers["ETag"] == etag
    assert doc.etag == etag
    changed = doc("PATCH", {"n": 2}).headers["ETag"]
    assert changed != etag
    assert doc("PUT", {"n": 3}).headers["ETag"] not in (etag, changed)
    integer = doc("PUT", {"n": 1}).headers["ETag"]
    assert doc("PUT", {"n": 1.0}).headers["ETag"] != integer, "1.0 is another document than 1"


def test_etag__outlives_rename_and_other_documents(doc, client, tenant):
    etag = doc.etag
    call(client, tenant, "PUT", "/org/update", {"new_name": tenant.name + " anew"})
    Document(client, tenant, "e")("PUT", {"n": 1})
    assert doc.etag == etag


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_etag__outlives_a_restart(serve, number):
    server = serve()
    tenant = server.new_tenant()
    paths = [document(tenant, each) for each in ("a", "b")]
    etags = []
    for path in paths:
        call(server.client, tenant, "PUT", path, {"x": [1, 2.5, "é"], "path": path})
        etags.append(call(server.client, tenant, "PATCH", path, {"y": 1}).headers["ETag"])
    server.restart(number)
    for path, etag in zip(paths, etags):
        assert call(server.client, tenant, "GET", path).headers["ETag"] == etag
        answer = call(server.client, tenant, "PATCH", path, {"z": 1}, If_Match=etag)
        assert answer.status_code == 200


# ---- If-None-Match -------------------------------------------------------------------------------


def test_if_none_match__gives_304_without_a_body(doc):
    etag = doc.etag
    for value in (etag, "*", f'"x", {etag}', f"{etag},\"y\"", f"W/{etag}", f'"x" ,W/"z",\t{etag}'):
        for method in ("GET", "HEAD"):
            answer = doc(method, If_None_Match=value)
            assert answer.status_code == 304, value
            assert answer.content == b""
            assert answer.headers["ETag"] == etag
            assert answer.headers["Cache-Control"] == "private, no-cache"
    for value in ('"x"', 'W/"x"', '"x", "y"', etag[:-2] + '"', etag.strip('"') + "x"):
        assert doc("GET", If_None_Match=value).status_code == 200, value


def test_if_none_match__sees_a_change(doc):
    etag = doc.etag
    doc("PATCH", {"n": 2})
    answer = doc("GET", If_None_Match=etag)
    assert answer.status_code == 200
    assert answer.json()["n"] == 2


def test_if_none_match__of_a_missing_document_is_404(client, tenant):
    missing = Document(client, tenant, "none")
    for value in ("*", '"x"'):
        problem(missing("GET", If_None_Match=value), 404, "document_not_found")


def test_if_none_match__star_makes_put_only_create(client, tenant):
    made = Document(client, tenant, "once")
    assert made("PUT", {"n": 1}, If_None_Match="*").status_code == 201
    problem(made("PUT", {"n": 2}, If_None_Match="*"), 412, "precondition_failed")
    assert made("GET").json() == {"_id": "once", "n": 1}


def test_if_none_match__holds_for_writes(doc):
    etag = doc.etag
    for value in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        problem(doc("PUT", {"n": 9}, If_None_Match=value), 412, "precondition_failed")
        problem(doc("PATCH", {"n": 9}, If_None_Match=value), 412, "precondition_failed")
        problem(doc("DELETE", If_None_Match=value), 412, "precondition_failed")
    assert doc("GET").json() == {"_id": "d", "n": 1}
    assert doc("PATCH", {"n": 2}, If_None_Match='"x"').status_code == 200
    assert doc("PUT", {"n": 3}, If_None_Match='"x", "y"').status_code == 200
    assert doc("DELETE", If_None_Match='"x"').status_code == 204


# ---- If-Match ------------------------------------------------------------------------------------


def test_if_match__lets_the_known_state_be_changed_once(doc):
    etag = doc.etag
    assert doc("PUT", {"n": 2}, If_Match=etag).status_code == 200
    problem(doc("PUT", {"n": 3}, If_Match=etag), 412, "precondition_failed")
    problem(doc("PATCH", {"n": 3}, If_Match=etag), 412, "precondition_failed")
    problem(doc("DELETE", If_Match=etag), 412, "precondition_failed")
    assert doc("GET").json() == {"_id": "d", "n": 2}
    assert doc("PATCH", {"n": 4}, If_Match=doc.etag).status_code == 200
    assert doc("DELETE", If_Match=doc.etag).status_code == 204


def test_if_match__takes_lists_and_star_and_compares_strongly(doc):
    for value in ("*", f'"x", {doc.etag}', f'{doc.etag} , "x"'):
        assert doc("PATCH", {}, If_Match=value).status_code == 200, value
    for value in (f"W/{doc.etag}", '"x"', f'"x", W/{doc.etag}'):
        problem(doc("PATCH", {"n": 5}, If_Match=value), 412, "precondition_failed")
    assert doc("GET").json() == {"_id": "d", "n": 1}


def test_if_match__of_a_missing_document(client, tenant):
    missing = Document(client, tenant, "none")
    for value in ("*", '"x"'):
        problem(missing("PUT", {"n": 1}, If_Match=value), 412, "precondition_failed")
        problem(missing("PATCH", {"n": 1}, If_Match=value), 404, "document_not_found")
        problem(missing("DELETE", If_Match=value), 404, "document_not_found")
    for value in ("*", '"x"'):
        problem(missing("PATCH", {"n": 1}, If_None_Match=value), 404, "document_not_found")
        problem(missing("DELETE", If_None_Match=value), 404, "document_not_found")
    assert missing("GET").status_code == 404


def test_if_match__and_if_none_match_both_hold(doc):
    etag = doc.etag
    problem(doc("PUT", {"n": 2}, If_Match=etag, If_None_Match=etag), 412)
    assert doc("PUT", {"n": 2}, If_Match=etag, If_None_Match='"x"').status_code == 200


def test_if_match__of_16_at_once_on_one_state_one_wins(server, doc):
    etag = doc.etag
    with server.new_client() as client:
        doc.client = client
        answers = together([lambda n=n: doc("PUT", {"n": 100 + n}, If_Match=etag) for n in range(16)])
        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1, [answer.status_code for answer in answers]
        assert {answer.status_code for answer in answers} == {200, 412}
        assert doc("GET").json() == won[0].json()


def test_if_none_match__star_of_16_puts_at_once_one_makes(server, tenant):
    with server.new_client() as client:
        made = Document(client, tenant, "raced")
        answers = together([lambda n=n: made("PUT", {"n": n}, If_None_Match="*") for n in range(16)])
        assert sorted(answer.status_code for answer in answers) == [201] + [412] * 15


def test_if_match__counting_by_compare_and_swap_loses_nothing(server, tenant):
    with server.new_client() as client:
        counter = Document(client, tenant, "counter")
        counter("PUT", {"n": 0})

        def count():
            for _ in range(10):
                while True:
                    now = counter("GET")
                    body = {"n": now.json()["n"] + 1}
                    if counter("PUT", body, If_Match=now.headers["ETag"]).status_code == 200:
                        break

        together([count] * 4)
        assert counter("GET").json()["n"] == 40
