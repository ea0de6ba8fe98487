"""Intervals that would make a busy loop, or cost more than they bring (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtcore.config.configuration import Configuration
from qtcore.config.effective import EffectiveValue
from qtcore.config.periods import seconds
from qtcore.config.problem import Problem, Weight

CODE = "QT-CONFIG-INTERVAL"

BUSY_S = 0.01
"""Whoever looks more often than this does nothing else: refused."""

LEAST_CADENCE_S = 0.2
"""Asking a plugin for its health more often measures the asking."""


def interval_problems(configuration: Configuration, values: Iterable[EffectiveValue]) -> Iterator[Problem]:
    """Each interval that its author calls too short, and each cadence of health that is."""
    for value in values:
        least_s, interval_s = value.meaning.least_s, seconds(value.value)
        if least_s is not None and interval_s is not None and interval_s < least_s:
            yield _problem(value.name, interval_s, least_s, value.source.where)
    for name, section in configuration.sections.plugins.items():
        cadence_s = section.health.cadence_s
        if section.runs and cadence_s is not None and cadence_s < LEAST_CADENCE_S:
            where = configuration.where(("plugins", name, "health", "cadence_s"))
            yield _problem(f"{name}.health.cadence_s", cadence_s, LEAST_CADENCE_S, where)


def _problem(name: str, interval_s: float, least_s: float, where: str) -> Problem:
    busy = interval_s < BUSY_S
    effect = "would be a busy loop" if busy else "costs more than it brings"
    sentence = f"{name} is {interval_s:g} s, which {effect}; set at least {least_s:g} s"
    return Problem(sentence, Weight.ERROR if busy else Weight.FINDING, where, code=CODE, names=(name,))
