"""Everything that can be said of one source now, and whether it may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plugins.domain import Source
from plugins.model_supervisor.balance import Balance, balance_of
from plugins.model_supervisor.confidence import Reliability, Spread, complaint, reliability_of, spread_of
from plugins.model_supervisor.drift import Change
from plugins.model_supervisor.edge import Edge, EdgeWord, edge_of
from plugins.model_supervisor.rules import Judged, Rules, Said


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """`said` counts the signals looked at, those with a known fate are in `edge.n`."""

    source: Source
    said: int
    balance: Balance
    spread: Spread
    reliability: Reliability
    edge: Edge
    changes: tuple[Change, ...]
    disagreement: float | None
    complaint: str
    stop: str
    """Why its entries should be stopped; empty when they need not be."""

    @property
    def sentence(self) -> str:
        """One line about the source."""
        return f"{self.source}: {self.stop or self.edge.sentence}"


def standing_of(
    source: Source, said: Sequence[Said], judged: Sequence[Judged], changes: Sequence[Change], rules: Rules
) -> SourceStanding:
    """Judge one source by what it said and what came of it."""
    balance, edge = balance_of(judged, rules), edge_of(judged, rules)
    spread = spread_of(source, said)
    wrong = complaint(spread, rules)
    agreements = [each.agreement for each in said if each.agreement is not None]
    return SourceStanding(
        source=source,
        said=len(said),
        balance=balance,
        spread=spread,
        reliability=reliability_of(judged, rules.horizon_ms),
        edge=edge,
        changes=tuple(changes),
        disagreement=1.0 - sum(agreements) / len(agreements) if agreements else None,
        complaint=wrong,
        stop=_stop(balance, edge, wrong, rules),
    )


def _stop(balance: Balance, edge: Edge, wrong: str, rules: Rules) -> str:
    """What cannot be meant, what leans, and what earns nothing; in this order, as the first explains the others."""
    if wrong:
        return wrong
    if balance.biased and balance.n >= rules.least // 2:
        return f"it leans to one side: {balance.sentence} (chance {balance.chance:.1g})"
    if edge.word is EdgeWord.NO_EDGE:
        return edge.sentence
    return ""
