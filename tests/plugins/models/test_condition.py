"""Which finding tells why too few members vote."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from plugins.domain import MemberName, Standing
from plugins.learning.ensemble import Ballot
from plugins.models.condition import Condition, health_of

VOTED, UNTRAINED, UNUSABLE = Standing.VOTED, Standing.NOT_TRAINED, Standing.UNUSABLE


def codes(standings: Mapping[MemberName, Standing]) -> list[str]:
    known = Condition(
        symbols=2,
        behind=[],
        age_s=0.0,
        limit_s=10.0,
        standings=[Ballot(name, standing, reason="why") for name, standing in standings.items()],
        damaged={},
        fewest=2,
    )
    return [finding.code for finding in health_of(known).findings]


@pytest.mark.parametrize(
    ("standings", "told"),
    [
        ((UNTRAINED, UNTRAINED, UNTRAINED, UNTRAINED), ["QT-MODELS-UNTRAINED"]),
        ((VOTED, UNTRAINED, UNTRAINED, UNTRAINED), ["QT-MODELS-UNTRAINED"]),
        ((VOTED, VOTED, UNTRAINED, UNTRAINED), []),
        ((VOTED, UNUSABLE, UNUSABLE, UNUSABLE), ["QT-MODELS-FEW-MEMBERS"]),
        ((UNUSABLE, UNUSABLE, UNUSABLE, UNTRAINED), ["QT-MODELS-FEW-MEMBERS"]),
        ((VOTED, UNUSABLE, UNUSABLE, UNTRAINED), ["QT-MODELS-UNTRAINED"]),
    ],
)
def test_members_whose_first_training_is_under_way_are_no_loss(
    standings: tuple[Standing, ...], told: list[str]
) -> None:
    """Champions come one after another; only who had a vote, or will not get one by training, is missed."""
    assert codes(dict(zip(MemberName, standings, strict=True))) == told
