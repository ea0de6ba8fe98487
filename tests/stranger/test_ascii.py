"""A terminal that knows only ASCII."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_reading_on_an_ascii_terminal_is_no_traceback(tmp_path: Path) -> None:
    """What the terminal cannot show is replaced; the exit code stays that of the reading."""
    done = subprocess.run(
        [sys.executable, "-m", "qtcore.cli.main", "status", "--home", str(tmp_path / "hjem-æøå")],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout + done.stderr
