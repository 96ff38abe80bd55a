"""Contract section 5: what an operator, a browser and every client can rely on at every path."""

import re
import time

import httpx
import pytest

import orgd

GET_PATHS = ["/", "/livez", "/readyz", "/health", "/metrics", "/docs", "/openapi.json"]
SEED_METHODS = {
    "/org/create": {"POST"},
    "/org/get": {"GET", "HEAD"},
    "/org/update": {"PUT"},
    "/org/delete": {"DELETE"},
    "/admin/login": {"POST"},
    **{path: {"GET", "HEAD"} for path in GET_PATHS},
    "/v1/organizations/some-org/documents": {"GET", "HEAD", "POST"},
    "/v1/organizations/some-org/documents/some-id": {"GET", "HEAD", "PUT", "PATCH", "DELETE"},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
OPERATIONS = {"get", "put", "post", "patch", "delete"}
VOLATILE = {"date", "x-request-id"}


def allowed(answer):
    return {method.strip() for method in answer.headers["allow"].split(",")}


# Small ones


def test_root_tells_what_this_is(client):
    answer = client.get("/")
    assert answer.status_code == 200
    body = answer.json()
    version = body.pop("version")
    assert body == {"service": "orgd", "status": "running", "docs": "/docs"}
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version)


def test_livez_and_readyz_are_200_while_it_serves(client):
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_health_is_as_the_seeds_have_it(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "database": "connected",
        "version": client.get("/").json()["version"],
    }


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/org/get"])
def test_json_is_said_to_be_json(path, client):
    assert client.get(path).headers["content-type"].split(";")[0] == "application/json"


# Metrics


SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


def read_metrics(server):
    """({name: type}, {(name, frozenset of label pairs): value}) of what /metrics says."""
    with server.new_client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "version=0.0.4" in answer.headers["content-type"]
    types, samples = {}, {}
    assert answer.text.endswith("\n")
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} twice"
            types[name] = kind
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            labels = LABEL.findall(match[2] or "")
            assert ",".join(f'{k}="{v}"' for k, v in labels) == (match[2] or ""), line
            key = (match[1], frozenset(labels))
            assert key not in samples, f"{line} twice"
            samples[key] = float(match[3])
            family = re.sub(r"_(bucket|sum|count)$", "", match[1])
            assert match[1] in types or types.get(family) == "histogram", f"{line}: no TYPE"
    return types, samples


def total(samples, name, **labels):
    """Sum of a metric's samples that have these labels."""
    wanted = set(labels.items())
    return sum(value for (n, pairs), value in samples.items() if n == name and wanted <= pairs)


def has(samples, name, **labels):
    wanted = set(labels.items())
    return any(n == name and wanted <= pairs for n, pairs in samples)


def test_metrics_are_all_there_at_0_before_their_first_event(serve):
    server = serve()
    types, samples = read_metrics(server)
    assert types == {
        **types,
        "orgd_http_requests_total": "counter",
        "orgd_http_request_duration_seconds": "histogram",
        "orgd_http_requests_in_flight": "gauge",
        "orgd_executor_queue_depth": "gauge",
        "orgd_executor_limit": "gauge",
        "orgd_refused_total": "counter",
        "orgd_store_duration_seconds": "histogram",
        "orgd_logins_total": "counter",
        "orgd_token_checks_total": "counter",
        "orgd_build_info": "gauge",
    }
    for result in ("ok", "refused", "limited"):
        assert samples[("orgd_logins_total", frozenset({("result", result)}))] == 0
    for by in ("memory", "signature"):
        assert samples[("orgd_token_checks_total", frozenset({("by", by)}))] == 0
    assert {key for key in samples if key[0] == "orgd_refused_total"}
    assert total(samples, "orgd_refused_total") == 0
    for executor in ("hash", "store"):
        assert samples[("orgd_executor_queue_depth", frozenset({("executor", executor)}))] == 0
        assert samples[("orgd_executor_limit", frozenset({("executor", executor)}))] >= 1
    assert has(samples, "orgd_http_requests_in_flight")
    for method, route in (("POST", "/org/create"), ("GET", "/org/get"), ("POST", "/admin/login")):
        assert has(samples, "orgd_http_requests_total", method=method, route=route)
        assert total(samples, "orgd_http_requests_total", route=route) == 0
        assert has(samples, "orgd_http_request_duration_seconds_count", route=route)
        assert total(samples, "orgd_http_request_duration_seconds_count", route=route) == 0
    assert has(samples, "orgd_store_duration_seconds_count", operation="organization_create")
    assert total(samples, "orgd_store_duration_seconds_count", operation="organization_create") == 0
    info = [pairs for name, pairs in samples if name == "orgd_build_info"]
    assert len(info) == 1 and ("version", server.client.get("/").json()["version"]) in info[0]
    assert total(samples, "orgd_build_info") == 1


