"""The status document as a screen of text; takes plain JSON data, so that `qt status` starts fast."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qtcore.cli.output import coloured, flowing, table
from qtcore.report.durations import ago, clock_time, moment

COLUMNS = ("plugin", "status", "lifecycle", "for", "host", "pid", "gen", "restarts", "summary")

SPARE = ("gen", "pid", "host", "restarts", "for", "lifecycle")
"""What a narrow terminal does without, first things first; `qt why NAME` tells it all."""

_WORST_FIRST = ("failed", "critical", "unknown", "degraded", "healthy", "off")
"""The order of `Status`, written out because importing it costs more than `qt status` may take."""


_SILENT = "QT-SUPERVISOR-SILENT"


def status_text(document: Mapping[str, Any]) -> str:
    """Banner, counts that add up, and one row per plugin, worst first."""
    now = datetime.fromisoformat(document["at"])
    lines = banner(document, now)
    if document["plugins"]:
        lines += ["", _plugins(document["plugins"], now)]
    return "\n".join(lines)


def banner(document: Mapping[str, Any], now: datetime) -> list[str]:
    """Mode, posture, overall status and counts; when nothing runs, since when."""
    overall = document["overall"]
    score = "" if overall["score"] is None else f" {overall['score']}/100"
    first = (
        f"MODE {document['mode'].upper()} · posture {document['posture']} · "
        f"{coloured(overall['status'], overall['status'])}{score}"
    )
    supervisor = document["supervisor"]
    since = moment(supervisor["since"])
    up = f"supervisor {supervisor['pid']}, up {ago(since, now)}"
    second = flowing([up, *supervisor.get("findings", ()), counts_line(document["counts"])])
    if _SILENT in supervisor.get("findings", ()):
        return [_not_answering_line(supervisor["pid"]), first, second]
    if document["running"]:
        return [first, second]
    if not document["plugins"]:
        return [not_running_line(since, now)]
    return [not_running_line(since, now), first, counts_line(document["counts"])]


def not_running_line(since: datetime | None, now: datetime) -> str:
    """The first line of every reading of a dead system."""
    if since is None:
        return "NOT RUNNING: no supervisor has run on this home yet; start one with `qt up`"
    return f"NOT RUNNING since {clock_time(since)} ({ago(since, now)} ago): what follows is from its records"


def _not_answering_line(pid: int | None) -> str:
    """What `ps` can tell: T is stopped, D waits for a disk."""
    return (
        f"NOT ANSWERING: supervisor {pid} holds this home and says nothing (`ps -o stat= {pid}` shows T when it was "
        f"stopped: `kill -CONT {pid}`): what follows is from its records"
    )


def counts_line(counts: Mapping[str, int]) -> str:
    """`12 plugins: 11 healthy, 1 off`."""
    total = sum(counts.values())
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    return f"{total} plugin{'' if total == 1 else 's'}: " + (", ".join(parts) or "none")


def _plugins(plugins: list[Mapping[str, Any]], now: datetime) -> str:
    worst_first = sorted(plugins, key=lambda plugin: _WORST_FIRST.index(plugin["status"]))
    return table([_row(plugin, now) for plugin in worst_first], COLUMNS, status_column="status", spare=SPARE)


def _row(plugin: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    autonomy = plugin.get("autonomy", "enforced")
    limited = f"autonomy {autonomy}" if autonomy in {"observe", "advisory"} else ""
    summary = "; ".join(filter(None, [", ".join(plugin["findings"]), limited, plugin["summary"]]))
    return {
        "plugin": plugin["name"],
        "status": plugin["status"],
        "lifecycle": plugin["lifecycle"],
        "for": ago(moment(plugin["since"]), now),
        "host": plugin["host"],
        "pid": plugin["pid"],
        "gen": plugin["generation"],
        "restarts": plugin["restarts"],
        "summary": summary,
    }
