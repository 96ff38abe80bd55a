"""`orgd doctor` on the embedded store (on MongoDB: test/mongo/test_seed_databases.py)."""

import contextlib
import hashlib
import json
import sqlite3

import pytest

import orgd

embedded = pytest.mark.embedded


def look(server, *words):
    return orgd.run("doctor", *words, "--data", str(server.data), timeout=60)


def findings(server):
    """What the doctor finds, by code; its exit code fits."""
    report = look(server, "--json")
    assert report.stderr == ""
    found = json.loads(report.stdout)["findings"]
    assert report.returncode == (1 if found else 0)
    return {finding["code"]: finding for finding in found}


def tamper(server, sql, *values):
    with contextlib.closing(sqlite3.connect(server.data / "orgd.db")) as database, database:
        assert database.execute(sql, values).rowcount > 0


@embedded
def test_all_is_well_while_a_server_works_and_after_it(serve):
    server = serve()
    tenant = server.new_tenant()
    made = server.client.post(tenant.documents, json={"n": 1}, headers=tenant.headers)
    assert made.status_code == 201
    report = look(server)
    assert report.returncode == 0, report.stderr
    assert report.stdout == "All is well: 1 organizations, 1 accounts, 1 documents\n"
    server.stop()
    assert look(server).stdout == report.stdout


@embedded
def test_a_look_changes_nothing(serve):
    server = serve()
    server.new_tenant()
    server.stop()
    before = contents(server)
    assert look(server).returncode == 0
    assert contents(server) == before


def contents(server):
    """The database and its log; the index of the log is memory that processes share."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in server.data.iterdir()
        if not path.name.endswith("-shm")
    }


@embedded
def test_what_does_not_fit_together_is_named(serve):
    server = serve()
    tenant, other = server.new_tenant(), server.new_tenant()
    server.stop()
    tamper(server, "DELETE FROM accounts WHERE email = ?", tenant.email)
    tamper(server, "UPDATE organizations SET documents = 7 WHERE name = ?", other.name)
    found = findings(server)
    assert set(found) == {
        "no_administrator",
        "loose_administrator",
        "loose_membership",
        "wrong_count",
    }
    for code, organization in (
        ("no_administrator", tenant),
        ("loose_administrator", tenant),
        ("wrong_count", other),
    ):
        (subject,) = found[code]["subjects"]
        assert subject == {"kind": "organization", "id": organization.id, "name": organization.name}
    text = look(server)
    assert text.returncode == 1
    assert text.stdout.rstrip().splitlines()[-1].startswith("4 findings: ")
    assert tenant.id in text.stdout


@embedded
def test_a_damaged_file_is_found(serve):
    server = serve()
    for _ in range(20):
        server.create_org()
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data / "orgd.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(server.data / "orgd.db")
    report = look(server)
    assert report.returncode == 1
    assert "damaged_file" in report.stdout or "malformed" in report.stderr


def damage(path):
    """Overwrites the middle of each page but the first ones, which are the schema's."""
    content = bytearray(path.read_bytes())
    for page in range(4, len(content) // 4096):
        content[page * 4096 + 8 : page * 4096 + 16] = b"\xff" * 8
    path.write_bytes(content)


@embedded
def test_where_there_is_no_store_it_says_so_and_makes_none(tmp_path):
    report = orgd.run("doctor", "--data", str(tmp_path / "none"))
    assert report.returncode == 1
    assert report.stdout == ""
    assert report.stderr.startswith("orgd: cannot look through the store: ")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [["--jsn"], ["--data"], ["here"]])
def test_wrong_use_is_refused(words):
    report = orgd.run("doctor", *words)
    assert report.returncode == 2
    assert report.stdout == ""
    assert report.stderr.startswith("orgd: ")