def test_metrics_count_what_happens(serve):
    server = serve()
    org = server.create_org()
    server.login(org.email)
    for _ in range(3):
        server.client.post("/admin/login", json={"email": org.email, "password": "wrong-one"})
    for _ in range(5):
        server.client.get("/org/get", params={"organization_name": org.name})
    server.client.get("/org/get", params={"organization_name": "nobody"})
    _, samples = read_metrics(server)
    assert total(samples, "orgd_logins_total", result="ok") == 1
    assert total(samples, "orgd_logins_total", result="refused") == 3
    assert total(samples, "orgd_logins_total", result="limited") == 0
    requests = "orgd_http_requests_total"
    assert total(samples, requests, route="/org/get", method="GET", status="200") == 5
    assert total(samples, requests, route="/org/get", method="GET", status="404") == 1
    assert total(samples, requests, route="/admin/login", method="POST", status="200") == 1
    assert total(samples, requests, route="/admin/login", method="POST", status="401") == 3
    assert total(samples, requests, route="/org/create", method="POST", status="200") == 1
    assert total(samples, "orgd_http_request_duration_seconds_count", route="/org/get") == 6
    creates = total(samples, "orgd_store_duration_seconds_count", operation="organization_create")
    assert creates == 1
    assert total(samples, "orgd_http_requests_in_flight") in (0, 1)


def test_histograms_are_cumulative_and_end_in_inf(serve):
    server = serve()
    server.create_org()
    types, samples = read_metrics(server)
    histograms = [name for name, kind in types.items() if kind == "histogram"]
    assert histograms
    for name in histograms:
        series = {}
        for (sample, pairs), value in samples.items():
            if sample == f"{name}_bucket":
                bound = dict(pairs)["le"]
                rest = frozenset(pair for pair in pairs if pair[0] != "le")
                series.setdefault(rest, []).append((float(bound), value))
        assert series
        for rest, buckets in series.items():
            counts = [value for _, value in sorted(buckets)]
            assert counts == sorted(counts)
            assert sorted(buckets)[-1][0] == float("inf")
            assert counts[-1] == samples[(f"{name}_count", rest)]
            assert samples[(f"{name}_sum", rest)] >= 0


def test_limited_logins_are_counted_and_told_when_to_come_back(serve):
    server = serve({"ORGD_LOGIN_FAILURES": "3"})
    org = server.create_org()
    statuses = []
    for _ in range(6):
        answer = server.client.post(
            "/admin/login", json={"email": org.email, "password": "wrong-one"}
        )
        statuses.append(answer.status_code)
    assert statuses == [401, 401, 401, 429, 429, 429]
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["code"] == "too_many_attempts"
    _, samples = read_metrics(server)
    assert total(samples, "orgd_logins_total", result="limited") == 3
    assert total(samples, "orgd_logins_total", result="refused") == 3


