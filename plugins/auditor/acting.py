"""What follows from open cases: the strictest posture that they ask for, and what owners are asked to repair; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugins.auditor.patience import Case
from plugins.domain import Posture


def claim_of(cases: Sequence[Case], disputed: Sequence[tuple[str, str]] = ()) -> tuple[Posture, str]:
    """The posture to claim and why; `normal` when nobody asks for more.

    While plugins speak of different venues nothing new is entered, whoever of them is right.
    """
    order = list(Posture)
    asked = [(case.rule.posture, case.suspicion.summary) for case in cases]
    asked += [(Posture.NO_ENTRIES, sentence) for _, sentence in disputed]
    level, reason = max(asked, key=lambda one: order.index(one[0]), default=(Posture.NORMAL, ""))
    return (level, reason) if level is not Posture.NORMAL else (Posture.NORMAL, "")


def repairs_of(cases: Sequence[Case], asked: Mapping[str, float], now_s: float, again_s: float) -> list[str]:
    """Actions of owners that are due: each at most once in `again_s` seconds, whatever number of cases ask for it."""
    wanted = dict.fromkeys(case.rule.repair for case in cases if case.rule.repair)
    return [repair for repair in wanted if now_s - asked.get(repair, float("-inf")) >= again_s]
