#!/usr/bin/env python3
"""Runs every test, or only the named steps, and ends with `N passed, N failed, N skipped`.

./dev test calls it, after installing what it needs. A step is a function below; it says what it does,
counts what ran, and shows the output of what failed. Their servers, ports and directories are their own.
Logs are kept in build-test/.
"""

import contextlib
import fnmatch
import os
import re
import subprocess
import sys
import threading
import time
import traceback
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build-test"
PYTHON = sys.executable
MONGO_URL = "ORGD_TEST_MONGO_URL"  # an operator's own server, instead of those that we start
CORES = max(2, len(os.sched_getaffinity(0)))
TESTS = CORES  # at a time, in all steps together
STEPS_AT_A_TIME = 1  # docs/decisions/0021-suite-time.md

# Code that is little optimized is compiled in half the time, and less is optimized away that a sanitizer
# would have seen.
SANITIZED = ["-Doptimization=1", "-Db_lundef=false"]
BUILDS = {
    "build": ["-Dbuildtype=release", "-Ddebug=true", "-Db_lto=true", "-Dtests=disabled"],
    "build-asan": ["-Db_sanitize=address,undefined", *SANITIZED],
    "build-tsan": ["-Db_sanitize=thread", *SANITIZED],
}
COMPILING = {directory: threading.Lock() for directory in BUILDS}
# What has threads of its own; the rest would only run the same code under another tool.
THREADED = ["base", "cache*", "document_memory", "executor*", "find", "hash_memory", "import_work"]
THREADED += ["log", "org", "organization_fill", "organization_memory", "parked", "password"]
THREADED += ["sqlite", "sqlite_later", "sqlite_removals", "sqlite_turns", "token*"]
THREADED += ["mongo", "mongo_cached", "mongo_leftovers", "mongo_locks", "mongo_lost_threads"]
THREADED += ["mongo_moves", "mongo_peers", "mongo_placements", "mongo_races"]
THREADED_OUTSIDE = ["answers", "documents", "hostile", "organizations", "remembered_documents"]
THREADED_OUTSIDE += ["stop", "turns", "update"]
# Between them these calls send a MongoDB server every kind of command that the engine has.
COMMANDS = ["mongo", "mongo_cached", "mongo_co*", "mongo_document*", "mongo_organizations"]
COMMANDS += ["mongo_races"]
ON_POSTGRESQL = ["delete", "document_pages", "documents", "organizations", "seed_flows", "update"]
# What turns on how a server repeats and compares.
AS_REPLICA_SET = ["instances", "killed_instances", "lost_server", "round_trips"]

SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"
    f":suppressions={ROOT / 'tools/thread_sanitizer.supp'}",
}


class Step:
    """A step that runs: what it says, under its name, and what it has counted so far."""

    def __init__(self, name, workers=CORES):
        self.name, self.workers = name, workers
        self.passed = self.failed = self.skipped = 0

    def say(self, text):
        print(f"{self.name + ':':11} {text}\n", end="", flush=True)

    def show(self, name, output, lines=400):
        last = "\n".join(output.splitlines()[-lines:])
        self.say(f"---- {name}: the last lines of its output\n{last}\n----")

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def run(name, command, **environment):
    """Runs a command with its output in a log; gives (exit code, output, seconds)."""
    LOGS.mkdir(exist_ok=True)
    begun = time.monotonic()
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
    return code, log.read_text(errors="replace"), time.monotonic() - begun


def check(step, name, command):
    """One command that is one test."""
    code, output, seconds = run("check-" + name, command)
    step.add(code == 0, code != 0, 0)
    step.say(f"{'ok  ' if code == 0 else 'FAIL'} {name}, {seconds:.0f} s")
    if code != 0:
        step.show(name, output)


