#!/usr/bin/env python3
"""Checks from outside that the books agree and that every position has its stop. Knows nothing of the code that trades.

    tools/check_first_night.py --venue http://127.0.0.1:8877 --key K --secret S --home ./var [--watch 60]

It asks the venue over plain signed REST and reads `exchange.db` and `quantum.db` as SQLite files:

- stops (with --watch S): each second, every open position has a live stop in openAlgoOrders: closePosition, or
  reduceOnly over the whole position, on the closing side. A position is bare only if it is still open when asked
  again after its stop was not found.
- fills: the venue's userTrades, `exchange.db` and `quantum.db` hold the same trades, each with the same quantity,
  price, fee and realised profit, to the last digit.
- money: income adds up to the fills (commission, realised profit), and with the start balance to the wallet.
- positions: the venue's, the sum of its trades, and the open rows of `positions`.
- trades: each closed round trip is the sum of its fills and of the funding settled while it was open.
- intents: none of unknown outcome, each with the quantity that its fills say, one filled entry per signal.
- signals: each row has exactly one outcome code; a filled one names an intent whose order filled at the venue, and
  no other signal has a filled entry.
- counts: filled orders and symbols, against --least-orders and --least-symbols.

The system may be running: the books are read until the venue is the same before and after (--patience). Exit 0 when
everything holds, 1 when something does not, 2 when something could not be read.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from plugins.drills import protection
from plugins.drills.outside import Account, Row, Trade, Trades, Unreadable, Venue, read_rows
from plugins.drills.protection import bare_positions

CENT = Decimal("0.01")
RETRY_S = 4.0  # a reading costs the venue's rate limit about 150 of 2,400 a minute


@dataclass(frozen=True)
class Line:
    """One row of the verdict."""

    name: str
    holds: bool
    figure: str


@dataclass(frozen=True)
class Books:
    """Everything read at one moment: the venue's word, then the rows of the two files by their tables' names."""

    venue: Account
    exchange_fills: list[Row]
    intents: list[Row]
    income: list[Row]
    fills: list[Row]
    positions: list[Row]
    trades: list[Row]
    funding: list[Row]
    signals: list[Row]


def read_books(venue: Venue, exchange_db: Path, database: Path) -> Books | None:
    """All books, or None when the account changed meanwhile."""
    before = venue.account()
    ours = [read_rows(exchange_db, table) for table in ("fills", "intents", "income")]
    ours += [read_rows(database, table) for table in ("fills", "positions", "trades", "funding", "signals")]
    return Books(before, *ours) if venue.account() == before else None


def settled(judge: Callable[[], list[Line] | None], patience_s: float) -> list[Line]:
    """The verdict once everything holds, or the last one when patience is over: files may trail the venue a little."""
    until = time.monotonic() + patience_s
    while True:
        lines = judge()
        late = time.monotonic() >= until
        if lines is not None and (late or all(line.holds for line in lines)):
            return lines
        if late:
            raise Unreadable(f"the account changed at each reading for {patience_s:g} s; give more --patience")
        time.sleep(RETRY_S)


def as_trades(rows: Iterable[Row]) -> Trades:
    """Fills of `exchange.db` or `quantum.db`; both name their columns alike."""
    return {
        (row["symbol"], str(row["venue_trade_id"])): Trade(
            Decimal(row["quantity"]),
            Decimal(row["price"]),
            Decimal(row["fee"]),
            Decimal(row["realised_pnl"]),
            row["side"] == "long",
        )
        for row in rows
    }


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal())


def check_fills(books: Books) -> Iterator[Line]:
    real = books.venue.trades
    for name, rows in (("exchange.db", books.exchange_fills), ("database", books.fills)):
        book = as_trades(rows)
        missing, extra = real.keys() - book.keys(), book.keys() - real.keys()
        shared = real.keys() & book.keys()
        other = [key for key in shared if real[key] != book[key]]
        told = f"{len(shared)} of {len(real)} fills"
        told += f", missing {sorted(missing)[:3]}" if missing else ""
        told += f", unknown to the venue {sorted(extra)[:3]}" if extra else ""
        told += f", different {[(key, real[key], book[key]) for key in other[:1]]}" if other else ""
        yield Line(f"fills: venue = {name}", not (missing or extra or other), told)


def check_money(books: Books, start_balance: Decimal) -> Iterator[Line]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in books.venue.incomes:
        sums[row["incomeType"]] += Decimal(row["income"])
    fees = total(trade.fee for trade in books.venue.trades.values())
    realised = total(trade.realised for trade in books.venue.trades.values())
    yield _equal("income: commission = fees of the fills", -sums["COMMISSION"], fees)
    yield _equal("income: realised profit = that of the fills", sums["REALIZED_PNL"], realised)
    funding = total(Decimal(row["amount"]) for row in books.funding)
    yield _equal("income: funding = database", sums["FUNDING_FEE"], funding)
    booked = total(Decimal(row["amount"]) for row in books.income if row["kind"] == "FUNDING_FEE")
    yield _equal("income: funding = exchange.db", sums["FUNDING_FEE"], booked)
    earned = total(amount for kind, amount in sums.items() if kind != "TRANSFER")
    yield _equal("wallet = start balance + income", books.venue.wallet, start_balance + earned)


def _equal(name: str, one: Decimal, other: Decimal) -> Line:
    return Line(name, abs(one - other) < CENT, f"{one:.4f} and {other:.4f}")


def still_open(books: Books) -> list[Row]:
    """Rows of `positions` of which something is left."""
    return [row for row in books.positions if Decimal(row["quantity"])]


def check_positions(books: Books) -> Iterator[Line]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (symbol, _), trade in books.venue.trades.items():
        sums[symbol] += trade.quantity if trade.is_buy else -trade.quantity
    traded = {symbol: amount for symbol, amount in sums.items() if amount}
    held = books.venue.positions
    yield Line("positions: venue = sum of its trades", held == traded, _differences(held, traded))
    rows = {row["symbol"]: Decimal(row["quantity"]) * (1 if row["side"] == "long" else -1) for row in still_open(books)}
    yield Line("positions: venue = database", held == rows, _differences(held, rows))


def _differences(one: dict[str, Decimal], other: dict[str, Decimal]) -> str:
    unlike = [symbol for symbol in one.keys() | other.keys() if one.get(symbol) != other.get(symbol)]
    told = ", ".join(f"{symbol} {one.get(symbol)} and {other.get(symbol)}" for symbol in sorted(unlike))
    return told or f"{len(one)} open"


def check_round_trips(books: Books) -> Iterator[Line]:
    by_position: defaultdict[str, list[Row]] = defaultdict(list)
    for row in books.fills:
        by_position[row["position_id"]].append(row)
    told = [_round_trip_fault(row, by_position[row["position_id"]], books.funding) for row in books.trades]
    wrong = [one for one in told if one]
    yield Line("trades = sums of their fills", not wrong, wrong[0] if wrong else f"{len(told)} round trips")
    gross = total(Decimal(row["gross_pnl"]) for row in books.trades)
    partly = total(Decimal(row["realised_pnl"]) for one in still_open(books) for row in by_position[one["id"]])
    realised = total(trade.realised for trade in books.venue.trades.values())
    yield _equal("trades: gross profit = the venue's realised profit", gross + partly, realised)


def _round_trip_fault(row: Row, fills: list[Row], settlements: list[Row]) -> str:
    """What is wrong with one closed round trip; times are UTC texts, which sort as they are."""
    during = [
        Decimal(one["amount"])
        for one in settlements
        if one["symbol"] == row["symbol"] and row["opened_market_at"] <= one["market_at"] <= row["closed_market_at"]
    ]
    expected = {
        "gross_pnl": total(Decimal(fill["realised_pnl"]) for fill in fills),
        "fees": total(Decimal(fill["fee"]) for fill in fills),
        "funding": total(during),
        "net_pnl": Decimal(row["gross_pnl"]) - Decimal(row["fees"]) + Decimal(row["funding"]),
    }
    faults = [f"{name} {row[name]}, not {value}" for name, value in expected.items() if Decimal(row[name]) != value]
    return f"{row['position_id']}: {'; '.join(faults)}" if faults else ""


def check_intents(books: Books) -> Iterator[Line]:
    """What `exchange.db` believes of its orders, against its own fills; and that no signal was filled twice."""
    executed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in books.exchange_fills:
        executed[row["client_order_id"]] += Decimal(row["quantity"])
    doubtful = [row["id"] for row in books.intents if row["state"] == "unknown"]
    yield Line("intents: none of unknown outcome", not doubtful, f"{len(books.intents)} intents {doubtful[:3] or ''}")
    wrong = [row["id"] for row in books.intents if Decimal(row["filled_quantity"]) != executed[row["id"]]]
    yield Line("intents: filled quantity = their fills", not wrong, f"not so: {wrong[:3]}" if wrong else "all")
    entries: defaultdict[str, list[str]] = defaultdict(list)
    for row in books.intents:
        if row["purpose"] == "entry" and row["signal_id"] and executed[row["id"]]:
            entries[row["signal_id"]].append(row["id"])
    doubled = [ids for ids in entries.values() if len(ids) > 1]
    yield Line("intents: one filled entry per signal", not doubled, f"{len(entries)} entries {doubled[:1] or ''}")


def check_signals(books: Books, pending_allowed: int) -> Iterator[Line]:
    open_ended = [row["id"] for row in books.signals if not row["outcome_code"]]
    codes: defaultdict[str, int] = defaultdict(int)
    for row in books.signals:
        codes[row["outcome_code"] or "(none yet)"] += 1
    counts = ", ".join(f"{code} {count}" for code, count in sorted(codes.items(), key=lambda item: -item[1]))
    adds_up = len(open_ended) <= pending_allowed and bool(books.signals)
    yield Line("signals: one coded outcome each", adds_up, f"{len(books.signals)} signals: {counts}")
    filled_orders = {row["client_order_id"] for row in books.fills}
    filled_signals = {row["id"] for row in books.signals if row["outcome_code"] == "filled"}
    intents = {row["id"] for row in books.intents}
    lost = [
        row["id"]
        for row in books.signals
        if row["outcome_code"] == "filled" and (row["intent_id"] not in intents & filled_orders)
    ]
    told = f"without intent or fill: {lost[:3]}" if lost else f"{codes['filled']} filled signals"
    yield Line("signals: each filled one has its intent and fill", not lost, told)
    entries = [row for row in books.intents if row["purpose"] == "entry" and row["id"] in filled_orders]
    entered = {row["signal_id"] for row in entries}
    denied = [f"{row['id']} {row['outcome_code']}" for row in books.signals if row["id"] in entered - filled_signals]
    told = f"filled, yet told otherwise: {denied[:3]}" if denied else f"{len(entered)} entries"
    yield Line("signals: each filled entry is told as filled", not denied, told)


def check_counts(books: Books, least_orders: int, least_symbols: int) -> Iterator[Line]:
    orders, symbols = set(books.venue.orders.values()), {symbol for symbol, _ in books.venue.trades}
    enough = len(orders) >= least_orders and len(symbols) >= least_symbols
    told = f"{len(orders)} filled orders on {len(symbols)} symbols (at least {least_orders} on {least_symbols})"
    yield Line("counts", enough, told)


def watch_stops(venue: Venue, watch_s: float) -> Line:
    """Sample each second; a sample that takes longer than a second delays the next."""
    samples, covered, bare = 0, 0, []
    began = time.monotonic()
    while (now := time.monotonic()) - began < watch_s:
        held, naked = bare_positions(venue)
        samples, covered = samples + 1, covered + held - len(naked)
        bare += [f"{symbol} at {now - began:.0f} s" for symbol in naked]
        time.sleep(max(0.0, began + samples - time.monotonic()))
    told = f"{samples} samples, {covered} positions seen with their stop"
    return Line("stops: every position covered", not bare, f"{told}, bare: {bare[:5]}" if bare else told)


def check_protection(venue: Venue, signals: list[Row], intents: list[Row], longest_s: float) -> Iterator[Line]:
    """Naked time, direction of stops and age of data, from the venue's records; seconds are real."""
    speed, now = protection.speed_of(venue), venue.market_ms()
    longest: dict[tuple[str, int], int] = {}
    loosened: list[str] = []
    symbols = sorted({row["symbol"] for row in venue.incomes() if row["symbol"]})
    entered_ms: dict[str, int] = {}
    orders = {row["venue_order_id"]: row["id"] for row in intents if row["purpose"] == "entry"}
    for symbol in symbols:
        trades, guards = venue.executions(symbol), protection.guards_of(venue.conditional_orders(symbol))
        stretches = protection.stretches_of(symbol, trades, now)
        longest |= protection.naked_ms(stretches, guards)
        loosened += protection.loosened(stretches, guards)
        entered_ms |= {orders[str(one["orderId"])]: int(one["time"]) for one in trades if str(one["orderId"]) in orders}
    seconds = [gap_ms / 1000 / speed for gap_ms in longest.values()] or [0.0]
    p50, p99, most = (protection.quantile(seconds, share) for share in (0.5, 0.99, 1.0))
    told = f"{len(longest)} round trips at {speed:.1f}x: p50 {p50:.3f} s, p99 {p99:.3f} s, longest {most:.3f} s"
    yield Line("naked time: p99 <= 2 s", p99 <= 2.0 and most <= longest_s, told)
    yield Line("stops only tighten", not loosened, f"loosened: {loosened[:3]}" if loosened else "none loosened")
    ages = protection.ages_of(signals, entered_ms)
    limit_s = max(2 * 60.0, 2.0 * speed)
    stale = [f"{signal} {age_s:.0f} s" for signal, age_s in ages if age_s > limit_s]
    oldest_s = max((age_s for _, age_s in ages), default=0.0)
    told = f"{len(ages)} entries, oldest candle {oldest_s:.1f} s of market time, {oldest_s / speed:.2f} s real"
    yield Line("entries: none on stale data", not stale, f"{told}, stale: {stale[:3]}" if stale else told)
    untrue = protection.untrue_prices(venue, signals)
    yield Line("entries: made from the venue's own closes", not untrue, f"{untrue[:2]}" if untrue else f"{len(ages)}")


