"""Each deduction has one reason, nothing is counted twice, and a hard failure caps the whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qtcore.health.model import Finding, Severity, Status
from qtcore.health.score import Scored, score_overall, score_plugin
from qtcore.health.whole import demanded

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def found(code: str, severity: Severity = Severity.HIGH, plugin: str | None = "feed", **more: object) -> Finding:
    return Finding(code=code, severity=severity, summary="x", plugin=plugin).model_copy(update=more)


def scored(*findings: Finding, status: Status = Status.HEALTHY, effects: tuple[str, ...] = ()) -> Scored:
    return score_plugin("feed", status, findings, 0, vital=False, effects=effects)


def test_a_finding_that_says_what_the_status_says_costs_once() -> None:
    down = found("QT-PLUGIN-DOWN", Severity.CRITICAL)
    assert scored(down, status=Status.DEGRADED).score == scored(status=Status.DEGRADED).score == 7


def test_an_effect_costs_nothing_of_its_own() -> None:
    effect = found("QT-FEED-STALE")
    assert scored(effect).score == 8
    assert scored(effect, effects=(effect.fingerprint,)).score == 10


@pytest.mark.parametrize("known", [{"muted_until": NOW}, {"acknowledged_by": "ann"}])
def test_knowing_of_a_trouble_does_not_end_it(known: dict[str, object]) -> None:
    assert scored(found("QT-FEED-STALE").model_copy(update=known)).score == 8


@pytest.mark.parametrize(
    ("finding", "score"),
    [
        (found("QT-NO-ORDERS", Severity.CRITICAL), 60),
        (found("QT-DISK-FULL", Severity.CRITICAL, None), 50),
        (found("QT-FACTS-DISAGREE", Severity.HIGH, None), 80),
        (found("QT-FEED-STALE", Severity.HIGH), 100),
    ],
)
def test_hard_failures_cap_the_whole(finding: Finding, score: int) -> None:
    assert score_overall([scored()], [finding]).score == score


def test_every_cap_is_told_the_lowest_first() -> None:
    failed = score_plugin("guard", Status.FAILED, (), 0, vital=True)
    whole = score_overall([failed, scored()], [found("QT-NO-ORDERS", Severity.CRITICAL)])
    assert [cap.reason for cap in whole.caps] == [
        "capped at 40: guard is failed",
        "capped at 60: critical finding QT-NO-ORDERS of feed",
    ]


@pytest.mark.parametrize(
    ("finding", "statuses"),
    [
        (found("QT-A", Severity.CRITICAL), [Status.CRITICAL]),
        (found("QT-A", Severity.HIGH), [Status.DEGRADED]),
        (found("QT-A", Severity.MEDIUM), []),
        (found("QT-A", Severity.CRITICAL, muted_until=NOW + timedelta(seconds=1)), []),
        (found("QT-A", Severity.CRITICAL, muted_until=NOW), [Status.CRITICAL]),
        (found("QT-A", Severity.CRITICAL, acknowledged_by="ann"), [Status.CRITICAL]),
        (found("QT-A", Severity.CRITICAL, gone_at=NOW), []),
    ],
)
def test_grave_findings_override_what_plugins_call_themselves(finding: Finding, statuses: list[Status]) -> None:
    assert demanded([finding], NOW) == statuses
