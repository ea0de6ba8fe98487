"""What the kinds of records may take before their oldest part goes."""

from __future__ import annotations

from qtcore.records.journal_retention import DEFAULT as JOURNAL
from qtcore.report.archive import MOST_BYTES
from qtcore.telemetry.trace_limit import TRACES_MAX_BYTES

_LIMITS = {"journal": JOURNAL.max_bytes, "reports": MOST_BYTES, "traces": TRACES_MAX_BYTES}


def limit_of(what: str) -> int | None:
    """Bytes; None for what has no limit of its own as a whole."""
    return _LIMITS.get(what)
