"""What is true of the claims about signals, orders, stops, costs and the mode."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plugins.drills.seed_night.arithmetic import funding_a_day, percent, price_at_loss, stop_reached
from plugins.drills.seed_night.documents import Evidence, Truth
from plugins.drills.seed_night.judges_health import course_of, seconds

Ruling = tuple[Truth, dict[str, Any]]
Quoted = Mapping[str, str]

FILLED = "filled"
FLAGS = ("QT_PAPER_TRADING", "STAGING_MODE", "USE_BINANCE_TESTNET")
SLACK = Decimal("1.02")
"""A loss at the stop may be above what was meant by the rounding of one lot."""


def funnel(evidence: Evidence, _: Quoted) -> Ruling:
    """How many signals there were, what became of each, and where most ended."""
    outcomes: dict[str, int] = evidence.history["outcomes"]
    made, filled = evidence.history["signals"], outcomes.get(FILLED, 0)
    gates = {code: number for code, number in outcomes.items() if code not in {FILLED, "neutral", "unfinished"}}
    gate = max(gates, key=lambda code: gates[code], default="none")
    chain = next((line for line in evidence.refusal.splitlines() if "lets nothing through" in line), "")
    figures = {
        "made": made, "filled": filled, "gate": gate, "at_gate": gates.get(gate, 0),
        "unfinished": outcomes.get("unfinished", 0),
        "chain": chain.partition("lets nothing through: ")[2].partition(". Lower")[0],
        "adds_up": sum(outcomes.values()) == made,
    }  # fmt: skip
    if not made:
        return Truth.UNPROVEN, figures
    if figures["adds_up"] and gate != "none" and chain:
        return Truth.REFUTED, figures
    return (Truth.HALF if gate != "none" else Truth.CONFIRMED), figures


def regime(evidence: Evidence, _: Quoted) -> Ruling:
    """Whether regime and volatility differ between symbols, as what is computed does."""
    facts = evidence.states.get("policy", {}).get("facts", {})
    regimes, volatilities = facts.get("regimes", {}), facts.get("volatilities", {})
    pairs = {(regime, volatilities.get(symbol, "")) for symbol, regime in regimes.items()}
    told = ", ".join(sorted(f"{regime}/{volatility}" for regime, volatility in pairs))
    figures = {"symbols": len(regimes), "kinds": len(pairs), "told": told}
    if not regimes:
        return Truth.UNPROVEN, figures
    return (Truth.REFUTED if len(pairs) > 1 else Truth.CONFIRMED), figures


def risk(evidence: Evidence, _: Quoted) -> Ruling:
    """The sum of each order done again: loss at the stop, as a share of equity, against share times multiplier."""
    orders = evidence.history["orders"]
    if not orders:
        return Truth.UNPROVEN, {"sized": 0}
    shares = [Decimal(one["loss_at_stop"]) / Decimal(one["equity"]) for one in orders]
    meant = [Decimal(one["risk_share"]) * Decimal(one["multiplier"]) for one in orders]
    over = [one for one, share, limit in zip(orders, shares, meant, strict=True) if share > limit * SLACK]
    shown = over[0] if over else orders[shares.index(max(shares))]
    figures = {
        "sized": len(orders), "share": percent(max(shares)), "risk_share": percent(Decimal(shown["risk_share"])),
        "multiplier": shown["multiplier"], "over": len(over),
    }  # fmt: skip
    return (Truth.CONFIRMED if over else Truth.REFUTED), figures


def attended(evidence: Evidence, _: Quoted) -> Ruling:
    """Whether a position against what its model says was acted on."""
    acted = evidence.acts.get("changed_mind")
    course = course_of(evidence, "changed_mind")
    if not acted or course is None:
        return Truth.UNPROVEN, {}
    figures = {
        **{name: acted.get(name) for name in ("symbol", "side", "view", "act")},
        "acted_s": seconds(course),
    }
    if course.healed_s is None and acted.get("otherwise"):
        return Truth.UNPROVEN, {**figures, "otherwise": acted["otherwise"]}  # it ended for another reason first
    return (Truth.CONFIRMED if course.healed_s is not None else Truth.REFUTED), figures


def stops(evidence: Evidence, quoted: Quoted) -> Ruling:
    """The document's own arithmetic, then each position's stop as the venue has it."""
    side, entry, quantity = quoted["side"], Decimal(quoted["entry"]), Decimal(quoted["quantity"])
    price = price_at_loss(side, entry, quantity, Decimal(quoted["loss"]))
    held = evidence.venue["positions"]
    beyond = [one["symbol"] for one in held if any(_beyond(one, stop) for stop in one["stops"])]
    covered = [one for one in held if one["stops"]]
    types = sorted({stop["type"] for one in held for stop in one["stops"]})
    figures = {
        "loss": quoted["loss"], "quantity": quoted["quantity"], "price": f"{price:.2f}", "stop": quoted["stop"],
        "reached": stop_reached(side, price, Decimal(quoted["stop"])), "positions": len(held), "covered": len(covered),
        "types": ", ".join(types) or "stop", "beyond": len(beyond),
        "refusal": evidence.acts.get("stop_refusal") or None,
    }  # fmt: skip
    if beyond or figures["reached"]:
        return Truth.CONFIRMED, figures
    return (Truth.REFUTED if len(covered) == len(held) else Truth.HALF), figures


def funding(evidence: Evidence, quoted: Quoted) -> Ruling:
    """The document's multiplication, then what became of a rate against a position."""
    day = funding_a_day(Decimal(quoted["rate"]))
    paid, course = evidence.acts.get("funding", {}), course_of(evidence, "funding")
    figures = {
        "day": percent(day, 4), "margin": percent(day * Decimal(quoted["leverage"])), "symbol": paid.get("symbol"),
        "rate": percent(Decimal(paid["rate"])) if paid else None, "act": paid.get("act"),
        "booked": evidence.ledger["funding"],
        "found_s": seconds(course, found=True), "healed_s": seconds(course),
    }  # fmt: skip
    if not paid or course is None or course.found_s is None:
        return Truth.UNPROVEN, figures
    return (Truth.REFUTED if course.healed_s is not None else Truth.HALF), figures


