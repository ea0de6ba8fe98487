"""Makes host processes, the quickest way there is at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from qtcore.hosts.board import Board
from qtcore.hosts.process import HostProcess
from qtcore.hosts.spec import HostSpec


class Launcher:
    """`async with Launcher(board, logs_dir=..., preload_sets=...) as launcher: await launcher.spawn(spec)`.

    Leaving the block kills every host that still lives and ends the fork servers.
    """

    def __init__(self, board: Board, *, logs_dir: Path, preload_sets: Sequence[tuple[str, ...]] = ()) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(self, *exc: object) -> None:
        raise NotImplementedError

    async def spawn(self, spec: HostSpec) -> HostProcess:
        """Create the process; raises EnvironmentRefused when the machine has none to give."""
        raise NotImplementedError
