"""What happens inside a bar, as far as a bar can tell.

A bar says where the price began, how far it went both ways and where it ended, not in which order. The
order assumed is the usual one: open, the extreme nearer to the open, the other extreme, close. On a tie the
low comes first in a rising bar and the high first in a falling one. Filling against four such points is
neither the best nor the worst that the bar allows; a stop and a target in one bar are met in that order.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from zlib import crc32

from plugins.paper_exchange.market.source import Bar, Step


def intrabar_path(bar: Bar, symbol: str, interval_ms: int) -> tuple[Step, ...]:
    """The four trades of a bar; none where nothing was traded (a venue outage is recorded as volume 0).

    The open trades at the first millisecond and the close at the last. The extremes trade a third of a bar
    apart, in [1/6, 1/2) and [1/2, 5/6) of the bar, at a moment of the symbol's own: symbols do not move in
    lockstep.
    Each trade carries a quarter of the volume, on the volume's own step; the close takes the rest.
    """
    if not bar.volume:
        return ()
    shift = crc32(symbol.encode()) % (interval_ms // 3)
    first_ms = bar.open_ms + interval_ms // 6 + shift
    nearer, other = _extremes(bar)
    quantity = (bar.volume / 4).quantize(bar.volume, ROUND_DOWN)
    return (
        Step(symbol, bar.open_ms, bar.open, quantity),
        Step(symbol, first_ms, nearer, quantity),
        Step(symbol, first_ms + interval_ms // 3, other, quantity),
        Step(symbol, bar.open_ms + interval_ms - 1, bar.close, bar.volume - 3 * quantity),
    )


def _extremes(bar: Bar) -> tuple[Decimal, Decimal]:
    above, below = bar.high - bar.open, bar.open - bar.low
    low_first = below < above or (below == above and bar.close >= bar.open)
    return (bar.low, bar.high) if low_first else (bar.high, bar.low)
