"""Limits on the venue's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Account, Posture
from plugins.risk_guard.limits import Baselines, View, breaches, refusal, strictest, updated
from plugins.risk_guard.rehearsal import silent_rules
from plugins.risk_guard.settings import RiskGuardSettings

LIMITS = RiskGuardSettings().limits
THEN = datetime(2025, 5, 4, tzinfo=UTC)


def account(equity: Decimal = Decimal(10_000)) -> Account:
    return Account(equity, equity, equity, Decimal(0), 0, 0, THEN, THEN)


def view(equity: Decimal = Decimal(10_000), age_s: float = 0.0) -> View:
    return View(account(equity), age_s, (), Baselines("2025-05-04", Decimal(10_000), Decimal(10_000)))


def test_a_sound_account_breaks_nothing() -> None:
    """Without a breach the claim is normal."""
    assert strictest(breaches(LIMITS, view())) == (Posture.NORMAL, "within all limits")


@pytest.mark.parametrize("known", [replace(view(), account=None), view(age_s=11.0)])
def test_unknown_is_not_zero(known: View) -> None:
    """An account that nobody has confirmed lately stops entries, whatever it said."""
    assert strictest(breaches(LIMITS, known))[0] is Posture.REDUCE_ONLY
    assert refusal(LIMITS, known, Decimal(1)) is not None


def test_the_day_is_over_at_its_limit() -> None:
    """Five percent lost since the day began: nothing is opened any more."""
    (breach,) = breaches(LIMITS, view(Decimal(9_500)))
    assert (breach.limit, breach.level) == ("daily_loss", Posture.REDUCE_ONLY)
    assert "5.00%" in breach.sentence


def test_what_was_approved_a_moment_ago_counts_like_what_is_open() -> None:
    """A burst of entries cannot pass the limits together because none of their positions is told yet."""
    most = LIMITS.gross_exposure * Decimal(10_000)
    promised = {"BTCUSDT": most - Decimal(1_000)}
    assert refusal(LIMITS, replace(view(), promised=promised), Decimal(1_000)) is None
    told = refusal(LIMITS, replace(view(), promised=promised), Decimal(1_001))
    assert told is not None
    assert "exposure" in told
    crowd = {f"COIN{n}USDT": Decimal(1) for n in range(LIMITS.positions)}
    assert "about to be" in (refusal(LIMITS, replace(view(), promised=crowd), Decimal(1)) or "")


def test_the_rules_bark_in_rehearsal() -> None:
    """Each limit trips on a made-up breach, and none without."""
    assert silent_rules(LIMITS) == ()


@given(st.lists(st.decimals(1, 100_000, places=2), min_size=1))
def test_the_peak_only_rises_and_the_day_keeps_its_first_equity(equities: list[Decimal]) -> None:
    """Losses are measured from the highest point and from the day's first reading."""
    baselines = None
    for equity in equities:
        baselines = updated(baselines, account(equity), "2025-05-04")
    assert baselines == Baselines("2025-05-04", equities[0], max(equities))
    assert updated(baselines, account(Decimal(7)), "2025-05-05").day_equity == Decimal(7)


@given(st.decimals(0, 30_000, places=2), st.decimals(1, 20_000, places=2))
def test_an_approved_entry_is_within_every_limit(notional: Decimal, equity: Decimal) -> None:
    """What is approved breaks neither the limit of a trade nor that of the whole."""
    seen = replace(view(equity), baselines=Baselines("2025-05-04", equity, equity))
    if refusal(LIMITS, seen, notional) is None:
        assert notional <= LIMITS.notional_per_trade
        assert notional <= LIMITS.gross_exposure * equity
