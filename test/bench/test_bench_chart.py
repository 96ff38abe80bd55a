"""The chart and the README's part."""

import json
import os
import xml.etree.ElementTree as ElementTree

import chart
import publish
import pytest
import table
from table import Row

SVG = "{http://www.w3.org/2000/svg}"
AT_LEAST = Row("a", "a <title> & more", table.EMBEDDED, "/s", "a reference", least=0.5)
AT_MOST = Row("b", "b", table.MONGODB, "ms", most=10)


def bars(*rows):
    """(class, x, width) of each bar."""
    root = ElementTree.fromstring(chart.svg(rows, "a caption"))
    found = [each for each in root.iter(f"{SVG}rect") if each.get("class") in ("met", "missed")]
    return [(each.get("class"), float(each.get("x")), float(each.get("width"))) for each in found]


def test_chart__a_bar_goes_right_of_the_target_where_it_is_met_and_left_where_not():
    (better, from_target, wide), (worse, x, width) = bars(
        table.measured(AT_LEAST, {}, [1], [1]), table.measured(AT_MOST, {}, [20])
    )
    middle = chart.position(1)
    assert (better, worse) == ("met", "missed")
    assert from_target == pytest.approx(middle, abs=0.1)
    assert x + width == pytest.approx(middle, abs=0.2)
    assert wide == pytest.approx(width, abs=0.2)  # twice as good, and twice as bad


def test_chart__what_is_off_the_scale_ends_with_it():
    ((_, x, width),) = bars(table.measured(AT_MOST, {}, [0]))
    assert x + width == pytest.approx(chart.RIGHT, abs=0.1)


def test_chart__each_row_has_its_own_lines_with_what_it_is_and_shows():
    rows = [table.measured(AT_LEAST, {}, [1], [1]), table.measured(AT_MOST, {}, [20])] * 2
    root = ElementTree.fromstring(chart.svg(rows, "a caption"))
    texts = [
        (float(each.get("x")), float(each.get("y")), each.text) for each in root.iter(f"{SVG}text")
    ]
    found = [each for each in root.iter(f"{SVG}rect") if each.get("class") in ("met", "missed")]
    edges = [(float(each.get("y")), float(each.get("height"))) for each in found]
    expected = [("a <title> & more", "1.00 × (≥ 0.5)"), ("b (MongoDB)", "20.0 ms (≤ 10)")] * 2
    assert len(edges) == 4
    for n, (top, height) in enumerate(edges):
        assert n == 0 or top > sum(edges[n - 1])
        beside = [(x, words) for x, y, words in texts if top < y < top + height + 2]
        assert tuple(words for _, words in beside) == expected[n]
        assert beside[0][0] < chart.LEFT and beside[1][0] > chart.RIGHT


def test_chart__the_scale_says_where_the_target_is():
    root = ElementTree.fromstring(chart.svg([table.measured(AT_MOST, {}, [20])], "a caption"))
    lines = {each.get("x1"): each.get("class") for each in root.iter(f"{SVG}line")}
    words = {each.get("x"): each.text for each in root.iter(f"{SVG}text")}
    scale = [words[x] for x in sorted(lines, key=float)]
    assert scale == ["8×", "4×", "2×", "target", "2×", "4×", "8×"]
    assert [lines[x] for x in sorted(lines, key=float)] == ["grid"] * 3 + ["target"] + ["grid"] * 3
    sides = {text: float(x) for x, text in words.items()}
    assert chart.LEFT < sides["misses it by"] < chart.position(1) < sides["better by"] < chart.RIGHT


def test_chart__nothing_is_outside_of_the_page():
    rows = [table.measured(AT_LEAST, {}, [1], [1]), table.measured(AT_MOST, {}, [20])]
    root = ElementTree.fromstring(chart.svg(rows, "a caption"))
    width, height = float(root.get("width")), float(root.get("height"))
    for each in root.iter():
        for name in ("x", "x1", "x2"):
            assert 0 <= float(each.get(name, 0)) <= width
        for name in ("y", "y1", "y2"):
            assert 0 <= float(each.get(name, 0)) <= height
        if each.tag == f"{SVG}rect":
            assert float(each.get("x")) + float(each.get("width")) <= width
            assert float(each.get("y")) + float(each.get("height")) <= height
    lines = [float(each.get("y2")) - float(each.get("y1")) for each in root.iter(f"{SVG}line")]
    assert min(lines) >= chart.ROW * len(rows)
    words = {each.text: float(each.get("y")) for each in root.iter(f"{SVG}text")}
    assert words["a caption"] > max(float(each.get("y2")) for each in root.iter(f"{SVG}line"))


def test_chart__rows_without_figure_or_target_are_left_out():
    assert bars(table.missing(AT_MOST, {}, "why"), table.measured(table.BY_KEY["wrk"], {}, [1])) == []


BEFORE = """cpu 9 9 9 9 9
cpu0 1 1 1 10 10 1 1 1 5 5
cpu1 0 0 0 0 0 0 0 0
cpu2 0 0 0 0 0 0 0 0
"""
AFTER = """cpu 9 9 9 9 9
cpu0 11 6 6 30 15 4 1 2 99 9
cpu1 99 0 0 0 0 0 0 0
cpu2 0 0 0 40 15 0 0 0
"""


def test_busy__is_the_part_of_our_cores_that_had_work(monkeypatch):
    monkeypatch.setattr(publish, "ALL", [0, 2])
    assert publish.busy_between(BEFORE, AFTER) == round(1 - 80 / 104, 2)
    assert publish.busy_between(BEFORE, BEFORE) == 0


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_run__is_kept_under_its_day_and_shown_where_whole(quick, whole, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(publish, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(publish, "show", shown.append)
    found = {"time": "2030-01-02T03:04:05", "quick": quick, "rows": ["≥"]}
    file = publish.keep(found, whole)
    assert file.name == ("2030-01-02-quick.json" if quick else "2030-01-02.json")
    assert file.parent == tmp_path / "results"
    assert json.loads(file.read_text()) == found and file.read_text().endswith("]\n}\n")
    assert shown == ([found] if whole else [])


def test_machine__is_described_in_units_that_are_said(tmp_path):
    about = publish.machine(tmp_path, 0)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    assert about["memory_gib"] == pytest.approx(pages, rel=0.1)
    assert 1 <= about["cores"] <= about["of_cores"] and about["processor"]


def test_readme__only_what_is_between_the_marks_changes(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{publish.BEGIN}\nold\n{publish.END}\nafter\n")
    monkeypatch.setattr(publish, "README", readme)
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    monkeypatch.setattr(publish, "CHART", tmp_path / "last.svg")
    machine = {"cores": 2, "of_cores": 4, "processor": "p", "memory_gib": 1, "system": "s",
               "file_system": "f", "busy_before": 0.5}  # fmt: skip
    rows = table.plain([table.measured(AT_MOST, {}, [7])])
    publish.show({"time": "2030-01-02T03:04:05", "commit": "c", "machine": machine, "rows": rows})
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| b | MongoDB | 7.00 ms |" in text and "2030-01-02" in text and "(last.svg)" in text
    assert "of which others used 50%" in text
