"""The organizations that the measurements are made with."""

import sqlite3
from contextlib import closing

from companies import company, key_of, slug_of
from measure import ALL, call, embedded
from population import populate


def test_companies__no_two_share_a_name_a_slug_or_an_address():
    all_of = [company(n) for n in [*range(50_000), *range((1 << 20) - 9, (1 << 20) + 50_000)]]
    names, addresses = zip(*all_of)
    assert len({key_of(name) for name in names}) == len(all_of)
    assert len({slug_of(name) for name in names}) == len(all_of)
    assert len(set(addresses)) == len(all_of)


def test_companies__are_as_long_and_as_unlike_as_those_of_a_register():
    names, addresses = zip(*(company(n) for n in range(1, 1000)))
    assert 18 < sum(map(len, names)) / len(names) < 30
    assert 25 < sum(map(len, addresses)) / len(addresses) < 35
    assert len({name.split()[0] for name in names}) > 500


def test_companies__that_are_copied_have_the_keys_and_slugs_that_a_server_makes(tmp_path):
    copied, signed_up = tmp_path / "copied", tmp_path / "signed_up"
    for directory in (copied, signed_up):
        directory.mkdir(mode=0o700)
    populate(copied, 20)
    with embedded(signed_up, ALL) as (_, address):
        for n in range(20):
            name, email = company(n)
            body = {"organization_name": name, "email": email, "password": "correct-horse"}
            call("POST", f"{address}/org/create", body)
    assert texts(copied) == texts(signed_up)


def texts(directory):
    with closing(sqlite3.connect(directory / "orgd.db")) as db:
        return db.execute(
            "SELECT o.name, o.name_key, o.slug, a.email, a.email_key FROM organizations o"
            " JOIN accounts a ON a.number = o.administrator ORDER BY o.name_key"
        ).fetchall()
