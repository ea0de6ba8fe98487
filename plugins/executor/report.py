"""The executor's part of the report: where signals end, which gate blocks, and who came nearest (pure)."""

from __future__ import annotations

from plugins.executor.funnel import MEANINGS, NO_OBSTACLE, blocking_gate, sentences
from plugins.store.rows import Funnel
from qtcore import Bar, Bars, Paragraph, Section, Table

HOURS = 24
NEAREST = 5


def funnel_section(funnel: Funnel) -> Section:
    """The funnel of the last day, as it is now."""
    blocking = blocking_gate(funnel)
    bars = [
        Bar(
            label=code.value,
            value=count,
            note="the blocking gate" if code is blocking else ("" if code in NO_OBSTACLE else MEANINGS[code]),
        )
        for code, count in sorted(funnel.ended.items(), key=lambda item: (-item[1], item[0].value))
    ]
    if funnel.unfinished:
        bars.append(Bar(label="no outcome yet", value=funnel.unfinished))
    told = tuple(Paragraph(text=sentence) for sentence in sentences(funnel))
    if not funnel.made:
        return Section(title="Funnel of the last 24 hours", blocks=told)
    chart = Bars(title="Signals by outcome", unit="signals", bars=tuple(bars))
    misses = Table(
        headings=("symbol", "made", "gate", "had", "needed", "why"),
        rows=tuple(
            (miss.symbol, miss.made_at, miss.code.value, float(miss.had), float(miss.needed), miss.sentence)
            for miss in funnel.nearest
        ),
    )
    nearest = (Paragraph(text="The nearest misses:"), misses) if funnel.nearest else ()
    return Section(title="Funnel of the last 24 hours", blocks=(*told, chart, *nearest))
