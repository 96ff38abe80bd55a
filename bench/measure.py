"""What every measurement needs: cores, servers that end with us, references built here, wrk."""

import json
import os
import re
import signal
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from companies import company

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = ROOT / "build-bench"
ORGD = Path(os.environ.get("ORGD_BIN", ROOT / "build/orgd"))

PASSWORD = "correct-horse-battery"
NAME, EMAIL = company(0)
PAD = "x" * 200  # of each document, as in bare_mongo.c and bare_commit.c
CONNECTIONS = 64
JSON_TYPE = {"Content-Type": "application/json"}

# The cores that we may use. Where there are only two, a server on both shares them with its load.
ALL = sorted(os.sched_getaffinity(0))
ONE, REST_OF_ONE = ALL[:1], ALL[1:] or ALL
TWO, REST_OF_TWO = ALL[:2], ALL[2:] or ALL


class Failed(Exception):
    """A measurement that would not have been an honest one."""


def pinned(cores, command):
    return ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]


class Server:
    """A program on some cores, until the end of its `with`. reads: the stream that we read."""

    def __init__(self, command, cores, environment=None, reads=None):
        self.process = subprocess.Popen(
            pinned(cores, command),
            stdin=subprocess.PIPE,  # some end when it does
            stdout=subprocess.PIPE if reads == "stdout" else None,
            stderr=subprocess.PIPE if reads == "stderr" else None,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.pid = self.process.pid
        self.drain = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            for stream in filter(None, (self.process.stdout, self.process.stderr)):
                stream.close()
            if self.drain:
                self.drain.wait()

    def address(self):
        """orgd's, from its log. What it logs later is read and thrown away, so that it pays for it."""
        for line in self.process.stderr:
            found = re.search(r"msg=listening addr=(\S+)", line)
            if found:
                self.drain = subprocess.Popen(
                    pinned(REST_OF_ONE, ["cat"]), stdin=self.process.stderr, stdout=subprocess.DEVNULL
                )
                return f"http://{found.group(1)}"
        raise Failed("orgd did not start")

    def memory_kb(self, what="VmRSS"):
        """VmRSS is what is resident now, VmHWM the most since forget_peak()."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB", text, re.M).group(1))

    @contextmanager
    def paused(self):
        """It does nothing for a while, also of what it does by itself."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def forget_peak(self):
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def orgd(cores, *flags):
    """(server, address) of an orgd with default settings but for these flags."""
    words = [ORGD, "serve", "--listen", "127.0.0.1:0", *flags]
    with Server(words, cores, reads="stderr") as server:
        yield server, server.address()


def embedded(directory, cores, *flags):
    return orgd(cores, "--store", "sqlite", "--data", directory, *flags)


def build_reference(name, library=None):
    """Compiles bench/NAME.c against a library; gives the program."""
    REFERENCES.mkdir(exist_ok=True)
    source, program = ROOT / "bench" / f"{name}.c", REFERENCES / name
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    flags = []
    if library:
        words = ["pkg-config", "--cflags", "--libs", library]
        flags = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    words = ["cc", "-O2", "-D_GNU_SOURCE", "-o", program, source, *flags, "-lpthread"]
    subprocess.run(words, check=True)
    return program


@dataclass(frozen=True)
class Load:
    """What a load saw. busy: the part of their time that the cores of its maker worked, 1 at most."""

    rate: float
    p50_ms: float
    p99_ms: float
    busy: float = 0.0


def bare(program, cores, *words):
    """A reference that prints its operations a second, and where it has them p50 and p99 in µs."""
    done = subprocess.run(pinned(cores, [program, *words]), capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{program.name}: {done.stderr.strip()}")
    rate, *times = map(float, done.stdout.split())
    p50, p99 = times[:2] or (0, 0)
    return Load(rate, p50 / 1000, p99 / 1000)


class Wrk:
    """wrk at work in the background; result() waits for its end. In a `with`, it ends with it."""

    def __init__(self, url, connections, seconds, cores, script=None):
        self.threads = len(cores) if connections >= 16 else 1
        words = ["wrk", f"-t{self.threads}", f"-c{connections}", f"-d{seconds}s", "--latency"]
        words += ["--timeout", "20s", *(["-s", script] if script else []), url]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(pinned(cores, words), stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def result(self):
        output = self.process.stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        worked = usage.ru_utime + usage.ru_stime
        return read_wrk(output, worked / ((time.monotonic() - self.begun) * self.threads))


def read_wrk(output, busy=0.0):
    """wrk's output as a Load. An answer other than 2xx, or a broken connection, makes it worthless."""
    for wrong in ("Non-2xx", "Socket errors"):
        found = re.search(rf"{wrong}.*", output)
        if found:
            raise Failed(f"wrk: {found.group(0)}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if not rate or float(rate.group(1)) == 0:
        raise Failed(f"wrk: no request was answered: {' '.join(output.split())[:80]}")
    times = (
        float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]
        for number, unit in re.findall(r"^\s+(?:50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", output, re.M)
    )
    return Load(float(rate.group(1)), *times, min(busy, 1.0))


def wrk(url, connections, seconds, cores, script=None):
    with Wrk(url, connections, seconds, cores, script) as load:
        return load.result()


def lua_headers(headers):
    return "".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}\n" for k, v in headers.items())


def script(name, method, paths, headers=None, body=None):
    """A script for wrk, which sends requests to these paths in turn.

    paths: Lua that gives the n-th path, and how many there are; it may call next_line() where there is
           a file of lines besides. The requests are made before the clock
           starts, in no time to speak of: the first thread of wrk is at work, and counted, while those
           of the others are made. Each thread begins elsewhere among them."""
    path, count, *lines = paths
    text = json.dumps(json.dumps(body)) if body is not None else "nil"
    made = "".join(f'    local next_line = io.lines("{file}")\n' for file in lines) + (
        f'    local whole = wrk.format("{method}", "/PATH", nil, {text})\n'
        '    local at_path = whole:find("/PATH", 1, true)\n'
        "    local head, tail = whole:sub(1, at_path - 1), whole:sub(at_path + 5)\n"
        f"    for n = 0, {count - 1} do\n"
        f"        requests[n + 1] = head .. {path} .. tail\n"
        "    end\n"
    )
    return sending(name, lua_headers(headers or {}), made, count)


def script_of_callers(name, callers):
    """A script for wrk, which asks for each (path, token) in turn."""
    made = "".join(
        f'    requests[{n}] = wrk.format("GET", "{path}", {{Authorization = "Bearer {token}"}})\n'
        for n, (path, token) in enumerate(callers, 1)
    )
    return sending(name, "", made, len(callers))


def sending(name, headers, made, count):
    """The script's file. made: Lua that fills `requests`, of which there are so many."""
    REFERENCES.mkdir(exist_ok=True)
    file = REFERENCES / f"{name}.lua"
    file.write_text(
        f"{headers}"
        "local requests, at, threads = {}, 0, 0\n"
        "function setup(thread)\n"
        "    threads = threads + 1\n"
        '    thread:set("number", threads)\n'
        "end\n"
        "function init()\n"
        "    math.randomseed(os.time() * 64 + number)\n"
        f"{made}"
        f"    at = math.random(0, {count - 1})\n"
        "end\n"
        "function request()\n"
        f"    at = at % {count} + 1\n"
        "    return requests[at]\n"
        "end\n"
    )
    return file


def call(method, url, body=None, token=None):
    """The JSON answer to a JSON request; None where it has no body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**JSON_TYPE, **bearer(token)}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        raise Failed(f"{method} {url}: {error.code} {error.read().decode()}") from None


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


def sign_up(address, number=0):
    """Makes the organization of a number; gives it."""
    name, email = company(number)
    names = {"organization_name": name, "email": email}
    return call("POST", f"{address}/org/create", {**names, "password": PASSWORD})


def log_in(address, number=0):
    """The token of the organization of a number."""
    return session(address, number)["access_token"]


def session(address, number):
    """What the administrator of the organization of a number is told at a login."""
    login = {"email": company(number)[1], "password": PASSWORD}
    return call("POST", f"{address}/admin/login", login)


def documents_of(organization):
    return documents_at(organization["id"])


def documents_at(organization_id):
    return f"/v1/organizations/{organization_id}/documents"


def wait_until(answers, seconds=60):
    """Tries again while the connection is refused; gives the answer."""
    until = time.monotonic() + seconds
    while True:
        try:
            return answers()
        except OSError:
            if time.monotonic() > until:
                raise Failed("a server did not start") from None
            time.sleep(0.002)


def in_turns(rounds, *measures):
    """The results of each measure, called `rounds` times in turns, every other round backwards."""
    results = [[] for _ in measures]
    for number in range(rounds):
        turn = list(zip(measures, results))
        for measure, found in turn[:: -1 if number % 2 else 1]:
            found.append(measure())
    return results


def median_ratio(ours, theirs):
    """The median of what pairs of neighbours in time come to."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs))
