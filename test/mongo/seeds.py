"""Databases as the two seeds' programs leave them, written with pymongo and hashed with passlib.

Both are FastAPI programs whose README says what they store: master_db with organizations and
admins, a collection org_<sanitised name> for each tenant. Their documents differ in the members'
names and types, and these builders write either, or a mixture.
"""

import datetime
import random
import re
import uuid

import jwt
from bson import Binary, Int64, ObjectId
from passlib.hash import bcrypt, pbkdf2_sha256

PASSWORD = "Test1234"
SECRET = "the secret that a seed's .env names as JWT_SECRET"

# One hash of each kind for all tests: making them is slow.
PBKDF2 = pbkdf2_sha256.using(rounds=1000).hash(PASSWORD)
BCRYPT = bcrypt.using(rounds=4).hash(PASSWORD)

DOCUMENTS = [
    {"_id": "text", "n": 1},
    {"_id": ObjectId("65a0000000000000000000aa"), "at": datetime.datetime(2024, 1, 2, 3, 4, 5)},
    {"_id": ObjectId("65a0000000000000000000ab"), "big": Int64(7), "raw": b"\x00\x01"},
]


def now():
    """datetime.utcnow(), as the programs call it: naive, UTC, milliseconds as BSON keeps them."""
    moment = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def sanitized(name):
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def seed_001(database, name="TestOrg", email="admin@testorg.com", password_hash=PBKDF2, **members):
    """What the seed 001's POST /org/create stores: the organization's document."""
    admin = {"email": email, "password": password_hash, "created_at": now()}
    admin["_id"] = database.admins.insert_one(admin).inserted_id
    organization = {
        "organization_name": name,
        "collection_name": f"org_{sanitized(name)}",
        "admin_id": admin["_id"],
        "created_at": now(),
        **members,
    }
    database.organizations.insert_one(organization)
    if organization["collection_name"] not in database.list_collection_names():
        database.create_collection(organization["collection_name"])
    return organization


def seed_000(database, name="Acme Inc", email="owner@acme.com", password_hash=BCRYPT, **members):
    """What the seed 000's create stores: other names of members, ids as text, the hash as bytes."""
    organization_id = ObjectId()
    admin = {
        "email": email,
        "hashed_password": Binary(password_hash.encode()),
        "organization_id": str(organization_id),
        "role": "admin",
        "is_active": True,
        "createdAt": now(),
    }
    admin["_id"] = database.admin_users.insert_one(admin).inserted_id
    organization = {
        "_id": organization_id,
        "name": name,
        "slug": sanitized(name),
        "collection": f"org_{sanitized(name)}",
        "admin_user_id": str(admin["_id"]),
        "createdAt": now().isoformat(),
        **members,
    }
    database.organizations.insert_one(organization)
    database.create_collection(organization["collection"])
    return organization


def token(organization_id, admin_id, name, minutes=60):
    """A token as python-jose made it for these programs: HS256, four claims."""
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    claims = {
        "admin_id": str(admin_id),
        "org_id": str(organization_id),
        "org_name": name,
        "exp": expires,
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


def many(database, count, seed=1):
    """A mixture of everything that can be told apart: `count` organizations, the same for the same
    seed."""
    chance = random.Random(seed)
    begin = datetime.datetime(2024, 1, 1)
    organizations, admins, admin_users = [], [], []
    for i in range(count):
        organization, admin, place = _one_of_many(chance, i, begin)
        organizations.append(organization)
        if admin:
            (admin_users if place else admins).append(admin)
    database.organizations.insert_many(organizations)
    database.admins.insert_many(admins)
    database.admin_users.insert_many(admin_users)
    for organization in organizations:
        collection = organization.get("collection_name") or organization.get("collection")
        if collection and chance.random() < 0.6:
            database[collection].insert_one({"_id": str(organization["_id"]), "of": collection})


def _one_of_many(chance, i, begin):
    """One organization, its account or None, and whether that goes to admin_users."""
    name = f"Org {i - 1 if i % 17 == 16 else i}"  # a few names are there twice
    email = f"admin{i - 2 if i % 13 == 12 else i}@example.com"  # and addresses
    organization_id = ObjectId(f"65a00000{i:016x}")
    admin_id = ObjectId(f"65b00000{i:016x}")
    created = begin + datetime.timedelta(minutes=i)
    organization = {"_id": f"organization-{i}" if i % 19 == 18 else organization_id}
    organization[chance.choice(["organization_name", "name"])] = name
    organization[chance.choice(["created_at", "createdAt"])] = chance.choice(
        [created, created.isoformat(), f"{created.isoformat()}+01:00"]
    )
    if i % 7 != 6:
        collection = chance.choice([f"org_{sanitized(name)}", f"org_Shared {i // 5}", f"plain{i}"])
        organization[chance.choice(["collection_name", "collection"])] = collection
    kind = i % 6
    member = chance.choice(["password", "hashed_password", "password_hash", "admin_password"])
    stored = chance.choice([BCRYPT, Binary(BCRYPT.encode())])
    if kind == 4:
        organization["admin"] = {"email": email, member: stored, "phone": str(i)}
        return organization, None, False
    if kind == 5:
        organization["admin_email"] = email
        organization["admin_password"] = stored
        return organization, None, False
    admin = {"_id": admin_id, "email": email, member: stored}
    if kind == 3:
        admin["organization_id"] = str(organization["_id"])
    else:
        reference = chance.choice([admin_id, str(admin_id)])
        organization[chance.choice(["admin_id", "admin_user_id"])] = reference
    return organization, admin, kind == 2


def dump(database):
    """Everything in a database that has to be the same after the same migration: indexes, and all
    documents but the ids that are made anew and the instances' own."""
    found = {}
    for name in sorted(database.list_collection_names()):
        if name.startswith("orgd_"):
            continue
        documents = list(database[name].find())
        if name == "memberships":
            for document in documents:
                del document["_id"]
        found[name] = (
            sorted(repr(sorted(document.items())) for document in documents),
            sorted(repr((key, value["key"], value.get("unique", False)))
                   for key, value in database[name].index_information().items()),
        )
    return found


def uuid_text():
    return str(uuid.uuid4())
