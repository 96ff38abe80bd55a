"""What every measurement needs: servers on chosen cores, references built here, and wrk."""

import json
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = ROOT / "build-bench"


class Process:
    """A server on some cores, ended by its id."""

    def __init__(self, command, cores, environment=None):
        self.process = subprocess.Popen(
            ["taskset", "-c", cores, *map(str, command)],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def address(self):
        for line in self.process.stderr:
            found = re.search(r"msg=listening addr=(\S+)", line)
            if found:
                # Nobody reads the rest of the log; the server drops lines then, and goes on.
                return f"http://{found.group(1)}"
        raise SystemExit("the server did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)


def build_reference(name, library):
    """Compiles bench/NAME.c against a library; gives the program."""
    REFERENCES.mkdir(exist_ok=True)
    program = REFERENCES / name
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", library], capture_output=True, text=True, check=True
    ).stdout.split()
    source = ROOT / "bench" / f"{name}.c"
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, source, *flags, "-lpthread"], check=True)
    return program


def call(method, url, body=None, token=None):
    """The JSON answer to a JSON request."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def wrk(url, connections, seconds, cores, script=None):
    """Requests a second, and the p99 in milliseconds."""
    command = ["taskset", "-c", cores, "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency"]
    output = subprocess.run(
        [*command, *(["-s", script] if script else []), url], capture_output=True, text=True, check=True
    ).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
