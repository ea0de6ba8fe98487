"""Reads `drills.yaml` and says what is wrong with it in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from qtcore.config.source_file import read_source
from qtcore.drills.document import Drill, Drills
from qtcore.errors import ConfigurationError

FILE = "drills.yaml"


def read_drills(path: Path) -> Drills:
    """The drills of an application. Raises ConfigurationError."""
    if not path.is_file():
        raise ConfigurationError(f"there is no {path}; drills stand in {FILE} beside plugins.yaml")
    source = read_source(path)
    try:
        return Drills.model_validate(source.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = tuple(part for part in first["loc"] if isinstance(part, str | int))
        raise ConfigurationError(
            f"{source.place(where)}: {'.'.join(map(str, where)) or 'the file'}: {first['msg']}"
        ) from None


def chosen(drills: Drills, ids: Sequence[str]) -> tuple[Drill, ...]:
    """The drills of these names, in the file's order; `all` means every one. Raises ConfigurationError."""
    if list(ids) == ["all"]:
        return drills.drills
    known = {drill.id: drill for drill in drills.drills}
    for name in ids:
        if name in drills.not_yet:
            raise ConfigurationError(f"{name} ({drills.not_yet[name]}) is not yet drilled; see `qt drill list`")
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]}?" if near else "see `qt drill list`"
            raise ConfigurationError(f"there is no drill {name}; {meant}")
    return tuple(drill for drill in drills.drills if drill.id in ids)
