"""The score redone by somebody who has only the printed report: terminal and Markdown, English and Norwegian.

Nothing of the formula is imported here; what a reader must know stands in the report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtcore.health.model import Finding, Severity, Status
from qtcore.report.chapters import page_of
from qtcore.report.document import Component, FindingGroup, ReportDocument
from qtcore.report.marking import scorecard_of
from qtcore.report.rendering.markdown import as_markdown
from qtcore.report.rendering.terminal import as_text
from qtcore.report.words import Language

ROW = re.compile(r"^ {2}([a-z][a-z0-9_]*)(?: \(.+?\))? +(\S+) +(\d) +(?:(\d+)/10|-) +(\S.*)$")
MARKDOWN_ROW = re.compile(r"^\| ([a-z][a-z0-9_\\]*)(?: \(.+?\))? \| (\S+) \| (\d) \| (?:(\d+)/10|-) \| (.+) \|$")
CONTINUED = re.compile(r"^ {20,}(\S.*)$")
LOST = re.compile(r"(?:^|; )-(\d+) ")
BEGINS_WITH = re.compile(r"(?:begins with|begynner med) (\d+)")
CAP = re.compile(r"^ *- (?:At most|Høyst) (\d+):")
OVERALL = re.compile(r"^ *- (?:Overall score|Samlet poengsum): (\d+)/100\.$")


@dataclass
class Row:
    weight: int
    score: int | None
    deductions: str


def rows(lines: list[str], pattern: re.Pattern[str]) -> Iterator[Row]:
    """Every row of the scorecard; a cell that goes on below is put together again."""
    row: Row | None = None
    for line in lines:
        if found := pattern.match(line):
            if row:
                yield row
            row = Row(int(found[3]), int(found[4]) if found[4] else None, found[5])
        elif row and (more := CONTINUED.match(line)):
            row.deductions += f" {more[1]}"
        elif row:
            yield row
            row = None


def check(text: str, pattern: re.Pattern[str], expected_rows: int) -> int | None:
    """Redo every sum of the printed scorecard; returns the overall score that is printed."""
    lines = text.splitlines()
    found = list(rows(lines, pattern))
    assert len(found) == expected_rows
    begin = int(next(match[1] for line in lines if (match := BEGINS_WITH.search(line))))
    points = weights = 0
    for row in found:
        if row.score is None:
            assert row.weight == 0
            continue
        assert row.score == max(0, begin - sum(map(int, LOST.findall(row.deductions)))), row
        points += row.weight * row.score
        weights += row.weight
    overall = int(next(match[1] for line in lines if (match := OVERALL.match(line))))
    caps = [int(match[1]) for line in lines if (match := CAP.match(line))]
    assert overall == min([10 * points // weights, *caps])
    return overall


def wide(report: ReportDocument, language: Language) -> str:
    return as_text(page_of(report, language))


def narrow(report: ReportDocument, language: Language) -> str:
    return as_text(page_of(report, language), 80)


def markdown(report: ReportDocument, language: Language) -> str:
    return as_markdown(page_of(report, language))


SETTINGS: list[tuple[Callable[[ReportDocument, Language], str], re.Pattern[str]]] = [
    (wide, ROW),
    (narrow, ROW),
    (markdown, MARKDOWN_ROW),
]

PLUGIN = st.tuples(
    st.sampled_from(Status),
    st.lists(st.sampled_from(Severity), max_size=4),
    st.integers(0, 30),
    st.booleans(),
    st.sampled_from(["", "Data", "Core trading"]),
)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("render", "pattern"), SETTINGS, ids=["wide", "narrow", "markdown"])
@given(plugins=st.lists(PLUGIN, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_printed_score_can_be_redone(
    report: ReportDocument,
    language: Language,
    render: Callable[[ReportDocument, Language], str],
    pattern: re.Pattern[str],
    plugins: list[tuple[Status, list[Severity], int, bool, str]],
) -> None:
    """Whatever is wrong with whomever: the sums on paper are the sums of the program."""
    components: list[Component] = []
    groups: list[FindingGroup] = []
    for index, (status, severities, restarts, vital, area) in enumerate(plugins):
        name = f"plugin_{index}"
        line = report.components[0].line.model_copy(update={"name": name, "status": status, "restarts": restarts})
        components.append(Component(line=line, area=area, vital=vital))
        groups += _groups(name, severities)
    card = scorecard_of(components, groups)
    text = render(report.model_copy(update={"scorecard": card, "components": tuple(components)}), language)
    if all(status is Status.OFF for status, *_ in plugins):
        assert card.score is None
        return
    assert check(_scorecard_of(text), pattern, len(plugins)) == card.score


def _scorecard_of(text: str) -> str:
    """The chapter alone: other chapters have tables of their own."""
    begin = re.search(r"^(?:## )?(?:SCORECARD|POENGKORT|Scorecard|Poengkort)$", text, re.MULTILINE)
    assert begin is not None
    rest = text[begin.end() :]
    end = re.search(r"^(?:## .*|[A-ZÆØÅ ]{6,})$", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def _groups(plugin: str, severities: list[Severity]) -> list[FindingGroup]:
    """The first is a cause with the second as its effect; all others stand alone."""
    found = [
        Finding(code=f"QT-{plugin.replace('_', '-').upper()}-{index}", severity=severity, summary="s", plugin=plugin)
        for index, severity in enumerate(severities)
    ]
    if not found:
        return []
    groups = [FindingGroup(cause=found[0], effects=tuple(found[1:2]), severity=found[0].severity)]
    return groups + [FindingGroup(cause=finding, severity=finding.severity) for finding in found[2:]]
