"""What is wrong with the universe just now, told for people."""

from __future__ import annotations

from plugins.domain import Universe
from plugins.universe.choosing import reasons
from plugins.universe.kinds import EMPTY, OLD
from qtcore import Finding


def empty_finding(universe: Universe) -> Finding:
    """Nothing may trade."""
    return EMPTY.found(
        "no symbol may trade",
        evidence={"refused": {**universe.refused}},
        cause="; ".join(f"{count} x {reason}" for reason, count in reasons(universe).items()),
    )


def old_finding(age_s: float, trouble: str) -> Finding:
    """The last universe is still in force because nobody says what there is now."""
    return OLD.found(
        f"the universe was chosen {age_s:.0f} s ago and could not be chosen since",
        evidence={"age_s": round(age_s, 1), "trouble": trouble},
        cause=f"the feed does not say what it covers: {trouble}",
    )
