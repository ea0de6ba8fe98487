"""One trace from the first message to the last effect, across plugins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from qtcore import Context, NoSettings, Plugin, action, hookimpl, topic
from qtcore.testing import harness

pytestmark = pytest.mark.anyio


@topic()
@dataclass(frozen=True, slots=True)
class Spark:
    n: int


@topic()
@dataclass(frozen=True, slots=True)
class Flame:
    n: int


class Lighter(Plugin[NoSettings]):
    reads = [Spark]
    writes = [Flame]

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        async with ctx.subscribe(Spark) as sparks:
            ctx.ready()
            async for spark in sparks:
                with ctx.span("light", n=spark.n):
                    await ctx.publish(Flame(spark.n))


class Watcher(Plugin[NoSettings]):
    reads = [Flame]
    calls = ["bell.ring"]

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        async with ctx.subscribe(Flame) as flames:
            ctx.ready()
            async for flame in flames:
                with ctx.span("see", n=flame.n):
                    await ctx.call("bell.ring")
                    ctx.log.info("rang", trace=ctx.trace_id())


class Bell(Plugin[NoSettings]):
    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        ctx.ready()
        await ctx.serve()

    @action()
    async def ring(self, ctx: Context[NoSettings]) -> str | None:
        return ctx.trace_id()


class Late(Plugin[NoSettings]):
    reads = [Spark]

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        async with ctx.subscribe(Spark) as sparks:
            ctx.ready()
            async for spark in sparks:
                with ctx.span("whole", since_ns=spark.n), ctx.span("part"):
                    pass


async def test_a_span_may_have_begun_before_it_is_opened() -> None:
    """Work that only now proves worth a span has one from its real beginning, and what follows hangs below it."""
    async with harness(Late) as h:
        await h.ready()
        began_ns = time.monotonic_ns() - 5_000_000_000
        await h.publish(Spark(began_ns))
        whole, part = (next(span for span in h.spans if span.name == name) for name in ("whole", "part"))
        assert 5.0 <= (part.start_time - whole.start_time) / 1e9 < 6.0
        assert part.parent.span_id == whole.context.span_id


async def test_a_trace_follows_messages_and_calls() -> None:
    """Each signal has one trace of its own: spans of later plugins hang under those that caused them."""
    async with harness(Lighter, Watcher, Bell) as h:
        await h.ready()
        await h.publish(Spark(1))
        await h.publish(Spark(2))
        await h.until(lambda: len([line for line in h.logs if line["event"] == "rang"]) == 2)
        for n in (1, 2):
            light, see = (one(h.spans, name, n) for name in ("light", "see"))
            assert see.context.trace_id == light.context.trace_id
            assert see.parent.span_id == light.context.span_id
        rings = [span for span in h.spans if span.name == "bell action:ring"]
        assert {span.context.trace_id for span in rings} == {one(h.spans, "see", n).context.trace_id for n in (1, 2)}
        assert one(h.spans, "light", 1).context.trace_id != one(h.spans, "light", 2).context.trace_id


async def test_what_follows_ready_is_no_part_of_the_start() -> None:
    """The span of a start ends at ready; later work does not hang under it."""
    async with harness(Lighter) as h:
        await h.ready()
        start = next(span for span in h.spans if span.name == "lighter start")
        await h.publish(Spark(1))
        await h.next(Flame)
        light = one(h.spans, "light", 1)
        assert light.parent is None
        assert light.context.trace_id != start.context.trace_id


def one(spans: Any, name: str, n: int) -> Any:
    (found,) = [span for span in spans if span.name == name and span.attributes["n"] == n]
    return found
