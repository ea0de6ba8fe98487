"""Carries out the runs of the kill matrix on one running system: wish, fault, kill, recovery, verdict."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from matrix_plan import AT_THE_STEP, Cell, Kind, Step
from night import ROOT, Night

from plugins.drills.order_harm import Harm, asked, judged_patiently
from plugins.drills.outside import Unreadable, Venue

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "DOGEUSDT", "SUIUSDT", "LTCUSDT")
OPEN = ("long", "short")
STEP_S = 4.0
"""How long a step is waited for; a fault may mean that it never comes, and then the kill comes all the same."""
HELD_S = 0.6
"""How long the venue holds its answer, so that a kill at the wire comes before it."""
BACK_S = 60.0
START_S = 150.0
"""From `qt up` to the first entry that is allowed, on a machine that is busy with other things."""
SETTLE_S = 60.0
OPEN_S, OPEN_PAUSE_S = 30.0, 0.5
LEAVE_S = 25.0
LOOK_S = 0.001
MOST_HELD = 2
VALID_REAL_S = 8.0
SPEED = 20
"""Of the market."""

OFTEN = {"max_restarts": 1000, "base_s": 0.05, "cap_s": 0.5}
"""Deaths are the purpose here: nobody is given up, and nobody waits longer each time."""
_LEFT_OUT = ("deep", "history", "portfolio_balancer", "model_supervisor", "retraining", "logs", "notify")
_SETTINGS: dict[str, dict[str, Any]] = {
    "exchange": {"weight_limit": 240_000},  # as the venue allows here: the judge asks under the same address
    "executor": {
        "cooldown_s": 0,
        "side_cooldown_s": 0,
        "entries_per_day": 100_000,
        "portfolio_required": False,
        "sweep_after_s": 4,
    },
    "risk_guard": {
        "daily_loss": "0.9",
        "drawdown": "0.9",
        "losses_in_a_row": 100_000,
        "round_trips_per_symbol": 100_000,
        "orders_per_minute": 1000,
        "entries_per_minute": 1000,
    },
    "risk_manager": {"notional_per_trade": "1000"},
    "policy": {"volatility": {"extreme_from": 0.5}},
}
"""So that every wish may be traded; nothing about orders, stops or books is changed."""


def matrix_night(folder: Path, seed: int) -> Night:
    """A night in which everything may die as often as it likes."""
    market = f"simulated:seed={seed}"
    return Night(folder, market=market, speed=str(SPEED), drills=configured(), host_restart=OFTEN, judged=True)


def configured() -> dict[str, dict[str, Any]]:
    """The shipped plugins with the wishes in the place of the models."""
    written: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "plugins.yaml").read_text())["plugins"]
    for name, section in written.items():
        section["restart"] = OFTEN
        section["settings"] = section.get("settings", {}) | _SETTINGS.get(name, {})
        if name in _LEFT_OUT:
            section["enabled"] = False
    written["models"] = {
        "use": "plugins.drills.wishes",
        "host": "models",
        "after": ["database", "executor"],
        "restart": OFTEN,
    }
    return written


@dataclass
class Run:
    """One cell and what came of it."""

    cell: Cell
    symbol: str
    hit: bool = False
    struck: bool = False
    outcome: str = ""
    back_s: float = 0.0
    took_s: float = 0.0
    harm: Harm = field(default_factory=Harm)

    def line(self) -> str:
        """One row of the table."""
        cell = self.cell
        hit = f"+{cell.delay_s * 1e3:4.1f} ms" if self.hit else "not seen"
        fault = f"{cell.fault}{'' if self.struck or cell.fault == 'none' else ' (idle)'}"
        return (
            f"{cell.number:4} {cell.target:16} {cell.step:18} {hit:9} {fault:26} {self.symbol:8} {self.outcome:22}"
            f" back {self.back_s:4.1f} s, run {self.took_s:4.1f} s"
            + "".join(f"\n     {one}" for one in self.harm.sentences())
        )


class Faults:
    """The venue's faults over HTTP, as anybody may ask for them."""

    def __init__(self, origin: str) -> None:
        self._url = f"{origin}/qt/v1/faults"

    def begin(self, document: dict[str, Any]) -> int | None:
        """Begin one; its number, or None where the venue says that it cannot be."""
        try:
            return int(self._ask("POST", json.dumps(document).encode())["number"])
        except urllib.error.HTTPError:
            return None

    def left(self, number: int | None) -> bool:
        """Whether this fault has not come to its end."""
        return any(row["number"] == number for row in self._ask("GET")["active"])

    def untouched(self, number: int | None, count: int) -> bool:
        """Whether a counted fault has not struck at all."""
        rows = [row for row in self._ask("GET")["active"] if row["number"] == number]
        return bool(rows) and rows[0]["strikes_left"] == count

    def clear(self) -> None:
        """End all of them."""
        self._ask("DELETE")

    def _ask(self, method: str, body: bytes | None = None) -> Any:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self._url, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


