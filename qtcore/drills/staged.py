"""Drills in several stages, which only the application can conduct: named in `drills.yaml`, run like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from qtcore.drills.document import Drills
from qtcore.drills.outsiders import outsider
from qtcore.errors import ConfigurationError

REPORTS = Path("var") / "drills"
Say = Callable[[str], None]


class Rehearsed(Protocol):
    """What a staged drill returns."""

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        ...

    @property
    def document(self) -> dict[str, Any]:
        """Everything, as JSON data."""
        ...

    @property
    def shown(self) -> str:
        """The same for a terminal."""
        ...


def staged_named(drills: Drills, ids: Sequence[str]) -> str | None:
    """The staged drill that is asked for; None where none is. Raises ConfigurationError when it is not alone."""
    named = [name for name in ids if name in drills.staged]
    if not named:
        return None
    if len(ids) > 1:
        raise ConfigurationError(f"{named[0]} has stages of its own and is run alone: `qt drill run {named[0]}`")
    return named[0]


def run_staged(drills: Drills, name: str, application: Path, keep: Path | None, say: Say) -> Rehearsed:
    """Conduct one; its system and its reports stay at `keep`, or only the reports in `var/drills`."""
    conduct = outsider(drills.staged[name].conduct, application)
    reports = keep or Path.cwd() / REPORTS / name
    reports.mkdir(parents=True, exist_ok=True)
    with _folder(keep) as folder:
        rehearsed: Rehearsed = conduct(application, folder, reports, say)
    return rehearsed


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="qt-drill-") as name:
        yield Path(name)
