"""The funnel as people read it: counts that add up, the gate that blocks most, the nearest misses."""

from __future__ import annotations

from typing import Any

from plugins.domain import OutcomeCode
from plugins.store.rows import Funnel


def described(funnel: Funnel) -> dict[str, Any]:
    """One document; `made` is the sum of all rows."""
    ended = {code: funnel.ended.get(code, 0) for code in OutcomeCode}
    blocking = max(
        (code for code in ended if code not in {OutcomeCode.FILLED, OutcomeCode.NEUTRAL} and ended[code]),
        key=lambda code: ended[code],
        default=None,
    )
    return {
        "since": funnel.since.isoformat(),
        "until": funnel.until.isoformat(),
        "made": funnel.made,
        "unfinished": funnel.unfinished,
        "ended": {code.value: count for code, count in ended.items() if count},
        "adds_up": funnel.made == funnel.unfinished + sum(ended.values()),
        "blocking_gate": blocking.value if blocking else None,
        "nearest_misses": [
            {
                "symbol": miss.symbol,
                "gate": miss.code.value,
                "had": str(miss.had),
                "needed": str(miss.needed),
                "sentence": miss.sentence,
            }
            for miss in funnel.nearest
        ],
    }
