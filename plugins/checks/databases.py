"""The SQLite files of the home: whole, and with a copy that is young enough. They are only read."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from qtcore import Fine, Patient, Seen, Skipped, Trouble, Verdict

HISTORY = "quantum.db"
ORDERS = "exchange.db"
VENUE = Path("data") / "paper_exchange"
BACKUPS = "backups"
BACKUP_EVERY_S = 6 * 3600.0
_NAME = re.compile(r"quantum-\w+-(\d{8}T\d{6})\d*\.db")
_LONGEST_WAIT_S = 1.0


def history(patient: Patient) -> Verdict:
    """The file of signals, trades and equity."""
    return _whole(patient.root / HISTORY, "QT-DATABASE-DAMAGED")


def orders(patient: Patient) -> Verdict:
    """What was asked of the venue, and what it answered."""
    return _whole(patient.root / ORDERS, "QT-EXCHANGE-DB-DAMAGED")


def venue(patient: Patient) -> Verdict:
    """The paper venue's ledgers."""
    files = sorted((patient.root / VENUE).rglob("*.db"))
    seen = [_whole(file, "QT-VENUE-LEDGER") for file in files]
    troubles = tuple(finding for verdict in seen if isinstance(verdict, Trouble) for finding in verdict.findings)
    return Trouble.of(troubles, f"{len(files)} ledgers are whole") if files else Skipped("there is no ledger yet")


def backups(patient: Patient) -> Verdict:
    """The newest copy of the history is younger than two of its periods."""
    if not (patient.root / HISTORY).exists():
        return Skipped("there is no history yet")
    made = [found[1] for path in (patient.root / BACKUPS).glob("*.db") if (found := _NAME.fullmatch(path.name))]
    every_s = float(patient.setting("database.backup_every_s", BACKUP_EVERY_S))
    if not made:
        age_s = time.time() - (patient.root / HISTORY).stat().st_ctime
        told = "the history has never been copied"
        return Fine(f"{told}; the first copy is not due yet") if age_s < every_s else _no_backup(told)
    newest = datetime.strptime(max(made), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    hours = (patient.now.wall - newest).total_seconds() / 3600
    told = f"{len(made)} copies, the newest {hours:.1f} h old"
    return Fine(told) if hours * 3600 <= 2 * every_s or not patient.home.running else _no_backup(told)


def _no_backup(told: str) -> Trouble:
    return Trouble((Seen("QT-DATABASE-BACKUP", told),))


def _whole(file: Path, code: str) -> Verdict:
    if not file.exists() or not file.stat().st_size:
        return Skipped(f"there is no {file.name} yet")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_LONGEST_WAIT_S)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            return Fine("somebody writes it now, which a damaged one would not allow")
        said = [str(error)]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said == ["ok"]:
        return Fine(f"{file.name} is whole, {os.stat(file).st_size / 2**20:.1f} MB")  # noqa: PTH116 - its sidecars do not count
    summary = f"{file} is damaged: {'; '.join(said)}"
    return Trouble((Seen(code, summary, file.name),))
