"""Topics: frozen dataclasses that plugins publish and subscribe to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")
_MARK = "__qt_topic__"


@dataclass(frozen=True, slots=True)
class TopicOptions:
    """How messages of a topic are carried.

    `expires_s` is in real seconds; `key` names the field by which retained values are told apart
    (one retained value per key, or one for the topic when it is None).
    """

    name: str
    retained: bool = False
    expires_s: float | None = None
    key: str | None = None


def topic(
    *, retained: bool = False, expires_s: float | None = None, key: str | None = None, name: str | None = None
) -> Callable[[type[T]], type[T]]:
    """Declare a frozen dataclass to be a topic."""

    def mark(cls: type[T]) -> type[T]:
        if not is_dataclass(cls):
            raise TypeError(f"{cls.__qualname__} is marked as a topic but is no dataclass; put @topic above @dataclass")
        setattr(cls, _MARK, TopicOptions(name or cls.__name__, retained, expires_s, key))
        return cls

    return mark


def options_of(cls: type[Any]) -> TopicOptions:
    """The options of a topic class. Raises TypeError for a class that is none."""
    found = cls.__dict__.get(_MARK)
    if not isinstance(found, TopicOptions):
        raise TypeError(f"{cls.__qualname__} is not a topic; mark the dataclass with @topic()")
    return found


def adapter_of(cls: type[T]) -> TypeAdapter[T]:
    """The validator and serialiser of a message type; built once."""
    found = _adapters.get(cls)
    if found is None:
        found = _adapters[cls] = TypeAdapter(cls)
    return found


def schema_hash_of(cls: type[Any]) -> str:
    """Twelve hex digits that change when the topic's JSON Schema changes."""
    found = _schema_hashes.get(cls)
    if found is None:
        text = json.dumps(adapter_of(cls).json_schema(), sort_keys=True)
        found = _schema_hashes[cls] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return found


# By hand, because functools.cache loses the type parameter of `adapter_of`.
_adapters: dict[type[Any], TypeAdapter[Any]] = {}
_schema_hashes: dict[type[Any], str] = {}
