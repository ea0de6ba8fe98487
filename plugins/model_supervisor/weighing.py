"""How much each member of the ensemble should count, by how well it foresaw what happened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plugins.domain import MemberName, Standing
from plugins.model_supervisor.rules import Judged

HALF_TRUST = 200
"""Known fates at which a member's own record counts as much as the equal weights."""

SHARPNESS = 4.0
"""How many times heavier a member becomes for each nat of log loss less."""

FLOOR, CEILING = 0.10, 0.50
LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Record:
    """A member's votes with a known fate: their mean log loss in nats, and the share of signals in which it counted."""

    member: MemberName
    n: int
    log_loss: float
    coverage: float


def record_of(member: MemberName, signals: Sequence[Judged]) -> Record | None:
    """None when no signal names the member."""
    losses, named, counted = [], 0, 0
    for each in signals:
        for vote in each.said.votes:
            if vote.member is not member:
                continue
            if vote.standing in {Standing.NOT_INSTALLED, Standing.NOT_TRAINED}:
                continue  # known, wanted or waited for: nothing that went missing
            named += 1
            counted += vote.standing is Standing.VOTED
            if vote.probabilities is not None:
                losses.append(-math.log(max(vote.probabilities[each.direction], LEAST)))
    if not named:
        return None
    mean = sum(losses) / len(losses) if losses else math.log(3.0)
    return Record(member, len(losses), mean, counted / named)


def weights_of(records: Sequence[Record]) -> dict[MemberName, float]:
    """Weights that sum to one: exp(-SHARPNESS × log loss), drawn to equal where little is known, within floor and
    ceiling. All members are in it; one without a record counts as average.
    """
    known = {record.member: record for record in records}
    mean = sum(record.log_loss for record in records) / len(records) if records else 0.0
    raw = {}
    for member in MemberName:
        record = known.get(member)
        trust = record.n / (record.n + HALF_TRUST) if record else 0.0
        ahead = (mean - record.log_loss) if record else 0.0
        raw[member] = math.exp(SHARPNESS * trust * ahead)
    return _bounded(raw)


def _bounded(raw: dict[MemberName, float]) -> dict[MemberName, float]:
    """Scaled to sum one with every weight within the bounds: what one must give up or get, the free ones share."""
    total = sum(raw.values())
    weights = {member: value / total for member, value in raw.items()}
    held: dict[MemberName, float] = {}
    while True:
        outside = {m: w for m, w in weights.items() if m not in held and not FLOOR <= w <= CEILING}
        if not outside:
            return weights
        worst = max(outside, key=lambda m: max(FLOOR - weights[m], weights[m] - CEILING))
        held[worst] = FLOOR if weights[worst] < FLOOR else CEILING
        free = sum(value for member, value in raw.items() if member not in held)
        left = 1.0 - sum(held.values())
        weights = {member: held.get(member, raw[member] / free * left if free else 0.0) for member in raw}
