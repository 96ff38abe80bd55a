"""Runs the real program and talks to it.

Server starts, watches and stops one orgd; Organization is a tenant on it with its administrator's
credentials; Connection is one raw connection for tests that care about bytes.
"""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CHECKOUT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("ORGD_BIN", CHECKOUT / "build" / "orgd")).resolve()

START_SECONDS = 5  # until the log says where it listens
STOP_SECONDS = 10  # the contract's, from the signal to the exit
PASSWORD = "Correct-Horse-Battery-9"

# What may pass from the test's own environment to the program's.
PASSED_ON = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")

_numbers = itertools.count(1)


def unique(prefix="Org"):
    """A name that no other test, worker or run uses; also good as part of an address."""
    return f"{prefix}{next(_numbers)}x{uuid.uuid4().hex[:12]}"


def unique_email():
    return f"{unique('admin').lower()}@example.com"


def clean_environment(extra=None):
    """The environment a child gets: nothing of ours but PATH and sanitizer options, then extra,
    where None for a value takes a name out."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment.update(extra or {})
    return {name: value for name, value in environment.items() if value is not None}


def run(*arguments, environment=None, directory=None, timeout=15):
    """Runs `orgd ARGUMENTS…` to its end; gives the CompletedProcess with text output."""
    return subprocess.run(
        [str(BINARY), *arguments],
        env=clean_environment(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


_LOGFMT_PAIR = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"=]*))(?: |$)')


def parse_logfmt(line):
    """The pairs of one log line as a dict; ValueError where it is no logfmt."""
    pairs = {}
    at = 0
    while at < len(line):
        match = _LOGFMT_PAIR.match(line, at)
        if not match:
            raise ValueError(f"not logfmt at {at}: {line!r}")
        key, quoted, bare = match.groups()
        if key in pairs:
            raise ValueError(f"{key} twice: {line!r}")
        pairs[key] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
        at = match.end()
    if "msg" not in pairs or "level" not in pairs or "ts" not in pairs:
        raise ValueError(f"ts, level or msg is missing: {line!r}")
    return pairs


def split_address(text):
    """`127.0.0.1:8000` or `[::1]:8000` as (host, port)."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


