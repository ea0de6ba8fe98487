"""One generation from load to end: wrappers, deadlines, timers, threads, and an end that is an end."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio.from_thread
import pytest
from pydantic import SecretStr

from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Health,
    HookCall,
    NoSettings,
    Plugin,
    Settings,
    action,
    every,
    hookimpl,
    topic,
    uncancelled,
)
from qtcore.config.declarations import Unloadable
from qtcore.control.host_message import NoteRaised
from qtcore.hosts.runtime.registration import HookRegister
from qtcore.hosts.runtime.reporting import Reporter
from qtcore.kernel.words import Cause
from qtcore.telemetry.redaction import Redactor
from qtcore.testing import Plug, SensorFailed, harness

pytestmark = pytest.mark.anyio


class Base(Plugin[NoSettings]):
    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        ctx.ready()
        await ctx.serve()


class Wraps(Base):
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def around(self, call: HookCall) -> Any:
        return self.note(f"{call.plugin} {call.hook}")

    @asynccontextmanager
    async def note(self, what: str) -> AsyncIterator[None]:
        self.seen.append(f"into {what}")
        try:
            yield
        finally:
            self.seen.append(f"out of {what}")


class Acts(Base):
    @hookimpl
    def health(self) -> Health:
        return Health.healthy(threading.current_thread().name)

    @action()
    async def act(self, ctx: Context[NoSettings]) -> str:
        return "done"


async def test_around_wraps_every_call_of_the_host() -> None:
    """A plugin's `around` is entered around each hook of every plugin beside it, and left however it ends."""
    async with harness(Wraps) as h:
        await h.ready()
        h.start(Plug(Acts))
        await h.ready("acts")
        await h.call("acts.act")
        await h.health("acts")
        seen = h._one("wraps").live.plugin.seen
    for what in ("acts action:act", "acts health"):
        assert seen.index(f"into {what}") < seen.index(f"out of {what}")
    assert seen[-1] in {"out of acts start", "out of wraps start"}


async def test_a_def_hook_runs_in_a_thread() -> None:
    """A blocking `def` hook leaves the loop's thread alone."""
    async with harness(Acts) as h:
        await h.ready()
        assert (await h.health()).summary != threading.main_thread().name


@topic()
@dataclass(frozen=True, slots=True)
class Word:
    text: str


class FromThread(Base):
    writes = [Word]

    @action()
    def say(self, ctx: Context[NoSettings], text: str) -> str:
        ctx.progress("words")
        anyio.from_thread.run(ctx.publish, Word(text))
        return threading.current_thread().name


async def test_a_def_hook_may_await_through_its_loop() -> None:
    """What must be awaited is reached from a worker thread by anyio."""
    async with harness(FromThread) as h:
        await h.ready()
        assert await h.call("from_thread.say", {"text": "hello"}) != threading.main_thread().name
        assert await h.next(Word) == Word("hello")
        assert h.progress() == {"words": 1}


class Hangs(Base):
    def __init__(self) -> None:
        self.go = threading.Event()

    @hookimpl
    def health(self) -> Health:
        self.go.wait(10)
        return Health.healthy("at last")

    @action(effect=True, timeout_s=0.1)
    async def act(self, ctx: Context[NoSettings]) -> None:
        await asyncio.Event().wait()


async def test_a_hanging_check_is_a_failed_sensor_and_is_not_piled_up() -> None:
    """Past its deadline a check is a failed sensor; while its thread hangs no other is begun."""
    async with harness(Hangs) as h:
        await h.ready()
        with pytest.raises(SensorFailed, match=r"did not end within 0\.05 s"):
            await h.health(timeout_s=0.05)
        with pytest.raises(SensorFailed, match=r"did not end|still hangs"):
            await h.health(timeout_s=0.05)
        h._one(None).live.plugin.go.set()


async def test_an_action_past_its_deadline_is_unanswered() -> None:
    """An action that takes longer than it declares ends its call as unanswered, with an unknown outcome."""
    async with harness(Hangs) as h:
        await h.ready()
        with pytest.raises(CallUnanswered, match="unknown"):
            await h.call("hangs.act")


