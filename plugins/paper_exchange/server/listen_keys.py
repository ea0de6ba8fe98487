"""Keys of the user stream: made on request, alive for an hour of real time after the last renewal."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.ledger.ledger import Ledger


class ListenKeys:
    """They are in the ledger, so that a client's key outlives a restart of the venue, as it does on the real one."""

    def __init__(self, ledger: Ledger, life_s: float) -> None:
        self._ledger = ledger
        self._life_ms = int(life_s * 1000)
        self._expires = ledger.listen_keys()
        self.when_dropped: Callable[[list[str]], None] = lambda _: None
        """Told which keys their owner has given back."""

    def take(self, wall_ms: int) -> str:
        """The active key, renewed, or a new one."""
        active = next((key for key, end in self._expires.items() if end > wall_ms), None)
        key = active or secrets.token_hex(32)
        self._renew(key, wall_ms)
        return key

    def renew(self, wall_ms: int) -> str:
        """Extend the active key. Raises Refusal -1125 when there is none."""
        active = next((key for key, end in self._expires.items() if end > wall_ms), None)
        if active is None:
            raise Refusal(-1125, "This listenKey does not exist.")
        self._renew(active, wall_ms)
        return active

    def drop(self) -> None:
        """Their owner gives the keys back."""
        self.when_dropped(self.end_all())

    def end_all(self) -> list[str]:
        """Forget every key; returns them."""
        dropped = list(self._expires)
        self._expires.clear()
        self._ledger.save_listen_keys(self._expires)
        return dropped

    def is_active(self, key: str, wall_ms: int) -> bool:
        return self._expires.get(key, 0) > wall_ms

    def expire(self, wall_ms: int) -> list[str]:
        """Forget the keys whose time is over; returns them."""
        over = [key for key, end in self._expires.items() if end <= wall_ms]
        for key in over:
            del self._expires[key]
        if over:
            self._ledger.save_listen_keys(self._expires)
        return over

    def _renew(self, key: str, wall_ms: int) -> None:
        self._expires[key] = wall_ms + self._life_ms
        self._ledger.save_listen_keys(self._expires)
