"""Between frozen records and table rows. Decimals are stored as plain text, so that no digit is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Any, Generic, TypeVar, get_args, get_type_hints

RecordT = TypeVar("RecordT")
Cell = str | int | None


class Rows(Generic[RecordT]):
    """One table whose columns are the fields of a dataclass; the first field is its key."""

    def __init__(self, kind: type[RecordT], table: str) -> None:
        hints = get_type_hints(kind)
        self.kind = kind
        self.table = table
        self.columns = [field.name for field in fields(kind)]  # type: ignore[arg-type] # it is a dataclass
        self._decoders = [_decoder(hints[name]) for name in self.columns]
        names = ", ".join(self.columns)
        marks = ", ".join("?" * len(self.columns))
        self.select = f"SELECT {names} FROM {table}"  # noqa: S608 - names come from our own classes
        self.insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - as above
        self.upsert = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - as above

    def encode(self, record: RecordT) -> tuple[Cell, ...]:
        return tuple(_encode(getattr(record, name)) for name in self.columns)

    def decode(self, row: Sequence[Any]) -> RecordT:
        return self.kind(**{n: d(v) for n, d, v in zip(self.columns, self._decoders, row, strict=True)})


def plain(value: Decimal) -> str:
    """A decimal without an exponent."""
    return format(value, "f")


def _encode(value: object) -> Cell:
    match value:
        case None:
            return None
        case Decimal():
            return plain(value)
        case StrEnum():
            return str(value)
        case bool() | int():
            return int(value)
        case str():
            return value
        case _:
            raise TypeError(f"a ledger column cannot hold {type(value).__name__}")


def _decoder(hint: Any) -> Callable[[Any], Any]:  # a type hint may be any object
    if isinstance(hint, UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        decode = _decoder(inner)
        return lambda value: None if value is None else decode(value)
    decoder: Callable[[Any], Any] = hint
    return decoder
