"""Makes arbitrary valid documents from their types alone."""

from __future__ import annotations

import types
import typing
from collections import Counter
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, JsonValue
from pydantic.fields import FieldInfo

SAFE = 2**53
"""The largest integer that every JSON reader keeps whole."""

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    float: NUMBERS,
    int: st.integers(-SAFE, SAFE),
    bool: st.booleans(),
    None: st.none(),
    type(None): st.none(),
    Any: JSON,
    JsonValue: JSON,
    datetime: MOMENTS,
    AwareDatetime: MOMENTS,
    Decimal: st.decimals("-1000000", "1000000", allow_nan=False, allow_infinity=False, places=4),
}


def documents(kind: Any) -> st.SearchStrategy[Any]:
    """A strategy for instances of a pydantic model, a dataclass or any type made of them."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _constrained(arguments[0], arguments[1:])
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([documents(argument) for argument in arguments])
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        if arguments[-1:] == (Ellipsis,):
            return st.lists(documents(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(documents, arguments))
    if origin is dict:
        return st.dictionaries(documents(arguments[0]), documents(arguments[1]), max_size=2)
    return _made(kind)


def _made(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        parts = {
            info.alias or name: _constrained(info.annotation, tuple(info.metadata))
            for name, info in kind.model_fields.items()
        }
        return st.fixed_dictionaries(parts).map(_counted).map(kind.model_validate)
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{field.name: documents(hints[field.name]) for field in fields(kind)})
    return st.from_type(kind)


def _counted(fields: dict[str, Any]) -> dict[str, Any]:
    """Where a document counts the statuses of what it lists, the counts must add up."""
    listed = fields.get("plugins", fields.get("components"))
    if "counts" not in fields or listed is None:
        return fields
    return {**fields, "counts": dict(Counter(getattr(one, "line", one).status for one in listed))}


def _constrained(kind: Any, annotations: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    constraints = [
        inner for item in annotations for inner in (item.metadata if isinstance(item, FieldInfo) else [item])
    ]
    pattern = next((item.pattern for item in constraints if getattr(item, "pattern", None)), None)
    if pattern is not None:
        return st.from_regex(pattern.replace("$", r"\Z"))
    bounds = {name: value for item in constraints for name, value in _bounds(item)}
    if not bounds:
        return documents(kind)
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        parts = typing.get_args(kind)
        return st.one_of([st.none() if part is type(None) else _constrained(part, annotations) for part in parts])
    if kind is int:
        return st.integers(bounds.get("ge", bounds.get("gt", -SAFE) + 1), bounds.get("le", SAFE))
    if kind is float:
        low = bounds.get("ge", bounds.get("gt"))
        return st.floats(low, 1e9, exclude_min="gt" in bounds, allow_nan=False)
    if "min_length" in bounds:
        return documents(kind).filter(lambda value: len(value) >= bounds["min_length"])
    raise TypeError(f"how {kind} obeys {bounds} is not known here; add it")


def _bounds(constraint: Any) -> list[tuple[str, Any]]:
    names = ("gt", "ge", "lt", "le", "min_length")
    return [(name, getattr(constraint, name)) for name in names if getattr(constraint, name, None) is not None]
