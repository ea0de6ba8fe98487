"""Posture: what the application may do now, as the strictest of all valid claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from qtcore.documents import Document

CLAIM_LIFE_S = 3.0
"""How long a claim holds without renewal, in real seconds."""
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


class PostureClaim(Document):
    """One source's demand on the posture, valid until `expires_s` on the monotonic clock."""

    source: str
    level: str
    reason: str
    expires_s: float = Field(description="monotonic seconds of this boot; `inf` is not allowed")


@dataclass(frozen=True, slots=True)
class PostureScale:
    """The application's ordered scale, loosest first, and who must have spoken.

    `when_unknown` applies while a required source has no valid claim.
    """

    levels: tuple[str, ...] = ("normal",)
    required: tuple[str, ...] = ()
    when_unknown: str = "normal"

    def __post_init__(self) -> None:
        if self.when_unknown not in self.levels:
            raise ValueError(
                f"posture.when_unknown is {self.when_unknown!r}, which is not on the scale "
                f"{list(self.levels)}; name one of these levels"
            )

    def rank(self, level: str) -> int:
        """Position of `level`, 0 = loosest. Raises ValueError for an unknown level."""
        try:
            return self.levels.index(level)
        except ValueError:
            raise ValueError(f"posture level {level!r} is not on the scale {list(self.levels)}") from None


@dataclass(frozen=True, slots=True)
class Posture:
    """The level in force and every reason for it, strictest first."""

    level: str
    reasons: tuple[str, ...]

    @property
    def meaning(self) -> tuple[str, ...]:
        """The level and who claims what; figures in a sentence, such as an age, are no change of it."""
        return (self.level, *(_FIGURE.sub("#", reason) for reason in self.reasons))


def resolve(scale: PostureScale, claims: Iterable[PostureClaim], now_s: float) -> Posture:
    """The strictest level among unexpired claims; a missing required source counts as `when_unknown`."""
    valid = [claim for claim in claims if claim.expires_s > now_s]
    spoken = {claim.source for claim in valid}
    demands = [(claim.level, f"{claim.source}: {claim.reason}") for claim in valid]
    demands += [
        (scale.when_unknown, f"{source}: has not spoken, so {scale.when_unknown}")
        for source in scale.required
        if source not in spoken
    ]
    return _strictest(scale, demands)


def _strictest(scale: PostureScale, demands: Sequence[tuple[str, str]]) -> Posture:
    rank = max((scale.rank(level) for level, _ in demands), default=0)
    reasons = tuple(reason for level, reason in demands if scale.rank(level) == rank and rank > 0)
    return Posture(scale.levels[rank], reasons)
