"""The status of a home whose supervisor is gone, as JSON data and without pydantic: `qt status` must answer at once.

It knows only records that are in order; for anything odd the full reading (`from_records`) finds the
words. Both say the same, which a test compares.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qtcore.records.held import boot_id, is_held

_STATUSES = ("failed", "critical", "unknown", "degraded", "healthy", "off")
_FINAL = ("disabled", "stopped")
_APPLICATION_ID, _SCHEMA_VERSION = 0x51544A4E, 1

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """Now on both clocks."""

    wall: datetime
    boot_id: str
    monotonic_s: float

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        return cls(datetime.now(UTC), boot_id(), time.monotonic())


def dead_status(root: Path, now: Moment | None = None) -> Json | None:
    """The status document of a home that nobody holds; None when its records are not simply in order."""
    now = now or Moment.now()
    try:
        lock = root / "supervisor.lock"
        holder = json.loads(lock.read_bytes())
        if is_held(lock):
            return None
        run = _last_run(root / "journal.db")
        lines = [_line(path, now) for path in sorted((root / "state").iterdir()) if not path.name.startswith(".")]
    except (OSError, ValueError, KeyError, TypeError, IndexError, sqlite3.Error):
        return None
    lines.sort(key=lambda line: _STATUSES.index(line["status"]))
    return {
        "schema": 1,
        "at": _text(now.wall),
        **{name: run[name] for name in ("mode", "posture")},
        "running": False,
        "supervisor": {"pid": holder["pid"], "since": run["since"], "findings": []},
        "overall": {"status": "unknown" if any(line["status"] != "off" for line in lines) else "off", "score": None},
        "counts": {status: sum(line["status"] == status for line in lines) for status in _STATUSES},
        "plugins": lines,
    }


def _last_run(journal: Path) -> Json:
    with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        versions = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if versions != [_APPLICATION_ID, _SCHEMA_VERSION]:
            raise ValueError("no journal of this version")
        started, posture = (_newest(connection, kind) for kind in ("supervisor_started", "posture_changed"))
        (last_us,) = connection.execute("SELECT wall_us FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return {
        "mode": str(started.get("mode", "unknown")),
        "posture": str(posture.get("level", "unknown")),
        "since": _text(datetime.fromtimestamp(last_us // 10**6, UTC).replace(microsecond=last_us % 10**6)),
    }


def _newest(connection: sqlite3.Connection, kind: str) -> Json:
    row = connection.execute("SELECT details FROM events WHERE kind = ? ORDER BY seq DESC LIMIT 1", (kind,)).fetchone()
    details: Json = json.loads(row[0]) if row and row[0] else {}
    return details


def _line(path: Path, now: Moment) -> Json:
    state = json.loads(path.read_bytes())
    if path.suffix != ".json" or state["schema_version"] != 1 or state["plugin"] != path.stem:
        raise ValueError(f"{path} is no state file of this version")
    ended = state["lifecycle"] in _FINAL
    return {
        "name": state["plugin"],
        "lifecycle": state["lifecycle"],
        "status": "off" if ended else "unknown",
        "score": None,
        "since": state["since"],
        "host": state["host"],
        "pid": state["pid"],
        "generation": state["generation"],
        "restarts": state["restarts"],
        "observed_at": state["produced_at"]["wall"],
        "valid_until": state["valid_until"]["wall"],
        "autonomy": state["autonomy"],
        "summary": state["reason"] if ended else _summary(state, now) or state["reason"],
        "findings": [finding["code"] for finding in state["findings"]],
    }


def _summary(state: Json, now: Moment) -> str:
    limit, produced = state["valid_until"], state["produced_at"]
    same_boot = limit["boot_id"] == now.boot_id
    said = str(state["summary"])
    if same_boot and now.monotonic_s < limit["monotonic_s"]:
        return said
    wall_s = (now.wall - datetime.fromisoformat(produced["wall"])).total_seconds()
    age_s = max(0.0, now.monotonic_s - produced["monotonic_s"] if same_boot else wall_s)
    was = f"{state['status']}, {said}" if said else state["status"]
    return f"nothing heard for {age_s:.0f} s; last: {was}"


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
