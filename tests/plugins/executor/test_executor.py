"""The executor at work: every signal ends in exactly one stored and published outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import EntryStyle, Outcome, OutcomeCode
from plugins.executor import Executor
from plugins.store import Store, database_url, open_store
from plugins.store.kill_switch import write_kill_switch
from plugins.store.schema import upgrade
from qtcore.health.verdict import SILENT_CADENCES
from qtcore.testing import Harness, harness

pytestmark = pytest.mark.anyio

FILLED = {
    "intent_id": "qt-p-e-1",
    "state": "filled",
    "filled_quantity": "0.1",
    "average_price": "50001",
    "code": "filled",
    "sentence": "filled",
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(database_url(tmp_path)) as opened:
        await upgrade(opened.engine, backups=tmp_path / "backups", now=datetime.now(UTC))
        yield opened


@asynccontextmanager
async def running(home: Path, scene: Any, **settings: Any) -> AsyncIterator[Harness]:
    """An executor that knows the scene's world; exchange and risk guard are stand-ins."""
    async with harness(Executor, home=home, settings={"gather_s": 0.0, **settings}) as h:
        h.set_market(scene.now)
        h.on_call("exchange.entry", lambda _: None)
        h.on_call("exchange.enter", lambda _: FILLED)
        await h.ready()
        for message in (
            scene.trading_policy,
            scene.universe,
            scene.account,
            scene.budget,
            scene.mark,
            scene.instrument,
        ):
            await h.publish(message)
        yield h


async def ended(h: Harness, store: Store, signal: Any) -> Outcome:
    """Store and publish a signal as `models` does; returns its outcome."""
    signal = replace(signal, made_at=max(signal.made_at, h.clock.wall()))
    await store.signals.insert_many([signal])
    await h.publish(signal)
    return await h.next(Outcome)


async def test_a_passing_signal_is_entered_once_and_stored(tmp_path: Path, store: Store, scene: Any) -> None:
    """The order carries the signal's id as its key; the row holds the outcome and every number."""
    async with running(tmp_path, scene) as h:
        outcome = await ended(h, store, scene.signal)
        assert outcome.code is OutcomeCode.FILLED
        (call,) = h.calls("exchange.enter")
        assert call["signal_id"] == "s1"
        row = await store.signals.get("s1")
        assert row is not None
        assert row.outcome is OutcomeCode.FILLED
        assert row.record is not None
        assert row.record["quantity"] == "0.1"


async def test_the_kill_switch_needs_nobody(tmp_path: Path, store: Store, scene: Any) -> None:
    """A file in the home ends signals before any call is made."""
    write_kill_switch(tmp_path, on=True, who="me", when=scene.now, why="test")
    async with running(tmp_path, scene) as h:
        outcome = await ended(h, store, scene.signal)
        assert outcome.code is OutcomeCode.KILL_SWITCH
        assert not h.calls("exchange.enter")


async def test_what_the_guard_refuses_at_the_door_is_the_outcome(tmp_path: Path, store: Store, scene: Any) -> None:
    """The door is told what the entry is worth, asks the guard, and its word is stored as the signal's end."""
    async with running(tmp_path, scene) as h:
        said = "2 positions are open or about to be (limit 2)"
        h.on_call(
            "exchange.enter", lambda _: FILLED | {"state": "refused", "code": "blocked_risk_guard", "sentence": said}
        )
        outcome = await ended(h, store, scene.signal)
        assert (outcome.code, outcome.sentence) == (OutcomeCode.RISK_GUARD, said)
        (call,) = h.calls("exchange.enter")
        row = await store.signals.get("s1")
        assert row is not None
        assert row.record is not None
        assert str(call["notional"]) == row.record["notional"]


