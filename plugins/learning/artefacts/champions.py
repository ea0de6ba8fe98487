"""The champions at work in one process: loaded, proven, changed when the pointer moves, found out when they go bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from plugins.domain import MemberName, Standing
from plugins.learning.artefacts.damage import Damaged
from plugins.learning.artefacts.store import ArtefactStore
from plugins.learning.artefacts.voter import Voter, load_voter
from plugins.learning.ensemble import Ballot, Recent
from plugins.learning.features import FeatureRows
from plugins.learning.members import missing_library

DAY_MS = 86_400_000
STALE_AFTER_DAYS = 14
"""Market days since the last decision that it learned from, after which a champion has no vote."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place: its voter, or why there is none."""

    standing: Standing
    reason: str = ""
    artefact: str = ""
    voter: Voter | None = None


class Champions:
    """Blocking; call `refresh`, `examine` and `ballot` in one worker thread, one at a time."""

    def __init__(self, store: ArtefactStore, members: Iterable[MemberName], *, threads: int = 1) -> None:
        self.seats: dict[MemberName, Seat] = {name: Seat(Standing.LATE, "not looked at yet") for name in members}
        self._store = store
        self._threads = threads
        self._seen: dict[MemberName, tuple[int, ...]] = {}
        self._recent = {name: Recent() for name in self.seats}

    @property
    def damaged(self) -> dict[MemberName, str]:
        """Champions that must not vote, with the reason."""
        return {name: seat.reason for name, seat in self.seats.items() if seat.standing is Standing.UNUSABLE}

    @property
    def lacking(self) -> dict[MemberName, str]:
        """Champions that were trained here and whose library is gone, with the reason."""
        gone = {name: seat for name, seat in self.seats.items() if seat.standing is Standing.NOT_INSTALLED}
        return {name: seat.reason for name, seat in gone.items() if seat.artefact}

    @property
    def voting(self) -> list[MemberName]:
        """Members with a voter."""
        return [name for name, seat in self.seats.items() if seat.voter is not None]

    def refresh(self) -> list[MemberName]:
        """Load those whose pointer has moved since the last look; says whose it was."""
        moved = [name for name in self.seats if self._seen.get(name) != self._store.stamp(name)]
        for name in moved:
            self._seen[name] = self._store.stamp(name)
            before, self.seats[name] = self.seats[name], self._seated(name)
            if self.seats[name].artefact != before.artefact:
                self._recent[name].clear()
        return moved

    def examine(self) -> None:
        """Look at every file again, and let every voter prove itself again."""
        for name, seat in self.seats.items():
            if seat.voter is None:
                continue
            try:
                self._store.verified(name, seat.artefact)
                seat.voter.examine()
            except Damaged as damaged:
                self.seats[name] = Seat(Standing.UNUSABLE, str(damaged), seat.artefact)

    def fall_back(self, *, who: str, at: datetime) -> dict[MemberName, str]:
        """Replace each damaged champion by the last good one; says, for each, by which."""
        done = {}
        for name, reason in self.damaged.items():
            pointers = self._store.fall_back(name, who=who, why=reason, at=at)
            done[name] = pointers.champion or ""
        self.refresh()
        return done

    def ballot(self, name: MemberName, rows: FeatureRows) -> Ballot:
        """What a member says of these rows, or why it does not count."""
        seat = self.seats[name]
        if seat.voter is None:
            return Ballot(name, seat.standing, artefact=seat.artefact, reason=seat.reason)
        if rows.schema.hash != seat.voter.schema.hash:
            reason = f"it was trained on features {seat.voter.schema.hash[:12]}, these are {rows.schema.hash[:12]}"
            return Ballot(name, Standing.UNUSABLE, artefact=seat.artefact, reason=reason)
        if (why := self._too_old(seat.voter, rows)) is not None:
            return Ballot(name, Standing.STALE, artefact=seat.artefact, reason=why)
        said = seat.voter.judge(rows)
        recent = self._recent[name]
        recent.add(said)
        if (why := recent.fault()) is not None:
            return Ballot(name, Standing.DEGENERATE, said, seat.artefact, why)
        if len(said) and np.isnan(said).all():
            return Ballot(name, Standing.NO_COVERAGE, artefact=seat.artefact, reason="no symbol has enough history")
        return Ballot(name, Standing.VOTED, said, seat.artefact)

    @staticmethod
    def _too_old(voter: Voter, rows: FeatureRows) -> str | None:
        days = (rows.closed_at_ms - voter.manifest.content.training.last_ms) / DAY_MS
        return f"what it learned from ended {days:.0f} days ago" if days > STALE_AFTER_DAYS else None

    def _seated(self, name: MemberName) -> Seat:
        artefact = self._store.pointers(name).champion
        if (library := missing_library(name)) is not None:
            return Seat(Standing.NOT_INSTALLED, f"{library} is not installed", artefact or "")
        if artefact is None:
            return Seat(Standing.NOT_TRAINED, "no training has ended yet")
        try:
            voter = load_voter(self._store, name, artefact, threads=self._threads)
        except Damaged as error:
            return Seat(Standing.UNUSABLE, str(error), artefact)
        except ImportError as error:  # the artefact is as good as it was, and must keep its place
            return Seat(Standing.NOT_INSTALLED, f"its library cannot be imported: {error}", artefact)
        return Seat(Standing.VOTED, artefact=artefact, voter=voter)
