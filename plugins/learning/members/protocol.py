"""What every member of the ensemble can do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from plugins.domain import MemberName
from plugins.learning.rows import Floats, Ints, Rows
from qtcore import QtError

Progress = Callable[[float], None]
"""Told the part of a fit that is done, between 0 and 1."""


class Untrainable(QtError):
    """The data does not allow a fit: too few decisions, or a class that never occurs."""


class Unloadable(QtError):
    """A folder does not hold what this member saved."""


class Labelled(Rows, Protocol):
    """Decisions with what came of them, in the order of their time."""

    @property
    def labels(self) -> Ints:
        """[n] Direction numbers."""
        ...

    @property
    def weights(self) -> Floats:
        """[n] how much each counts."""
        ...

    @property
    def decided_ms(self) -> Ints:
        """[n] market milliseconds since the epoch at which each was decided on."""
        ...

    @property
    def known_ms(self) -> Ints:
        """[n] when its label was known."""
        ...

    def take(self, which: Ints) -> Self:
        """Only these, in the order given."""
        ...


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit took: `rounds` of boosting or passes over the data, and the log loss on the part held back."""

    samples: int
    held_back: int
    rounds: int
    log_loss: float
    seconds: float


class Member(Protocol):
    """A classifier of decisions into down, flat and up.

    Same data, seed, thread count, library versions and machine give the same files.
    """

    name: ClassVar[MemberName]
    length: ClassVar[int]
    """Rows of history that one prediction needs, its own included."""

    def fit(self, samples: Labelled, *, seed: int, threads: int, progress: Progress) -> FitReport:
        """Learn from scratch, the last part by time held back for stopping early. Raises Untrainable."""
        ...

    def predict(self, rows: Rows) -> Floats:
        """Uncalibrated probabilities [n, 3] in Direction order; NaN where a member has nothing to go by."""
        ...

    def save(self, folder: Path) -> None:
        """Write the files that `load` needs into an existing folder."""
        ...

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Self:
        """What `save` wrote. Raises Unloadable."""
        ...
