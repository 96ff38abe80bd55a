"""The measurements' own parts that need no server: bench/ as a place to import from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
