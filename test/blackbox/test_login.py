"""POST /admin/login, and what a token is good for."""

import json
import statistics
import threading
import time

import jwt
import passlib.hash
import pytest
from helpers import (base64url, base64url_decode, claims, document, faults, get_org, log_in, refused,
                     send, update)
from orgd import PASSWORD, bearer, unique, unique_email

SECRET = "a secret of the tests, longer than 32 bytes"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def login_body(client, body, **options):
    return send(client, "POST", "/admin/login", body, **options)


# ---- login ---------------------------------------------------------------------------------------


def test_login__answers_with_token_and_whose_it_is(client, tenant):
    response = log_in(client, tenant.email, tenant.password)
    assert response.status_code == 200
    body = response.json()
    assert list(body)[:2] == ["access_token", "token_type"]
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 3600
    assert body["admin_id"] == tenant.body["admin_id"]
    assert body["organization_id"] == tenant.id
    assert body["organization_name"] == tenant.name
    assert response.headers["Cache-Control"] == "no-store"


def test_login__token_has_the_seeds_claims_and_ours(client, tenant):
    before = int(time.time())
    token = log_in(client, tenant.email, tenant.password).json()["access_token"]
    assert json.loads(base64url_decode(token.split(".")[0]))["alg"] == "HS256"
    found = claims(token)
    assert found["admin_id"] == found["sub"] == tenant.body["admin_id"]
    assert found["org_id"] == tenant.id
    assert found["org_name"] == tenant.name
    assert found["role"] == "admin"
    assert before <= found["iat"] <= int(time.time())
    assert found["exp"] == found["iat"] + 3600
    again = claims(log_in(client, tenant.email, tenant.password).json()["access_token"])
    assert found["jti"] and found["jti"] != again["jti"]


def test_login__address_in_any_case(client, tenant):
    assert log_in(client, tenant.email.upper(), tenant.password).status_code == 200


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded",
                                          "application/x-www-form-urlencoded; charset=utf-8",
                                          "Application/X-WWW-Form-Urlencoded;charset=UTF-8"])
def test_login__by_form_as_swaggers_authorize_sends_it(server, client, content_type):
    password = "pass+word & = % é"
    org = server.create_org(email=f"form+{unique_email()}", password=password)
    fields = {"grant_type": "password", "username": org.email, "password": password, "scope": "",
              "client_id": "x"}
    response = client.post("/admin/login", data=fields, headers={"Content-Type": content_type})
    assert response.status_code == 200, response.text
    assert claims(response.json()["access_token"])["org_id"] == org.id


def test_login__form_tells_what_is_missing(client):
    assert faults(login_body(client, b"", headers=FORM)) in (
        {("body", "username"): "missing", ("body", "password"): "missing"},
        {("body",): "missing"},
    )
    assert faults(login_body(client, b"username=x", headers=FORM)) == {
        ("body", "password"): "missing"
    }
    assert faults(login_body(client, b"password=x&grant_type=password", headers=FORM)) == {
        ("body", "username"): "missing"
    }
    refused(login_body(client, b"username=x&password=y", headers=FORM), 401, "Invalid credentials")


def test_login__json_under_another_content_type_is_json(client, tenant):
    body = {"email": tenant.email, "password": tenant.password}
    for content_type in ("text/plain", "application/octet-stream"):
        answer = login_body(client, body, headers={"Content-Type": content_type})
        assert answer.status_code == 200


def test_login__organization_name_must_be_the_accounts(server, client, tenant):
    other = server.create_org()
    body = {"email": tenant.email, "password": tenant.password}
    for own in (tenant.name, tenant.name.upper(), f"  {tenant.name} "):
        assert login_body(client, body | {"organization_name": own}).status_code == 200
    for wrong in (other.name, unique(), "", "!!!", "x" * 500):
        answer = login_body(client, body | {"organization_name": wrong})
        refused(answer, 401, "Invalid credentials", "invalid_credentials")


