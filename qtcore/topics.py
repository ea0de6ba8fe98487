"""Topics: frozen dataclasses that plugins publish and subscribe to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass, is_dataclass
from functools import cache
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
    """The validator and serialiser of a message type."""
    return _adapter(cls)


def schema_hash_of(cls: type[Any]) -> str:
    """Twelve hex digits that change when the topic's JSON Schema changes."""
    return _schema_hash(cls)


# Cached behind the functions above because the type of a class is lost on `cache`'s own signature.
@cache
def _adapter(cls: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


@cache
def _schema_hash(cls: Hashable) -> str:
    text = json.dumps(_adapter(cls).json_schema(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
