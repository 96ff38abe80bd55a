#!/usr/bin/env python3
"""Builds the tests' FerretDB into build-ferretdb/ where it is missing or made from other sources.

It needs Go as new as go.mod says. Where the machine has none, one is installed from a package index into
an environment of its own in build-ferretdb/, and removed after the build. Several test processes may ask
at once: one builds, the others wait.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
BUILD = SOURCE.parents[2] / "build-ferretdb"
PROGRAM = BUILD / "ferretdb"
STAMP = BUILD / "ferretdb.stamp"
TOOLCHAIN = BUILD / "go"


def fingerprint():
    """Of everything that the program is made from."""
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum", "requirements.txt", "build.py"):
        digest.update((SOURCE / name).read_bytes())
    return digest.hexdigest()


def is_fresh():
    return PROGRAM.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def version(text):
    """The first two numbers of `1.24`, `go1.24.11` and the like."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def needed():
    return version(re.search(r"^go (\S+)$", (SOURCE / "go.mod").read_text(), re.M)[1])


# The toolchain at hand and no other; go.sum is checked, and never changed.
SETTINGS = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


def has_go():
    """Whether the machine has a Go as new as go.mod asks for."""
    if not shutil.which("go"):
        return False
    environment = {**os.environ, **SETTINGS}
    done = subprocess.run(
        ["go", "env", "GOVERSION"], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and version(done.stdout) >= needed()


@contextlib.contextmanager
def toolchain():
    """The command `go`, and the environment for it."""
    environment = {**os.environ, **SETTINGS}
    if has_go():
        yield "go", environment
        return
    print(f"installing Go into {TOOLCHAIN}, for this build", file=sys.stderr)
    shutil.rmtree(TOOLCHAIN, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", TOOLCHAIN], check=True)
    pip = [TOOLCHAIN / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", SOURCE / "requirements.txt"], check=True, stdout=sys.stderr)
    environment |= {"GOPATH": str(TOOLCHAIN / "path"), "GOCACHE": str(TOOLCHAIN / "cache")}
    yield TOOLCHAIN / "bin/go", environment
    shutil.rmtree(TOOLCHAIN)


@contextlib.contextmanager
def alone():
    """Holds the lock of the build directory."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build():
    """Gives the path of the program, which is built first where need be."""
    if is_fresh():
        return PROGRAM
    with alone():
        if not is_fresh():
            made = BUILD / "ferretdb.new"
            with toolchain() as (go, environment):
                print(f"building {PROGRAM}", file=sys.stderr)
                subprocess.run([go, "build", "-o", made, "."], cwd=SOURCE, env=environment, check=True)
            made.replace(PROGRAM)
            STAMP.write_text(fingerprint())
    return PROGRAM


if __name__ == "__main__":
    print(build())