def test_login__organization_name_in_a_form_counts_too(server, client, tenant):
    other = server.create_org()
    fields = {"username": tenant.email, "password": tenant.password}
    good = client.post("/admin/login", data=fields | {"organization_name": tenant.name})
    assert good.status_code == 200
    wrong = client.post("/admin/login", data=fields | {"organization_name": other.name})
    refused(wrong, 401, "Invalid credentials")


def test_login__missing_or_no_text_is_422(client):
    assert faults(login_body(client, {})) == {
        ("body", "email"): "missing", ("body", "password"): "missing"
    }
    wrong = {"email": 1, "password": None, "organization_name": []}
    assert faults(login_body(client, wrong)) == {
        ("body", "email"): "string_type", ("body", "password"): "string_type",
        ("body", "organization_name"): "string_type",
    }
    for body in (b"", b" ", b"[]", b"7"):
        assert list(faults(login_body(client, body))) == [("body",)]


@pytest.mark.parametrize("email, password", [
    ("", ""), ("nobody", "x"), ("a@b", ""), ("\t@\n", "short"), ("x" * 5000, "y" * 5000),
    ("a@b@c", "z" * 1025), ("\u200b", "\u0085"),
])
def test_login__what_no_account_can_have_is_401(client, email, password):
    refused(log_in(client, email, password), 401, "Invalid credentials", "invalid_credentials")


def test_login__unknown_address_and_wrong_password_get_the_same_bytes(client, tenant):
    answers = [log_in(client, unique_email(), tenant.password),
               log_in(client, tenant.email, tenant.password + "x"),
               login_body(client, {"email": tenant.email, "password": tenant.password,
                                   "organization_name": unique()})]
    seen = set()
    for answer in answers:
        body = refused(answer, 401, "Invalid credentials")
        headers = [(key.lower(), value) for key, value in answer.headers.items()
                   if key.lower() not in ("date", "x-request-id")]
        text = answer.text.replace(body["request_id"], "*")
        seen.add((text, tuple(headers)))
    assert len(seen) == 1


@pytest.mark.timing
def test_login__unknown_address_costs_the_time_of_a_wrong_password(serve):
    server = serve({"ORGD_LOGIN_FAILURES": "0"})
    org = server.create_org()

    def seconds(email):
        begun = time.perf_counter()
        assert log_in(server.client, email, "not the password").status_code == 401
        return time.perf_counter() - begun

    for attempt in range(4):  # a busy machine may spoil one series; a leak spoils each
        samples = [(seconds(org.email), seconds(unique_email())) for _ in range(15)]
        wrong, unknown = (statistics.median(column) for column in zip(*samples))
        if abs(wrong - unknown) <= 0.35 * max(wrong, unknown):
            return
    raise AssertionError(f"wrong password {wrong * 1000:.1f} ms, unknown address {unknown * 1000:.1f} ms")


def test_login__lifetime_is_a_setting(serve):
    server = serve({"ACCESS_TOKEN_EXPIRE_MINUTES": "5"})
    org = server.create_org()
    body = log_in(server.client, org.email, org.password).json()
    assert body["expires_in"] == 300
    found = claims(body["access_token"])
    assert found["exp"] - found["iat"] == 300


# ---- what a token is good for --------------------------------------------------------------------


def allowed(client, tenant, token):
    return send(client, "GET", tenant.documents, token=token).status_code == 200


def test_token__scheme_is_bearer_in_any_case_and_only_once(client, tenant):
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {tenant.token}"}
        assert client.get(tenant.documents, headers=headers).status_code == 200, scheme
    for wrong in (f"Bearer Bearer {tenant.token}", tenant.token, f"Token {tenant.token}",
                  f"Bearer{tenant.token}", f"Bearer {tenant.token} x", "Bearer",
                  f"Bearer {tenant.token},"):
        answer = client.get(tenant.documents, headers={"Authorization": wrong})
        assert answer.status_code == 401, wrong
        assert answer.headers["WWW-Authenticate"].split()[0] == "Bearer"
        answer = client.delete("/org/delete", headers={"Authorization": wrong})
        assert answer.status_code == 401, wrong
        assert answer.json()["detail"] in ("Not authenticated", "Invalid or expired token")
    twice = client.delete("/org/delete", headers=bearer(f"Bearer {tenant.token}"))
    refused(twice, 401, "Invalid or expired token")


