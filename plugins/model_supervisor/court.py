"""The windows of everything said and of what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plugins.domain import MemberName, Source
from plugins.learning.features.bars import Panel
from plugins.learning.labels import Barriers, Costs
from plugins.model_supervisor.drift import Change, DriftWatch
from plugins.model_supervisor.fates import Fates, fates_of
from plugins.model_supervisor.rules import Judged, Rules, Said
from plugins.model_supervisor.standing import SourceStanding, standing_of
from plugins.model_supervisor.weighing import Record, record_of


@dataclass(frozen=True, slots=True)
class Brief:
    """What is judged: copies, so that a thread may read them while more is heard. All oldest first."""

    waiting: tuple[Said, ...]
    said: Mapping[Source, tuple[Said, ...]]
    judged: Mapping[Source, tuple[Judged, ...]]
    changes: Mapping[Source, tuple[Change, ...]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found: the fates that became known, and how every source and member stands.

    `fallback` is the rule's share of the newest signals; None while too few models have spoken.
    """

    fates: Fates
    sources: tuple[SourceStanding, ...]
    members: tuple[Record, ...]
    fallback: float | None


def judge(brief: Brief, panel: Panel, barriers: Barriers, costs: Costs, rules: Rules) -> Judgement:
    """Look up fates, and judge every source with them."""
    fates = fates_of(brief.waiting, panel, barriers, costs)
    known = {
        source: (*brief.judged[source], *(each for each in fates.judged if each.said.source is source))
        for source in Source
    }
    sources = tuple(
        standing_of(source, said, known[source][-max(1, len(said)) :], brief.changes[source], rules)
        for source, said in brief.said.items()
    )
    records = (record_of(member, known[Source.ENSEMBLE]) for member in MemberName)
    return Judgement(fates, sources, tuple(record for record in records if record), _fallback(brief, rules))


def _fallback(brief: Brief, rules: Rules) -> float | None:
    ensemble = brief.said[Source.ENSEMBLE]
    if len(ensemble) < rules.least // 2:
        return None
    since_ms = ensemble[0].at_ms
    recent = sum(1 for each in brief.said[Source.RSI_RULE] if each.at_ms >= since_ms)
    return recent / (recent + len(ensemble))


class Court:
    """Keeps a window per source, and what waits for its fate."""

    def __init__(self, window: int, horizon_ms: int) -> None:
        self.lost = 0
        self._said: dict[Source, deque[Said]] = {source: deque(maxlen=window) for source in Source}
        self._judged: dict[Source, deque[Judged]] = {source: deque(maxlen=window) for source in Source}
        self._waiting: dict[str, Said] = {}
        self._ids: set[str] = set()
        self._drift = DriftWatch(horizon_ms)

    @property
    def waiting(self) -> int:
        """Signals whose future is not over."""
        return len(self._waiting)

    def hear(self, signals: Iterable[Said]) -> int:
        """Take signals, oldest first, each once; says how many were new."""
        new = [each for each in signals if each.id not in self._ids]
        for each in new:
            self._ids.add(each.id)
            self._said[each.source].append(each)
            self._waiting[each.id] = each
        self._drift.said(new)
        return len(new)

    def brief(self) -> Brief:
        """Everything as it stands."""
        said = {source: tuple(window) for source, window in self._said.items()}
        return Brief(
            waiting=tuple(self._waiting.values()),
            said=said,
            judged={source: tuple(window) for source, window in self._judged.items()},
            changes={
                source: tuple(self._drift.of(source, spoken[0].at_ms)) if spoken else ()
                for source, spoken in said.items()
            },
        )

    def settle(self, fates: Fates) -> None:
        """Keep the fates that became known."""
        for over in (*(each.said for each in fates.judged), *fates.lost):
            self._waiting.pop(over.id, None)
        in_time = sorted(fates.judged, key=lambda one: one.said.at_ms)
        for each in in_time:
            self._judged[each.said.source].append(each)
        self._drift.judged(in_time)
        self.lost += len(fates.lost)
        self._ids = {each.id for window in self._said.values() for each in window} | set(self._waiting)
