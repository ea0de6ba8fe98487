"""Request parameters, read strictly: what is missing or malformed is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from plugins.paper_exchange.core import refusals

TOO_LARGE = 2**63
"""The venue's integers have 64 bits."""

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class Params:
    """The parameters of one request, from its query and its form."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return bool(self._values.get(name))

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not value:
            raise refusals.missing(name)
        return value

    def optional_text(self, name: str) -> str | None:
        return self._values.get(name) or None

    def integer(self, name: str) -> int:
        try:
            value = int(self.text(name))
        except ValueError as error:
            raise refusals.missing(name) from error
        if abs(value) >= TOO_LARGE:
            raise refusals.missing(name)
        return value

    def optional_integer(self, name: str) -> int | None:
        return self.integer(name) if name in self else None

    def limit(self, default: int, most: int) -> int:
        """The row limit of a query."""
        limit = self.integer("limit") if "limit" in self else default
        if not 1 <= limit <= most:
            raise refusals.bad_value("limit")
        return limit

    def decimal(self, name: str) -> Decimal:
        try:
            value = Decimal(self.text(name))
        except InvalidOperation as error:
            raise refusals.missing(name) from error
        if not value.is_finite():
            raise refusals.missing(name)
        return value

    def optional_decimal(self, name: str) -> Decimal | None:
        return self.decimal(name) if name in self else None

    def flag(self, name: str) -> bool:
        match self._values.get(name, "false").lower():
            case "true":
                return True
            case "false" | "":
                return False
            case _:
                raise refusals.bad_value(name)

    def choice(self, name: str, kind: type[ChoiceT], refusal: refusals.Refusal | None = None) -> ChoiceT:
        try:
            return kind(self.text(name))
        except ValueError as error:
            raise (refusal or refusals.bad_value(name)) from error
