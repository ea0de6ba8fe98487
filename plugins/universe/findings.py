"""What can be wrong with the universe, told for people."""

from __future__ import annotations

from plugins.domain import Universe
from plugins.universe.choosing import reasons
from qtcore import Finding, Severity


def empty_finding(universe: Universe) -> Finding:
    """Nothing may trade."""
    return Finding(
        code="QT-UNIVERSE-EMPTY",
        severity=Severity.HIGH,
        summary="no symbol may trade",
        evidence={"refused": {**universe.refused}},
        cause="; ".join(f"{count} x {reason}" for reason, count in reasons(universe).items()) or "nothing is listed",
        consequence="no signals are made and nothing is entered; open positions are looked after",
        fix="see `qt universe` for the reason of each symbol; correct include, exclude or the bounds",
        verify="`qt universe` lists symbols",
    )


def old_finding(age_s: float, trouble: str) -> Finding:
    """The last universe is still in force because nobody says what there is now."""
    return Finding(
        code="QT-UNIVERSE-OLD",
        severity=Severity.MEDIUM,
        summary=f"the universe was chosen {age_s:.0f} s ago and could not be chosen since",
        evidence={"age_s": round(age_s, 1), "trouble": trouble},
        cause=f"the feed does not say what it covers: {trouble}",
        consequence="symbols that have become unfit may still trade; those that the venue ends are refused at once",
        fix="see to the feed; the universe follows by itself",
        verify="`qt universe` answers; `qt status` shows universe healthy",
    )
