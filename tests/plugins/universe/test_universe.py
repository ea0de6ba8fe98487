"""What may trade, and the reason for each symbol that may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Instrument, Universe
from plugins.universe import UniversePlugin
from plugins.universe.choosing import Coverage, Refusal, chosen, reasons
from plugins.universe.settings import UniverseSettings
from qtcore.kernel.words import Cause
from qtcore.testing import harness

NOW = datetime(2025, 1, 1, tzinfo=UTC)
GOOD = Instrument("A", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING")
COVERED = Coverage(500, Decimal(1000))


@pytest.mark.parametrize(
    ("instrument", "coverage", "settings", "reason"),
    [
        (GOOD, COVERED, {"include": ("B",)}, Refusal.NOT_ASKED_FOR),
        (GOOD, COVERED, {"exclude": ("A",)}, Refusal.EXCLUDED),
        (None, COVERED, {}, Refusal.NOT_AT_VENUE),
        (replace(GOOD, status="BREAK"), COVERED, {}, Refusal.NOT_TRADING),
        (replace(GOOD, tick=Decimal(0)), COVERED, {}, Refusal.NO_FILTERS),
        (replace(GOOD, minimum_notional=Decimal("NaN")), COVERED, {}, Refusal.NO_FILTERS),
        (GOOD, None, {}, Refusal.NO_HISTORY),
        (GOOD, Coverage(99, Decimal(1)), {}, Refusal.NO_HISTORY),
        (GOOD, Coverage(500, Decimal(0)), {}, Refusal.NO_TURNOVER),
    ],
)
def test_refuses_with_one_coded_reason(
    instrument: Instrument | None, coverage: Coverage | None, settings: dict[str, Any], reason: Refusal
) -> None:
    """Each thing that is wrong with a symbol has its own code, and a sentence after it."""
    instruments = {"A": instrument} if instrument else {}
    universe = chosen(instruments, {"A": coverage} if coverage else {}, UniverseSettings(**settings), NOW)
    code, _, sentence = universe.refused["A"].partition(": ")
    assert (universe.symbols, code, bool(sentence)) == ((), reason, True)


def test_a_symbol_that_is_not_ascii_is_refused() -> None:
    """Some contracts have names in other scripts; they are left out rather than mangled."""
    universe = chosen({"币USDT": replace(GOOD, symbol="币USDT")}, {"币USDT": COVERED}, UniverseSettings(), NOW)
    assert reasons(universe) == {Refusal.NOT_ASCII: 1}


@given(
    turnovers=st.dictionaries(st.text("ABCDEF", min_size=1, max_size=4), st.integers(0, 5), max_size=12),
    most=st.integers(1, 5),
)
def test_every_symbol_is_in_or_refused(turnovers: dict[str, int], most: int) -> None:
    """Each symbol stands on exactly one side, the most traded are in, and never more than the maximum."""
    coverage = {symbol: Coverage(500, Decimal(turnover)) for symbol, turnover in turnovers.items()}
    instruments = {symbol: replace(GOOD, symbol=symbol) for symbol in turnovers}
    universe = chosen(instruments, coverage, UniverseSettings(max_symbols=most), NOW)
    assert {*universe.symbols, *universe.refused} == turnovers.keys()
    assert len(universe.symbols) + len(universe.refused) == len(turnovers)
    assert len(universe.symbols) <= most
    left_out = [s for s, why in universe.refused.items() if why.startswith(Refusal.BEYOND_MAXIMUM)]
    if left_out:
        assert min(turnovers[s] for s in universe.symbols) >= max(turnovers[s] for s in left_out)


COVERAGE = {"A": {"bars": 500, "turnover": "10"}, "B": {"bars": 3, "turnover": "10"}}


@pytest.mark.anyio
async def test_publishes_and_follows_what_changes() -> None:
    """A universe is published, and anew when an instrument stops trading; `refresh` says the same."""
    async with harness(UniversePlugin) as h:
        h.on_call("feed.coverage", lambda _: COVERAGE)
        await h.publish(GOOD)
        await h.publish(replace(GOOD, symbol="B"))
        await h.ready()
        universe = await h.next(Universe)
        assert (universe.symbols, universe.refused["B"]) == (("A",), "no_history: 3 closed candles of 100")
        assert (await h.health()).status == "healthy"
        await h.publish(replace(GOOD, status="SETTLING"))
        assert (await h.next(Universe)).refused["A"] == "not_trading: its status is SETTLING"
        assert (await h.health()).findings[0].code == "QT-UNIVERSE-EMPTY"
        said = await h.call("universe.refresh")
        assert (said["symbols"], said["reasons"]) == ([], {"not_trading": 1, "no_history": 1})


@pytest.mark.anyio
async def test_waits_for_a_feed_that_is_not_ready() -> None:
    """Without the feed's answer nothing is chosen: not ready, try again."""
    async with harness(UniversePlugin) as h:
        await h.publish(GOOD)
        assert (await h.end()).cause is Cause.NOT_READY


@pytest.mark.anyio
async def test_keeps_the_universe_while_the_feed_is_away() -> None:
    """Looks that fail leave the last universe in force, and are said in health."""
    async with harness(UniversePlugin, settings={"refresh_s": 0.01}) as h:
        h.on_call("feed.coverage", lambda _: COVERAGE)
        await h.publish(GOOD)
        await h.ready()

        def away(_: object) -> Any:
            raise ConnectionError("away")

        h.on_call("feed.coverage", away)
        await h.until(lambda: sum(line["event"] == "universe not refreshed" for line in h.logs) >= 3)
        said = await h.health()
        assert (said.status, said.facts["symbols"]) == ("degraded", 1)
