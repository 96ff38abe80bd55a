#!/usr/bin/env python3
"""Builds the tests' MongoDB-compatible servers where they are missing or made from other sources.

    build_servers.py [ferretdb] [memory]      by default both

ferretdb needs Go as new as go.mod says. Where the machine has none, one is installed from a package index
into an environment of its own in build-ferretdb/, and removed after the build. memory needs a JDK and
Maven. Several test processes may ask at once: one builds, the others wait.
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

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Build:
    """What is made from the files of one folder beside this one, in build-<name>/."""

    def __init__(self, name, files, make):
        self.source, self.directory = HERE / name, ROOT / f"build-{name}"
        self.files, self.make = files, make

    def fingerprint(self):
        """Of everything that it is made from."""
        digest = hashlib.sha256(Path(__file__).read_bytes())
        for name in self.files:
            digest.update((self.source / name).read_bytes())
        return digest.hexdigest()

    def is_fresh(self):
        stamp = self.directory / "stamp"
        return stamp.exists() and stamp.read_text() == self.fingerprint()

    def ensure(self):
        """Gives the directory, where all is made by then."""
        if self.is_fresh():
            return self.directory
        self.directory.mkdir(exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_fresh():
                print(f"building {self.directory}", file=sys.stderr)
                self.make(self)
                (self.directory / "stamp").write_text(self.fingerprint())
        return self.directory


def version(text):
    """The first two numbers of `1.24`, `go1.24.11` and the like."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def needed():
    go_mod = (HERE / "ferretdb/go.mod").read_text()
    return version(re.search(r"^go (\S+)$", go_mod, re.M)[1])


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
def go_toolchain(build):
    """The command `go`, and the environment for it."""
    environment = {**os.environ, **SETTINGS}
    if has_go():
        yield "go", environment
        return
    place = build.directory / "go"
    print(f"installing Go into {place}, for this build", file=sys.stderr)
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [place / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", build.source / "requirements.txt"], check=True, stdout=sys.stderr)
    environment |= {"GOPATH": str(place / "path"), "GOCACHE": str(place / "cache")}
    yield place / "bin/go", environment
    shutil.rmtree(place)


def make_ferretdb(build):
    made = build.directory / "ferretdb.new"
    with go_toolchain(build) as (go, environment):
        subprocess.run([go, "build", "-o", made, "."], cwd=build.source, env=environment, check=True)
    made.replace(build.directory / "ferretdb")


def make_memory(build):
    for name in ("lib", "classes"):
        shutil.rmtree(build.directory / name, ignore_errors=True)
    subprocess.run(
        ["mvn", "--quiet", "--batch-mode", f"-DoutputDirectory={build.directory / 'lib'}"]
        + ["org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"],
        cwd=build.source,
        stdout=sys.stderr,
        check=True,
    )
    subprocess.run(
        ["javac", "-Xlint:all", "-Werror", "-d", build.directory / "classes"]
        + ["-cp", f"{build.directory}/lib/*", build.source / "MemoryServer.java"],
        check=True,
    )


BUILDS = {
    "ferretdb": Build("ferretdb", ["main.go", "go.mod", "go.sum", "requirements.txt"], make_ferretdb),
    "memory": Build("memory", ["pom.xml", "MemoryServer.java"], make_memory),
}


def ferretdb():
    """The command that starts FerretDB, built first where need be."""
    return [BUILDS["ferretdb"].ensure() / "ferretdb"]


def memory():
    """The command that starts the server in memory, built first where need be."""
    place = BUILDS["memory"].ensure()
    return ["java", "-cp", f"{place}/classes:{place}/lib/*", "MemoryServer"]


if __name__ == "__main__":
    for each in sys.argv[1:] or BUILDS:
        BUILDS[each].ensure()
