"""Contract section 1: signals. What is answered on the way out, what is dropped, how long it takes;
and what SIGHUP changes."""

import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import orgd


def freeze(server):
    """SIGSTOP, and waits until every thread stands: what is sent now waits in the kernel."""
    server.send_signal(signal.SIGSTOP)
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        deadline = time.monotonic() + 5
        while (task / "stat").read_text().rpartition(")")[2].split()[0] not in "Tt":
            assert time.monotonic() < deadline, "does not stop"
            time.sleep(0.005)


def login_bytes(org, password=None):
    body = f'{{"email": "{org.email}", "password": "{password or org.password}"}}'
    return orgd.request_bytes("POST", "/admin/login", body=body)


def create_bytes(name, email):
    body = f'{{"organization_name": "{name}", "email": "{email}", "password": "{orgd.PASSWORD}"}}'
    return orgd.request_bytes("POST", "/org/create", body=body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_at_once_where_nothing_is_under_way(number, serve):
    server = serve()
    org = server.create_org()
    began = time.monotonic()
    assert server.stop(number) == 0
    assert time.monotonic() - began < 5
    server.start()
    found = server.client.get("/org/get", params={"organization_name": org.name})
    assert found.status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_connections_do_not_hold_it_up(number, serve):
    server = serve()
    used = [server.connect() for _ in range(20)]
    for connection in used:
        connection.send(orgd.request_bytes("GET", "/livez"))
        assert connection.response().status == 200
    unused = [server.connect() for _ in range(20)]
    time.sleep(0.1)
    assert server.stop(number) == 0
    for connection in used + unused:
        assert connection.ended(1)
        assert connection.received == b""
        connection.close()


def test_stops_accepting(serve):
    server = serve({"ORGD_HASH_THREADS": "1"})
    org = server.create_org()
    busy = [server.connect() for _ in range(20)]
    for connection in busy:
        connection.send(login_bytes(org))
    assert busy[0].response("POST").status == 200
    server.send_signal(signal.SIGTERM)
    refused = False
    while not refused and server.running:
        try:
            with server.connect(timeout=2) as late:
                late.send(orgd.request_bytes("GET", "/livez"))
                refused = late.ended(0.05) and late.received == b""
        except OSError:
            refused = True
        time.sleep(0.01)
    assert server.wait() == 0
    with pytest.raises(OSError):
        server.connect(timeout=2)
    for connection in busy[1:]:
        assert connection.response("POST").status == 200
        connection.close()


def test_requests_that_are_being_worked_on_are_answered(serve):
    server = serve({"ORGD_HASH_THREADS": "1"})
    org = server.create_org()
    connections = [server.connect() for _ in range(12)]
    for connection in connections:
        connection.send(login_bytes(org))
    time.sleep(0.05)
    assert server.stop() == 0
    for connection in connections:
        answer = connection.response("POST")
        assert answer.status == 200 and b"access_token" in answer.body
        assert connection.ended(1)
        connection.close()


def test_readyz_is_503_while_it_stops(serve):
    server = serve({"ORGD_HASH_THREADS": "1"})
    org = server.create_org()
    with server.connect() as connection:
        connection.send(orgd.request_bytes("GET", "/readyz"))
        assert connection.response().status == 200
        freeze(server)
        # Behind logins that take a while, so that the stop has begun by then.
        connection.send(
            login_bytes(org) * 10
            + orgd.request_bytes("GET", "/readyz")
            + orgd.request_bytes("GET", "/livez")
        )
        server.send_signal(signal.SIGTERM)
        server.send_signal(signal.SIGCONT)
        assert server.wait() == 0
        answers = connection.responses_until_end()
    assert [answer.status for answer in answers] == [200] * 10 + [503, 200]
    assert b"stopping" in answers[10].body


def test_requests_still_in_the_socket_are_answered_also_pipelined_ones(serve):
    server = serve()
    org = server.create_org()
    connections = [server.connect() for _ in range(8)]
    for connection in connections:
        connection.send(orgd.request_bytes("GET", "/livez"))
        assert connection.response().status == 200
    freeze(server)
    names = [orgd.unique() for _ in connections]
    for connection, name in zip(connections, names):
        connection.send(
            orgd.request_bytes("GET", f"/org/get?organization_name={org.name}")
            + create_bytes(name, orgd.unique_email())
            + login_bytes(org)
        )
    server.send_signal(signal.SIGTERM)
    server.send_signal(signal.SIGCONT)
    assert server.wait() == 0
    for connection in connections:
        answers = connection.responses_until_end(["GET", "POST", "POST"])
        assert [answer.status for answer in answers] == [200, 200, 200]
        connection.close()
    server.start()
    for name in names:
        found = server.client.get("/org/get", params={"organization_name": name})
        assert found.status_code == 200


def test_requests_on_connections_not_yet_accepted_are_answered(serve):
    server = serve()
    org = server.create_org()
    freeze(server)
    connections = [server.connect() for _ in range(400)]
    for connection in connections:
        connection.send(orgd.request_bytes("GET", f"/org/get?organization_name={org.name}"))
    server.send_signal(signal.SIGTERM)
    server.send_signal(signal.SIGCONT)
    assert server.wait() == 0
    for connection in connections:
        assert connection.response().status == 200
        connection.close()


def test_half_sent_requests_are_dropped(serve):
    server = serve()
    name = orgd.unique()
    whole = create_bytes(name, orgd.unique_email())
    body_starts = whole.index(b"\r\n\r\n") + 4
    connections = []
    for length in (3, 20, body_starts - 1, body_starts, body_starts + 5, len(whole) - 1):
        connection = server.connect()
        connection.send(whole[:length])
        connections.append(connection)
    answered_first = server.connect()
    answered_first.send(orgd.request_bytes("GET", "/livez") + whole[:-1])
    connections.append(answered_first)
    time.sleep(0.2)
    assert server.stop() == 0
    for connection in connections:
        answers = connection.responses_until_end()
        assert [a.status for a in answers] == ([200] if connection is answered_first else [])
        connection.close()
    server.start()
    found = server.client.get("/org/get", params={"organization_name": name})
    assert found.status_code == 404


def test_client_that_never_reads_does_not_hold_it_up(serve):
    server = serve()
    with server.connect(receive_buffer=4096) as stuck:
        stuck.socket.settimeout(1)
        try:
            stuck.send(orgd.request_bytes("GET", "/openapi.json") * 400)
        except TimeoutError:
            pass
        assert server.stop() == 0


def test_under_load_it_stops_in_time_and_keeps_what_it_acknowledged(serve):
    server = serve()
    tenants = [server.new_tenant() for _ in range(4)]
    acknowledged = {tenant.id: [] for tenant in tenants}
    wrong = []
    begun = threading.Barrier(13)

    def write(tenant, prefix):
        with server.new_client(headers=tenant.headers) as client:
            begun.wait()
            for i in range(100000):
                try:
                    answer = client.post(tenant.documents, json={"_id": f"{prefix}-{i}"})
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    acknowledged[tenant.id].append(f"{prefix}-{i}")
                elif answer.status_code != 503:
                    wrong.append(answer.text)

    def read(tenant):
        with server.new_client() as client:
            begun.wait()
            for _ in range(100000):
                try:
                    answer = client.get("/org/get", params={"organization_name": tenant.name})
                except httpx.TransportError:
                    return
                if answer.status_code not in (200, 503):
                    wrong.append(answer.text)

    with ThreadPoolExecutor(12) as pool:
        work = [pool.submit(write, t, p) for t in tenants for p in ("a", "b")]
        work += [pool.submit(read, t) for t in tenants]
        begun.wait()
        time.sleep(1)
        code = server.stop()
        for each in work:
            each.result(30)
    assert code == 0
    assert wrong == []
    server.start()
    for tenant in tenants:
        ids = acknowledged[tenant.id]
        assert ids, "no write came through before the stop"
        there, after = set(), ""
        while after is not None:
            page = server.client.get(
                tenant.documents,
                headers=tenant.headers,
                params={"limit": 500, "after": after} if after else {"limit": 500},
            ).json()
            there.update(document["_id"] for document in page["data"])
            after = page["next"]
        assert there >= set(ids)


# SIGHUP


def is_logged(server):
    """True where a request of its own gets its line in the log."""
    mark = orgd.unique("mark")
    server.client.get("/livez", headers={"X-Request-Id": mark})
    time.sleep(0.1)
    return any(mark in line for line in server.log)


def wait_until(condition, timeout=8):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "does not come true"
        time.sleep(0.02)


def test_sighup_takes_the_log_level_from_the_file(serve, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text("log_level = info\n")
    server = serve(flags=["--config", str(file)])
    assert is_logged(server)

    file.write_text("log_level = error\n")
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: not is_logged(server))

    file.write_text("log_level = info\n")
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: is_logged(server))