class Ticks(Base):
    def __init__(self) -> None:
        self.fail = True
        self.runs = 0

    @every(10)
    async def tick(self, ctx: Context[NoSettings]) -> None:
        self.runs += 1
        if self.fail:
            raise ValueError(f"run {self.runs}")


async def test_three_failures_of_a_timer_in_a_row_end_the_instance() -> None:
    """Two failures are logged, the third ends the generation with its own error."""
    async with harness(Ticks) as h:
        await h.ready()
        await h.advance(20)
        assert [line["failures"] for line in h.logs if line["event"] == "timer failed"] == [1, 2]
        await h.advance(10)
        end = await h.end()
        assert (end.cause, end.error_type) == (Cause.RAISED, "ValueError")


async def test_a_success_between_failures_starts_the_count_anew() -> None:
    """Only failures in a row count."""
    async with harness(Ticks) as h:
        await h.ready()
        await h.advance(20)
        plugin = h._one(None).live.plugin
        plugin.fail = False
        await h.advance(10)
        plugin.fail = True
        await h.advance(20)
        assert plugin.runs == 5
        assert h.reports.ended("ticks", 1) is None


async def test_a_late_timer_skips_what_it_missed() -> None:
    """A jump over several periods runs the timer once for each moment the clock really stopped at."""
    async with harness(Ticks) as h:
        await h.ready()
        plugin = h._one(None).live.plugin
        plugin.fail = False
        h.clock._now_s += 95.0
        await h.advance(0)
        await h.advance(5)
        assert plugin.runs == 2


class Exits(Plugin[NoSettings]):
    @hookimpl
    async def start(self) -> None:
        sys.exit(3)


class Cancels(Plugin[NoSettings]):
    @hookimpl
    async def start(self) -> None:
        raise asyncio.CancelledError


class Groups(Plugin[NoSettings]):
    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        ctx.ready()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.fail())
            tasks.create_task(asyncio.Event().wait())

    async def fail(self) -> None:
        raise LookupError("inside a group")


@pytest.mark.parametrize(
    ("plugin", "error_type", "words"),
    [
        (Exits, "PluginExit", "tried to end the process"),
        (Cancels, "CancelledError", "cancelled from inside"),
        (Groups, "LookupError", "inside a group"),
    ],
)
async def test_odd_ends_are_ordinary_ends(plugin: type[Plugin[Any]], error_type: str, words: str) -> None:
    """sys.exit, a stray cancellation and an exception group end one generation, with a sentence."""
    async with harness(plugin) as h:
        end = await h.end()
        assert (end.cause, end.error_type) == (Cause.RAISED, error_type)
        assert words in end.sentence


class Strays(Plugin[NoSettings]):
    """Leaves a task and a thread's work behind when it ends."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.go = threading.Event()

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        self.task = asyncio.create_task(self.stray())
        ctx.ready()
        await asyncio.sleep(0)
        raise RuntimeError("over")

    async def stray(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            self.gone.append("task")


async def test_an_end_waits_for_every_task_of_the_generation() -> None:
    """PluginEnded comes after the last task that the plugin made, wherever it made it."""
    async with harness(Strays) as h:
        end = await h.end()
        assert end.error_type == "RuntimeError"
        assert h._one(None).live.plugin.gone == ["task"]


class Writes(Plugin[NoSettings]):
    """Has work under way that must not break off."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.written = 0

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        work = uncancelled(self.write(), "write")
        ctx.ready()
        await asyncio.shield(work)

    async def write(self) -> None:
        await asyncio.create_task(self.answered.wait(), name="the answer")
        self.written += 1


async def test_a_stop_waits_for_what_must_not_be_cancelled() -> None:
    """Nor is a task cancelled that such work makes; everything else is, and the end comes after the work's own."""
    async with harness(Writes) as h:
        await h.ready()
        plugin = h._one(None).live.plugin
        stopping = asyncio.create_task(h.stop())
        await h.until(lambda: h._one(None).left == ("the answer", "write"))
        assert not stopping.done()
        plugin.answered.set()
        await stopping
        assert plugin.written == 1


class Deaf(Plugin[NoSettings]):
    """Ends by itself but leaves a task that ignores cancellation."""

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        self.may_go = asyncio.Event()
        self.task = asyncio.create_task(self.stay())
        await asyncio.sleep(0)
        raise RuntimeError("over")

    async def stay(self) -> None:
        while not self.may_go.is_set():
            try:
                await self.may_go.wait()
            except asyncio.CancelledError:
                continue


