"""The funnel as people read it: counts that add up, the gate that blocks most, the nearest misses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from plugins.domain import OutcomeCode
from plugins.store.rows import Funnel, Miss

NO_OBSTACLE = frozenset({OutcomeCode.FILLED, OutcomeCode.NEUTRAL})

MEANINGS: Mapping[OutcomeCode, str] = MappingProxyType(
    {
        OutcomeCode.FILLED: "became positions",
        OutcomeCode.NEUTRAL: "asked for no position",
        OutcomeCode.POSTURE: "came while the posture allowed no entries (`qt status` says who claims it)",
        OutcomeCode.KILL_SWITCH: "came while the kill switch was on (`qt kill status`)",
        OutcomeCode.UNIVERSE: "were about symbols that may not trade (`qt why universe`)",
        OutcomeCode.POLICY: "came while the policy allowed no entries (`qt why policy`)",
        OutcomeCode.SOURCE: "came from a source that is not traded",
        OutcomeCode.CONFIDENCE: "were less sure than the policy asks for",
        OutcomeCode.TREND: "went against a clear trend without being sure enough for that",
        OutcomeCode.COOLDOWN: "came too soon after the last entry in their symbol",
        OutcomeCode.POSITION_HELD: "were about symbols in which the same position is open already",
        OutcomeCode.OPPOSITE_HELD: "were about symbols in which the opposite position is open",
        OutcomeCode.SLOTS_FULL: "found every slot for positions taken",
        OutcomeCode.SIZE: "would have been smaller than the venue takes",
        OutcomeCode.CHURN: "were about symbols that have been entered too often today",
        OutcomeCode.MODEL: "came from a source whose entries the model supervisor has stopped",
        OutcomeCode.PORTFOLIO: "did not fit into the book (`qt why portfolio_balancer`)",
        OutcomeCode.FUNDING: "would have had to pay too much funding",
        OutcomeCode.LIMIT_UNFILLED: "had a limit order that did not fill in time, and the policy says to let them go",
        OutcomeCode.RISK_GUARD: "were stopped by the risk guard's limits (`qt call risk_guard.limits`)",
        OutcomeCode.DATA_MISSING: "could not be judged: something that must be known was not",
        OutcomeCode.STALE_DATA: "could not be judged: something that must be fresh was old",
        OutcomeCode.MODE: "met a venue of another mode than the application's",
        OutcomeCode.LEASE: "were judged by an executor that had been replaced",
        OutcomeCode.ORDER_REFUSED: "were refused by the venue or could not be sent",
        OutcomeCode.ORDER_UNKNOWN: "were sent, and nobody could say what became of them",
        OutcomeCode.STOP_REFUSED: "had a stop that the venue refused, so they were not entered",
        OutcomeCode.EXPIRED: "were too old when their turn came",
        OutcomeCode.EXPIRED_UNSEEN: "expired before anybody looked at them",
        OutcomeCode.ABANDONED_BY_RESTART: "expired while the executor was down",
        OutcomeCode.ERROR: "ended in an error of the executor (`qt logs executor`)",
    }
)


def window(
    now: datetime, *, minutes: float, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    """The span of wall time that is meant; a time without a zone is UTC. Raises ValueError when it is empty."""
    end = _aware(until) if until else now
    begin = _aware(since) if since else end - timedelta(minutes=minutes)
    if begin >= end:
        raise ValueError(f"a window from {begin.isoformat()} to {end.isoformat()} is empty; give since before until")
    return begin, end


def described(funnel: Funnel) -> dict[str, Any]:
    """One document; `made` is the sum of all rows."""
    ended = {code: funnel.ended.get(code, 0) for code in OutcomeCode}
    blocking = blocking_gate(funnel)
    return {
        "since": funnel.since.isoformat(),
        "until": funnel.until.isoformat(),
        "answer": list(sentences(funnel)),
        "made": funnel.made,
        "unfinished": funnel.unfinished,
        "ended": {code.value: count for code, count in ended.items() if count},
        "adds_up": funnel.made == funnel.unfinished + sum(ended.values()),
        "blocking_gate": blocking.value if blocking else None,
        "nearest_misses": [_row(miss) for miss in funnel.nearest],
    }


def blocking_gate(funnel: Funnel) -> OutcomeCode | None:
    """Where most signals ended that did not become positions."""
    blocked = {code: count for code, count in funnel.ended.items() if count and code not in NO_OBSTACLE}
    return max(sorted(blocked), key=lambda code: blocked[code], default=None)


def sentences(funnel: Funnel) -> Iterator[str]:
    """Why there were (no) trades, in plain words."""
    if not funnel.made:
        yield "no signal was made in this time, so no gate blocked anything: see `qt why models` and `qt why feed`"
        return
    filled = funnel.ended.get(OutcomeCode.FILLED, 0)
    pending = f", {funnel.unfinished} have no outcome yet" if funnel.unfinished else ""
    yield f"{_signals(funnel.made)} made, {filled or 'none'} of them {MEANINGS[OutcomeCode.FILLED]}{pending}"
    if neutral := funnel.ended.get(OutcomeCode.NEUTRAL, 0):
        yield f"{neutral} {MEANINGS[OutcomeCode.NEUTRAL]}"
    if (gate := blocking_gate(funnel)) is not None:
        rest = funnel.made - funnel.unfinished - filled - neutral
        count = funnel.ended[gate]
        part = "most" if 2 * count > rest else "the largest part"
        yield f"{part} of the other {rest} ended at {gate.value}: {count} ({count / rest:.0%}) {MEANINGS[gate]}"
    if funnel.nearest:
        miss = funnel.nearest[0]
        yield f"the nearest miss was {miss.symbol} at {_minute(miss.made_at)}: {miss.sentence}"


def _signals(count: int) -> str:
    return f"{count} signal was" if count == 1 else f"{count} signals were"


def _row(miss: Miss) -> dict[str, str]:
    return {
        "symbol": miss.symbol,
        "at": _minute(miss.made_at),
        "gate": miss.code.value,
        "had": str(miss.had),
        "needed": str(miss.needed),
        "sentence": miss.sentence,
    }


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%H:%M:%S UTC")


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
