"""The user stream: gone, half-open, mute, without a key; and what is done about each."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.exchange.mentions import GRACE_S, Mentions
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"


def wish(venue: Any) -> dict[str, Any]:
    trigger = (venue.mark(SYMBOL) * Decimal("0.98")).quantize(Decimal("0.1"))
    return {
        "signal_id": "s1",
        "symbol": SYMBOL,
        "side": "long",
        "quantity": "0.010",
        "notional": "1000",
        "stop_trigger": str(trigger),
    }


def said(h: Harness, word: str) -> bool:
    return any(word in str(line.get("why")) for line in h.logs)


async def test_a_half_open_socket_is_noticed_within_three_seconds(
    venue: Any, lossy: Any, tmp_path: Path, open_door: Any
) -> None:
    """A peer that is gone without a word answers no ping; a new socket is open within 3 s, and nothing was lost."""
    async with lossy.lossy_wire(venue.origin) as wire:
        wire.lose("GET /private/ws", lossy.Loss.EVENTS)
        async with open_door(wire.origin, tmp_path / "home") as h:
            await h.until(lambda: h.progress("exchange").get("streams_opened") == 1)
            began_s = time.monotonic()
            await h.until(lambda: h.progress("exchange")["streams_opened"] == 2)
            assert time.monotonic() - began_s < 3.0
            assert said(h, "not answered a ping")
            await h.call("exchange.enter", wish(venue))
            await h.until(lambda: h.progress("exchange").get("stream_events", 0) > 0)


async def test_c5_a_mute_stream_is_dialled_again(venue: Any, lossy: Any, tmp_path: Path, open_door: Any) -> None:
    """A socket that answers pings but carries nothing is noticed by what it should have said."""
    async with lossy.lossy_wire(venue.origin) as wire:
        wire.lose("GET /private/ws", lossy.Loss.TEXTS)
        async with open_door(wire.origin, tmp_path / "home", stream_patience_s=0.3) as h:
            await h.until(lambda: bool(wire.lost))
            await h.call("exchange.enter", wish(venue))
            await h.until(lambda: said(h, "mute"))
            await h.until(lambda: h.progress("exchange")["streams_opened"] == 2)
            await h.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"})
            await h.until(lambda: h.progress("exchange").get("stream_events", 0) > 0)


def test_a_fill_found_by_asking_that_was_never_mentioned_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence about an execution proves muteness; what was heard, or happened before the stream, does not."""
    now_s = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    mentions = Mentions()
    mentions.opened()
    mentions.booked(SYMBOL, 7)
    now_s[0] += GRACE_S + 1
    assert mentions.oldest_s == 0, "it may have happened before the stream was there"
    mentions.heard(SYMBOL, "", 8)
    mentions.booked(SYMBOL, 8)
    assert mentions.oldest_s == 0
    mentions.booked(SYMBOL, 9)
    now_s[0] += 2
    assert mentions.oldest_s == 2
    mentions.heard(SYMBOL, "", 9)
    assert mentions.oldest_s == 0


@pytest.mark.parametrize("venue", [{"listen_key_life_s": 1.0}], indirect=True)
async def test_an_expired_listen_key_is_replaced(venue: Any, tmp_path: Path, open_door: Any) -> None:
    """ccxt would dial the dead key again; here a new key is asked for, and the account is gone through again."""
    async with open_door(venue.origin, tmp_path / "home") as h:
        await h.until(lambda: h.progress("exchange").get("streams_opened", 0) >= 2)
        assert said(h, "listen key expire")
        await h.call("exchange.enter", wish(venue))
        await h.until(lambda: h.progress("exchange").get("fills") == 1)


@pytest.mark.parametrize("venue", [{"listen_key_life_s": 1.0}], indirect=True)
async def test_a_renewed_listen_key_lasts(venue: Any, tmp_path: Path, open_door: Any) -> None:
    """The key is kept alive, so the stream outlives it."""
    async with open_door(venue.origin, tmp_path / "home", listen_key_renewal_s=0.3) as h:
        await h.until(lambda: h.progress("exchange").get("streams_opened", 0) == 1)
        since_s = time.monotonic()
        await h.until(lambda: time.monotonic() - since_s > 1.6)
        assert h.progress("exchange")["streams_opened"] == 1
