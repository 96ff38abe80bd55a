"""`orgd copy` between stores of both kinds: what arrives, what it refuses, what it shows, and that it goes
on where it was stopped."""

import contextlib
import datetime
import fcntl
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import termios
import time

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex

import helpers
import orgd
import seeds

SECONDS = 120  # for one copy, with sanitizers
INTERRUPTED = re.compile(r"interrupted; the same command again goes on from here")


class Place:
    """A store that servers can be started on and that copies can read and write."""

    def __init__(self, settings):
        self.settings = settings
        self.is_database = settings["ORGD_STORE"] == "mongodb"

    def words(self, side):
        """What names it on the command line."""
        if self.is_database:
            return [f"--{side}", self.settings["MONGO_URL"], f"--{side}-db", self.settings["MONGO_DB"]]
        return [f"--{side}", self.settings["ORGD_DATA"]]


@pytest.fixture
def place(store_settings, tmp_path):
    """Makes new, empty places: place("sqlite"), place("mongodb")."""
    count = 0

    def make(kind):
        nonlocal count
        count += 1
        if kind == "mongodb":
            return Place(store_settings())
        return Place({"ORGD_STORE": "sqlite", "ORGD_DATA": str(tmp_path / f"data{count}")})

    return make


@pytest.fixture(params=["sqlite-mongodb", "mongodb-sqlite", "mongodb-mongodb", "sqlite-sqlite"])
def way(request, place):
    """A source and a destination, in all four combinations."""
    return [place(kind) for kind in request.param.split("-")]


def command(source, destination, *flags):
    return ["copy", *source.words("from"), *destination.words("to"), *flags]


def copy(source, destination, *flags, code=0):
    """Copies; gives the CompletedProcess."""
    done = orgd.run(*command(source, destination, *flags), timeout=SECONDS)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def summary(done):
    """The two columns of the summary's table, {row: (source, destination)}."""
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3 and row[0] != "source"}


def put(tenant, client, number, **members):
    answer = helpers.send(client, "PUT", f"{tenant.documents}/d{number:05}", members, tenant.token)
    assert answer.status_code in (200, 201), answer.text


def documents(server, tenant):
    """All of a tenant's documents with their tags, as a client gets them."""
    found = {}
    after = {}
    while True:
        page = server.client.get(
            tenant.documents, headers=tenant.headers, params={"limit": 500, **after}
        ).json()
        for document in page["data"]:
            found[document["_id"]] = document
        if not page["next"]:
            return found
        after = {"after": page["next"]}


def fill(place, tenant, count, database_named):
    """Many documents, past the API; no server may have an embedded store then."""
    bodies = [(f"f{n:06}", n) for n in range(count)]
    if place.is_database:
        collection = database_named(place)[tenant.body["collection_name"]]
        collection.insert_many([{"_id": i, "n": n, "text": "x" * 100} for i, n in bodies])
        return
    with contextlib.closing(sqlite3.connect(f"{place.settings['ORGD_DATA']}/orgd.db")) as database:
        with database:
            (number,) = database.execute(
                "SELECT number FROM organizations WHERE id = ?", [bytes.fromhex(tenant.id)]
            ).fetchone()
            database.executemany(
                "INSERT INTO documents VALUES (?, ?, ?)",
                [(number, i, f'{{"_id":"{i}","n":{n},"text":"{"x" * 100}"}}') for i, n in bodies],
            )
            database.execute(
                "UPDATE organizations SET documents = documents + ? WHERE number = ?", [count, number]
            )


@pytest.fixture
def database_named(engine):
    """The database of a place, through pymongo."""
    return lambda place: engine.client[place.settings["MONGO_DB"]]


def arrived(place, database_named):
    """How many documents a place has, looked at past the API."""
    if place.is_database:
        database = database_named(place)
        names = [n for n in database.list_collection_names() if n.startswith("org_")]
        return sum(database[name].estimated_document_count() for name in names)
    path = f"{place.settings['ORGD_DATA']}/orgd.db"
    if not os.path.exists(path):
        return 0
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM documents").fetchone()[0]
    except sqlite3.OperationalError:  # it is just being made
        return 0


# What arrives


