"""What the driver does in a process by itself must not show."""

from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")


def of_process(pid):
    """What is in shared memory under the name of this process."""
    return [found.name for found in SHARED_MEMORY.glob(f"*-{pid}")]


def test_killed_server_leaves_nothing_in_shared_memory(serve):
    """The driver counts in a piece of shared memory that it removes when it is closed down, and a process
    that finds one of its own number there from before complains on standard error."""
    server = serve()
    pid = server.process.pid
    server.kill()
    assert of_process(pid) == []
