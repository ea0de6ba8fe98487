"""The monitor's part of the report: every position with what protects it (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtcore import Paragraph, Section, Table


def protection_section(rows: Sequence[dict[str, Any]], closed: dict[str, int]) -> Section:
    """Made from the rows that `qt call position_monitor.watched` shows."""
    blocks: list[Paragraph | Table] = []
    if not rows:
        blocks.append(Paragraph(text="No position is open."))
    else:
        blocks.append(
            Table(
                headings=("symbol", "side", "quantity", "entry", "stop", "stop at the venue", "decided last"),
                rows=tuple(
                    (
                        row["symbol"],
                        row["side"],
                        float(row["quantity"]),
                        float(row["entry"]),
                        float(row["stop"]) if row["stop"] else None,
                        row["stop_status"],
                        row["decided"] or "",
                    )
                    for row in rows
                ),
            )
        )
    if closed:
        blocks.append(
            Table(
                headings=("closed because", "how often in this run"),
                rows=tuple((reason, count) for reason, count in sorted(closed.items())),
            )
        )
    return Section(title="Positions and their protection", blocks=tuple(blocks))
