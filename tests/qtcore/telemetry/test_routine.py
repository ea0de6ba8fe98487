"""A health check or a timer leaves a trace only where there is something in it."""

from __future__ import annotations

import time

import pytest

from qtcore.messaging.trace_context import context_of
from qtcore.telemetry.routine import SLOW_NS, keep_routine
from qtcore.telemetry.setup import Telemetry
from qtcore.telemetry.store import TraceStore, Wanted

TIMER = {"qt.hook": "timer:renew", "qt.plugin": "policy"}


def _names(host: Telemetry) -> list[str]:
    return [span.name for span in TraceStore(host.spans.lines.path.parent).spans()]


@pytest.mark.parametrize("hook", ["health", "timer:renew"])
def test_an_idle_routine_leaves_nothing(host: Telemetry, hook: str) -> None:
    """Neither a line nor a mark."""
    with host.tracer.start_as_current_span("routine", attributes={"qt.hook": hook}):
        pass
    assert _names(host) == []


def test_what_a_routine_did_is_kept_with_it(host: Telemetry) -> None:
    """A span below it, or a call or a finding that carries its trace, makes it worth a trace."""
    with host.tracer.start_as_current_span("timer", attributes=TIMER), host.tracer.start_as_current_span("close"):
        pass
    with host.tracer.start_as_current_span("calling", attributes=TIMER):
        keep_routine()
    assert sorted(_names(host)) == ["calling", "close", "timer"]


def test_a_failed_or_slow_routine_is_kept(host: Telemetry) -> None:
    """What went wrong, and what took long, is what one looks for."""
    with pytest.raises(ValueError, match="broken"), host.tracer.start_as_current_span("failed", attributes=TIMER):
        raise ValueError("broken")
    slow = host.tracer.start_span("slow", attributes=TIMER, start_time=time.time_ns() - SLOW_NS)
    slow.end()
    assert _names(host) == ["failed", "slow"]


def test_a_routine_that_somebody_asked_for_is_kept(host: Telemetry) -> None:
    """A check that belongs to an episode is a part of its trace."""
    parent = context_of(f"00-{7:032x}-{7:016x}-01")
    with host.tracer.start_as_current_span("re-check", context=parent, attributes={"qt.hook": "health"}):
        pass
    assert _names(host) == ["re-check"]


def test_the_list_is_of_what_happened(host: Telemetry) -> None:
    """Routines in which nothing failed are listed only when asked for."""
    for name, attributes in (("timer", TIMER), ("signal", {"qt.plugin": "feed"})):
        with host.tracer.start_as_current_span(name, attributes=attributes):
            keep_routine()
    store = TraceStore(host.spans.lines.path.parent)
    assert [summary.root for summary in store.summaries(Wanted(routine=False))] == ["signal"]
    assert [summary.root for summary in store.summaries()] == ["timer", "signal"]
