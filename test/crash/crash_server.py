"""The server under test as a process that can be killed, and a client that says which calls were answered.

Nothing but the standard library, so that the crash test runs for hours on any machine.
"""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time

LISTENING = "msg=listening"


class Unanswered(Exception):
    """The connection ended before a whole answer came: the change may or may not have happened."""


class Broken(Exception):
    """The server did what it never may; the text says what."""


class Server:
    """One data directory, one process at a time."""

    def __init__(self, binary, directory, arguments=()):
        self.binary = str(binary)
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.arguments = list(arguments)
        self.process = None
        self.port = None
        self.starts = 0

    def spawn(self):
        """Starts the process and returns at once."""
        self.starts += 1
        self.log = self.directory / f"server-{self.starts % 3}.log"
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("ORGD_", "JWT_", "MONGO_", "ACCESS_TOKEN_"))
        }
        environment["ORGD_LOGIN_FAILURES"] = "0"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data)]
                + self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.directory,
            )
        self.port = None

    def start(self, limit_s=30.0):
        """Starts the process; the seconds from there to the first 200 of /readyz."""
        begun = time.monotonic()
        self.spawn()
        while time.monotonic() - begun < limit_s:
            if self.process.poll() is not None:
                raise Broken(f"the server ended by itself: {self.log_tail()}")
            if self._ready():
                return time.monotonic() - begun
            time.sleep(0.002)
        raise Broken(f"not ready within {limit_s} s: {self.log_tail()}")

    def _ready(self):
        if self.port is None:
            for line in self.log.read_text(errors="replace").splitlines():
                if LISTENING in line:
                    address = line.split("addr=", 1)[1].split()[0]
                    self.port = int(address.rsplit(":", 1)[1])
            if self.port is None:
                return False
        try:
            return Client(self.port).call("GET", "/readyz")[0] == 200
        except Unanswered:
            return False

    def kill(self):
        """SIGKILL, and waits until the process is gone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def log_tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Client:
    """One kept connection."""

    def __init__(self, port, timeout_s=20.0):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def call(self, method, path, body=None, token=None):
        """(status, headers in lower case, decoded body or None); Unanswered where no whole answer came."""
        headers = {}
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self.connection.request(method, path, data, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise Unanswered(f"{type(error).__name__}: {error}") from None
        received = {key.lower(): value for key, value in answer.getheaders()}
        if not content:
            return answer.status, received, None
        try:
            return answer.status, received, json.loads(content)
        except ValueError:
            raise Broken(f"{method} {path}: {answer.status} with a body that is no JSON") from None

    def close(self):
        self.connection.close()
