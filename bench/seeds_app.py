"""The reference for whole systems: the seeds' stack doing the seeds' work, written from their READMEs as
such a program is usually written. FastAPI, pymongo, passlib (pbkdf2_sha256), python-jose.

    uvicorn seeds_app:app --loop uvloop --http httptools      with MONGO_URL, MONGO_DB and JWT_SECRET set
"""

import os
import re
from datetime import datetime, timedelta, timezone

from bson import ObjectId
from fastapi import FastAPI, Header, HTTPException
from jose import JWTError, jwt
from passlib.hash import pbkdf2_sha256
from pydantic import BaseModel
from pymongo import MongoClient

SECRET = os.environ["JWT_SECRET"]
db = MongoClient(os.environ["MONGO_URL"])[os.environ.get("MONGO_DB", "master_db")]
app = FastAPI()


class Create(BaseModel):
    organization_name: str
    email: str
    password: str


class Login(BaseModel):
    email: str
    password: str


class Update(BaseModel):
    organization_name: str
    new_organization_name: str
    email: str
    password: str


def collection_of(name):
    return "org_" + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def shown(organization, admin):
    return {
        "organization_name": organization["organization_name"],
        "collection_name": organization["collection_name"],
        "admin_email": admin["email"],
    }


@app.post("/org/create")
def create(body: Create):
    if db.organizations.find_one({"organization_name": body.organization_name}):
        raise HTTPException(400, "Organization already exists")
    collection = collection_of(body.organization_name)
    db.create_collection(collection)
    admin = {"email": body.email, "password": pbkdf2_sha256.hash(body.password)}
    admin["created_at"] = datetime.now(timezone.utc)
    db.admins.insert_one(admin)
    organization = {
        "organization_name": body.organization_name,
        "collection_name": collection,
        "admin_id": admin["_id"],
        "created_at": datetime.now(timezone.utc),
    }
    db.organizations.insert_one(organization)
    return shown(organization, admin)


@app.get("/org/get")
def get(organization_name: str):
    organization = db.organizations.find_one({"organization_name": organization_name})
    if not organization:
        raise HTTPException(404, "Organization not found")
    return shown(organization, db.admins.find_one({"_id": organization["admin_id"]}))


@app.post("/admin/login")
def login(body: Login):
    admin = db.admins.find_one({"email": body.email})
    if not admin or not pbkdf2_sha256.verify(body.password, admin["password"]):
        raise HTTPException(401, "Invalid credentials")
    organization = db.organizations.find_one({"admin_id": admin["_id"]})
    claims = {
        "admin_id": str(admin["_id"]),
        "org_id": str(organization["_id"]),
        "org_name": organization["organization_name"],
        "exp": datetime.now(timezone.utc) + timedelta(minutes=60),
    }
    return {"access_token": jwt.encode(claims, SECRET, "HS256"), "token_type": "bearer"}


def caller(authorization):
    try:
        claims = jwt.decode((authorization or "").removeprefix("Bearer "), SECRET, ["HS256"])
    except JWTError:
        raise HTTPException(401, "Invalid token") from None
    admin = db.admins.find_one({"_id": ObjectId(claims["admin_id"])})
    if not admin:
        raise HTTPException(401, "Invalid token")
    return claims, admin


@app.put("/org/update")
def update(body: Update, authorization: str | None = Header(None)):
    claims, admin = caller(authorization)
    organization = db.organizations.find_one({"_id": ObjectId(claims["org_id"])})
    if db.organizations.find_one({"organization_name": body.new_organization_name}):
        raise HTTPException(400, "Organization name already exists")
    old, new = organization["collection_name"], collection_of(body.new_organization_name)
    db.create_collection(new)
    documents = list(db[old].find())
    if documents:
        db[new].insert_many(documents)
    changed = {"organization_name": body.new_organization_name, "collection_name": new}
    db.organizations.update_one({"_id": organization["_id"]}, {"$set": changed})
    db.drop_collection(old)
    return shown({**organization, **changed}, admin)


@app.delete("/org/delete")
def delete(organization_name: str, authorization: str | None = Header(None)):
    claims, admin = caller(authorization)
    organization = db.organizations.find_one({"organization_name": organization_name})
    if not organization or str(organization["_id"]) != claims["org_id"]:
        raise HTTPException(403, "Not authorized")
    db.drop_collection(organization["collection_name"])
    db.organizations.delete_one({"_id": organization["_id"]})
    db.admins.delete_one({"_id": admin["_id"]})
    return {"detail": "deleted"}
