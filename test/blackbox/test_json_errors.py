"""JSON that can't be read: 400 with the first byte that can't continue, wherever a body is taken."""

import json

import pytest
from helpers import document, get_org, send
from orgd import unique

# (text, the first byte that can't continue, counted from 0)
MALFORMED = [
    (b"{", 1),
    (b"[", 1),
    (b"}", 0),
    (b"]", 0),
    (b"  {", 3),
    (b"{]", 1),
    (b"[}", 1),
    (b"{,}", 1),
    (b"{a:1}", 1),
    (b"{'a':1}", 1),
    (b'{"a"}', 4),
    (b'{"a" 1}', 5),
    (b'{"a":}', 5),
    (b'{"a":,}', 5),
    (b'{"a":1,}', 7),
    (b'{"a":1,,"b":2}', 7),
    (b'{"a":1 "b":2}', 7),
    (b'{"a":1]', 6),
    (b'{"a":1', 6),
    (b'{"a":1,', 7),
    (b'{"a"', 4),
    (b'{"a":', 5),
    (b'{"a', 3),
    (b'{"a":"b', 7),
    (b"{1:2}", 1),
    (b"{null:2}", 1),
    (b'{"a":1}x', 7),
    (b'{"a":1}{"a":1}', 7),
    (b'{"a":1} ,', 8),
    (b'{"a":1}\x00', 7),
    (b'{"a":1}\x0b', 7),
    (b'\x0c{"a":1}', 0),
    (b'\xef\xbb\xbf{"a":1}', 0),
    (b'\xc2\xa0{"a":1}', 0),
    (b'{"a":1}//', 7),
    (b"/**/{}", 0),
    (b'{"a":[1,]}', 8),
    (b'{"a":[,1]}', 6),
    (b'{"a":[1 2]}', 8),
    (b'{"a":[1}', 7),
    (b'{"a":tru}', 8),
    (b'{"a":trueish}', 9),
    (b'{"a":True}', 5),
    (b'{"a":nul', 8),
    (b'{"a":nulL}', 8),
    (b'{"a":falze}', 8),
    (b'{"a":undefined}', 5),
    (b'{"a":NaN}', 5),
    (b'{"a":Infinity}', 5),
    (b'{"a":-Infinity}', 6),
    (b'{"a":+1}', 5),
    (b'{"a":-}', 6),
    (b'{"a":--1}', 6),
    (b'{"a":01}', 6),
    (b'{"a":-01}', 7),
    (b'{"a":00}', 6),
    (b'{"a":.5}', 5),
    (b'{"a":1.}', 7),
    (b'{"a":1.e5}', 7),
    (b'{"a":1e}', 7),
    (b'{"a":1e+}', 8),
    (b'{"a":1e5.5}', 8),
    (b'{"a":0x10}', 6),
    (b'{"a":1_000}', 6),
    (b'{"a":1a}', 6),
    (b'{"a":1', 6),
    (b'{"a":"\x01"}', 6),
    (b'{"a":"\n"}', 6),
    (b'{"a":"\t"}', 6),
    (b'{"a":"\x00"}', 6),
    (b'{"a":"x\x1f"}', 7),
    (b'{"a":"\\x"}', 7),
    (b'{"a":"\\\'"}', 7),
    (b'{"a":"\\U0041"}', 7),
    (b'{"a":"\\u00g0"}', 10),
    (b'{"a":"\\u12"}', 10),
    (b'{"a":"\\', 7),
    (b'{"a":"\\u', 8),
    (b"{\"a\":'b'}", 5),
    # What JSON's grammar allows and this server refuses.
    (b'{"a":"\\u0000"}', 11),
    (b'{"a\\u0000":1}', 8),
    (b'{"a":"\\ud800"}', 12),
    (b'{"a":"\\uD800x"}', 12),
    (b'{"a":"\\ud800\\n"}', 13),
    (b'{"a":"\\ud800\\u0041"}', 14),
    (b'{"a":"\\ud800\\ud800"}', 15),
    (b'{"a":"\\udc00"}', 9),
    (b'{"a":"\\uDFFF\\ud800"}', 9),
    (b'{"a\\ud83d":1}', 9),
    # Invalid UTF-8.
    (b'{"a":"\xff"}', 6),
    (b'{"a":"\x80"}', 6),
    (b'{"a":"\xc0\x80"}', 6),
    (b'{"a":"\xc1\xbf"}', 6),
    (b'{"a":"\xc3"}', 7),
    (b'{"a":"\xc3\x28"}', 7),
    (b'{"a":"\xe0\x80\x80"}', 7),
    (b'{"a":"\xe2\x82"}', 8),
    (b'{"a":"\xed\xa0\x80"}', 7),
    (b'{"a":"\xf0\x8f\xbf\xbf"}', 7),
    (b'{"a":"\xf0\x9f\x98"}', 9),
    (b'{"a":"\xf4\x90\x80\x80"}', 7),
    (b'{"a":"\xf5\x80\x80\x80"}', 6),
    (b'{"\xff":1}', 2),
    (b"\xff", 0),
    (b"{\xc3\xa4:1}", 1),
    # Members twice: told where the second name is whole.
    (b'{"a":1,"a":1}', 9),
    (b'{"a":1,"\\u0061":2}', 14),
    (b'{"x":{"b":1,"c":2,"b":3}}', 20),
    (b'{"x":[{"y":1,"y":1}]}', 15),
    ('{"é":1,"é":2}'.encode(), 11),
    # Deeper than 32; the outermost container is 1.
    (b"[" * 33 + b"]" * 33, 32),
    (b"[" * 1000, 32),
    (b'{"a":' * 33 + b"1" + b"}" * 33, 160),
    (b'{"a":' * 32 + b"[]" + b"}" * 32, 160),
    (b'{"a":' + b"[" * 31 + b"{}" + b"]" * 31 + b"}", 36),
]