def test_full_hash_queue_is_refused_at_once_and_counted(serve):
    server = serve({"ORGD_HASH_THREADS": "1", "ORGD_HASH_QUEUE": "1"})
    org = server.create_org()
    body = f'{{"email": "{org.email}", "password": "{org.password}"}}'
    connections = [server.connect() for _ in range(20)]
    for connection in connections:
        connection.send(orgd.request_bytes("POST", "/admin/login", body=body))
    answers = [connection.response("POST") for connection in connections]
    for connection in connections:
        connection.close()
    assert {answer.status for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status == 503:
            assert int(answer.get("retry-after")) >= 1
            assert b'"busy"' in answer.body
    _, samples = read_metrics(server)
    refused = sum(answer.status == 503 for answer in answers)
    assert total(samples, "orgd_refused_total") == refused


def test_those_refused_at_once_are_told_to_come_back_one_after_another(serve):
    server = serve({"ORGD_HASH_THREADS": "1", "ORGD_HASH_QUEUE": "1"})
    org = server.create_org()
    body = f'{{"email": "{org.email}", "password": "{org.password}"}}'
    connections = [server.connect() for _ in range(40)]
    begun = time.monotonic()
    for connection in connections:
        connection.send(orgd.request_bytes("POST", "/admin/login", body=body))
    answers = [connection.response("POST") for connection in connections]
    elapsed = time.monotonic() - begun
    for connection in connections:
        connection.close()
    told = [int(answer.get("retry-after")) for answer in answers if answer.status == 503]
    assert told and all(1 <= seconds <= 60 for seconds in told)
    # No more than two can be taken at once, so each takes half a second, counted from its own refusal.
    assert max(told) >= len(told) / 2 - elapsed
    for seconds in set(told):
        assert told.count(seconds) <= 2 * (1 + elapsed) + 1


def test_paths_of_callers_make_no_labels(serve):
    server = serve()
    for i in range(20):
        server.client.get(f"/made-up-{i}")
        server.client.get(f"/v1/made-up-{i}")
        server.client.request(f"MADEUP{i}", "/org/get")
    server.client.get('/made-up"} 1')
    text = server.client.get("/metrics").text
    assert "made-up" not in text and "MADEUP" not in text


# Headers of every answer


EVERY_KIND = [
    ("GET", "/", {}, 200),
    ("GET", "/metrics", {}, 200),
    ("GET", "/docs", {}, 200),
    ("GET", "/openapi.json", {}, 200),
    ("GET", "/org/get?organization_name=nobody", {}, 404),
    ("GET", "/org/get", {}, 422),
    ("GET", "/org/get?organization_name=%00", {}, 400),
    ("POST", "/org/create", {"content": "{"}, 400),
    ("POST", "/org/create", {"content": " " * 70000}, 413),
    ("PUT", "/org/update", {}, 401),
    ("POST", "/admin/login", {"json": {"email": "x@y.z", "password": "wrong"}}, 401),
    ("GET", "/nowhere", {}, 404),
    ("GET", "/v1/nowhere", {}, 404),
    ("GET", "/v1/organizations/x/documents", {}, 401),
    ("PUT", "/v1/organizations/x/documents", {}, 405),
    ("POST", "/livez", {}, 405),
    ("OPTIONS", "/livez", {}, 204),
    ("HEAD", "/livez", {}, 200),
]
EVERY_ID = [f"{method} {target} {status}" for method, target, _, status in EVERY_KIND]


@pytest.mark.parametrize("method,target,options,status", EVERY_KIND, ids=EVERY_ID)
def test_every_answer_has_a_request_id_and_nosniff(method, target, options, status, client):
    answer = client.request(method, target, **options)
    assert answer.status_code == status
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = client.request(method, target, headers={"X-Request-Id": "a.B-c_9"}, **options)
    assert again.headers["x-request-id"] == "a.B-c_9"


@pytest.mark.parametrize(
    "method,target,options,status", [kind for kind in EVERY_KIND if kind[3] >= 400]
)
def test_every_error_body_has_the_request_id_of_its_header(method, target, options, status, client):
    answer = client.request(method, target, **options)
    body = answer.json()
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["code"] and body["detail"]
    if target.startswith("/v1"):
        assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
        assert body["status"] == status and body["title"] and body["type"]
    else:
        assert answer.headers["content-type"].split(";")[0] == "application/json"


@pytest.mark.parametrize("good", ["a", "0", "-", "_", ".", "x" * 64, "Az09._-"])
def test_request_id_of_the_caller_is_kept(good, client):
    assert client.get("/livez", headers={"X-Request-Id": good}).headers["x-request-id"] == good


@pytest.mark.parametrize(
    "bad", ["", "x" * 65, "a b", "a/b", "a\tb", 'a"b', "a,b", "é", "a=b", "<script>", "x" * 4000]
)
def test_request_id_of_another_form_is_replaced(bad, client):
    answer = client.get("/livez", headers={"X-Request-Id": bad.encode("utf-8")})
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] != bad
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])


