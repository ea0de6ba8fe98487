"""Keeps a host's own files where people look for them: what was removed while it runs is begun anew."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from qtcore.telemetry.setup import Telemetry

PERIOD_S = 2.0
"""What is written into a removed file for so long is lost."""


async def keep_files(telemetry: Telemetry, output: Path, removed: Callable[[Path], None]) -> None:
    """Look until cancelled; `removed` hears of each file that was gone and has been begun anew."""
    while True:
        await asyncio.sleep(PERIOD_S)
        for path in (*telemetry.mend(), *mend_output(output)):
            removed(path)


def mend_output(path: Path, standard: tuple[int, ...] = (1, 2)) -> list[Path]:
    """Send what this process prints to a new file when `path`, its present one, is gone."""
    if path.exists() or not path.parent.parent.exists():
        return []
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return []  # the supervisor's finding about the disk says it; the next look tries again
    for descriptor in standard:
        os.dup2(fresh, descriptor)
    os.close(fresh)
    return [path]
