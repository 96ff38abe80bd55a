"""The flows of both seeds' READMEs, as their readers would follow them."""

import jwt
import pytest
from helpers import get_org, refused, send

TESTORG = {
    "organization_name": "TestOrg",
    "email": "admin@testorg.com",
    "password": "Test1234",
}


@pytest.fixture
def fresh(serve):
    """A new server's client: these flows name the same organization each time."""
    return serve().client


def test_seed_001__test_flow_create_login_delete_answers_200_each(fresh):
    created = fresh.post("/org/create", json=TESTORG)
    assert created.status_code == 200
    login = fresh.post(
        "/admin/login", json={"email": TESTORG["email"], "password": TESTORG["password"]}
    )
    assert login.status_code == 200
    token = login.json()["access_token"]
    deleted = fresh.delete(
        "/org/delete?organization_name=TestOrg",
        headers={"Authorization": f"Bearer {token}", "x-admin-email": "admin@testorg.com"},
    )
    assert deleted.status_code == 200
    assert deleted.json()["detail"] == "deleted"


def test_seed_001__create_answers_with_its_three_members_first(fresh):
    answer = fresh.post("/org/create", json=TESTORG).json()
    assert list(answer.items())[:3] == [
        ("organization_name", "TestOrg"),
        ("collection_name", "org_testorg"),
        ("admin_email", "admin@testorg.com"),
    ]


def test_seed_001__login_answers_with_a_bearer_token_of_its_claims(fresh):
    created = fresh.post("/org/create", json=TESTORG).json()
    answer = fresh.post(
        "/admin/login", json={"email": "admin@testorg.com", "password": "Test1234"}
    ).json()
    assert list(answer)[:2] == ["access_token", "token_type"]
    assert answer["token_type"] == "bearer"
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["admin_id"] == created["admin_id"]
    assert claims["org_id"] == created["id"]
    assert claims["org_name"] == "TestOrg"
    assert isinstance(claims["exp"], int)


def test_seed_001__update_by_email_and_password_without_a_token(fresh):
    created = fresh.post("/org/create", json=TESTORG).json()
    answer = fresh.put(
        "/org/update",
        json={
            "organization_name": "TestOrg",
            "new_organization_name": "TestOrgNew",
            "email": "admin@testorg.com",
            "password": "Test1234",
        },
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["message"] == "Organization updated successfully"
    assert body["organization_name"] == "TestOrgNew"
    assert body["collection_name"] == "org_testorgnew"
    assert body["admin_email"] == "admin@testorg.com"
    assert body["id"] == created["id"]
    assert get_org(fresh, "TestOrg").status_code == 404
    assert get_org(fresh, "TestOrgNew").status_code == 200


def test_seed_001__nothing_is_left_after_the_delete(fresh):
    fresh.post("/org/create", json=TESTORG)
    credentials = {"email": "admin@testorg.com", "password": "Test1234"}
    token = fresh.post("/admin/login", json=credentials).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "x-admin-email": "admin@testorg.com"}
    deleted = fresh.delete("/org/delete", params={"organization_name": "TestOrg"}, headers=headers)
    assert deleted.json() == {
        "detail": "deleted",
        "message": "Organization deleted successfully",
    }
    refused(get_org(fresh, "TestOrg"), 404, "Organization not found")
    refused(fresh.post("/admin/login", json=credentials), 401, "Invalid credentials")
    assert fresh.post("/org/create", json=TESTORG).json()["collection_name"] == "org_testorg"


def test_seed_000__its_table_of_endpoints_from_create_to_delete(fresh):
    assert fresh.post("/org/create", json=TESTORG).status_code == 200
    found = fresh.get("/org/get", params={"organization_name": "TestOrg"})
    assert found.status_code == 200
    assert found.json()["admin_email"] == "admin@testorg.com"
    token = fresh.post(
        "/admin/login", json={"email": "admin@testorg.com", "password": "Test1234"}
    ).json()["access_token"]
    names = {"old_name": "TestOrg", "new_name": "Renamed"}
    refused(send(fresh, "PUT", "/org/update", names), 401, "Not authenticated")
    assert send(fresh, "PUT", "/org/update", names, token).status_code == 200
    refused(fresh.delete("/org/delete"), 401, "Not authenticated")
    assert send(fresh, "DELETE", "/org/delete", token=token).status_code == 200
    assert fresh.get("/org/get", params={"organization_name": "Renamed"}).status_code == 404


def test_seed_000__only_the_own_organization_can_be_changed_or_deleted(fresh):
    fresh.post("/org/create", json=TESTORG)
    other = {"organization_name": "Other", "email": "other@x.com", "password": "Test1234"}
    fresh.post("/org/create", json=other)
    token = fresh.post(
        "/admin/login", json={"email": "other@x.com", "password": "Test1234"}
    ).json()["access_token"]
    names = {"old_name": "TestOrg", "new_name": "Mine"}
    refused(send(fresh, "PUT", "/org/update", names, token), 403, "Not authorized")
    path = "/org/delete?organization_name=TestOrg"
    refused(send(fresh, "DELETE", path, token=token), 403, "Not authorized")
    assert get_org(fresh, "TestOrg").status_code == 200


def test_seed_001__docs_are_where_its_readers_look(fresh):
    assert "html" in fresh.get("/docs").headers["Content-Type"]