@dataclass
class Organization:
    """A tenant with its administrator's credentials; token is set by Server.new_tenant."""

    name: str
    email: str
    password: str
    body: dict = field(default_factory=dict)  # what create answered
    token: str = ""

    @property
    def id(self):
        return self.body["id"]

    @property
    def slug(self):
        return self.body["slug"]

    @property
    def headers(self):
        return bearer(self.token)

    @property
    def documents(self):
        """Path of its documents."""
        return f"/v1/organizations/{self.id}/documents"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Server:
    """One orgd on a free port. Its directory is kept until close(), also over a restart."""

    def __init__(self, settings=None, flags=(), environment=None):
        """settings: the environment that says where the store is (see conftest's store_settings);
        environment: on top of it, None for a value takes a name out; flags: words after `serve`."""
        self.directory = Path(tempfile.mkdtemp(prefix="orgd-test-"))
        self.data = self.directory / "data"
        self.environment = {"ORGD_LISTEN": "127.0.0.1:0", "ORGD_DATA": str(self.data)}
        self.environment.update(settings or {})
        self.environment.update(environment or {})
        self.flags = list(flags)
        self.process = None
        self.addresses = []
        self.log = []  # lines of this and earlier runs
        self.secrets = set()  # what must never be in the log
        self._client = None
        self._log_grew = threading.Condition()
        self._reader = None

    # Life

    def start(self, listeners=1, timeout=START_SECONDS):
        """Starts the program and waits until it says that it listens, on as many addresses."""
        first = len(self.log)
        self.addresses = []
        self.process = subprocess.Popen(
            [str(BINARY), "serve", *self.flags],
            env=clean_environment(self.environment),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._reader = threading.Thread(
            target=self._drain, args=(self.process.stderr,), daemon=True
        )
        self._reader.start()
        deadline = time.monotonic() + timeout
        with self._log_grew:
            while True:
                found = [e["addr"] for e in self._events(first) if e.get("msg") == "listening"]
                if len(found) >= listeners:
                    break
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    break
                self._log_grew.wait(min(left, 0.2))
        if len(found) < listeners:
            self.kill()
            raise AssertionError(f"orgd does not listen; its log:\n{self.log_text(first)}")
        self.addresses = [split_address(address) for address in found]
        return self

    def _drain(self, stream):
        for line in stream:
            with self._log_grew:
                self.log.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self._log_grew.notify_all()
        stream.close()

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=STOP_SECONDS):
        """Waits for the exit and the rest of the log; gives the exit code."""
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        if self._client:
            self._client.close()
            self._client = None
        return code

    def stop(self, number=signal.SIGTERM, timeout=STOP_SECONDS):
        """Stops it gracefully; gives the exit code."""
        self.send_signal(number)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL: nothing is closed or written any more."""
        if self.running:
            self.process.kill()
        return self.wait()

    def restart(self, number=signal.SIGTERM):
        """Stops it, by SIGKILL where number says so, and starts it again on the same directory."""
        code = self.stop(number)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0), self.log_text()
        return self.start(listeners=len(self.addresses))

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def close(self):
        """Stops it where it runs, removes its directory, and judges its log: every line is logfmt,
        nothing secret is in it, nothing crashed."""
        try:
            if self.running:
                code = self.stop()
                assert code == 0, f"exit code {code}\n{self.log_text()}"
            self.check_log()
        finally:
            if self.running:
                self.kill()
            if self._client:
                self._client.close()
                self._client = None
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Log

    def log_text(self, first=0):
        with self._log_grew:
            return "\n".join(self.log[first:])

    def _events(self, first=0):
        """Parsed lines; those that do not parse are left to check_log()."""
        events = []
        for line in self.log[first:]:
            try:
                events.append(parse_logfmt(line))
            except ValueError:
                continue
        return events

    def events(self, **pairs):
        """The log's lines that have all these pairs, as dicts."""
        with self._log_grew:
            events = self._events()
        return [e for e in events if all(e.get(k) == v for k, v in pairs.items())]

    def wait_event(self, timeout=5, **pairs):
        """The first log line that has all these pairs; waits for it."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.events(**pairs)
            if found:
                return found[0]
            if time.monotonic() > deadline:
                raise AssertionError(f"no line with {pairs} in the log:\n{self.log_text()}")
            time.sleep(0.01)

    def check_log(self):
        with self._log_grew:
            lines = list(self.log)
        for line in lines:
            parse_logfmt(line)
        text = "\n".join(lines)
        for secret in self.secrets:
            assert secret not in text, f"{secret!r} is in the log"
        assert "$argon2" not in text and "eyJ" not in text, "a hash or a token is in the log"

    # Client

    @property
    def address(self):
        return self.addresses[0]

    @property
    def url(self):
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def client(self):
        """An httpx client with this server's address as its base; of the present run."""
        if self._client is None:
            self._client = self.new_client()
        return self._client

    def new_client(self, **options):
        """A client of its own, for threads and for its own connections; the caller closes it."""
        options.setdefault("timeout", 20)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        return httpx.Client(base_url=self.url, trust_env=False, limits=limits, **options)

    def connect(self, **options):
        return Connection(self.address, **options)

    def create_org(self, name=None, email=None, password=PASSWORD, client=None):
        """Creates an organization that must be created."""
        org = Organization(name or unique(), email or unique_email(), password)
        self.secrets.add(password)
        response = (client or self.client).post(
            "/org/create",
            json={"organization_name": org.name, "email": org.email, "password": password},
        )
        assert response.status_code == 200, response.text
        org.body = response.json()
        return org

    def login(self, email, password=PASSWORD, client=None):
        """Logs in, which must succeed; gives the token."""
        self.secrets.add(password)
        response = (client or self.client).post(
            "/admin/login", json={"email": email, "password": password}
        )
        assert response.status_code == 200, response.text
        token = response.json()["access_token"]
        self.secrets.add(token)
        return token

    def new_tenant(self, **options):
        """A new organization whose administrator is logged in."""
        org = self.create_org(**options)
        org.token = self.login(org.email, org.password)
        return org


