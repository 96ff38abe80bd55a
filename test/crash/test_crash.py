"""The crash test as one of the suite: 50 kills. The program beside it runs longer."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
KILLS = int(os.environ.get("ORGD_TEST_KILLS", "50"))

pytestmark = pytest.mark.timeout(60 + 10 * KILLS)


def test_crash__no_acknowledged_change_is_lost_and_nothing_is_half_done():
    # Other tests share the cores here, so a restart gets the contract's 5 s; alone it is held to 1 s.
    command = [sys.executable, HERE / "crash.py", "--kills", str(KILLS), "--ready-limit-s", "5"]
    if "ORGD_BIN" in os.environ:
        command += ["--binary", os.environ["ORGD_BIN"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