def test_everything_arrives_and_tokens_stay_good(way, serve):
    source, destination = way
    one = serve(store=source.settings)
    tenants = [one.new_tenant() for _ in range(3)]
    for tenant in tenants:
        for n in range(5):
            put(tenant, one.client, n, n=n, text="ä", real=1.0, big=2**53 + n)
    renamed = one.client.put(
        "/org/update", json={"new_name": orgd.unique("Renamed")}, headers=tenants[0].headers
    )
    assert renamed.status_code == 200
    changed = one.client.put(
        "/org/update", json={"password": "Another-Password-1"}, headers=tenants[1].headers
    )
    assert changed.status_code == 200
    old_token, tenants[1].token = tenants[1].token, one.login(tenants[1].email, "Another-Password-1")
    done = copy(source, destination)
    assert done.stdout.endswith("\nequal\n")
    rows = summary(done)
    assert rows["organizations"] == rows["accounts"] == ("3", "3")
    assert rows["documents"] == ("15", "15")
    assert rows["checksum"][0] == rows["checksum"][1]
    two = serve(store=destination.settings)
    for tenant in tenants:
        name = {"organization_name": tenant.name}
        there, here = (s.client.get("/org/get", params=name) for s in (two, one))
        assert there.json() == here.json() or "detail" in here.json()
        assert documents(two, tenant) == documents(one, tenant)
        path = f"{tenant.documents}/d00001"
        tags = [s.client.get(path, headers=tenant.headers).headers["ETag"] for s in (one, two)]
        assert tags[0] == tags[1]
    by_new_name = {"organization_name": renamed.json()["organization_name"]}
    assert two.client.get("/org/get", params=by_new_name).json() == {
        key: value for key, value in renamed.json().items() if key != "message"
    }
    assert two.client.get(tenants[1].documents, headers=orgd.bearer(old_token)).status_code == 401
    two.login(tenants[2].email, tenants[2].password)
    page = one.client.get(tenants[2].documents, headers=tenants[2].headers, params={"limit": 2})
    rest = two.client.get(
        tenants[2].documents, headers=tenants[2].headers, params={"after": page.json()["next"]}
    )
    assert [d["_id"] for d in rest.json()["data"]] == ["d00002", "d00003", "d00004"]


def test_an_empty_store_is_copied_to_an_empty_store(way, serve):
    source, destination = way
    serve(store=source.settings).stop()
    assert summary(copy(source, destination))["organizations"] == ("0", "0")


def test_types_of_other_programs_survive_a_stay_in_the_embedded_store(
    place, serve, engine, database_named
):
    first, embedded, second = place("mongodb"), place("sqlite"), place("mongodb")
    server = serve(store=first.settings)
    tenant = server.new_tenant()
    written = [
        {"_id": ObjectId(), "at": datetime.datetime(2024, 1, 2, 3, 4, 5, 678000)},
        {"_id": "", "of": "another program"},
        {"_id": "old", "at": datetime.datetime(1901, 1, 1), "none": None, "yes": True},
        {"_id": "numbers", "l": Int64(2**60), "i": 7, "r": 5.0},
        {"_id": "bytes", "raw": b"\x00\x01", "own": Binary(b"\x02", 128)},
        {"_id": "deep", "a": [{"o": ObjectId()}, {"r": Regex("^a", "i")}, {"t": "é"}]},
    ]
    if "ferretdbVersion" not in engine.client.server_info():  # it knows no decimals
        written[3]["d"] = Decimal128("1.10")
    collection = tenant.body["collection_name"]
    database_named(first)[collection].insert_many(written)
    here = copy(first, embedded)
    there = copy(embedded, second)
    assert summary(here)["checksum"] == summary(there)["checksum"]
    found = {d["_id"]: d for d in database_named(second)[collection].find()}
    assert found == {d["_id"]: d for d in written}
    for name, value in written[3].items():
        assert type(found["numbers"][name]) is type(value)