def compile_tree(step, directory, *targets):
    """One of BUILDS; only these targets, or all."""
    commands = {"ninja": ["ninja", "-C", directory, "--quiet", *targets]}
    with COMPILING[directory]:
        if not (ROOT / directory / "build.ninja").exists():
            commands = {"setup": ["meson", "setup", directory, *BUILDS[directory]], **commands}
        for name, command in commands.items():
            code, output, seconds = run(f"{directory}-{name}", command)
            if code != 0:
                step.show(directory, output)
                raise RuntimeError(f"{directory} does not build")
    if seconds > 1:
        step.say(f"ok   {directory}, {seconds:.0f} s")


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


def c_programs(only):
    """The C test programs, as name: path within a build; only those whose name is one of the patterns."""
    found = {}
    for source in sorted(ROOT.glob("test/*/test_*.c")):
        name = source.stem.removeprefix("test_")
        if any(fnmatch.fnmatch(name, pattern) for pattern in only):
            found[name] = source.relative_to(ROOT).with_suffix("")
    return found


def count_c_tests(step, name, code, output, seconds):
    """cmocka's own lines are counted; an exit code of 77 says that there was no server to test with."""
    passed = sum(map(int, re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M)))
    failed = sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) test", output, re.M)))
    skipped = sum(map(int, re.findall(r"^\[  SKIPPED \] (\d+) test", output, re.M)))
    if code == 77:
        code, skipped = 0, max(skipped, 1)
    if code != 0 and failed == 0:
        failed = 1
    step.add(passed, failed, skipped)
    step.say(f"{'ok  ' if code == 0 else 'FAIL'} {name}: {passed} passed, {seconds:.0f} s")
    for line in re.findall(r"^\[  SKIPPED \] (?!\d+ test).*", output, re.M):
        step.say(f"     {line}")
    if code != 0:
        step.show(name, output)


def c_tests(step, directory, only=("*",), label=None, **environment):
    """A build's C test programs, several at a time."""
    with ThreadPoolExecutor(step.workers) as pool:
        running = {
            name: pool.submit(
                run, f"{label or directory}-{name}", [ROOT / directory / program], **environment
            )
            for name, program in c_programs(only).items()
        }
        for name, future in running.items():
            count_c_tests(step, name, *future.result())


def python_tests(step, name, arguments, **environment):
    """A pytest run, counted from its JUnit file; a worker that has nothing left takes from others."""
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = [PYTHON, "-m", "pytest", "-q", "-ra", "--durations=20", f"--junitxml={report}"]
    command += ["-n", step.workers, "--dist", "worksteal"]
    code, output, seconds = run(name, [*command, *arguments], **environment)
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
    step.add(passed, failed, skipped)
    step.say(f"{'ok  ' if code == 0 else 'FAIL'} {name}: {passed} passed, {seconds:.0f} s")
    for line in re.findall(r"^SKIPPED.*", output, re.M):
        step.say(f"     {line}")
    if code != 0:
        step.show(name, output, 1000)


def is_left_out(step):
    """Whether the operator's own server takes the place of ours; says so."""
    if MONGO_URL in os.environ:
        step.say(f"left out: {MONGO_URL} names the server to test against")
    return MONGO_URL in os.environ


