"""The findings book: one finding per fingerprint, every change in the journal, nothing lost by a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from qtcore.documents import Instant
from qtcore.health.flap import FIRST_HOLD_S
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.kinds import Catalogue, FindingKind
from qtcore.health.model import Finding, Remedy, Severity
from qtcore.records.clock import instant_now
from qtcore.records.finding_history import read_history
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.supervisor.findings import CONFIRM_WITHIN_S, KEEP_EVERY_S, FindingsBook

CHANGES = (EventKind.FINDING_OPENED, EventKind.FINDING_CHANGED, EventKind.FINDING_RESOLVED)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = instant_now().model_copy(update={"monotonic_s": 1000.0})  # so that sums of seconds are exact

    def __call__(self) -> Instant:
        return self.now

    def move(self, seconds: float) -> None:
        self.now = self.now.later(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    home = Home(tmp_path)
    home.create()
    with Journal.open(home, now=clock) as journal:
        yield journal


@pytest.fixture
def book(journal: Journal, clock: Clock) -> FindingsBook:
    return FindingsBook(journal, clock, catalogue=FRAMEWORK)


def stale(severity: Severity = Severity.HIGH, subject: str = "") -> Finding:
    return Finding(code="QT-FEED-STALE", severity=severity, summary="no candle for 90 s", subject=subject)


def told(journal: Journal) -> list[str]:
    return [
        str(event.details.get("change", event.kind.value.removeprefix("finding_")))
        for event in journal.read(kinds=CHANGES)
    ]


def test_a_sighting_opens_and_the_next_ones_count(book: FindingsBook, journal: Journal, clock: Clock) -> None:
    first = book.see("feed", stale())
    clock.move(5)
    second = book.see("feed", stale())
    assert (second.count, second.opened_at, second.last_seen_at) == (2, first.opened_at, clock.now.wall)
    assert told(journal) == ["opened"]


def test_each_subject_is_a_finding_of_its_own(book: FindingsBook) -> None:
    book.see_health("feed", [stale(subject="BTC"), stale(subject="ETH")])
    book.see_health("feed", [stale(subject="ETH")])
    assert [(finding.subject, finding.gone_at is None) for finding in book.open] == [("BTC", False), ("ETH", True)]


def test_what_flaps_is_one_finding_with_episodes_and_each_change_is_kept(
    book: FindingsBook, journal: Journal, clock: Clock
) -> None:
    for _ in range(3):
        book.see_health("feed", [stale()])
        clock.move(1)
        book.see_health("feed", [])
        clock.move(1)
    (finding,) = book.open
    assert finding.episodes == 3
    assert told(journal) == ["opened", "gone", "back", "gone", "back", "gone"]
    clock.move(FIRST_HOLD_S * 4)
    assert book.pass_time()
    assert not book.open
    assert told(journal)[-1] == "resolved"


def test_a_moment_of_something_mild_is_no_finding_but_is_kept(book: FindingsBook, journal: Journal) -> None:
    book.see_health("feed", [stale(Severity.LOW)])
    book.see_health("feed", [])
    assert not book.open
    assert told(journal) == ["too_short"]


def test_something_mild_that_lasts_opens_by_itself(book: FindingsBook, clock: Clock) -> None:
    book.see("feed", stale(Severity.LOW))
    assert not book.open
    clock.move(10)
    assert book.pass_time()
    assert len(book.open) == 1


def test_who_has_waited_before_saying_it_is_believed_at_once(journal: Journal, clock: Clock) -> None:
    """A kind may say that its plugin finds it only once it has lasted."""
    mild = FindingKind(
        code="QT-FEED-MUTE",
        title="t",
        severity=Severity.LOW,
        cause="c",
        consequence="c",
        fix="f",
        verify="v",
        remedies=(Remedy.manual("qt why feed", "shows it"),),
        waited=True,
    )
    FindingsBook(journal, clock, catalogue=Catalogue([mild])).see("feed", mild.found("nothing for 2 s"))
    assert told(journal) == ["opened"]


def test_worse_is_told(book: FindingsBook, journal: Journal) -> None:
    book.see("feed", stale())
    book.see("feed", stale(Severity.CRITICAL))
    assert told(journal) == ["opened", "graver"]


def test_a_finding_gets_the_texts_of_its_kind(book: FindingsBook) -> None:
    found = book.see("feed", Finding(code="QT-PLUGIN-IDLE", severity=Severity.HIGH, summary="no progress"))
    assert found.title
    assert found.fix
    assert found.remedies


def test_what_is_not_declared_is_a_finding_itself(book: FindingsBook, clock: Clock) -> None:
    book.see("feed", stale())
    book.undeclared("feed")
    clock.move(10)
    book.pass_time()
    assert [(item.code, item.subject) for item in book.open][1:] == [("QT-FINDING-UNDECLARED", "QT-FEED-STALE")]


def test_acknowledging_names_the_person_until_it_is_over(book: FindingsBook, clock: Clock) -> None:
    book.see("feed", stale())
    assert [item.code for item in book.acknowledge("feed/QT-FEED-STALE", "ann (uid 7)", "on it")] == ["QT-FEED-STALE"]
    assert book.see("feed", stale()).acknowledged_by == "ann (uid 7)"
    book.see_health("feed", [stale()])
    book.see_health("feed", [])
    clock.move(FIRST_HOLD_S)
    assert book.see("feed", stale()).acknowledged_by is None


def test_a_mute_of_a_code_holds_for_all_and_ends_by_itself(book: FindingsBook, clock: Clock) -> None:
    book.mute("QT-FEED-STALE", clock.now.wall + timedelta(hours=2), "ann", "exchange maintenance")
    book.see("feed", stale(subject="BTC"))
    book.see("feed", stale(subject="ETH"))
    assert all(item.muted_by == "ann" for item in book.open)
    clock.move(7201)
    assert all(item.muted_until is None for item in book.open)
    assert book.mutes == ()


def test_unmuting_ends_a_mute(book: FindingsBook, clock: Clock) -> None:
    book.see("feed", stale())
    book.mute("feed/QT-FEED-STALE", clock.now.wall + timedelta(hours=2), "ann", "")
    assert book.unmute("feed/QT-FEED-STALE", "bob")
    assert not book.unmute("feed/QT-FEED-STALE", "bob")
    assert book.open[0].muted_until is None


def reopened(journal: Journal, clock: Clock, plugins: tuple[str, ...] = ("feed",)) -> FindingsBook:
    book = FindingsBook(journal, clock, catalogue=FRAMEWORK)
    book.restore(plugins)
    return book


def test_a_restart_neither_loses_nor_doubles(book: FindingsBook, journal: Journal, clock: Clock) -> None:
    first = book.see("feed", stale())
    for reported in ([stale()], [], [stale()]):
        book.see_health("feed", reported)
        clock.move(1)
    book.acknowledge("QT-FEED-STALE", "ann", "")
    book.mute("QT-FEED-STALE", clock.now.wall + timedelta(hours=2), "ann", "")
    again = reopened(journal, clock)
    (finding,) = again.open
    assert (finding.opened_at, finding.episodes) == (first.opened_at, 2)
    assert (finding.acknowledged_by, finding.muted_by, finding.unconfirmed) == ("ann", "ann", True)
    again.see_health("feed", [stale()])
    (finding,) = again.open
    assert (finding.opened_at, finding.acknowledged_by, finding.unconfirmed) == (first.opened_at, "ann", False)
    assert told(journal).count("opened") == 1
    assert len(reopened(journal, clock).open) == len(reopened(journal, clock).open) == 1


def test_the_first_answer_after_a_restart_ends_what_it_does_not_name(
    book: FindingsBook, journal: Journal, clock: Clock
) -> None:
    book.see("feed", stale())
    again = reopened(journal, clock)
    again.see_health("feed", [])
    assert not again.open
    (over,) = journal.read(kinds=[EventKind.FINDING_RESOLVED])
    assert "not seen after the restart" in over.reason
    assert reopened(journal, clock).open == ()


def test_what_the_supervisor_knew_of_itself_is_over_when_it_is_not_seen_again(
    book: FindingsBook, journal: Journal, clock: Clock
) -> None:
    book.see(None, Finding(code="QT-JOURNAL-UNWRITABLE", severity=Severity.HIGH, summary="full"))
    again = reopened(journal, clock)
    clock.move(CONFIRM_WITHIN_S - 1)
    again.pass_time()
    assert len(again.open) == 1
    clock.move(1)
    assert again.pass_time()
    assert not again.open


def test_findings_of_a_plugin_that_is_gone_from_the_configuration_are_over(
    book: FindingsBook, journal: Journal, clock: Clock
) -> None:
    book.see("feed", stale())
    assert reopened(journal, clock, plugins=()).open == ()


def test_what_lasts_outlives_the_journals_limits(book: FindingsBook, journal: Journal, clock: Clock) -> None:
    """Everything open is written down together now and then, so that older entries are not needed."""
    book.see("feed", stale())
    clock.move(KEEP_EVERY_S)
    book.pass_time()
    (kept,) = journal.read(kinds=[EventKind.FINDINGS_KEPT])

    class Late:
        """The journal after its oldest entries were dropped."""

        def read(self, since_seq: int = 0, limit: int | None = None, **how: object) -> list[object]:
            found = journal.read(since_seq, limit, **how)  # type: ignore[arg-type] # handed through
            return [event for event in found if event.seq >= kept.seq]

    assert [*read_history(Late()).open] == ["feed/QT-FEED-STALE"]  # type: ignore[arg-type] # the part of it that is used