# A number out of range: (text, where it begins, the byte behind it)
OUT_OF_RANGE = [
    (b'{"a":9223372036854775808}', 5, 24),
    (b'{"a":-9223372036854775809}', 5, 25),
    (b'{"a":18446744073709551616}', 5, 25),
    (b'{"a":' + b"9" * 400 + b"}", 5, 405),
    (b'{"a":1e309}', 5, 10),
    (b'{"a":-1e309}', 5, 11),
    (b'{"a":1.8e308}', 5, 12),
    (b'{"a":1e99999999999999999999}', 5, 27),
    (b'{"a":[' + b"1" * 310 + b".0]}", 6, 318),
]

FINE = [
    b'{"a":"\\u0001\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\"\\\\"}',
    b' \t\r\n{ "a" : [ ] , "b" : { } } \n',
    '{"a":"é€😀\u007f\u0080\uffff"}'.encode(),
    b'{"a":-0,"b":-0.0,"c":1E+2,"d":1e-400,"e":0.1e1}',
    b'{"a":9223372036854775807,"b":-9223372036854775808,"c":1.7976931348623157e308}',
    b'{"a":1,"A":1,"":1," ":1}',
    b'{"x":{"b":1},"y":{"b":1}}',
    b'{"a":' * 31 + b"[]" + b"}" * 31,
    b'{"a":' * 31 + b"{}" + b"}" * 31,
]


def json_endpoints(tenant):
    """Every call that reads a JSON body, with what its form of an error is called."""
    return {
        "create": ("POST", "/org/create"),
        "get": ("GET", "/org/get"),
        "update": ("PUT", "/org/update"),
        "delete": ("DELETE", "/org/delete"),
        "login": ("POST", "/admin/login"),
        "document post": ("POST", tenant.documents),
        "document put": ("PUT", document(tenant, "d")),
        "document patch": ("PATCH", document(tenant, "d")),
    }


def offset_of(response):
    assert response.status_code == 400, (response.status_code, response.text)
    body = response.json()
    assert body["code"] == "malformed_json"
    assert body["detail"]
    assert isinstance(body["offset"], int) and not isinstance(body["offset"], bool)
    problem = "/v1/" in str(response.request.url)
    expected = "application/problem+json" if problem else "application/json"
    assert response.headers["Content-Type"].split(";")[0] == expected
    return body["offset"]


@pytest.fixture(scope="module")
def reader(server):
    """A tenant that the refused bodies must never change."""
    tenant = server.new_tenant()
    answer = send(server.client, "PUT", document(tenant, "d"), {"kept": 1}, tenant.token)
    assert answer.status_code == 201
    return tenant


def unchanged(server, reader):
    found = send(server.client, "GET", reader.documents, token=reader.token).json()
    assert found["data"] == [{"_id": "d", "kept": 1}]
    assert get_org(server.client, reader.name).json() == reader.body


@pytest.mark.parametrize("call", ["create", "get", "update", "delete", "login", "document post",
                                  "document put", "document patch"])
def test_malformed_json__is_400_with_the_offset(server, reader, call):
    method, path = json_endpoints(reader)[call]
    wrong = []
    for text, offset in MALFORMED:
        found = offset_of(send(server.client, method, path, text, reader.token))
        if found != offset:
            wrong.append((text, offset, found))
    assert not wrong
    for text, begin, end in OUT_OF_RANGE:
        found = offset_of(send(server.client, method, path, text, reader.token))
        assert begin <= found <= end, text
    unchanged(server, reader)


@pytest.mark.parametrize("text", FINE)
def test_json__at_the_bounds_is_read(server, reader, text):
    tenant = server.new_tenant()
    answer = send(server.client, "POST", tenant.documents, text, tenant.token)
    assert answer.status_code == 201, answer.text
    expected = json.loads(text)
    made = answer.json()
    made.pop("_id")
    assert made == expected
    # The seeds' endpoints read it as well, and find members missing.
    assert send(server.client, "POST", "/org/create", text).status_code == 422


def test_malformed_json__in_a_refused_callers_body(server, reader):
    """The body is read before the caller is known at update; elsewhere both orders are right."""
    for token in (None, "nonsense"):
        answer = send(server.client, "PUT", "/org/update", b'{"a":tru}', token)
        assert offset_of(answer) == 8


def test_malformed_json__far_into_a_large_body(server, reader):
    text = b'{"pad":"' + b"x" * 900_000 + b'","a":tru}'
    answer = send(server.client, "POST", reader.documents, text, reader.token)
    assert offset_of(answer) == len(text) - 1
    text = b'{"a":[' + b"1," * 400_000 + b"]}"
    answer = send(server.client, "POST", reader.documents, text, reader.token)
    assert offset_of(answer) == len(text) - 2


def test_malformed_json__nested_a_million_deep_is_answered(server, reader):
    answer = send(server.client, "POST", reader.documents, b"[" * 1_000_000, reader.token)
    assert offset_of(answer) == 32
    unchanged(server, reader)


def test_malformed_json__repeats_nothing_of_the_body(server):
    text = f'{{"organization_name": "{unique()}", "password": "S3cret-to-be-kept", }}'
    answer = send(server.client, "POST", "/org/create", text.encode())
    assert offset_of(answer) == len(text) - 1
    assert "S3cret" not in answer.text
