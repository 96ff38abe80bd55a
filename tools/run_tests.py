#!/usr/bin/env python3
"""Runs every test, or only the named steps, and ends with `N passed, N failed, N skipped`.

./dev test calls it, after installing what it needs. A step is a function below; each prints what it
does, counts what ran, and shows the output of what failed. Logs are kept in build-test/.
"""

import contextlib
import fnmatch
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build-test"
PYTHON = sys.executable
MONGO_URL = "ORGD_TEST_MONGO_URL"  # an operator's own server, instead of those that we start
CORES = max(2, len(os.sched_getaffinity(0)))

SANITIZED = {
    "build-asan": ["-Db_sanitize=address,undefined", "-Db_lundef=false"],
    "build-tsan": ["-Db_sanitize=thread", "-Db_lundef=false"],
}
# What has threads of its own; the rest would only run the same code under another tool.
THREADED = ["base", "cache*", "document_memory", "executor", "find", "hash_memory", "import_work"]
THREADED += ["log", "org", "organization_*", "password", "sqlite", "sqlite_removals", "sqlite_turns", "token*"]
THREADED += ["mongo", *(f"mongo_{name}" for name in ("leftovers", "locks", "lost_threads", "moves"))]
THREADED += [f"mongo_{name}" for name in ("peers", "placements", "races")]
THREADED_OUTSIDE = ["answers", "documents", "hostile", "organizations", "stop", "update"]
# Between them these calls send a MongoDB server every kind of command that the engine has.
COMMANDS = ["mongo", "mongo_co*", "mongo_document*", "mongo_organizations", "mongo_races"]
ON_POSTGRESQL = ["delete", "document_pages", "documents", "organizations", "seed_flows", "update"]
# What turns on how a server repeats and compares.
AS_REPLICA_SET = ["instances", "killed_instances", "lost_server"]

SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"
    f":suppressions={ROOT / 'tools/thread_sanitizer.supp'}",
}


class Tally:
    """What has been counted so far."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def run(name, command, **environment):
    """Runs a command with its output in a log; gives (exit code, output)."""
    LOGS.mkdir(exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("wb") as out:
        code = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env={**os.environ, **SANITIZER_OPTIONS, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    return code, log.read_text(errors="replace")


def show(name, output, lines=80):
    print(f"---- {name}: the last lines of its output")
    print("\n".join(output.splitlines()[-lines:]))
    print("----", flush=True)


def check(tally, name, command):
    """One command that is one test."""
    code, output = run("check-" + name, command)
    tally.add(code == 0, code != 0, 0)
    print(f"  {'ok  ' if code == 0 else 'FAIL'} {name}", flush=True)
    if code != 0:
        show(name, output)


def compile_tree(directory, options):
    if not (ROOT / directory / "build.ninja").exists():
        code, output = run(f"{directory}-setup", ["meson", "setup", directory, *options])
        if code != 0:
            show(directory, output)
            raise SystemExit(f"{directory} can't be set up")
    code, output = run(f"{directory}-ninja", ["ninja", "-C", directory, "--quiet"])
    if code != 0:
        show(directory, output)
        raise SystemExit(f"{directory} does not build")


def black_box(names):
    return [f"test/blackbox/test_{name}.py" for name in names]


@contextlib.contextmanager
def mongo_server(name, *words):
    """The environment that leads tests to the operator's server, or else to one of ours, by its name in
    test/mongo/servers.py, and what it takes."""
    if MONGO_URL in os.environ:
        yield {}
        return
    sys.path.insert(0, str(ROOT / "test/mongo"))
    import servers

    with getattr(servers, name)(*words) as url:
        yield {MONGO_URL: url}


def c_programs(directory, only):
    """A build's C test programs, by name; only those whose name is one of the patterns."""
    found = {}
    for path in sorted((ROOT / directory).glob("test/*/test_*")):
        name = path.name.removeprefix("test_")
        if path.is_file() and os.access(path, os.X_OK):
            if any(fnmatch.fnmatch(name, pattern) for pattern in only):
                found[name] = path
    return found


def count_c_tests(tally, name, code, output):
    """cmocka's own lines are counted; an exit code of 77 says that there was no server to test with."""
    passed = sum(map(int, re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M)))
    failed = sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) test", output, re.M)))
    skipped = sum(map(int, re.findall(r"^\[  SKIPPED \] (\d+) test", output, re.M)))
    if code == 77:
        code, skipped = 0, max(skipped, 1)
    if code != 0 and failed == 0:
        failed = 1
    tally.add(passed, failed, skipped)
    print(f"  {'ok  ' if code == 0 else 'FAIL'} {name}: {passed} passed", flush=True)
    for line in re.findall(r"^\[  SKIPPED \] (?!\d+ test).*", output, re.M):
        print(f"       {line}")
    if code != 0:
        show(name, output)


def c_tests(tally, directory, only=("*",), label=None, **environment):
    """A build's C test programs, as many at a time as there are cores: much of their time is waiting."""
    programs = c_programs(directory, only)
    with ThreadPoolExecutor(CORES) as pool:
        running = {
            name: pool.submit(run, f"{label or directory}-{name}", [program], **environment)
            for name, program in programs.items()
        }
        for name, future in running.items():
            count_c_tests(tally, name, *future.result())


