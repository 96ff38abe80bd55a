"""Contract section 1 and design: the log is logfmt, has one line for each request, and no secrets.
That every line parses is also checked for every server that these tests stop (Server.check_log)."""

import json
import time

import pytest

import orgd


def line_of(server, request_id):
    found = server.wait_event(id=request_id)
    assert len(server.events(id=request_id)) == 1, "more than one line for a request"
    return found


def test_each_request_has_a_line_with_id_route_status_and_duration(serve):
    server = serve()
    org = server.create_org()
    calls = [
        ("GET", "/livez", {}, 200, "/livez"),
        ("GET", f"/org/get?organization_name={org.name}", {}, 200, "/org/get"),
        ("GET", "/org/get?organization_name=nobody", {}, 404, "/org/get"),
        ("PUT", "/org/update", {"content": "{}"}, 401, "/org/update"),
        ("POST", "/org/create", {"content": "{"}, 400, "/org/create"),
        ("POST", "/org/create", {"json": {}}, 422, "/org/create"),
        ("POST", "/livez", {}, 405, "/livez"),
        ("OPTIONS", "/livez", {}, 204, "/livez"),
        ("HEAD", "/livez", {}, 200, "/livez"),
    ]
    for method, target, options, status, route in calls:
        mark = orgd.unique("mark")
        answer = server.client.request(method, target, headers={"X-Request-Id": mark}, **options)
        assert answer.status_code == status
        line = line_of(server, mark)
        assert line["route"] == route or status in (204, 405), "no row of the table is meant"
        assert line["status"] == str(status)
        assert line["method"] == method
        assert float(line["duration_ms"]) >= 0
        assert "tenant" not in line or route.startswith("/org/")


def test_request_of_a_tenant_has_the_tenant_in_its_line(serve):
    server = serve()
    tenant = server.new_tenant()
    mark = orgd.unique("mark")
    server.client.post(
        tenant.documents, headers={**tenant.headers, "X-Request-Id": mark}, json={"a": 1}
    )
    line = line_of(server, mark)
    assert line["tenant"] in (tenant.id, tenant.slug)
    assert line["route"].startswith("/v1/organizations/{")
    assert line["route"].endswith("/documents")
    assert tenant.id not in line["route"]


def test_unknown_path_has_a_line_without_what_the_caller_wrote(serve):
    server = serve()
    mark = orgd.unique("mark")
    answer = server.client.get(
        "/a%0Alevel=error/%22b?password=hunter2hunter2", headers={"X-Request-Id": mark}
    )
    assert answer.status_code == 404
    line = line_of(server, mark)
    assert line["status"] == "404" and line["level"] == "info"
    assert "hunter2" not in server.log_text()


def test_duration_is_that_of_the_request(serve):
    server = serve()
    org = server.create_org()
    mark = orgd.unique("mark")
    began = time.monotonic()
    server.client.post(
        "/admin/login",
        headers={"X-Request-Id": mark},
        json={"email": org.email, "password": org.password},
    )
    took_ms = (time.monotonic() - began) * 1000
    assert 1 < float(line_of(server, mark)["duration_ms"]) <= took_ms


@pytest.mark.parametrize("level", ["debug", "info"])
def test_no_password_hash_or_token_is_ever_logged(level, serve):
    secret = "the-signing-secret-of-this-test-0123456789"
    server = serve({"ORGD_LOG_LEVEL": level, "JWT_SECRET": secret})
    server.secrets.add(secret)
    password, new_password, wrong = "Very-Secret-One", "Very-Secret-Two", "Very-Secret-Wrong"
    server.secrets.update((password, new_password, wrong))
    client = server.client
    org = server.create_org(password=password)
    org.token = server.login(org.email, password)
    login = {"email": org.email, "password": wrong}

    def send(method, target, **options):
        assert client.request(method, target, **options).status_code < 500

    send("POST", "/admin/login", json=login)
    send("POST", "/admin/login", data={"username": org.email, "password": wrong})
    send("POST", "/admin/login", json={"email": org.email, "password": [wrong]})
    send("POST", "/admin/login", json={"email": org.email, wrong: 1})
    send("POST", "/admin/login", content=json.dumps(login)[:-1])
    send("POST", "/admin/login", content=json.dumps(login)[:-1] + ', "password": "x"}')
    send("POST", f"/admin/login?password={wrong}", json=login)
    send("POST", "/org/create", json={"organization_name": 1, "email": 2, "password": wrong})
    send(
        "POST",
        "/org/create",
        json={"organization_name": org.name, "email": "x@y.z", "password": wrong},
    )
    send("GET", f"/org/get?organization_name={org.name}&password={wrong}&t={org.token}")
    send("GET", f"/{wrong}/{org.token}")
    send("PUT", "/org/update", json={"new_name": "x", "email": org.email, "password": wrong})
    send("PUT", "/org/update", headers=org.headers, json={"password": new_password})
    send("PUT", "/org/update", headers=org.headers, json={"password": wrong})
    send("GET", org.documents, headers=org.headers)
    send("GET", org.documents, headers={"Authorization": f"Bearer Bearer {org.token}"})
    send("GET", org.documents, headers={"Authorization": f"Basic {org.token}"})
    send("GET", org.documents, headers={"Cookie": f"token={org.token}", "Referer": wrong})
    with server.connect() as connection:
        connection.send(f"GET /livez HTTP/1.1\r\nHost : {wrong}\r\nX-A: {org.token}\r\n\r\n")
        connection.ended()
    with server.connect() as connection:
        connection.send(f"GET /{wrong}/{'x' * 20000} HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.ended()
    new_token = server.login(org.email, new_password)
    send("DELETE", "/org/delete", headers=orgd.bearer(new_token))
    assert server.stop() == 0
    server.check_log()
    assert len(server.log) > 20


def test_secret_from_the_command_line_is_not_logged(serve):
    secret = "a-secret-from-the-command-line-0123456789"
    server = serve(flags=["--jwt-secret", secret])
    server.secrets.add(secret)
    server.new_tenant()
    assert server.stop() == 0
    server.check_log()


def test_listening_is_told_whatever_the_level(serve):
    server = serve(flags=["--log-level=error"])
    assert [event["level"] for event in server.events(msg="listening")] == ["info"]
    server.client.get("/livez")
    assert server.events(msg="request") == []
