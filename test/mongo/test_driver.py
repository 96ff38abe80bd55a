"""What the driver does in a process by itself must not show."""

from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")


def test_killed_server_leaves_nothing_in_shared_memory(serve):
    """The driver counts in a piece of shared memory that it removes when it is closed down, and a process
    that finds one of its own number there from before complains on standard error."""
    before = set(SHARED_MEMORY.iterdir())  # other programs', of which one had this process' number
    server = serve()
    server.kill()
    found = {path.name for path in set(SHARED_MEMORY.iterdir()) - before}
    assert f"mongoc-{server.process.pid}" not in found
