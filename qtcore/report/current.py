"""The status as it is now: from the running supervisor, else from its records."""

from __future__ import annotations

from typing import Any

from qtcore.control.client import READING_TIMEOUT_S, NotAnswering, NotRunning, ask
from qtcore.records.home import Home
from qtcore.report.from_records import status_from_records


def current_status(home: Home) -> dict[str, Any]:
    """The status document as JSON data."""
    try:
        document: dict[str, Any] = ask(home.run_dir, "status", timeout_s=READING_TIMEOUT_S)
    except NotRunning:
        return status_from_records(home).model_dump(mode="json", by_alias=True)
    except NotAnswering:
        return silent_status(home)
    return document


def silent_status(home: Home) -> dict[str, Any]:
    """The status document of a supervisor that was asked in vain, as JSON data."""
    return status_from_records(home, silent=True).model_dump(mode="json", by_alias=True)
