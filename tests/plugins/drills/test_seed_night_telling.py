"""The night's report in two languages and three forms, from one document."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from plugins.drills.seed_night.conduct import REPORT, Rehearsed, without_paths, write
from plugins.drills.seed_night.documents import Course, Judgement, Night, Truth, claims
from plugins.drills.seed_night.telling import figure_lines, html, markdown, terminal


def _judgement(number: int) -> Judgement:
    claim = next(one for one in claims().claims if one.number == number)
    return Judgement(
        number=number,
        said=claim.said,
        truth=Truth.REFUTED,
        now={"en": "a | b <c>", "no": "æ"},
        figures={},
        command="qt x",
    )


@pytest.fixture
def night() -> Night:
    """Everything found and healed, in time."""
    healed = Course(
        key="prices", title={"en": "prices stand still", "no": "priser står"}, found_s=1.5, by="QT-FEED-MUTE (feed)",
        healed_s=30.0, proof="resolved after a re-check", expects="healing",
    )  # fmt: skip
    left = Course(
        key="retraining", title={"en": "switched off", "no": "slått av"}, found_s=2.0, by="QT-CONFIG-UNUSED",
        person="set `enabled: true` in /home/x/plugins.yaml", expects="person",
    )  # fmt: skip
    return Night(
        schema=1, at="2026-01-01T00:00:00+00:00", machine="2 cores", load=1.0, refusal="no", refused_s=3.0,
        judgements=tuple(map(_judgement, range(1, 17))), verdict_words=claims().verdict_words,
        courses=(healed, left), started_s=9.0, wrong=(),
        steps=("`qt down`",), healthy_after="healthy; not running: none", took_s=99.0, ended_s=5.0,
    )  # fmt: skip


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows = 0
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rows += tag == "tr"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Four modules were not started"), ("no", "Fire moduler var ikke startet")]
)
def test_all_sixteen_claims_stand_in_every_form(night: Night, language: str, said: str) -> None:
    """The same rows in Markdown, HTML and the terminal; what is told cannot break a table or a page."""
    page = markdown(night, language)  # type: ignore[arg-type]
    assert page == markdown(night, language)  # type: ignore[arg-type]
    assert sum(line.startswith("| ") for line in page.splitlines()) == 2 + 16 + 2 + 2
    assert all(line.count(" | ") == 4 for line in page.splitlines() if line.startswith("| "))
    cells = _Cells()
    cells.feed(html(night, language))  # type: ignore[arg-type]
    assert cells.rows == 1 + 16 + 1 + 2
    for text in (page, "".join(cells.text), terminal(night, language)):  # type: ignore[arg-type]
        assert said in text


def test_the_figures_are_those_of_the_problems(night: Night) -> None:
    """Counted and measured from what became of each, nothing else."""
    lines = list(figure_lines(night, "en"))
    assert lines[0] == "found: 2 of 2, slowest 2.0 s (target 10 s)"
    assert lines[1] == "healed and proven unattended: 1 of 1, slowest 30.0 s (target 60 s)"
    assert lines[2:4] == ["left to a person with a step: 1", "wrong findings: 0"]


def test_it_passes_only_in_time_and_with_nothing_wrong(night: Night) -> None:
    """The targets decide, not that it ended."""
    assert Rehearsed(night).passed
    assert not Rehearsed(night.model_copy(update={"wrong": ("QT-X (feed)",)})).passed
    slow = night.courses[0].model_copy(update={"healed_s": 61.0})
    assert not Rehearsed(night.model_copy(update={"courses": (slow,)})).passed
    forgotten = night.courses[1].model_copy(update={"person": ""})
    assert not Rehearsed(night.model_copy(update={"courses": (forgotten,)})).passed


def test_reports_are_written_without_the_drills_own_folder(night: Night, tmp_path: Path) -> None:
    """Two languages, two forms and the document that they come from."""
    write(without_paths(night, Path("/home/x")), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{REPORT}.en.html", f"{REPORT}.en.md", f"{REPORT}.json", f"{REPORT}.no.html", f"{REPORT}.no.md",
    ]  # fmt: skip
    again = Night.model_validate_json((tmp_path / f"{REPORT}.json").read_bytes())
    assert markdown(again, "en") == (tmp_path / f"{REPORT}.en.md").read_text(encoding="utf-8")
    assert "/home/x" not in markdown(again, "en")
