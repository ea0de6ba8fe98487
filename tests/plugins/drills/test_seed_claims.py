"""The judge of the sixteen claims reads evidence: change the evidence, and the verdict changes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from plugins.drills.seed_night.arithmetic import funding_a_day, price_at_loss, stop_reached
from plugins.drills.seed_night.courses import Followed, refused
from plugins.drills.seed_night.documents import Course, Evidence, Truth, claims, problems
from plugins.drills.seed_night.judge import CHECKS, judged
from qtcore.drills.observing import Records, Seen

REFUSAL = """qt: plugins.yaml:4:9 says mode paper, QT_PAPER_TRADING says testnet or live; make them agree
plugins.yaml:4:9 says mode paper, STAGING_MODE says testnet or live; make them agree
plugins.yaml:4:9 says mode paper, USE_BINANCE_TESTNET says testnet; make them agree
plugin policy: the chain of thresholds lets nothing through: the rule makes 0.55 to 0.65. Lower confidence
plugins.yaml:9:9: plugin model_supervisor: unknown key "check_interval", did you mean "interval_s"?
"""


def state(**more: Any) -> dict[str, Any]:
    return {
        "lifecycle": "running", "status": "healthy", "summary": "well", "reason": "ready", "generation": 2,
        "progress": {"looks": {"count": 7}}, "facts": {}, **more,
    }  # fmt: skip


def finding(code: str, plugin: str) -> dict[str, Any]:
    return {"code": code, "plugin": plugin, "summary": f"{plugin} says so"}


def report(*groups: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "counts": {"healthy": 3, "unknown": 1}, "components": [{}] * 4, "status": "unknown", "groups": [*groups],
        "mode": "paper", "posture": "normal", "posture_reasons": [], **more,
    }  # fmt: skip


STALE = {"cause": finding("QT-FEED-MUTE", "feed"), "effects": [finding("QT-UNIVERSE-EMPTY", "universe")]}
STATES = {
    "exchange": state(facts={"reconciled_age_s": 1.2}),
    "policy": state(facts={"regimes": {"A": "trending", "B": "ranging"}, "volatilities": {"A": "high", "B": "high"}}),
    "models": state(status="degraded", summary="nobody has trained a model"),
    "model_supervisor": state(),
    "risk_guard": state(),
    "portfolio_balancer": state(lifecycle="stopped", reason="stopped by a person"),
    "retraining": state(lifecycle="disabled", reason="disabled"),
}
ENTRY = {"symbol": "A", "state": "filled", "at": "2026-01-01T03", "reason": ""}
ORDER = {"loss_at_stop": "50", "equity": "10000", "risk_share": "0.01", "multiplier": "0.5"}


def course(key: str, **more: Any) -> Course:
    return Course.model_validate({"key": key, "title": {}, "found_s": 1.0, "by": "x", "expects": "healing", **more})


COURSES = (
    course("database", healed_s=3.0, expects="both", person="unset it"),
    course("model_supervisor", healed_s=2.0, proof="generation 1 → 2, healthy"),
    course("changed_mind", healed_s=4.0),
    course("funding", healed_s=9.0),
    course("portfolio_balancer", expects="person", person="qt start portfolio_balancer: starts it"),
)


@pytest.fixture
def evidence() -> Evidence:
    """A night in which everything went as it should."""
    held = {"symbol": "A", "side": "long", "mark": "100", "stops": [{"type": "STOP_MARKET", "trigger": "95"}]}
    return Evidence(
        refusal=REFUSAL,
        refused_s=2.0,
        calm=report(),
        silent=report(STALE),
        left=report(posture="reduce_only", posture_reasons=["portfolio_balancer is stopped"]),
        done=report(),
        states=STATES,
        calm_states={"feed": state(facts={"oldest_mark_s": 0.4})},
        done_states={},
        ledger={
            "orders": 9, "orders_of_another_mode": 0, "fills": 12, "closes": 3, "funding": "-1.5", "live_stops": ["A"],
            "entries": [], "entries_done": [ENTRY],
        },
        history={
            "path": "/x/trades.db", "exists": True, "fills": 12, "trades": 3, "signals": 5, "orders": [ORDER],
            "outcomes": {"filled": 1, "neutral": 1, "blocked_trend": 3}, "sources": {"rsi_rule": 5},
        },
        venue={"at": "http://127.0.0.1:1", "positions": [held]},
        acts={
            "before": "/x/quantum.db", "file_age_s": 29929, "trade_file": "recent_trades.json", "stop_refusal": "-1116",
            "changed_mind": {"symbol": "A", "side": "short", "view": "long", "act": "exit: opposite_signal"},
            "funding": {"symbol": "B", "rate": "0.005", "act": "exit: funding"},
            "settled_at": "2026-01-01T01", "steps_at": "2026-01-01T02",
        },
        courses=COURSES,
    )  # fmt: skip


def verdicts(evidence: Evidence) -> dict[str, Truth]:
    return {claim.check: one.truth for claim, one in zip(claims().claims, judged(evidence), strict=True)}


def test_each_claim_has_a_check_and_a_sentence_for_each_verdict_in_both_languages() -> None:
    """Sixteen claims, in the document's order, and none that nobody checks."""
    assert [claim.number for claim in claims().claims] == list(range(1, 17))
    assert {claim.check for claim in claims().claims} == CHECKS.keys()
    for claim in claims().claims:
        assert claim.verdicts
        assert all(words.keys() == {"en", "no"} for words in (claim.said, *claim.verdicts.values()))


