"""POST /org/create and GET /org/get, and the rules for names, addresses and passwords, by HTTP."""

import re
import unicodedata

import pytest
from helpers import (ID, TIME, create, faults, get_org, log_in, refused, send, together, update)
from orgd import PASSWORD, unique, unique_email

# ---- create --------------------------------------------------------------------------------------


def test_create__answers_with_the_whole_object(client):
    name, email = unique(), unique_email()
    response = create(client, name, email, PASSWORD)
    assert response.status_code == 200
    body = response.json()
    assert list(body)[:3] == ["organization_name", "collection_name", "admin_email"]
    assert body["organization_name"] == name
    assert body["admin_email"] == email
    assert body["slug"] == name.lower()
    assert body["collection_name"] == "org_" + body["slug"]
    assert ID.fullmatch(body["id"]) and ID.fullmatch(body["admin_id"])
    assert body["id"] != body["admin_id"]
    assert TIME.fullmatch(body["created_at"])
    assert body["updated_at"] == body["created_at"]


def test_create__same_object_is_found_by_get(client):
    name = unique()
    created = create(client, name, unique_email(), PASSWORD).json()
    assert get_org(client, name).json() == created


def test_create__every_wrong_member_is_told_at_once(client):
    assert faults(send(client, "POST", "/org/create", {})) == {
        ("body", "organization_name"): "missing",
        ("body", "email"): "missing",
        ("body", "password"): "missing",
    }
    wrong = {"organization_name": 5, "email": None, "password": ["x"]}
    assert faults(send(client, "POST", "/org/create", wrong)) == {
        ("body", "organization_name"): "string_type",
        ("body", "email"): "string_type",
        ("body", "password"): "string_type",
    }
    wrong = {"organization_name": "", "email": "nobody", "password": "short"}
    assert faults(send(client, "POST", "/org/create", wrong)) == {
        ("body", "organization_name"): "string_too_short",
        ("body", "email"): "value_error",
        ("body", "password"): "string_too_short",
    }
    wrong = {"organization_name": "n" * 101, "password": "p" * 1025, "email": {}}
    assert faults(send(client, "POST", "/org/create", wrong)) == {
        ("body", "organization_name"): "string_too_long",
        ("body", "email"): "string_type",
        ("body", "password"): "string_too_long",
    }


@pytest.mark.parametrize("body", [b"", b"  \r\n\t", b"[]", b"5", b'"text"', b"null", b"true"])
def test_create__body_that_is_no_object_has_the_loc_body(client, body):
    assert list(faults(send(client, "POST", "/org/create", body))) == [("body",)]


def test_create__missing_says_field_required(client):
    entry = send(client, "POST", "/org/create", {"organization_name": "x"}).json()["detail"][0]
    assert entry == {"type": "missing", "loc": ["body", "email"], "msg": "Field required"}


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded",
                                          "multipart/form-data; boundary=x", "nonsense"])
