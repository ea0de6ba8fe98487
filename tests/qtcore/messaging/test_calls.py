"""Calls inside a host take the same path as calls between hosts: keys, deadlines, typed errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from qtcore import CallFailed, CallUnanswered
from qtcore.messaging.calls import CallDesk, Caller
from qtcore.messaging.envelope import Envelope, EnvelopeKind
from qtcore.messaging.remembered import REMEMBER_S
from qtcore.testing import VirtualClock

pytestmark = pytest.mark.anyio

ME = Caller("me", 1)


class Door:
    """The actions of plugin `door`; every run is counted."""

    def __init__(self) -> None:
        self.runs = 0
        self.go = asyncio.Event()
        self.fail = False

    def has_effect(self, action: str) -> bool:
        return action != "look"

    async def answer(self, action: str, call: Envelope) -> Any:
        self.runs += 1
        if action == "wait":
            await self.go.wait()
        if action == "time_out":
            raise CallUnanswered("the venue did not answer")
        if self.fail:
            raise ValueError("not this time")
        return {"run": self.runs, "body": call.body}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def desk(clock: VirtualClock, door: Door) -> AsyncIterator[CallDesk]:
    desk = CallDesk(clock)
    desk.open("door", door)
    yield desk
    await desk.aclose()


async def call(
    desk: CallDesk, action: str, argument: object = None, *, key: str | None = None, timeout_s: float = 5
) -> Any:
    return await desk.call(ME, f"door.{action}", argument, timeout_s=timeout_s, key=key)


@dataclass(frozen=True, slots=True)
class Order:
    symbol: str
    quantity: Decimal


async def test_arguments_may_be_dataclasses_and_must_have_names(desk: CallDesk) -> None:
    """A dataclass gives its fields as parameters; a bare value is refused with the cure."""
    assert (await call(desk, "look", Order("BTC", Decimal("0.1"))))["body"] == {"symbol": "BTC", "quantity": "0.1"}
    with pytest.raises(TypeError, match="by name"):
        await call(desk, "look", [1, 2])


async def test_callers_with_one_key_share_one_run(desk: CallDesk, door: Door) -> None:
    """A repeat while the first is under way waits for it; a later one is answered from memory."""
    both = [asyncio.create_task(call(desk, "wait", key="k")) for _ in range(2)]
    await asyncio.sleep(0.01)
    door.go.set()
    results = [await task for task in both]
    assert results[0] == results[1] == await call(desk, "wait", key="k")
    assert door.runs == 1


async def test_a_known_result_is_given_while_the_plugin_is_away(desk: CallDesk, door: Door) -> None:
    """A repeat is answered even while the plugin restarts."""
    first = await call(desk, "act", key="k")
    desk.close("door", door)
    assert await call(desk, "act", key="k") == first
    with pytest.raises(CallFailed, match="not ready"):
        await call(desk, "act", key="other")


async def test_a_failed_keyed_call_may_be_run_again(desk: CallDesk, door: Door) -> None:
    """An error is not remembered."""
    door.fail = True
    with pytest.raises(CallFailed, match="not this time"):
        await call(desk, "act", key="k")
    door.fail = False
    assert (await call(desk, "act", key="k"))["run"] == 2


async def test_a_keyed_call_with_unknown_outcome_is_not_run_again(desk: CallDesk, door: Door) -> None:
    """What may have had its effect is never repeated under the same key."""
    for _ in range(2):
        with pytest.raises(CallUnanswered, match="venue"):
            await call(desk, "time_out", key="k")
    assert door.runs == 1


async def test_results_are_forgotten_in_time(desk: CallDesk, door: Door, clock: VirtualClock) -> None:
    """After ten minutes a key is new again."""
    await call(desk, "act", key="k")
    await clock.advance(REMEMBER_S + 1)
    await call(desk, "act", key="another")
    assert (await call(desk, "act", key="k"))["run"] == 3


async def test_a_caller_that_stops_waiting_does_not_stop_the_action(desk: CallDesk, door: Door) -> None:
    """Deadline and cancellation of the caller leave the action to finish."""
    with pytest.raises(CallUnanswered):
        await call(desk, "wait", key="k", timeout_s=0.01)
    waiting = asyncio.create_task(call(desk, "wait", key="k"))
    await asyncio.sleep(0.01)
    waiting.cancel()
    door.go.set()
    assert (await call(desk, "wait", key="k"))["run"] == 1


async def test_a_call_that_arrives_too_late_is_not_run(desk: CallDesk, door: Door, clock: VirtualClock) -> None:
    """A call whose deadline has passed has no effect any more."""
    late = Envelope(
        kind=EnvelopeKind.CALL,
        id="x",
        topic="door.act",
        writer="me",
        generation=1,
        sequence=0,
        at=clock.wall(),
        expires_s=clock.now() - 1,
        body={},
    )
    reply = await desk.answer(late)
    assert (reply.kind, door.runs) == (EnvelopeKind.FAULT, 0)
