"""What autonomy withholds is told: once, with its figures, and not again in every round."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qtcore import Autonomy, Context, Plugin, action, hookimpl
from qtcore.control.host_message import ActWithheld
from qtcore.hosts.runtime.withheld import TOLD_AGAIN_S, WithheldActs
from qtcore.testing import harness


class Closer(Plugin):
    """Closes a position, when it may."""

    def __init__(self) -> None:
        self.closed = 0

    @hookimpl
    async def start(self, ctx: Context) -> None:
        ctx.ready()
        await ctx.serve()

    @action(effect=True)
    async def close(self, ctx: Context) -> int:
        if ctx.autonomy.acts:
            self.closed += 1
        else:
            ctx.would_have("closed BTCUSDT", price=Decimal("61.5"))
        return self.closed


@pytest.mark.anyio
async def test_what_is_withheld_is_told_with_its_figures() -> None:
    """An observing plugin does nothing, and what it would have done reaches the supervisor once a minute."""
    async with harness(Closer, autonomy=Autonomy.OBSERVE) as h:
        await h.ready()
        for _ in range(3):
            assert await h.call("closer.close") == 0
        await h.advance(TOLD_AGAIN_S)
        await h.call("closer.close")
        first, second = h.reports.of(ActWithheld)
    assert (first.what, first.autonomy, first.facts) == ("closed BTCUSDT", Autonomy.OBSERVE, {"price": "61.5"})
    assert (first.repeated, second.repeated) == (1, 3)
    assert h.withheld == ["closed BTCUSDT", "closed BTCUSDT"]


@pytest.mark.anyio
async def test_an_enforced_plugin_acts() -> None:
    """The default withholds nothing."""
    async with harness(Closer) as h:
        await h.ready()
        assert await h.call("closer.close") == 1
        assert h.withheld == []


@pytest.mark.parametrize(
    ("autonomy", "acts", "advises"),
    [
        (Autonomy.OFF, False, False),
        (Autonomy.OBSERVE, False, False),
        (Autonomy.ADVISORY, False, True),
        (Autonomy.ENFORCED, True, True),
    ],
)
def test_each_step_allows_more(autonomy: Autonomy, acts: bool, advises: bool) -> None:
    """Advice comes before acts."""
    assert (autonomy.acts, autonomy.advises) == (acts, advises)


def test_texts_are_counted_apart_and_not_for_ever() -> None:
    """A text of its own is told at once; memory stays bounded however many there are."""
    acts = WithheldActs()
    assert [acts.due(f"sold {number}", 0.0) for number in range(1_000)] == [1] * 1_000
    assert acts.due("sold 999", 1.0) is None
    assert acts.due("sold 0", 1.0) == 1
