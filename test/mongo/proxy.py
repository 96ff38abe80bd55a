"""A proxy between orgd and a MongoDB server that makes the network and the server fail on purpose.

It understands enough of the wire protocol (OP_MSG, and the old OP_QUERY of a first hello) to pick a
command by name and to do one of these with it:

    answer(document)   answer in the server's place; the server never sees the command
    drop()             end the connection; the server never sees the command
    lose()             let the server do it, and end the connection instead of passing the answer on
    cut()              pass half of the answer on, then reset the connection
    hang(seconds)      let the server do it, and keep the answer back
    alter(function)    let the server do it, and change its answer

    with Proxy(server_url) as proxy:
        proxy.rule("insert", lose(), collection="org_acme", times=1)
        ... orgd on proxy.url ...

A rule that is used up is gone. Without rules everything passes through.
"""

import itertools
import socket
import struct
import threading
from urllib.parse import urlsplit

import bson

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")
MORE_TO_COME = 2


class Closed(Exception):
    """One side has ended the connection."""


class Action:
    """What becomes of one command; see the functions below."""

    def __init__(self, kind, value=None):
        self.kind, self.value = kind, value


def answer(document):
    return Action("answer", document)


def not_primary():
    """What a server says that has just become a secondary; nothing was done."""
    return answer(
        {
            "ok": 0.0,
            "errmsg": "not primary",
            "code": 10107,
            "codeName": "NotWritablePrimary",
            "errorLabels": ["RetryableWriteError"],
        }
    )


def duplicate_key(index="name_key_1"):
    """A unique index refuses the (only) document of an insert."""
    message = f"E11000 duplicate key error collection: x.y index: {index} dup key: {{ }}"
    return answer({"n": 0, "writeErrors": [{"index": 0, "code": 11000, "errmsg": message}], "ok": 1.0})


def drop():
    return Action("drop")


def lose():
    return Action("lose")


def cut():
    return Action("cut")


def hang(seconds):
    return Action("hang", seconds)


def alter(function):
    return Action("alter", function)


class Rule:
    def __init__(self, command, action, collection, where, times, skip):
        self.command, self.action, self.collection, self.where = command, action, collection, where
        self.times, self.skip = times, skip
        self.used = 0
        self.happened = threading.Event()

    def fits(self, document):
        name = next(iter(document))
        if self.command not in ("*", name):
            return False
        if self.collection is not None and document[name] != self.collection:
            return False
        return self.where is None or self.where(document)

    def wait(self, timeout=20):
        """Until it was used for the first time; fails the test where that doesn't come."""
        assert self.happened.wait(timeout), f"no {self.command} came"


