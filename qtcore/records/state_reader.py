"""Reading state files, whoever wrote them and however they ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from qtcore.documents import Instant
from qtcore.health.model import Status
from qtcore.records.clock import age_s, instant_now, still_valid
from qtcore.records.state_file import SCHEMA_VERSION, StateFile

SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class DamagedState:
    """A file that is no state file of this version, with the sentence to show."""

    plugin: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Counters:
    """The highest figures that state files remember; what a lost journal goes on from."""

    last_seq: int = 0
    generations: dict[str, int] = field(default_factory=dict)


def read_state(folder: Path, now: Instant | None = None) -> list[StateFile | DamagedState]:
    """Every plugin's state as it must be read now (expired ones are `unknown`), by name.

    An absent folder holds none. Never raises for what is in a file.
    """
    now = now or instant_now()
    return [_current(state, now) for state in map(_read, _files(folder))]


def counters_seen(folder: Path) -> Counters:
    """Highest journal_seq, and generation per plugin, of all files that still parse."""
    last_seq, generations = 0, dict[str, int]()
    for path in _files(folder):
        content = _parsed(path)
        last_seq = max(last_seq, _number(content, "journal_seq"))
        generation = _number(content, "generation")
        if generation:
            generations[path.stem] = generation
    return Counters(last_seq, generations)


def is_state_file(path: Path) -> bool:
    """Whether this version of qtcore wrote the file, and whole."""
    return path.suffix == SUFFIX and path.is_file() and isinstance(_read(path), StateFile)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))


def _read(path: Path) -> StateFile | DamagedState:
    content = _parsed(path)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version is not None and version != SCHEMA_VERSION:
        return _damaged(path, f"has format {version}, this qtcore reads format {SCHEMA_VERSION}")
    try:
        state = StateFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _damaged(path, "went away while it was read")
    except (ValidationError, OSError) as error:
        return _damaged(path, f"is not a state file ({_first_fault(error)})")
    if state.plugin != path.stem:
        return _damaged(path, f"speaks of another plugin, {state.plugin}")
    return state


def _damaged(path: Path, what: str) -> DamagedState:
    return DamagedState(
        path.stem, f"the state file {path} {what}; a running supervisor rewrites it, otherwise it may be deleted"
    )


def _first_fault(error: ValidationError | OSError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    fault = error.errors(include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def _current(state: StateFile | DamagedState, now: Instant) -> StateFile | DamagedState:
    if isinstance(state, DamagedState) or still_valid(state.valid_until, now):
        return state
    age = age_s(state.produced_at, now)
    was = f"{state.status.value}, {state.summary}" if state.summary else state.status.value
    return state.model_copy(update={"status": Status.UNKNOWN, "summary": f"nothing heard for {age:.0f} s; last: {was}"})


def _parsed(path: Path) -> Any:
    try:
        return from_json(path.read_bytes())
    except (ValueError, OSError):
        return None


def _number(content: Any, name: str) -> int:
    value = content.get(name) if isinstance(content, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