def test_create__body_is_json_whatever_content_type_says(client, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    body = f'{{"organization_name": "{unique()}", "email": "{unique_email()}", "password": "{PASSWORD}"}}'
    assert send(client, "POST", "/org/create", body.encode(), headers=headers).status_code == 200


def test_create__unknown_members_are_ignored(client):
    body = {"organization_name": unique(), "email": unique_email(), "password": PASSWORD,
            "id": "000000000000000000000000", "slug": "mine", "role": {"deep": [1, 2, None]}}
    answer = send(client, "POST", "/org/create", body).json()
    assert answer["slug"] == body["organization_name"].lower()
    assert answer["id"] != body["id"]


def test_create__no_answer_repeats_the_password(client):
    password = "S3cret-to-be-kept"
    name, email = unique(), unique_email()
    answers = [create(client, name, email, password), create(client, name, email, password),
               create(client, "", "", password), create(client, unique(), email, password),
               log_in(client, email, password), log_in(client, unique_email(), password)]
    answers.append(update(client, {"email": email, "password": password, "new_name": ""}))
    answers.append(update(client, {"email": email, "password": password, "new_name": unique()}))
    for answer in answers:
        assert password not in answer.text


# ---- conflicts and races -------------------------------------------------------------------------


def test_create__taken_name_is_400_in_every_spelling(client):
    name = unique("Straße ")
    create(client, name, unique_email(), PASSWORD)
    for same in (name, name.upper(), name.lower(), f"  {name}\t", name.replace(" ", "  "),
                 name.replace("ß", "ss"), name.replace(" ", "\u00a0"), name + "\u200b"):
        answer = create(client, same, unique_email(), PASSWORD)
        refused(answer, 400, "Organization already exists", "organization_exists")


def test_create__taken_address_is_400_in_every_case(client):
    email = f"Ünique.{unique()}@Example.com"
    create(client, unique(), email, PASSWORD)
    for same in (email, email.upper(), email.lower()):
        name = unique()
        answer = create(client, name, same, PASSWORD)
        refused(answer, 400, "Email already registered", "email_registered")
        assert get_org(client, name).status_code == 404, "a refused create leaves nothing"


def test_create__taken_name_and_address_tells_of_the_name(client):
    name, email = unique(), unique_email()
    create(client, name, email, PASSWORD)
    refused(create(client, name, email, PASSWORD), 400, "Organization already exists")


def test_create__of_16_at_once_with_one_name_one_wins(server):
    name = unique()
    emails = [unique_email() for _ in range(16)]
    with server.new_client() as client:
        answers = together([lambda e=e: create(client, name, e, PASSWORD) for e in emails])
        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1, [answer.status_code for answer in answers]
        for answer in answers:
            if answer is not won[0]:
                refused(answer, 400, "Organization already exists")
        assert get_org(client, name).json() == won[0].json()
        for email in emails:
            known = log_in(client, email, PASSWORD).status_code == 200
            assert known == (email == won[0].json()["admin_email"])
        loser = next(email for email in emails if email != won[0].json()["admin_email"])
        assert create(client, unique(), loser, PASSWORD).status_code == 200


def test_create__of_16_at_once_with_one_address_one_wins(server):
    email = unique_email()
    names = [unique() for _ in range(16)]
    with server.new_client() as client:
        answers = together([lambda n=n: create(client, n, email, PASSWORD) for n in names])
        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1, [answer.status_code for answer in answers]
        for name, answer in zip(names, answers):
            found = get_org(client, name).status_code
            if answer is won[0]:
                assert found == 200
            else:
                refused(answer, 400, "Email already registered")
                assert found == 404
        assert log_in(client, email, PASSWORD).json()["organization_id"] == won[0].json()["id"]


def test_create__of_16_spellings_at_once_one_wins(server):
    base = unique("racing ")
    spellings = [base.upper() if n % 2 else base.title() + " " * n for n in range(16)]
    with server.new_client() as client:
        answers = together(
            [lambda s=s: create(client, s, unique_email(), PASSWORD) for s in spellings]
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15


def test_create__of_16_names_with_one_slug_at_once_all_get_slugs_of_their_own(server):
    base = unique("slug")
    names = [f"{base}{mark}1" for mark in "-_.,;:!?+*#'~/&%"]
    with server.new_client() as client:
        answers = together([lambda n=n: create(client, n, unique_email(), PASSWORD) for n in names])
    slugs = [answer.json()["slug"] for answer in answers]
    plain = f"{base.lower()}_1"
    assert len(set(slugs)) == 16
    assert slugs.count(plain) == 1
    for slug in slugs:
        assert slug == plain or re.fullmatch(re.escape(plain) + "_[0-9a-f]{6}", slug)


def test_create__refused_by_a_full_queue_has_done_nothing(serve):
    server = serve({"ORGD_HASH_THREADS": "1", "ORGD_HASH_QUEUE": "2"})
    wanted = [(unique(), unique_email()) for _ in range(24)]
    with server.new_client() as client:
        answers = together([lambda w=w: create(client, *w, PASSWORD) for w in wanted])
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 503}, statuses
        for (name, email), answer in zip(wanted, answers):
            assert get_org(client, name).status_code == (200 if answer.status_code == 200 else 404)
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) >= 1
                refused(answer, 503, answer.json()["detail"], "busy")
        again = next(w for w, answer in zip(wanted, answers) if answer.status_code == 503)
        assert create(client, *again, PASSWORD).status_code == 200


