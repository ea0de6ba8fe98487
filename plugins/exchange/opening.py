"""Building the door: clients, ledger, and everything between them, for one venue address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from plugins.domain import Instrument, Mode, Purpose, VenueAddress
from plugins.exchange.approval import Approvals
from plugins.exchange.booking import Booking
from plugins.exchange.books import Books
from plugins.exchange.closing import Closing
from plugins.exchange.door import Wish, World
from plugins.exchange.entering import Entries
from plugins.exchange.lanes import Lanes
from plugins.exchange.ledger_file import open_ledger
from plugins.exchange.leverage import Leverages
from plugins.exchange.mentions import Mentions
from plugins.exchange.mode_keys import KeysRefused, fingerprint_of
from plugins.exchange.protecting import Protection
from plugins.exchange.reconciling import Reconciler
from plugins.exchange.requests import Requests
from plugins.exchange.sending import Sender
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.user_stream import UserStream
from plugins.exchange.venue_clock import VenueClock
from plugins.exchange.weights import Lane
from plugins.store.arming import read_arming, why_not_armed
from plugins.store.kill_switch import KillSwitch, read_kill_switch
from plugins.venue import Keys, VenueClient, WrongEndpoint, endpoint_of
from qtcore import Context, NeedsOperator

MOST_RECONCILED_AGE_S = 15.0
"""Entries need an account that was reconciled within this time."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The open door and its parts."""

    ctx: Context[ExchangeSettings]
    address: VenueAddress
    fingerprint: str
    """Of the key that signs."""
    requests: Requests
    books: Books
    sender: Sender
    booking: Booking
    leverages: Leverages
    instruments: dict[str, Instrument]
    closing: Closing
    approvals: Approvals
    entries: Entries
    protection: Protection
    reconciler: Reconciler
    stream: UserStream

    def not_armed(self, kill: KillSwitch) -> str | None:
        """Why real money may not be risked now; None where none is at stake or a person has allowed it."""
        if self.address.mode is not Mode.LIVE:
            return None
        return why_not_armed(read_arming(self.ctx.home), kill, fingerprint=self.fingerprint, now=self.ctx.wall())

    def world(self, wish: Wish) -> World:
        """What the gates look at for this wish, now."""
        kill = read_kill_switch(self.ctx.home)
        return World(
            mode=self.ctx.mode,
            address_mode=self.address.mode,
            kill=kill,
            not_armed=self.not_armed(kill),
            other_mode=self.reconciler.of_other_mode,
            posture=self.ctx.posture,
            instrument=self.instruments.get(wish.symbol),
            held=self.books.held(wish.symbol),
            entering=self.books.entering(wish.symbol),
            leftover_stops=tuple(
                known.intent.id
                for purpose in (Purpose.STOP, Purpose.STOP_LIMIT)
                for known in self.books.protection(wish.symbol, purpose)
            ),
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
    try:
        endpoint_of(address.mode, address.origin, signed=True)
    except WrongEndpoint as error:
        raise NeedsOperator(str(error)) from error


def _keys(ctx: Context[ExchangeSettings]) -> Keys:
    try:
        return ctx.settings.keys(Mode(ctx.mode))
    except KeysRefused as error:
        raise NeedsOperator(str(error)) from error


@asynccontextmanager
async def open_exchange(ctx: Context[ExchangeSettings], address: VenueAddress) -> AsyncIterator[Exchange]:
    """Everything needed to trade at `address`, until the block ends. Raises NeedsOperator."""
    check_address(ctx.mode, address)
    keys = _keys(ctx)
    ledger = open_ledger(ctx)
    requests = _requests(ctx.settings, address, keys)
    try:
        yield _assembled(ctx, address, requests, Books(ledger, ctx.wall), fingerprint_of(keys.key))
    finally:
        await requests.close()
        ledger.close()


def _requests(settings: ExchangeSettings, address: VenueAddress, keys: Keys) -> Requests:
    def client(timeout_s: float) -> VenueClient:
        return VenueClient(
            address.origin,
            keys=keys,
            mode=address.mode,
            throttle=False,
            timeout_s=timeout_s,
            recv_window_ms=settings.recv_window_ms,
        )

    patience_s = dict.fromkeys(Lane, settings.order_timeout_s) | {Lane.DATA: 2 * settings.order_timeout_s}
    clients = {lane: client(timeout_s) for lane, timeout_s in patience_s.items()}
    return Requests(
        Lanes(clients, VenueClock()), working_type=settings.working_type, weight_limit=settings.weight_limit
    )


def _assembled(
    ctx: Context[ExchangeSettings], address: VenueAddress, requests: Requests, books: Books, fingerprint: str
) -> Exchange:
    instruments: dict[str, Instrument] = {}
    mentions = Mentions()
    booking = Booking(ctx, requests, books, mentions)
    sender = Sender(ctx, requests=requests, books=books, booking=booking, mentions=mentions)
    leverages = Leverages(requests, ctx.settings.leverage)
    closing = Closing(ctx, requests=requests, books=books, sender=sender, booking=booking, instruments=instruments)
    reconciler = Reconciler(ctx, requests=requests, books=books, sender=sender, booking=booking, leverages=leverages)
    return Exchange(
        ctx=ctx,
        address=address,
        fingerprint=fingerprint,
        requests=requests,
        books=books,
        sender=sender,
        booking=booking,
        leverages=leverages,
        instruments=instruments,
        closing=closing,
        approvals=Approvals(ctx),
        entries=Entries(ctx, books=books, sender=sender, booking=booking, leverages=leverages, closing=closing),
        protection=Protection(ctx, requests=requests, books=books, sender=sender),
        reconciler=reconciler,
        stream=UserStream(ctx, requests, mentions, reconciler),
    )
