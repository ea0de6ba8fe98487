"""What follows from open cases: the strictest posture that they ask for, and what owners are asked to repair; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugins.auditor.patience import Case
from plugins.domain import Posture


def claim_of(cases: Sequence[Case]) -> tuple[Posture, str]:
    """The posture to claim and why; `normal` when nobody asks for more."""
    order = list(Posture)
    strictest = max(cases, key=lambda case: order.index(case.rule.posture), default=None)
    if strictest is None or strictest.rule.posture is Posture.NORMAL:
        return Posture.NORMAL, ""
    return strictest.rule.posture, strictest.suspicion.summary


def repairs_of(cases: Sequence[Case], asked: Mapping[str, float], now_s: float, again_s: float) -> list[str]:
    """Actions of owners that are due: each at most once in `again_s` seconds, whatever number of cases ask for it."""
    wanted = dict.fromkeys(case.rule.repair for case in cases if case.rule.repair)
    return [repair for repair in wanted if now_s - asked.get(repair, float("-inf")) >= again_s]
