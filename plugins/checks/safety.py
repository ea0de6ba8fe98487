"""What stands between a mistake and real money: the kill switch and the leave to trade."""

from __future__ import annotations

from plugins.store.arming import read_arming
from plugins.store.kill_switch import FILE_NAME, read_kill_switch
from qtcore import Fine, Patient, Seen, Trouble, Verdict


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
