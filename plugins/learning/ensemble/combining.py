"""The weighted mean of those who voted; whoever did not is a row with the reason, and no part of the denominator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plugins.domain import MemberName, Standing, Vote
from plugins.learning.classes import Direction
from plugins.learning.rows import Flags, Floats

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
    count = len(symbols)
    heard = [_heard(ballot, count, weights.get(ballot.member, 0.0)) for ballot in ballots]
    said = np.array([each.said for each in heard]).reshape(len(heard), count, len(Direction))
    shares = _shares(np.array([each.weight for each in heard]).reshape(len(heard), count))
    mean = np.einsum("mn,mnc->nc", shares, said)
    agreeing = said.argmax(axis=2) == mean.argmax(axis=1)
    agreement = np.minimum(np.where(agreeing, shares, 0.0).sum(axis=0), 1.0).tolist()
    columns: list[list[Vote]] = [_votes(each, share) for each, share in zip(heard, shares, strict=True)]
    votes = list(zip(*columns, strict=True)) if heard else [()] * count
    anybody: list[bool] = np.any(shares > 0.0, axis=0).tolist()
    return [
        Verdict(symbol, (down, flat, up) if voted else None, agreed if voted else 0.0, cast)
        for symbol, voted, (down, flat, up), agreed, cast in zip(
            symbols, anybody, mean.tolist(), agreement, votes, strict=True
        )
    ]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A ballot looked at row by row: `said` [n, 3] and `weight` [n] are zero where it does not count, and `unheard`
    holds the votes of those rows; `weight` is not yet divided among those who vote.
    """

    ballot: Ballot
    said: Floats
    weight: Floats
    unheard: dict[int, Vote]


def _heard(ballot: Ballot, count: int, weight: float) -> _Heard:
    said = np.zeros((count, len(Direction)))
    if ballot.standing is not Standing.VOTED or ballot.probabilities is None:
        vote = Vote(ballot.member, ballot.standing, artefact=ballot.artefact, reason=ballot.reason)
        return _Heard(ballot, said, np.zeros(count), dict.fromkeys(range(count), vote))
    given = ballot.probabilities
    counts = _proper(given) & (weight > LEAST_WEIGHT)
    said[counts] = given[counts]
    unheard = {row: _unheard(ballot, given[row]) for row in np.flatnonzero(~counts).tolist()}
    return _Heard(ballot, said, np.where(counts, weight, 0.0), unheard)


def _proper(said: Floats) -> Flags:
    """[n]: which rows are probabilities of three classes."""
    with np.errstate(invalid="ignore"):  # NaN and infinity are not
        inside = ((said >= 0.0) & (said <= 1.0)).all(axis=1)
        return np.asarray(inside & (np.abs(said.sum(axis=1) - 1.0) <= SUM_TOLERANCE))


def _unheard(ballot: Ballot, said: Floats) -> Vote:
    """The vote of a row that does not count, and why it does not."""
    if np.isnan(said).all():
        reason = "too little history, or something missing in it"
        return Vote(ballot.member, Standing.NO_COVERAGE, artefact=ballot.artefact, reason=reason)
    if (why := _improper(said)) is not None:
        return Vote(ballot.member, Standing.DEGENERATE, artefact=ballot.artefact, reason=why)
    down, flat, up = said.tolist()
    return Vote(ballot.member, Standing.NO_WEIGHT, 0.0, (down, flat, up), ballot.artefact, "its weight is zero")


def _improper(said: Floats) -> str | None:
    if not np.isfinite(said).all() or said.min() < 0 or said.max() > 1:
        return f"it said {[round(float(x), 4) for x in said]}, and a probability lies between 0 and 1"
    if abs(float(said.sum()) - 1.0) > SUM_TOLERANCE:
        return f"its probabilities add up to {float(said.sum()):.4f}"
    return None


def _shares(weight: Floats) -> Floats:
    """[members, n] divided by their sum over the members; zero where nobody votes."""
    total = weight.sum(axis=0)
    return np.asarray(weight / np.where(total > 0.0, total, 1.0))


def _votes(heard: _Heard, shares: Floats) -> list[Vote]:
    ballot = heard.ballot
    return [
        heard.unheard.get(row) or Vote(ballot.member, Standing.VOTED, share, (down, flat, up), ballot.artefact)
        for row, (share, (down, flat, up)) in enumerate(zip(shares.tolist(), heard.said.tolist(), strict=True))
    ]
