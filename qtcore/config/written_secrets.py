"""Passwords that stand in plugins.yaml, where everybody reads along (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtcore.config.configuration import Configuration
from qtcore.config.credentials import passwords_in
from qtcore.config.problem import Problem
from qtcore.config.shape import Location


def written_secret_problems(configuration: Configuration) -> Iterator[Problem]:
    """Each address in the file that carries a password; settings that are secret as a whole are refused elsewhere."""
    for path, text in _texts((), configuration.file.data):
        if passwords_in(text):
            name = path[-1] if path else "the file"
            sentence = f'the address in "{name}" carries a password; put the whole address into the environment instead'
            plugin = str(path[1]) if len(path) > 1 and path[0] == "plugins" else None
            yield Problem(sentence, where=str(configuration.file.value_place(path)), plugin=plugin)


def _texts(path: Location, data: Any) -> Iterator[tuple[Location, str]]:
    match data:
        case str():
            yield path, data
        case dict():
            for key, value in data.items():
                yield from _texts((*path, key), value)
        case list():
            for index, value in enumerate(data):
                yield from _texts((*path, index), value)
