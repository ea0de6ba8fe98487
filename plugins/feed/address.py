"""Where the venue is, and whether it is of the world that this run may act on."""

from __future__ import annotations

import asyncio

from plugins.domain import VenueAddress
from plugins.feed.settings import FeedSettings
from qtcore import Context, NeedsOperator, NotReady, Subscription


async def first(ctx: Context[FeedSettings], addresses: Subscription[VenueAddress]) -> VenueAddress:
    """The venue's address. Raises NotReady when nobody says it in time."""
    try:
        async with asyncio.timeout(ctx.settings.address_timeout_s):
            return await anext(aiter(addresses))
    except TimeoutError as error:
        raise NotReady("nobody has said where the venue is; is the plugin that writes VenueAddress running?") from error


async def moved(addresses: Subscription[VenueAddress], known: VenueAddress) -> VenueAddress:
    """The next address that is another one."""
    async for address in addresses:
        if address.origin != known.origin:
            return address
    raise AssertionError("a subscription ends only by cancellation")


def checked(ctx: Context[FeedSettings], address: VenueAddress) -> str:
    """The origin, if it fits the mode. Raises NeedsOperator."""
    if address.mode != ctx.mode:
        raise NeedsOperator(f"the venue's address is of mode {address.mode}, but this run is {ctx.mode}; use one mode")
    if address.mode == "paper" and not address.origin:
        raise NeedsOperator(
            "paper mode needs the address of a paper venue, and got none; nothing may leave the machine"
        )
    return address.origin
