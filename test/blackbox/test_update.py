"""PUT /org/update: every shape of its input, who may, what it changes, and what races with it."""

import itertools
import re
import threading
import time

import pytest
from helpers import (create, document, faults, get_org, log_in, refused, send, together, update, walk)
from orgd import PASSWORD, unique, unique_email

OLD_NAMES = ("organization_name", "old_organization_name", "old_name", "current_organization_name")
NEW_NAMES = ("new_organization_name", "new_name")


def renamed(client, response, tenant, name):
    """The answer to a rename, and that the old name is gone and the new one there."""
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["message"] == "Organization updated successfully"
    assert body["organization_name"] == name
    assert body["id"] == tenant.id and body["admin_id"] == tenant.body["admin_id"]
    assert body["created_at"] == tenant.body["created_at"]
    assert body["updated_at"] > tenant.body["updated_at"]
    assert get_org(client, tenant.name).status_code == 404
    found = get_org(client, name).json()
    assert found == {key: value for key, value in body.items() if key != "message"}
    return body


# ---- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("old, new", list(itertools.product(OLD_NAMES, NEW_NAMES)))
def test_update__any_old_and_any_new_name(client, tenant, old, new):
    name = unique()
    body = renamed(client, update(client, {old: tenant.name, new: name}, tenant.token), tenant, name)
    assert body["collection_name"] == "org_" + name.lower()


@pytest.mark.parametrize("old, new", list(itertools.product(OLD_NAMES, NEW_NAMES)))
def test_update__the_same_by_email_and_password(client, tenant, old, new):
    name = unique()
    body = {old: tenant.name, new: name, "email": tenant.email, "password": tenant.password}
    renamed(client, update(client, body), tenant, name)


@pytest.mark.parametrize("member", (*NEW_NAMES, "organization_name"))
def test_update__new_name_alone_is_for_the_own_organization(client, tenant, member):
    name = unique()
    renamed(client, update(client, {member: name}, tenant.token), tenant, name)


@pytest.mark.parametrize("member", (*NEW_NAMES, "organization_name"))
def test_update__new_name_and_credentials_are_for_the_own_organization(client, tenant, member):
    name = unique()
    body = {member: name, "email": tenant.email, "password": tenant.password}
    renamed(client, update(client, body), tenant, name)


def test_update__one_name_told_twice_is_told_once(client, tenant):
    name = unique()
    body = dict.fromkeys(OLD_NAMES, tenant.name) | dict.fromkeys(NEW_NAMES, name)
    renamed(client, update(client, body, tenant.token), tenant, name)


@pytest.mark.parametrize("first, second", list(itertools.combinations(OLD_NAMES, 2)))
def test_update__two_old_names_are_422(client, tenant, first, second):
    body = {first: tenant.name, second: unique(), "new_name": unique()}
    assert next(iter(faults(update(client, body, tenant.token))))[0] == "body"
    assert get_org(client, tenant.name).json() == tenant.body


def test_update__two_new_names_are_422(client, tenant):
    body = {"old_name": tenant.name, "new_name": unique(), "new_organization_name": unique()}
    assert next(iter(faults(update(client, body, tenant.token))))[0] == "body"
    assert get_org(client, tenant.name).json() == tenant.body


@pytest.mark.parametrize("member", OLD_NAMES[1:])
def test_update__nothing_to_set_is_422(client, tenant, member):
    assert faults(update(client, {}, tenant.token))
    assert faults(update(client, {"unknown": 1}, tenant.token))
    assert faults(update(client, {member: tenant.name}, tenant.token))
    credentials = {"email": tenant.email, "password": tenant.password}
    assert faults(update(client, credentials))
    assert faults(update(client, credentials | {member: tenant.name}))
    assert get_org(client, tenant.name).json() == tenant.body


@pytest.mark.parametrize("body", [b"", b" \n", b"[]", b"null", b'"x"', b"1"])
def test_update__no_object_has_the_loc_body(client, tenant, body):
    response = send(client, "PUT", "/org/update", body, tenant.token)
    assert list(faults(response)) == [("body",)]


def test_update__every_wrong_member_is_told_at_once(client, tenant):
    body = {"old_name": tenant.name, "new_name": "!", "email": "nobody", "password": "short"}
    found = faults(update(client, body, tenant.token))
    assert set(found) == {("body", "new_name"), ("body", "email"), ("body", "password")}
    assert found["body", "email"] == "value_error"
    assert found["body", "password"] == "string_too_short"
    body = {"organization_name": 1, "new_organization_name": [], "email": {}, "password": False}
    found = faults(update(client, body, tenant.token))
    assert found == {("body", name): "string_type" for name in body}
    found = faults(update(client, {"new_organization_name": "n" * 101}, tenant.token))
    assert found == {("body", "new_organization_name"): "string_too_long"}
    assert get_org(client, tenant.name).json() == tenant.body