def test_text_in_another_form_of_a_type_counts_as_equal(place, serve):
    source, destination = place("sqlite"), place("mongodb")
    server = serve(store=source.settings)
    tenant = server.new_tenant()
    put(tenant, server.client, 1, at={"$date": "2026-01-31T01:00:00.000+01:00"}, n={"$numberInt": "5"})
    copy(source, destination)
    copy(source, destination)
    shown = documents(serve(store=destination.settings), tenant)["d00001"]
    assert shown == {"_id": "d00001", "at": {"$date": "2026-01-31T00:00:00Z"}, "n": 5}


def test_the_layout_of_a_copy_is_the_seeds(place, serve, database_named):
    source, destination = place("sqlite"), place("mongodb")
    server = serve(store=source.settings)
    tenant = server.new_tenant()
    copy(source, destination)
    database = database_named(destination)
    found = database.organizations.find_one({"organization_name": tenant.name})
    assert found["_id"] == ObjectId(tenant.id)
    assert found["status"] == "active"
    assert found["collection_name"] in database.list_collection_names()
    admin = database.admins.find_one({"_id": found["admin_id"]})
    assert admin["email"] == tenant.email
    assert database.memberships.count_documents({"organization_id": found["_id"]}) == 1
    assert database.orgd_locks.count_documents({}) == 0


def test_a_seeds_database_moves_into_the_embedded_store(place, serve, database_named):
    source, destination = place("mongodb"), place("sqlite")
    organization = seeds.seed_001(database_named(source))
    database_named(source)[organization["collection_name"]].insert_many(seeds.DOCUMENTS)
    assert summary(copy(source, destination))["documents"] == ("3", "3")
    server = serve(store=destination.settings)
    token = server.login("admin@testorg.com", seeds.PASSWORD)
    found = server.client.get("/org/get", params={"organization_name": "TestOrg"}).json()
    assert found["id"] == str(organization["_id"])
    path = f"/v1/organizations/{found['id']}/documents/65a0000000000000000000aa"
    document = server.client.get(path, headers=orgd.bearer(token)).json()
    assert document["at"] == {"$date": "2024-01-02T03:04:05Z"}


def test_what_the_destination_cannot_hold_is_named_and_the_rest_arrives(
    place, serve, database_named
):
    source, destination = place("mongodb"), place("sqlite")
    server = serve(store=source.settings)
    good, bad = server.new_tenant(), server.new_tenant()
    put(good, server.client, 1, n=1)
    database = database_named(source)
    database.admins.delete_one({"email": bad.email})
    done = copy(source, destination, code=1)
    assert bad.name in done.stderr and "its administrator is no account of it" in done.stderr
    assert summary(done)["organizations"] == ("2", "1")
    assert set(documents(serve(store=destination.settings), good)) == {"d00001"}


DIGITS = "65a0000000000000000000"


def kinds(collection):
    """The ids of a collection, each once for each document, by what they are."""
    return sorted((str(d["_id"]), type(d["_id"]).__name__) for d in collection.find())


def test_an_id_of_24_digits_stays_what_it_is_from_database_to_database(place, serve, database_named):
    source, destination = place("mongodb"), place("mongodb")
    name = serve(store=source.settings).new_tenant().body["collection_name"]
    here, there = (database_named(each)[name] for each in (source, destination))
    ids = [DIGITS + "aa", DIGITS + "ab", ObjectId(DIGITS + "ac"), ObjectId(DIGITS + "ad")]
    here.insert_many([{"_id": i, "n": n} for n, i in enumerate(ids)])
    copy(source, destination)
    assert kinds(there) == kinds(here)
    there.delete_many({})
    there.insert_many([{"_id": ObjectId(ids[0]), "n": 0}, {"_id": ids[1], "n": 9}])
    there.insert_many([{"_id": str(ids[2]), "n": 2}, {"_id": str(ids[3]), "n": 9}])
    assert summary(copy(source, destination))["documents"] == ("4", "4")
    assert kinds(there) == kinds(here)
    assert [d["n"] for d in there.find(sort=[("n", 1)])] == [0, 1, 2, 3]


