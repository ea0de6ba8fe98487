"""Days left and error rates, from figures alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.logs.condition import Figures, health_of
from plugins.logs.rates import Complaints
from plugins.logs.settings import LogsSettings
from plugins.logs.space import MOST_SAMPLES, Sample, days_left, with_sample
from qtcore import Severity, Status

NOON = datetime(2025, 2, 3, 12, tzinfo=UTC)
GB = 1024**3


def history(*free_gb: float, step_s: float = 3600) -> tuple[Sample, ...]:
    """Free space each hour."""
    return tuple(Sample(NOON + timedelta(seconds=n * step_s), int(gb * GB)) for n, gb in enumerate(free_gb))


def test_days_left_follow_the_trend() -> None:
    """A gigabyte an hour with 48 left is two days."""
    assert days_left(history(50, 49, 48)) == pytest.approx(2.0)


@pytest.mark.parametrize("samples", [(), history(50), history(50, 51), history(50, 50), history(50, 49, step_s=60)])
def test_no_end_in_sight(samples: tuple[Sample, ...]) -> None:
    """One figure, a minute, or a disk that does not fill up tells of no end."""
    assert days_left(samples) is None


def test_a_clean_up_does_not_hide_the_trend() -> None:
    """What was given back once counts half at most."""
    left = days_left(history(50, 45, 40, 46, 41))
    assert left is not None
    assert left < 1


@given(st.lists(st.tuples(st.integers(-100, 7200), st.integers(0, 10**12)), max_size=40))
def test_history_is_bounded_and_in_order(steps: list[tuple[int, int]]) -> None:
    """Whatever the clock does, samples are in order, not too many, and never give nonsense."""
    samples: tuple[Sample, ...] = ()
    at = NOON
    for seconds, free in steps:
        at += timedelta(seconds=seconds)
        samples = with_sample(samples, Sample(at, free))
        times = [sample.at for sample in samples]
        assert times == sorted(set(times))
        left = days_left(samples)
        assert left is None or left >= 0
    assert len(samples) <= MOST_SAMPLES


def test_complaints_are_counted_per_plugin_and_forgotten() -> None:
    """Within the window only; lines without a plugin belong to their process."""
    complaints = Complaints(60.0)
    lines = [{"level": "error", "plugin": "feed", "event": "lost"}] * 3
    assert complaints.add([*lines, {"level": "warning", "process": "supervisor", "event": "slow"}], 0.0) == 3
    complaints.add([{"level": "info", "plugin": "feed", "event": "fine"}], 1.0)
    feed, supervisor = complaints.rates(59.0)
    assert (feed.plugin, feed.errors, feed.per_minute, feed.commonest) == ("feed", 3, 3.0, "lost")
    assert (supervisor.plugin, supervisor.errors, supervisor.warnings) == ("supervisor", 0, 1)
    assert complaints.rates(61.0) == []


def seen(free_gb: float, days: float | None = None, **facts: object) -> Figures:
    return Figures(
        free_bytes=int(free_gb * GB),
        days_left=days,
        sizes={"logs": GB, "journal": 5},
        oversized={},
        rates=(),
        looked_age_s=1.0,
        **facts,  # type: ignore[arg-type] # the test names fields that fit
    )


@pytest.mark.parametrize(
    ("figures", "status", "severity"),
    [
        (seen(50), Status.HEALTHY, None),
        (seen(50, 2.5), Status.DEGRADED, Severity.HIGH),
        (seen(0.5), Status.DEGRADED, Severity.HIGH),
        (seen(0.1, 0.2), Status.CRITICAL, Severity.CRITICAL),
    ],
)
def test_space_is_judged_by_what_is_left_and_for_how_long(
    figures: Figures, status: Status, severity: Severity | None
) -> None:
    """Little space and a near end are findings; nearly none is critical."""
    health = health_of(figures, LogsSettings())
    assert health.status is status
    assert [finding.severity for finding in health.findings] == ([severity] if severity else [])


def test_not_looking_is_not_knowing() -> None:
    """Neither before the first look nor after the last."""
    settings = LogsSettings()
    blind = Figures(None, None, {}, {}, (), None, "no")
    assert health_of(blind, settings).status is Status.UNKNOWN
    old = Figures(50 * GB, None, {}, {}, (), settings.disk_every_s * 4)
    assert health_of(old, settings).status is Status.UNKNOWN


def test_only_what_deleting_may_change_is_offered_for_healing() -> None:
    """Somebody else fills the disk: our own few megabytes are not its trouble, and no restart frees any."""
    settings = LogsSettings()
    (ours,) = health_of(seen(0.3), settings).findings
    (others,) = health_of(replace(seen(70, days=0.5), sizes={"logs": 14 * 1024 * 1024}), settings).findings
    assert (ours.healable, others.healable) == (True, False)


def test_something_installed_once_is_no_trend() -> None:
    """Five gigabytes within three minutes of an hour, whenever they were."""
    for when in range(57):
        free = [80.0] * when + [79, 77, 75] + [75.0] * (57 - when)
        assert days_left(history(*free, step_s=60)) is None


def test_what_began_lately_is_no_less_a_trend() -> None:
    """A day in which nothing grew, then a quarter of an hour in which a gigabyte goes each minute."""
    free = [80.0] * 700 + [80.0 - n for n in range(20)]
    left = days_left(history(*free, step_s=60))
    assert left is not None
    assert left == pytest.approx(61 / 1440, rel=0.2)
