"""Copies organization "Bench 0" of a MongoDB, with its administrator and membership, to "Bench 1" and
so on: what differs is changed, whatever else orgd keeps is as it was. Runs with the seeds' stack's
Python.

    mongo_fill.py URL DATABASE COUNT
"""

import sys

from bson import ObjectId
from pymongo import MongoClient

BATCH = 1000


def copies(db, numbers):
    """Rows for the three collections."""
    organization = db.organizations.find_one({"name_key": "bench 0"})
    admin = db.admins.find_one({"_id": organization["admin_id"]})
    membership = db.memberships.find_one({"admin_id": admin["_id"]})
    rows = {"organizations": [], "admins": [], "memberships": []}
    for n in numbers:
        ids = {"organization_id": ObjectId(), "admin_id": ObjectId()}
        email = f"b{n}@bench.example"
        names = {"organization_name": f"Bench {n}", "name_key": f"bench {n}", "slug": f"bench_{n}"}
        names |= {"collection_name": f"org_bench_{n}", "admin_id": ids["admin_id"]}
        rows["organizations"].append({**organization, "_id": ids["organization_id"], **names})
        rows["admins"].append({**admin, "_id": ids["admin_id"], "email": email, "email_key": email})
        rows["memberships"].append({**membership, "_id": ObjectId(), **ids})
    return rows


def main(url, database, count):
    db = MongoClient(url)[database]
    for begin in range(1, int(count), BATCH):
        for collection, rows in copies(db, range(begin, min(begin + BATCH, int(count)))).items():
            db[collection].insert_many(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
