"""Words that cross a boundary are those of the shared enums, spelled as they are, or they are refused by name."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

import pytest
from pydantic import TypeAdapter, ValidationError

from plugins.domain import Regime, Side, Signal, Source, SymbolPolicy, View, Volatility

AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("word", ["buy", "BUY", "Long", "LONG", "sell", ""])
def test_e19_another_spelling_of_a_side_is_refused_and_never_becomes_another_confidence(word: str) -> None:
    """The whole signal is refused, and what is said names the field and the words that there are."""
    told = {
        "id": "s1", "symbol": "BTCUSDT", "view": word, "confidence": "0.8", "source": "ensemble", "price": "1",
        "made_at": AT, "market_at": AT, "expires_at": AT,
    }  # fmt: skip
    with pytest.raises(ValidationError, match=r"(?s)view.*'long'.*'short'"):
        TypeAdapter(Signal).validate_python(told)


@pytest.mark.parametrize(
    ("kind", "word"),
    [(Regime, "sideways_wide"), (Regime, "RANGING"), (Volatility, "insane"), (Side, "buy"), (Source, "loadtest")],
)
def test_e22_a_value_outside_its_enum_is_refused_where_it_comes_in(kind: type[StrEnum], word: str) -> None:
    """It never travels on to kill somebody else's signal; the unknown has a word of its own where it may come up."""
    with pytest.raises(ValidationError, match="Input should be"):
        TypeAdapter(kind).validate_python(word)
    assert {"unknown"} <= {*map(str, Regime)}


def test_e22_every_regime_has_a_policy_that_can_be_told() -> None:
    """Whatever a market does, the policy's word about it passes the boundary and is the same on the other side."""
    schema = TypeAdapter(SymbolPolicy).json_schema()
    assert set(schema["$defs"]["Regime"]["enum"]) == {*map(str, Regime)}
    assert {*map(str, View)} == {"long", "short", "neutral"}
