"""What may trade, and the reason for each symbol that may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Instrument, Tier, Universe
from plugins.universe import UniversePlugin
from plugins.universe.choosing import Refusal, chosen, counts, reasons
from plugins.universe.measures import Measures, measured
from plugins.universe.settings import UniverseSettings
from qtcore.kernel.words import Cause
from qtcore.testing import harness

NOW = datetime(2025, 1, 1, tzinfo=UTC)
GOOD = Instrument("A", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING")
COVERED = Measures(500, Decimal(1000))


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
        (GOOD, Measures(99, Decimal(1)), {}, Refusal.NO_HISTORY),
        (GOOD, Measures(500, Decimal(0)), {}, Refusal.NO_TURNOVER),
        (replace(GOOD, status="SETTLING"), COVERED, {}, Refusal.SETTLING),
        (replace(GOOD, status="CLOSE"), COVERED, {}, Refusal.DELISTED),
        (GOOD, replace(COVERED, spread=0.006), {}, Refusal.WIDE_SPREAD),
        (GOOD, replace(COVERED, movement=0.3), {}, Refusal.WILD),
        (GOOD, replace(COVERED, empty=0.6), {}, Refusal.HARDLY_TRADED),
        (GOOD, COVERED, {"tiers": ("core",)}, Refusal.TIER),
    ],
)
def test_refuses_with_one_coded_reason(
    instrument: Instrument | None, coverage: Measures | None, settings: dict[str, Any], reason: Refusal
) -> None:
    """Each thing that is wrong with a symbol has its own code, and a sentence after it."""
    instruments = {"A": instrument} if instrument else {}
    universe = chosen(instruments, {"A": coverage} if coverage else {}, UniverseSettings(**settings), NOW)
    code, _, sentence = universe.refused["A"].partition(": ")
    assert (universe.symbols, code, bool(sentence)) == ((), reason, True)


def test_c12_a_symbol_that_is_not_ascii_is_refused() -> None:
    """Some contracts have names in other scripts; they are left out rather than mangled."""
    universe = chosen({"币USDT": replace(GOOD, symbol="币USDT")}, {"币USDT": COVERED}, UniverseSettings(), NOW)
    assert reasons(universe) == {Refusal.NOT_ASCII: 1}


@given(
    turnovers=st.dictionaries(st.text("ABCDEF", min_size=1, max_size=4), st.integers(0, 5), max_size=12),
    most=st.integers(1, 5),
)
def test_every_symbol_is_in_or_refused(turnovers: dict[str, int], most: int) -> None:
    """Each symbol stands on exactly one side, the most traded are in, and never more than the maximum."""
    coverage = {symbol: Measures(500, Decimal(turnover)) for symbol, turnover in turnovers.items()}
    instruments = {symbol: replace(GOOD, symbol=symbol) for symbol in turnovers}
    universe = chosen(instruments, coverage, UniverseSettings(max_symbols=most), NOW)
    assert {*universe.symbols, *universe.refused} == turnovers.keys()
    assert len(universe.symbols) + len(universe.refused) == len(turnovers)
    assert len(universe.symbols) <= most
    left_out = [s for s, why in universe.refused.items() if why.startswith(Refusal.BEYOND_MAXIMUM)]
    if left_out:
        assert min(turnovers[s] for s in universe.symbols) >= max(turnovers[s] for s in left_out)


FINE = Measures(500, Decimal(20_000_000), movement=0.01, empty=0.0, spread=0.0001)


@pytest.mark.parametrize(
    ("measures", "tier", "because"),
    [
        (FINE, Tier.CORE, "every bound"),
        (replace(FINE, turnover=Decimal(5_000_000)), Tier.EXPANSION, "5,000,000 traded an hour"),
        (replace(FINE, spread=0.001), Tier.EXPANSION, "spread 0.100%, at most 0.050%"),
        (replace(FINE, spread=None), Tier.CONDITIONAL, "spread is not known"),
        (replace(FINE, movement=0.1), Tier.CONDITIONAL, "movement"),
        (replace(FINE, bars=250), Tier.EXPANSION, "250 closed candles of 300"),
    ],
)
def test_each_symbol_has_a_tier_and_the_reason_for_it(measures: Measures, tier: Tier, because: str) -> None:
    """The tier is the best whose bounds are all met; the reason is the bound that is missed."""
    universe = chosen({"A": GOOD}, {"A": measures}, UniverseSettings(), NOW)
    assert universe.tiers["A"].tier is tier
    assert because in universe.tiers["A"].reason
    assert counts(universe)[tier] == 1


@given(
    turnover=st.integers(1, 10**9),
    spread=st.floats(1e-6, 0.01),
    wobbles=st.lists(st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)), min_size=1, max_size=8),
)
def test_nothing_flaps_while_the_market_only_wobbles(
    turnover: int, spread: float, wobbles: list[tuple[float, float]]
) -> None:
    """Figures that go up and down by a tenth move a symbol upwards at most, never to and fro."""
    settings, universe, seen = UniverseSettings(minimum_turnover=Decimal(1000)), None, []
    for more, wider in wobbles:
        measures = replace(FINE, turnover=Decimal(int(turnover * more)), spread=spread * wider)
        universe = chosen({"A": GOOD}, {"A": measures}, settings, NOW, universe)
        seen.append(universe.tiers["A"].tier.rank if "A" in universe.symbols else len(Tier))
    assert seen == sorted(seen, reverse=True)


def test_places_are_kept_by_those_who_have_them() -> None:
    """With one place, a rival that is a little better does not take it; one far ahead does."""
    instruments = {name: replace(GOOD, symbol=name) for name in "ABC"}
    settings = UniverseSettings(max_symbols=4, slack=1.25)
    five = {name: replace(GOOD, symbol=name) for name in "ABCDE"}
    ranked = {name: replace(FINE, turnover=FINE.turnover * (9 - place)) for place, name in enumerate("ABCDE")}
    first = chosen(five, ranked, settings, NOW)
    assert set(first.symbols) == set("ABCD")
    close = {**ranked, "E": replace(FINE, turnover=ranked["D"].turnover + 1)}
    assert set(chosen(five, close, settings, NOW, first).symbols) == set("ABCD")
    gone = {name: close[name] for name in "ABC"} | {"E": close["E"]}
    assert set(chosen({**instruments, "E": five["E"]}, gone, settings, NOW, first).symbols) == set("ABCE")


def test_bounds_that_contradict_each_other_are_refused() -> None:
    """Core cannot ask for less than expansion."""
    low = {"turnover": 1, "spread": 0.1, "movement": 1, "empty": 1, "bars": 1}
    with pytest.raises(ValueError, match="stricter"):
        UniverseSettings(core=low)


def test_measures_are_of_an_hour_whatever_the_candles() -> None:
    """Ten candles of five minutes: turnover scales with time, movement with its root."""
    row = {
        "bars": 500, "recent_s": 3000, "interval_s": 300, "turnover": "500", "movement": 0.01, "empty": 0.1,
        "spread": None,
    }  # fmt: skip
    measures = measured(row)
    assert measures.turnover == 600
    assert measures.movement == pytest.approx(0.01 * 12**0.5)


ROW = {
    "bars": 500, "recent_s": 3600, "interval_s": 60, "turnover": "10", "movement": 0.001, "empty": 0.0,
    "spread": 0.0001,
}  # fmt: skip
COVERAGE = {"A": ROW, "B": {**ROW, "bars": 3}}


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
        assert (await h.next(Universe)).refused["A"] == "settling: the venue is ending it (SETTLING)"
        assert (await h.health()).findings[0].code == "QT-UNIVERSE-EMPTY"
        said = await h.call("universe.refresh")
        assert (said["symbols"], said["reasons"]) == ([], {"settling": 1, "no_history": 1})


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
        assert said.findings[0].code == "QT-UNIVERSE-OLD"
        await h.publish(replace(GOOD, status="SETTLING"))
        await h.until(lambda: "A" in h.published(Universe)[-1].refused)  # the venue's word needs no feed