def test_made_request_ids_differ(client):
    made = {client.get("/livez").headers["x-request-id"] for _ in range(50)}
    assert len(made) == 50


def test_answers_that_depend_on_a_credential_are_not_stored(client, server):
    tenant = server.new_tenant()
    other = server.new_tenant()
    login = {"email": tenant.email, "password": tenant.password}
    made = client.post(tenant.documents, headers=tenant.headers, json={"_id": "a"})
    no_store = [
        client.post("/admin/login", json=login),
        client.post("/admin/login", json={**login, "password": "wrong-one"}),
        client.post("/admin/login", json={}),
        client.post("/admin/login", content="{"),
        client.put("/org/update", json={"new_name": "x"}),
        client.put("/org/update", headers=orgd.bearer("x.y.z"), json={"new_name": "x"}),
        client.put("/org/update", headers=tenant.headers, json={}),
        client.put("/org/update", headers=tenant.headers, json={"new_name": tenant.name}),
        client.put(
            "/org/update",
            headers=other.headers,
            json={"old_name": tenant.name, "new_name": orgd.unique()},
        ),
        client.delete("/org/delete"),
        client.delete(
            "/org/delete", headers=other.headers, params={"organization_name": tenant.name}
        ),
        made,
        client.post(tenant.documents, headers=tenant.headers, json={"_id": "a"}),
        client.get(tenant.documents),
        client.get(tenant.documents, headers=other.headers),
        client.get(f"{tenant.documents}/nothing", headers=tenant.headers),
        client.get(f"{tenant.documents}?limit=0", headers=tenant.headers),
        client.put(f"{tenant.documents}/b", headers=tenant.headers, json={}),
        client.patch(f"{tenant.documents}/b", headers=tenant.headers, json={"n": 1}),
        client.put(f"{tenant.documents}/b", headers={**tenant.headers, "If-Match": '"x"'}, json={}),
        client.delete(f"{tenant.documents}/b", headers=tenant.headers),
        client.delete("/org/delete", headers=other.headers),
    ]
    expected = [
        200,
        401,
        422,
        400,
        401,
        401,
        422,
        200,
        403,
        401,
        403,
        201,
        409,
        401,
        404,
        404,
        422,
        201,
        200,
        412,
        204,
        200,
    ]
    assert [answer.status_code for answer in no_store] == expected
    for answer in no_store:
        assert answer.headers["cache-control"] == "no-store", answer.request
    etag = {"If-None-Match": made.headers["etag"]}
    for answer in (
        client.get(tenant.documents, headers=tenant.headers),
        client.get(f"{tenant.documents}/a", headers=tenant.headers),
        client.head(f"{tenant.documents}/a", headers=tenant.headers),
        client.get(f"{tenant.documents}/a", headers={**tenant.headers, **etag}),
    ):
        assert answer.status_code in (200, 304)
        assert answer.headers["cache-control"] == "private, no-cache"


# Methods and paths


