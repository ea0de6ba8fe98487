"""`qt status`, now or from the records, without typer and pydantic: it must answer within 150 ms."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtcore.cli.exits import exit_of
from qtcore.control.client import READING_TIMEOUT_S, NotAnswering, ask
from qtcore.errors import EnvironmentRefused


def quick_status(arguments: Sequence[str]) -> int | None:
    """Print the status and return the exit code; None when the full command must do it.

    It understands only `--json` and `--home`, and only a supervisor that runs or records that are in order.
    """
    options = _understood(arguments)
    if options is None:
        return None
    home, as_json = options
    try:
        run_dir = json.loads((home / "supervisor.lock").read_bytes())["run_dir"]
        document = ask(Path(run_dir), "status", timeout_s=READING_TIMEOUT_S)
    except NotAnswering:
        from qtcore.records.home import Home
        from qtcore.report.current import silent_status

        document = silent_status(Home.find(home))
    except (OSError, ValueError, KeyError, TypeError, EnvironmentRefused):
        from qtcore.report.dead_status import dead_status

        document = dead_status(home)
        if document is None:
            return None  # the full command finds out what is the matter and says it well
    _show(document, as_json)
    return exit_of(document["overall"]["status"], running=document["running"])


def _understood(arguments: Sequence[str]) -> tuple[Path, bool] | None:
    home, as_json = os.environ.get("QT_HOME") or "var", False
    rest = list(arguments)
    while rest:
        match rest.pop(0):
            case "--json":
                as_json = True
            case "--home" if rest:
                home = rest.pop(0)
            case option if option.startswith("--home="):
                home = option.removeprefix("--home=")
            case _:
                return None
    return Path(home), as_json


def _show(document: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))  # noqa: T201
        return
    from qtcore.report.status_text import status_text

    print(status_text(document))  # noqa: T201
