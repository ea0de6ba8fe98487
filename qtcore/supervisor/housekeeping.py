"""What must not grow without bound or fail unseen: traces, and the supervisor's own records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import anyio

from qtcore.health.kinds import FindingKind
from qtcore.records.home import Home
from qtcore.records.lock import SupervisorLock
from qtcore.supervisor.findings import FindingsBook
from qtcore.telemetry.inferred import end_open_spans, marked_processes
from qtcore.telemetry.setup import Telemetry
from qtcore.telemetry.trace_retention import drop_oldest_traces

TRACES_PERIOD_S = 60.0
RECORDS_PERIOD_S = 2.0
HOME_PERIOD_S = 1.0
LOSS_HOLDS_S = 30.0
"""After the last loss of spans or log lines the finding stays open for so long."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing about the supervisor's own records that may go wrong."""

    kind: FindingKind
    problem: Callable[[], str | None]
    """Asked every two seconds: what is wrong, None while all is well."""
    over: str = "the disk takes writes again"


async def keep_traces(home: Home) -> None:
    """Keep the traces within their size until cancelled."""
    while True:
        drop_oldest_traces(home.traces)
        await anyio.sleep(TRACES_PERIOD_S)


async def watch_records(findings: FindingsBook, records: Iterable[Watched]) -> None:
    """Turn what goes wrong with the records into findings; the supervisor goes on meanwhile."""
    watched = tuple(records)
    while True:
        for record in watched:
            sentence = record.problem()
            if sentence is None:
                findings.resolve(None, record.kind.code, record.over)
            else:
                findings.see(None, record.kind.found(sentence), at_once=True)
        await anyio.sleep(RECORDS_PERIOD_S)


async def watch_home(home: Home, lock: SupervisorLock, stop: Callable[[str], None]) -> None:
    """Stop in order once the home is gone or another one: the lock keeps no second supervisor out any more."""
    while True:
        await anyio.sleep(HOME_PERIOD_S)
        if lock.lost:
            stop(lost_home(home))
            return


def lost_home(home: Home) -> str:
    """What has happened, as the beginning of a sentence."""
    return f"the home folder {home.root} was removed or replaced while a supervisor ran on it"


class LostLines:
    """Spans and log lines that the disk refused, as a sentence while that goes on."""

    def __init__(self, dropped: Callable[[], int], now: Callable[[], float] = time.monotonic) -> None:
        self._dropped = dropped
        self._now = now
        self._seen = 0
        self._at_s = 0.0

    def __call__(self) -> str | None:
        """None once no more were lost for a while: what is lost stays lost, and is in the journal."""
        dropped, now_s = self._dropped(), self._now()
        if dropped > self._seen:
            self._seen, self._at_s = dropped, now_s
        if not self._seen or now_s - self._at_s >= LOSS_HOLDS_S:
            return None
        return f"{self._seen} spans and log lines of the supervisor were lost, because the disk took no writes"


class RemovedFiles:
    """Records that somebody deleted under a running process, as a sentence for a while after the last."""

    def __init__(self, mend: Callable[[], list[Path]], now: Callable[[], float] = time.monotonic) -> None:
        self._mend = mend
        self._now = now
        self._at_s: dict[str, float] = {}

    def note(self, path: str) -> None:
        """A process found its file gone and began a new one."""
        self._at_s[path] = self._now()

    def __call__(self) -> str | None:
        """Mends the supervisor's own files, too. None once no more were removed for a while."""
        for path in self._mend():
            self.note(str(path))
        self._at_s = {path: at_s for path, at_s in self._at_s.items() if self._now() - at_s < LOSS_HOLDS_S}
        if not self._at_s:
            return None
        return (
            f"records were removed while they were written ({', '.join(sorted(self._at_s))}); new ones have been "
            "begun, and what stood in the old ones is lost"
        )


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
