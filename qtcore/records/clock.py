"""The present moment on both clocks, and whether a recorded moment still lies ahead."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from qtcore.documents import Instant
from qtcore.records.held import boot_id


def instant_now() -> Instant:
    """This moment."""
    return Instant(wall=datetime.now(UTC), boot_id=boot_id(), monotonic_s=time.monotonic())


def still_valid(limit: Instant, now: Instant | None = None) -> bool:
    """True while `limit` lies ahead; a limit set before the last boot is over, whatever the wall clock says."""
    now = now or instant_now()
    return limit.boot_id == now.boot_id and now.monotonic_s < limit.monotonic_s


def age_s(moment: Instant, now: Instant | None = None) -> float:
    """Seconds since `moment`: by the monotonic clock within one boot, else by the wall clock; never negative."""
    now = now or instant_now()
    if moment.boot_id == now.boot_id:
        return max(0.0, now.monotonic_s - moment.monotonic_s)
    return max(0.0, (now.wall - moment.wall).total_seconds())
