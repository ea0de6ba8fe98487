"""The posture as this host knows it: what the supervisor said last, while that is fresh."""

from __future__ import annotations

from difflib import get_close_matches

from qtcore.control.host_message import SetPosture
from qtcore.kernel.posture import PostureScale
from qtcore.messaging.clock import Clock


class PostureView:
    """Answers for the posture in force; a stale word counts as none."""

    def __init__(self, scale: PostureScale, clock: Clock) -> None:
        self._scale = scale
        self._clock = clock
        self._said: SetPosture | None = None

    def set(self, said: SetPosture) -> None:
        """The supervisor spoke."""
        self._said = said

    def forget(self) -> None:
        """Know nothing, as at the start."""
        self._said = None

    @property
    def level(self) -> str:
        """The level in force; the scale's `when_unknown` when none is known or it is stale."""
        said = self._said
        if said is None or self._clock.now() > said.expires_s or said.level not in self._scale.levels:
            return self._scale.when_unknown
        return said.level

    def allows(self, level: str) -> bool:
        """True while the posture in force is not stricter than `level`. Raises ValueError for an unknown level."""
        return self._scale.rank(self.level) <= self._scale.rank(self.checked(level))

    def checked(self, level: str) -> str:
        """The level itself. Raises ValueError, with a suggestion, when it is not on the scale."""
        if level not in self._scale.levels:
            close = get_close_matches(level, self._scale.levels, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(self._scale.levels)}"
            raise ValueError(f"posture level {level!r} is not on the application's scale; {hint}")
        return level
