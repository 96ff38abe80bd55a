#!/usr/bin/env python3
"""Keeps a run's results with the machine's description, and shows the last one in the README.

    publish.py FILE      shows the results of this file
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import chart
import table
from measure import ALL, ORGD, ROOT

RESULTS = ROOT / "bench/results"
CHART = RESULTS / "last.svg"
README = ROOT / "README.md"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
LIBRARIES = ["libmicrohttpd", "sqlite3", "libsodium", "libmongoc-1.0"]


def output_of(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout.strip()


def found_in(file, pattern):
    found = re.search(pattern, Path(file).read_text(), re.M)
    return found.group(1).strip() if found else ""


def ticks(stat):
    """Of our cores, by the words of /proc/stat: all, and those without work."""
    lines = [line.split() for line in stat.splitlines()]
    wanted = {f"cpu{n}" for n in ALL}
    ours = [[int(word) for word in line[1:9]] for line in lines if line[0] in wanted]
    return sum(map(sum, ours)), sum(line[3] + line[4] for line in ours)


def busy_between(before, after):
    whole, idle = (b - a for a, b in zip(ticks(before), ticks(after)))
    return round(1 - idle / whole, 2) if whole else 0


def busy_part(seconds=1):
    """How much of our cores others use while we wait; 1 is all. On a busy machine figures say little."""
    before = Path("/proc/stat").read_text()
    time.sleep(seconds)
    return busy_between(before, Path("/proc/stat").read_text())


def machine(directory, busy_before):
    """What the figures depend on; directory is where the stores were. Nothing that names the machine."""
    libraries = {name: output_of("pkg-config", "--modversion", name) for name in LIBRARIES}
    return {
        "processor": found_in("/proc/cpuinfo", r"^model name\s*:(.*)") or platform.machine(),
        "cores": len(ALL),
        "of_cores": os.cpu_count(),
        "memory_gib": round(int(found_in("/proc/meminfo", r"^MemTotal:\s*(\d+)")) / 1024**2, 1),
        "kernel": platform.release(),
        "system": found_in("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "file_system": output_of("stat", "-f", "-c", "%T", str(directory)),
        "busy_before": busy_before,
        "libraries": {name: version for name, version in libraries.items() if version},
    }


def document(description, quick, results):
    """A run as it is kept."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "orgd": output_of(str(ORGD), "version").splitlines()[:1],
        "commit": output_of("git", "describe", "--always", "--dirty"),
        "quick": quick,
        "machine": description,
        "rows": table.plain(results),
    }


def words_of(found):
    """One line about the machine and the run."""
    about = found["machine"]
    cores = f"{about['cores']} of {about['of_cores']} cores"
    busy = f", of which others used {about['busy_before']:.0%}" if about["busy_before"] > 0.05 else ""
    return (
        f"{found['time'][:10]}, commit {found['commit']}: {cores} of {about['processor']}{busy},"
        f" {about['memory_gib']} GiB, {about['system']}, {about['file_system']}"
    )


def show(found):
    """The chart, and the README's table between its marks."""
    results = table.of_plain(found["rows"])
    CHART.write_text(chart.svg(results, words_of(found)))
    begin, _, rest = README.read_text().partition(BEGIN)
    _, _, end = rest.partition(END)
    if not end:
        raise SystemExit(f"publish: {README.name} has no {BEGIN} … {END}")
    picture = f"![How far from its target each figure is]({CHART.relative_to(ROOT)})"
    middle = f"\n\n{words_of(found)}.\n\n{picture}\n\n{table.markdown(results)}\n\n"
    README.write_text(begin + BEGIN + middle + END + end)


def write(found, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return file


def keep(found, whole):
    """Writes a run of everything where runs are kept, and shows it where it is whole: not quick, and
    nothing failed. Gives its file."""
    end = "-quick" if found["quick"] else ""
    file = write(found, RESULTS / f"{found['time'][:10]}{end}.json")
    if whole:
        show(found)
    return file


if __name__ == "__main__":
    show(json.loads(Path(sys.argv[1]).read_text()))
