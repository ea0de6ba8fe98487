"""Episodes and healing, told from the journal alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from qtcore.documents import Facts, Instant
from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel.words import Cause
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.report.episodes import episodes_of, healings_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _event(
    second: float, plugin: str, before: str, after: str, cause: Cause | None = None, **more: str
) -> JournalEvent:
    return _of_kind(EventKind.TRANSITION, second, plugin, cause, {"before": before, "after": after, **more})


def _of_kind(kind: EventKind, second: float, plugin: str, cause: Cause | None, details: Facts) -> JournalEvent:
    at = Instant(wall=NOON + timedelta(seconds=second), boot_id="b", monotonic_s=second)
    reason = f"{details.get('before')} to {details.get('after')}"
    return JournalEvent(seq=1, at=at, kind=kind, reason=reason, plugin=plugin, cause=cause, details=details)


def test_from_the_first_sign_to_recovery() -> None:
    """Leaving work begins an episode, being at work again ends it."""
    (episode,) = episodes_of(
        [
            _event(0, "feed", "starting", "running"),
            _event(10, "feed", "running", "backoff", Cause.SIGNAL),
            _event(12, "feed", "backoff", "starting"),
            _event(12.5, "feed", "starting", "running"),
        ]
    )
    assert (episode.plugin, episode.lasted_s, episode.recovered) == ("feed", 2.5, True)
    assert episode.steps == ("starting: backoff to starting", "running: starting to running")


def test_what_the_operator_wants_is_no_episode() -> None:
    """A wanted stop is no trouble."""
    assert episodes_of([_event(0, "feed", "running", "stopping", Cause.OPERATOR)]) == []


def test_an_open_episode_has_no_end() -> None:
    """What is not back is told as such."""
    (episode,) = episodes_of([_event(0, "feed", "starting", "backoff", Cause.RAISED)])
    assert (episode.ended_at, episode.recovered) == (None, False)


def test_episodes_of_two_plugins_do_not_mix() -> None:
    """Collateral is an episode of its own that names whose it is."""
    first, second = episodes_of(
        [
            _event(0, "feed", "running", "backoff", Cause.SIGNAL),
            _event(0, "database", "running", "waiting", Cause.COLLATERAL, collateral_of="feed"),
            _event(1, "database", "starting", "running"),
            _event(2, "feed", "starting", "running"),
        ]
    )
    assert (first.plugin, first.lasted_s, first.collateral_of) == ("feed", 2.0, None)
    assert (second.plugin, second.lasted_s, second.collateral_of) == ("database", 1.0, "feed")


def test_a_crash_loop_is_shortened() -> None:
    """A hundred tries are one episode of a dozen lines."""
    tries = [_event(n, "feed", "starting", "backoff", Cause.RAISED) for n in range(100)]
    (episode,) = episodes_of(tries)
    assert len(episode.steps) == 12
    assert "more" in episode.steps[10]


def test_healings_keep_what_the_recheck_saw() -> None:
    """An act of healing is told with its proof."""
    details: Facts = {"rung": "heal", "act": "asked again", "outcome": "proven", "proof": "healthy", "finding": "QT-X"}
    (healing,) = healings_of([_of_kind(EventKind.HEALING, 5, "feed", None, details)])
    assert (healing.rung, healing.outcome, healing.proof) == (Rung.HEAL, HealingOutcome.PROVEN, "healthy")
