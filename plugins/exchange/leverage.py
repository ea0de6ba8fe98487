"""The leverage of each symbol: set once, before the first entry and where possible long before, and read back."""

from __future__ import annotations

from collections.abc import Iterable

from plugins.exchange.requests import Requests, VenueRefusal, VenueSilent


class Leverages:
    """What the venue says the leverage is, and making it what the settings say."""

    def __init__(self, requests: Requests, wanted: int) -> None:
        self._requests = requests
        self._wanted = wanted
        self._set: dict[str, int] = {}

    async def load(self) -> None:
        """Read all of them. Raises VenueRefusal, VenueSilent."""
        self._set = await self._requests.leverages()

    def of(self, symbol: str) -> int:
        """The leverage in force; the venue's own default of 20 where it was not said."""
        return self._set.get(symbol, 20)

    async def ensure(self, symbol: str) -> None:
        """Set it if it is not what is wanted. Raises VenueRefusal (also when the venue set another), VenueSilent."""
        if self._set.get(symbol) == self._wanted:
            return
        now = await self._requests.set_leverage(symbol, self._wanted)
        self._set[symbol] = now
        if now != self._wanted:
            raise VenueRefusal(f"{symbol} was to have leverage {self._wanted}, but the venue says {now}", None, 0.0)

    async def prepare(self, symbols: Iterable[str]) -> dict[str, str]:
        """Set it for symbols that may be entered soon; of those that the venue refused now, why.

        An entry need not wait then for a request that has nothing to do with it; where this failed, it does.
        """
        failed: dict[str, str] = {}
        for symbol in symbols:
            try:
                await self.ensure(symbol)
            except (VenueRefusal, VenueSilent) as error:
                failed[symbol] = str(error)
        return failed