def mode(evidence: Evidence, _: Quoted) -> Ruling:
    """One resolved mode, the mark of every order, and flags in contradiction that refused the start."""
    flags = [flag for flag in FLAGS if f"{flag} says" in evidence.refusal]
    figures = {
        "mode": evidence.left["mode"], "orders": evidence.ledger["orders"],
        "foreign": evidence.ledger["orders_of_another_mode"],
        "venue": evidence.venue["at"], "flags": ", ".join(flags),
    }  # fmt: skip
    if figures["mode"] != "paper" or figures["foreign"]:
        return Truth.CONFIRMED, figures
    return (Truth.REFUTED if len(flags) == len(FLAGS) else Truth.HALF), figures


def resumes(evidence: Evidence, _: Quoted) -> Ruling:
    """The posture unattended, and after what was left to a person; entries since."""
    left, done = evidence.left, evidence.done
    since = evidence.acts.get("steps_at", "")
    alone = [
        one
        for one in evidence.ledger["entries"]
        if one["state"] == FILLED and one["at"] > evidence.acts.get("settled_at", "")
    ]
    after = [one for one in evidence.ledger["entries_done"] if one["state"] == FILLED and one["at"] > since]
    why = "; ".join([*left["posture_reasons"], *filter(None, [evidence.acts.get("held_by")])])
    figures = {
        "before": left["posture"],
        "posture": done["posture"],
        "why": why or "—",
        "entries": len(alone) or len(after),
    }
    if alone:
        return Truth.CONFIRMED, figures
    return (Truth.HALF if done["posture"] == "normal" else Truth.REFUTED), {**figures, "entries": len(after)}


def _beyond(position: Mapping[str, Any], stop: Mapping[str, Any]) -> bool:
    return stop_reached(position["side"], Decimal(position["mark"]), Decimal(stop["trigger"]))
