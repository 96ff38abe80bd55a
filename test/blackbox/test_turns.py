"""One organization's flood and another's few requests: they are served in turns."""

import contextlib
import re
import signal
import sqlite3
import time

import orgd
import pytest

pytestmark = pytest.mark.embedded  # another program's lock on the database makes requests wait

FLOOD = 60


def post(tenant, number):
    headers = [("Authorization", f"Bearer {tenant.token}")]
    return orgd.request_bytes("POST", tenant.documents, headers, f'{{"_id": "{number}"}}')


def post_of_many_values(tenant, number):
    """Read as JSON, it takes some twenty times its 30,000 bytes."""
    headers = [("Authorization", f"Bearer {tenant.token}")]
    values = ",".join(["1"] * 15000)
    body = f'{{"_id": "{number}", "values": [{values}]}}'
    return orgd.request_bytes("POST", tenant.documents, headers, body)


def patch(tenant, number):
    """Keeps a thread of the store pool until it is committed, which a POST doesn't."""
    headers = [("Authorization", f"Bearer {tenant.token}")]
    return orgd.request_bytes("PATCH", f"{tenant.documents}/it", headers, f'{{"n": {number}}}')


def send(stack, server, tenant, number, request=post):
    """A request on a connection of its own, which is closed with the stack."""
    connection = stack.enter_context(server.connect())
    connection.send(request(tenant, number))
    return connection


def wait_until_waiting(server, number):
    """Until so many requests wait for a place of the store pool; writes count beyond its threads."""
    wait_for_line(server, f'orgd_executor_queue_depth{{executor="store"}} {number}')


def wait_until_in_flight(server, number):
    """Until the server has so many requests, and the one that asks it."""
    wait_for_line(server, f"orgd_http_requests_in_flight {number + 1}")


def wait_for_line(server, line):
    deadline = time.monotonic() + 10
    while f"{line}\n" not in server.client.get("/metrics").text:
        assert time.monotonic() < deadline, f"never had {line}"
        time.sleep(0.005)


@contextlib.contextmanager
def writes_held_up(server):
    """Until the end nothing is written: requests that would write keep what they have of the server.

    Longer than its patience with a locked database (2 s) the server gives them up."""
    database = sqlite3.connect(server.data / "orgd.db", isolation_level=None)
    with contextlib.closing(database):
        begun = time.monotonic()
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")
        if time.monotonic() - begun > 1.5:
            raise TooSlow


class TooSlow(Exception):
    """The machine had so much else to do that the lock was held too long."""


def in_time(attempt, serve, *arguments):
    for _ in range(5):
        with contextlib.suppress(TooSlow):
            return attempt(serve, *arguments)
    pytest.fail("requests never waited as they should within the server's patience")


def in_order_of_answers(server, number):
    """The tenants of so many PATCHes of documents, as the log has them."""
    route = "/v1/organizations/{org}/documents/{id}"
    deadline = time.monotonic() + 10
    while True:
        events = server.events(msg="request", method="PATCH", route=route)
        if len(events) == number:
            return [event["tenant"] for event in events]
        assert time.monotonic() < deadline, f"{len(events)} lines"
        time.sleep(0.01)


def test_a_flood_of_one_organization_lets_the_others_have_their_turns(serve):
    in_time(flood_beside_others, serve)


def flood_beside_others(serve):
    server = serve({"ORGD_STORE_THREADS": "1", "ORGD_STORE_QUEUE": "200", "ORGD_EVENT_LOOPS": "1"})
    greedy, modest, shy = (server.new_tenant() for _ in range(3))
    for tenant in (greedy, modest, shy):
        server.client.post(tenant.documents, headers=tenant.headers, json={"_id": "it"})
    with contextlib.ExitStack() as stack:
        with writes_held_up(server):
            connections = [send(stack, server, greedy, n, patch) for n in range(FLOOD)]
            wait_until_waiting(server, FLOOD - 1)
            connections += [send(stack, server, modest, n, patch) for n in range(3)]
            wait_until_waiting(server, FLOOD + 1)  # one of them has the thread beyond the usual one
            connections += [send(stack, server, shy, n, patch) for n in range(2)]
            wait_until_waiting(server, FLOOD + 3)
        assert {connection.response("PATCH").status for connection in connections} == {200}
    answered = in_order_of_answers(server, FLOOD + 5)
    # In order of arrival all five would be behind the sixty. Three take turns; a few more may pass
    # where a thread and a commit end together.
    assert max(n for n, tenant in enumerate(answered) if tenant != greedy.slug) < 20


def test_one_organization_leaves_places_in_the_queue_for_others(serve):
    in_time(fill_the_queue, serve)


