"""`orgd import` and `orgd export` where something is in the way: odd files, lines that clash with each
other, what was left behind, and other programs on the same files."""

import fcntl
import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

import orgd
import test_import
from test_import import HASH, as_bytes, begin_import, bring_in, orgd_on, organization, take_out

stopped = test_import.stopped


def ids(count):
    return [f"{n:024x}" for n in range(1, count + 1)]


def names(server):
    return [line["organization_name"] for line in take_out(server) if "organization_name" in line]


# Lines that are refused


def test_a_member_with_a_line_end_in_its_name_does_not_pass_for_another_line(stopped):
    lines = [organization("Acme"), '{"organization_name":"New","a\\nline 7: x":1}']
    _, named = bring_in(stopped, lines, code=1)
    assert list(named) == [2] and "a?line 7: x" in named[2]


def test_a_name_that_is_cut_within_a_character_is_shown_as_text(stopped):
    done = subprocess.run(
        [str(orgd.BINARY), "import", "-"],
        env=orgd.clean_environment(stopped.environment),
        cwd=stopped.directory,
        input=as_bytes([json.dumps({"x" + 40 * "ä": 1}, ensure_ascii=False)]),
        capture_output=True,
        timeout=test_import.SECONDS,
        check=False,
    )
    assert done.returncode == 1 and 'no member "xää' in done.stderr.decode("utf-8")


def test_a_refused_organization_with_many_documents_does_not_end_the_import(stopped):
    bring_in(stopped, [organization("Acme")])
    lines = [organization("Beta", email="acme@example.com")] + ['{"document":{}}'] * 66000
    counts, _ = bring_in(stopped, [*lines, organization("Last")], code=1)
    assert counts["lines refused"] == 66001 and counts["organizations made"] == 1


def test_more_documents_in_a_line_than_it_may_have_are_refused(stopped):
    lines = [
        json.dumps(organization("Acme"))[:-1] + ',"documents":[' + "{}," * 100000 + "{}]}",
        organization("Beta"),
    ]
    _, named = bring_in(stopped, lines, code=1)
    assert named == {1: "documents is no array of at most 100000: more have a line for each"}


def test_a_password_version_without_a_next_one_is_refused(stopped):
    lines = [organization("Acme"), organization("New", password_version=2**63 - 1)]
    _, named = bring_in(stopped, lines, code=1)
    assert named == {2: "password_version is no number from 0 to 2147483647"}


# Documents that a request may write


def test_a_document_whose_numbers_come_back_longer_goes_from_store_to_store(serve):
    one, two = serve(), serve()
    tenant = one.new_tenant()
    body = '{"_id":"d","a":[' + ",".join(["1e14", "-1e-4"] * 80000) + "]}"
    made = one.client.post(tenant.documents, content=body, headers=tenant.headers)
    assert made.status_code == 201 and len(made.content) > 1048576 + 1024
    one.stop()
    two.stop()
    lines = take_out(one)
    _, named = bring_in(two, lines)
    assert named == {} and take_out(two) == lines


# Lines that clash


def test_the_last_of_several_lines_of_one_organization_stays(stopped):
    def line(id, name):
        return organization(f"{name} {id}", id=id, email=f"{id}@example.com")

    some = ids(64)  # as many as are brought up to date one after the other, beside others
    bring_in(stopped, [line(id, "First") for id in some])
    lines = [line(id, "Second") for id in some] + [line(some[-1], "Third")]
    counts, named = bring_in(stopped, lines)
    assert named == {} and counts["organizations updated"] == 65
    assert names(stopped)[-1] == f"Third {some[-1]}"


def test_a_name_that_another_line_gives_up_is_free(stopped):
    one, two = ids(2)
    bring_in(stopped, [organization("Acme", id=one), organization("Beta", id=two)])
    lines = [
        organization("Acme", id=two, email="beta@example.com"),
        organization("Gamma", id=one, email="acme@example.com"),
    ]
    counts, named = bring_in(stopped, lines)
    assert named == {} and counts["organizations updated"] == 2
    assert names(stopped) == ["Gamma", "Acme"]