@dataclass
class RawResponse:
    status: int
    version: str
    headers: list  # of (name in lower case, value), as they came
    body: bytes

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None


class ClosedEarly(AssertionError):
    """The server closed the connection where (more of) an answer was due."""


class Connection:
    """One TCP connection: exact bytes out, parsed answers in, interim (1xx) ones apart."""

    def __init__(self, address, timeout=15, source=None, receive_buffer=None):
        host, port = address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.interim = []  # statuses of the 1xx answers seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends all of it; a server that has closed by then is no error here, reading tells."""
        if isinstance(data, str):
            data = data.encode("latin-1")
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end_of_input(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _more(self):
        """Reads on; False at the end of the stream, a reset included."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.received += data
        return bool(data)

    def _until(self, mark):
        while mark not in self.received:
            if not self._more():
                raise ClosedEarly(f"closed after {self.received!r}")
        part, _, self.received = self.received.partition(mark)
        return part

    def _exactly(self, count):
        while len(self.received) < count:
            if not self._more():
                raise ClosedEarly(f"closed {count - len(self.received)} bytes early")
        part, self.received = self.received[:count], self.received[count:]
        return part

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self._until(b"\r\n"):
                    pass
                return body
            body += self._exactly(size)
            assert self._exactly(2) == b"\r\n"

    def response(self, method="GET"):
        """Reads the next final answer; method says whether a body can follow its header."""
        while True:
            lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            match = re.fullmatch(r"(HTTP/1\.[01]) (\d{3})(?: .*)?", lines[0])
            assert match, f"no status line: {lines[0]!r}"
            status = int(match[2])
            headers = []
            for line in lines[1:]:
                assert re.match(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:", line), f"no header: {line!r}"
                name, _, value = line.partition(":")
                headers.append((name.lower(), value.strip()))
            if status >= 200:
                break
            self.interim.append(status)
        answer = RawResponse(status, match[1], headers, b"")
        lengths = answer.all("content-length")
        if method == "HEAD" or status in (204, 304):
            return answer
        if "chunked" in (answer.get("transfer-encoding") or ""):
            answer.body = self._chunks()
        elif lengths:
            assert len(set(lengths)) == 1
            answer.body = self._exactly(int(lengths[0]))
        else:
            while self._more():
                pass
            answer.body, self.received = self.received, b""
        return answer

    def wait_interim(self):
        """Reads one header block, which must be a 1xx; gives its status."""
        line = self._until(b"\r\n\r\n").split(b"\r\n")[0]
        status = int(line.split(b" ")[1])
        assert status < 200, line
        self.interim.append(status)
        return status

    def ended(self, timeout=5):
        """True where the server closes within the time; what it still sends is kept in received."""
        before = self.socket.gettimeout()
        deadline = time.monotonic() + timeout
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.socket.settimeout(left)
                try:
                    if not self._more():
                        return True
                except TimeoutError:
                    return False
        finally:
            self.socket.settimeout(before)

    def responses_until_end(self, methods=(), timeout=10):
        """Every answer up to the close by the server, which must come within the time."""
        assert self.ended(timeout), f"the connection stays open after {self.received!r}"
        answers = []
        for method in itertools.chain(methods, itertools.repeat("GET")):
            if not self.received:
                return answers
            answers.append(self.response(method))


def request_bytes(method, target, headers=(), body=b"", host="orgd.test", version="HTTP/1.1"):
    """A plain request; with a body also its Content-Length. headers: of (name, value)."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
