"""How the door to the venue is doing, judged by its effect; pure."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.exchange import kinds
from plugins.exchange.comparing import Stranger
from plugins.exchange.ids import Owner
from qtcore import Condition, Finding, Health, Status, counted

STALE_S = 15.0
STREAM_DOWN_S = 10.0
UNCLEAR_S = 15.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What health looks at; ages in real seconds."""

    reconciled_age_s: float | None
    failing: str | None
    stream_down_s: float
    stream_ended_because: str
    unclear: tuple[str, ...]
    oldest_unclear_s: float
    disagreeing: tuple[str, ...]
    strangers: tuple[Stranger, ...]
    ledger_fault: str | None
    positions: int
    fills: int
    weight_1m: int
    banned_s: float = 0.0
    paused_s: float = 0.0
    odd_symbols: int = 0
    not_armed: str | None = None


def health_of(figures: Figures) -> Health:
    """The worst of all conditions, with a finding for each that somebody could act on."""
    findings = [finding for rule in _RULES if (finding := rule(figures)) is not None]
    conditions = (
        Condition(name="reconciled", status=_status(figures), reason=_reconciled(figures)),
        Condition(
            name="user_stream",
            status=Status.DEGRADED if figures.stream_down_s > STREAM_DOWN_S else Status.HEALTHY,
            reason=f"down for {figures.stream_down_s:.1f} s" if figures.stream_down_s else "open",
        ),
    )
    return Health(
        status=min((_status_of(finding) for finding in findings), key=lambda s: s.rank, default=_status(figures)),
        summary=findings[0].summary if findings else _reconciled(figures),
        conditions=conditions,
        findings=tuple(findings),
        facts={
            "reconciled_age_s": figures.reconciled_age_s,
            "stream_down_s": figures.stream_down_s,
            "unclear_orders": len(figures.unclear),
            "positions": figures.positions,
            "fills": figures.fills,
            "weight_1m": figures.weight_1m,
            "odd_symbols": figures.odd_symbols,
        },
    )


_STATUS = {
    kinds.STALE.code: Status.CRITICAL,
    # Restarting would not mend these, and the plugin that could start no more could close nothing either.
    kinds.DB.code: Status.DEGRADED,
    kinds.OTHER_MODE.code: Status.DEGRADED,
    kinds.BANNED.code: Status.DEGRADED,
    kinds.NOT_ARMED.code: Status.DEGRADED,
    kinds.UNCLEAR.code: Status.DEGRADED,
    kinds.LEDGER.code: Status.DEGRADED,
    kinds.STREAM.code: Status.DEGRADED,
    kinds.SLOWED.code: Status.DEGRADED,
    kinds.FOREIGN_POSITION.code: Status.HEALTHY,
    kinds.FOREIGN.code: Status.HEALTHY,
}


def _status_of(finding: Finding) -> Status:
    """Where it is the venue that does not answer, a new start would only keep exits waiting (C7)."""
    if finding.code == kinds.STALE.code and not finding.healable:
        return Status.DEGRADED
    return _STATUS[finding.code]


def _status(figures: Figures) -> Status:
    return Status.UNKNOWN if figures.reconciled_age_s is None else Status.HEALTHY


def _reconciled(figures: Figures) -> str:
    if figures.reconciled_age_s is None:
        return "not reconciled with the venue yet"
    return f"reconciled {figures.reconciled_age_s:.1f} s ago, {counted(figures.positions, 'position')}"


def _not_armed(figures: Figures) -> Finding | None:
    why = figures.not_armed
    if why is None:
        return None
    return kinds.NOT_ARMED.found("mode live, and nobody has allowed entries", evidence={"why": why}, cause=why)


def _banned(figures: Figures) -> Finding | None:
    if not figures.banned_s:
        return None
    return kinds.BANNED.found(
        f"the venue has banned this address for another {figures.banned_s:.0f} s",
        evidence={"seconds_left": round(figures.banned_s)},
    )


def _slowed(figures: Figures) -> Finding | None:
    if not figures.paused_s or figures.banned_s:
        return None
    return kinds.SLOWED.found(
        f"the venue asked for fewer requests; entries and data wait another {figures.paused_s:.0f} s",
        evidence={"seconds_left": round(figures.paused_s), "weight_1m": figures.weight_1m},
    )


def _stale(figures: Figures) -> Finding | None:
    age_s = figures.reconciled_age_s
    if age_s is None or age_s <= STALE_S:
        return None
    return kinds.STALE.found(
        f"the account was last reconciled {age_s:.0f} s ago",
        evidence={"age_s": age_s, "limit_s": STALE_S, "failing": figures.failing},
        cause=figures.failing or "",
        healable=figures.failing is None,
    )


def _stream(figures: Figures) -> Finding | None:
    if figures.stream_down_s <= STREAM_DOWN_S:
        return None
    return kinds.STREAM.found(
        f"the user stream has been down for {figures.stream_down_s:.0f} s",
        evidence={"down_s": figures.stream_down_s, "ended": figures.stream_ended_because},
        cause=figures.stream_ended_because,
    )


def _unclear(figures: Figures) -> Finding | None:
    if not figures.unclear or figures.oldest_unclear_s <= UNCLEAR_S:
        return None
    return kinds.UNCLEAR.found(
        f"{len(figures.unclear)} orders have had an unclear outcome for {figures.oldest_unclear_s:.0f} s",
        evidence={"orders": list(figures.unclear)},
    )


def _disagreeing(figures: Figures) -> Finding | None:
    if not figures.disagreeing:
        return None
    return kinds.LEDGER.found(
        f"fills and position differ in {', '.join(figures.disagreeing)}",
        evidence={"symbols": list(figures.disagreeing)},
    )


def _other_mode(figures: Figures) -> Finding | None:
    found = [stranger for stranger in figures.strangers if stranger.owner is Owner.OTHER_MODE]
    if not found:
        return None
    return kinds.OTHER_MODE.found(
        f"this account holds {len(found)} orders or positions that this application made in another mode",
        evidence={"found": [_named(stranger) for stranger in found[:20]]},
    )


def _foreign_orders(figures: Figures) -> Finding | None:
    found = [it for it in figures.strangers if it.owner is Owner.FOREIGN and it.kind != "position"]
    if not found:
        return None
    return kinds.FOREIGN.found(
        f"{len(found)} open orders were not made by this application",
        evidence={"orders": [_named(stranger) for stranger in found[:20]]},
    )


def _foreign_positions(figures: Figures) -> Finding | None:
    found = [it for it in figures.strangers if it.owner is Owner.FOREIGN and it.kind == "position"]
    if not found:
        return None
    return kinds.FOREIGN_POSITION.found(
        f"{', '.join(it.symbol for it in found)}: opened by somebody else",
        evidence={"positions": [_named(stranger) for stranger in found[:20]]},
    )


def _named(stranger: Stranger) -> str:
    return f"{stranger.kind} {stranger.symbol} {stranger.client_id}"


def _ledger(figures: Figures) -> Finding | None:
    fault = figures.ledger_fault
    return (
        None
        if fault is None
        else kinds.DB.found("exchange.db cannot be written", evidence={"error": fault}, cause=fault)
    )


_RULES = (
    _other_mode,
    _ledger,
    _banned,
    _stale,
    _slowed,
    _not_armed,
    _unclear,
    _disagreeing,
    _stream,
    _foreign_positions,
    _foreign_orders,
)