# ---- who may -------------------------------------------------------------------------------------


def test_update__unreadable_json_comes_before_everything(client, tenant):
    for token in (None, "nonsense", tenant.token):
        answer = send(client, "PUT", "/org/update", b'{"new_name": }', token)
        assert answer.status_code == 400
        assert answer.json()["offset"] == 13


def test_update__caller_comes_before_the_members(client):
    wrong = {"new_name": 5, "old_name": "", "email": unique_email()}
    refused(update(client, wrong), 401, "Not authenticated")
    refused(update(client, wrong, "nonsense"), 401, "Invalid or expired token")
    for body in (b"", b"[]", b"null"):
        refused(send(client, "PUT", "/org/update", body), 401, "Not authenticated")
    wrong["password"] = "no"
    refused(update(client, wrong), 401, "Invalid credentials")


def test_update__credentials_of_no_form_are_401(client, tenant):
    for email, password in (("", ""), ("nobody", "x"), ("a" * 5000, "y" * 5000), ("a\tb@c", PASSWORD)):
        body = {"new_name": unique(), "email": email, "password": password}
        refused(update(client, body), 401, "Invalid credentials")
    for email, password in ((5, PASSWORD), (tenant.email, None), ([], {})):
        body = {"new_name": unique(), "email": email, "password": password}
        assert update(client, body).status_code == 401


def test_update__members_are_judged_after_good_credentials(client, tenant):
    body = {"email": tenant.email, "password": tenant.password, "new_name": 5}
    assert faults(update(client, body)) == {("body", "new_name"): "string_type"}


def test_update__without_token_and_half_the_credentials_is_not_authenticated(client, tenant):
    name = {"new_name": unique()}
    for body in (name, name | {"email": tenant.email}, name | {"password": tenant.password}):
        refused(update(client, body), 401, "Not authenticated", "not_authenticated")


def test_update__wrong_credentials_are_401(client, tenant):
    name = {"organization_name": tenant.name, "new_name": unique()}
    wrong = name | {"email": tenant.email, "password": PASSWORD + "x"}
    refused(update(client, wrong), 401, "Invalid credentials", "invalid_credentials")
    wrong = name | {"email": unique_email(), "password": tenant.password}
    refused(update(client, wrong), 401, "Invalid credentials")


def test_update__bad_token_is_401_whatever_the_body_holds(client, tenant):
    good = {"new_name": unique(), "email": tenant.email, "password": tenant.password}
    refused(update(client, good, "nonsense"), 401, "Invalid or expired token", "invalid_token")
    assert get_org(client, tenant.name).json() == tenant.body


def test_update__of_anothers_organization_is_403_and_of_none_404(server, client, tenant):
    other = server.create_org()
    names = {"organization_name": other.name, "new_organization_name": unique()}
    credentials = {"email": tenant.email, "password": tenant.password}
    refused(update(client, names, tenant.token), 403, "Not authorized", "forbidden")
    refused(update(client, names | credentials), 403, "Not authorized")
    names["organization_name"] = unique()
    refused(update(client, names, tenant.token), 404, "Organization not found")
    refused(update(client, names | credentials), 404, "Organization not found")
    assert get_org(client, other.name).json() == other.body


def test_update__old_name_in_any_spelling(client, tenant):
    name = unique()
    body = {"old_name": f" {tenant.name.upper()} ", "new_name": name}
    renamed(client, update(client, body, tenant.token), tenant, name)


# ---- renames -------------------------------------------------------------------------------------


def test_rename__present_name_as_written_changes_nothing(client, tenant):
    time.sleep(0.005)
    for body in ({"new_name": tenant.name}, {"organization_name": tenant.name},
                 {"old_name": tenant.name, "new_name": tenant.name},
                 {"new_name": f"  {tenant.name} "}):
        answer = update(client, body, tenant.token)
        assert answer.status_code == 200, answer.text
        assert answer.json() == tenant.body | {"message": "Organization updated successfully"}
    assert get_org(client, tenant.name).json() == tenant.body


