#!/usr/bin/env python3
"""Compares the README's table of settings with the program's, and fails where they differ.

usage: tools/check_docs.py [--write] [--orgd build/orgd] [--readme README.md]

The table is what stands between the lines `<!-- settings -->` and `<!-- /settings -->`; what it has
to be is what `orgd config --markdown` prints. With --write it is put there.
"""

import argparse
import difflib
import pathlib
import subprocess
import sys

BEGIN = "<!-- settings -->"
END = "<!-- /settings -->"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def program_table(orgd):
    """The table's lines, as the program prints them."""
    try:
        result = subprocess.run(
            [orgd, "config", "--markdown"], capture_output=True, check=False, timeout=60
        )
    except OSError as error:
        sys.exit(f"check_docs: {orgd}: {error.strerror}")
    if result.returncode != 0:
        sys.exit(f"check_docs: {orgd} config --markdown gave {result.returncode}")
    return result.stdout.decode().splitlines()


def find_marker(lines, marker, readme):
    """The one line that holds the marker."""
    places = [number for number, line in enumerate(lines) if line.strip() == marker]
    if len(places) != 1:
        sys.exit(f"check_docs: {readme}: {len(places)} lines `{marker}`, there must be one")
    return places[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("--orgd", type=pathlib.Path, default=ROOT / "build" / "orgd")
    parser.add_argument("--readme", type=pathlib.Path, default=ROOT / "README.md")
    options = parser.parse_args()

    # Blank lines around the table, so that Markdown sees a table and no HTML block.
    wanted = ["", *program_table(options.orgd), ""]
    try:
        lines = options.readme.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        sys.exit(f"check_docs: {options.readme}: {error.strerror}")
    begin = find_marker(lines, BEGIN, options.readme)
    end = find_marker(lines, END, options.readme)
    if end < begin:
        sys.exit(f"check_docs: {options.readme}: `{END}` stands before `{BEGIN}`")

    present = lines[begin + 1 : end]
    if present == wanted:
        return 0
    if options.write:
        lines[begin + 1 : end] = wanted
        options.readme.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"check_docs: wrote the table of settings to {options.readme}")
        return 0
    for line in difflib.unified_diff(
        present, wanted, str(options.readme), "orgd config --markdown", lineterm="", n=1
    ):
        print(line)
    print("check_docs: the README's table of settings is old; tools/check_docs.py --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