async def test_a_failed_call_is_resolved_by_asking_for_the_truth(tmp_path: Path, store: Store, scene: Any) -> None:
    """After a failure the exchange is asked what is true; nothing is sent twice."""
    async with running(tmp_path, scene) as h:

        def fail(_: dict[str, Any]) -> None:
            raise RuntimeError("the answer got lost")

        h.on_call("exchange.enter", fail)
        h.on_call("exchange.entry", lambda _: FILLED)
        outcome = await ended(h, store, scene.signal)
        assert outcome.code is OutcomeCode.FILLED
        assert len(h.calls("exchange.enter")) == 1


async def test_an_exchange_that_died_is_asked_again_once_it_is_back(tmp_path: Path, store: Store, scene: Any) -> None:
    """An order in flight when the exchange's process died ends as what became of it, not as unknown."""
    answers = iter([RuntimeError("away"), RuntimeError("away"), FILLED])

    def reply(_: dict[str, Any]) -> Any:
        if isinstance(answer := next(answers), RuntimeError):
            raise answer
        return answer

    async with running(tmp_path, scene) as h:
        h.on_call("exchange.enter", lambda _: reply({}))
        h.on_call("exchange.entry", reply)
        assert (await ended(h, store, scene.signal)).code is OutcomeCode.FILLED
        assert len(h.calls("exchange.enter")) == 1


async def test_what_a_crash_left_is_closed_at_the_next_start(tmp_path: Path, store: Store, scene: Any) -> None:
    """A signal that expired meanwhile ends as abandoned, one that was entered as what the exchange knows of it."""
    lost = replace(scene.signal, expires_at=scene.now - timedelta(seconds=1))
    sent = replace(lost, id="s2", symbol="ETHUSDT")
    await store.signals.insert_many([lost, sent])
    async with harness(Executor, home=tmp_path) as h:
        h.set_market(scene.now)
        h.on_call("exchange.entry", lambda asked: FILLED if asked["signal_id"] == "s2" else None)
        await h.ready()
    rows = {row.signal.id: row.outcome for row in await store.signals.latest()}
    assert rows == {"s1": OutcomeCode.ABANDONED_BY_RESTART, "s2": OutcomeCode.FILLED}


async def test_a_fresh_signal_of_an_earlier_life_is_judged(tmp_path: Path, store: Store, scene: Any) -> None:
    """What was made while the executor was down is entered once, after the exchange was asked about it."""
    await store.signals.insert_many([replace(scene.signal, made_at=scene.now - timedelta(days=1))])
    async with running(tmp_path, scene) as h:
        outcome = await h.next(Outcome)
        assert (outcome.signal_id, outcome.code) == ("s1", OutcomeCode.FILLED)
        assert len(h.calls("exchange.entry")) == 1
        await h.publish(replace(scene.signal, made_at=h.clock.wall()))  # its message comes late
        await ended(h, store, replace(scene.signal, id="s2"))
        assert [call["signal_id"] for call in h.calls("exchange.enter")] == ["s1"]


async def test_d_a_lost_message_is_made_good_by_the_sweep(tmp_path: Path, store: Store, scene: Any) -> None:
    """A signal that is stored but never heard of is judged while it is fresh, and ended when it is not."""
    async with running(tmp_path, scene) as h:
        wall = h.clock.wall()
        old = replace(scene.signal, id="old", symbol="ETHUSDT", made_at=wall, expires_at=scene.now)
        await store.signals.insert_many([replace(scene.signal, made_at=wall), old])
        await h.advance(31.0)
        await h.until(lambda: h.progress().get("sweeps", 0) > 0)
        for message in (scene.account, scene.mark, scene.budget):
            await h.publish(message)
        await h.run_timer("sweep")
        assert h.published(Outcome)[0].signal_id == "s1"
        row = await store.signals.get("old")
        assert row is not None
        assert row.outcome is OutcomeCode.EXPIRED_UNSEEN


