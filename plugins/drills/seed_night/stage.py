"""The system of the night: its evening, its wrong configuration, and the smallest correction that lets it start."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from plugins.drills.outside import Unreadable
from plugins.drills.seed_night.books import ledger_of
from plugins.drills.seed_night.documents import Problem, problems
from plugins.drills.seed_night.hand import Hand
from qtcore.config.source_file import read_source
from qtcore.drills.assembly import CONFIGURATION, Assembly, merged, written
from qtcore.drills.rig import NotCarriedOutError, Rig
from qtcore.report.gather import gather

PORT = "QT_PAPER_EXCHANGE__PORT"
MARKET, SPEED = "simulated:seed=1", "60"
START_S, EVENING_S, STOP_S = 180.0, 240.0, 60.0
LOOK_S = 0.1
CLOSED = 2
"""Closed positions that the evening must have, so that a history can be wrong."""
WRONG_FILE = "backend/data/trades.db"
SNAPSHOT, TRADES = "universe_snapshot.json", "recent_trades.json"
SNAPSHOT_AGE_S = 29_929
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "LINKUSDT")
PAYING = (("BTCUSDT", "long", "0.005"), ("ETHUSDT", "short", "-0.005"))
"""Who pays in the night, and the rate of each settlement."""
SMALL: dict[str, Any] = {
    "hosts": {"analysis": {"nice": 0}, "learning": {"nice": 0}},
    "plugins": {
        "paper_exchange": {"settings": {"weight_limit_1m": 240000, "symbols": [*SYMBOLS], "tell_faults": False}},
        "exchange": {"settings": {"weight_limit": 240000}},
        "retraining": {"enabled": False},
    },
}
"""The venue counts requests by address, and the drill asks from the same one as the trader; and it does not say which
faults it was asked for. Half of the symbols are left out for speed, and no host stands back, so that what else runs on
the machine does not make the times. Retraining was off in the document's system."""

T = TypeVar("T")
Say = Callable[[str], None]


def plain(application: Path) -> Assembly:
    """The application as it ships, smaller and in a hurry."""
    shipped = merged(read_source(application / CONFIGURATION).data, SMALL)
    return Assembly("seed", shipped, MARKET, SPEED, {}, (PORT,), {}, None)


def wrong(assembly: Assembly, folder: Path) -> Assembly:
    """Everything that the document describes, in the environment and in the copy of `plugins.yaml`."""
    standing = {
        "QT_CONTINUOUS_LEARNING": "true",
        "QUANTUM_TRADER_DATABASE_URL": f"sqlite:///{folder / WRONG_FILE}",
    }
    given = {
        name: value.replace("{folder}", str(folder)) for one in problems() for name, value in one.variables.items()
    }
    return _with(replace(assembly, environment=standing | given), problems())


def corrected(assembly: Assembly, application: Path) -> Assembly:
    """The same after the smallest correction: what the refusal named is taken away, nothing else."""
    named = {name for one in problems() if one.refused for name in one.variables}
    rest = {name: value for name, value in assembly.environment.items() if name not in named}
    return replace(plain(application), environment=rest)


def _with(assembly: Assembly, given: tuple[Problem, ...]) -> Assembly:
    configuration = assembly.configuration
    for one in given:
        for plugin, settings in one.settings.items():
            configuration = merged(configuration, {"plugins": {plugin: {"settings": settings}}})
    return replace(assembly, configuration=configuration)


def changed(rig: Rig, assembly: Assembly) -> None:
    """Give a rig that stands still another configuration."""
    rig.assembly = assembly
    rig.configuration_path = written(assembly, rig.folder)


def evening(rig: Rig, say: Say) -> None:
    """Give the home a history: hours of market time and closed trades. Stopped in order."""
    rig.begin()
    until(rig.running, "everything runs in the evening", START_S, rig)
    until(lambda: _traded(rig.home.root), "closed trades in the evening", EVENING_S, rig)
    say("the evening has closed trades")
    stop(rig)


def stop(rig: Rig) -> None:
    """`qt down`, as a person would."""
    rig.qt("down", within_s=STOP_S)
    until(lambda: rig.ended() is not None, "it stops in order", STOP_S, rig)


def old_files(home: Path) -> None:
    """A snapshot written once at a start long ago, and a trade file that nobody writes; all else is new."""
    long_ago = time.time() - SNAPSHOT_AGE_S
    for name, text in ((SNAPSHOT, '{"symbols": ["BTCUSDT"]}'), (TRADES, "[]")):
        path = home / name
        path.write_text(text, encoding="utf-8")
        os.utime(path, (long_ago, long_ago))


def stop_modules(rig: Rig) -> None:
    """One module stopped by an earlier person, one killed, one stopped so that it only seems to live."""
    rig.qt("stop", "portfolio_balancer")
    rig.signal(signal.SIGKILL, "model_supervisor")
    rig.signal(signal.SIGSTOP, "risk_guard")


def stop_prices(hand: Hand, seconds: float) -> None:
    """Streams stay open and bring nothing, and asking is refused, while every file of the home is written on."""
    hand.fault(kind="mute", streams="*@*", seconds=seconds)
    for path in ("/fapi/v1/klines", "/fapi/v1/premiumIndex"):
        hand.fault(kind="unavailable", method="GET", path=path, seconds=seconds)


def report_of(rig: Rig) -> dict[str, Any]:
    """The report as JSON, as `qt report --json` writes it."""
    return gather(rig.home, 1.0).model_dump(mode="json", by_alias=True)


def states_of(rig: Rig) -> dict[str, dict[str, Any]]:
    """The state files by plugin."""
    return {name: state.model_dump(mode="json", by_alias=True) for name, state in rig.states().items()}


def until(look: Callable[[], T | None], what: str, within_s: float, rig: Rig) -> T:
    """Wait for something that can be seen from outside. Raises NotCarriedOutError."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except Unreadable:
            pass
        if rig.ended() and not look():
            break
        time.sleep(LOOK_S)
    raise NotCarriedOutError(f"not within {within_s:g} s: {what} [{rig.tail()}]")


def wait(look: Callable[[], bool], within_s: float) -> bool:
    """Wait for something without insisting on it."""
    deadline = time.monotonic() + within_s
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(LOOK_S * 5)
    return seen


def _traded(home: Path) -> bool:
    return bool(ledger_of(home)["closes"] >= CLOSED)
