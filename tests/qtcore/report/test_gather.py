"""The report of homes as they really are: half damaged, unpacked from elsewhere, without a journal."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.model import Finding, Remedy, Severity, Status
from qtcore.kernel.words import Lifecycle
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.state_file import StateFile
from qtcore.records.state_files import StateFiles
from qtcore.report.chapters import page_of
from qtcore.report.document import FindingGroup
from qtcore.report.gather import gather
from qtcore.report.rendering.html import as_html
from qtcore.report.rendering.markdown import as_markdown
from qtcore.report.rendering.terminal import as_text
from qtcore.report.section import Paragraph, Section, SectionsFile
from qtcore.report.steps import command_of, steps_for
from qtcore.report.words import Language

STALE = Finding(
    code="QT-FEED-STALE",
    severity=Severity.HIGH,
    summary="no candle for 90 s",
    remedies=(Remedy.safe("heal", "subscribes again"),),
)
SILENT = Finding(code="QT-MODELS-SILENT", severity=Severity.HIGH, summary="no signal for 80 s")


def _state(plugin: str, *findings: Finding, wants: tuple[str, ...] = ()) -> StateFile:
    now = instant_now()
    return StateFile(
        plugin=plugin,
        journal_seq=1,
        generation=1,
        lifecycle=Lifecycle.RUNNING,
        status=Status.DEGRADED if findings else Status.HEALTHY,
        since=datetime.now(UTC),
        produced_at=now,
        valid_until=now.later(60),
        findings=findings,
        wants=wants,
        area="Data" if plugin == "feed" else "AI",
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A stopped supervisor's: the feed is stale, and the models that depend on it say nothing."""
    home = Home(tmp_path / "var")
    home.create()
    with Journal.open(home) as journal:
        details = {"pid": 1, "mode": "paper", "application": "Test", "language": "no"}
        journal.append(EventKind.SUPERVISOR_STARTED, "begins", details=details)
        for lasted_s in (2.0, 4.0, 9.0):
            details = {"code": "QT-FEED-STALE", "lasted_s": lasted_s, "count": 1}
            journal.append(EventKind.FINDING_RESOLVED, "over", plugin="feed", details=details)
        verdict = {"who": "ola", "until": "healthy", "for_s": 600, "held": False, "waited_s": 660, "held_s": 200}
        journal.append(EventKind.VERDICT, "watched", details={**verdict, "breaks": 1, "why": "degraded: feed"})
        journal.append(EventKind.SUPERVISOR_STOPPED, "everything has stopped in order")
    files = StateFiles(home.state)
    files.publish(_state("feed", STALE))
    files.publish(_state("models", SILENT, wants=("feed",)))
    sections = (Section(title="Freshness", blocks=(Paragraph(text="fresh"),)),)
    old = datetime.now(UTC) - timedelta(minutes=5)
    kept = SectionsFile(plugin="feed", produced_at=old, sections=sections)
    (home.sections / "feed.json").write_text(kept.model_dump_json())
    return home


def test_one_cause_with_its_effect_is_one_group(home: Home) -> None:
    """Two alarms of one silence are one thing to do."""
    report = gather(home, 24.0)
    groups = {group.cause.code: [effect.code for effect in group.effects] for group in report.groups}
    assert groups["QT-FEED-STALE"] == ["QT-MODELS-SILENT"]
    assert len(report.steps) == len(report.groups)


def test_how_long_it_takes_is_what_it_took(home: Home) -> None:
    """The median of earlier times, with their number."""
    (step,) = [step for step in gather(home, 24.0).steps if step.code == "QT-FEED-STALE"]
    assert (step.takes_s, step.measured, step.command) == (4.0, 3, "qt doctor --fix")


def test_the_verdict_of_watching_is_told(home: Home) -> None:
    """In the language of the application."""
    text = as_text(page_of(gather(home, 24.0)))
    assert "frisk røk etter 3 min: svekket: feed" in text


def test_sections_say_how_old_they_are(home: Home) -> None:
    """What nobody renewed is stale, and the reporter's row counts it."""
    report = gather(home, 24.0)
    (contribution,) = report.contributions
    assert contribution.stale
    assert report.reporter.stale_contributions == 1
    assert report.reporter.status is Status.DEGRADED
    assert "Stale" in as_text(page_of(report, Language.EN))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("state/feed.json", "feed.json"),
        ("sections/feed.json", "the sections in"),
        ("configuration.json", "the audit of the configuration in"),
        ("journal.db", "journal"),
    ],
)
def test_a_damaged_record_is_named_and_the_rest_is_told(home: Home, path: str, told: str) -> None:
    """One sentence about it; all renderings still work."""
    (home.root / path).write_bytes(b"\x00 no record of ours {")
    report = gather(home, 24.0)
    assert any(told in sentence for sentence in report.damage), report.damage
    assert {item.line.name for item in report.components} == {"feed", "models"}
    for language in Language:
        page = page_of(report, language)
        assert all((as_text(page), as_markdown(page), as_html(page)))


@pytest.mark.parametrize("gone", ["journal.db", "sections", "cache", "supervisor.lock", "logs", "traces", "data"])
def test_a_home_that_lacks_something_still_has_a_report(home: Home, gone: str) -> None:
    """A bundle from elsewhere holds no locks and no data."""
    path = home.root / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    report = gather(home, 24.0)
    assert sum(report.counts.values()) == len(report.components) == 2
    assert not report.running
    assert as_text(page_of(report)).startswith("KJØRER IKKE" if gone != "journal.db" else "NOT RUNNING")


def test_counts_add_up_whatever_is_lost(home: Home) -> None:
    """Every plugin is counted once."""
    (home.state / "models.json").write_text("{}")
    report = gather(home, 24.0)
    assert sum(report.counts.values()) == len(report.components) == len(report.scorecard.plugins) == 2


@given(st.lists(st.sampled_from(Severity), max_size=12))
def test_steps_are_in_order_of_urgency(severities: list[Severity]) -> None:
    """One for each cause, none for effects."""
    groups = [
        FindingGroup(cause=Finding(code=f"QT-X-{index}", severity=severity, summary="s"), severity=severity)
        for index, severity in enumerate(severities)
    ]
    steps = steps_for(groups, {})
    order = [Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM]
    assert len(steps) == len(groups)
    assert [order.index(step.priority) for step in steps] == sorted(order.index(step.priority) for step in steps)
    assert all(step.command and step.expected for step in steps)


@pytest.mark.parametrize(
    ("act", "plugin", "command"),
    [
        ("heal", "feed", "qt doctor --fix"),
        ("restart", "feed", "qt restart feed"),
        ("release feed", "feed", "qt release feed"),
        ("call feed.refresh", "feed", "qt call feed.refresh"),
        ("qt logs feed", "feed", "qt logs feed"),
        ("restart", None, "qt restart NAME"),
    ],
)
def test_a_remedy_is_shown_as_a_person_types_it(act: str, plugin: str | None, command: str) -> None:
    """Typed acts become commands; what is for a person stays as it is."""
    assert command_of(Remedy.safe(act, "does it"), plugin) == command
