"""Building the door: clients, ledger, and everything between them, for one venue address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from plugins.domain import Instrument, Mode, VenueAddress
from plugins.exchange.booking import Booking
from plugins.exchange.books import Books
from plugins.exchange.closing import Closing
from plugins.exchange.door import Wish, World
from plugins.exchange.entering import Entries
from plugins.exchange.lanes import Lanes
from plugins.exchange.ledger_file import open_ledger
from plugins.exchange.leverage import Leverages
from plugins.exchange.protecting import Protection
from plugins.exchange.reconciling import Reconciler
from plugins.exchange.requests import Requests
from plugins.exchange.sending import Sender
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.user_stream import UserStream
from plugins.exchange.venue_clock import VenueClock
from plugins.exchange.weights import Lane
from plugins.store.kill_switch import read_kill_switch
from plugins.venue import Keys, VenueClient
from plugins.venue.client import is_loopback
from qtcore import Context, NeedsOperator

PAPER_KEYS = Keys(SecretStr("paper-key"), SecretStr("paper-secret"))
"""The paper venue's public constants; there is nothing behind them to steal."""

MOST_RECONCILED_AGE_S = 15.0
"""Entries need an account that was reconciled within this time."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The open door and its parts."""

    ctx: Context[ExchangeSettings]
    address: VenueAddress
    requests: Requests
    books: Books
    sender: Sender
    booking: Booking
    leverages: Leverages
    instruments: dict[str, Instrument]
    closing: Closing
    entries: Entries
    protection: Protection
    reconciler: Reconciler
    stream: UserStream

    def world(self, wish: Wish) -> World:
        """What the gates look at for this wish, now."""
        return World(
            mode=self.ctx.mode,
            address_mode=self.address.mode,
            kill=read_kill_switch(self.ctx.home),
            posture=self.ctx.posture,
            instrument=self.instruments.get(wish.symbol),
            held=self.books.held(wish.symbol),
            entering=self.books.entering(wish.symbol),
            leftover_stops=tuple(known.intent.id for known in self.books.protection(wish.symbol)),
            reconciled_age_s=self.reconciler.age_s,
            most_age_s=MOST_RECONCILED_AGE_S,
        )


def check_address(mode: str, address: VenueAddress) -> None:
    """Raise NeedsOperator unless this address may be traded on in this mode."""
    if address.mode != mode:
        raise NeedsOperator(
            f"the application runs in mode {mode}, but the venue's address is for {address.mode}; "
            "set one mode in plugins.yaml"
        )
    if mode != Mode.PAPER:
        raise NeedsOperator(f"mode {mode} is not offered by this version; set `application.mode: paper`")
    if not is_loopback(address.origin):
        raise NeedsOperator(f"{address.origin} is not on this machine, and paper mode speaks to nothing else")


@asynccontextmanager
async def open_exchange(ctx: Context[ExchangeSettings], address: VenueAddress) -> AsyncIterator[Exchange]:
    """Everything needed to trade at `address`, until the block ends. Raises NeedsOperator."""
    check_address(ctx.mode, address)
    ledger = open_ledger(ctx)
    requests = _requests(ctx.settings, address)
    try:
        yield _assembled(ctx, address, requests, Books(ledger, ctx.wall))
    finally:
        await requests.close()
        ledger.close()


def _requests(settings: ExchangeSettings, address: VenueAddress) -> Requests:
    def client(timeout_s: float) -> VenueClient:
        return VenueClient(
            address.origin,
            keys=PAPER_KEYS,
            throttle=False,
            timeout_s=timeout_s,
            recv_window_ms=settings.recv_window_ms,
        )

    patience_s = dict.fromkeys(Lane, settings.order_timeout_s) | {Lane.DATA: 2 * settings.order_timeout_s}
    clients = {lane: client(timeout_s) for lane, timeout_s in patience_s.items()}
    return Requests(
        Lanes(clients, VenueClock()), working_type=settings.working_type, weight_limit=settings.weight_limit
    )


def _assembled(ctx: Context[ExchangeSettings], address: VenueAddress, requests: Requests, books: Books) -> Exchange:
    instruments: dict[str, Instrument] = {}
    booking = Booking(ctx, requests, books)
    sender = Sender(ctx, requests, books, booking)
    leverages = Leverages(requests, ctx.settings.leverage)
    closing = Closing(ctx, requests=requests, books=books, sender=sender, booking=booking, instruments=instruments)
    reconciler = Reconciler(ctx, requests=requests, books=books, sender=sender, booking=booking, leverages=leverages)
    return Exchange(
        ctx=ctx,
        address=address,
        requests=requests,
        books=books,
        sender=sender,
        booking=booking,
        leverages=leverages,
        instruments=instruments,
        closing=closing,
        entries=Entries(ctx, books=books, sender=sender, booking=booking, leverages=leverages, closing=closing),
        protection=Protection(ctx, requests=requests, books=books, sender=sender),
        reconciler=reconciler,
        stream=UserStream(ctx, requests, sender, reconciler),
    )
