#!/usr/bin/env python3
"""Kills the server with SIGKILL under load, again and again, and compares what was acknowledged with
what is there after the restart.

    test/crash/crash.py --kills 50
    test/crash/crash.py --kills 20000 --seed 7 --workers 16      # for hours

It ends with a line of figures; exit status 0 where everything held, 1 where something did not: then the
data directory as it was found and the seed are named.
"""

import sqlite3
import sys

from crash_run import Run, conduct, parse, parser
from crash_server import Broken, Server

START_S = 0.04  # about the time that a start takes


class EmbeddedRun(Run):
    def __init__(self, options):
        super().__init__(options)
        self.servers = [Server(options.binary, self.directory)]

    def kill(self):
        self.server.kill()

    def restart(self):
        self.start_again(self.server, START_S)

    def finish(self):
        super().finish()
        self.check_files()
        if max(self.ready_s) > self.options.ready_limit_s:
            raise Broken(f"a restart took {max(self.ready_s):.3f} s: {self.summary()}")

    def check_files(self):
        """SQLite's own opinion of its file."""
        for path in self.server.data.iterdir():
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
                connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                found = connection.execute("PRAGMA integrity_check").fetchall()
                broken = connection.execute("PRAGMA foreign_key_check").fetchall()
                connection.close()
                if found != [("ok",)] or broken:
                    raise Broken(f"{path.name}: {found[:3]} {broken[:3]}")


def main(arguments=None):
    options = parser(__doc__, kills=50, load_ms=900)
    options.add_argument("--ready-limit-s", type=float, default=1.0, help="for each restart")
    return conduct(EmbeddedRun(parse(options, arguments)))


if __name__ == "__main__":
    sys.exit(main())
