"""Limits that several settings speak of: one truth each, or somebody must decide (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from qtcore.config.effective import EffectiveValue
from qtcore.config.meaning import MARKET_SPEED
from qtcore.config.periods import seconds
from qtcore.config.problem import Problem, Weight

CODE = "QT-CONFIG-OWNERS"


def owner_problems(values: Iterable[EffectiveValue]) -> Iterator[Problem]:
    """Each group whose settings differ, and a note of each that has several which agree."""
    groups: dict[str, list[EffectiveValue]] = defaultdict(list)
    for value in values:
        if value.meaning.group and value.meaning.group != MARKET_SPEED and value.value is not None:
            groups[value.meaning.group].append(value)
    for group, members in groups.items():
        owners = [value for value in members if not value.meaning.within]
        margins = [value for value in members if value.meaning.within]
        yield from _owners(group, owners)
        yield from _margins(owners, margins)


def _owners(group: str, owners: Sequence[EffectiveValue]) -> Iterator[Problem]:
    if len(owners) < 2:
        return
    names = tuple(value.name for value in owners)
    if len({comparable(value.value) for value in owners}) == 1:
        sentence = f"{' and '.join(names)} say the same of {group} ({owners[0].shown}); change them together"
        yield Problem(sentence, Weight.NOTE, code=CODE, names=names)
        return
    told = ", ".join(f"{value.name} is {value.shown} ({value.source.where})" for value in owners)
    sentence = f"one limit has two owners: {told}; give all of them the value that is meant for {group}"
    yield Problem(sentence, Weight.FINDING, _changed(owners), code=CODE, names=names)


def _margins(owners: Sequence[EffectiveValue], margins: Sequence[EffectiveValue]) -> Iterator[Problem]:
    bounds = [(bound, owner) for owner in owners if isinstance(bound := comparable(owner.value), Decimal)]
    if not bounds:
        return
    bound, owner = min(bounds, key=lambda pair: pair[0])
    for value in margins:
        margin = comparable(value.value)
        if isinstance(margin, Decimal) and margin > bound:
            sentence = (
                f"{value.name} is {value.shown} ({value.source.where}), looser than {owner.name}, which is "
                f"{owner.shown} and decides; set it to {owner.shown} or less"
            )
            yield Problem(sentence, Weight.FINDING, value.source.where, code=CODE, names=(value.name, owner.name))


def _changed(owners: Sequence[EffectiveValue]) -> str | None:
    """Where a person will look first: what was set, and not what is a default."""
    return next((value.source.where for value in owners if value.source.where != "default"), None)


def comparable(value: Any) -> Decimal | str:
    """4, "4" and 4.0 are one limit, and so are "1m" and 60."""
    duration_s = seconds(value)
    if duration_s is not None:
        return Decimal(str(duration_s)).normalize()
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return str(value)
