"""Which generations were ever reserved: counted so that none is ever reserved twice, whatever was lost."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from qtcore.errors import QtError
from qtcore.records.journal_reader import JournalReader
from qtcore.records.journal_schema import sync_folder
from qtcore.records.state_reader import counters_seen

UNSETTLED_MARGIN = 1_000_000
"""Far above what one run could reserve while the disk took no writes."""


class JournalUnwritable(QtError):
    """The disk takes neither the reservation of a generation nor the sign that stands in for it."""


@dataclass(frozen=True, slots=True)
class SettledMark:
    """A file that says: every reserved generation is in the journal.

    A full disk refuses writes but lets a file be removed. Its absence tells the next run that
    generations went ahead of the journal, and that it must skip far beyond them.
    """

    path: Path

    def remove(self, because: Exception) -> None:
        """Generations are about to go ahead. Raises JournalUnwritable when even this is refused."""
        try:
            self.path.unlink(missing_ok=True)
            sync_folder(self.path.parent)
        except OSError as error:
            raise JournalUnwritable(
                f"no generation can be reserved: the disk of {self.path.parent} takes no change at all "
                f"({because}; then {error.strerror}); repair or remount it"
            ) from error

    def put_back(self) -> None:
        """The journal has caught up."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        sync_folder(self.path.parent)

    def present(self) -> bool:
        """Whether the journal can be trusted to know every generation."""
        return self.path.exists()


@dataclass(slots=True)
class Generations:
    """The last generation reserved per plugin; none that follows is at or below `floor`."""

    last: dict[str, int]
    floor: int

    def of(self, plugin: str) -> int:
        """The last one reserved; 0 when there never was one."""
        return max(self.last.get(plugin, 0), self.floor)

    def next(self, plugin: str, wanted: int | None) -> int:
        """The one to reserve now. Raises ValueError when `wanted` is not later than all before."""
        last = self.of(plugin)
        if wanted is not None and wanted <= last:
            raise ValueError(f"generation {wanted} of {plugin} is not later than {last}, which was reserved before")
        return wanted or last + 1


def recall(connection: sqlite3.Connection, state: Path, settled: SettledMark) -> Generations:
    """What was reserved before this run, by journal and state files, the higher of the two.

    Raises JournalUnwritable when a needed skip cannot be written down.
    """
    reader = JournalReader(connection)
    last = reader.generations()
    for plugin, generation in counters_seen(state).generations.items():
        last[plugin] = max(generation, last.get(plugin, 0))
    floor = reader.generation_floor()
    if not settled.present():
        if last:
            floor = max(floor, *last.values()) + UNSETTLED_MARGIN
        _settle(connection, settled, floor)
    return Generations(last, floor)


def _settle(connection: sqlite3.Connection, settled: SettledMark, floor: int) -> None:
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("UPDATE bases SET value = ? WHERE name = 'generation_floor'", (floor,))
        connection.execute("PRAGMA synchronous = NORMAL")
        settled.put_back()
    except (sqlite3.Error, OSError) as error:
        raise JournalUnwritable(
            f"the journal in {settled.path.parent} takes no writes ({error}); free space on its disk, then start again"
        ) from error