# ---- names ---------------------------------------------------------------------------------------


def test_name__is_trimmed_and_composed_and_otherwise_kept(client):
    base = unique("Cafe\u0301  Zürich ")
    answer = create(client, f" \t\u3000{base}\n ", unique_email(), PASSWORD).json()
    assert answer["organization_name"] == unicodedata.normalize("NFC", base)
    assert get_org(client, base).json() == answer


@pytest.mark.parametrize("name", ["x" * 100, "é" * 100, "e\u0301" * 100, "𝔸" * 100,
                                  " " * 50 + "y" * 100 + " " * 50])
def test_name__of_100_code_points_after_nfc_is_fine_and_of_101_too_long(serve, name):
    client = serve().client
    assert create(client, name, unique_email(), PASSWORD).status_code == 200
    longer = create(client, name.strip() + "z", unique_email(), PASSWORD)
    assert faults(longer) == {("body", "organization_name"): "string_too_long"}


@pytest.mark.parametrize("name", ["", " ", "\t\n ", "\u3000\u00a0", "!!!", "---", "_", "½", "☃",
                                  "\u0301", "\u200b", "\u00ad", "a\tb", "a\nb", "a\u0000b", "a\u007fb",
                                  "a\u0085b", "a\u009fb", "\u2028", "Ⅻ"])
def test_name__without_letter_or_digit_or_with_a_control_character_is_refused(client, name):
    # A NUL is no JSON that is read at all; the others are members that are wrong.
    answer = create(client, name, unique_email(), PASSWORD)
    if "\0" in name:
        assert answer.status_code == 400
    else:
        found = faults(answer)
        assert list(found) == [("body", "organization_name")]


@pytest.mark.parametrize("name", ["7", "٣", "ß", "東", "Ä", "&1&", "ª", "ʰ", "x\u200by", "(a)"])
def test_name__with_one_letter_or_decimal_digit_is_fine(serve, name):
    answer = create(serve().client, name, unique_email(), PASSWORD)
    assert answer.status_code == 200, answer.text
    assert answer.json()["organization_name"] == name


def test_name__one_in_every_compatible_form(serve):
    client = serve().client
    groups = [
        ["Acme", "ACME", " acme ", "Ａｃｍｅ", "ac\u00adme", "ac\u200dme", "𝐀𝐜𝐦𝐞"],
        ["Strasse", "STRASSE", "Straße", "STRAẞE"],
        ["Café", "Cafe\u0301", "CAFÉ", "ｃａｆé"],
        ["ﬁnance", "FINANCE", "finance"],
        ["Ω Labs", "ω  labs", "Ω\u3000LABS", "\u2126 Labs", "ω\u00a0labs"],
        ["Σας", "σασ", "ΣΑΣ"],
        ["株式会社Ａ", "株式会社a"],
        ["①st", "1st", "1ＳＴ"],
    ]
    for group in groups:
        first = create(client, group[0], unique_email(), PASSWORD)
        assert first.status_code == 200, group
        for same in group[1:]:
            answer = create(client, same, unique_email(), PASSWORD)
            refused(answer, 400, "Organization already exists")
            assert get_org(client, same).json()["id"] == first.json()["id"], same


def test_name__marks_and_scripts_make_different_names(serve):
    client = serve().client
    for name in ["Acme", "Acmé", "Асme", "A cme", "Ac-me", "Ac_me", "Łódź", "Lodz", "odz", "İ", "i", "ı"]:
        answer = create(client, name, unique_email(), PASSWORD)
        assert answer.status_code == 200, (name, answer.text)
        assert get_org(client, name).json()["id"] == answer.json()["id"]


