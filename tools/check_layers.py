#!/usr/bin/env python3
"""Checks who includes whom in src/ against the tables below; prints each violation as file:line.

usage: tools/check_layers.py [DIRECTORY]      (by default the project's src/)
"""

import pathlib
import re
import sys

# A folder of src/, and the folders that it may include. Each may include itself.
ARROWS = {
    "main.c": {"cmd", "base"},
    "cmd": {"app", "config", "base"},
    "app": {"api", "config", "http", "org", "store", "auth", "base"},
    "api": {"http", "org", "json", "base"},
    "http": {"json", "base"},
    "org": {"store", "auth", "json", "base"},
    "store": {"json", "base"},
    "auth": {"base"},
    "json": {"base"},
    "config": {"base"},
    "base": set(),
}

# A library's header, and the only folders that may include it.
LIBRARIES = {
    r"microhttpd\.h": {"http"},
    r"sqlite3\.h": {"store/sqlite"},
    r"(mongoc|bson)([/.-].*)?": {"store/mongo"},
    r"cjose/.*": {"auth"},
    r"utf8proc\.h": {"org"},
    r"ini\.h": {"config"},
}

# Engines are strangers to each other, and what they have in common stands above them.
ENGINES = {"store/sqlite": {"store", "store/sqlite"}, "store/mongo": {"store", "store/mongo"}}

INCLUDE = re.compile(r"""^\s*#\s*include\s*([<"])([^>"]*)[>"]""")
ROOT = pathlib.Path(__file__).resolve().parent.parent


def is_under(folder, allowed):
    return any(folder == name or folder.startswith(name + "/") for name in allowed)


def judge(name, folder, quote, target):
    """Why the file `name` in `folder` may not include `target`; None where it may."""
    if quote == "<":
        for header, allowed in LIBRARIES.items():
            if re.fullmatch(header, target) and not is_under(folder, allowed):
                return f"<{target}> is for src/{', src/'.join(sorted(allowed))} only"
        return None
    if "/" not in target or target.startswith("."):
        return f'"{target}": include by the path from src/'
    layer = folder.split("/")[0] if folder else name
    other = target.split("/")[0]
    if layer not in ARROWS:
        return f"{layer} has no row in the table of arrows"
    if other not in ARROWS:
        return f'"{target}": {other} has no row in the table of arrows'
    if other != layer and other not in ARROWS[layer]:
        return f'"{target}": no arrow from {layer} to {other}'
    if folder in ENGINES and other == "store":
        if str(pathlib.PurePosixPath(target).parent) not in ENGINES[folder]:
            return f'"{target}": one engine includes another'
    return None


def check_file(source, root):
    """Prints the violations of one file; how many there are."""
    relative = source.relative_to(root)
    folder = "" if relative.parent == pathlib.Path(".") else relative.parent.as_posix()
    count = 0
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        include = INCLUDE.match(line)
        if not include:
            continue
        why = judge(relative.name, folder, include[1], include[2])
        if why:
            print(f"{root.name}/{relative.as_posix()}:{number}: {why}")
            count += 1
    return count


def main():
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "src"
    sources = sorted(path for path in root.rglob("*") if path.suffix in (".c", ".h"))
    if not sources:
        sys.exit(f"check_layers: no C files in {root}")
    violations = sum(check_file(source, root) for source in sources)
    if violations:
        print(f"check_layers: {violations} includes against the arrows")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
