"""A token whose signature is remembered is refused when any other is: its owner sees no difference."""

import re
import time

import jwt
import pytest
from helpers import base64url, base64url_decode, claims, document, log_in, refused, send, update
from orgd import bearer

SECRET = "a secret of the tests, longer than 32 bytes"
NEW_PASSWORD = "Another-Horse-77"


@pytest.fixture
def signed(serve):
    """A server of the test's own, whose secret is known, and a tenant on it."""
    server = serve({"JWT_SECRET": SECRET})
    return server, server.new_tenant()


def checks(server, by):
    """How many tokens were looked at in this way."""
    text = server.client.get("/metrics").text
    return int(re.search(rf'^orgd_token_checks_total{{by="{by}"}} (\d+)$', text, re.M)[1])


def use(server, tenant, token):
    return server.client.get(tenant.documents, headers=bearer(token)).status_code


def use_until_remembered(server, tenant, token):
    """The token is good, and its last use cost no signature."""
    for _ in range(3):
        assert use(server, tenant, token) == 200
    verified = checks(server, "signature")
    remembered = checks(server, "memory")
    assert use(server, tenant, token) == 200
    assert checks(server, "signature") == verified
    assert checks(server, "memory") > remembered  # a pool is asked for a place with it, too


def test_token__is_verified_once(signed):
    server, tenant = signed
    assert checks(server, "signature") == checks(server, "memory") == 0
    for n in range(5):
        assert send(server.client, "PUT", document(tenant, "d"), {"n": n}, tenant.token).is_success
    assert checks(server, "signature") == 1
    assert checks(server, "memory") >= 4


def test_token__remembered_ends_with_a_new_password_and_the_next_one_is_good(signed):
    server, tenant = signed
    use_until_remembered(server, tenant, tenant.token)
    assert update(server.client, {"password": NEW_PASSWORD}, tenant.token).status_code == 200
    refused_everywhere(server, tenant)
    newer = log_in(server.client, tenant.email, NEW_PASSWORD).json()["access_token"]
    use_until_remembered(server, tenant, newer)
    refused_everywhere(server, tenant)


def refused_everywhere(server, tenant):
    for _ in range(3):
        assert use(server, tenant, tenant.token) == 401
    for method, path in (("PUT", "/org/update"), ("DELETE", "/org/delete")):
        answer = send(server.client, method, path, {"new_name": "x"}, tenant.token)
        refused(answer, 401, "Invalid or expired token", "invalid_token")
    assert send(server.client, "POST", tenant.documents, {"n": 1}, tenant.token).status_code == 401


def test_token__remembered_ends_with_its_organization(signed):
    server, tenant = signed
    use_until_remembered(server, tenant, tenant.token)
    assert server.client.delete("/org/delete", headers=tenant.headers).status_code == 200
    refused_everywhere(server, tenant)
    again = server.client.post("/org/create", json={"organization_name": tenant.name,
                                                    "email": tenant.email,
                                                    "password": tenant.password})
    assert again.status_code == 200
    refused_everywhere(server, tenant)


def test_token__remembered_ends_in_its_second(signed):
    server, tenant = signed
    shorter = claims(tenant.token) | {"exp": int(time.time()) + 3}
    token = jwt.encode(shorter, SECRET, algorithm="HS256")
    good = 0
    while time.time() < shorter["exp"]:
        status = use(server, tenant, token)
        if time.time() < shorter["exp"]:
            assert status == 200
            good += 1
        time.sleep(0.05)
    assert good == 0 or checks(server, "memory") >= good - 1
    for _ in range(3):
        assert use(server, tenant, token) == 401
    assert use(server, tenant, tenant.token) == 200, "another of the same account"


def test_token__one_like_a_remembered_one_is_not_taken_for_it(signed):
    server, tenant = signed
    other = server.new_tenant()
    use_until_remembered(server, tenant, tenant.token)
    use_until_remembered(server, other, other.token)
    header, payload, signature = tenant.token.split(".")
    mixed = [
        f"{header}.{payload}.{other.token.split('.')[2]}",
        f"{header}.{other.token.split('.')[1]}.{signature}",
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{base64url(base64url_decode(payload) + b' ')}.{signature}",
        tenant.token[:-1],
        tenant.token.swapcase(),
    ]
    for token in mixed:
        for _ in range(2):
            assert use(server, tenant, token) == 401, token
    assert use(server, tenant, other.token) == 404
    assert use(server, tenant, tenant.token) == 200
