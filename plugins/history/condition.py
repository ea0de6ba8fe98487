"""Whether the history is worth learning from, judged by what is on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plugins.history import kinds
from plugins.history.keeping import Kept
from qtcore import Finding, Health

MISSING_SHARE = 0.01
"""Above it, holes are a finding: labels and features vanish around each."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is judged: the wanted symbols' files, their age in real seconds and its limit."""

    kept: Mapping[str, Kept]
    wanted: tuple[str, ...]
    age_s: float | None
    limit_s: float
    market: str


def judged(reading: Reading) -> Health:
    """By effect: bars on disk of every symbol that may trade, without holes, not old."""
    known = {symbol: reading.kept[symbol] for symbol in reading.wanted if symbol in reading.kept}
    findings = [found for found in (_damaged(known), _holes(known)) if found]
    covered = sum(1 for one in known.values() if one.bars)
    facts = {
        "market": reading.market,
        "symbols": covered,
        "wanted": len(reading.wanted),
        "bars": sum(one.bars for one in known.values()),
        "fewest_bars": min((one.bars for one in known.values()), default=0),
        "missing": sum(one.missing for one in known.values()),
        "age_s": None if reading.age_s is None else round(reading.age_s, 1),
    }
    if not reading.wanted:
        return Health.unknown("no symbol may trade yet, so there is nothing to keep", **facts)
    if len(known) < len(reading.wanted):
        return Health.unknown(f"{len(known)} of {len(reading.wanted)} symbols looked at so far", **facts)
    troubles = [f"{symbol}: {one.trouble}" for symbol, one in known.items() if one.trouble]
    if covered < len(reading.wanted) or findings:
        first = troubles[0] if troubles else (findings[0].summary if findings else "no bars of some symbols")
        return Health.degraded(f"{covered} of {len(reading.wanted)} symbols have history; {first}", *findings, **facts)
    if reading.age_s is not None and reading.age_s > reading.limit_s:
        return Health.degraded(_old(reading), _stale(reading), **facts)
    return Health.healthy(f"{covered} symbols, {facts['fewest_bars']} bars or more of each", **facts)


def _old(reading: Reading) -> str:
    return f"the newest bars are {reading.age_s:.0f} s old (limit {reading.limit_s:.0f} s)"


def _stale(reading: Reading) -> Finding:
    return kinds.STALE.found(_old(reading))


def _damaged(kept: Mapping[str, Kept]) -> Finding | None:
    bad = {symbol: one.trouble for symbol, one in kept.items() if one.damaged}
    if not bad:
        return None
    return kinds.DAMAGED.found(
        f"the history of {', '.join(sorted(bad))} cannot be used: {next(iter(bad.values()))}", evidence={**bad}
    )


def _holes(kept: Mapping[str, Kept]) -> Finding | None:
    holed = {s: one.missing for s, one in kept.items() if one.bars and one.missing > MISSING_SHARE * one.bars}
    if not holed:
        return None
    return kinds.GAPS.found(
        f"{sum(holed.values())} bars are missing inside the history of {', '.join(sorted(holed))}", evidence={**holed}
    )