async def test_an_unknown_entry_stays_open_until_there_is_proof(tmp_path: Path, store: Store, scene: Any) -> None:
    """The outcome is written once, so it waits for the truth, which comes with the numbers of the order."""
    unknown = FILLED | {"code": "order_unknown", "state": "unknown", "filled_quantity": "0"}
    async with running(tmp_path, scene) as h:
        h.on_call("exchange.enter", lambda _: unknown)
        signal = replace(scene.signal, made_at=h.clock.wall())
        await store.signals.insert_many([signal])
        await h.publish(signal)
        h.on_call("exchange.entry", lambda _: unknown)
        await h.advance(31.0)
        await h.until(lambda: h.progress().get("sweeps", 0) > 0)
        await h.run_timer("sweep")
        assert not h.published(Outcome)
        h.on_call("exchange.entry", lambda _: FILLED)
        await h.run_timer("sweep")
        row = await store.signals.get("s1")
        assert row is not None
        assert row.outcome is OutcomeCode.FILLED
        assert row.record is not None
        assert "stop_trigger" in row.record


async def test_a_slot_that_one_does_not_get_goes_to_the_next(tmp_path: Path, store: Store, scene: Any) -> None:
    """Ranked candidates refill: the best is refused by the venue, so the two after it are entered."""
    symbols = [f"COIN{n}USDT" for n in range(4)]
    async with harness(Executor, home=tmp_path, settings={"gather_s": 0.2, "positions": 2}) as h:
        h.set_market(scene.now)
        refused = FILLED | {"code": "order_refused", "state": "refused"}
        h.on_call("exchange.entry", lambda _: None)
        h.on_call("exchange.enter", lambda asked: refused if asked["symbol"] == "COIN3USDT" else FILLED)
        await h.ready()
        await h.publish(replace(scene.trading_policy, by_symbol=dict.fromkeys(symbols, scene.policy)))
        await h.publish(replace(scene.universe, symbols=tuple(symbols)))
        await h.publish(scene.account)
        await h.publish(scene.budget)
        batch = []
        for n, symbol in enumerate(symbols):
            await h.publish(replace(scene.mark, symbol=symbol))
            await h.publish(replace(scene.instrument, symbol=symbol))
            batch.append(
                replace(
                    scene.signal,
                    id=symbol,
                    symbol=symbol,
                    confidence=Decimal("0.60") + n * Decimal("0.01"),
                    made_at=h.clock.wall(),
                )
            )
        await store.signals.insert_many(batch)
        for signal in batch:
            await h.publish(signal)
        await h.until(lambda: len(h.published(Outcome)) == 4)
        assert [(outcome.symbol, outcome.code.value) for outcome in h.published(Outcome)] == [
            ("COIN3USDT", "order_refused"),
            ("COIN2USDT", "filled"),
            ("COIN1USDT", "filled"),
            ("COIN0USDT", "blocked_slots_full"),
        ]


async def test_a_slot_is_taken_before_its_position_is_told(tmp_path: Path, store: Store, scene: Any) -> None:
    """Entries of one burst count each other, although the exchange tells their positions only later."""
    symbols = [f"COIN{n}USDT" for n in range(6)]
    async with running(tmp_path, scene) as h:
        policies = dict.fromkeys(symbols, scene.policy)
        await h.publish(replace(scene.trading_policy, by_symbol=policies))
        await h.publish(replace(scene.universe, symbols=tuple(symbols)))
        codes = []
        for symbol in symbols:
            await h.publish(replace(scene.mark, symbol=symbol))
            await h.publish(replace(scene.instrument, symbol=symbol))
            codes.append((await ended(h, store, replace(scene.signal, id=symbol, symbol=symbol))).code)
        assert codes == [OutcomeCode.FILLED] * 4 + [OutcomeCode.SLOTS_FULL] * 2