class Proxy:
    def __init__(self, server_url, port=0):
        target = urlsplit(server_url)
        self.target = (target.hostname, target.port or 27017)
        self.suffix = (target.path or "/") + (f"?{target.query}" if target.query else "")
        self.lock = threading.Lock()
        self.rules = []
        self.sockets = set()
        self.commands = []  # (name, collection) of every command but hellos, in order
        self.is_down = False
        self.replies = None  # of retryable writes by session and number: see ReplicaSet
        self.listener = self.listen(port)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"mongodb://127.0.0.1:{self.port}{self.suffix}"

    @staticmethod
    def listen(port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
        return listener

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.is_down = True
        self.listener.close()
        self.reset_all()

    # What a test says.

    def rule(self, command, action, collection=None, where=None, times=1, skip=0):
        """Applies action to the next `times` commands of this name ("*": any), after `skip` others; None:
        to all of them. where: a function of the command document."""
        made = Rule(command, action, collection, where, times, skip)
        with self.lock:
            self.rules.append(made)
        return made

    def clear(self):
        with self.lock:
            self.rules.clear()

    def down(self):
        """No connection lives, and new ones are ended at once, until up()."""
        self.is_down = True
        self.reset_all()

    def up(self):
        self.is_down = False

    def reset_all(self):
        with self.lock:
            sockets = list(self.sockets)
        for each in sockets:
            reset(each)

    # What it does.

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_down:
                reset(client)
                continue
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = None
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.create_connection(self.target, timeout=60)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.sockets |= {client, server}
            if self.is_down:
                raise Closed
            while True:
                self.one(client, server)
        except (Closed, OSError):
            pass
        finally:
            with self.lock:
                self.sockets -= {client, server}
            reset(client)
            if server:
                reset(server)

    def action_for(self, document):
        with self.lock:
            for rule in self.rules:
                if not rule.fits(document):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.used += 1
                if rule.times is not None and rule.used >= rule.times:
                    self.rules.remove(rule)
                rule.happened.set()
                return rule.action
        return Action("pass")

    def one(self, client, server):
        """One command and its answer."""
        message = read_message(client)
        document = command_of(message)
        name = next(iter(document))
        if name.lower() not in ("hello", "ismaster"):
            with self.lock:
                self.commands.append((name, document[name]))
        action = self.action_for(document)
        if action.kind == "drop":
            raise Closed
        if action.kind == "answer":
            client.sendall(reply_to(message, action.value))
            return
        reply = self.let_server_answer(message, document, server)
        if reply is None:
            return
        if action.kind == "lose":
            raise Closed
        if action.kind == "cut":
            client.sendall(reply[: len(reply) // 2])
            raise Closed
        if action.kind == "hang":
            threading.Event().wait(action.value)
        if action.kind == "alter":
            reply = reply_to(message, action.value(answer_of(reply)))
        client.sendall(reply)


    def let_server_answer(self, message, document, server):
        """The server's answer, or None where there is none. A retryable write that was done before gets
        the answer from then, as from a replica set."""
        write = None
        if self.replies is not None and "txnNumber" in document:
            write = (bytes(document["lsid"]["id"]), document["txnNumber"])
            if write in self.replies:
                return reply_to(message, self.replies[write])
        server.sendall(message)
        if is_unanswered(message):
            return None
        reply = read_message(server)
        if write:
            self.replies[write] = answer_of(reply)
        return reply


class ReplicaSet:
    """Two proxies in front of one server, which look like a replica set's members: one is the primary,
    the other a secondary that refuses writes. Retryable writes are done once, as the drivers expect."""

    NAME = "rs0"

    def __init__(self, server_url):
        self.members = [Proxy(server_url), Proxy(server_url)]
        self.primary = 0
        self.election = 1
        replies = {}
        for number, member in enumerate(self.members):
            member.replies = replies
            for name in ("hello", "isMaster", "ismaster"):
                member.rule(name, alter(lambda hello, n=number: self.hello(hello, n)), times=None)
            member.rule(
                "*",
                not_primary(),
                where=lambda command, n=number: n != self.primary and is_for_primary(command),
                times=None,
            )

    @property
    def url(self):
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        return f"mongodb://{hosts}/?replicaSet={self.NAME}"

    def hello(self, hello, number):
        is_primary = number == self.primary
        hosts = [f"127.0.0.1:{member.port}" for member in self.members]
        role = {"isWritablePrimary": is_primary, "ismaster": is_primary, "secondary": not is_primary}
        if is_primary:
            role["electionId"] = bson.ObjectId(f"{self.election:024x}")
        hello.update(role, setName=self.NAME, setVersion=1, hosts=hosts, me=hosts[number])
        hello["primary"] = hosts[self.primary]
        return hello

    def step_down(self, ends_connections=True):
        """The other member becomes the primary."""
        self.primary = 1 - self.primary
        self.election += 1
        if ends_connections:
            self.members[1 - self.primary].reset_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.close()


def is_for_primary(command):
    """Whether a secondary refuses it: writes, and reads that don't say that a secondary will do."""
    name = next(iter(command))
    if name.lower() in ("hello", "ismaster", "ping", "buildinfo", "endsessions", "killcursors"):
        return False
    mode = command.get("$readPreference", {}).get("mode", "primary")
    return name not in ("find", "count", "aggregate", "getMore", "listCollections") or mode == "primary"


def reset(sock):
    """Ends a connection as a dead machine's network would: with a reset, and without what is unsent."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


def read_exactly(sock, count):
    parts = []
    while count > 0:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            raise Closed
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_message(sock):
    header = read_exactly(sock, HEADER.size)
    length = HEADER.unpack(header)[0]
    if not HEADER.size < length <= 64 * 1024 * 1024:
        raise Closed
    return header + read_exactly(sock, length - HEADER.size)


def first_document(message, offset):
    length = struct.unpack_from("<i", message, offset)[0]
    return bson.decode(message[offset : offset + length])


def command_of(message):
    """The command's document, without what an OP_MSG carries in sections of kind 1."""
    opcode = HEADER.unpack_from(message)[3]
    if opcode == OP_QUERY:
        after_name = message.index(b"\0", HEADER.size + 4) + 1
        return first_document(message, after_name + 8)
    if opcode != OP_MSG:
        raise Closed
    offset = HEADER.size + 4
    while message[offset] != 0:  # sections of kind 1 may come first
        offset += 1 + struct.unpack_from("<i", message, offset + 1)[0]
    return first_document(message, offset + 1)


def is_unanswered(message):
    _, _, _, opcode = HEADER.unpack_from(message)
    flags = struct.unpack_from("<I", message, HEADER.size)[0]
    return opcode == OP_MSG and bool(flags & MORE_TO_COME)


def answer_of(reply):
    opcode = HEADER.unpack_from(reply)[3]
    return first_document(reply, HEADER.size + (20 if opcode == OP_REPLY else 5))


NEXT_ID = itertools.count(1)


def reply_to(message, document):
    """An answer to message, in the kind that it asks for."""
    _, request_id, _, opcode = HEADER.unpack_from(message)
    body = bson.encode(document)
    if opcode == OP_QUERY:
        body = struct.pack("<iqii", 8, 0, 0, 1) + body
        kind = OP_REPLY
    else:
        body = struct.pack("<IB", 0, 0) + body
        kind = OP_MSG
    return HEADER.pack(HEADER.size + len(body), next(NEXT_ID), request_id, kind) + body
