"""Which generations were ever reserved: counted so that none is ever reserved twice, whatever was lost.

Waiting for the disk has no place between a death and the next start, so each plugin's `ceiling` is
made durable ahead of need; below it a reservation is only written, which survives the death of this
process. After a loss of power (another boot, no orderly close) counting goes on above the ceilings.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from qtcore.errors import EnvironmentRefused
from qtcore.records.atomic import sync
from qtcore.records.state_reader import counters_seen

AHEAD = 32
"""How far the ceiling is put above the last generation; raised again when half is used."""

UNSETTLED_MARGIN = 1_000_000
"""Far above what one run could reserve while the disk took no writes."""

_SAVE = (
    "INSERT INTO generations VALUES (?, ?, ?) ON CONFLICT (plugin) DO UPDATE SET "
    "last = max(last, excluded.last), ceiling = max(ceiling, excluded.ceiling)"
)
_BASE = "INSERT INTO bases VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class JournalUnwritable(EnvironmentRefused):
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
            sync(self.path.parent)
        except OSError as error:
            raise JournalUnwritable(
                f"no generation can be reserved: the disk of {self.path.parent} takes no change at all "
                f"({because}; then {error.strerror}); repair or remount it"
            ) from error

    def put_back(self) -> None:
        """The journal has caught up."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        sync(self.path.parent)

    def present(self) -> bool:
        """Whether the journal can be trusted to know every generation."""
        return self.path.exists()


@dataclass(slots=True)
class Generations:
    """The last generation reserved per plugin, and how far each may go without waiting for the disk.

    None is ever at or below `floor`. `ceilings` are durable; `raised` are written but not yet synced.
    """

    last: dict[str, int]
    floor: int
    ceilings: dict[str, int] = field(default_factory=dict)
    raised: dict[str, int] = field(default_factory=dict)

    def of(self, plugin: str) -> int:
        """The last one reserved; 0 when there never was one."""
        return max(self.last.get(plugin, 0), self.floor)

    def next(self, plugin: str, wanted: int | None) -> int:
        """The one to reserve now. Raises ValueError when `wanted` is not later than all before."""
        last = self.of(plugin)
        if wanted is not None and wanted <= last:
            raise ValueError(f"generation {wanted} of {plugin} is not later than {last}, which was reserved before")
        return wanted or last + 1

    def must_wait(self, plugin: str, generation: int) -> bool:
        """Whether this one is not covered by what is durable."""
        return generation > self.ceilings.get(plugin, 0)

    def ceiling_for(self, plugin: str, generation: int) -> int:
        """The ceiling to write with a reservation: higher when half of the room is used."""
        known = max(self.ceilings.get(plugin, 0), self.raised.get(plugin, 0))
        return known if known - generation >= AHEAD // 2 else generation + AHEAD

    def synced(self, raised: dict[str, int]) -> None:
        """These ceilings are durable now."""
        for plugin, ceiling in raised.items():
            self.ceilings[plugin] = max(ceiling, self.ceilings.get(plugin, 0))
            if self.raised.get(plugin) == ceiling:
                del self.raised[plugin]


def save(connection: sqlite3.Connection, rows: Iterable[tuple[str, int, int]]) -> None:
    """Write (plugin, last, ceiling); neither ever goes down."""
    connection.executemany(_SAVE, rows)


def lower_to_last(connection: sqlite3.Connection) -> None:
    """At an orderly close: nothing above the last generation was used, so the next boot need not skip."""
    connection.execute("UPDATE generations SET ceiling = last")


@contextmanager
def durably(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that is on the disk when the block ends."""
    connection.execute("PRAGMA synchronous = FULL")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")


def recall(connection: sqlite3.Connection, state: Path, settled: SettledMark, boot_id: str) -> Generations:
    """What was reserved before this run, by journal and state files, the higher of the two.

    Raises JournalUnwritable when what follows from it cannot be written down.
    """
    boot = int.from_bytes(hashlib.sha256(boot_id.encode()).digest()[:6], "big")
    bases = dict(connection.execute("SELECT name, value FROM bases").fetchall())
    column = "last" if bases.get("boot") == boot else "ceiling"
    last: dict[str, int] = dict(connection.execute(f"SELECT plugin, {column} FROM generations"))  # noqa: S608 - one of two
    for plugin, generation in counters_seen(state).generations.items():
        last[plugin] = max(generation, last.get(plugin, 0))
    floor: int = bases["generation_floor"]
    if not settled.present() and last:
        floor = max(floor, *last.values()) + UNSETTLED_MARGIN
    ceilings = {plugin: max(generation, floor) + AHEAD for plugin, generation in last.items()}
    try:
        with durably(connection):
            connection.executemany(_BASE, [("boot", boot), ("generation_floor", floor)])
            save(connection, [(plugin, last[plugin], ceilings[plugin]) for plugin in last])
        settled.put_back()
    except (sqlite3.Error, OSError) as error:
        raise JournalUnwritable(
            f"the journal in {state.parent} takes no writes ({error}); free space on its disk, then start again"
        ) from error
    return Generations(last, floor, ceilings)