async def test_what_ignores_its_end_is_named_and_fenced() -> None:
    """A plugin that is not exclusive ends all the same, with a note; nothing spins meanwhile."""
    async with harness(Deaf, stop_timeout_s=0.05) as h:
        end = await h.end()
        assert end.error_type == "RuntimeError"
        (note,) = h.reports.of(NoteRaised)
        assert "ignored being cancelled; it is fenced off" in note.text
        h._one(None).live.plugin.may_go.set()
        await h.until(lambda: not h._one(None).left)


class Drains(Base):
    def __init__(self) -> None:
        self.finish = asyncio.Event()

    @action(effect=True)
    async def act(self, ctx: Context[NoSettings]) -> str:
        await self.finish.wait()
        ctx.progress("acts")
        return "finished"


async def test_a_stop_lets_calls_under_way_finish() -> None:
    """With time to drain, calls under way finish and new ones are refused."""
    async with harness(Drains) as h:
        await h.ready()
        tested = h._one(None)
        under_way = asyncio.create_task(h.call("drains.act"))
        await h.until(lambda: bool(tested.answers.in_flight))
        tested.instance.stop("enough", drain_s=5)
        await h.until(lambda: "drains" not in h.desk._answerers)
        with pytest.raises(CallFailed, match="not ready"):
            await h.call("drains.act")
        tested.live.plugin.finish.set()
        assert await under_way == "finished"
        assert (await h.end()).cause is Cause.OPERATOR


class KeySettings(Settings):
    key: SecretStr = SecretStr("super-secret-value")


class Leaks(Plugin[KeySettings]):
    @hookimpl
    async def start(self, ctx: Context[KeySettings]) -> None:
        local = ctx.settings.key.get_secret_value()
        raise RuntimeError(f"cannot log in with {local}")


async def test_secrets_of_the_settings_are_in_no_report() -> None:
    """A secret in an error's text is replaced before anything leaves the host; local values are never sent."""
    async with harness(Leaks) as h:
        end = await h.end()
    sent: list[Any] = []
    redactor = Redactor()
    redactor.register("super-secret-value")
    Reporter(sent.append, redactor)(end)
    assert "super-secret-value" in end.sentence
    assert "super-secret-value" not in sent[0].model_dump_json()
    assert "cannot log in with" in sent[0].sentence


class Misnamed(Base):
    @hookimpl
    async def helth(self) -> Health:
        return Health.healthy()


class Greedy(Base):
    @hookimpl
    async def health(self, ctx: Any, weather: Any) -> Health:
        return Health.healthy()


class Startless(Plugin[NoSettings]):
    @hookimpl
    async def health(self) -> Health:
        return Health.healthy()


@pytest.mark.parametrize(
    ("plugin", "words"),
    [(Misnamed, 'did you mean "health"'), (Greedy, "weather"), (Startless, "no start hook")],
)
def test_a_hook_that_does_not_fit_is_refused_in_a_sentence(plugin: type[Plugin[Any]], words: str) -> None:
    """A wrong name, a wrong argument or no start: one sentence with the cure, and the register stays as it was."""
    register = HookRegister()
    wrong = plugin()
    with pytest.raises(Unloadable, match=words):
        register.register(wrong, "wrong")
    good = Base()
    register.register(good, "good")
    assert register.implementation(good, "start") is not None
    assert register.implementation(good, "heal") is None


class BlocksWhenStopped(Plugin[NoSettings]):
    @hookimpl
    def start(self, ctx: Context[NoSettings]) -> None:
        ctx.ready()
        while True:
            time.sleep(0.005)
            ctx.progress("turns")


async def test_a_def_start_is_over_only_when_its_thread_is() -> None:
    """The thread of a `def start` ends at its next use of the fenced context, and the end waits for it."""
    async with harness(BlocksWhenStopped) as h:
        await h.ready()
        await h.until(lambda: h.progress().get("turns", 0) > 2)
        thread_count = threading.active_count()
        await h.stop()
        assert not h._one(None).left
        assert threading.active_count() <= thread_count
