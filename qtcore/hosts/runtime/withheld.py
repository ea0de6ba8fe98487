"""How often the same withheld act is told."""

from __future__ import annotations

TOLD_AGAIN_S = 60.0
"""Equal texts are told at most this often."""

_MOST_TEXTS = 200


class WithheldActs:
    """Counts what a plugin would have done, by text; a loop that withholds on every round fills no journal."""

    def __init__(self) -> None:
        self._told_s: dict[str, float] = {}
        self._silent: dict[str, int] = {}

    def due(self, what: str, now_s: float) -> int | None:
        """How often it was withheld since it was told last, this time included; None while it is not to be told."""
        count = self._silent.get(what, 0) + 1
        told_s = self._told_s.get(what)
        if told_s is not None and now_s - told_s < TOLD_AGAIN_S:
            self._silent[what] = count
            return None
        self._remember(what, now_s)
        return count

    def _remember(self, what: str, now_s: float) -> None:
        self._silent.pop(what, None)
        self._told_s.pop(what, None)
        self._told_s[what] = now_s
        if len(self._told_s) > _MOST_TEXTS:
            oldest = next(iter(self._told_s))
            del self._told_s[oldest]
            self._silent.pop(oldest, None)