def two_admins():
    admins = [{"email": f"{n}@example.com", "password_hash": HASH} for n in ("acme", "more")]
    return {"organization_name": "Acme", "admins": admins}


def test_an_organization_that_was_left_without_some_administrators_gets_them(stopped):
    bring_in(stopped, [organization("Acme")])  # as a kill may leave it where they are put one by one
    counts, named = bring_in(stopped, [two_admins(), {"document": {"_id": "d"}}])
    assert named == {} and counts["organizations updated"] == counts["documents"] == 1
    line, document = take_out(stopped)
    assert [a["email"] for a in line["admins"]] == ["acme@example.com", "more@example.com"]
    assert document["organization_id"] == line["id"]
    assert bring_in(stopped, [two_admins()])[0]["organizations unchanged"] == 1


def test_what_a_line_says_of_an_organization_that_was_left_half_made_is_put(stopped):
    times = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2021-01-01T00:00:00Z"}
    bring_in(stopped, [organization("Acme", created_at=times["created_at"])])
    said = organization("Acme", role="owner", password_version=3, **times)
    counts, named = bring_in(stopped, [said])
    assert named == {} and counts["organizations updated"] == 1
    (line,) = take_out(stopped)
    assert line["updated_at"] == "2021-01-01T00:00:00.000Z"
    (admin,) = line["admins"]
    assert admin["role"] == "owner" and admin["password_version"] == 3
    assert bring_in(stopped, [said])[0]["organizations unchanged"] == 1


def test_completing_an_organization_changes_no_password(stopped):
    bring_in(stopped, [organization("Acme")])
    line = two_admins()
    for admin in line["admins"]:
        admin |= {"password": "Another-Password-1"}
        del admin["password_hash"]
    counts, _ = bring_in(stopped, [line])
    assert counts["organizations updated"] == 1
    assert take_out(stopped)[0]["admins"][0]["password_hash"] == HASH


def test_a_line_that_is_looked_at_again_is_what_the_file_says(stopped):
    one, two = ids(2)
    other = HASH[:-1] + "."
    bring_in(stopped, [organization("Acme", id=one, password_hash=other)])
    bring_in(stopped, [organization("Beta", id=two, email="more@example.com")])
    lines = [
        two_admins(),  # taken for what a kill left of it, until the others have given up all it wants
        organization("Gamma", id=one),
        organization("Beta", id=two),
    ]
    counts, named = bring_in(stopped, lines)
    assert named == {} and counts["organizations updated"] == 2
    assert counts["organizations made"] == 1
    gamma, beta, acme = take_out(stopped)
    assert [line["organization_name"] for line in (gamma, beta, acme)] == ["Gamma", "Beta", "Acme"]
    assert [gamma["id"], beta["id"]] == [one, two]
    assert {admin["password_hash"] for admin in acme["admins"]} == {HASH}


def test_an_organization_that_was_changed_since_gets_no_administrators(stopped):
    times = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2021-01-01T00:00:00Z"}
    bring_in(stopped, [organization("Acme", **times)])
    _, named = bring_in(stopped, [two_admins()], code=1)
    assert 'the name "Acme" is that of organization' in named[1]


