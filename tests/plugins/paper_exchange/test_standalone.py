"""The venue as a process of its own, asked by code that imports nothing of ours: raw REST and sqlite3."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[3]
MARKET = ["--market", "simulated:seed=7", "--balance", "1000000"]
START_S, STOP_S, REPLY_S = 30.0, 10.0, 5.0


class Process:
    """One venue process and a connection to it."""

    def __init__(self, home: Path, *more: str) -> None:
        command = [sys.executable, "-m", "plugins.paper_exchange", "--home", str(home), "--port", "0", *more]
        self.child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.address = self._address()
        self.connection = http.client.HTTPConnection(self.address, timeout=REPLY_S)

    def ask(self, method: str, path: str, **params: Any) -> Any:
        """A signed request; the venue's JSON, whatever its status."""
        query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000, "recvWindow": 5000})
        query += "&signature=" + hmac.new(b"paper-secret", query.encode(), hashlib.sha256).hexdigest()
        headers = {"X-MBX-APIKEY": "paper-key", "Content-Type": "application/x-www-form-urlencoded"}
        if method in ("GET", "DELETE"):
            self.connection.request(method, f"{path}?{query}", headers=headers)
        else:
            self.connection.request(method, path, body=query, headers=headers)
        return json.loads(self.connection.getresponse().read())

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(STOP_S)

    def close(self) -> None:
        self.connection.close()
        if self.child.poll() is None:
            self.child.terminate()
            self.child.wait(STOP_S)
        assert self.child.stdout is not None
        self.child.stdout.close()

    def _address(self) -> str:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            if "http://" in line:
                return line.split("http://")[1].strip()
        raise AssertionError(f"the venue ended with {self.child.wait(STOP_S)} before it had an address")


@contextmanager
def venue(home: Path, *more: str) -> Iterator[Process]:
    process = Process(home, *more)
    try:
        yield process
    finally:
        process.close()


def refused(home: Path, *more: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "plugins.paper_exchange", "--home", str(home), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=START_S, check=False)
    return done.returncode, done.stderr


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "venue.db")) as ledger:
        return ledger.execute(sql).fetchall()