def python_tests(tally, name, arguments, **environment):
    """A pytest run, counted from its JUnit file."""
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    code, output = run(
        name,
        [PYTHON, "-m", "pytest", "-q", "-ra", f"--junitxml={report}", *arguments],
        **environment,
    )
    passed = failed = skipped = 0
    if report.exists():
        for suite in ElementTree.parse(report).iter("testsuite"):
            wrong = int(suite.get("failures")) + int(suite.get("errors"))
            left_out = int(suite.get("skipped"))
            failed += wrong
            skipped += left_out
            passed += int(suite.get("tests")) - wrong - left_out
    if code != 0 and failed == 0:
        failed = 1
    tally.add(passed, failed, skipped)
    print(f"  {'ok  ' if code == 0 else 'FAIL'} {name}: {passed} passed, {failed} failed", flush=True)
    for line in re.findall(r"^SKIPPED.*", output, re.M):
        print(f"       {line}")
    if code != 0:
        show(name, output, 150)


def is_left_out():
    """Whether the operator's own server takes the place of ours; says so."""
    if MONGO_URL in os.environ:
        print(f"  left out: {MONGO_URL} names the server to test against")
    return MONGO_URL in os.environ


def step_check(tally):
    """layout, lint, layers, and documents against tables"""
    compile_tree("build-asan", SANITIZED["build-asan"])
    sources = subprocess.run(
        ["git", "ls-files", "*.c", "*.h"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    check(tally, "format", ["clang-format", "--dry-run", "--Werror", *sources])
    check(tally, "layers", [PYTHON, "tools/check_layers.py"])
    check(tally, "settings-in-readme", [PYTHON, "tools/check_docs.py"])
    check(
        tally,
        "openapi",
        ["sh", "-c", f"build-asan/test/unit/print_routes | {PYTHON} tools/check_openapi.py"],
    )
    check(tally, "lint", [PYTHON, "tools/lint.py", str(CORES)])


def step_unit(tally):
    """C tests and the fuzzers' corpora, under address and undefined-behaviour sanitizers"""
    compile_tree("build-asan", SANITIZED["build-asan"])
    with mongo_server("ferretdb_sqlite") as environment:
        c_tests(tally, "build-asan", **environment)
    for entry in sorted((ROOT / "fuzz/corpus").iterdir()):
        check(tally, f"corpus-{entry.name}", [f"build-asan/fuzz/fuzz_{entry.name}", entry])


def step_threads(tally):
    """what has threads, under the thread sanitizer: C tests, and the program from outside"""
    compile_tree("build-tsan", SANITIZED["build-tsan"])
    with mongo_server("ferretdb_sqlite") as environment:
        c_tests(tally, "build-tsan", THREADED, **environment)
    python_tests(
        tally,
        "threads",
        ["-n", CORES, *black_box(THREADED_OUTSIDE)],
        ORGD_BIN=str(ROOT / "build-tsan/orgd"),
    )


def step_blackbox(tally):
    """the real program from outside: a test for each row of the contract"""
    python_tests(tally, "blackbox", ["-n", CORES, "test/blackbox"])


def step_sanitized(tally):
    """the same from outside, on a program built with sanitizers"""
    compile_tree("build-asan", SANITIZED["build-asan"])
    python_tests(
        tally,
        "sanitized",
        ["-n", CORES, "test/blackbox"],
        ORGD_BIN=str(ROOT / "build-asan/orgd"),
    )


def step_mongodb(tally):
    """the same from outside, on MongoDB, on a program built with sanitizers"""
    compile_tree("build-asan", SANITIZED["build-asan"])
    python_tests(
        tally,
        "mongodb",
        ["-n", CORES, "--store", "mongodb", "test/blackbox"],
        ORGD_BIN=str(ROOT / "build-asan/orgd"),
    )


def step_mongo(tally):
    """what only MongoDB can show: lost servers, several instances, a seed's database"""
    python_tests(tally, "mongo", ["-n", CORES, "test/mongo"])


def step_memory(tally):
    """the engine where a filter and its effect are one step, standalone and as a replica set"""
    if is_left_out():
        return
    compile_tree("build-asan", SANITIZED["build-asan"])
    with mongo_server("memory", "--standalone") as environment:
        c_tests(tally, "build-asan", ["mongo*"], label="memory", **environment)
    with mongo_server("memory") as environment:
        python_tests(
            tally,
            "memory",
            ["-n", CORES, *[f"test/mongo/test_{name}.py" for name in AS_REPLICA_SET]],
            **environment,
        )


def step_postgresql(tally):
    """the engine's C tests, and calls from outside, on FerretDB's PostgreSQL backend"""
    if is_left_out():
        return
    compile_tree("build-asan", SANITIZED["build-asan"])
    with mongo_server("ferretdb_postgresql") as environment:
        c_tests(tally, "build-asan", COMMANDS, label="postgresql", **environment)
        python_tests(
            tally,
            "postgresql",
            ["-n", CORES, "--store", "mongodb", *black_box(ON_POSTGRESQL)],
            **environment,
        )


def step_bench(tally):
    """the measurements' own arithmetic: medians, verdicts, table, chart"""
    python_tests(tally, "bench", ["test/bench"])


def step_browser(tally):
    """the page at /docs in a real browser"""
    python_tests(tally, "browser", ["test/browser"])


def step_crash(tally):
    """SIGKILL under load, again and again, and every acknowledged change compared"""
    python_tests(tally, "crash", ["test/crash"])


STEPS = {
    name.removeprefix("step_"): function
    for name, function in list(globals().items())
    if name.startswith("step_")
}


def main(words):
    if words == ["--list"]:
        for name, function in STEPS.items():
            print(f"{name:10} {function.__doc__}")
        return 0
    unknown = [word for word in words if word not in STEPS]
    if unknown:
        print(f"no step {unknown[0]}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    tally = Tally()
    release = ["-Dbuildtype=release", "-Ddebug=true", "-Db_lto=true", "-Dtests=disabled"]
    compile_tree("build", release)
    for name in words or STEPS:
        begun = time.monotonic()
        print(f"{name}: {STEPS[name].__doc__}", flush=True)
        STEPS[name](tally)
        print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
