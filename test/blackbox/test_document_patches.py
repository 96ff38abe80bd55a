"""PATCH and the values that JSON has no type for: objects in Extended JSON, and yet values."""

import pytest
from helpers import document, send

DATE = {"$date": "2026-01-31T10:20:30.456Z"}
OTHER_DATE = {"$date": "1970-01-01T00:00:00Z"}
OID = {"$oid": "65f000000000000000000001"}
BINARY = {"$binary": {"base64": "AAEC", "subType": "00"}}
EXPRESSION = {"$regularExpression": {"pattern": "^a", "options": "i"}}
TIMESTAMP = {"$timestamp": {"t": 7, "i": 3}}
LONG = {"$numberLong": "5"}

VALUES = [DATE, OID, BINARY, EXPRESSION, TIMESTAMP]


def patched(client, tenant, before, patch):
    """What GET shows of a document after a patch, without its _id."""
    path = document(tenant, "d")
    made = send(client, "PUT", path, before, tenant.token)
    assert made.status_code in (200, 201), made.text
    answer = send(client, "PATCH", path, patch, tenant.token)
    assert answer.status_code == 200, answer.text
    found = send(client, "GET", path, token=tenant.token)
    assert found.text == answer.text
    assert found.headers["ETag"] == answer.headers["ETag"]
    shown = found.json()
    assert shown.pop("_id") == "d"
    return shown


@pytest.mark.parametrize("after", VALUES)
@pytest.mark.parametrize("before", VALUES)
def test_patch__replaces_one_such_value_by_another(client, tenant, before, after):
    wanted = {"x": after, "y": {"z": after}}
    assert patched(client, tenant, {"x": before, "y": {"z": before}}, wanted) == wanted


PATCHES = [
    ({"x": DATE}, {"x": OTHER_DATE}, {"x": OTHER_DATE}),
    ({"x": {"a": 1}}, {"x": DATE}, {"x": DATE}),
    ({"x": DATE}, {"x": {"a": 1, "b": None}}, {"x": {"a": 1}}),
    ({"x": LONG}, {"x": {"a": 1}}, {"x": {"a": 1}}),
    ({"x": BINARY}, {"x": {}}, {"x": {}}),
    ({"x": DATE}, {"x": None}, {}),
    ({"x": DATE}, {"x": 1}, {"x": 1}),
    ({"x": {"a": DATE, "b": 1}}, {"x": {"b": OID}}, {"x": {"a": DATE, "b": OID}}),
    ({"x": [DATE]}, {"x": [OID]}, {"x": [OID]}),
    ({}, {"x": {"y": DATE, "z": None}}, {"x": {"y": DATE}}),
]


@pytest.mark.parametrize("before, patch, after", PATCHES)
def test_patch__takes_such_a_value_for_no_object(client, tenant, before, patch, after):
    assert patched(client, tenant, before, patch) == after


def test_patch__with_the_value_that_is_there_changes_nothing(client, tenant):
    path = document(tenant, "d")
    made = send(client, "PUT", path, {"x": DATE, "y": [OID]}, tenant.token)
    answer = send(client, "PATCH", path, {"x": DATE}, tenant.token)
    assert answer.text == made.text
    assert answer.headers["ETag"] == made.headers["ETag"]
