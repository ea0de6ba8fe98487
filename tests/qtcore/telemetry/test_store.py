"""Reading traces back."""

from __future__ import annotations

import time

import pytest
from opentelemetry.trace import StatusCode

from qtcore.errors import ConfigurationError
from qtcore.messaging.trace_context import context_of
from qtcore.records.home import Home
from qtcore.telemetry.setup import Telemetry
from qtcore.telemetry.store import TraceStore, Wanted


@pytest.fixture
def store(home: Home, host: Telemetry, supervisor: Telemetry) -> TraceStore:
    """Three traces: a failure of feed, a signal of models, one that goes on."""
    tracer = host.tracer
    with tracer.start_as_current_span("episode.recovery", attributes={"qt.plugin": "feed"}) as failing:
        supervisor.tracer.start_span("spawn").end()
        failing.set_status(StatusCode.ERROR, "it broke")
    with tracer.start_as_current_span("signal", attributes={"qt.plugin": "models", "qt.signal": "S-17"}):
        tracer.start_span("order", attributes={"qt.plugin": "executor"}).end()
    tracer.start_span("episode.start", context=context_of(None))
    return TraceStore(home.traces)


def test_a_list_sums_up_each_trace(store: TraceStore) -> None:
    """Over all processes, oldest first."""
    recovery, signal, start = store.summaries()

    assert (recovery.root, recovery.spans, recovery.errors) == ("episode.recovery", 2, 1)
    assert recovery.processes == {"host-main-3", "supervisor-1"}
    assert (signal.root, signal.plugins, signal.signals) == ("signal", {"models", "executor"}, {"S-17"})
    assert (start.root, start.open) == ("episode.start", 1)


@pytest.mark.parametrize(
    ("wanted", "roots"),
    [
        (Wanted(plugin="executor"), ["signal"]),
        (Wanted(error=True), ["episode.recovery"]),
        (Wanted(signal="S-17"), ["signal"]),
        (Wanted(name="episode"), ["episode.recovery", "episode.start"]),
        (Wanted(name="episode", error=True, plugin="feed"), ["episode.recovery"]),
        (Wanted(plugin="nobody"), []),
    ],
)
def test_a_list_is_narrowed(store: TraceStore, wanted: Wanted, roots: list[str]) -> None:
    """By plugin, failure, signal and name, together."""
    assert [summary.root for summary in store.summaries(wanted)] == roots


def test_a_list_may_begin_at_a_time(store: TraceStore) -> None:
    """Traces that ended before are left out."""
    assert store.summaries(Wanted(since_ns=time.time_ns())) == []


def test_a_list_is_limited_to_the_newest(store: TraceStore) -> None:
    """The last ones are what one looks for."""
    assert [summary.root for summary in store.summaries(limit=1)] == ["episode.start"]


def test_one_trace_is_found_by_the_start_of_its_id(store: TraceStore) -> None:
    """A few figures are enough."""
    wanted = store.summaries()[1].trace_id

    assert {span.name for span in store.trace(wanted[:10].upper())} == {"signal", "order"}


def test_an_unknown_or_ambiguous_id_is_explained(store: TraceStore) -> None:
    """With what to do."""
    with pytest.raises(ConfigurationError, match="`qt trace` lists what there is"):
        store.trace("zz")
    with pytest.raises(ConfigurationError, match="is the start of 3 traces"):
        store.trace("")


def test_lines_that_make_no_sense_are_counted_and_skipped(home: Home, store: TraceStore) -> None:
    """Truncated and foreign lines cost nothing but themselves."""
    (home.traces / "host-x-1.jsonl").write_bytes(
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"1\n{"traceId":"1"}\n["traceId":"1"]\n'
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"1"}]}]}]}\n'
    )

    assert len(store.summaries()) == 3
    assert store.unreadable == 4


def test_a_home_without_traces_has_none(home: Home) -> None:
    """No error for a reader that comes too early."""
    assert TraceStore(home.root / "nowhere").summaries() == []
