"""What the exit code of `qt` means."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Readings end with 0–4; everything may end with the others."""

    HEALTHY = 0
    """All is well, or the act was carried out."""
    DEGRADED = 1
    """Something works but not as it should; for acts: the act failed."""
    CRITICAL = 2
    """Something is critical or has failed."""
    NOT_RUNNING = 3
    """No supervisor runs on this home."""
    UNKNOWN = 4
    """Nothing certain is known, for example because everything is still starting."""
    USAGE = 64
    """Wrong usage or configuration; nothing was started."""
    REFUSED = 69
    """The environment refuses: a port, the home folder, a second `qt up`."""


_OF_STATUS = {
    "healthy": Exit.HEALTHY,
    "off": Exit.HEALTHY,
    "degraded": Exit.DEGRADED,
    "critical": Exit.CRITICAL,
    "failed": Exit.CRITICAL,
    "unknown": Exit.UNKNOWN,
}


def exit_of(status: str, *, running: bool = True) -> Exit:
    """The exit code of a reading that saw this overall status."""
    return _OF_STATUS[status] if running else Exit.NOT_RUNNING
