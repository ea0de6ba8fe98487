"""What is learned from: histories of candles that can be read."""

from __future__ import annotations

from plugins.learning.archive import Archive, DamagedHistory
from qtcore import Patient, Seen, Skipped, Trouble, Verdict


def archive(patient: Patient) -> Verdict:
    """Every file of candles can be read."""
    folders = [folder for folder in sorted((patient.root / "history").glob("*/")) if folder.is_dir()]
    if not folders:
        return Skipped("there is no history to learn from yet")
    damaged, read = [], 0
    for found in map(Archive, folders):
        for interval in found.intervals():
            for symbol in found.symbols(interval):
                read += 1
                try:
                    found.read(symbol, interval)
                except DamagedHistory as damage:
                    place = f"{found.folder.name}/{symbol}-{interval}"
                    damaged.append(Seen("QT-HISTORY-DAMAGED", str(damage), subject=place))
    return Trouble.of(damaged, f"{read} files of candles can be read")