# ---- slugs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, slug", [
    ("TestOrg", "testorg"),
    ("Łódź", "odz"),
    ("  Acme,  Inc. ", "acme_inc"),
    ("Crème Brûlée", "creme_brulee"),
    ("__x__", "x"),
    ("a--b__c", "a_b_c"),
    ("Ａｃｍｅ２", "acme2"),
    ("ﬁx", "fix"),
    ("Straße", "stra_e"),
    ("x" * 70, "x" * 64),
    ("y" * 63 + " zz", "y" * 63),
    ("²³ a", "23_a"),
    ("a" * 23, "a" * 23),
    ("a" * 25, "a" * 25),
    ("g" * 24, "g" * 24),
])
def test_slug__comes_from_the_name(serve, name, slug):
    answer = create(serve().client, name, unique_email(), PASSWORD).json()
    assert answer["slug"] == slug
    assert answer["collection_name"] == f"org_{slug}"


def test_slug__of_a_name_without_ascii_letters_is_the_id(client):
    name = "".join(chr(0x4E00 + ord(letter)) for letter in unique())
    answer = create(client, name, unique_email(), PASSWORD).json()
    assert answer["slug"] == answer["id"]
    assert answer["collection_name"] == f"org_{answer['id']}"


def test_slug__of_24_hex_digits_gets_a_suffix(serve):
    client = serve().client
    for name in ("abcdef0123456789abcdef01", "ABCDEF0123456789ABCDEF02", "1" * 24):
        slug = create(client, name, unique_email(), PASSWORD).json()["slug"]
        assert re.fullmatch(name.lower() + "_[0-9a-f]{6}", slug)


def test_slug__held_by_another_name_gets_a_suffix(client):
    base = unique("Org")
    first = create(client, f"{base}-1", unique_email(), PASSWORD).json()
    second = create(client, f"{base}_1", unique_email(), PASSWORD).json()
    assert first["slug"] == f"{base.lower()}_1"
    assert re.fullmatch(f"{base.lower()}_1_[0-9a-f]{{6}}", second["slug"])
    assert second["collection_name"] == f"org_{second['slug']}"
    assert get_org(client, f"{base}_1").json() == second


def test_slug__suffix_comes_on_top_of_64_characters(serve):
    client = serve().client
    create(client, "z" * 64, unique_email(), PASSWORD)
    slug = create(client, "z" * 65, unique_email(), PASSWORD).json()["slug"]
    assert re.fullmatch("z{64}_[0-9a-f]{6}", slug)


# ---- addresses and passwords ---------------------------------------------------------------------


@pytest.mark.parametrize("email", ["", "x", "@", "a@", "@b", "a@b@c", "a b@c.de", " a@c.de", "a@c.de ",
                                   "a\t@c", "a@c\n", "a\u00a0b@c", "a\u0085@c", "a@\u3000c",
                                   "a" * 250 + "@b.cd"])
def test_email__of_another_form_is_a_value_error(client, email):
    answer = create(client, unique(), email, PASSWORD)
    assert faults(answer) == {("body", "email"): "value_error"}


@pytest.mark.parametrize("email", ["a@b", "o'neil+tag@x.co", "jörg@münchen.de", "用户@例子.广告",
                                   "\"q\"@x", "a" * 248 + "@b.com"])
def test_email__is_text_on_both_sides_of_one_at_and_kept_as_written(serve, email):
    answer = create(serve().client, unique(), email, PASSWORD)
    assert answer.status_code == 200, answer.text
    assert answer.json()["admin_email"] == email


