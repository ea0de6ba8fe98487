"""The feed's part of the report: how old the data of each symbol is, against its limit (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from plugins.feed.ages import Ages, Limits
from qtcore import Paragraph, Section, Table

MOST = 40


def freshness_section(ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> Section:
    """The oldest first; ages and limits in real seconds."""
    if not ages:
        return Section(title="Freshness of market data", blocks=(Paragraph(text="No symbol is followed yet."),))
    oldest = sorted(
        ages.items(), key=lambda item: -max(item[1].candle_s / limits.candle_s, item[1].mark_s / limits.mark_s)
    )
    table = Table(
        headings=("symbol", "position", "newest candle, s", "its limit, s", "newest mark, s", "its limit, s", "fresh"),
        rows=tuple(
            (
                symbol,
                symbol in held,
                round(age.candle_s, 1),
                round(limits.candle_s, 1),
                round(age.mark_s, 1),
                round(limits.mark_s, 1),
                age.candle_s <= limits.candle_s and age.mark_s <= limits.mark_s,
            )
            for symbol, age in oldest[:MOST]
        ),
    )
    return Section(title="Freshness of market data", blocks=(table,))
