"""What somebody sends who means harm: nothing grows, nobody else waits, no request becomes two."""

import json
import os
import re
import threading
import time
from pathlib import Path

import pytest

from helpers import problem, refused
from orgd import bearer, request_bytes


def resident_kib(server):
    """The server's resident memory now."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def in_flight(client):
    found = re.search(r"^orgd_http_requests_in_flight (\d+)$", client.get("/metrics").text, re.M)
    return int(found.group(1))


def test_head_that_the_library_gives_up_on_leaves_nothing_behind(serve):
    """A thousand cookies exhaust libmicrohttpd's memory for a connection, and it forgets to say so."""
    options = os.environ.get("ASAN_OPTIONS", "")
    # A sanitizer keeps what was freed, to see who still uses it: here only little of that.
    server = serve(environment={"ASAN_OPTIONS": f"{options}:quarantine_size_mb=1"})
    cookies = request_bytes("GET", "/" + "q" * 2000, [("Cookie", "a=b;" * 2500)])
    for _ in range(300):
        with server.connect() as connection:
            connection.send(cookies)
            connection.ended(2)
    before = resident_kib(server)
    for _ in range(1500):
        with server.connect() as connection:
            connection.send(cookies)
            connection.ended(2)
    assert resident_kib(server) - before < 10 * 1024, "10 KiB for each would be 15 MiB"
    assert in_flight(server.client) == 1, "the question itself"


def test_memory_of_hashes_goes_back_when_nobody_logs_in(serve):
    server = serve({"ORGD_HASH_THREADS": "4"})
    org = server.create_org()
    before = resident_kib(server)
    body = json.dumps({"email": org.email, "password": org.password})
    connections = [server.connect() for _ in range(16)]
    for connection in connections:
        connection.send(request_bytes("POST", "/admin/login", body=body.encode()))
    assert {connection.response("POST").status for connection in connections} == {200}
    for connection in connections:
        connection.close()
    until = time.monotonic() + 15
    while resident_kib(server) - before > 10 * 1024:
        assert time.monotonic() < until, "four threads would keep 76 MiB"
        time.sleep(0.1)


def come_and_go(server, number):
    """So many connections at once, with a request each."""
    connections = [server.connect() for _ in range(number)]
    for connection in connections:
        connection.send(request_bytes("GET", "/nothing"))
    assert {connection.response("GET").status for connection in connections} == {404}
    for connection in connections:
        connection.close()


def test_memory_of_a_crowd_of_connections_goes_back_when_they_close(serve):
    server = serve({"ORGD_MAX_CONNECTIONS_PER_ADDRESS": "2000", "ORGD_EVENT_LOOPS": "1"})
    # A sanitizer's own allocator gives nothing back: it looks for faults, and there is no amount to assert.
    gives_back = "san.so" not in Path(f"/proc/{server.process.pid}/maps").read_text()
    before = resident_kib(server)
    for _ in range(3):  # the second crowd's memory is cleared by writing to all of it
        come_and_go(server, 700)
        until = time.monotonic() + 15
        while gives_back and resident_kib(server) - before > 6 * 1024:
            assert time.monotonic() < until, "700 connections would keep 22 MiB"
            time.sleep(0.1)


