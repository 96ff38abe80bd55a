"""What the tests of organizations, logins and documents share: judging answers, and doing things at once."""

import base64
import json
import re
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

ID = re.compile(r"[0-9a-f]{24}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TYPES = {"missing", "string_type", "string_too_short", "string_too_long", "value_error"}

MEBIBYTE = 1024 * 1024


def refused(response, status, detail, code=None):
    """A refusal in the form outside /v1: detail, code and request_id."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    body = response.json()
    assert body["detail"] == detail, body
    assert re.fullmatch(r"[a-z_]+", body["code"]), body
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert set(body) - {"offset"} == {"detail", "code", "request_id"}
    if code:
        assert body["code"] == code
    if status == 401:
        assert_challenge(response)
    return body


def problem(response, status, code=None):
    """A refusal in the form under /v1: RFC 9457."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body), body
    assert body["status"] == status
    assert isinstance(body["type"], str) and isinstance(body["title"], str)
    assert isinstance(body["detail"], str)
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert ("errors" in body) == (status == 422)
    if code:
        assert body["code"] == code, body
    if status == 401:
        assert_challenge(response)
    return body


def assert_challenge(response):
    """What every 401 for a token carries; a refused login has it too or not, the contract is open."""
    challenge = response.headers.get("WWW-Authenticate")
    assert challenge is None or challenge.split()[0] == "Bearer", challenge


def faults(response):
    """The entries of a 422, {loc: type}, in either form."""
    assert response.status_code == 422, (response.status_code, response.text)
    body = response.json()
    if response.headers["Content-Type"].startswith("application/problem+json"):
        problem(response, 422)
        entries = body["errors"]
    else:
        assert body["request_id"] == response.headers["X-Request-Id"]
        assert body["code"]
        entries = body["detail"]
    found = {}
    for entry in entries:
        assert {"type", "loc", "msg"} <= set(entry), entry
        assert entry["loc"][0] in ("body", "query", "path", "header"), entry
        assert isinstance(entry["msg"], str) and entry["msg"], entry
        found[tuple(entry["loc"])] = entry["type"]
    assert len(found) == len(entries), "one entry for each wrong member"
    assert found, "a 422 says what is wrong"
    return found


def send(client, method, path, body=None, token=None, headers=None, **options):
    """A request with a JSON body of any method; bytes and text go as they are."""
    headers = dict(headers or {})
    if token is not None:
        headers.setdefault("Authorization", f"Bearer {token}")
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body, ensure_ascii=False).encode()
        headers.setdefault("Content-Type", "application/json")
    return client.request(method, path, content=body, headers=headers, **options)


def create(client, name, email, password):
    body = {"organization_name": name, "email": email, "password": password}
    return client.post("/org/create", json=body)


def get_org(client, name):
    return client.get("/org/get", params={"organization_name": name})


def log_in(client, email, password):
    return client.post("/admin/login", json={"email": email, "password": password})


def update(client, body, token=None):
    return send(client, "PUT", "/org/update", body, token)


def document(tenant, document_id):
    """The path of one document."""
    return f"{tenant.documents}/{urllib.parse.quote(document_id, safe='')}"


def walk(client, tenant, limit=50, token=None, limit_pages=10_000):
    """Every document, page by page, in the order in which they came."""
    found = []
    query = {"limit": limit}
    for _ in range(limit_pages):
        response = send(client, "GET", tenant.documents, token=token or tenant.token, params=query)
        assert response.status_code == 200, response.text
        page = response.json()
        assert len(page["data"]) <= limit
        found += page["data"]
        if page["next"] is None:
            return found
        assert page["data"], "a page with a next one is not empty"
        query["after"] = page["next"]
    raise AssertionError("the pages have no end")


def together(calls):
    """Runs all the calls at once, each on a thread of its own; their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(60) for each in [pool.submit(run, call) for call in calls]]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(token):
    """The claims of a token, unverified."""
    return json.loads(base64url_decode(token.split(".")[1]))
