"""`orgd import` and `orgd export`: what goes in, what comes out, what is refused and how it is said."""

import fcntl
import json
import os
import pty
import re
import signal
import stat
import struct
import subprocess
import termios
import time

import pytest

import helpers
import orgd

SECONDS = 120
HASH = "$2b$04$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m"
PASSWORD = "correct horse"


@pytest.fixture
def stopped(serve):
    """A server with an empty store, which doesn't run: the embedded store is one program's at a time."""
    server = serve()
    server.stop()
    return server


def orgd_on(server, *words, code=0, stdin=None):
    """Runs a command on a server's store; gives the CompletedProcess."""
    done = subprocess.run(
        [str(orgd.BINARY), *words],
        env=orgd.clean_environment(server.environment),
        cwd=server.directory,
        input=stdin,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode("utf-8", "replace")
    assert done.returncode == code, done.stdout + done.stderr
    return done


def begin_import(server):
    """An import that runs, and reads the lines that the caller writes; gives the Popen."""
    return subprocess.Popen(
        [str(orgd.BINARY), "import", "-"],
        env=orgd.clean_environment(server.environment),
        cwd=server.directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def write(tmp_path, lines):
    path = tmp_path / "lines.ndjson"
    path.write_bytes(as_bytes(lines))
    return str(path)


def as_bytes(lines):
    texts = [line if isinstance(line, str | bytes) else json.dumps(line) for line in lines]
    return b"".join((t if isinstance(t, bytes) else t.encode()) + b"\n" for t in texts)


def bring_in(server, lines, code=0):
    """Imports lines through standard input; gives the summary's numbers and the lines that were named."""
    done = orgd_on(server, "import", "-", code=code, stdin=as_bytes(lines))
    named = re.findall(r"^line (\d+): (.*)$", done.stderr, re.M)
    return summary(done), {int(number): words for number, words in named}


def summary(done):
    rows = [line.rsplit(None, 1) for line in done.stdout.splitlines()]
    return {row[0]: int(row[1]) for row in rows if row[0] != "seconds"}


def take_out(server):
    done = orgd_on(server, "export", "-")
    return [json.loads(line) for line in done.stdout.splitlines()]


def organization(name, **members):
    email = f"{re.sub('[^a-z0-9]', '', name.lower())}@example.com"
    line = {"organization_name": name, "email": email, "password_hash": HASH}
    return {key: value for key, value in (line | members).items() if value is not None}


def found(server, name):
    answer = helpers.get_org(server.client, name)
    return answer.json() if answer.status_code == 200 else None


def documents_of(server, name, email, password=PASSWORD):
    token = server.login(email, password)
    path = f"/v1/organizations/{found(server, name)['id']}/documents"
    return server.client.get(path, headers=orgd.bearer(token)).json()["data"]


# What goes in


def test_what_a_person_writes_by_hand_goes_in(stopped):
    lines = [
        {"organization_name": "Acme", "email": "ada@acme.example", "password": PASSWORD},
        {"document": {"_id": "invoice-1", "total": 12.5}},
        "",
        {"document": {"n": 2**53 + 1}},
        {
            "organization_name": "Beta",
            "admins": [
                {"email": "bo@beta.example", "password": PASSWORD},
                {"email": "Bea@beta.example", "password_hash": HASH},
            ],
            "documents": [{"_id": "a"}, {"_id": "b", "text": "ä"}],
        },
        {"organization_name": " ACME ", "document": {"_id": "invoice-2"}},
    ]
    counts, named = bring_in(stopped, lines)
    assert named == {}
    assert counts == {
        "lines": 6,
        "organizations made": 2,
        "organizations updated": 0,
        "organizations unchanged": 0,
        "documents": 5,
        "lines refused": 0,
    }
    stopped.start()
    acme = found(stopped, "acme")
    assert acme["slug"] == "acme" and acme["admin_email"] == "ada@acme.example"
    assert acme["created_at"] == acme["updated_at"]
    documents = documents_of(stopped, "Acme", "ada@acme.example")
    made = [d for d in documents if d["_id"] not in ("invoice-1", "invoice-2")]
    assert len(documents) == 3 and [d["n"] for d in made] == [2**53 + 1]
    assert re.fullmatch("[0-9a-f]{24}", made[0]["_id"])
    assert documents_of(stopped, "Beta", "bo@beta.example") == lines[4]["documents"]
    assert found(stopped, "Beta")["admin_email"] == "bo@beta.example"


def test_hashes_of_other_programs_log_in(stopped):
    from passlib.hash import pbkdf2_sha256

    line = organization("Acme", password_hash=pbkdf2_sha256.using(rounds=100).hash(PASSWORD))
    bring_in(stopped, [line])
    stopped.start()
    stopped.login("acme@example.com", PASSWORD)


def test_times_ids_and_slugs_are_kept_as_given(stopped):
    line = organization(
        "Acme",
        id="0123456789abcdef01234567",
        slug="acme_000001",
        created_at="2020-01-02T03:04:05+02:00",
        updated_at="2021-01-02T03:04:05.678Z",
    )
    bring_in(stopped, [line])
    stopped.start()
    acme = found(stopped, "Acme")
    assert acme["id"] == line["id"] and acme["slug"] == line["slug"]
    assert acme["created_at"] == "2020-01-02T01:04:05.000Z"
    assert acme["updated_at"] == "2021-01-02T03:04:05.678Z"


def test_names_with_one_slug_get_two(stopped):
    bring_in(stopped, [organization("Org-1"), organization("Org_1", email="other@example.com")])
    stopped.start()
    assert found(stopped, "Org-1")["slug"] == "org_1"
    assert re.fullmatch("org_1_[0-9a-f]{6}", found(stopped, "Org_1")["slug"])


def test_a_mark_and_line_ends_of_windows_do_no_harm(stopped):
    text = b"\xef\xbb\xbf" + as_bytes([organization("Acme")]).replace(b"\n", b"\r\n")
    done = orgd_on(stopped, "import", "-", stdin=text)
    assert summary(done)["organizations made"] == 1


def test_a_last_line_without_an_end_goes_in(stopped):
    text = as_bytes([organization("Acme"), organization("Beta")]).rstrip(b"\n")
    assert summary(orgd_on(stopped, "import", "-", stdin=text))["organizations made"] == 2


def test_an_empty_file_is_no_error(stopped):
    assert summary(orgd_on(stopped, "import", "-", stdin=b""))["lines"] == 0


# Out, and in elsewhere


def test_what_comes_out_goes_in_elsewhere_and_is_the_same(serve):
    one, two = serve(), serve()
    tenants = [one.new_tenant() for _ in range(3)]
    for tenant in tenants[:2]:
        for n in range(3):
            body = {"_id": f"d{n}", "n": n, "real": 1.0, "text": "ä\u0001\"", "deep": [{"a": None}]}
            made = one.client.post(tenant.documents, json=body, headers=tenant.headers)
            assert made.status_code == 201
    made = one.client.post(tenants[0].documents, json={"n": 9}, headers=tenants[0].headers)
    changed = one.client.put(
        "/org/update",
        json={"new_name": orgd.unique("Renamed Ä"), "password": "Another-Password-1"},
        headers=tenants[1].headers,
    )
    assert changed.status_code == 200
    one.stop()
    two.stop()
    lines = take_out(one)
    assert len(lines) == 3 + 7
    counts, named = bring_in(two, lines)
    assert named == {} and counts["organizations made"] == 3 and counts["documents"] == 7
    assert take_out(two) == lines
    two.start()
    name = changed.json()["organization_name"]
    assert found(two, name)["id"] == changed.json()["id"]
    two.login(tenants[1].email, "Another-Password-1")
    again = two.client.get(
        f"{tenants[0].documents}/{made.json()['_id']}",
        headers=orgd.bearer(two.login(tenants[0].email, tenants[0].password)),
    )
    assert again.headers["ETag"] == made.headers["ETag"]


def test_an_export_lets_a_server_work(serve):
    server = serve()
    tenant = server.new_tenant()
    (line,) = take_out(server)
    assert line["organization_name"] == tenant.name
    assert [admin["email"] for admin in line["admins"]] == [tenant.email]


def test_an_export_is_there_when_it_is_whole_and_for_nobody_else(stopped, tmp_path):
    bring_in(stopped, [organization("Acme")])
    path = tmp_path / "out.ndjson"
    path.write_text("older")
    path.chmod(0o644)
    done = orgd_on(stopped, "export", str(path))
    assert "1 organizations and 0 documents" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["organization_name"] == "Acme"
    assert [p.name for p in tmp_path.iterdir()] == ["out.ndjson"]
    done = orgd_on(stopped, "export", str(tmp_path / "no" / "out"), code=1)
    assert "No such file" in done.stderr


def test_an_export_that_nobody_reads_ends_with_an_error(stopped):
    bring_in(stopped, [organization("Acme")])
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [str(orgd.BINARY), "export", "-"],
        env=orgd.clean_environment(stopped.environment),
        cwd=stopped.directory,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1 and b"Broken pipe" in done.stderr


# Again


def test_the_same_lines_again_change_nothing(stopped):
    lines = [
        organization("Acme", password_hash=None, password=PASSWORD),
        {"document": {"n": 1}},
        {"document": {"n": 1}},
        organization("Beta", id="0123456789abcdef01234567", documents=[{"n": 1}]),
    ]
    bring_in(stopped, lines)
    before = take_out(stopped)
    counts, named = bring_in(stopped, lines)
    assert named == {} and counts["organizations unchanged"] == 2
    assert counts["organizations made"] == counts["organizations updated"] == 0
    assert take_out(stopped) == before
    assert len(before) == 2 + 3


def test_a_line_without_an_id_never_undoes_what_came_later(stopped):
    line = organization("Acme", password_hash=None, password=PASSWORD)
    bring_in(stopped, [line])
    stopped.start()
    token = stopped.login("acme@example.com", PASSWORD)
    answer = helpers.update(stopped.client, {"password": "Another-Password-1"}, token)
    assert answer.status_code == 200
    stopped.stop()
    counts, _ = bring_in(stopped, [line])
    assert counts["organizations unchanged"] == 1
    stopped.start()
    stopped.login("acme@example.com", "Another-Password-1")


def test_an_organization_with_an_id_is_brought_up_to_date(stopped):
    line = organization("Acme", id="0123456789abcdef01234567", password_hash=None, password=PASSWORD)
    bring_in(stopped, [line, {"document": {"_id": "kept"}}])
    stopped.start()
    before = found(stopped, "Acme")
    token = stopped.login("acme@example.com", PASSWORD)
    stopped.stop()
    other = {"email": "more@example.com", "password": PASSWORD}
    changed = {
        "organization_name": "Apex",
        "id": line["id"],
        "admins": [{"email": line["email"], "password": "Another-Password-1"}, other],
    }
    counts, named = bring_in(stopped, [changed])
    assert named == {} and counts["organizations updated"] == 1
    assert bring_in(stopped, [changed])[0]["organizations unchanged"] == 1
    stopped.start()
    after = found(stopped, "Apex")
    assert found(stopped, "Acme") is None
    assert after["id"] == before["id"] and after["slug"] == "apex"
    assert after["admin_id"] == before["admin_id"]
    assert after["created_at"] == before["created_at"] < after["updated_at"]
    path = f"/v1/organizations/{after['id']}/documents"
    assert stopped.client.get(path, headers=orgd.bearer(token)).status_code == 401
    token = stopped.login("acme@example.com", "Another-Password-1")
    assert stopped.client.get(path, headers=orgd.bearer(token)).json()["data"] == [{"_id": "kept"}]
    stopped.login("more@example.com", PASSWORD)


def test_an_administrator_that_a_line_with_an_id_does_not_name_goes(stopped):
    admins = [{"email": f"{n}@example.com", "password": PASSWORD} for n in ("one", "two")]
    line = {"organization_name": "Acme", "id": "0123456789abcdef01234567", "admins": admins}
    bring_in(stopped, [line])
    counts, _ = bring_in(stopped, [line | {"admins": admins[1:]}])
    assert counts["organizations updated"] == 1
    (now,) = take_out(stopped)
    assert [admin["email"] for admin in now["admins"]] == ["two@example.com"]
    counts, named = bring_in(stopped, [organization("Beta", email="one@example.com")])
    assert named == {} and counts["organizations made"] == 1


def test_one_account_may_be_in_two_organizations_by_its_id(stopped):
    admin = {"id": "aaaaaaaaaaaaaaaaaaaaaaaa", "email": "both@example.com", "password_hash": HASH}
    lines = [{"organization_name": name, "admins": [admin]} for name in ("Acme", "Beta")]
    counts, named = bring_in(stopped, lines)
    assert named == {} and counts["organizations made"] == 2
    out = take_out(stopped)
    assert [line["admins"][0]["id"] for line in out] == [admin["id"]] * 2
    assert out[0]["admins"] == out[1]["admins"]
    assert bring_in(stopped, out)[0]["organizations unchanged"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_import_that_was_stopped_goes_on_with_the_same_command(stopped, number):
    lines = [organization(f"Org {n}", documents=[{"n": n}]) for n in range(6)]
    running = begin_import(stopped)
    running.stdin.write(as_bytes(lines[:4]) + b'{"organization_name":"Cut')
    running.stdin.write(b"x" * (300 * 1024))  # a chunk ends: what came before goes in
    running.stdin.flush()
    deadline = time.monotonic() + SECONDS
    while organizations_there(stopped) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    running.send_signal(number)
    _, words = running.communicate(timeout=SECONDS)
    if number == signal.SIGKILL:
        assert running.returncode == -number
    else:
        assert running.returncode == 1
        assert b"interrupted; the same command again goes on from here" in words
    counts, named = bring_in(stopped, lines)
    assert named == {}
    assert counts["organizations unchanged"] == 4 and counts["organizations made"] == 2
    assert len(take_out(stopped)) == 12


def organizations_there(server):
    """How many organizations there are, beside an import; 0 while there is no store yet."""
    done = subprocess.run(
        [str(orgd.BINARY), "export", "-"],
        env=orgd.clean_environment(server.environment),
        cwd=server.directory,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout.count(b'"organization_name"') if done.returncode == 0 else 0


# What is refused

GOOD = {"email": "new@example.com", "password": PASSWORD}

REFUSED = {
    "no JSON": ('{"organization_name":x}', "A value is expected, at byte 22"),
    "a member twice": ('{"email":"a@b","email":"a@b"}', "Duplicate member, at byte 22"),
    "no object": ("[1]", "a line is a JSON object"),
    "NUL": ('{"organization_name":"a\\u0000"}', "NUL is not allowed, at byte 29"),
    "no UTF-8": (b'{"organization_name":"\xff"}', "Invalid UTF-8, at byte 23"),
    "no name": (GOOD, "organization_name is missing"),
    "a name without a letter": (
        GOOD | {"organization_name": "--"},
        "organization_name: Value error, a name has at least one letter or digit",
    ),
    "a name that is no text": (GOOD | {"organization_name": 1}, "organization_name is no text"),
    "a misspelt member": (
        {"organization_name": "New", "email": "new@example.com", "pasword": PASSWORD},
        'a line for an organization has no member "pasword"',
    ),
    "no password": (
        {"organization_name": "New", "email": "new@example.com"},
        "an administrator has either password or password_hash",
    ),
    "password and hash": (
        GOOD | {"organization_name": "New", "password_hash": HASH},
        "an administrator has either password or password_hash",
    ),
    "a short password": (
        GOOD | {"organization_name": "New", "password": "secret!"},
        "password: String should have at least 8 characters",
    ),
    "an unknown hash": (organization("New", password_hash="$6$salt$abc"), "password_hash is none"),
    "half a hash": (organization("New", password_hash=HASH[:-1]), "password_hash is none"),
    "no address": (
        GOOD | {"organization_name": "New", "email": "new"},
        "email: value is not a valid email address",
    ),
    "no administrators": ({"organization_name": "New", "admins": []}, "admins is no array of 1"),
    "two administrators of one address": (
        {"organization_name": "New", "admins": [GOOD, GOOD | {"email": "NEW@example.com"}]},
        "two administrators have one address",
    ),
    "an odd id": (organization("New", id="12"), "id is no id of 24 hex digits"),
    "an odd time": (
        organization("New", created_at="2026-02-30T00:00:00Z"),
        "created_at is no time such as",
    ),
    "an odd slug": (organization("New", slug="a b"), "slug has 1 to 71 of a-z"),
    "a slug that reads as an id": (organization("New", slug="a" * 24), "slug has 1 to 71 of a-z"),
    "a taken name": (organization("ACME", email="n@example.com"), 'the name "ACME" is that of'),
    "a taken slug": (organization("New", slug="acme"), 'the slug "acme" is that of organization'),
    "a taken address": (
        organization("New", email="Acme@Example.com"),
        "the address \"Acme@Example.com\" is that of another organization's account",
    ),
    "a document of nobody": (
        {"organization_name": "Nobody", "document": {}},
        "no organization has this name",
    ),
    "a document of an unknown id": (
        {"organization_id": "0" * 24, "document": {}},
        "no organization has this id",
    ),
    "a document of two": (
        {"organization_id": "0" * 24, "organization_name": "Acme", "document": {}},
        "organization_id or organization_name says whose it is, not both",
    ),
    "a document that is no object": ({"document": 1}, "document: Input should be a valid object"),
    "a document with a $": ({"document": {"$a": 1}}, "document: Value error, member names"),
    "a document with an odd _id": ({"document": {"_id": "."}}, "document: Value error, an _id"),
    "too deep a document": (
        '{"document":' + '{"a":' * 33 + "1" + "}" * 34,
        "A document is nested at most 32 levels deep",
    ),
    "too large a document": (
        {"document": {"text": "x" * 1100000}},
        "A document has at most",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_line_is_named_and_the_rest_goes_in(stopped, case):
    line, words = REFUSED[case]
    lines = [organization("Acme"), line, organization("Last", documents=[{"_id": "d"}])]
    counts, named = bring_in(stopped, lines, code=1)
    assert list(named) == [2] and named[2].startswith(words), named
    assert PASSWORD not in named[2]
    assert counts["organizations made"] == 2 and counts["lines refused"] == 1
    assert [line.get("organization_name") for line in take_out(stopped)] == ["Acme", "Last", None]


def test_all_that_is_bad_is_named(stopped):
    lines = [organization("Acme")] + ["x"] * 1200
    done = orgd_on(stopped, "import", "-", code=1, stdin=as_bytes(lines))
    assert summary(done)["lines refused"] == 1200
    assert len(re.findall(r"^line \d+:", done.stderr, re.M)) == 1000
    assert "and 200 lines more" in done.stderr


def test_documents_below_a_refused_organization_do_not_go_to_the_one_above(stopped):
    lines = [
        organization("Acme"),
        {"document": {"_id": "acme"}},
        organization("Beta", email="nonsense"),
        {"document": {"_id": "lost"}},
        "{",
        {"document": {"_id": "lost too"}},
        {"organization_name": "Acme", "document": {"_id": "acme too"}},
    ]
    counts, named = bring_in(stopped, lines, code=1)
    assert list(named) == [3, 4, 5, 6]
    assert named[4] == "the organization above, whose document it is, was refused"
    bodies = [line["document"]["_id"] for line in take_out(stopped) if "document" in line]
    assert bodies == ["acme", "acme too"]


def test_a_bad_document_is_no_end_of_its_organization(stopped):
    lines = [organization("Acme"), {"document": {"$x": 1}}, {"document": {"_id": "good"}}]
    counts, named = bring_in(stopped, lines, code=1)
    assert list(named) == [2] and counts["documents"] == 1


def test_the_later_of_two_documents_with_one_id_stays(stopped):
    lines = [organization("Acme")] + [{"document": {"_id": "d", "n": n}} for n in range(3)]
    bring_in(stopped, lines)
    assert [d["document"] for d in take_out(stopped)[1:]] == [{"_id": "d", "n": 2}]


def test_the_first_of_two_lines_with_one_address_goes_in(stopped):
    lines = [organization("Zeta", email="a@example.com"), organization("Alpha", email="a@example.com")]
    _, named = bring_in(stopped, lines, code=1)
    assert list(named) == [2]
    assert [line["organization_name"] for line in take_out(stopped)] == ["Zeta"]


def test_a_file_that_was_cut_off_is_said_to_be(stopped):
    text = as_bytes([organization("Acme"), organization("Beta")])[:-20]
    done = orgd_on(stopped, "import", "-", code=1, stdin=text)
    assert "line 2: The text ends too early, and so does the file: is it whole?" in done.stderr
    assert summary(done)["organizations made"] == 1


def test_another_kind_of_file_is_given_up(stopped):
    text = bytes(range(256)) * 40000
    done = orgd_on(stopped, "import", "-", code=1, stdin=text)
    assert re.search(r"none of the first \d+ lines is one for orgd: nothing went in", done.stderr)
    assert take_out(stopped) == []


def test_a_line_that_is_too_long_is_passed_over_and_an_endless_one_ends_it(stopped):
    long = b'{"organization_name":"' + b"x" * (17 << 20) + b'"}\n'
    text = as_bytes([organization("Acme")]) + long + as_bytes([organization("Beta")])
    done = orgd_on(stopped, "import", "-", code=1, stdin=text)
    assert "line 2: it is longer than a line may be" in done.stderr
    assert summary(done)["organizations made"] == 2
    done = orgd_on(stopped, "import", "-", code=1, stdin=b"\0" * (280 << 20))
    assert "line 1 has no end within 256 MiB" in done.stderr


def test_wrong_use_is_told_and_touches_nothing(stopped):
    assert "no file is named" in orgd_on(stopped, "import", code=2).stderr
    assert "one file at a time" in orgd_on(stopped, "import", "a", "b", code=2).stderr
    assert "unknown flag" in orgd_on(stopped, "export", "-", "--nonsense", "1", code=2).stderr
    assert "cannot open" in orgd_on(stopped, "import", "/nonexistent", code=1).stderr
    assert "is a directory" in orgd_on(stopped, "import", "/", code=1).stderr


@pytest.mark.embedded
def test_a_directory_that_is_served_is_refused(serve, tmp_path):
    server = serve()
    path = write(tmp_path, [organization("Acme")])
    done = orgd_on(server, "import", path, code=1)
    assert "is in use by another orgd" in done.stderr
    assert found(server, "Acme") is None


# What is shown


def test_lines_tell_the_progress_where_there_is_no_terminal(stopped, tmp_path):
    path = write(tmp_path, [organization("Acme", documents=[{"n": 1}])])
    done = orgd_on(stopped, "import", path)
    *before, last = done.stderr.splitlines()
    assert re.fullmatch(r"importing: 1 organizations  1 documents(  \d+/s)?", last)
    assert all(line.startswith("importing: ") for line in before)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_bar_is_drawn_on_a_terminal(stopped, tmp_path, columns):
    path = write(tmp_path, [organization(f"Org {n}") for n in range(20)])
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    running = subprocess.Popen(
        [str(orgd.BINARY), "import", path],
        env=orgd.clean_environment(stopped.environment),
        cwd=stopped.directory,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    shown = read_terminal(master)
    assert running.wait(SECONDS) == 0
    drawn = [line for line in re.split(r"\r\x1b\[K|\r\n", shown) if line]
    assert max(map(len, drawn)) < columns
    assert all(line.startswith("importing") for line in drawn)
    assert "100%" in drawn[-1] and "20 org" in drawn[-1]


def read_terminal(master):
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            os.close(master)
            return shown.decode()
        shown += part
