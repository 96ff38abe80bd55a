"""What a measurement's figures become: medians, ratios, a verdict, and the table."""

import json

import table
from table import BY_KEY, ROWS, Row

SIZES = {"tenants": "1,000", "documents": "10", "grown": "5", "minutes": "1"}
FASTER = Row("faster", "faster", table.EMBEDDED, "/s", "a reference", least=0.85)
SHORTER = Row("shorter", "shorter", table.EMBEDDED, "ms", most=5)


def test_rows__each_has_a_name_of_its_own_and_one_target_at_most():
    assert len(BY_KEY) == len(ROWS)
    assert not [row.key for row in ROWS if row.least is not None and row.most is not None]


def test_measured__one_bad_round_does_not_decide():
    result = table.measured(FASTER, SIZES, [90, 90, 10], [100, 100, 100])
    assert (result.ours, result.reference, result.ratio, result.met) == (90, 100, 0.9, True)


def test_measured__one_bad_round_of_the_reference_is_not_shown():
    assert table.measured(FASTER, SIZES, [90, 90, 90], [100, 100, 10]).reference == 100


def test_measured__the_ratio_is_of_neighbours_in_time():
    # The machine became ten times slower on the way: the ratio of medians would say 1 or 0.1.
    result = table.measured(FASTER, SIZES, [80, 8, 8], [100, 100 / 10, 100 / 10])
    assert result.ratio == 0.8
    assert result.met is False


def test_measured__a_figure_without_reference_is_judged_itself():
    assert table.measured(SHORTER, SIZES, [5]).met is True
    assert table.measured(SHORTER, SIZES, [5.01]).met is False


def test_measured__without_a_target_there_is_no_verdict():
    assert table.measured(BY_KEY["wrk"], SIZES, [1]).met is None


def test_text__shows_figures_ratio_target_and_verdict():
    rows = [
        table.measured(FASTER, SIZES, [91_234], [100_000]),
        table.measured(SHORTER, SIZES, [12.345], note="a note"),
        table.missing(SHORTER, SIZES, "no command"),
    ]
    met, missed, missing = table.text(rows).splitlines()[1:]
    assert met.split() == "faster embedded 91,234/s 100,000/s (a reference) 0.91 ≥ 0.85 met".split()
    assert missed.split() == "shorter embedded 12.3 ms ≤ 5 ms NOT MET, a note".split()
    assert missing.split() == "shorter embedded ≤ 5 ms not measured, no command".split()


def test_text__has_its_columns_under_each_other():
    rows = [
        table.measured(FASTER, SIZES, [9], [100_000]),
        table.measured(SHORTER, SIZES, [12.345]),
    ]
    head, first, second = table.text(rows).splitlines()
    assert head.index("store") == first.index("embedded") == second.index("embedded")
    assert head.index("target") == first.index("≥") == second.index("≤")
    assert len({line.index("  ", line.index("embedded") + 8) for line in (first, second)}) == 1


def test_titles__say_how_many():
    result = table.missing(BY_KEY["org_get_many"], SIZES, "")
    assert "among 1,000" in result.title


def test_plain__comes_back_from_json_as_it_was():
    rows = [
        table.measured(FASTER, SIZES, [1.5], [2]),
        table.measured(SHORTER, SIZES, [3], samples=(1, 2, 3)),
        table.missing(SHORTER, SIZES, "why"),
    ]
    plain = table.plain(rows)
    assert table.of_plain(json.loads(json.dumps(plain))) == rows
    assert plain[1]["samples"] == [1, 2, 3]
    assert "samples" not in plain[0]
