"""How long the venue has owed an answer about the account; pure, time is an argument."""

from __future__ import annotations

LONGEST_STEP_S = 0.5
"""Of the time between two looks no more counts: this process was held up itself, and the answer may be here."""


class Owing:
    """Real seconds since the oldest question without an answer; asking again after a silence starts nothing new."""

    def __init__(self) -> None:
        self._asked = False
        self._looked_s: float | None = None
        self.owed_s = 0.0

    def asked(self) -> None:
        """A question goes out."""
        self._asked = True

    def answered(self) -> None:
        """An answer came, be it a refusal."""
        self._asked, self._looked_s, self.owed_s = False, None, 0.0

    def look(self, now_s: float) -> None:
        """Time has passed."""
        if self._asked and self._looked_s is not None:
            self.owed_s += min(now_s - self._looked_s, LONGEST_STEP_S)
        self._looked_s = now_s
