"""DELETE /org/delete: whom it takes, who may, and that nothing is left."""

import pytest
from helpers import create, document, faults, get_org, log_in, refused, send, together
from orgd import PASSWORD, unique, unique_email

DELETED = {"detail": "deleted", "message": "Organization deleted successfully"}


def delete(client, token=None, name=None, body=None, headers=None):
    params = {"organization_name": name} if name is not None else None
    return send(client, "DELETE", "/org/delete", body, token, headers, params=params)


def test_delete__name_in_the_query(client, tenant):
    answer = delete(client, tenant.token, tenant.name)
    assert answer.status_code == 200
    assert answer.json() == DELETED


def test_delete__name_in_a_json_body(client, tenant):
    answer = delete(client, tenant.token, body={"organization_name": tenant.name})
    assert answer.json() == DELETED
    assert get_org(client, tenant.name).status_code == 404


@pytest.mark.parametrize("body", [None, {}])
def test_delete__no_name_is_the_tokens_organization(client, tenant, body):
    assert delete(client, tenant.token, body=body).json() == DELETED
    assert get_org(client, tenant.name).status_code == 404


def test_delete__name_in_any_spelling(client, tenant):
    assert delete(client, tenant.token, f" {tenant.name.upper()} ").json() == DELETED


def test_delete__admin_email_must_be_the_tokens_if_it_is_sent(server, client, tenant):
    other = server.create_org()
    for wrong in (other.email, unique_email(), "nonsense"):
        answer = delete(client, tenant.token, tenant.name, headers={"x-admin-email": wrong})
        refused(answer, 403, "Not authorized", "forbidden")
    assert get_org(client, tenant.name).status_code == 200
    good = {"X-Admin-Email": tenant.email.upper()}
    assert delete(client, tenant.token, tenant.name, headers=good).json() == DELETED


def test_delete__without_or_with_a_bad_token_is_401(client, tenant):
    answer = delete(client, None, tenant.name, headers={"x-admin-email": tenant.email})
    refused(answer, 401, "Not authenticated", "not_authenticated")
    refused(delete(client, "nonsense", tenant.name), 401, "Invalid or expired token")
    credentials = {"email": tenant.email, "password": tenant.password}
    refused(delete(client, None, tenant.name, credentials), 401, "Not authenticated")
    assert get_org(client, tenant.name).status_code == 200


def test_delete__of_anothers_organization_is_403_and_of_none_404(server, client, tenant):
    other = server.create_org()
    refused(delete(client, tenant.token, other.name), 403, "Not authorized")
    wrong = {"organization_name": other.name}
    refused(delete(client, tenant.token, body=wrong), 403, "Not authorized")
    refused(delete(client, tenant.token, unique()), 404, "Organization not found")
    assert get_org(client, other.name).json() == other.body
    assert get_org(client, tenant.name).json() == tenant.body


def test_delete__name_that_is_no_text_is_422(client, tenant):
    found = faults(delete(client, tenant.token, body={"organization_name": 5}))
    assert found == {("body", "organization_name"): "string_type"}
    assert get_org(client, tenant.name).status_code == 200


def test_delete__body_that_is_no_object_deletes_nothing(client, tenant):
    for body in (b"[]", b"5", b"null"):
        found = faults(send(client, "DELETE", "/org/delete", body, tenant.token))
        assert list(found) == [("body",)]
    assert get_org(client, tenant.name).status_code == 200


def test_delete__leaves_nothing_and_frees_name_slug_and_address_at_once(client, tenant):
    path = document(tenant, "kept")
    assert send(client, "PUT", path, {"n": 1}, tenant.token).status_code == 201
    assert delete(client, tenant.token).json() == DELETED
    refused(get_org(client, tenant.name), 404, "Organization not found")
    refused(log_in(client, tenant.email, tenant.password), 401, "Invalid credentials")
    again = create(client, tenant.name, tenant.email, PASSWORD)
    assert again.status_code == 200
    assert again.json()["slug"] == tenant.slug
    assert again.json()["id"] != tenant.id
    token = log_in(client, tenant.email, PASSWORD).json()["access_token"]
    listing = f"/v1/organizations/{again.json()['id']}/documents?count=true"
    assert send(client, "GET", listing, token=token).json() == {
        "data": [], "next": None, "count": 0,
    }
    assert send(client, "GET", path, token=tenant.token).status_code == 401


def test_delete__ends_the_token(client, tenant):
    assert delete(client, tenant.token).status_code == 200
    refused(delete(client, tenant.token), 401, "Invalid or expired token")
    refused(delete(client, tenant.token, tenant.name), 401, "Invalid or expired token")
    again = send(client, "PUT", "/org/update", {"new_name": unique()}, tenant.token)
    refused(again, 401, "Invalid or expired token")


def test_delete__of_8_at_once_one_deletes(server, tenant):
    with server.new_client() as client:
        answers = together([lambda: delete(client, tenant.token) for _ in range(8)])
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 404}


def test_delete__racing_with_inserts_leaves_nothing_behind(server, tenant):
    with server.new_client() as client:
        def insert():
            for _ in range(200):
                answer = send(client, "POST", tenant.documents, {"x": 1}, tenant.token)
                if answer.status_code != 201:
                    return answer.status_code
            return None

        def remove():
            for _ in range(3):
                assert send(client, "POST", tenant.documents, {}, tenant.token).status_code == 201
            return delete(client, tenant.token).status_code

        results = together([remove, insert, insert, insert])
        assert results[0] == 200
        assert set(results[1:]) <= {401, 404, None}
        again = create(client, tenant.name, tenant.email, PASSWORD)
        assert again.status_code == 200
        token = log_in(client, tenant.email, PASSWORD).json()["access_token"]
        listing = f"/v1/organizations/{again.json()['id']}/documents"
        assert send(client, "GET", listing, token=token).json()["data"] == []