@pytest.mark.parametrize("path", SEED_METHODS)
def test_known_path_with_another_method_is_405_without_a_token(path, client):
    allowed_there = SEED_METHODS[path] | {"OPTIONS"}
    for method in [*METHODS, "TRACE", "PROPFIND"]:
        if method in allowed_there:
            continue
        answer = client.request(method, path)
        assert answer.status_code == 405, method
        assert allowed(answer) == allowed_there
        if method != "HEAD":
            assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", SEED_METHODS)
def test_options_tells_what_is_allowed_without_a_token(path, client):
    answer = client.options(path)
    assert answer.status_code == 204
    assert allowed(answer) == SEED_METHODS[path] | {"OPTIONS"}
    assert answer.content == b""


@pytest.mark.parametrize("path", SEED_METHODS)
def test_bad_token_does_not_hide_a_405(path, client):
    answer = client.request("TRACE", path, headers=orgd.bearer("bad"))
    assert answer.status_code == 405


@pytest.mark.parametrize("method", [*METHODS, "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/org",
        "/org/",
        "/org/get/",
        "/ORG/GET",
        "/org/get/x",
        "/livez/",
        "/index.html",
        "/docs/nothing/x",
        "/v1",
        "/v1/",
        "/v1/nowhere",
        "/v1/organizations//documents",
        "/v1/organizations/x/documents/y/z",
    ],
)
def test_unknown_path_is_404_for_every_method_and_without_a_token(path, method, client):
    answer = client.request(method, path)
    assert answer.status_code == 404
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert answer.json()["code"] == "not_found"
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("path", [p for p in GET_PATHS if p != "/metrics"] + ["/org/get"])
def test_head_has_the_header_of_get_and_no_body(path, server):
    org = server.create_org()
    target = f"{path}?organization_name={org.name}" if path == "/org/get" else path
    check_head(server, target, [])


def test_head_of_documents_has_the_header_of_get_and_no_body(server, tenant):
    authorization = [("Authorization", f"Bearer {tenant.token}")]
    server.client.post(tenant.documents, headers=tenant.headers, json={"_id": "a", "n": 1})
    check_head(server, tenant.documents, authorization)
    check_head(server, f"{tenant.documents}/a", authorization)
    check_head(server, f"{tenant.documents}/nothing", authorization)
    check_head(server, tenant.documents, [])


def test_head_of_an_error_has_the_header_of_get_and_no_body(server):
    check_head(server, "/nowhere", [])
    check_head(server, "/v1/nowhere", [])
    check_head(server, "/org/get?organization_name=nobody", [])
    check_head(server, "/org/get", [])


def check_head(server, target, headers):
    """HEAD and then GET on one connection: no byte of a body may be between them."""
    headers = [*headers, ("X-Request-Id", "same")]
    with server.connect() as connection:
        connection.send(orgd.request_bytes("HEAD", target, headers))
        head = connection.response("HEAD")
        assert connection.received == b""
        connection.send(orgd.request_bytes("GET", target, headers))
        get = connection.response()
    assert head.status == get.status
    assert int(get.get("content-length")) == len(get.body)

    def stable(answer):
        return sorted(pair for pair in answer.headers if pair[0] not in VOLATILE)

    assert stable(head) == stable(get)


def test_head_of_metrics_has_no_body(server):
    with server.connect() as connection:
        connection.send(orgd.request_bytes("HEAD", "/metrics"))
        head = connection.response("HEAD")
        connection.send(orgd.request_bytes("GET", "/livez"))
        assert connection.response().status == 200
    assert head.status == 200 and head.get("content-type").startswith("text/plain")


# Documentation


def test_docs_has_no_file_that_is_not_its_own(client):
    for name in ("nothing", "nothing.js", "%2e%2e%2fetc%2fpasswd", ".git"):
        assert client.get(f"/docs/{name}").status_code == 404


def csp_of(answer):
    policy = {}
    for directive in answer.headers["content-security-policy"].split(";"):
        name, *sources = directive.split()
        assert name not in policy
        policy[name] = sources
    return policy


