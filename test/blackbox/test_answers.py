"""Answers keep to themselves: the server uses what it sent them with again, and nothing of one answer
may be seen in another."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import orgd


def names(server, count):
    """Organizations whose answers have many lengths, several of them the same."""
    found = []
    for number in range(count):
        found.append(server.create_org(name=orgd.unique("Org") + "n" * (number % 7)).name)
    return found


def check(server, name, request_id):
    """One GET on a connection of its own; gives nothing, but fails where the answer isn't its own."""
    headers = {"X-Request-Id": request_id} if request_id else {}
    answer = server.client.get("/org/get", params={"organization_name": name}, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["organization_name"] == name
    fields = [key.lower() for key, _ in answer.headers.multi_items()]
    assert sorted(fields) == [
        "cache-control", "content-length", "content-type", "date", "x-content-type-options",
        "x-request-id",
    ]  # fmt: skip
    if request_id:
        assert answer.headers["X-Request-Id"] == request_id
    return answer.headers["X-Request-Id"]


def test_each_answer_has_its_own_body_and_request_id(server):
    found = names(server, 12)
    given = [f"id-{number}" + "x" * (number % 5) for number in range(600)]
    with ThreadPoolExecutor(8) as pool:
        seen = list(
            pool.map(
                lambda number: check(
                    server, found[number % len(found)], given[number] if number % 3 else None
                ),
                range(len(given)),
            )
        )
    assert len(set(seen)) == len(seen), "made ids are never used twice"


def test_date_is_the_time_of_the_answer(server):
    name = names(server, 1)[0]
    last = None
    for _ in range(25):
        before = time.time()
        answer = server.client.get("/org/get", params={"organization_name": name})
        after = time.time()
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        assert before - 1 <= date <= after
        assert last is None or date >= last
        last = date
        time.sleep(0.1)


def test_refusals_and_answers_of_other_shapes_take_turns_on_one_connection(server):
    name = names(server, 1)[0]
    with server.connect() as connection:
        for _ in range(30):
            for target, status in (
                (f"/org/get?organization_name={name}", 200),
                ("/org/get?organization_name=nobody-has-this", 404),
                ("/org/get", 422),
                ("/livez", 200),
                ("/nowhere", 404),
            ):
                connection.send(orgd.request_bytes("GET", target))
                answer = connection.response()
                assert answer.status == status
                assert json.loads(answer.body)
            connection.send(orgd.request_bytes("HEAD", f"/org/get?organization_name={name}"))
            head = connection.response(method="HEAD")
            assert head.status == 200 and not head.body


def test_each_document_has_its_own_etag(server):
    tenant = server.new_tenant()
    made = {}
    for number in range(12):
        path = f"{tenant.documents}/d{number:02}"
        answer = server.client.put(path, json={"n": number % 10}, headers=tenant.headers)
        made[path] = answer.text, answer.headers["ETag"]
    assert len({etag for _, etag in made.values()}) == len(made)

    def get(number):
        path, (text, etag) = list(made.items())[number % len(made)]
        headers = dict(tenant.headers)
        if number % 3 == 0:
            headers["If-None-Match"] = etag
        answer = server.client.get(path, headers=headers)
        assert answer.status_code == (304 if number % 3 == 0 else 200)
        assert answer.text == ("" if number % 3 == 0 else text)
        assert answer.headers.get_list("ETag") == [etag]
        if number % 5 == 0:
            assert "ETag" not in server.client.get(tenant.documents, headers=tenant.headers).headers

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(get, range(600)))
