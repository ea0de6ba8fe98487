"""The weighted mean of those who voted; whoever did not is a row with the reason, and no part of the denominator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plugins.domain import MemberName, Standing, Vote
from plugins.learning.classes import Direction
from plugins.learning.rows import Floats

SUM_TOLERANCE = 1e-6
LEAST_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a member said of all symbols at once, [n, 3] calibrated, or why it said nothing."""

    member: MemberName
    standing: Standing
    probabilities: Floats | None = None
    artefact: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one symbol: `probabilities` is None when nobody could vote. `agreement` is the weight of those whose own
    likeliest class is that of the verdict.
    """

    symbol: str
    probabilities: tuple[float, float, float] | None
    agreement: float
    votes: tuple[Vote, ...]


def equal_weights() -> dict[MemberName, float]:
    """Each member the same."""
    return {name: 1.0 / len(MemberName) for name in MemberName}


def normalised(weights: Mapping[MemberName, float]) -> dict[MemberName, float]:
    """Each divided by their sum. Raises ValueError for one below zero or not finite, or when none is above zero."""
    if any(not np.isfinite(weight) or weight < 0 for weight in weights.values()) or sum(weights.values()) <= 0:
        told = ", ".join(f"{name} {weight}" for name, weight in weights.items())
        raise ValueError(f"weights must be zero or more and one of them more, not {told or 'none at all'}")
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def combined(symbols: Sequence[str], ballots: Sequence[Ballot], weights: Mapping[MemberName, float]) -> list[Verdict]:
    """One verdict a symbol. A member that `weights` does not name has no weight."""
    return [
        _verdict(symbol, [_vote(ballot, row, weights.get(ballot.member, 0.0)) for ballot in ballots])
        for row, symbol in enumerate(symbols)
    ]


def _vote(ballot: Ballot, row: int, weight: float) -> Vote:
    """With the weight not yet divided among those who vote."""
    if ballot.standing is not Standing.VOTED or ballot.probabilities is None:
        return Vote(ballot.member, ballot.standing, artefact=ballot.artefact, reason=ballot.reason)
    said = ballot.probabilities[row]
    if np.isnan(said).all():
        reason = "too little history, or something missing in it"
        return Vote(ballot.member, Standing.NO_COVERAGE, artefact=ballot.artefact, reason=reason)
    if (why := _improper(said)) is not None:
        return Vote(ballot.member, Standing.DEGENERATE, artefact=ballot.artefact, reason=why)
    probabilities = (float(said[0]), float(said[1]), float(said[2]))
    if weight <= LEAST_WEIGHT:
        reason = "its weight is zero"
        return Vote(ballot.member, Standing.NO_WEIGHT, 0.0, probabilities, ballot.artefact, reason)
    return Vote(ballot.member, Standing.VOTED, weight, probabilities, ballot.artefact)


def _improper(said: Floats) -> str | None:
    if not np.isfinite(said).all() or said.min() < 0 or said.max() > 1:
        return f"it said {[round(float(x), 4) for x in said]}, and a probability lies between 0 and 1"
    if abs(float(said.sum()) - 1.0) > SUM_TOLERANCE:
        return f"its probabilities add up to {float(said.sum()):.4f}"
    return None


def _verdict(symbol: str, votes: list[Vote]) -> Verdict:
    total = sum(vote.weight for vote in votes)
    if total <= 0:
        return Verdict(symbol, None, 0.0, tuple(votes))
    shared = [_reweighed(vote, vote.weight / total) for vote in votes]
    mean = np.zeros(len(Direction))
    for vote in shared:
        if vote.weight and vote.probabilities:
            mean += vote.weight * np.array(vote.probabilities)
    likeliest = int(mean.argmax())
    agreement = sum(
        vote.weight
        for vote in shared
        if vote.weight and vote.probabilities and np.argmax(vote.probabilities) == likeliest
    )
    return Verdict(symbol, (float(mean[0]), float(mean[1]), float(mean[2])), float(min(agreement, 1.0)), tuple(shared))


def _reweighed(vote: Vote, weight: float) -> Vote:
    return Vote(vote.member, vote.standing, weight, vote.probabilities, vote.artefact, vote.reason)
