"""The chart and the README's part."""

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


def test_chart__rows_without_figure_or_target_are_left_out():
    assert bars(table.missing(AT_MOST, {}, "why"), table.measured(table.BY_KEY["wrk"], {}, [1])) == []


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