def test_the_truth_about_the_sixteen_claims(evidence: Evidence) -> None:
    """What a night that went as it should says of the document."""
    assert verdicts(evidence) == {
        "counts": Truth.REFUTED, "database": Truth.REFUTED, "ages": Truth.REFUTED, "exchange": Truth.REFUTED,
        "modules": Truth.HALF, "constructors": Truth.REFUTED, "funnel": Truth.REFUTED, "regime": Truth.REFUTED,
        "risk": Truth.REFUTED, "attended": Truth.CONFIRMED, "stops": Truth.REFUTED, "funding": Truth.REFUTED,
        "models": Truth.REFUTED, "healer": Truth.CONFIRMED, "mode": Truth.REFUTED, "resumes": Truth.HALF,
    }  # fmt: skip
    told = {one.number: one.now for one in judged(evidence)}
    assert told[11]["en"].startswith(
        "The document's own figures: a loss of 20.67 on 2.17 is a price of 906.33, and the"
    )
    assert told[12]["en"].startswith("0.0073 % three times a day is 0.0219 %, and 0.44 % of margin at 20x.")
    assert told[2]["no"].startswith("Historikken ligger i /x/trades.db med 12 av 12 handler og 3 av 3 lukkede")
    assert not any("—" in words["en"] for number, words in told.items() if number != 16)