class Matrix:
    """One running system and the runs that are carried out on it."""

    def __init__(self, night: Night, venue: Venue) -> None:
        self._night = night
        self._venue = venue
        self._faults = Faults(night.venue)
        self._wished = 0
        self.symbols: set[str] = set()

    # --- one run -----------------------------------------------------------------------------------

    def run(self, cell: Cell) -> Run:
        """Carry out one cell. Raises NotSeen when the system does not come back."""
        began = time.monotonic()
        self.until_trading(BACK_S if self._wished else START_S)
        symbol = self._prepared(cell)
        run = Run(cell, symbol)
        price = self._venue.last_price(symbol)  # before the fault, which strikes whoever asks
        held = self._held_back(cell)
        number = None if cell.fault in ("none", *AT_THE_STEP) else self._faults.begin(cell.fault_document(symbol))
        wish = self._wish(symbol, "neutral" if cell.step.is_exit else cell.draw.choice(OPEN), cell.number, price)
        run.hit = self._seen(self._look(cell, wish, symbol, held), STEP_S)
        time.sleep(cell.delay_s)
        if cell.fault in AT_THE_STEP:
            number = self._faults.begin(cell.fault_document(symbol))
        self._kill(cell.target, run)
        run.struck = number is not None and not self._faults.untouched(number, _count(cell.fault_document(symbol)))
        self._faults.clear()
        until = time.monotonic() + SETTLE_S
        run.harm = judged_patiently(self._venue, self._night.home, symbol, lambda: _rested(until))
        run.outcome = self._outcome(wish)
        run.took_s = time.monotonic() - began
        return run

    def _held_back(self, cell: Cell) -> int | None:
        if cell.step.kind is not Kind.WIRE:
            return None
        given = {"kind": "slow_reply", "delay_s": HELD_S, "path": cell.step.path, "method": "POST"}
        return self._faults.begin(given)

    def _kill(self, target: str, run: Run) -> None:
        before = self._night.tenants()[target]
        began = time.monotonic()
        if before.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(before.pid, signal.SIGKILL)
        self._night.until(lambda: self._night.tenants()[target].generation > before.generation, "a new life", BACK_S)
        self._night.until_running(within_s=BACK_S)
        run.back_s = time.monotonic() - began

    # --- before it ----------------------------------------------------------------------------------

    def until_trading(self, within_s: float) -> None:
        """Wait until all plugins run and entries are allowed."""
        self._night.until_running(within_s=within_s)
        self._night.until(self._is_normal, "posture normal", within_s)

    def _is_normal(self) -> bool:
        rows = asked(
            self._night.home / "journal.db",
            "SELECT details FROM events WHERE kind = 'posture_changed' ORDER BY seq DESC LIMIT 1",
        )
        return bool(rows) and json.loads(rows[0][0])["level"] == "normal"

    def _prepared(self, cell: Cell) -> str:
        """The symbol of the run: one that is held for an exit, else one that is not."""
        held = sorted(self._held())
        if cell.step.is_exit and not held:
            return self._opened(cell)
        if cell.step.is_exit:
            return cell.draw.choice(held)
        while len(held) > MOST_HELD:
            self._left(cell.draw.choice(held), cell.number)
            held = sorted(self._held())
        return cell.draw.choice([symbol for symbol in SYMBOLS if symbol not in held])

    def _opened(self, cell: Cell) -> str:
        """A position, made undisturbed; right after a start the executor may not know all that it needs yet."""
        until = time.monotonic() + OPEN_S
        while time.monotonic() < until:
            symbol = cell.draw.choice(SYMBOLS)
            wish = self._wish(symbol, cell.draw.choice(OPEN), cell.number)
            if self._seen(lambda wish=wish: self._outcome(wish) != "-", LEAVE_S) and symbol in self._held():
                return symbol
            time.sleep(OPEN_PAUSE_S)
        raise Unreadable(f"no position could be opened: {self._outcome(wish)}")

    def _left(self, symbol: str, number: int) -> None:
        """Leave a position, undisturbed."""
        until = time.monotonic() + LEAVE_S
        while symbol in self._held() and time.monotonic() < until:
            self._wish(symbol, "neutral", number)
            self._seen(lambda: symbol not in self._held(), 3.0, every_s=0.1)

    def _held(self) -> set[str]:
        return set(self._venue.positions())

    # --- wishes and what can be seen of them --------------------------------------------------------

    def _wish(self, symbol: str, view: str, number: int, price: str = "") -> str:
        self._wished += 1
        self.symbols.add(symbol)
        name = f"run{number:04}-{self._wished:05}-{view}"
        price = price or self._venue.last_price(symbol)
        line = {"id": name, "symbol": symbol, "view": view, "price": price, "valid_s": VALID_REAL_S * SPEED}
        with (self._night.home / "wishes.jsonl").open("a") as wishes:
            wishes.write(json.dumps(line) + "\n")
        return name

    def _outcome(self, wish: str) -> str:
        rows = asked(self._night.home / "quantum.db", "SELECT outcome_code FROM signals WHERE id = ?", wish)
        return str(rows[0][0] or "-") if rows else "-"

    def _seen(self, look: Callable[[], bool], within_s: float, every_s: float = LOOK_S) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if look():
                return True
            time.sleep(every_s)
        return False

    def _look(self, cell: Cell, wish: str, symbol: str, held: int | None) -> Callable[[], bool]:
        """Whether the step has happened, by what is written or at the venue."""
        if cell.step.kind is Kind.WIRE:
            return lambda: not self._faults.left(held)
        exchange, history = self._night.home / "exchange.db", self._night.home / "quantum.db"
        file, statement, key = _LOOKS[cell.step]
        path = exchange if file == "exchange" else history
        value = {"signal": wish, "symbol": symbol}[key]
        before = 0 if key == "signal" else _count_of(path, statement, value)
        return lambda: _count_of(path, statement, value) > before