def fill_the_queue(serve):
    server = serve({"ORGD_STORE_THREADS": "1", "ORGD_STORE_QUEUE": "20"})
    greedy, modest = server.new_tenant(), server.new_tenant()
    with contextlib.ExitStack() as stack:
        with writes_held_up(server):
            flood = [send(stack, server, greedy, n) for n in range(30)]
            wait_until_waiting(server, 10)
            few = [send(stack, server, modest, n) for n in range(3)]
            wait_until_waiting(server, 13)
        refused = [answer for answer in (c.response("POST") for c in flood) if answer.status == 503]
        assert [connection.response("POST").status for connection in few] == [201] * 3
    assert len(refused) == 30 - 11  # the place of the thread, and ten that wait
    for answer in refused:
        assert int(answer.get("retry-after")) >= 1
        assert b'"busy"' in answer.body
    kept = server.client.get(greedy.documents + "?count=true", headers=greedy.headers).json()
    assert kept["count"] == 11


def test_one_organizations_waiting_writes_leave_memory_for_others(serve):
    in_time(fill_the_memory, serve)


def fill_the_memory(serve):
    server = serve({"ORGD_STORE_THREADS": "4", "ORGD_MAX_BODIES_BYTES": str(16 << 20)})
    greedy, modest = server.new_tenant(), server.new_tenant()
    with contextlib.ExitStack() as stack:
        with writes_held_up(server):
            flood = [send(stack, server, greedy, n, post_of_many_values) for n in range(40)]
            wait_until_in_flight(server, 40)
            few = [send(stack, server, modest, n) for n in range(3)]
            wait_until_in_flight(server, 43)
        assert [connection.response("POST").status for connection in few] == [201] * 3
        assert {connection.response("POST").status for connection in flood} == {201}


@pytest.mark.parametrize("token", ["", "x.y.z", "forged"])
def test_a_bad_token_takes_no_place_in_the_queue(token, serve):
    in_time(send_bad_tokens, serve, token)


def send_bad_tokens(serve, token):
    server = serve({"ORGD_STORE_THREADS": "1", "ORGD_STORE_QUEUE": "4"})
    tenant = server.new_tenant()
    if token == "forged":
        token = tenant.token[:-4] + ("AAAA" if tenant.token[-4:] != "AAAA" else "BBBB")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with contextlib.ExitStack() as stack:
        with writes_held_up(server):
            waiting = [send(stack, server, tenant, n) for n in range(3)]
            wait_until_waiting(server, 2)
            for method, path in [
                ("DELETE", tenant.documents + "/1"),
                ("GET", tenant.documents),
                ("DELETE", "/org/delete"),
            ]:
                assert server.client.request(method, path, headers=headers).status_code == 401
        assert {connection.response("POST").status for connection in waiting} == {201}


def refusals(server, reason):
    text = server.client.get("/metrics").text
    return int(re.search(rf'^orgd_refused_total{{reason="{reason}"}} (\d+)$', text, re.M)[1])


def test_a_write_that_waits_for_others_is_refused_at_its_deadline(serve):
    in_time(wait_too_long, serve)


def wait_too_long(serve):
    server = serve({"ORGD_REQUEST_TIMEOUT_S": "1"})
    tenant = server.new_tenant()
    with contextlib.ExitStack() as stack:
        with writes_held_up(server):
            begun = send(stack, server, tenant, "begun")
            wait_until_in_flight(server, 1)
            late = [send(stack, server, tenant, n) for n in range(5)]
            answers = [connection.response("POST") for connection in late]
        answers.append(begun.response("POST"))  # its transaction comes too late for it
    assert [answer.status for answer in answers] == [503] * 6
    for answer in answers:
        assert b'"busy"' in answer.body
        assert int(answer.get("retry-after")) >= 1
    assert refusals(server, "deadline") == 5
    kept = server.client.get(tenant.documents, headers=tenant.headers).json()
    assert kept["data"] == []


def test_a_stop_answers_the_writes_that_wait(serve):
    in_time(stop_while_writes_wait, serve)


def stop_while_writes_wait(serve):
    server = serve()
    tenant = server.new_tenant()
    with contextlib.ExitStack() as stack:
        with writes_held_up(server):
            connections = [send(stack, server, tenant, n) for n in range(20)]
            gone = send(stack, server, tenant, "gone")
            wait_until_in_flight(server, 21)
            gone.close()
            server.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        assert [connection.response("POST").status for connection in connections] == [201] * 20
    server.start()
    kept = server.client.get(tenant.documents + "?count=true", headers=tenant.headers).json()
    assert kept["count"] == 21
