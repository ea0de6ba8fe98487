"""What the exchange says of itself, from figures alone."""

from __future__ import annotations

from dataclasses import replace

from plugins.exchange.condition import Figures, health_of

OLD = Figures(
    reconciled_age_s=16.0,
    failing=None,
    stream_down_s=0.0,
    stream_ended_because="",
    unclear=(),
    oldest_unclear_s=0.0,
    disagreeing=(),
    strangers=(),
    ledger_fault=None,
    positions=1,
    fills=2,
    weight_1m=0,
)


def test_c7_only_what_a_new_start_can_mend_asks_for_one() -> None:
    """C7: an account that is old because the venue does not answer is told, and the door stays open for exits."""
    stuck = health_of(OLD)
    assert (stuck.status, stuck.findings[0].code, stuck.findings[0].healable) == ("critical", "QT-EXCHANGE-STALE", True)
    silent = health_of(replace(OLD, failing="the venue gave no usable answer: timed out"))
    assert (silent.status, silent.findings[0].code, silent.findings[0].healable) == (
        "degraded",
        "QT-EXCHANGE-STALE",
        False,
    )
    assert silent.findings[0].cause == "the venue gave no usable answer: timed out"