async def test_g10_a_ghost_keeps_no_slot(tmp_path: Path, store: Store, scene: Any) -> None:
    """An entry whose position is never told gives its slot back; one that is closed does so at once."""
    async with running(tmp_path, scene, positions=1) as h:
        await h.publish(replace(scene.universe, symbols=("BTCUSDT", "ETHUSDT")))
        await h.publish(replace(scene.trading_policy, by_symbol=dict.fromkeys(("BTCUSDT", "ETHUSDT"), scene.policy)))
        assert (await ended(h, store, scene.signal)).code is OutcomeCode.FILLED
        other = replace(scene.signal, symbol="ETHUSDT")

        async def tried(name: str) -> OutcomeCode:
            for message in (scene.mark, scene.instrument):
                await h.publish(replace(message, symbol="ETHUSDT"))
            for message in (scene.account, scene.budget):
                await h.publish(message)
            return (await ended(h, store, replace(other, id=name))).code

        assert await tried("s2") is OutcomeCode.SLOTS_FULL
        await h.advance(31.0)
        assert await tried("s3") is OutcomeCode.FILLED


async def test_a_patient_entry_holds_up_nobody(tmp_path: Path, store: Store, scene: Any) -> None:
    """While one waits at its limit the next is judged; the slot is taken meanwhile and free when it did not fill."""
    patient = replace(scene.policy, entry_style=EntryStyle.LIMIT_THEN_SKIP, entry_deadline_s=5.0)
    waiting = asyncio.Event()
    async with running(tmp_path, scene) as h:

        async def enter(asked: dict[str, Any]) -> dict[str, Any]:
            if "limit" not in asked:
                return FILLED
            await waiting.wait()
            return FILLED | {"code": "limit_unfilled", "state": "cancelled", "filled_quantity": "0"}

        h.on_call("exchange.enter", enter)
        await h.publish(replace(scene.trading_policy, by_symbol={"BTCUSDT": patient, "ETHUSDT": scene.policy}))
        for message in (scene.mark, scene.instrument):
            await h.publish(replace(message, symbol="ETHUSDT"))
        signal = replace(scene.signal, made_at=h.clock.wall())
        await store.signals.insert_many([signal])
        await h.publish(signal)
        await h.until(lambda: bool(h.calls("exchange.enter")))
        call = h.calls("exchange.enter")[0]
        assert (call["limit"], call["wait_s"], call["then_market"]) == ("50000", 5.0, False)
        second = await ended(h, store, replace(scene.signal, id="s2", symbol="ETHUSDT"))
        assert (second.signal_id, second.code) == ("s2", OutcomeCode.FILLED)
        waiting.set()
        assert (await h.next(Outcome)).code is OutcomeCode.LIMIT_UNFILLED
        await h.publish(replace(scene.trading_policy, by_symbol={"BTCUSDT": scene.policy}))
        assert (await ended(h, store, replace(scene.signal, id="s3"))).code is OutcomeCode.FILLED


async def test_the_funnel_adds_up(tmp_path: Path, store: Store, scene: Any) -> None:
    """Counts at the gates sum to the signals made, and the blocking gate and the nearest miss are named."""
    weak = replace(scene.signal, id="s3", confidence=Decimal("0.37"), made_at=scene.now)
    async with running(tmp_path, scene) as h:
        wall = h.clock.wall()
        await ended(h, store, replace(weak, made_at=wall))
        await ended(h, store, replace(scene.signal, made_at=wall + timedelta(microseconds=1)))
        await h.advance(1.0)
        funnel = await h.call("executor.funnel", {"minutes": 5})
        assert funnel["adds_up"]
        assert funnel["made"] == 2
        assert funnel["blocking_gate"] == "blocked_confidence"
        assert funnel["nearest_misses"][0]["needed"] == "0.38"


async def test_a_market_without_signals_is_no_idleness(tmp_path: Path, store: Store, scene: Any) -> None:
    """The sweep counts as work, oftener than silence would be held against the executor."""
    assert store
    async with running(tmp_path, scene) as h:
        for sweeps in (1, 2):
            await h.advance(SILENT_CADENCES * Executor.cadence_s - 1.0)
            await h.until(lambda sweeps=sweeps: h.progress().get("sweeps", 0) >= sweeps)
