"""Asking the supervisor of a home; when none answers, since when that is so."""

from __future__ import annotations

from typing import Any

from qtcore.control.client import ANSWER_TIMEOUT_S, NotRunning, ask
from qtcore.records.home import Home

NEVER = "no supervisor has run on the home {root} yet; start one with `qt up`, or name the right folder with --home"


def ask_home(home: Home, op: str, args: dict[str, Any], *, timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
    """One request to the supervisor of this home and its result. Raises what `ask` raises."""
    try:
        return ask(home.run_dir, op, args, timeout_s=timeout_s)
    except NotRunning:
        raise NotRunning(_why_not(home)) from None


def refuse_unused(home: Home) -> None:
    """Raise NotRunning for a home without records: nothing to read is not the same as nothing that happened."""
    if home.holder is None and not home.journal.exists() and not home.state.exists():
        raise NotRunning(NEVER.format(root=home.root))


def _why_not(home: Home) -> str:
    from qtcore.records.clock import instant_now
    from qtcore.report.durations import ago, clock_time
    from qtcore.report.from_records import status_from_records

    now = instant_now()
    supervisor = (status := status_from_records(home, now)).supervisor
    if status.running:
        return f"supervisor {supervisor.pid} on the home {home.root} is just starting or ending; ask again in a moment"
    if supervisor.since is None:
        return NEVER.format(root=home.root)
    since = f"{clock_time(supervisor.since)} ({ago(supervisor.since, now.wall)} ago)"
    return f"nothing runs on the home {home.root} since {since}; `qt up` starts it, `qt status` tells what it left"
