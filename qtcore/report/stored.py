"""Reports that were written before: from a file, or from the home by the time they tell of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import from_json

from qtcore.errors import ConfigurationError
from qtcore.records.home import Home
from qtcore.report.archive import kept_reports, newest_before
from qtcore.report.document import SCHEMA_VERSION, ReportDocument


def load_report(path: Path) -> ReportDocument:
    """A report that was stored as JSON. Raises ConfigurationError with the reason."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the report {path} cannot be read: {error.strerror}") from None
    version = _version(content)
    if version != SCHEMA_VERSION:
        told = "is no report" if version is None else f"has format {version}, this qtcore reads format {SCHEMA_VERSION}"
        raise ConfigurationError(f"{path} {told}; write one with `qt report --format json -o FILE`")
    try:
        return ReportDocument.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ConfigurationError(f"{path} is no whole report ({where}: {fault['msg']})") from None


def find_report(home: Home, name: str) -> ReportDocument:
    """A file, or the last report that the home had at a time such as `2026-11-23T08:00`; without a zone it is UTC.

    Raises ConfigurationError.
    """
    if (path := Path(name)).exists():
        return load_report(path)
    try:
        at = datetime.fromisoformat(name)
    except ValueError:
        raise ConfigurationError(
            f'"{name}" is neither a file nor a time such as 2026-11-23T08:00; `qt report list` shows what is kept'
        ) from None
    kept = kept_reports(home.reports)
    found = newest_before(kept, at if at.tzinfo else at.replace(tzinfo=UTC))
    if found is None:
        first = f"the oldest is of {kept[0].at:%Y-%m-%dT%H:%M:%S}" if kept else "none is kept yet"
        raise ConfigurationError(f"{home.reports} has no report of {name} or before: {first}")
    return load_report(found.path)


def _version(content: bytes) -> object:
    try:
        data = from_json(content)
    except ValueError:
        return None
    return data.get("schema") if isinstance(data, dict) and "scorecard" in data else None
