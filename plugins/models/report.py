"""The models' part of the report: who votes, with which version and weight (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugins.domain import MemberName
from plugins.learning.ensemble import Ballot
from qtcore import Paragraph, Section, Table


def members_section(ballots: Sequence[Ballot], weights: Mapping[MemberName, float], because: str) -> Section:
    """One row for each member, voting or not."""
    table = Table(
        headings=("member", "standing", "weight", "version", "why"),
        rows=tuple(
            (
                str(ballot.member),
                str(ballot.standing),
                round(weights.get(ballot.member, 0.0), 3),
                ballot.artefact[:12],
                ballot.reason,
            )
            for ballot in ballots
        ),
    )
    told = (Paragraph(text=f"weights: {because}"),) if because else ()
    return Section(title="Models", blocks=(table, *told))