Doctor = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("check", "doctor", "truth"),
    [
        ("counts", lambda e: e["left"]["counts"].update(unknown=0), Truth.CONFIRMED),
        ("database", lambda e: e["history"].update(exists=False), Truth.CONFIRMED),
        ("database", lambda e: e["history"].update(trades=0), Truth.HALF),
        ("ages", lambda e: e["calm_states"]["feed"]["facts"].update(oldest_mark_s=29929), Truth.CONFIRMED),
        ("ages", lambda e: e["silent"].update(groups=[]), Truth.UNPROVEN),
        (
            "ages",
            lambda e: e["silent"]["groups"].append({"cause": finding("QT-UNIVERSE-OLD", "universe"), "effects": []}),
            Truth.HALF,
        ),
        ("exchange", lambda e: e["states"]["exchange"]["facts"].clear(), Truth.CONFIRMED),
        ("exchange", lambda e: e["states"]["exchange"]["facts"].update(reconciled_age_s=900), Truth.CONFIRMED),
        ("modules", lambda e: [one.update(lifecycle="disabled") for one in e["states"].values()], Truth.CONFIRMED),
        ("modules", lambda e: [one.update(lifecycle="running") for one in e["states"].values()], Truth.REFUTED),
        ("constructors", lambda e: e["states"]["model_supervisor"].update(progress={}), Truth.UNPROVEN),
        ("constructors", lambda e: e.update(refusal=""), Truth.UNPROVEN),
        ("funnel", lambda e: e["history"].update(signals=0), Truth.UNPROVEN),
        ("funnel", lambda e: e["history"].update(signals=6), Truth.HALF),
        ("funnel", lambda e: e["history"].update(outcomes={}), Truth.CONFIRMED),
        ("regime", lambda e: e["states"]["policy"]["facts"]["regimes"].update(B="trending"), Truth.CONFIRMED),
        ("regime", lambda e: e["states"]["policy"]["facts"].clear(), Truth.UNPROVEN),
        ("risk", lambda e: e["history"]["orders"][0].update(loss_at_stop="100"), Truth.CONFIRMED),
        ("risk", lambda e: e["history"].update(orders=[]), Truth.UNPROVEN),
        ("attended", lambda e: _course(e, "changed_mind").update(healed_s=None), Truth.REFUTED),
        ("attended", lambda e: e["acts"].pop("changed_mind"), Truth.UNPROVEN),
        ("stops", lambda e: e["venue"]["positions"][0].update(mark="94"), Truth.CONFIRMED),
        ("stops", lambda e: e["venue"]["positions"][0].update(stops=[]), Truth.HALF),
        ("funding", lambda e: _course(e, "funding").update(healed_s=None), Truth.HALF),
        ("funding", lambda e: _course(e, "funding").update(found_s=None), Truth.UNPROVEN),
        (
            "models",
            lambda e: (e["states"]["models"].update(status="healthy"), e["history"].update(sources={"ensemble": 5})),
            Truth.CONFIRMED,
        ),
        ("healer", lambda e: e.update(wrong=["QT-X (feed)"]), Truth.HALF),
        ("healer", lambda e: [one.update(healed_s=None) for one in e["courses"]], Truth.REFUTED),
        ("mode", lambda e: e["left"].update(mode="live"), Truth.CONFIRMED),
        ("mode", lambda e: e["ledger"].update(orders_of_another_mode=1), Truth.CONFIRMED),
        ("mode", lambda e: e.update(refusal=""), Truth.HALF),
        ("resumes", lambda e: e["done"].update(posture="reduce_only"), Truth.REFUTED),
        ("resumes", lambda e: e["ledger"].update(entries=[ENTRY]), Truth.CONFIRMED),
    ],
)
def test_another_night_gets_another_verdict(evidence: Evidence, check: str, doctor: Doctor, truth: Truth) -> None:
    """No verdict is written down: each follows from what the home shows, and the others stay as they were."""
    changed = evidence.model_dump(mode="json")
    doctor(changed)
    found = verdicts(Evidence.model_validate(changed))
    assert found[check] is truth


def _course(evidence: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in evidence["courses"] if one["key"] == key)


def test_the_documents_sums_done_again() -> None:
    """The stop was not reached, and funding was multiplied by three twice."""
    price = price_at_loss("short", Decimal("896.80"), Decimal("2.17"), Decimal("20.67"))
    assert price.quantize(Decimal("0.01")) == Decimal("906.33")
    assert not stop_reached("short", price, Decimal("914.74"))
    assert stop_reached("long", Decimal(94), Decimal(95))
    assert price_at_loss("long", Decimal(100), Decimal(2), Decimal(10)) == Decimal(95)
    assert funding_a_day(Decimal("0.000073")) == Decimal("0.000219")


def test_a_problem_is_followed_from_its_beginning_to_its_proof() -> None:
    """What was found before it began, or of another plugin, is not it; only what the journal ends is healed."""
    problem = next(one for one in problems() if one.key == "prices")
    followed = Followed(problem, 100.0)
    before = Seen("QT-FEED-MUTE", "feed", "", 40.0, 50.0)
    other = Seen("QT-FEED-MUTE", "binance", "", 101.0)
    followed.look(Records((before, other), (), ()), 102.0, lambda _: "")
    assert followed.pending
    open_now = Seen("QT-FEED-MUTE", "feed", "", 103.5)
    followed.look(Records((before, open_now), (), ()), 104.0, lambda _: "")
    over = Seen("QT-FEED-MUTE", "feed", "", 103.5, 110.0)
    followed.look(Records((before, over), (), ()), 112.0, lambda _: "")
    found = followed.course()
    assert (found.found_s, found.healed_s, found.by) == (3.5, 12.0, "QT-FEED-MUTE (feed)")
    assert found.well


def test_a_refusal_must_name_everything_about_a_problem() -> None:
    """One word that is missing, and the problem counts as not found."""
    flags = next(one for one in problems() if one.key == "flags")
    assert refused(flags, REFUSAL, 2.0).found_s == 2.0
    missing = refused(flags, REFUSAL.replace("STAGING_MODE", "X"), 2.0)
    assert missing.found_s is None
    assert missing.by == "the refusal does not say STAGING_MODE"
