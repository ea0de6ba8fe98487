"""Prioritised steps: immediately, today, this week."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.health.model import Severity
from qtcore.report import document
from qtcore.report.document import ReportDocument
from qtcore.report.page import Block, Step, Steps, Text
from qtcore.report.words import Words

_TITLES = (
    (Severity.CRITICAL, "Immediately"),
    (Severity.HIGH, "Today"),
    (Severity.MEDIUM, "This week"),
)


def todo(report: ReportDocument, words: Words) -> Iterator[Block]:
    """Numbered through all priorities, so that people can speak of step 3."""
    if not report.steps:
        yield Text(words("Nothing needs to be done."))
        return
    number = 0
    for priority, title in _TITLES:
        listed = [step for step in report.steps if step.priority is priority]
        if not listed:
            continue
        yield Steps(
            words(title),
            priority.value,
            tuple(_step(number + index, step, words) for index, step in enumerate(listed, start=1)),
        )
        number += len(listed)
    total = sum(step.takes_s for step in report.steps)
    yield Text(words("All together about {time}.", time=words.duration(total)))


def _step(number: int, step: document.Step, words: Words) -> Step:
    about = step.plugin or words("supervisor")
    return Step(
        number=number,
        what=f"{about}: {words.said(step.what)} ({step.code})",
        command=step.command,
        expected=words.said(step.expected),
        takes=_takes(step, words),
    )


def _takes(step: document.Step, words: Words) -> str:
    time = words.duration(step.takes_s)
    if not step.measured:
        return words("about {time} (a rule of thumb)", time=time)
    many = "about {time} (median of {n} earlier times)"
    return words.plural(step.measured, "about {time} (as the only time before)", many, time=time)