def test_sighup_with_a_bad_file_changes_nothing_and_says_so(serve, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text("log_level = info\n")
    server = serve(flags=["--config", str(file)])
    file.write_text("log_level = nonsense\n")
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: any("nonsense" in line for line in server.log))
    assert server.running
    assert is_logged(server)


def test_sighup_leaves_what_a_flag_says(serve, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text("log_level = info\n")
    server = serve(flags=["--config", str(file), "--log-level", "info"])
    before = len(server.log)
    file.write_text("log_level = error\n")
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: len(server.log) > before)
    time.sleep(0.2)
    assert is_logged(server)


def test_sighup_breaks_no_request_and_moves_no_listener(serve, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text("listen = 127.0.0.1:0\n")
    server = serve({"ORGD_LISTEN": None}, flags=["--config", str(file)])
    org = server.create_org()
    file.write_text("listen = 127.0.0.1:1\n")
    with server.connect() as connection:
        connection.send(login_bytes(org))
        for _ in range(20):
            server.send_signal(signal.SIGHUP)
            connection.send(orgd.request_bytes("GET", "/livez"))
        assert connection.response("POST").status == 200
        for _ in range(20):
            assert connection.response().status == 200
    assert server.client.get("/readyz").status_code == 200


def test_a_log_that_nobody_reads_does_not_hold_up_a_stop(serve, tmp_path):
    """More lines than a pipe holds, and then SIGTERM."""
    command = [orgd.BINARY, "serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data"]
    process = subprocess.Popen(
        [str(word) for word in command], stderr=subprocess.PIPE, env=orgd.clean_environment()
    )
    try:
        line = b""
        while b"msg=listening" not in line:
            line = process.stderr.readline()
        host, port = orgd.parse_logfmt(line.decode().strip())["addr"].split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(orgd.request_bytes("GET", "/livez", [("X-Request-Id", "x" * 64)]) * 2000)
            connection.settimeout(10)
            received = 0
            while received < 2000 * 200:
                received += len(connection.recv(1 << 20))
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 5
    finally:
        process.kill()
        process.stderr.close()
        process.wait()


def test_a_busy_client_that_once_sent_chunks_does_not_hold_up_a_stop(serve):
    server = serve()
    chunked = b"POST /admin/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    begun = None
    with server.connect() as connection:
        connection.send(chunked)
        assert connection.response("POST").status == 422
        for i in range(100_000):
            try:
                connection.send(orgd.request_bytes("GET", "/livez"))
                answer = connection.response()
            except (orgd.ClosedEarly, ConnectionError):  # an idle one, between two requests
                assert begun
                break
            if answer.get("Connection") == "close":
                break
            if i == 10:
                begun = time.monotonic()
                server.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("start", [b"GET /livez HTTP/1.1\r\nX: ", b"POST /org/create HTTP/1.1\r\nHost: x\r\n"
                                   b"Content-Length: 60000\r\n\r\n"])  # fmt: skip
def test_half_a_request_that_drips_does_not_hold_up_a_stop(start, serve):
    server = serve()
    with server.connect() as connection:
        connection.send(start)
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        with pytest.raises(OSError):
            for _ in range(500):
                connection.socket.sendall(b"x")
                time.sleep(0.02)
        assert server.wait() == 0
        assert time.monotonic() - begun < 4
