"""The README's chart: for each row with a target, how far from it the figure is; an SVG that can be
read on light and dark pages."""

import math
from html import escape

from table import figure

WIDTH, ROW, TOP, BOTTOM = 960, 24, 62, 34
LEFT, RIGHT = 460, 790  # of the bars; figures are behind them
TIMES = 8  # the scale ends at so many times better and worse than the target
STYLE = """
  .page { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 12px; fill: #57606a }
  .met { fill: #2f7fd6 }
  .missed { fill: #d9662b }
  .grid { stroke: #d8dee4 }
  .target { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #151b23; stroke: #3d444d }
    text { fill: #e6edf3 }
    .small { fill: #9aa4af }
    .grid { stroke: #2f3742 }
    .target { stroke: #e6edf3 }
  }
"""


def better(value, row):
    """How many times better than its target a figure is; below 1 it misses it. None: no target."""
    number = float(row.target.split()[1].replace(",", "")) if row.target else 0
    if value is None or not number:
        return None
    if row.target.startswith("≥"):
        return value / number
    return number / max(value, number / TIMES**2)  # 0, or less, is as good as can be shown


def position(times):
    """Where on the scale: its middle is the target."""
    part = math.log(min(max(times, 1 / TIMES), TIMES)) / math.log(TIMES)
    return LEFT + (RIGHT - LEFT) * (part + 1) / 2


def shown(row):
    """What a bar stands for, in words: the ratio, or the figure and its unit."""
    value = f"{row.ratio:.2f} ×" if row.ratio is not None else figure(row.ours, row.unit)
    return f"{value} ({row.target})"


def bar(row, times, y):
    middle, end = position(1), position(times)
    kind = "met" if row.met else "missed"
    title = escape(row.title if row.store == "embedded" else f"{row.title} ({row.store})")
    return (
        f'<text x="{LEFT - 14}" y="{y + 16}" text-anchor="end">{title}</text>'
        f'<rect class="{kind}" x="{min(middle, end):.1f}" y="{y + 5}"'
        f' width="{max(abs(end - middle), 1.5):.1f}" height="{ROW - 9}" rx="2"/>'
        f'<text class="small" x="{RIGHT + 12}" y="{y + 16}">{escape(shown(row))}</text>'
    )


def small(x, y, words):
    return f'<text class="small" x="{x:.1f}" y="{y}" text-anchor="middle">{words}</text>'


def grid(height):
    """The scale's lines and their words."""
    lines = []
    for power in range(-3, 4):
        x = position(2.0**power)
        words = "target" if power == 0 else f"{2**abs(power)}×"
        kind = "target" if power == 0 else "grid"
        ends = f'x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - BOTTOM}"'
        lines.append(f'<line class="{kind}" {ends}/>')
        lines.append(small(x, TOP - 14, words))
    lines.append(small((LEFT + position(1)) / 2, 24, "misses it by"))
    lines.append(small((RIGHT + position(1)) / 2, 24, "better by"))
    return lines


def svg(rows, caption):
    """rows: table.Result. Those without a figure or a target are left out."""
    judged = [(row, better(row.ours if row.ratio is None else row.ratio, row)) for row in rows]
    judged = [(row, times) for row, times in judged if times is not None]
    height = TOP + ROW * len(judged) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(caption)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        *grid(height),
        *(bar(row, times, TOP + ROW * n) for n, (row, times) in enumerate(judged)),
        f'<text class="small" x="16" y="{height - 12}">{escape(caption)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
