"""Funding that was settled: when it is asked for, and that a live feature is what training would have seen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import market_ms
from plugins.learning.features import History, batch, feature_schema, panel_of
from plugins.models.funding import AFTER_MS, HOUR_MS, LONGEST_MS, Asked, ask_since
from qtcore.testing import harness
from tests.plugins.models.test_ensemble import EAGER, SYMBOLS, Market, artefact, begin, close, ensemble, home

pytestmark = pytest.mark.anyio
__all__ = ["artefact", "home"]
BOTH = frozenset(SYMBOLS)


@given(st.integers(0, 5 * HOUR_MS), st.integers(0, 5 * HOUR_MS))
def test_it_is_asked_for_twice_an_hour(asked_ms: int, later_ms: int) -> None:
    """After each full hour, and once more; and since an hour that the last answer may have come too early for."""
    start_ms = 1_735_689_600_000
    since_ms = ask_since(Asked(start_ms + asked_ms, BOTH), BOTH, start_ms + asked_ms + later_ms)
    passed = [
        hour * HOUR_MS + after_ms
        for hour in range(12)
        for after_ms in AFTER_MS
        if asked_ms < hour * HOUR_MS + after_ms <= asked_ms + later_ms
    ]
    assert (since_ms is not None) is bool(passed)
    assert since_ms is None or start_ms + asked_ms - HOUR_MS < since_ms <= start_ms + asked_ms


def test_another_symbol_is_asked_for_at_once() -> None:
    """As far back as its last settlement can be; without symbols there is nothing to ask."""
    now_ms = 1_735_689_600_000
    assert ask_since(None, BOTH, now_ms) == now_ms - LONGEST_MS
    assert ask_since(Asked(now_ms, frozenset(SYMBOLS[:1])), BOTH, now_ms) == now_ms - LONGEST_MS
    assert ask_since(None, frozenset(), now_ms) is None


async def test_a_live_feature_is_what_training_sees(home: Any) -> None:
    """The rate in a signal is the one that the same history gives to training."""
    market, asked = Market(), list[int]()
    at_ms = market_ms(market.now) - 3_600_000
    rates = {symbol: (place + 1) / 10_000 for place, symbol in enumerate(SYMBOLS)}

    def funding(argument: dict[str, Any]) -> Any:
        asked.append(argument["since_ms"])
        return {"settled": [[at_ms, symbol, rate] for symbol, rate in rates.items()]}

    async with harness(home=home) as h:
        h.on_call("feed.funding", funding)
        await begin(h, market, EAGER)
        await h.until(lambda: h.progress().get("settlements", 0) == len(SYMBOLS))
        await close(h, market)
        await h.until(lambda: len(ensemble(h)) == len(SYMBOLS))
        live = {signal.symbol: signal.features["funding_rate"] for signal in ensemble(h)}
    column = feature_schema(60).names.index("funding_rate")
    funded = {
        symbol: History(
            one.opened_ms, one.columns, one.opened_ms[:1] * 0 + at_ms, one.columns["open"][:1] * 0 + rates[symbol]
        )
        for symbol, one in market.histories.items()
    }
    trained = batch(panel_of(funded, 60))[:, market.bars - 1, column]
    assert list(live.values()) == pytest.approx(trained.tolist())
    assert asked[0] == market_ms(market.now) - 60_000 - LONGEST_MS