def test_a_document_put_under_24_digits_on_both_sides_is_there_once(place, serve, database_named):
    source, destination = place("sqlite"), place("mongodb")
    server = serve(store=source.settings)
    tenant = server.new_tenant()
    copy(source, destination)
    two = serve(store=destination.settings)
    for client, n in ((server.client, 1), (two.client, 2)):
        path = f"{tenant.documents}/{DIGITS}aa"
        assert helpers.send(client, "PUT", path, {"n": n}, tenant.token).status_code == 201
    assert summary(copy(source, destination))["documents"] == ("1", "1")
    (found,) = database_named(destination)[tenant.body["collection_name"]].find()
    assert (str(found["_id"]), found["n"]) == (DIGITS + "aa", 1)


# A second run


def test_a_second_copy_brings_over_what_changed(way, serve):
    source, destination = way
    server = serve(store=source.settings)
    tenants = [server.new_tenant() for _ in range(3)]
    for tenant in tenants:
        put(tenant, server.client, 1, n=1)
        put(tenant, server.client, 2, n=2)
    copy(source, destination)
    put(tenants[0], server.client, 1, n=10)
    put(tenants[1], server.client, 3, n=3)
    late = server.new_tenant()
    assert summary(copy(source, destination))["documents"] == ("7", "7")
    two = serve(store=destination.settings)
    assert documents(two, tenants[0])["d00001"]["n"] == 10
    assert documents(two, late) == {}


def test_what_was_deleted_at_the_source_goes_only_when_that_is_asked_for(way, serve):
    source, destination = way
    server = serve(store=source.settings)
    stays, goes = server.new_tenant(), server.new_tenant()
    for n in range(3):
        put(stays, server.client, n, n=n)
    copy(source, destination)
    assert helpers.send(server.client, "DELETE", f"{stays.documents}/d00001", token=stays.token)
    done = copy(source, destination, code=1)
    assert "2 documents at the source, 3 at the destination" in done.stderr
    assert done.stdout.endswith("\ndifferent: 1 organization\n")
    assert "what was deleted there goes with --delete" in done.stderr
    assert server.client.delete("/org/delete", headers=goes.headers).status_code == 200
    done = copy(source, destination, code=1)
    assert goes.name in done.stderr and goes.id in done.stderr
    assert "nothing was changed" in done.stderr
    assert not done.stdout
    done = copy(source, destination, "--delete")
    assert summary(done)["documents"] == ("2", "2")
    assert summary(done)["organizations"] == ("1", "1")


@pytest.mark.parametrize("kind", ["mongodb", "sqlite"])
def test_an_account_stays_with_the_organization_that_it_went_to(place, serve, database_named, kind):
    source, destination = place("mongodb"), place(kind)
    server = serve(store=source.settings)
    goes, stays = server.new_tenant(), server.new_tenant()
    copy(source, destination)
    database = database_named(source)
    mover = database.admins.find_one({"email": goes.email})["_id"]
    joined = {"organization_id": ObjectId(stays.id), "admin_id": mover, "role": "admin"}
    database.memberships.insert_one(joined)
    assert server.client.delete("/org/delete", headers=goes.headers).status_code == 200
    assert summary(copy(source, destination, "--delete"))["accounts"] == ("2", "2")
    two = serve(store=destination.settings)
    found = two.client.post("/admin/login", json={"email": goes.email, "password": goes.password})
    assert found.json()["organization_id"] == stays.id


