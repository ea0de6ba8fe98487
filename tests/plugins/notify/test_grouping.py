"""Troubles become notices: grouped by cause, not too soon, once, and again when they are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.notify.notices import Notice, NoticeKind, Rhythm, due, span
from plugins.notify.troubles import Book, Watchfulness, noted
from qtcore import EventKind, JournalEvent, Severity
from qtcore.documents import Instant
from qtcore.kernel.words import Cause

NOON = datetime(2025, 2, 3, 12, tzinfo=UTC)
RULES = Watchfulness(Severity.HIGH, ("reduce_only",))
RHYTHM = Rhythm(debounce_s=15, urgent_s=2, settle_s=10, remind_s=3600)


class Night:
    """Feeds entries and lets time pass."""

    def __init__(self) -> None:
        self.book = Book()
        self.told: list[Notice] = []

    def at(self, second: float, kind: EventKind | None = None, plugin: str | None = None, **facts: Any) -> list[Notice]:
        now = NOON + timedelta(seconds=second)
        if kind is not None:
            event = JournalEvent(
                seq=self.book.seq + 1,
                at=Instant(wall=now, boot_id="b", monotonic_s=second),
                kind=kind,
                reason=facts.pop("reason", "because"),
                plugin=plugin,
                cause=facts.pop("cause", None),
                trace_id=facts.pop("trace_id", None),
                host=facts.pop("host", None),
                details=facts,
            )
            self.book = noted(self.book, event, RULES)
        self.book, notices = due(self.book, RHYTHM, now)
        self.told += notices
        return notices

    def found(self, second: float, code: str, plugin: str, severity: str = "high", **facts: Any) -> list[Notice]:
        finding = {"code": code, "severity": severity, "summary": "ill"}
        return self.at(second, EventKind.FINDING_OPENED, plugin, finding=finding, **facts)

    def cured(self, second: float, code: str, plugin: str) -> list[Notice]:
        return self.at(second, EventKind.FINDING_RESOLVED, plugin, code=code)

    def moved(self, second: float, plugin: str, before: str, after: str, **facts: Any) -> list[Notice]:
        facts.setdefault("cause", Cause.SIGNAL)
        return self.at(second, EventKind.TRANSITION, plugin, before=before, after=after, **facts)


def test_a_lasting_finding_is_told_once_and_again_when_it_is_over() -> None:
    """Not at once, not twice, and with its duration at the end."""
    night = Night()
    assert night.found(0, "QT-A", "feed") == []
    assert night.at(14) == []
    (opened,) = night.at(15)
    assert (opened.kind, opened.title) == (NoticeKind.OPENED, "QT-A: ill")
    assert night.at(60) == []
    assert night.cured(90, "QT-A", "feed") == []
    assert night.at(99) == []
    (resolved,) = night.at(100)
    assert (resolved.kind, resolved.id, resolved.lasted_s) == (NoticeKind.RESOLVED, opened.id, 90)
    assert resolved.title == "over after 1 min 30 s: QT-A: ill"
    assert night.book.groups == {}


def test_what_is_over_soon_is_only_counted() -> None:
    """A hiccup wakes nobody."""
    night = Night()
    night.found(0, "QT-A", "feed")
    night.cured(5, "QT-A", "feed")
    assert night.at(60) == []
    assert night.book.brief == 1


def test_what_comes_back_is_the_same_trouble() -> None:
    """Flapping within the settling time is one trouble, told once."""
    night = Night()
    for second in range(0, 100, 8):
        (night.cured if second % 16 else night.found)(second, "QT-A", "feed")
    night.cured(100, "QT-A", "feed")
    night.at(120)
    assert [notice.kind for notice in night.told] == [NoticeKind.OPENED, NoticeKind.RESOLVED]
    assert night.told[1].lasted_s == 100


def test_effects_are_told_with_their_cause() -> None:
    """Collateral of a dead host, findings of one trace and of one plugin make one notice."""
    night = Night()
    night.moved(0, "feed", "running", "backoff")
    night.moved(0, "database", "running", "backoff", collateral_of="feed")
    night.moved(0, "models", "running", "stopping", cause=Cause.DEPENDENCY, collateral_of="database")
    night.found(1, "QT-B", "policy", trace_id="7")
    night.found(2, "QT-C", "executor", trace_id="7")
    night.found(3, "QT-D", "feed")
    notices = night.at(20)
    assert [sorted({trouble.plugin for trouble in notice.troubles}) for notice in notices] == [
        ["database", "feed", "models"],
        ["executor", "policy"],
    ]
    assert "(and 3 more troubles with it)" in notices[0].title


def test_plugins_that_leave_with_their_host_are_one_trouble() -> None:
    """Also when nobody can say which of them is to blame; another host's death is another trouble."""
    night = Night()
    for second, plugin, host in ((0, "feed", "data"), (0.1, "database", "data"), (0.2, "executor", "main")):
        night.moved(second, plugin, "running", "backoff", host=host)
    notices = night.at(20)
    assert [[trouble.plugin for trouble in notice.troubles] for notice in notices] == [
        ["feed", "database"],
        ["executor"],
    ]


def test_what_gets_worse_is_told_again() -> None:
    """A critical trouble in a group that was told as high is news."""
    night = Night()
    night.found(0, "QT-A", "feed")
    night.at(15)
    (worse,) = night.found(30, "QT-B", "feed", "critical")
    assert (worse.kind, worse.severity) == (NoticeKind.WORSE, Severity.CRITICAL)