def fetched_by(html):
    """Every address that the page's elements load."""
    element = r"<(?:script|link|img|iframe)\b[^>]*?\b"
    return re.findall(element + r"""(?:src|href)\s*=\s*["']([^"']*)""", html)


def test_docs_is_a_page_that_loads_only_from_here(client):
    answer = client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    addresses = fetched_by(answer.text)
    assert len(addresses) >= 2, "a style sheet and a script"
    types = []
    for address in addresses:
        if address.startswith("data:"):
            continue
        assert not re.match(r"[a-z]+:|//", address), address
        part = client.get(str(httpx.URL("/docs").join(address)))
        assert part.status_code == 200, address
        assert part.headers["x-content-type-options"] == "nosniff"
        assert len(part.content) > 0
        types.append(part.headers["content-type"].split(";")[0])
    assert {"text/css"} <= set(types)
    assert {"text/javascript", "application/javascript"} & set(types)


def test_docs_policy_allows_no_other_origin(client):
    policy = csp_of(client.get("/docs"))
    assert policy["default-src"] in (["'none'"], ["'self'"])
    for name, sources in policy.items():
        for source in sources:
            assert re.fullmatch(
                r"'self'|'none'|data:|'unsafe-inline'|'sha(256|384|512)-[A-Za-z0-9+/=]+'", source
            ), (name, source)
    assert "'unsafe-inline'" not in policy.get("script-src", policy["default-src"])
    assert "data:" not in policy.get("script-src", policy["default-src"])
    connect = policy.get("connect-src", policy["default-src"])
    assert connect == ["'self'"]


def test_docs_turns_the_outside_validator_off(client):
    page = client.get("/docs").text
    scripts = [page]
    for address in fetched_by(page):
        if address.endswith(".js") and "bundle" not in address and "preset" not in address:
            scripts.append(client.get(str(httpx.URL("/docs").join(address))).text)
    assert any(re.search(r"validatorUrl\s*[:=]\s*(null|\"none\"|'none'|\"\")", s) for s in scripts)


def test_openapi_describes_every_route_and_refers_to_nothing_outside(client):
    answer = client.get("/openapi.json")
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    document = answer.json()
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"] == client.get("/").json()["version"]
    documents = "/v1/organizations/{org}/documents"
    found = {
        path: {method.upper() for method in OPERATIONS & set(item)}
        for path, item in document["paths"].items()
    }
    for path, methods in SEED_METHODS.items():
        if path.startswith("/v1") or path in ("/docs", "/openapi.json"):
            continue
        assert found[path] == methods - {"HEAD"}, path
    assert found[documents] == {"GET", "POST"}
    assert found[documents + "/{id}"] == {"GET", "PUT", "PATCH", "DELETE"}

    def references(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "$ref" and isinstance(value, str):
                    yield value
                else:
                    yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(document)):
        assert reference.startswith("#/")
        node = document
        for part in reference[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
    for each in document.get("servers", []):
        assert each["url"].startswith("/")


def test_openapi_has_a_unique_id_and_an_answer_for_each_operation(client):
    document = client.get("/openapi.json").json()
    ids = []
    for path, item in document["paths"].items():
        for method in OPERATIONS & set(item):
            operation = item[method]
            ids.append(operation["operationId"])
            assert any(code.startswith("2") for code in operation["responses"]), (method, path)
            assert operation.get("summary"), (method, path)
    assert len(ids) == len(set(ids))


def test_openapi_has_examples_for_bodies(client):
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method in OPERATIONS & set(item):
            operation = item[method]
            content = operation.get("requestBody", {}).get("content", {})
            for kind, media in content.items():
                schema = media.get("schema", {})
                while "$ref" in schema:
                    schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]]
                properties = schema.get("properties", {}).values()
                assert (
                    "example" in media
                    or media.get("examples")
                    or schema.get("examples")
                    or "example" in schema
                    or (properties and all("example" in p or p.get("examples") for p in properties))
                ), (method, path, kind)