def test_rename__other_spelling_of_the_own_name_is_a_rename(client, tenant):
    time.sleep(0.005)
    name = tenant.name.upper()
    answer = update(client, {"new_name": name}, tenant.token).json()
    assert answer["organization_name"] == name
    assert answer["slug"] == tenant.slug
    assert answer["updated_at"] > tenant.body["updated_at"]
    assert get_org(client, tenant.name).json()["organization_name"] == name


def test_rename__to_a_taken_name_is_400(server, client, tenant):
    other = server.create_org()
    for name in (other.name, other.name.swapcase(), f" {other.name}"):
        answer = update(client, {"new_name": name}, tenant.token)
        refused(answer, 400, "Organization name already exists", "organization_name_exists")
    assert get_org(client, tenant.name).json() == tenant.body
    assert get_org(client, other.name).json() == other.body


def test_rename__old_name_and_slug_are_free_at_once(client, tenant):
    assert update(client, {"new_name": unique()}, tenant.token).status_code == 200
    again = create(client, tenant.name, unique_email(), PASSWORD)
    assert again.status_code == 200
    assert again.json()["slug"] == tenant.slug
    assert again.json()["id"] != tenant.id


def test_rename__within_one_plain_slug_keeps_slug_and_collection(server, client):
    base = unique("Slug")
    first = server.new_tenant(name=f"{base}-1")
    second = server.new_tenant(name=f"{base}_1")
    assert second.slug != first.slug
    answer = update(client, {"new_name": f"{base}+1"}, second.token).json()
    assert answer["slug"] == second.slug
    assert answer["collection_name"] == second.body["collection_name"]
    answer = update(client, {"new_name": f"{base} 1"}, first.token).json()
    assert answer["slug"] == first.slug


def test_rename__slug_and_collection_follow_and_a_held_one_gets_a_suffix(server, client, tenant):
    base = unique("Held")
    server.create_org(name=f"{base}-1")
    answer = update(client, {"new_name": f"{base}_1"}, tenant.token).json()
    assert re.fullmatch(f"{base.lower()}_1_[0-9a-f]{{6}}", answer["slug"])
    assert answer["collection_name"] == f"org_{answer['slug']}"


def test_rename__keeps_every_document_and_the_token(client, tenant):
    for number in range(12):
        path = document(tenant, f"d{number:02}")
        assert send(client, "PUT", path, {"n": number}, tenant.token).status_code == 201
    before = walk(client, tenant)
    name = unique()
    slug = update(client, {"new_name": name}, tenant.token).json()["slug"]
    assert walk(client, tenant) == before
    by_slug = f"/v1/organizations/{slug}/documents/d03"
    assert send(client, "GET", by_slug, token=tenant.token).json() == {"_id": "d03", "n": 3}
    old_slug = f"/v1/organizations/{tenant.slug}/documents/d03"
    assert send(client, "GET", old_slug, token=tenant.token).status_code == 404


def test_rename__of_8_at_once_to_one_name_one_wins(server):
    tenants = [server.new_tenant() for _ in range(8)]
    name = unique()
    with server.new_client() as client:
        answers = together(
            [lambda t=t: update(client, {"new_name": name}, t.token) for t in tenants]
        )
        won = [n for n, answer in enumerate(answers) if answer.status_code == 200]
        assert len(won) == 1, [answer.status_code for answer in answers]
        for number, answer in enumerate(answers):
            if number != won[0]:
                refused(answer, 400, "Organization name already exists")
                assert get_org(client, tenants[number].name).json() == tenants[number].body
        assert get_org(client, name).json()["id"] == tenants[won[0]].id


def test_rename__and_creates_of_one_name_at_once_have_one_winner(server):
    tenants = [server.new_tenant() for _ in range(4)]
    name = unique()
    with server.new_client() as client:
        calls = [lambda t=t: update(client, {"new_name": name}, t.token) for t in tenants]
        calls += [lambda: create(client, name, unique_email(), PASSWORD) for _ in range(4)]
        statuses = [answer.status_code for answer in together(calls)]
    assert sorted(statuses) == [200] + [400] * 7


def test_rename__two_can_not_swap_names_at_once(server):
    first, second = server.new_tenant(), server.new_tenant()
    with server.new_client() as client:
        answers = together([
            lambda: update(client, {"new_name": second.name}, first.token),
            lambda: update(client, {"new_name": first.name}, second.token),
        ])
        for answer in answers:
            refused(answer, 400, "Organization name already exists")
        assert get_org(client, first.name).json() == first.body
        assert get_org(client, second.name).json() == second.body


