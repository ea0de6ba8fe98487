"""What must not grow without bound, looked after now and then."""

from __future__ import annotations

import anyio

from qtcore.records.home import Home
from qtcore.telemetry.inferred import end_open_spans, marked_processes
from qtcore.telemetry.setup import Telemetry
from qtcore.telemetry.trace_retention import drop_oldest_traces

PERIOD_S = 60.0


async def keep_house(home: Home) -> None:
    """Keep the traces within their size until cancelled."""
    while True:
        drop_oldest_traces(home.traces)
        await anyio.sleep(PERIOD_S)


def bury_the_last_run(home: Home, telemetry: Telemetry, died_ns: int) -> int:
    """End the spans that a killed supervisor and its hosts left open; returns how many."""
    own = telemetry.spans.lines.path.stem
    names = [name for name in marked_processes(home.traces) if name != own]
    ended = [
        end_open_spans(
            home.traces,
            name,
            cause="signal",
            reason="the last supervisor was killed",
            died_ns=died_ns,
            into=telemetry.spans.lines,
        )
        for name in names
    ]
    return sum(map(len, ended))