def test_names_that_changed_hands_since_the_last_copy_follow(way, serve):
    source, destination = way
    server = serve(store=source.settings)
    tenants = [server.new_tenant() for _ in range(3)]
    for n, tenant in enumerate(tenants):
        put(tenant, server.client, n, n=n)
    copy(source, destination)
    names = [tenant.name for tenant in tenants]
    emails = [tenant.email for tenant in tenants]
    for tenant in tenants:
        other = {"new_name": orgd.unique(), "email": orgd.unique_email()}
        assert helpers.update(server.client, other, tenant.token).status_code == 200
    for tenant, name, email in zip(tenants, names[1:] + names[:1], emails[1:] + emails[:1]):
        wish = {"new_name": name, "email": email}
        assert helpers.update(server.client, wish, tenant.token).status_code == 200
    copy(source, destination)
    two = serve(store=destination.settings)
    for n, tenant in enumerate(tenants):
        found = two.client.get("/org/get", params={"organization_name": names[(n + 1) % 3]}).json()
        assert found["id"] == tenant.id
        assert found["admin_email"] == emails[(n + 1) % 3]
        assert set(documents(two, tenant)) == {f"d{n:05}"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_copy_that_was_stopped_goes_on(way, serve, engine, database_named, number):
    source, destination = way
    server = serve(store=source.settings)
    tenants = [server.new_tenant() for _ in range(10)]
    server.stop()
    count = 20000
    if source.is_database or destination.is_database:
        count = 1200 if "ferretdbVersion" in engine.client.server_info() else 6000
    for tenant in tenants:
        fill(source, tenant, count, database_named)
    running = subprocess.Popen(
        [str(orgd.BINARY), *command(source, destination)],
        env=orgd.clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + SECONDS
    while arrived(destination, database_named) == 0 and time.monotonic() < deadline:
        time.sleep(0.002)
    running.send_signal(number)
    out, errors = running.communicate(timeout=SECONDS)
    left = arrived(destination, database_named)
    assert 0 < left < 10 * count, "it was stopped before or after the copying"
    if number == signal.SIGKILL:
        assert running.returncode == -signal.SIGKILL
    else:
        assert running.returncode == 1
        assert INTERRUPTED.search(errors)
    assert not out
    done = copy(source, destination)
    assert summary(done)["documents"] == (str(10 * count), str(10 * count))
    two = serve(store=destination.settings)
    for tenant in tenants:
        page = two.client.get(
            tenant.documents, headers=tenant.headers, params={"limit": 1, "count": "true"}
        ).json()
        assert page["count"] == count


def test_the_source_may_be_written_to_meanwhile(way, serve):
    """Whatever the comparison says then, a copy with the source at rest makes it good."""
    source, destination = way
    server = serve(store=source.settings)
    tenants = [server.new_tenant() for _ in range(4)]
    for tenant in tenants:
        for n in range(20):
            put(tenant, server.client, n, n=n)
    stop = []

    def write():
        n = 20
        while not stop:
            for tenant in tenants:
                put(tenant, server.client, n, n=n)
            n += 1
        return n

    def run():
        try:
            return orgd.run(*command(source, destination), timeout=SECONDS)
        finally:
            stop.append(True)

    count, done = helpers.together([write, run])
    assert done.returncode in (0, 1), done.stderr
    assert summary(copy(source, destination))["documents"] == (str(4 * count), str(4 * count))


# What it refuses


def test_a_destination_with_organizations_of_its_own_stays_as_it_is(way, serve):
    source, destination = way
    one, two = serve(store=source.settings), serve(store=destination.settings)
    one.new_tenant()
    own = two.new_tenant()
    two.stop()
    done = copy(source, destination, code=1)
    assert own.name in done.stderr and "nothing was changed" in done.stderr
    done = copy(source, destination, "--delete", code=1)  # its secrets are its own
    assert "wasn't begun by a copy" in done.stderr and "nothing was changed" in done.stderr
    two.start()
    assert documents(two, own) == {}


def test_an_empty_source_never_empties_the_destination(place, serve):
    source, destination, empty = place("sqlite"), place("sqlite"), place("sqlite")
    server = serve(store=source.settings)
    server.new_tenant()
    copy(source, destination)
    serve(store=empty.settings).stop()
    assert "--delete would remove all 1" in copy(empty, destination, "--delete", code=1).stderr


def test_a_directory_in_use_is_no_destination(place, serve):
    source, destination = place("mongodb"), place("sqlite")
    serve(store=source.settings)
    serve(store=destination.settings)
    assert "in use by another orgd" in copy(source, destination, code=1).stderr


@pytest.mark.parametrize(
    "words, reason",
    [
        ([], "needs --from and --to"),
        (["--from", "a"], "needs --from and --to"),
        (["--from", "a", "--to"], "no value for"),
        (["--from", "a", "--to", "b", "c"], 'unexpected word "c"'),
        (["--from", "a", "--to", "./a"], None),
        (["--from", "a", "--to", "a"], "the same store"),
        (["--from", "http://u:hunter2@h", "--to", "a"], "begins with mongodb://"),
        (["--from", "a", "--to", "b", "mongodb://u:hunter2@h"], "belongs to no flag"),
        (["--from", "a", "--to", "mongodb:///db"], "names no host"),
        (["--from", "a", "--to", "mongodb://u:hunter2@h/admin"], "server's own"),
        (["--from", "a", "--to", "mongodb://h/a.b"], "no name of a database"),
        (["--from", "a", "--to", "b", "--to-db", "c"], "has no databases"),
        (["--from", "mongodb://u:hunter2@h/x", "--to=mongodb://h/x"], "the same store"),
    ],
)
def test_wrong_use_is_told_and_touches_nothing(tmp_path, words, reason):
    (tmp_path / "a").mkdir()
    done = orgd.run("copy", *words, directory=tmp_path)
    assert done.returncode == 2
    assert (reason or "the same store") in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "a"]


def test_no_password_is_ever_shown(place, serve, tmp_path):
    source = place("sqlite")
    serve(store=source.settings).stop()
    url = "mongodb://me:hunter2@127.0.0.1:1/db?w=0"
    done = orgd.run("copy", *source.words("from"), "--to", url, timeout=SECONDS)
    assert done.returncode == 2, done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    environment = {"ORGD_COPY_FROM": source.settings["ORGD_DATA"], "ORGD_COPY_TO": str(tmp_path / "x")}
    assert orgd.run("copy", environment=environment).returncode == 0


def test_the_database_is_the_one_of_the_urls_path(place, serve, database_named, engine):
    source, destination = place("sqlite"), place("mongodb")
    tenant = serve(store=source.settings).new_tenant()
    base, _, options = destination.settings["MONGO_URL"].partition("?")
    url = f"{base.rstrip('/')}/{destination.settings['MONGO_DB']}" + (options and f"?{options}")
    done = orgd.run("copy", *source.words("from"), "--to", url, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert database_named(destination).organizations.count_documents({"slug": tenant.slug}) == 1


# What it shows


def test_lines_tell_the_progress_where_there_is_no_terminal(place, serve):
    source, destination = place("sqlite"), place("sqlite")
    server = serve(store=source.settings)
    tenant = server.new_tenant()
    put(tenant, server.client, 1, n=1)
    lines = copy(source, destination).stderr.splitlines()
    assert lines[0] == "looking: 1 organizations"
    assert re.fullmatch(r"copying: 1/1 organizations  1/1 documents(  \d+/s)?", lines[1])
    assert re.fullmatch(r"comparing: 1/1 organizations  1/1 documents(  \d+/s)?", lines[2])
    assert len(lines) == 3


def read_terminal(master):
    """All that is written to a terminal until its other side is closed."""
    text = b""
    with contextlib.suppress(OSError):  # EIO: closed
        while part := os.read(master, 65536):
            text += part
    return text.decode()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_bar_is_drawn_on_a_terminal(place, serve, columns, database_named):
    source, destination = place("sqlite"), place("sqlite")
    server = serve(store=source.settings)
    tenant = server.new_tenant()
    server.stop()
    fill(source, tenant, 300000, database_named)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    running = subprocess.Popen(
        [str(orgd.BINARY), *command(source, destination)],
        env=orgd.clean_environment(),
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    shown = read_terminal(master)
    out, _ = running.communicate(timeout=SECONDS)
    os.close(master)
    assert running.returncode == 0
    assert out.decode().endswith("\nequal\n")
    drawn = re.split(r"\r\x1b\[K|\r\n", shown)
    assert max(map(len, drawn)) < columns
    assert "\x1b" not in "".join(drawn)
    assert any(line.startswith("copying") for line in drawn)
    if columns >= 80:
        bars = [re.match(r"copying +\[(#*)(\.*)\] +(\d+)%  ", line) for line in drawn]
        bars = [bar for bar in bars if bar]
        (width,) = {len(bar[1]) + len(bar[2]) for bar in bars}  # it doesn't jump
        assert 8 <= width <= 40
        percents = [int(bar[3]) for bar in bars]
        assert percents == sorted(percents) and percents[-1] == 100
        assert any(0 < percent < 100 for percent in percents)
        assert drawn[-2].startswith("comparing")