def test_rename__racing_with_inserts_loses_and_splits_nothing(server, tenant):
    stop = threading.Event()
    stored = []

    def insert(number):
        mine = []
        with server.new_client() as client:
            while not stop.is_set():
                body = {"_id": f"{number}-{len(mine):05}", "n": len(mine)}
                answer = send(client, "POST", tenant.documents, body, tenant.token)
                assert answer.status_code == 201, answer.text
                mine.append(body)
        stored.extend(mine)

    def rename():
        with server.new_client() as client:
            names = [unique() for _ in range(40)]
            for name in names:
                assert update(client, {"new_name": name}, tenant.token).status_code == 200
            stop.set()
            return names[-1]

    name = together([rename] + [lambda n=n: insert(n) for n in range(4)])[0]
    assert get_org(server.client, name).json()["id"] == tenant.id
    found = walk(server.client, tenant, limit=500)
    assert found == sorted(stored, key=lambda body: body["_id"])


# ---- credentials ---------------------------------------------------------------------------------


def test_update__email_becomes_the_new_address_and_frees_the_old(client, tenant):
    email = unique_email()
    answer = update(client, {"email": email}, tenant.token)
    assert answer.status_code == 200
    assert answer.json()["admin_email"] == email
    assert answer.json()["organization_name"] == tenant.name
    assert log_in(client, email, tenant.password).status_code == 200
    refused(log_in(client, tenant.email, tenant.password), 401, "Invalid credentials")
    assert create(client, unique(), tenant.email, PASSWORD).status_code == 200
    assert update(client, {"new_name": unique()}, tenant.token).status_code == 200, \
        "a new address alone ends no token"


def test_update__taken_address_is_400_and_changes_nothing(server, client, tenant):
    other = server.create_org()
    body = {"email": other.email.upper(), "new_name": unique(), "password": "another password"}
    refused(update(client, body, tenant.token), 400, "Email already registered")
    assert get_org(client, tenant.name).json() == tenant.body
    assert get_org(client, body["new_name"]).status_code == 404
    assert log_in(client, tenant.email, tenant.password).status_code == 200


def test_update__taken_name_changes_no_credentials(server, client, tenant):
    other = server.create_org()
    body = {"email": unique_email(), "new_name": other.name, "password": "another password"}
    refused(update(client, body, tenant.token), 400, "Organization name already exists")
    assert log_in(client, tenant.email, tenant.password).status_code == 200
    assert log_in(client, body["email"], body["password"]).status_code == 401
    assert send(client, "GET", tenant.documents, token=tenant.token).status_code == 200


def test_update__other_spelling_of_the_own_address_is_kept_as_written(client, tenant):
    email = tenant.email.upper()
    assert update(client, {"email": email}, tenant.token).json()["admin_email"] == email
    assert log_in(client, tenant.email, tenant.password).status_code == 200


def test_update__name_address_and_password_in_one_step(client, tenant):
    name, email, password = unique(), unique_email(), "another password"
    body = {"organization_name": tenant.name, "new_organization_name": name, "email": email,
            "password": password}
    answer = renamed(client, update(client, body, tenant.token), tenant, name)
    assert answer["admin_email"] == email
    login = log_in(client, email, password)
    assert login.status_code == 200
    assert login.json()["organization_name"] == name
    for wrong in ((tenant.email, tenant.password), (tenant.email, password), (email, tenant.password)):
        assert log_in(client, *wrong).status_code == 401


def test_update__present_credentials_with_a_token_change_nothing(client, tenant):
    time.sleep(0.005)
    answer = update(client, {"email": tenant.email, "password": tenant.password}, tenant.token)
    assert answer.status_code == 200
    assert answer.json() == tenant.body | {"message": "Organization updated successfully"}
    again = update(client, {"password": tenant.password, "new_name": tenant.name}, tenant.token)
    assert again.status_code == 200, "the same password again ends no token"
    assert get_org(client, tenant.name).json() == tenant.body


def test_update__one_address_for_8_at_once_has_one_winner(server):
    tenants = [server.new_tenant() for _ in range(8)]
    email = unique_email()
    with server.new_client() as client:
        answers = together([lambda t=t: update(client, {"email": email}, t.token) for t in tenants])
        won = [n for n, answer in enumerate(answers) if answer.status_code == 200]
        assert len(won) == 1, [answer.status_code for answer in answers]
        for number, answer in enumerate(answers):
            if number != won[0]:
                refused(answer, 400, "Email already registered")
        login = log_in(client, email, PASSWORD).json()
    assert login["organization_id"] == tenants[won[0]].id
