"""The status as it is now: from the running supervisor, else from its records."""

from __future__ import annotations

from typing import Any

from qtcore.control.client import NotRunning, ask
from qtcore.records.home import Home
from qtcore.report.from_records import status_from_records


def current_status(home: Home) -> dict[str, Any]:
    """The status document as JSON data."""
    try:
        document: dict[str, Any] = ask(home.run_dir, "status")
    except NotRunning:
        return status_from_records(home).model_dump(mode="json", by_alias=True)
    return document
