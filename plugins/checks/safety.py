"""What stands between a mistake and real money: the kill switch, the leave to trade, who may read the keys."""

from __future__ import annotations

import stat
from pathlib import Path

from plugins.store.arming import read_arming
from plugins.store.kill_switch import FILE_NAME, read_kill_switch
from qtcore import Fine, Patient, Seen, Skipped, Trouble, Verdict

_OTHERS = 0o077


def kill_switch(patient: Patient) -> Verdict:
    """Whether entries are stopped by hand; a file that cannot be read counts as stopped."""
    switch = read_kill_switch(patient.root)
    if not switch.on:
        return Fine("off" if (patient.root / FILE_NAME).exists() else "off, never used")
    since = f" since {switch.when:%Y-%m-%d %H:%M} UTC" if switch.when else ""
    summary = f"entries are stopped by {switch.who}{since}: {switch.why}"
    return Trouble((Seen("QT-RISK-KILL-SWITCH", summary),))


def leave_to_trade(patient: Patient) -> Verdict:
    """Whether somebody has armed real money, and until when."""
    arming = read_arming(patient.root)
    if arming is None:
        return Fine("nobody has armed real money")
    if arming.expires <= patient.now.wall:
        return Fine(f"armed by {arming.who} until {arming.expires:%Y-%m-%d %H:%M} UTC, which is over")
    return Fine(f"ARMED by {arming.who} until {arming.expires:%Y-%m-%d %H:%M} UTC")


def keys(patient: Patient) -> Verdict:
    """Only the owner may read keys and credentials."""
    named = patient.setting("exchange.credentials_file")
    files = [*(patient.root / "keys").glob("*"), *([Path(str(named))] if named else [])]
    present = [path for path in files if path.exists()]
    if not present:
        return Skipped("there is no key file")
    open_ = [path for path in present if stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    told = f"{len(present)} files that only their owner may read"
    return Trouble.of((_open_to_others(path, patient.root) for path in open_), told)


def _open_to_others(path: Path, home: Path) -> Seen:
    subject = str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
    summary = f"others may read {path}, which holds a key; change the key if they did"
    return Seen("QT-HOME-PERMISSIONS", summary, subject)