def test_token__missing_is_not_authenticated_with_a_challenge(client, tenant):
    for method, path in (("PUT", "/org/update"), ("DELETE", "/org/delete")):
        answer = send(client, method, path)
        refused(answer, 401, "Not authenticated", "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    answer = client.get(tenant.documents)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["detail"] == "Not authenticated"


def test_token__bad_is_invalid_with_a_challenge(client, tenant):
    for answer in (send(client, "PUT", "/org/update", {"new_name": "x"}, "bad"),
                   send(client, "DELETE", "/org/delete", token="bad")):
        refused(answer, 401, "Invalid or expired token", "invalid_token")
        assert answer.headers["WWW-Authenticate"].split()[0] == "Bearer"


def test_token__new_password_ends_older_ones_and_takes_one_issued_right_after(server, client):
    for _ in range(3):
        tenant = server.new_tenant()
        older = log_in(client, tenant.email, tenant.password).json()["access_token"]
        assert update(client, {"password": "another password"}, tenant.token).status_code == 200
        newer = log_in(client, tenant.email, "another password").json()["access_token"]
        assert not allowed(client, tenant, tenant.token)
        assert not allowed(client, tenant, older)
        assert allowed(client, tenant, newer)
        refused(send(client, "DELETE", "/org/delete", token=older), 401, "Invalid or expired token")


def test_token__new_address_or_name_alone_ends_none(client, tenant):
    assert update(client, {"email": unique_email()}, tenant.token).status_code == 200
    assert update(client, {"new_name": unique()}, tenant.token).status_code == 200
    assert allowed(client, tenant, tenant.token)


def test_token__outlives_a_restart(serve):
    server = serve()
    tenant = server.new_tenant()
    server.restart()
    assert allowed(server.client, tenant, tenant.token)


def test_token__tampered_with_is_refused(server, client, tenant):
    header, payload, signature = tenant.token.split(".")
    other = server.new_tenant()
    inside = claims(tenant.token)
    wrong = [
        f"{header}.{payload}.", f"{header}.{payload}", f"{header}..{signature}", f".{payload}.{signature}",
        f"{header}.{other.token.split('.')[1]}.{signature}",
        f"{header}.{base64url(json.dumps(inside | {'org_id': other.id}).encode())}.{signature}",
        f"{header}.{payload}.{other.token.split('.')[2]}",
        f"{header}.{payload}.{('A' if signature[0] != 'A' else 'B') + signature[1:]}",
        f"{header}.{payload}.{signature[:-2]}", f"{header}.{payload}.{signature}.x",
        f"{header}.{payload}.{signature}AAAA", "a.b.c", "...", "x" * 5000, "é",
        base64url(b'{"alg":"none","typ":"JWT"}') + f".{payload}.",
        base64url(b'{"alg":"none"}') + f".{payload}.{signature}",
        base64url(b'{"alg":"HS512","typ":"JWT"}') + f".{payload}.{signature}",
        base64url(b'{}') + f".{payload}.{signature}",
    ]
    for token in wrong:
        headers = {"Authorization": f"Bearer {token}".encode()}
        assert client.get(tenant.documents, headers=headers).status_code == 401, token


def test_token__of_a_deleted_organization_is_401_everywhere(client, tenant):
    assert send(client, "DELETE", "/org/delete", token=tenant.token).status_code == 200
    for method, path, body in endpoints(tenant):
        assert send(client, method, path, body, tenant.token).status_code == 401, (method, path)


def endpoints(tenant, name=None):
    """Every call that needs a token, about this tenant's organization."""
    named = name or tenant.name
    return [
        ("PUT", "/org/update", {"old_name": named, "new_name": unique()}),
        ("DELETE", "/org/delete", {"organization_name": named}),
        ("DELETE", f"/org/delete?organization_name={named}", None),
        ("GET", tenant.documents, None),
        ("HEAD", tenant.documents, None),
        ("POST", tenant.documents, {"a": 1}),
        ("GET", document(tenant, "d"), None),
        ("PUT", document(tenant, "d"), {"a": 1}),
        ("PATCH", document(tenant, "d"), {"a": 1}),
        ("DELETE", document(tenant, "d"), None),
    ]


def test_token__of_another_tenant_is_refused_everywhere(server, client, tenant):
    other = server.new_tenant()
    assert send(client, "PUT", document(tenant, "d"), {"mine": 1}, tenant.token).status_code == 201
    for method, path, body in endpoints(tenant):
        expected = 403 if path.startswith("/org/") else 404
        answer = send(client, method, path, body, other.token)
        assert answer.status_code == expected, (method, path, answer.text)
        by_slug = path.replace(tenant.id, tenant.slug)
        assert send(client, method, by_slug, body, other.token).status_code == expected
    assert get_org(client, tenant.name).json() == tenant.body
    assert send(client, "GET", document(tenant, "d"), token=tenant.token).json() == {
        "_id": "d", "mine": 1,
    }


# ---- tokens that somebody else signed ------------------------------------------------------------


@pytest.fixture
def signed(serve):
    """A server whose secret is known, and a tenant on it."""
    server = serve({"JWT_SECRET": SECRET})
    return server, server.new_tenant()


def seeds_claims(tenant, **changes):
    """What the seeds' programs put into a token."""
    made = {
        "admin_id": tenant.body["admin_id"],
        "org_id": tenant.id,
        "org_name": tenant.name,
        "exp": int(time.time()) + 600,
    }
    return {key: value for key, value in (made | changes).items() if value is not None}


def test_token__the_secret_verifies_ours(signed):
    _, tenant = signed
    decoded = jwt.decode(tenant.token, SECRET, algorithms=["HS256"])
    assert decoded["org_id"] == tenant.id


def test_token__of_the_seeds_programs_is_good_until_the_password_changes(signed):
    server, tenant = signed
    token = jwt.encode(seeds_claims(tenant), SECRET, algorithm="HS256")
    assert allowed(server.client, tenant, token)
    name = unique()
    assert update(server.client, {"new_name": name}, token).status_code == 200
    assert allowed(server.client, tenant, token)
    assert update(server.client, {"password": "another password"}, token).status_code == 200
    assert not allowed(server.client, tenant, token)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_token__with_wrong_claims_algorithm_or_secret_is_refused(signed):
    server, tenant = signed
    other = server.new_tenant()
    now = int(time.time())
    good = seeds_claims(tenant)
    wrong = {
        "expired": jwt.encode(good | {"exp": now - 1}, SECRET, algorithm="HS256"),
        "expired long ago": jwt.encode(good | {"exp": 1}, SECRET, algorithm="HS256"),
        "no exp": jwt.encode(seeds_claims(tenant, exp=None), SECRET, algorithm="HS256"),
        "exp as text": seeds_like(good | {"exp": str(now + 600)}),
        "not yet": jwt.encode(good | {"nbf": now + 300}, SECRET, algorithm="HS256"),
        "other secret": jwt.encode(good, SECRET + "x", algorithm="HS256"),
        "HS384": jwt.encode(good, SECRET, algorithm="HS384"),
        "HS512": jwt.encode(good, SECRET, algorithm="HS512"),
        "none": jwt.encode(good, None, algorithm="none"),
        "no admin": jwt.encode(seeds_claims(tenant, admin_id=None), SECRET, algorithm="HS256"),
        "no organization": jwt.encode(seeds_claims(tenant, org_id=None), SECRET, algorithm="HS256"),
        "admin of another": jwt.encode(
            good | {"admin_id": other.body["admin_id"]}, SECRET, algorithm="HS256"
        ),
        "organization of another": jwt.encode(good | {"org_id": other.id}, SECRET, algorithm="HS256"),
        "unknown admin": jwt.encode(good | {"admin_id": "0" * 24}, SECRET, algorithm="HS256"),
        "ids as numbers": seeds_like(good | {"admin_id": 5, "org_id": 7}),
        "ids that are none": seeds_like(good | {"admin_id": "x", "org_id": "y"}),
        "another sub": jwt.encode(good | {"sub": other.body["admin_id"]}, SECRET, algorithm="HS256"),
    }
    for what, token in wrong.items():
        answer = send(server.client, "DELETE", "/org/delete", token=token)
        refused(answer, 401, "Invalid or expired token")
        assert not allowed(server.client, tenant, token), what


def seeds_like(body):
    """A token signed right whatever its claims are; the library would refuse to make some."""
    return jwt.api_jws.encode(json.dumps(body).encode(), SECRET, algorithm="HS256")


def test_token__ends_when_its_exp_comes(signed):
    server, tenant = signed
    shorter = claims(tenant.token) | {"exp": int(time.time()) + 2}
    token = jwt.encode(shorter, SECRET, algorithm="HS256")
    assert allowed(server.client, tenant, token)
    deadline = time.monotonic() + 6
    while allowed(server.client, tenant, token):
        assert time.monotonic() < deadline, "the token does not expire"
        time.sleep(0.1)


def test_token__secret_made_at_first_start_is_another_for_each_store(serve):
    tenants = []
    for _ in range(2):
        server = serve()
        tenants.append((server, server.new_tenant()))
    (first, mine), (second, theirs) = tenants
    assert not allowed(first.client, mine, theirs.token)
    assert not allowed(second.client, theirs, mine.token)


# ---- login against changes -----------------------------------------------------------------------


def test_login__during_password_changes_is_always_by_one_of_the_two(server, tenant):
    """A login never fails with the password that is in force, nor passes with one long gone."""
    passwords = [tenant.password, "the other password"]
    stop = threading.Event()
    seen = []

    def watch():
        with server.new_client() as client:
            while not stop.is_set():
                seen.append([log_in(client, tenant.email, each).status_code for each in passwords])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        token = tenant.token
        for turn in range(6):
            password = passwords[(turn + 1) % 2]
            answer = update(server.client, {"password": password}, token)
            assert answer.status_code == 200, answer.text
            token = server.login(tenant.email, password)
    finally:
        stop.set()
        watcher.join()
    assert {status for pair in seen for status in pair} <= {200, 401}
    assert PASSWORD == tenant.password


@pytest.mark.parametrize("scheme", ["pbkdf2_sha256", "bcrypt"])
def test_hash_of_the_seeds_programs_logs_in_and_is_renewed(scheme, serve, engine):
    """What passlib stored is put into the store while the server is down."""
    password = "Test1234-ß"
    server = serve()
    org = server.create_org(password="another one")
    server.stop()
    stored = getattr(passlib.hash, scheme).hash(password)
    assert engine.set_password_hashes(server, stored) == 1

    server.start()
    body = {"email": org.email, "password": password}
    wrong = server.client.post("/admin/login", json={**body, "password": password + "x"})
    assert wrong.status_code == 401
    first = server.client.post("/admin/login", json=body)
    assert first.status_code == 200
    assert server.client.post("/admin/login", json=body).status_code == 200
    path = f"/v1/organizations/{first.json()['organization_id']}/documents"
    headers = {"Authorization": f"Bearer {first.json()['access_token']}"}
    assert server.client.get(path, headers=headers).status_code == 200, "the renewal ends no token"
    server.stop()
    (renewed,) = engine.password_hashes(server)
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