def test_whenever_an_import_is_killed_the_next_one_makes_it_whole(stopped, tmp_path):
    lines = []
    for n in range(60):
        admins = [{"email": f"a{n}b{k}@example.com", "password_hash": HASH} for k in range(1 + n % 3)]
        lines.append({"organization_name": f"Org {n}", "admins": admins})
        lines += [{"document": {"n": k}} for k in range(n % 4)]
    path = tmp_path / "lines.ndjson"
    path.write_bytes(as_bytes(lines))
    for pause in (0.005, 0.02, 0.05, 0.1, 0.3):  # any moment will do, also after the end
        running = subprocess.Popen(
            [str(orgd.BINARY), "import", str(path)],
            env=orgd.clean_environment(stopped.environment),
            cwd=stopped.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(pause)
        running.kill()
        running.wait(test_import.SECONDS)
    orgd_on(stopped, "import", str(path))
    organizations, documents = {}, {}
    for line in take_out(stopped):
        if "document" in line:
            documents.setdefault(line["organization_id"], []).append(line["document"]["n"])
        else:
            organizations[line["organization_name"]] = line
    assert len(organizations) == 60
    for n in range(60):
        line = organizations[f"Org {n}"]
        emails = {admin["email"] for admin in line["admins"]}
        assert emails == {f"a{n}b{k}@example.com" for k in range(1 + n % 3)}
        assert sorted(documents.get(line["id"], [])) == list(range(n % 4))


def processor_seconds(process):
    fields = (Path("/proc") / str(process.pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def test_a_line_of_many_passwords_does_not_hold_up_the_end(stopped):
    admins = [{"email": f"a{n}@example.com", "password": test_import.PASSWORD} for n in range(10000)]
    running = begin_import(stopped)
    running.stdin.write(as_bytes([{"organization_name": "Acme", "admins": admins}]))
    running.stdin.close()
    running.stdin = None
    deadline = time.monotonic() + test_import.SECONDS
    while processor_seconds(running) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)  # all passwords take minutes
    running.send_signal(signal.SIGINT)
    try:
        _, words = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 1 and b"interrupted" in words
    assert take_out(stopped) == []


# The file of an export


@pytest.fixture
def filled(stopped):
    bring_in(stopped, [organization("Acme")])
    return stopped


def test_an_export_follows_a_link(filled, tmp_path):
    target = tmp_path / "target.ndjson"
    target.write_text("older")
    link = tmp_path / "link"
    link.symlink_to(target)
    orgd_on(filled, "export", str(link))
    assert link.is_symlink() and json.loads(target.read_text())["organization_name"] == "Acme"
    stdout = tmp_path / "stdout"
    stdout.symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    with target.open("wb") as out:
        done = subprocess.run(
            [str(orgd.BINARY), "export", str(stdout)],
            env=orgd.clean_environment(filled.environment),
            cwd=filled.directory,
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=test_import.SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(target.read_text())["organization_name"] == "Acme"
    assert stdout.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "stdout", "target.ndjson"]


def test_what_a_killed_export_left_is_no_hindrance(filled, tmp_path):
    part = tmp_path / "out.part"
    part.write_text("x" * 100000)
    part.chmod(0o644)
    orgd_on(filled, "export", str(tmp_path / "out"))
    assert json.loads((tmp_path / "out").read_text())["organization_name"] == "Acme"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert not part.exists()


def test_hashes_are_not_written_into_a_file_that_has_another_name(filled, tmp_path):
    other = tmp_path / "other"
    other.write_text("other")
    os.link(other, tmp_path / "out.part")
    done = orgd_on(filled, "export", str(tmp_path / "out"), code=1)
    assert "somebody else's" in done.stderr and other.read_text() == "other"
    assert not (tmp_path / "out").exists()


def test_two_exports_to_one_file_do_not_mix(filled, tmp_path):
    part = tmp_path / "out.part"
    with part.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write("of the first")
        first.flush()
        done = orgd_on(filled, "export", str(tmp_path / "out"), code=1)
        assert "another export does" in done.stderr
        assert part.read_text() == "of the first"


@pytest.mark.embedded
def test_closed_streams_do_not_lead_into_the_store(filled):
    command = f'exec "{orgd.BINARY}" export - <&- >&- 2>&-'
    done = subprocess.run(
        ["sh", "-c", command],
        env=orgd.clean_environment(filled.environment),
        cwd=filled.directory,
        timeout=test_import.SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert (filled.data / "lock").stat().st_size == 0
