"""Embedded stores with many organizations or documents, made in seconds by copying rows in SQL.

Organization n has the name and the administrator of companies.py, and number 0 was signed up through
the API; the others have its password hash, and a document "d0" each. Documents "d0", "d1" and so on, as
many as are asked for, are of organization 0."""

import sqlite3
from contextlib import closing

from companies import company, key_of, slug_of
from measure import ALL, PAD, embedded, sign_up

# One copy of each row of organization 0 for every n from 1 to :last, with what has to differ.
NUMBERS = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
ORGANIZATIONS = (
    NUMBERS + "INSERT INTO organizations"
    " (id, name, name_key, slug, administrator, documents, created_ms, updated_ms)"
    " SELECT numbered(id, 2 * i), name_of(i), key_of(i), slug_of(i), i + :administrator, 1,"
    " created_ms, updated_ms FROM n, organizations WHERE number = :organization"
)
ACCOUNTS = (
    NUMBERS + "INSERT INTO accounts"
    " (number, id, email, email_key, password_hash, created_ms, updated_ms)"
    " SELECT i + :administrator, numbered(id, 2 * i), address_of(i), address_of(i),"
    " password_hash, created_ms, updated_ms"
    " FROM n, accounts WHERE number = :administrator"
)
MEMBERSHIPS = (
    NUMBERS + "INSERT INTO memberships (account, organization, role)"
    " SELECT i + :administrator, i + :organization, 'admin' FROM n"
)
DOCUMENTS = (
    NUMBERS + "INSERT INTO documents (organization, id, body)"
    " SELECT :organization, 'd' || (i - 1),"
    " '{\"_id\":\"d' || (i - 1) || '\",\"n\":' || (i - 1) || ',\"pad\":\"' || :pad || '\"}' FROM n"
)
DOCUMENT_OF_EACH = (
    NUMBERS + "INSERT INTO documents (organization, id, body)"
    " SELECT i + :organization, 'd0',"
    " '{\"_id\":\"d0\",\"n\":' || i || ',\"pad\":\"' || :pad || '\"}' FROM n"
)
COUNT = "UPDATE organizations SET documents = :last WHERE number = :organization"


def numbered(oid, n):
    """The id that its process makes n ids later, within the same second."""
    return oid[:9] + ((int.from_bytes(oid[9:]) + n) % (1 << 24)).to_bytes(3)


def add_functions(db):
    """What the statements above tell organization n by."""
    functions = {
        "name_of": lambda n: company(n)[0],
        "key_of": lambda n: key_of(company(n)[0]),
        "slug_of": lambda n: slug_of(company(n)[0]),
        "address_of": lambda n: company(n)[1],
    }
    db.create_function("numbered", 2, numbered, deterministic=True)
    for name, function in functions.items():
        db.create_function(name, 1, function, deterministic=True)


def populate(directory, organizations=1, documents=0):
    """Makes the store; gives organization 0, as the API shows it."""
    with embedded(directory, ALL) as (_, address):
        first = sign_up(address)
    with closing(sqlite3.connect(directory / "orgd.db", isolation_level=None)) as db:
        add_functions(db)
        for statement in ("PRAGMA synchronous=OFF", "PRAGMA cache_size=-500000", "BEGIN"):
            db.execute(statement)
        organization, administrator = db.execute(
            "SELECT number, administrator FROM organizations WHERE name_key = 'bench 0'"
        ).fetchone()
        rows = {"organization": organization, "administrator": administrator, "pad": PAD}
        if organizations > 1:
            for statement in (ORGANIZATIONS, ACCOUNTS, MEMBERSHIPS):
                db.execute(statement, {**rows, "last": organizations - 1})
        if documents:
            for statement in (DOCUMENTS, COUNT):
                db.execute(statement, {**rows, "last": documents})
        if organizations > 1:  # behind those of organization 0, as their numbers are
            db.execute(DOCUMENT_OF_EACH, {**rows, "last": organizations - 1})
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return first