def stream_orders(process: Process, first: int, count: int) -> dict[str, dict[str, Any]]:
    """Send orders of all kinds one after the other, until the venue dies; returns what was acknowledged."""
    acknowledged: dict[str, dict[str, Any]] = {}
    price = Decimal(process.ask("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT")["markPrice"]).quantize(Decimal(1))
    for number in range(first, first + count):
        name = f"order-{number}"
        order: dict[str, Any] = {"symbol": "BTCUSDT", "side": ("BUY", "SELL")[number // 2 % 2], "quantity": "0.01"}
        match number % 4:
            case 0 | 2:
                kind, path = {"type": "MARKET", "newClientOrderId": name}, "/fapi/v1/order"
            case 1:
                far = price * (98 if order["side"] == "BUY" else 102) / 100
                limit = {"price": str(far.quantize(Decimal(1))), "timeInForce": "GTC"}
                kind, path = {"type": "LIMIT", "newClientOrderId": name, **limit}, "/fapi/v1/order"
            case _:
                far = price * (110 if order["side"] == "BUY" else 90) / 100
                stop = {"algoType": "CONDITIONAL", "triggerPrice": str(far.quantize(Decimal(1)))}
                kind, path = {"type": "STOP_MARKET", "clientAlgoId": name, **stop}, "/fapi/v1/algoOrder"
        try:
            answer = process.ask("POST", path, **order, **kind)
        except (OSError, http.client.HTTPException):
            return acknowledged
        assert "code" not in answer, answer
        acknowledged[name] = answer
    return acknowledged


def check_ledger(home: Path) -> None:
    """Wallet = every income; position = every fill; no client id twice; every fill has its order."""
    ((wallet,),) = rows(home, "SELECT wallet FROM venue")
    assert Decimal(wallet) == sum(Decimal(amount) for (amount,) in rows(home, "SELECT amount FROM incomes"))
    signed: dict[str, Decimal] = {}
    for symbol, side, quantity in rows(home, "SELECT symbol, side, quantity FROM fills"):
        signed[symbol] = signed.get(symbol, Decimal(0)) + (1 if side == "BUY" else -1) * Decimal(quantity)
    held = {symbol: Decimal(quantity) for symbol, quantity in rows(home, "SELECT symbol, quantity FROM positions")}
    assert held == signed
    assert rows(home, "SELECT client_id FROM orders GROUP BY client_id HAVING count(*) > 1") == []
    assert rows(home, "SELECT 1 FROM fills WHERE order_id NOT IN (SELECT order_id FROM orders)") == []
    for order_id, executed in rows(home, "SELECT order_id, executed FROM orders"):
        parts = rows(home, f"SELECT quantity FROM fills WHERE order_id = {order_id}")  # noqa: S608 - an integer
        assert Decimal(executed) == sum(Decimal(part) for (part,) in parts)


KILLER = "import os, signal, sys, threading; threading.Event().wait(float(sys.argv[2])); os.kill(int(sys.argv[1]), 9)"

ORDERS_A_LIFE = 250
"""Fewer than the venue allows in ten seconds."""


@contextmanager
def killed_after(process: Process, after_s: float) -> Iterator[None]:
    """SIGKILL from another process, at a time that nothing here knows of."""
    killer = subprocess.Popen([sys.executable, "-c", KILLER, str(process.child.pid), str(after_s)])
    try:
        yield
    finally:
        killer.wait(STOP_S)


def test_kill_9_loses_and_doubles_nothing(tmp_path):
    """Killed at any instant of a stream of orders, the venue comes back with every acknowledged order and cent."""
    home, acknowledged = tmp_path / "venue", {}
    for life, after_s in enumerate((0.05, 0.3, 0.7)):
        with venue(home, *MARKET, "--speed", "60") as process:
            with killed_after(process, after_s):
                acknowledged |= stream_orders(process, life * 1000, ORDERS_A_LIFE)
            process.child.wait(STOP_S)
            assert process.child.returncode == -signal.SIGKILL
        check_ledger(home)
    with venue(home, *MARKET, "--speed", "lockstep") as process:
        check_ledger(home)
        check_acknowledged(process, acknowledged)
        wallet = process.ask("GET", "/fapi/v3/account")["totalWalletBalance"]
        assert Decimal(wallet) == Decimal(rows(home, "SELECT wallet FROM venue")[0][0])
    assert len(acknowledged) > 10


def check_acknowledged(process: Process, acknowledged: dict[str, dict[str, Any]]) -> None:
    """Every order that was answered is known, and open ones are in their book unless they ended since."""
    stops = {row["clientAlgoId"] for row in process.ask("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")}
    orders = {row["clientOrderId"] for row in process.ask("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")}
    known = {
        row["clientOrderId"]: row for row in process.ask("GET", "/fapi/v1/allOrders", symbol="BTCUSDT", limit=1000)
    }
    algos = {
        row["clientAlgoId"]: row for row in process.ask("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT", limit=1000)
    }
    for name, answer in acknowledged.items():
        if "algoId" in answer:
            assert algos[name]["algoId"] == answer["algoId"]
            assert (name in stops) == (algos[name]["algoStatus"] == "NEW")
        else:
            assert known[name]["orderId"] == answer["orderId"]
            assert (name in orders) == (known[name]["status"] in ("NEW", "PARTIALLY_FILLED"))


def test_market_time_never_goes_back(tmp_path):
    """After a kill the market goes on from where the ledger says: no step back, no time while it was dead."""
    home = tmp_path / "venue"
    with venue(home, *MARKET, "--speed", "lockstep") as process:
        process.ask("POST", "/qt/v1/advance", bars=3)
        before = process.ask("GET", "/qt/v1/state")["market_ms"]
        process.kill()
    with venue(home, *MARKET, "--speed", "lockstep") as process:
        assert process.ask("GET", "/qt/v1/state")["market_ms"] == before
        candles = process.ask("GET", "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=2)
        assert candles[-1][6] + 1 == before


def test_stops_in_order_on_sigterm(tmp_path):
    """SIGTERM ends it with 0, and the home can be used again at once."""
    home = tmp_path / "venue"
    with venue(home, *MARKET) as process:
        process.child.terminate()
        assert process.child.wait(STOP_S) == 0
    with venue(home, *MARKET) as process:
        assert process.ask("GET", "/fapi/v1/ping") == {}


def test_ledger_files_are_private(tmp_path):
    """The home is 0700 and its files 0600."""
    home = tmp_path / "venue"
    with venue(home, *MARKET):
        modes = {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()}
    assert home.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}


def test_what_cannot_run_is_refused_in_one_sentence(tmp_path):
    """Port in use, home in use, home not writable: 69. Wrong words and wrong data: 64. Never a traceback."""
    home = tmp_path / "venue"
    with venue(home, *MARKET) as process:
        code, said = refused(home, *MARKET)
        assert (code, f"pid {process.child.pid}" in said) == (69, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = refused(tmp_path / "other", *MARKET, "--port", str(taken.getsockname()[1]))
        assert (code, "choose another port" in said) == (69, True)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    for expected, arguments in (
        (69, [blocked / "home", *MARKET]),
        (64, [home, "--market", "simulatd"]),
        (64, [home, "--market", f"recording:{tmp_path / 'nowhere'}"]),
        (64, [home, "--speed", "fast"]),
        (64, [home, "--prot", "1"]),
    ):
        code, said = refused(*arguments)
        assert (code, said.count("\n")) == (expected, 1), said


def test_a_foreign_or_broken_ledger_is_refused(tmp_path):
    """Another program's database and a truncated file end with 69 and say what to do."""
    home = tmp_path / "venue"
    home.mkdir()
    with closing(sqlite3.connect(home / "venue.db")) as other:
        other.execute("CREATE TABLE mine (x)")
    code, said = refused(home, *MARKET, "--port", "0")
    assert (code, "another SQLite file" in said) == (69, True)
    (home / "venue.db").write_bytes(b"SQLite format 3\x00" + os.urandom(200))
    code, said = refused(home, *MARKET, "--port", "0")
    assert (code, "is damaged" in said) == (69, True)


def test_a_stop_stuck_in_triggering_is_carried_out_by_the_next_venue(tmp_path):
    """Killed with a stop between trigger and engine, the venue comes back, hands it over, and nothing is lost."""
    with venue(tmp_path, *MARKET, "--speed", "lockstep") as process:
        process.ask("POST", "/fapi/v1/order", symbol="ETHUSDT", side="BUY", type="MARKET", quantity="1")
        price = Decimal(process.ask("GET", "/fapi/v1/ticker/price", symbol="ETHUSDT")["price"])
        placed = process.ask(
            "POST",
            "/fapi/v1/algoOrder",
            algoType="CONDITIONAL",
            symbol="ETHUSDT",
            side="SELL",
            type="STOP_MARKET",
            triggerPrice=str((price * Decimal("0.999")).quantize(Decimal("0.01"))),
            closePosition="true",
        )
        body = json.dumps({"kind": "stuck_trigger", "symbol": "ETHUSDT", "seconds": 600})
        process.connection.request("POST", "/qt/v1/faults", body=body, headers={"Content-Type": "application/json"})
        assert json.loads(process.connection.getresponse().read())["kind"] == "stuck_trigger"
        for _ in range(200):
            process.ask("POST", "/qt/v1/advance", bars=5)
            stop = process.ask("GET", "/fapi/v1/algoOrder", algoId=placed["algoId"])
            if stop["algoStatus"] != "NEW":
                break
        assert stop["algoStatus"] == "TRIGGERING"
        process.kill()
    assert rows(tmp_path, "SELECT status FROM algos") == [("TRIGGERING",)]
    with venue(tmp_path, *MARKET, "--speed", "lockstep") as process:
        stop = process.ask("GET", "/fapi/v1/algoOrder", algoId=placed["algoId"])
        assert (stop["algoStatus"], stop["actualQty"]) == ("FINISHED", "1.000")
        assert process.ask("GET", "/fapi/v3/positionRisk") == []
    wallet, incomes = rows(tmp_path, "SELECT wallet FROM venue")[0][0], rows(tmp_path, "SELECT amount FROM incomes")
    assert Decimal(wallet) == sum(Decimal(amount) for (amount,) in incomes)
