"""A full disk: writes are refused with 507 and nothing half done, everything else goes on."""

import os
import subprocess
import time

import pytest
from helpers import create, document, get_org, log_in, problem, refused, send, update, walk
from orgd import PASSWORD, unique, unique_email

pytestmark = pytest.mark.embedded

SIZE_MIB = 16


@pytest.fixture
def small_disk(tmp_path):
    """A directory on a file system of its own, of SIZE_MIB."""
    mountpoint = tmp_path / "disk"
    mountpoint.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0700", "orgd-test", mountpoint]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not allowed here: {done.stderr.strip()}")
    yield mountpoint
    subprocess.run(["umount", "--lazy", mountpoint], check=True)


@pytest.fixture
def full(small_disk, serve):
    """A server on the small disk with one tenant and a document, and the file that fills the disk."""
    server = serve({"ORGD_DATA": str(small_disk / "data")})
    tenant = server.new_tenant()
    body = {"kept": True}
    assert send(server.client, "PUT", document(tenant, "d"), body, tenant.token).status_code == 201
    ballast = small_disk / "ballast"
    fill(ballast)
    yield server, tenant, ballast
    if server.running:
        ballast.unlink(missing_ok=True)


def fill(ballast):
    """Takes all the space that is left, to the last page."""
    with open(ballast, "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def write_until_refused(server, tenant, ballast):
    """Writes documents until the disk really has no room for one; what was acknowledged."""
    stored = {}
    for number in range(2000):
        name = f"f{number:04}"
        body = {"p": "x" * 20_000}
        answer = send(server.client, "PUT", document(tenant, name), body, tenant.token)
        if answer.status_code != 201:
            problem(answer, 507, "storage_full")
            return stored
        stored[name] = body
        if number % 50 == 49:
            fill(ballast)
    raise AssertionError("the disk never gets full")


def test_full_disk__refuses_writes_and_nothing_else(full):
    server, tenant, ballast = full
    client = server.client
    stored = write_until_refused(server, tenant, ballast)
    large = {"p": "x" * 200_000}
    name, email = unique(), unique_email()
    writes = [
        send(client, "POST", tenant.documents, large, tenant.token),
        send(client, "PUT", document(tenant, "new"), large, tenant.token),
        send(client, "PATCH", document(tenant, "d"), large, tenant.token),
    ]
    for answer in writes:
        problem(answer, 507, "storage_full")
    for answer in (create(client, name, email, PASSWORD),
                   update(client, {"new_name": unique()}, tenant.token)):
        assert answer.status_code in (200, 507), answer.text
        if answer.status_code == 507:
            assert answer.json()["code"] == "storage_full"
    for path in ("/livez", "/readyz", "/health"):
        assert client.get(path).status_code == 200, path
    assert log_in(client, tenant.email, tenant.password).status_code == 200
    refused(log_in(client, tenant.email, "wrong password"), 401, "Invalid credentials")
    answer = send(client, "GET", document(tenant, "d"), token=tenant.token)
    assert answer.json() == {"_id": "d", "kept": True}
    found = {each.pop("_id"): each for each in walk(client, tenant)}
    assert found == {"d": {"kept": True}, **stored}


def test_full_disk__writes_come_back_within_5_seconds_without_a_restart(full):
    server, tenant, ballast = full
    stored = write_until_refused(server, tenant, ballast)
    process = server.process.pid
    ballast.unlink()
    deadline = time.monotonic() + 5
    while True:
        answer = send(server.client, "PUT", document(tenant, "after"), {"n": 1}, tenant.token)
        if answer.status_code == 201:
            break
        problem(answer, 507, "storage_full")
        assert time.monotonic() < deadline, "no write within 5 s of space being there"
        time.sleep(0.05)
    org = server.create_org()
    assert get_org(server.client, org.name).json() == org.body
    assert server.process.pid == process and server.running
    found = {each.pop("_id"): each for each in walk(server.client, tenant)}
    assert found == {"d": {"kept": True}, "after": {"n": 1}, **stored}


def test_full_disk__killed_on_it_the_server_starts_on_it_and_has_everything(full):
    server, tenant, ballast = full
    stored = write_until_refused(server, tenant, ballast)
    server.kill()
    ballast.unlink()
    server.start()
    assert server.client.get("/readyz").status_code == 200
    found = {each.pop("_id"): each for each in walk(server.client, tenant)}
    assert found == {"d": {"kept": True}, **stored}
    assert os.path.exists(server.environment["ORGD_DATA"])
