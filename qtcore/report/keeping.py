"""Writes one report into the home, as data and as a page; runs as a process of its own beside the supervisor.

python -m qtcore.report.keeping HOME
"""

from __future__ import annotations

import sys
from pathlib import Path

from qtcore.errors import QtError
from qtcore.hosts import linux
from qtcore.records.home import Home
from qtcore.report.archive import Kept, keep, prune
from qtcore.report.chapters import page_of
from qtcore.report.gather import gather
from qtcore.report.rendering.html import as_html

HOURS = 24.0
NICE = 10
"""It stands back behind everything that trades or heals."""


def keep_report(home: Home) -> Kept:
    """Gather, set, write, and let the oldest go. Raises OSError when the disk refuses."""
    document = gather(home, HOURS)
    data = document.model_dump_json(by_alias=True).encode() + b"\n"
    kept = keep(home.reports, document.at, data, as_html(page_of(document)).encode())
    prune(home.reports)
    return kept


def main(arguments: list[str]) -> int:
    """0 when it was written; otherwise one sentence on standard error. Ends with the supervisor that asked for it."""
    linux.die_with_parent()
    linux.stand_back(NICE)
    home = Home(Path(arguments[0]))
    try:
        keep_report(home)
    except OSError as error:
        sys.stderr.write(f"{error.filename or home.reports} cannot be written ({error.strerror})\n")
        return 1
    except QtError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
