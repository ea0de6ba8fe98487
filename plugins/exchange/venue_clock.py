"""The venue's clock as seen from here, on the monotonic clock so that a stepping wall clock cannot move it."""

from __future__ import annotations

import time


class VenueClock:
    """What `/fapi/v1/time` would say now; wall time until it was asked."""

    def __init__(self) -> None:
        self._offset_ms = time.time() * 1000 - time.monotonic() * 1000
        self.measured_s: float | None = None
        """When it was last measured, in monotonic seconds."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch by the venue's clock."""
        return int(time.monotonic() * 1000 + self._offset_ms)

    def measured(self, server_ms: int, asked_s: float, answered_s: float) -> None:
        """Take one measurement: the answer was made about half-way between asking and answering."""
        self._offset_ms = server_ms - (asked_s + answered_s) / 2 * 1000
        self.measured_s = answered_s