def test_what_is_critical_is_told_soon_and_even_when_it_is_over() -> None:
    """A plugin that was given up, or a dead supervisor, is worth waking somebody."""
    night = Night()
    night.at(0, EventKind.SUPERVISOR_DIED, reason="the last supervisor ended without stopping in order")
    (notice,) = night.at(2)
    assert notice.title == "the last supervisor ended without stopping in order; over after 0 s"
    assert night.at(60) == []
    night.moved(100, "feed", "starting", "quarantined", cause=Cause.RAISED, reason="raised too often")
    (notice,) = night.at(102)
    assert notice.severity is Severity.CRITICAL
    assert "`qt release feed`" in notice.body


def test_what_lasts_is_told_again_after_an_hour() -> None:
    """A forgotten trouble is brought to mind, not more often than that."""
    night = Night()
    night.found(0, "QT-A", "feed")
    night.at(15)
    assert night.at(3600) == []
    (reminder,) = night.at(3615)
    assert (reminder.kind, reminder.title) == (NoticeKind.REMINDER, "still, after 1 h: QT-A: ill")


def test_what_a_person_did_is_no_trouble() -> None:
    """Stopping, small findings, postures that are not asked for and its own troubles are not told."""
    night = Night()
    night.moved(0, "feed", "running", "stopped", cause=Cause.OPERATOR)
    night.found(0, "QT-SMALL", "feed", "medium")
    night.at(0, EventKind.POSTURE_CHANGED, level="no_entries")
    night.found(0, "QT-NOTIFY-MAIL", "notify", "critical")
    assert night.at(100) == []


def test_a_posture_is_told_while_it_lasts() -> None:
    """It ends when a looser one is in force."""
    night = Night()
    night.at(0, EventKind.POSTURE_CHANGED, level="reduce_only", reason="posture reduce_only: policy is silent")
    (opened,) = night.at(15)
    assert opened.title == "posture reduce_only: policy is silent"
    night.at(30, EventKind.POSTURE_CHANGED, level="normal")
    (resolved,) = night.at(40)
    assert resolved.kind is NoticeKind.RESOLVED


def test_a_new_supervisor_ends_what_the_old_one_saw() -> None:
    """What goes on is found anew within the settling time and stays one trouble."""
    night = Night()
    for code in ("QT-A", "QT-B"):
        night.found(0, code, code[-1].lower())
    night.at(15)
    night.at(20, EventKind.SUPERVISOR_STARTED)
    night.found(25, "QT-A", "a")
    night.at(60)
    assert [notice.kind for notice in night.told] == [NoticeKind.OPENED, NoticeKind.OPENED, NoticeKind.RESOLVED]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from("abc"), st.booleans()), max_size=30))
def test_everything_told_is_told_as_over(steps: list[tuple[int, str, bool]]) -> None:
    """Each group is told once and told as over, which the first notice may say already; nothing is left at the end."""
    night, second = Night(), 0
    for wait, plugin, ill in steps:
        second += wait
        (night.found if ill else night.cured)(second, "QT-X", plugin)
    for plugin in "abc":
        night.cured(second + 1, "QT-X", plugin)
    night.at(second + 3600)
    assert night.book.groups == {}
    opened = [notice.id for notice in night.told if notice.kind is NoticeKind.OPENED]
    ended = [notice.id for notice in night.told if notice.kind is NoticeKind.RESOLVED or "; over after" in notice.title]
    assert sorted(opened) == sorted(set(opened))
    assert set(ended) == set(opened)


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (7500, "2 h 5 min")])
def test_durations(seconds: float, text: str) -> None:
    """At most two units."""
    assert span(seconds) == text


def muted(night: Night, second: float, target: str, until_s: float) -> list[Notice]:
    until = (NOON + timedelta(seconds=until_s)).isoformat()
    return night.at(second, EventKind.FINDING_MUTED, target=target, until=until)


@pytest.mark.parametrize("target", ["feed/QT-A", "QT-A"])
def test_what_is_muted_is_told_when_the_mute_has_ended_and_it_goes_on(target: str) -> None:
    night = Night()
    muted(night, 0, target, 100)
    night.found(1, "QT-A", "feed")
    assert night.at(99) == []
    assert [notice.kind for notice in night.at(100)] == [NoticeKind.OPENED]


def test_a_mute_silences_what_was_told_already_until_it_is_ended() -> None:
    night = Night()
    night.found(0, "QT-A", "feed")
    night.at(15)
    muted(night, 20, "feed/QT-A", 100_000)
    assert night.at(50_000) == []
    night.at(50_001, EventKind.FINDING_UNMUTED, target="feed/QT-A")
    assert [notice.kind for notice in night.told][1:] == [NoticeKind.REMINDER]


def test_a_mute_silences_nothing_else() -> None:
    night = Night()
    muted(night, 0, "QT-A", 1000)
    night.found(1, "QT-B", "feed")
    assert [notice.kind for notice in night.at(20)] == [NoticeKind.OPENED]


def test_each_subject_is_a_trouble_of_its_own() -> None:
    night = Night()
    for subject in ("BTC", "ETH"):
        finding = {"code": "QT-A", "severity": "high", "summary": "ill", "subject": subject}
        night.at(0, EventKind.FINDING_OPENED, "feed", finding=finding)
    night.at(1, EventKind.FINDING_RESOLVED, "feed", code="QT-A", fingerprint="feed/QT-A/BTC")
    (opened,) = night.at(20)
    assert [trouble.key for trouble in opened.troubles] == ["finding feed/QT-A/ETH"]


def test_findings_that_a_new_supervisor_carries_on_go_on() -> None:
    night = Night()
    night.found(0, "QT-A", "feed")
    night.at(15)
    night.at(20, EventKind.SUPERVISOR_STARTED)
    finding = {"code": "QT-A", "severity": "high", "summary": "ill", "plugin": "feed"}
    night.at(20.1, EventKind.FINDINGS_KEPT, findings=[finding])
    night.at(60)
    assert [notice.kind for notice in night.told] == [NoticeKind.OPENED]
