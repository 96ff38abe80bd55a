#!/usr/bin/env python3
"""clang-tidy over src/, several files at a time; files that passed unchanged are not read again.

Usage: lint.py [PROCESSES]. The rules are in .clang-tidy, each for a reason.
"""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build-asan"
PASSED = ROOT / "build-test" / "lint"


def fingerprint(source, shared):
    return hashlib.sha256(source.read_bytes() + shared).hexdigest()


def lint(source, shared):
    """(source, output) of a file with findings; None for a clean one."""
    stamp = PASSED / source.relative_to(ROOT).as_posix().replace("/", "__")
    wanted = fingerprint(source, shared)
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    done = subprocess.run(
        ["clang-tidy", "-p", BUILD, "--quiet", "--extra-arg=-Wno-unknown-warning-option", source],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        stamp.write_text(wanted)
        return None
    return source, done.stdout + done.stderr


def main(processes):
    PASSED.mkdir(parents=True, exist_ok=True)
    headers = sorted(ROOT.glob("src/**/*.h"))
    shared = (ROOT / ".clang-tidy").read_bytes() + b"".join(h.read_bytes() for h in headers)
    sources = sorted(ROOT.glob("src/**/*.c"))
    with ThreadPoolExecutor(processes) as pool:
        found = [result for result in pool.map(lambda s: lint(s, shared), sources) if result]
    for source, output in found:
        print(f"{source.relative_to(ROOT)}\n{output}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2))
