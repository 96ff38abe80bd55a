"""Properties, with inputs that hypothesis makes: names against a model of the rules in Python, merge
patch against RFC 7396's algorithm, paging while others write."""

import json
import random
import re
import threading
import unicodedata

import pytest
from helpers import create, document, faults, get_org, send, walk
from hypothesis import example, given
from hypothesis import strategies as st
from orgd import PASSWORD, unique_email
from search import longest_s, search

pytestmark = pytest.mark.timeout(longest_s(90))

# ---- names: the model ----------------------------------------------------------------------------

WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)

# Unicode's Default_Ignorable_Code_Point.
IGNORABLE = {
    code
    for first, last in [
        (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
        (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    ]
    for code in range(first, last + 1)
}


def nfkc_casefold(text):
    while True:
        folded = "".join(c for c in text if ord(c) not in IGNORABLE)
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", folded).casefold())
        if folded == text:
            return text
        text = folded


def model_name(raw):
    """(text as shown, key as compared, plain slug), or None where the name breaks a rule."""
    text = unicodedata.normalize("NFC", raw.strip(WHITE_SPACE))
    if not 1 <= len(text) <= 100:
        return None
    if any(unicodedata.category(c) == "Cc" for c in text):
        return None
    counted = [unicodedata.category(c) for c in text if ord(c) not in IGNORABLE]
    if not any(c[0] == "L" or c == "Nd" for c in counted):
        return None
    key = re.sub(f"[{WHITE_SPACE}]+", " ", nfkc_casefold(text)).strip(" ")
    if not key:
        return None
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if unicodedata.category(c)[0] != "M").lower()
    slug = re.sub("[^a-z0-9]+", "_", plain).strip("_")[:64].strip("_")
    return text, key, slug


TRICKY = list(
    "aAzZ09 ._-/ßẞſİıIiΣσςÅÄäéêñŁłØøÆæǆǅﬁﬃŉΐᾳᾴΩωЖжԱև가각ㄱ한東京本あアｱＡａ１①②½Ⅻ㍿ﷺª²³٣೬𝐀𝔸🏢♥"
) + ["\u0301", "\u0327", "\u0345", "\u0323", "\u200b", "\u200d", "\u00ad", "\ufe0f", "\u3164", "\u1160",
     "\u00a0", "\u2003", "\u3000", "\u2028", "\u212b", "\u212a", "\u2126", "\u1100", "\u1161", "\u11a8"]

# Characters that this Python's older Unicode knows, so that both sides know them alike.
ANY = st.characters(exclude_categories=("Cs", "Cn", "Cc"))
LETTERS = st.one_of(st.sampled_from(TRICKY), ANY)
NAMES = st.one_of(
    st.text(LETTERS, max_size=12),
    st.text(st.sampled_from(TRICKY), max_size=12),
    st.text(st.sampled_from("abC19 -_é"), min_size=60, max_size=104),
    st.text(st.sampled_from("ab \t\n\x00\x1f\x7f\x85"), max_size=5).filter(lambda s: "\0" not in s),
)


def variants(text):
    """Spellings that may or may not be the same name."""
    yield text.upper()
    yield text.lower()
    yield text.casefold()
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield unicodedata.normalize(form, text)
    yield f"  {text}\u3000"
    yield text.replace(" ", " \u00a0")
    yield text[:1] + "\u200b" + text[1:]
    yield text + "x"
    yield text[:-1]


def test_names__are_judged_kept_and_compared_as_the_model_says(serve):
    client = serve().client
    keys, slugs = {}, {}

    @search(120)
    @given(NAMES)
    @example("Łódź").via("contract")
    @example("A" * 101).via("contract")
    @example("e\u0301" * 100).via("contract")
    @example("0123456789abcdef01234567").via("contract")
    @example("\u3164").via("a letter that nothing compares by")
    @example("\u02e5\u115f").via("the same beside what is no letter")
    def judged(raw):
        model = model_name(raw)
        answer = create(client, raw, unique_email(), PASSWORD)
        if model is None:
            assert list(faults(answer)) == [("body", "organization_name")]
            return
        text, key, slug = model
        if key in keys:
            assert answer.status_code == 400, (raw, answer.text)
            assert answer.json()["detail"] == "Organization already exists"
            assert get_org(client, raw).json()["id"] == keys[key]
            return
        assert answer.status_code == 200, (raw, answer.text)
        body = answer.json()
        assert body["organization_name"] == text
        assert body["collection_name"] == "org_" + body["slug"]
        if not slug:
            assert body["slug"] == body["id"]
        elif slug in slugs or re.fullmatch("[0-9a-f]{24}", slug):
            assert re.fullmatch(re.escape(slug) + "_[0-9a-f]{6}", body["slug"])
        else:
            assert body["slug"] == slug
        assert body["slug"] not in slugs
        keys[key] = body["id"]
        slugs[body["slug"]] = body["id"]
        for other in variants(text):
            found = get_org(client, other)
            same = model_name(other)
            expected = keys.get(same[1]) if same else None
            assert found.status_code == (200 if expected else found.status_code)
            assert found.status_code in (200, 404, 422)
            assert (found.json().get("id") if found.status_code == 200 else None) == expected, other

    judged()


# ---- merge patch ---------------------------------------------------------------------------------


def merge_patch(target, patch):
    """RFC 7396, section 2, word for word."""
    if isinstance(patch, dict):
        if not isinstance(target, dict):
            target = {}
        result = dict(target)
        for name, value in patch.items():
            if value is None:
                result.pop(name, None)
            else:
                result[name] = merge_patch(result.get(name), value)
        return result
    return patch


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)
MEMBER = st.one_of(st.sampled_from("abc"), TEXT)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(MEMBER, inner, max_size=4)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(
    MEMBER.filter(lambda name: name != "_id" and not name.startswith("$")), VALUES, max_size=5
)