def test_email__is_254_bytes_at_most(client):
    local = unique("a")
    fits = local + "é" * ((254 - len(local) - 6) // 2)
    fits += "x" * (254 - len((fits + "@b.com").encode())) + "@b.com"
    assert len(fits.encode()) == 254
    assert create(client, unique(), fits, PASSWORD).status_code == 200
    assert faults(create(client, unique(), "y" + fits, PASSWORD)) == {
        ("body", "email"): "value_error"
    }


@pytest.mark.parametrize("password", ["12345678", "        ", "ééëë", "x" * 1024, "é" * 512,
                                      "\t\n\r\x01\x7f\u0085\u200b", "🔑🔑"])
def test_password__of_8_to_1024_bytes_of_anything_logs_in(client, password):
    email = unique_email()
    assert create(client, unique(), email, password).status_code == 200
    assert log_in(client, email, password).status_code == 200
    assert log_in(client, email, password + " ").status_code == 401
    assert log_in(client, email, password[:-1]).status_code == 401


@pytest.mark.parametrize("password, fault", [("", "string_too_short"), ("1234567", "string_too_short"),
                                             ("ééé", "string_too_short"),
                                             ("x" * 1025, "string_too_long"),
                                             ("é" * 512 + "x", "string_too_long")])
def test_password__of_fewer_or_more_bytes_is_refused(client, password, fault):
    answer = create(client, unique(), unique_email(), password)
    assert faults(answer) == {("body", "password"): fault}


def test_password__least_length_is_a_setting(serve):
    client = serve({"ORGD_PASSWORD_MIN_BYTES": "12"}).client
    assert faults(create(client, unique(), unique_email(), "x" * 11)) == {
        ("body", "password"): "string_too_short"
    }
    assert create(client, unique(), unique_email(), "x" * 12).status_code == 200


# ---- get -----------------------------------------------------------------------------------------


def test_get__takes_the_name_from_a_json_body(client, tenant):
    found = send(client, "GET", "/org/get", {"organization_name": tenant.name})
    assert found.status_code == 200
    assert found.json() == tenant.body


def test_get__query_is_form_decoded(serve):
    client = serve().client
    plus = create(client, "A+B & C=D", unique_email(), PASSWORD).json()
    space = create(client, "A B & C=D", unique_email(), PASSWORD).json()
    assert client.get("/org/get?organization_name=A%2BB+%26+C%3DD").json() == plus
    assert client.get("/org/get?organization_name=A+B+%26+C%3DD").json() == space
    assert client.get("/org/get?organization_name=A%20B%20%26%20C%3dD").json() == space
    assert client.get("/org/get?x=1&organization_name=a%20b%20%26%20c%3Dd&y").json() == space


def test_get__is_open_to_everybody_and_ignores_a_bad_token(client, tenant):
    found = send(client, "GET", f"/org/get?organization_name={tenant.name}", token="nonsense")
    assert found.status_code == 200


def test_get__head_answers_like_get_without_a_body(client, tenant):
    found = client.head("/org/get", params={"organization_name": tenant.name})
    assert found.status_code == 200
    assert found.content == b""


def test_get__unknown_name_is_404(client):
    refused(get_org(client, unique()), 404, "Organization not found", "organization_not_found")
    nobody = send(client, "GET", "/org/get", {"organization_name": unique()})
    refused(nobody, 404, "Organization not found")


def test_get__without_a_name_is_422(client):
    assert list(faults(client.get("/org/get")).values()) == ["missing"]
    assert faults(send(client, "GET", "/org/get", {})) == {
        ("body", "organization_name"): "missing"
    }
    assert faults(send(client, "GET", "/org/get", {"organization_name": 7})) == {
        ("body", "organization_name"): "string_type"
    }


def test_get__name_that_nobody_can_have_is_refused(client):
    for name in ("", "!!!", "x" * 101, "a\tb"):
        assert get_org(client, name).status_code in (404, 422), name


@pytest.mark.parametrize("query", ["organization_name=%00", "organization_name=a%00b",
                                   "organization_name=%ff", "organization_name=%C3",
                                   "organization_name=%ED%A0%80", "other=%FF&organization_name=x"])
def test_get__nul_or_invalid_utf8_in_the_query_is_400(client, query):
    answer = client.get(f"/org/get?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"]