_INTENTS = "SELECT count(*) FROM intents WHERE signal_id = ? AND purpose ="
_ENTERED = "SELECT count(*) FROM fills JOIN intents ON id = client_order_id WHERE signal_id = ?"
_EXITS = "SELECT count(*) FROM intents WHERE symbol = ? AND purpose = 'exit'"
_LOOKS: dict[Step, tuple[str, str, str]] = {
    Step.SIGNAL_STORED: ("history", "SELECT count(*) FROM signals WHERE id = ?", "signal"),
    Step.STOP_WRITTEN: ("exchange", f"{_INTENTS} 'stop' AND attempts > 0", "signal"),
    Step.STOP_CONFIRMED: ("exchange", f"{_INTENTS} 'stop' AND state = 'acknowledged'", "signal"),
    Step.ENTRY_WRITTEN: ("exchange", f"{_INTENTS} 'entry' AND attempts > 0", "signal"),
    Step.ENTRY_FILLED: ("exchange", f"{_INTENTS} 'entry' AND state = 'filled'", "signal"),
    Step.FILL_BOOKED: ("exchange", _ENTERED, "signal"),
    Step.OUTCOME_WRITTEN: ("history", "SELECT count(outcome_code) FROM signals WHERE id = ?", "signal"),
    Step.FILL_STORED: ("history", "SELECT count(*) FROM fills WHERE symbol = ?", "symbol"),
    Step.EXIT_WRITTEN: ("exchange", f"{_EXITS} AND attempts > 0", "symbol"),
    Step.EXIT_FILLED: ("exchange", f"{_EXITS} AND state = 'filled'", "symbol"),
    Step.TRADE_STORED: ("history", "SELECT count(*) FROM trades WHERE symbol = ?", "symbol"),
}


def _count_of(path: Path, statement: str, value: str) -> int:
    rows = asked(path, statement, value)
    return int(rows[0][0]) if rows else 0


def _count(document: dict[str, Any]) -> int:
    return int(document.get("count", 1))


def _rested(until: float) -> bool:
    time.sleep(0.3)
    return time.monotonic() < until