def verdict(lines: Iterable[Line]) -> bool:
    """Print each row as it becomes known; whether everything holds."""
    everything = True
    for line in lines:
        print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:52}  {line.figure}", flush=True)
        everything = everything and line.holds
    return everything


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venue", required=True, help="http://host:port of the venue")
    parser.add_argument("--key", default="paper-key")
    parser.add_argument("--secret", default="paper-secret")
    parser.add_argument("--home", type=Path, default=Path("var"), help="holds exchange.db and quantum.db")
    parser.add_argument("--exchange-db", type=Path)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--watch", type=float, default=0.0, metavar="S", help="sample the stops for S seconds first")
    parser.add_argument("--protection", action="store_true", help="judge naked time, stops and age of data as well")
    parser.add_argument("--longest-naked", type=float, default=5.0, metavar="S", help="real seconds")
    parser.add_argument("--patience", type=float, default=20.0, metavar="S", help="for the books to settle")
    parser.add_argument("--start-balance", type=Decimal, default=Decimal(10_000))
    parser.add_argument("--pending", type=int, default=0, help="signals that may have no outcome yet")
    parser.add_argument("--least-orders", type=int, default=0)
    parser.add_argument("--least-symbols", type=int, default=0)
    return parser.parse_args()


def judged(books: Books, asked: argparse.Namespace) -> list[Line]:
    """The rows of the verdict on the books."""
    return [
        *check_fills(books),
        *check_money(books, asked.start_balance),
        *check_positions(books),
        *check_round_trips(books),
        *check_intents(books),
        *check_signals(books, asked.pending),
        *check_counts(books, asked.least_orders, asked.least_symbols),
    ]


def checked(asked: argparse.Namespace) -> Iterator[Line]:
    """All rows of the verdict."""
    venue = Venue(asked.venue, asked.key, asked.secret)
    if asked.watch:
        yield watch_stops(venue, asked.watch)
    exchange_db = asked.exchange_db or asked.home / "exchange.db"
    database = asked.database or asked.home / "quantum.db"
    if asked.protection:
        signals, intents = read_rows(database, "signals"), read_rows(exchange_db, "intents")
        yield from check_protection(venue, signals, intents, asked.longest_naked)

    def judge() -> list[Line] | None:
        books = read_books(venue, exchange_db, database)
        return None if books is None else judged(books, asked)

    yield from settled(judge, asked.patience)


def main() -> int:
    """Exit code: 0 everything holds, 1 something does not, 2 something could not be read."""
    try:
        return 0 if verdict(checked(arguments())) else 1
    except Unreadable as error:
        print(f"cannot judge: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
