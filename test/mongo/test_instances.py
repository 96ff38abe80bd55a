"""Two instances on one database: what a client does through one is what the other goes by."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import helpers
import orgd

STALE_SECONDS = 1.0  # so long an instance may go by what it remembers
ROUNDS = 20


@pytest.fixture
def pair(serve, store_settings):
    settings = store_settings()
    return serve(store=settings), serve(store=settings)


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def test_a_token_of_one_is_good_on_the_other(pair):
    one, other = pair
    tenant = one.new_tenant()
    made = helpers.send(other.client, "POST", tenant.documents, {"_id": "a", "n": 1}, tenant.token)
    assert made.status_code == 201
    assert one.client.get(f"{tenant.documents}/a", headers=tenant.headers).json()["n"] == 1


def test_a_page_begun_on_one_goes_on_on_the_other(pair):
    one, other = pair
    tenant = one.new_tenant()
    for n in range(5):
        helpers.send(one.client, "POST", tenant.documents, {"_id": f"d{n}"}, tenant.token)
    first = helpers.send(one.client, "GET", tenant.documents, token=tenant.token, params={"limit": 2})
    after = {"limit": 10, "after": first.json()["next"]}
    rest = helpers.send(other.client, "GET", tenant.documents, token=tenant.token, params=after)
    assert [d["_id"] for d in rest.json()["data"]] == ["d2", "d3", "d4"]


def test_of_creates_of_one_name_through_both_exactly_one_succeeds(pair):
    for _ in range(ROUNDS):
        name = orgd.unique()
        answers = helpers.together(
            [
                lambda client=each.client: helpers.create(
                    client, name, orgd.unique_email(), orgd.PASSWORD
                )
                for each in pair * 3
            ]
        )
        assert statuses(answers) == [200] + [400] * 5, [a.text for a in answers]


def test_of_creates_with_one_address_through_both_exactly_one_succeeds(pair):
    for _ in range(ROUNDS):
        email = orgd.unique_email()
        answers = helpers.together(
            [
                lambda client=each.client: helpers.create(client, orgd.unique(), email, orgd.PASSWORD)
                for each in pair * 3
            ]
        )
        assert statuses(answers) == [200] + [400] * 5, [a.text for a in answers]


def test_of_renames_to_one_name_through_both_exactly_one_succeeds(pair):
    tenants = [each.new_tenant() for each in pair * 2]
    for _ in range(ROUNDS // 4):
        name = orgd.unique("Wanted")
        answers = helpers.together(
            [
                lambda client=each.client, tenant=tenant: helpers.update(
                    client, {"new_name": name}, tenant.token
                )
                for each, tenant in zip(pair * 2, tenants)
            ]
        )
        assert statuses(answers) == [200, 400, 400, 400], [a.text for a in answers]
        winner = [a.status_code for a in answers].index(200)
        back = helpers.update(pair[0].client, {"new_name": tenants[winner].name}, tenants[winner].token)
        assert back.status_code == 200, back.text


def test_two_names_with_one_slug_made_at_once_get_two_collections(pair):
    for _ in range(ROUNDS // 2):
        stem = orgd.unique("Twin")
        answers = helpers.together(
            [
                lambda client=each.client, name=name: helpers.create(
                    client, name, orgd.unique_email(), orgd.PASSWORD
                )
                for each, name in zip(pair, (f"{stem}-1", f"{stem}_1"))
            ]
        )
        assert statuses(answers) == [200, 200]
        collections = sorted(answer.json()["collection_name"] for answer in answers)
        assert collections[0] == f"org_{stem.lower()}_1" and collections[1].startswith(collections[0])
        assert collections[0] != collections[1]


def test_an_old_password_ends_everywhere_within_a_second(pair):
    one, other = pair
    tenant = one.new_tenant()
    assert other.client.get(tenant.documents, headers=tenant.headers).status_code == 200
    changed = helpers.update(one.client, {"password": "A-new-one-99"}, tenant.token)
    assert changed.status_code == 200
    login = helpers.log_in(other.client, tenant.email, "A-new-one-99")
    assert login.status_code == 200, "the new one is good at once"
    time.sleep(STALE_SECONDS)
    assert other.client.get(tenant.documents, headers=tenant.headers).status_code == 401
    assert helpers.log_in(other.client, tenant.email, tenant.password).status_code == 401


def test_a_deleted_organization_ends_everywhere_within_a_second(pair):
    one, other = pair
    tenant = one.new_tenant()
    assert helpers.get_org(other.client, tenant.name).status_code == 200
    assert other.client.get(tenant.documents, headers=tenant.headers).status_code == 200
    assert one.client.delete("/org/delete", headers=tenant.headers).status_code == 200
    time.sleep(STALE_SECONDS)
    assert helpers.get_org(other.client, tenant.name).status_code == 404
    assert other.client.get(tenant.documents, headers=tenant.headers).status_code == 401


def test_a_name_that_is_free_again_is_free_on_the_other_at_once(pair):
    one, other = pair
    tenant = one.new_tenant()
    assert other.client.get(tenant.documents, headers=tenant.headers).status_code == 200
    assert one.client.delete("/org/delete", headers=tenant.headers).status_code == 200
    again = helpers.create(other.client, tenant.name, tenant.email, tenant.password)
    assert again.status_code == 200, again.text
    assert again.json()["collection_name"] == tenant.body["collection_name"]


@pytest.mark.timeout(180)
def test_no_document_is_lost_or_strays_while_the_other_instance_renames(pair, database_of):
    """Writers on one instance, renames to and fro on the other, and somebody takes each name that is free
    for a moment: every acknowledged document is there in the end, and in no other tenant's collection."""
    one, other = pair
    tenant = one.new_tenant()
    names = [tenant.name, orgd.unique("Other")]
    acknowledged, stop = [], time.monotonic() + 6

    def write(worker):
        count = 0
        with one.new_client() as client:
            while time.monotonic() < stop:
                key = f"w{worker}-{count}"
                answer = helpers.send(client, "POST", tenant.documents, {"_id": key}, tenant.token)
                assert answer.status_code == 201, answer.text
                acknowledged.append(key)
                count += 1

    def rename():
        count = 0
        with other.new_client() as client:
            while time.monotonic() < stop:
                count += 1
                answer = helpers.update(client, {"new_name": names[count % 2]}, tenant.token)
                assert answer.status_code in (200, 400), answer.text  # 400: the stranger has it
        return count

    def squat():
        """A stranger who takes the old name each time it is free, and gives it back."""
        made = 0
        with other.new_client() as client:
            while time.monotonic() < stop:
                for name in names:
                    email = orgd.unique_email()
                    if helpers.create(client, name, email, orgd.PASSWORD).status_code != 200:
                        continue
                    made += 1
                    token = helpers.log_in(client, email, orgd.PASSWORD).json()["access_token"]
                    gone = client.delete("/org/delete", headers=orgd.bearer(token))
                    assert gone.status_code == 200, gone.text
        return made

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, n) for n in range(4)]
        renamer, squatter = pool.submit(rename), pool.submit(squat)
        for each in writers:
            each.result(120)
        renames, squats = renamer.result(120), squatter.result(120)
    assert renames > 3
    found = {d["_id"] for d in helpers.walk(one.client, tenant, limit=500)}
    assert found == set(acknowledged)
    database = database_of(one)
    collections = [n for n in database.list_collection_names() if n.startswith("org_")]
    assert len(collections) == 1, (collections, renames, squats)


def test_an_instance_that_was_paused_joins_anew_and_goes_on(pair, database_of):
    """Taken for dead while it stood still, it must not act by what it remembered."""
    one, other = pair
    tenant = one.new_tenant()
    helpers.send(one.client, "POST", tenant.documents, {"_id": "before"}, tenant.token)
    one.send_signal(signal.SIGSTOP)
    try:
        renamed = helpers.update(other.client, {"new_name": orgd.unique("Moved")}, tenant.token)
        assert renamed.status_code == 200, renamed.text
    finally:
        one.send_signal(signal.SIGCONT)
    made = helpers.send(one.client, "POST", tenant.documents, {"_id": "after"}, tenant.token)
    assert made.status_code == 201, made.text
    found = [d["_id"] for d in helpers.walk(other.client, tenant)]
    assert found == ["after", "before"]
    collections = [n for n in database_of(one).list_collection_names() if n.startswith("org_")]
    assert collections == [renamed.json()["collection_name"]]
