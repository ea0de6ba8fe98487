"""The venue by itself: `python -m plugins.paper_exchange --home DIR`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.ledger.ledger import Ledger, LedgerError
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.market.source import MarketDataError
from plugins.paper_exchange.play.clock import Speed, parse_speed
from plugins.paper_exchange.server.app import AddressInUseError, ServerSettings, VenueServer
from plugins.paper_exchange.venue import Venue

EXIT_USAGE = 64
EXIT_ENVIRONMENT = 69


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with a command line, and ends with the usage code."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a venue until it is told to stop. Returns 0, 64 (wrong usage or data) or 69 (the environment refuses)."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except MarketDataError as error:
        return _refuse(error, EXIT_USAGE)
    except (LedgerError, AddressInUseError) as error:
        return _refuse(error, EXIT_ENVIRONMENT)
    return 0


async def _serve(options: argparse.Namespace) -> None:
    source = open_market(options.market, symbols=options.symbols)
    ledger = Ledger(options.home)
    try:
        economics = Economics(start_balance=options.balance)
        venue = Venue(source, ledger, economics=economics, speed=options.speed)
        server = VenueServer(venue, ServerSettings(port=options.port))
        try:
            await server.start()
            await _until_told_to_stop(server, _banner(server, options.home))
        finally:
            await server.stop()
    finally:
        ledger.close()


async def _until_told_to_stop(server: VenueServer, banner: str) -> None:
    running = asyncio.create_task(server.run(), name="venue")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    _say(banner)
    try:
        await running
    except asyncio.CancelledError:
        _say("stopped in order; the ledger is complete\n")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _banner(server: VenueServer, home: Path) -> str:
    venue, settings = server.venue, server.settings
    wallet = f"{venue.account.wallet:,.2f} USDT, {len(venue.account.orders) + len(venue.account.algos)} open orders"
    return (
        "PAPER EXCHANGE: play money only, nothing leaves this machine\n"
        f"  address  {server.url}\n"
        f"  market   {venue.source.description}, {venue.clock.speed}\n"
        f"  account  {wallet}, key {settings.key!r}, secret {settings.secret!r} (public constants)\n"
        f"  ledger   {home / 'venue.db'}\n"
    )


def _parser() -> Parser:
    parser = Parser(prog="paper_exchange", description="A Binance USD-M futures venue on loopback.")
    parser.add_argument("--home", type=Path, required=True, help="folder of the ledger; made if it is not there")
    parser.add_argument("--port", type=_port, default=8877, help="port on 127.0.0.1; 0 takes a free one (%(default)s)")
    parser.add_argument(
        "--market",
        default="simulated",
        help="simulated[:seed=N], recording:DIR or csv:DIR (%(default)s)",
    )
    parser.add_argument("--speed", type=_speed, default="1", help="20, max or lockstep (%(default)s)")
    parser.add_argument("--symbols", type=_symbols, help="only these, like BTCUSDT,ETHUSDT")
    parser.add_argument("--balance", type=_money, default=Decimal(10_000), help="start balance in USDT (%(default)s)")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535")
    return int(text)


def _speed(text: str) -> Speed:
    try:
        return parse_speed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _symbols(text: str) -> list[str]:
    return [symbol.strip().upper() for symbol in text.split(",") if symbol.strip()]


def _money(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of money above 0")
    return amount


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _refuse(error: Exception, code: int) -> int:
    sys.stderr.write(f"paper_exchange: {error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
