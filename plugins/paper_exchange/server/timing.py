"""Instants that a latency benchmark needs, kept in two short rings. CLOCK_MONOTONIC, nanoseconds."""

from __future__ import annotations

from collections import deque
from typing import Any

KEPT = 4_096


class Timing:
    """When the last closed candle of each burst left the venue, and when each order request began to arrive."""

    def __init__(self) -> None:
        self._bursts: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._orders: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def burst_sent(self, market_ms: int, candles: int, sent_ns: int) -> None:
        self._bursts.append({"market_ms": market_ms, "candles": candles, "sent_ns": sent_ns})

    def order_received(self, path: str, client_id: str | None, received_ns: int) -> None:
        self._orders.append({"path": path, "client_id": client_id, "received_ns": received_ns})

    def shown(self) -> dict[str, Any]:
        return {"bursts": list(self._bursts), "orders": list(self._orders)}
