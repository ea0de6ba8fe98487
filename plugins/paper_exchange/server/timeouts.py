"""The dead man's switch: orders of a symbol that are cancelled unless their owner shows up again. Real time."""

from __future__ import annotations


class Countdowns:
    """Deadlines by symbol. They die with the venue, as they do with the real venue's session."""

    def __init__(self) -> None:
        self._due_wall_ms: dict[str, int] = {}

    def set(self, symbol: str, countdown_ms: int, wall_ms: int) -> None:
        """Start anew; a countdown of 0 ends it."""
        if countdown_ms:
            self._due_wall_ms[symbol] = wall_ms + countdown_ms
        else:
            self._due_wall_ms.pop(symbol, None)

    def take_due(self, wall_ms: int) -> list[str]:
        """The symbols whose time has run out; each is named once."""
        due = [symbol for symbol, end in self._due_wall_ms.items() if end <= wall_ms]
        for symbol in due:
            del self._due_wall_ms[symbol]
        return due
