"""What the plugin remembers between its lives: trainings, and where each member's newest version stands."""

from __future__ import annotations

from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from plugins.domain import MemberName
from plugins.retraining.order import Phase
from qtcore import replace_file
from qtcore.documents import Document

FILE = "record.json"
REMEMBERED = 50


class Result(Document):
    """What became of one member."""

    member: MemberName
    artefact: str = ""
    ruling: str
    reason: str
    seconds: float = 0.0


class Done(Document):
    """One training: `market_ms` is the market time of its end."""

    at: AwareDatetime
    market_ms: int
    market: str
    why: str
    decisions: int
    results: tuple[Result, ...]


class Probation(Document):
    """A member's version that is watched: live decisions count from `since_ms` (market time)."""

    phase: Phase
    old: str
    new: str
    since_ms: int


class Record(Document):
    """All of it; trainings newest last."""

    trainings: tuple[Done, ...] = ()
    watched: dict[MemberName, Probation] = {}

    def of(self, market: str) -> Done | None:
        """The newest training on a market: what was learned on another one is no training on this."""
        return next((done for done in reversed(self.trainings) if done.market == market), None)

    def trained(self, done: Done) -> Record:
        """With one more training."""
        return self.model_copy(update={"trainings": (*self.trainings, done)[-REMEMBERED:]})

    def watching(self, member: MemberName, probation: Probation | None) -> Record:
        """With a member on probation, or no longer."""
        others = {name: known for name, known in self.watched.items() if name is not member}
        return self.model_copy(update={"watched": others if probation is None else {**others, member: probation}})


def read_record(folder: Path) -> tuple[Record, str]:
    """The record, and what was wrong with it when a new one had to be begun."""
    path = folder / FILE
    try:
        return Record.model_validate_json(path.read_bytes()), ""
    except FileNotFoundError:
        return Record(), ""
    except ValidationError as error:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        first = error.errors(include_url=False, include_input=False)[0]
        return Record(), f"{path.name} could not be read ({first['msg']}); it is kept as {aside.name}"


def write_record(folder: Path, record: Record) -> None:
    """Replace it in one step."""
    replace_file(folder / FILE, record.model_dump_json(indent=1).encode(), durable=True)
