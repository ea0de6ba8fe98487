"""From anything that may have happened to a reconciled account: start-up and recovery in one."""

from __future__ import annotations

from plugins.exchange.opening import Exchange
from qtcore import NeedsOperator

KEPT_BY_VENUE_DAYS = 60
"""The venue forgets executions after three months."""


async def recover(exchange: Exchange) -> None:
    """Bring everything known up to the venue's state: the same at every start. Raises VenueRefusal, VenueSilent."""
    await exchange.requests.measure_clock()
    if await exchange.requests.hedge_mode():
        raise NeedsOperator("the account keeps long and short positions apart; switch it to one-way mode at the venue")
    for instrument in await exchange.requests.instruments():
        exchange.instruments[instrument.symbol] = instrument
        await exchange.ctx.publish(instrument)
    await exchange.leverages.load()
    await _check_same_account(exchange)
    await exchange.reconciler.reconcile()
    for known in list(exchange.books.unresolved()):
        await exchange.reconciler.resolve(known)
    for symbol in exchange.books.rounds:
        exchange.booking.end_again(symbol)  # nobody knows whether the last generation lived to tell it
    await exchange.reconciler.reconcile()


async def _check_same_account(exchange: Exchange) -> None:
    """The venue must know the newest fill that we booked, or exchange.db is another account's."""
    newest = exchange.books.ledger.newest_fill()
    if newest is None or (exchange.ctx.wall() - newest.fill.at).days > KEPT_BY_VENUE_DAYS:
        return
    found = await exchange.requests.trades_from(newest.fill.symbol, int(newest.fill.venue_trade_id))
    if not found or found[0].order_id != newest.fill.venue_order_id:
        raise NeedsOperator(
            f"{exchange.books.ledger.file} holds fill {newest.fill.venue_trade_id} of {newest.fill.symbol}, which this "
            "venue does not know: it belongs to another account. Use that account's home, or move the file away"
        )
