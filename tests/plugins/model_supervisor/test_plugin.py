"""The model supervisor at work: it judges from history, says what follows, and stops only what it may."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from plugins.domain import (
    Candle,
    EnsembleWeights,
    MemberName,
    Signal,
    Source,
    SourceVerdict,
    Standing,
    View,
    at_market_ms,
    history_of,
)
from plugins.model_supervisor import ModelSupervisor
from plugins.store import database_url, open_store
from plugins.store.schema import upgrade
from qtcore import Finding, Severity
from qtcore.testing import Harness, Plug, harness
from tests.plugins.model_supervisor.conftest import BARS, START_MS, SYMBOLS, signal, vote, walk

pytestmark = pytest.mark.anyio
END = at_market_ms(START_MS + BARS * 60_000)


def guesses(market: dict[str, list[Candle]], *, source: Source = Source.RSI_RULE, **given: Any) -> list[Signal]:
    """Views by a coin, one in each symbol each ten minutes."""
    random = Random(7)
    return [
        signal(
            candles[bar],
            random.choice([View.LONG, View.SHORT]),
            source=source,
            confidence=random.uniform(0.55, 0.65),
            feature=random.gauss(50, 10),
            **given,
        )
        for bar in range(100, BARS, 10)
        for candles in market.values()
    ]


async def store_signals(h: Harness, signals: list[Signal]) -> None:
    async with open_store(database_url(h.home, "")) as store:
        await upgrade(store.engine, backups=h.home / "backups", now=END)
        await store.signals.insert_many(signals)


async def begin(h: Harness, signals: list[Signal], *, autonomy: str = "enforced", **settings: Any) -> None:
    market = walk()
    h.on_call("feed.coverage", lambda _: {symbol: {} for symbol in SYMBOLS})
    h.on_call("feed.history", lambda a: history_of(a["symbol"], 60, market[a["symbol"]]))
    h.set_market(END)
    await store_signals(h, signals)
    h.start(Plug(ModelSupervisor, autonomy=autonomy, settings=settings))
    await h.ready()
    await h.until(lambda: h.progress().get("judgements", 0) > 0, timeout_s=30)


def verdict(h: Harness, source: Source) -> SourceVerdict:
    return [each for each in h.published(SourceVerdict) if each.source is source][-1]


async def test_a_source_without_edge_is_stopped_where_that_is_enforced() -> None:
    """Guesses from before this start are judged at once; the verdict and the finding say "no edge"."""
    async with harness() as h:
        await begin(h, guesses(walk()))
        stopped = verdict(h, Source.RSI_RULE)
        assert not stopped.entries_allowed
        assert stopped.reason.startswith("no edge: ")
        assert verdict(h, Source.ENSEMBLE).entries_allowed
        health = await h.health()
        assert health.status == "healthy"
        assert "no edge" in health.summary
        assert "QT-MODEL-NO-EDGE" in h.findings
        shown = await h.call("model_supervisor.sources")
        assert shown["sources"]["rsi_rule"]["word"] == "no edge"


async def test_where_it_only_advises_entries_go_on_and_it_says_so() -> None:
    """Advisory: allowed, with the reason, and journalled as withheld."""
    async with harness() as h:
        await begin(h, guesses(walk()), autonomy="advisory")
        allowed = verdict(h, Source.RSI_RULE)
        assert allowed.entries_allowed
        assert "no edge" in allowed.reason
        assert any("stopped the entries of rsi_rule" in what for what in h.withheld)


async def test_verdicts_and_weights_are_renewed_and_new_fates_come_in() -> None:
    """What is said while it runs waits for its fate; verdicts never run out while it works."""
    async with harness() as h:
        await begin(h, [])
        before = len(h.published(SourceVerdict))
        await h.publish(signal(walk()["AUSDT"][BARS - 1], View.LONG))
        for renewal in (1, 2):
            await h.advance(16)
            await h.until(lambda renewal=renewal: len(h.published(SourceVerdict)) >= before + renewal * len(Source))
        assert (await h.call("model_supervisor.sources"))["waiting_for_their_fate"] == 1
        assert sum(h.published(EnsembleWeights)[-1].weights.values()) == pytest.approx(1.0)


async def test_a_member_that_never_counts_is_named_e5() -> None:
    """The ensemble's votes name who was there: one that covers too little is a finding."""
    market = walk()
    votes = (vote(MemberName.XGBOOST, 0.6), vote(MemberName.N_HITS, 0.5, Standing.NO_COVERAGE))
    async with harness() as h:
        await begin(h, guesses(market, source=Source.ENSEMBLE, votes=votes))
        health = await h.health()
        assert health.status == "degraded"
        assert "QT-MODEL-COVERAGE" in [finding.code for finding in health.findings]


async def test_a_stuck_source_is_found_and_stopped_e12() -> None:
    """The same confidence for ever."""
    market = walk()
    stuck = [
        signal(candles[bar], View.LONG, confidence=0.6) for bar in range(100, BARS, 10) for candles in market.values()
    ]
    async with harness() as h:
        await begin(h, stuck)
        assert "it is stuck" in verdict(h, Source.RSI_RULE).reason
        assert "QT-MODEL-CONFIDENCE" in h.findings, "told when it was judged, whoever asks for health"
        assert next(finding.code for finding in (await h.health()).findings) == "QT-MODEL-CONFIDENCE"


async def test_heal_reads_the_history_again() -> None:
    """And judges anew."""
    async with harness() as h:
        await begin(h, guesses(walk()))
        before = len(h.published(SourceVerdict))
        blind = Finding(code="QT-MODEL-BLIND", severity=Severity.MEDIUM, summary="the test says so")
        assert "4 symbols" in await h.heal(blind)
        assert len(h.published(SourceVerdict)) > before
