"""What the guard's health says: which limits are broken, whether the kill is proven, and what it cannot keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from plugins.risk_guard import kinds
from plugins.risk_guard.fence import Fence
from plugins.risk_guard.limits import Breach
from qtcore import Finding, Health, Severity


def pulled(broken: Sequence[Breach]) -> list[Finding]:
    """The kill switch as a finding, while it is on: nobody should learn of it later than the door does."""
    return [_finding(breach, None) for breach in broken if breach.limit == "kill_switch"]


def health_of(
    broken: Sequence[Breach],
    fence: Fence | None,
    *,
    unwritten: str | None,
    fresh_home: bool,
    coming: bool,
    equity: str,
    facts: dict[str, Any],
) -> Health:
    """Degraded with a finding for each broken limit; healthy within all of them.

    In a home that is new there is nothing to remember yet, and while the exchange starts the account is still coming
    (`coming`): neither is a finding. Entries are stopped all the same.
    """
    awaited = {"memory"} if fresh_home else set[str]()
    awaited |= {"account"} if coming else set[str]()
    findings = [_finding(breach, fence) for breach in broken if breach.limit not in awaited]
    if fence is not None and fence.proven_at is None:
        findings.append(_unproven(fence))
    if unwritten is not None:
        findings.append(_unwritten(unwritten))
    if coming and not findings:
        return Health.unknown("it waits for the first word of the account; nothing may be opened until then", **facts)
    if broken:
        blind = broken[0].limit == "account"
        told = broken[0].sentence if blind else f"entries are stopped: {broken[0].sentence}"
        return Health.degraded(told, *findings, **facts)
    if findings:
        return Health.degraded(findings[0].summary, *findings, **facts)
    return Health.healthy(f"within all limits, equity {equity} USDT", **facts)


def _finding(breach: Breach, fence: Fence | None) -> Finding:
    proof: dict[str, JsonValue] = {"proof": fence.told()} if fence is not None and breach.limit == "kill_switch" else {}
    return kinds.LIMITS[breach.limit].found(breach.sentence, evidence=proof)


def _unproven(fence: Fence) -> Finding:
    what = f"{len(fence.resting)} entries still rest" if fence.resting else "the second look is still to come"
    return kinds.KILL_UNPROVEN.found(
        f"it is not proven yet that no entry is left after the kill: {what}",
        severity=Severity.CRITICAL if fence.resting else Severity.LOW,
        evidence=fence.told(),
    )


def _unwritten(why: str) -> Finding:
    return kinds.MEMORY_UNWRITTEN.found(f"what losses are measured against cannot be kept: {why}")
