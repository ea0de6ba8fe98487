"""Where an outsider finds things: the venue of a drill's system, its files, and the signals it may wish for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any, Protocol

from plugins.drills.outside import Unreadable, Venue

KEY, SECRET = "paper-key", "paper-secret"
PORT = "QT_PAPER_EXCHANGE__PORT"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "DOGEUSDT", "SUIUSDT", "LTCUSDT")
VALID_MARKET_S = 160.0
"""Eight real seconds at the speed of the drills."""
LOOK_S = 0.05


class Outside(Protocol):
    """What the engine of the drills gives to an outsider."""

    home: Path
    folder: Path
    ports: dict[str, int]
    memory: dict[str, Any]


class NotDoneError(OSError):
    """Something that an outsider was to bring about did not come about in time."""


def venue_of(outside: Outside) -> Venue:
    """The venue over signed REST."""
    return Venue(f"http://127.0.0.1:{outside.ports[PORT]}", KEY, SECRET)


def history(outside: Outside) -> Path:
    """The file of signals, fills and positions."""
    return outside.home / "quantum.db"


def rows(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a file that somebody else writes."""
    with closing(connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        return connection.execute(statement, values).fetchall()


def write(path: Path, statement: str, many: list[tuple[Any, ...]]) -> int:
    """Write behind everybody's back; how many rows that were."""
    with closing(connect(path, timeout=10)) as connection:
        done = connection.executemany(statement, many)
        connection.commit()
        return done.rowcount


def outcome_of(outside: Outside, wish: str) -> str:
    """How a signal ended; empty while it has not."""
    found = rows(history(outside), "SELECT outcome_code FROM signals WHERE id = ?", wish)
    return str(found[0][0] or "") if found else ""


def wished(outside: Outside, symbol: str, view: str, price: str = "") -> str:
    """Ask for one signal; its id."""
    outside.memory["wishes"] = number = outside.memory.get("wishes", 0) + 1
    name = f"drill-{number:04}-{view}"
    given = {"id": name, "symbol": symbol, "view": view, "valid_s": VALID_MARKET_S}
    known = outside.memory.get("prices", {}).get(symbol, "")
    line = given | {"price": price or known or venue_of(outside).last_price(symbol)}
    write_wishes(outside, [line])
    return name


def write_wishes(outside: Outside, lines: list[dict[str, Any]]) -> None:
    """Hand signals over to the plugin that publishes them."""
    with (outside.home / "wishes.jsonl").open("a") as wishes:
        wishes.write("".join(json.dumps(line) + "\n" for line in lines))


def until(look: Callable[[], object], what: str, within_s: float) -> None:
    """Wait for something that can be seen. Raises NotDoneError."""
    deadline = time.monotonic() + within_s
    while not look():
        if time.monotonic() > deadline:
            raise NotDoneError(f"not within {within_s:g} s: {what}")
        time.sleep(LOOK_S)


def free_symbols(outside: Outside) -> list[str]:
    """Those in which nothing is held; where the venue does not say so, those in which nothing was opened."""
    try:
        held = set(venue_of(outside).positions())
    except Unreadable:
        held = outside.memory.get("opened", set())
    return [symbol for symbol in SYMBOLS if symbol not in held]
