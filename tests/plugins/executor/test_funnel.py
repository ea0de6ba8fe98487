"""The funnel: why there were no trades, at once and in plain words."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import OutcomeCode
from plugins.executor.funnel import MEANINGS, described, sentences, window
from plugins.store import database_url, open_store
from plugins.store.rows import Funnel, Miss
from plugins.store.schema import upgrade

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
MISS = Miss("s", "BTCUSDT", OutcomeCode.CONFIDENCE, Decimal("0.37"), Decimal("0.38"), "0.37 is below 0.38", NOW)


def funnel(made: int, ended: dict[OutcomeCode, int], *nearest: Miss) -> Funnel:
    return Funnel(NOW - timedelta(hours=1), NOW, made, made - sum(ended.values()), ended, nearest)


def test_every_outcome_has_a_meaning_in_words() -> None:
    """None is left to be guessed from its code, and there are no more than forty."""
    assert set(MEANINGS) == set(OutcomeCode)
    assert len(OutcomeCode) <= 40


def test_h1_the_blocking_gate_is_named_with_its_share() -> None:
    """The seed's 198 signals and no order would have been one sentence."""
    found = funnel(198, {OutcomeCode.TREND: 150, OutcomeCode.CONFIDENCE: 30, OutcomeCode.NEUTRAL: 18}, MISS)
    assert list(sentences(found)) == [
        "198 signals were made, none of them became positions",
        "18 asked for no position",
        "most of the other 180 ended at blocked_trend: 150 (83%) went against a clear trend without being sure enough "
        "for that",
        "the nearest miss was BTCUSDT at 12:00:00 UTC: 0.37 is below 0.38",
    ]
    assert described(found)["blocking_gate"] == "blocked_trend"


def test_a_gate_that_blocks_less_than_half_is_not_said_to_block_most() -> None:
    """It is the largest part only."""
    found = funnel(10, {OutcomeCode.TREND: 4, OutcomeCode.CONFIDENCE: 3, OutcomeCode.POSTURE: 3})
    assert any(
        line.startswith("the largest part of the other 10 ended at blocked_trend: 4 (40%)") for line in sentences(found)
    )


def test_nothing_made_is_not_blamed_on_a_gate() -> None:
    """Without signals the models and the feed are named instead."""
    found = described(funnel(0, {}))
    assert found["blocking_gate"] is None
    assert "qt why models" in found["answer"][0]


def test_any_window_can_be_asked_for() -> None:
    """The last minutes, or from one time to another; a time without a zone is UTC, an empty window is refused."""
    since = datetime(2025, 3, 1, 9, 0)  # noqa: DTZ001 - as a person types it
    assert window(NOW, minutes=60, since=None, until=None) == (NOW - timedelta(hours=1), NOW)
    assert window(NOW, minutes=60, since=since, until=None) == (NOW - timedelta(hours=3), NOW)
    with pytest.raises(ValueError, match="empty"):
        window(NOW, minutes=60, since=NOW, until=since)


@pytest.mark.anyio
async def test_a_hundred_thousand_signals_are_counted_within_a_second(tmp_path: Path) -> None:
    """The whole of a long history, with its nearest misses; rows as the store writes them."""
    async with open_store(database_url(tmp_path)) as store:
        await upgrade(store.engine, backups=tmp_path / "backups", now=NOW)
        _fill(tmp_path / "quantum.db", 100_000)
        began = time.perf_counter()
        found = await store.signals.funnel(NOW - timedelta(days=30), NOW)
        answer: dict[str, Any] = described(found)
        took_s = time.perf_counter() - began
    assert answer["made"] == 100_000
    assert answer["adds_up"]
    assert len(answer["nearest_misses"]) == 5
    assert took_s < 1.0


def _fill(path: Path, count: int) -> None:
    codes = ["blocked_confidence", "blocked_trend", "blocked_slots_full", "filled", "neutral"]
    features = '{"rsi": 27.5, "ema": 1.01, "atr": 0.004}' + " " * 400
    columns = "id,symbol,view,confidence,source,price,made_at,market_at,expires_at,features,outcome_code"
    columns += ",outcome_sentence,had,needed"
    rows = []
    for n in range(count):
        at = (NOW - timedelta(seconds=1 + n)).strftime("%Y-%m-%d %H:%M:%S.%f")
        measured = n % 5 < 2
        had, needed = (f"0.{3000 + n % 800}", "0.38") if measured else (None, None)
        row = (f"s{n}", f"C{n % 50}USDT", "long", "0.6", "rsi_rule", "1.5", at, at, at, features, codes[n % 5], "x")
        rows.append((*row, had, needed))
    with sqlite3.connect(path) as connection:
        connection.executemany(f"INSERT INTO signals ({columns}) VALUES ({','.join('?' * 14)})", rows)  # noqa: S608
    connection.close()
