"""Ballots as JSON data, from the process of the nets to that of the ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plugins.domain import MemberName, Standing
from plugins.learning.classes import Direction
from plugins.learning.ensemble import Ballot
from plugins.learning.rows import Floats


def told_of(ballots: list[Ballot]) -> dict[str, Any]:
    """Each member's ballot by its name; a row that nothing was said of is empty."""
    return {
        ballot.member: {
            "standing": ballot.standing,
            "artefact": ballot.artefact,
            "reason": ballot.reason,
            "probabilities": None if ballot.probabilities is None else _rows_of(ballot.probabilities),
        }
        for ballot in ballots
    }


def ballots_of(told: Mapping[str, Any], count: int) -> list[Ballot]:
    """What `told_of` told of `count` symbols. Raises KeyError, TypeError or ValueError for anything else."""
    return [
        Ballot(
            MemberName(name),
            Standing(row["standing"]),
            None if row["probabilities"] is None else _matrix_of(row["probabilities"], count),
            str(row["artefact"]),
            str(row["reason"]),
        )
        for name, row in told.items()
    ]


def _rows_of(said: Floats) -> list[list[float]]:
    return [[] if np.isnan(row).any() else row.tolist() for row in said]


def _matrix_of(rows: list[list[float]], count: int) -> Floats:
    if len(rows) != count:
        raise ValueError(f"{len(rows)} answers to {count} questions")
    found = np.full((count, len(Direction)), np.nan)
    for place, row in enumerate(rows):
        if row:
            found[place] = row
    return found
