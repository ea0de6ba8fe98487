"""Episodes: one trace from the first sign of trouble to proven recovery, across processes."""

from __future__ import annotations

from qtcore.messaging.trace_context import context_of
from qtcore.records.home import Home
from qtcore.telemetry.lifecycle import Episode
from qtcore.telemetry.setup import Telemetry
from qtcore.telemetry.store import TraceStore

SECOND = 1_000_000_000


def test_an_episode_is_one_trace_over_all_processes(home: Home, supervisor: Telemetry, host: Telemetry) -> None:
    """What the host does under the step's traceparent belongs to it."""
    episode = Episode.begin(supervisor.tracer, "episode.recovery", plugin="feed", at_ns=1 * SECOND)
    episode.did("notice", 1 * SECOND, 2 * SECOND, limit_s=1.0)
    step = episode.step("start", plugin="feed")
    host.tracer.start_span("plugin.start", context=context_of(step.traceparent)).end()
    step.end()
    episode.end()

    spans = {span.name: span for span in TraceStore(home.traces).trace(episode.trace_id)}
    assert spans["notice"].parent_id == spans["episode.recovery"].span_id
    assert spans["start"].parent_id == spans["episode.recovery"].span_id
    assert spans["plugin.start"].parent_id == spans["start"].span_id
    assert (spans["notice"].start_ns, spans["notice"].end_ns) == (1 * SECOND, 2 * SECOND)
    assert spans["notice"].attributes == {"qt.limit_s": 1.0}
    assert spans["episode.recovery"].plugin == "feed"


def test_an_episode_may_follow_another(home: Home, supervisor: Telemetry) -> None:
    """It is linked, not made part of it."""
    first = Episode.begin(supervisor.tracer, "episode.recovery")
    second = Episode.begin(supervisor.tracer, "episode.recovery", follows=first.traceparent)
    first.end(error="gave up")
    second.end()

    (read,) = TraceStore(home.traces).trace(second.trace_id)
    assert read.links == (first.trace_id,)
    assert read.error is None
    assert TraceStore(home.traces).trace(first.trace_id)[0].error == "gave up"


def test_ending_twice_keeps_the_first_end(home: Home, supervisor: Telemetry) -> None:
    """Whoever comes second changes nothing."""
    step = Episode.begin(supervisor.tracer, "episode.start")
    step.end()
    step.end(error="too late")

    assert TraceStore(home.traces).trace(step.trace_id)[0].error is None