def same_text(left, right):
    """Equal also in the order of members and in the type of numbers."""
    return json.dumps(left) == json.dumps(right)


def test_merge_patch__is_rfc_7396s_algorithm(server, tenant, engine):
    client = server.client
    path = document(tenant, "d")
    objects = OBJECTS.filter(engine.keeps)

    @search(250)
    @given(objects, objects)
    def merged(before, patch):
        stored = send(client, "PUT", path, before, tenant.token)
        assert stored.status_code in (200, 201), stored.text
        assert same_text(stored.json(), {"_id": "d", **before})
        answer = send(client, "PATCH", path, patch, tenant.token)
        assert answer.status_code == 200, answer.text
        expected = {"_id": "d", **merge_patch(before, patch)}
        assert same_text(answer.json(), expected)
        again = send(client, "GET", path, token=tenant.token)
        assert same_text(again.json(), expected)
        unchanged = same_text(stored.json(), expected)
        assert (answer.headers["ETag"] == stored.headers["ETag"]) == unchanged
        assert again.headers["ETag"] == answer.headers["ETag"]

    merged()


# ---- paging --------------------------------------------------------------------------------------

IDS = st.text(st.sampled_from("abAB01_-/é日 "), min_size=1, max_size=4)
STEPS = st.lists(st.tuples(st.booleans(), IDS), max_size=4)


def test_paging__between_writes_neither_skips_nor_repeats(server):
    client = server.client

    @search(25)
    @given(st.sets(IDS, max_size=25), st.integers(1, 6), st.lists(STEPS, max_size=12))
    def walked(ids, limit, between):
        tenant = server.new_tenant()
        for each in ids:
            assert send(client, "PUT", document(tenant, each), {}, tenant.token).status_code == 201
        there_always, there_ever = set(ids), set(ids)
        seen, query = [], {"limit": limit}
        pages = iter(between)
        while True:
            page = send(client, "GET", tenant.documents, token=tenant.token, params=query).json()
            seen += [each["_id"] for each in page["data"]]
            if page["next"] is None:
                break
            query["after"] = page["next"]
            for put, each in next(pages, ()):
                method, body = ("PUT", {"x": 1}) if put else ("DELETE", None)
                send(client, method, document(tenant, each), body, tenant.token)
                if put:
                    there_ever.add(each)
                else:
                    there_always.discard(each)
        assert seen == sorted(set(seen), key=lambda each: each.encode())
        assert there_always <= set(seen) <= there_ever

    walked()


def test_paging__under_concurrent_writers_neither_skips_nor_repeats(server):
    """A server that looks through the whole collection for each page has time for this many."""
    tenant = server.new_tenant()
    kept = [f"k{number:03}" for number in range(60)]
    for each in kept:
        answer = send(server.client, "PUT", document(tenant, each), {}, tenant.token)
        assert answer.status_code == 201
    stop = threading.Event()
    failures = []

    def write(number):
        chooser = random.Random(number)
        with server.new_client() as client:
            while not stop.is_set():
                path = document(tenant, f"k{chooser.randrange(60):03}+{chooser.randrange(5)}")
                method = chooser.choice(("PUT", "PUT", "DELETE", "PATCH"))
                body = None if method == "DELETE" else {"by": number}
                answer = send(client, method, path, body, tenant.token)
                if answer.status_code not in (200, 201, 204, 404):
                    failures.append(answer.text)
                    return

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    try:
        with server.new_client() as client:
            for limit in (1, 3, 10, 37, 50, 59, 60, 500):
                found = [each["_id"] for each in walk(client, tenant, limit)]
                assert found == sorted(set(found)), "in order, none twice"
                assert set(kept) <= set(found), "none skipped"
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failures
