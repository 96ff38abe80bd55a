"""Two instances under load that are killed at random, as one of the suite; test/crash/crash_instances.py runs
longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import orgd

CRASH = Path(__file__).resolve().parents[1] / "crash"
KILLS = int(os.environ.get("ORGD_TEST_INSTANCE_KILLS", "8"))

pytestmark = pytest.mark.timeout(120 + 30 * KILLS)


def test_no_acknowledged_change_is_lost_and_nothing_is_left_over(database_url):
    command = [sys.executable, CRASH / "crash_instances.py", "--mongo-url", database_url]
    command += ["--kills", str(KILLS), "--workers", "6", "--binary", orgd.BINARY]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