def step_check(step):
    """layout, lint, layers, and documents against tables"""
    compile_tree(step, "build-asan")
    sources = subprocess.run(
        ["git", "ls-files", "*.c", "*.h"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    check(step, "format", ["clang-format", "--dry-run", "--Werror", *sources])
    check(step, "layers", [PYTHON, "tools/check_layers.py"])
    check(step, "settings-in-readme", [PYTHON, "tools/check_docs.py"])
    check(
        step,
        "openapi",
        ["sh", "-c", f"build-asan/test/unit/print_routes | {PYTHON} tools/check_openapi.py"],
    )
    check(step, "lint", [PYTHON, "tools/lint.py", str(CORES)])


def step_unit(step):
    """C tests and the fuzzers' corpora, under address and undefined-behaviour sanitizers"""
    compile_tree(step, "build-asan")
    with mongo_server("ferretdb_sqlite") as environment:
        c_tests(step, "build-asan", **environment)
    for entry in sorted((ROOT / "fuzz/corpus").iterdir()):
        check(step, f"corpus-{entry.name}", [f"build-asan/fuzz/fuzz_{entry.name}", entry])


def step_threads(step):
    """what has threads, under the thread sanitizer: C tests, and the program from outside"""
    compile_tree(step, "build-tsan", "orgd", *map(str, c_programs(THREADED).values()))
    with mongo_server("ferretdb_sqlite") as environment:
        c_tests(step, "build-tsan", THREADED, **environment)
    python_tests(
        step,
        "threads",
        black_box(THREADED_OUTSIDE),
        ORGD_BIN=str(ROOT / "build-tsan/orgd"),
    )


def step_blackbox(step):
    """the real program from outside: a test for each row of the contract"""
    python_tests(step, "blackbox", ["test/blackbox"])


def step_sanitized(step):
    """the same from outside, on a program built with sanitizers"""
    compile_tree(step, "build-asan")
    python_tests(step, "sanitized", ["test/blackbox"], ORGD_BIN=str(ROOT / "build-asan/orgd"))


def step_mongodb(step):
    """the same from outside, on MongoDB, on a program built with sanitizers"""
    compile_tree(step, "build-asan")
    python_tests(
        step,
        "mongodb",
        ["--store", "mongodb", "test/blackbox"],
        ORGD_BIN=str(ROOT / "build-asan/orgd"),
    )


def step_mongo(step):
    """what only MongoDB can show: lost servers, several instances, a seed's database"""
    python_tests(step, "mongo", ["test/mongo"])


def step_memory(step):
    """the engine where a filter and its effect are one step, standalone and as a replica set"""
    if is_left_out(step):
        return
    compile_tree(step, "build-asan")
    with mongo_server("memory", "--standalone") as environment:
        c_tests(step, "build-asan", ["mongo*"], label="memory", **environment)
    with mongo_server("memory") as environment:
        python_tests(
            step,
            "memory",
            [f"test/mongo/test_{name}.py" for name in AS_REPLICA_SET],
            **environment,
        )


def step_postgresql(step):
    """the engine's C tests, and calls from outside, on FerretDB's PostgreSQL backend"""
    if is_left_out(step):
        return
    compile_tree(step, "build-asan")
    with mongo_server("ferretdb_postgresql") as environment:
        c_tests(step, "build-asan", COMMANDS, label="postgresql", **environment)
        python_tests(
            step,
            "postgresql",
            ["--store", "mongodb", *black_box(ON_POSTGRESQL)],
            **environment,
        )


def step_bench(step):
    """the measurements' own arithmetic: medians, verdicts, table, chart"""
    python_tests(step, "bench", ["-n0", "test/bench"])


def step_browser(step):
    """the page at /docs in a real browser"""
    python_tests(step, "browser", ["test/browser"])


def step_crash(step):
    """SIGKILL under load, again and again, and every acknowledged change compared"""
    python_tests(step, "crash", ["-n0", "test/crash"])


STEPS = {
    name.removeprefix("step_"): function
    for name, function in list(globals().items())
    if name.startswith("step_")
}


def run_step(step):
    begun = time.monotonic()
    step.say(STEPS[step.name].__doc__)
    try:
        STEPS[step.name](step)
    except Exception:
        step.say(traceback.format_exc())
        step.add(0, 1, 0)
    step.say(f"{time.monotonic() - begun:.0f} s")


def main(words):
    if words == ["--list"]:
        for name, function in STEPS.items():
            print(f"{name:10} {function.__doc__}")
        return 0
    unknown = [word for word in words if word not in STEPS]
    if unknown:
        print(f"no step {unknown[0]}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    lanes = min(STEPS_AT_A_TIME, len(words or STEPS))
    steps = [Step(name, TESTS // lanes) for name in words or STEPS]
    compile_tree(Step("build"), "build")
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(run_step, steps))
    passed, failed, skipped = (
        sum(getattr(step, count) for step in steps) for count in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