def test_empty_lines_before_requests_are_skipped_and_nothing_of_them_stays(server):
    """They move all that a request writes back in its connection's memory, of which a sanitized build looks
    whether all is cleared."""
    get = request_bytes("GET", "/livez")
    for lines in (1, 100, 2000, 3000):
        with server.connect() as connection:
            connection.send(b"\r\n" * lines + get * (6000 // len(get)))
            for _ in range(6000 // len(get)):
                assert connection.response().status == 200, lines


def test_nul_in_the_trailers_makes_no_second_request(server):
    smuggled = b"GET /livez HTTP/1.1\r\nHost: evil\r\n\r\n"
    head = b"POST /admin/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for trailer in (b"\0 X: y\r\n", b"\0\r\n", b": x\r\n", b":\r\n", b"A: b\r\n\0\r\n", b"\0X: y\r\n"):
        with server.connect() as connection:
            connection.send(head + b"2\r\n{}\r\n0\r\n" + trailer + smuggled)
            responses = connection.responses_until_end()
        assert [response.status for response in responses] in ([422], [400], []), trailer


def test_chunked_with_white_space_behind_it_is_refused(server):
    for value in (b"chunked ", b"chunked\t", b"chunked, "):
        with server.connect() as connection:
            connection.send(
                b"POST /admin/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + value +
                b"\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
            )  # fmt: skip
            responses = connection.responses_until_end()
        assert [response.status for response in responses] == [400], value


def test_chunked_body_is_refused_at_the_byte_that_passes_the_limit(server):
    with server.connect(timeout=5) as connection:
        connection.send(
            b"POST /org/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"7FFFFFFFFFFFFFFF\r\n" + b"x" * 70_000
        )
        response = connection.response("POST")
    assert response.status == 413
    assert json.loads(response.body)["code"] == "too_large"
    assert response.get("Connection") == "close"


def test_large_body_of_a_stranger_is_refused_before_it_is_read(server, tenant):
    head = [("Content-Length", "1000000"), ("Expect", "100-continue")]
    for extra in ([], [("Authorization", "Bearer a.b.c")]):
        with server.connect() as connection:
            connection.send(request_bytes("POST", tenant.documents, head + extra))
            response = connection.response("POST")
        assert response.status == 401
        assert json.loads(response.body)["status"] == 401


def test_trees_of_json_count_against_the_memory_for_bodies(serve):
    """A mebibyte of empty objects is parsed into a hundred times as much."""
    server = serve(flags=["--max-bodies-bytes=16777216"])
    tenant = server.new_tenant()
    body = b'{"a":[' + b"{}," * 340_000 + b"{}]}"
    response = server.client.post(tenant.documents, content=body, headers=tenant.headers)
    problem(response, 503, "busy")
    assert response.headers["Retry-After"]
    assert server.client.post(tenant.documents, json={"a": 1}, headers=tenant.headers).status_code == 201
    assert 'orgd_refused_total{reason="body_memory"} 1' in server.client.get("/metrics").text


def test_many_fields_of_a_form_are_refused(client):
    response = client.post(
        "/admin/login",
        content=b"&" * 60_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert refused(response, 400, "More than 1000 fields")["code"] == "malformed_request"


def test_refusals_by_the_guard_have_the_shape_of_their_path(server):
    bad = b" HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"
    for target, kind in ((b"/v1/x?y=z", b"application/problem+json"), (b"/v1", b"application/problem+json"),
                         (b"/v1x", b"application/json"), (b"/", b"application/json")):  # fmt: skip
        with server.connect() as connection:
            connection.send(b"GET " + target + bad)
            response = connection.response()
        assert response.status == 400
        assert response.get("Content-Type").encode() == kind, target


def test_405_tells_the_methods_before_a_body_that_is_too_large(server):
    with server.connect() as connection:
        connection.send(request_bytes("PATCH", "/org/create", [("Content-Length", "100000")]))
        response = connection.response("PATCH")
    assert response.status == 405
    assert response.get("Allow") == "POST, OPTIONS"


def test_every_x_admin_email_must_be_the_tokens_administrator(server):
    tenant = server.new_tenant()
    for order in (tenant.email, "other@example.com"), ("other@example.com", tenant.email):
        response = server.client.request(
            "DELETE",
            "/org/delete",
            headers=[*bearer(tenant.token).items(), *(("x-admin-email", email) for email in order)],
        )
        refused(response, 403, "Not authorized")
    assert server.client.delete("/org/delete", headers=tenant.headers).status_code == 200


def test_unknown_file_of_the_page_is_unknown_to_every_method(client):
    for method in ("GET", "DELETE", "OPTIONS", "HEAD"):
        assert client.request(method, "/docs/nope").status_code == 404


def test_304_tells_the_length_that_200_would_have(server, tenant):
    first = server.client.post(tenant.documents, json={"a": "x" * 500}, headers=tenant.headers)
    path = first.headers["Location"]
    whole = server.client.get(path, headers=tenant.headers)
    with server.connect() as connection:
        connection.send(
            request_bytes("GET", path, [*tenant.headers.items(), ("If-None-Match", whole.headers["ETag"])])
        )
        head = connection._until(b"\r\n\r\n")
    assert b"HTTP/1.1 304" in head
    lengths = re.findall(rb"(?i)content-length: (\d+)", head)
    assert lengths in ([], [str(len(whole.content)).encode()])


def test_member_name_in_a_422_is_utf8_however_long_it_is(server, tenant):
    response = server.client.post(tenant.documents, json={"$" + "é" * 60: 1}, headers=tenant.headers)
    assert response.status_code == 422
    response.content.decode("utf-8")


@pytest.mark.embedded
def test_large_patches_of_one_tenant_do_not_hold_up_anothers_writes(server):
    """Merging happens outside the store's one writer."""
    heavy, light = server.new_tenant(), server.new_tenant()
    server.client.put(
        heavy.documents + "/big", json={"a": [0.1] * 150_000}, headers=heavy.headers
    ).raise_for_status()

    def write(tenant, times):
        durations = []
        with server.new_client() as client:
            for i in range(times):
                begun = time.monotonic()
                answer = client.put(tenant.documents + "/small", json={"i": i}, headers=tenant.headers)
                assert answer.status_code in (200, 201)
                durations.append(time.monotonic() - begun)
        return sorted(durations)[times // 2]

    stop = threading.Event()
    patches = []

    def patch():
        with server.new_client() as client:
            while not stop.is_set():
                answer = client.patch(
                    heavy.documents + "/big", json={"b": len(patches)}, headers=heavy.headers
                )
                patches.append(answer.status_code)

    threads = [threading.Thread(target=patch) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with server.new_client() as client:
            begun = time.monotonic()
            client.patch(heavy.documents + "/big", json={"c": 1}, headers=heavy.headers)
            one_patch = time.monotonic() - begun
        held_up = write(light, 15)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(patches) == {200}
    assert held_up < one_patch, "a write in between waits for no merge"
