"""What is true of the claims about parts, files, and the one that watches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins.drills.seed_night.documents import Course, Evidence, Truth

Ruling = tuple[Truth, dict[str, Any]]
Quoted = Mapping[str, str]

OF_THE_DOCUMENT = 13
MODULES = ("model_supervisor", "portfolio_balancer", "retraining", "risk_guard")
MARKET_DATA = ("feed", "universe", "policy", "trailing_stop", "portfolio_balancer", "executor", "models")
FRESH_S = 60.0
RECONCILED_S = 30.0


def counts(evidence: Evidence, _: Quoted) -> Ruling:
    """Whether every plugin is in exactly one of the counts."""
    report = evidence.left
    said: dict[str, int] = report["counts"]
    total, counted = len(report["components"]), sum(said.values())
    told = ", ".join(f"{number} {status}" for status, number in said.items() if number)
    figures = {
        "total": total, "counted": counted, "counts": told, "unknown": said.get("unknown", 0),
        "overall": report["status"], "of_the_document": OF_THE_DOCUMENT,
    }  # fmt: skip
    return (Truth.REFUTED if counted == total else Truth.CONFIRMED), figures


def database(evidence: Evidence, _: Quoted) -> Ruling:
    """Whether the history is there, and holds what the exchange's own ledger holds."""
    history, ledger = evidence.history, evidence.ledger
    course = course_of(evidence, "database")
    figures = {
        "path": history["path"], "fills": history["fills"], "venue_fills": ledger["fills"], "trades": history["trades"],
        "closes": ledger["closes"], "before": evidence.acts.get("before"), "healed_s": seconds(course),
    }  # fmt: skip
    if not history["exists"]:
        return Truth.CONFIRMED, figures
    whole = history["fills"] >= ledger["fills"] and history["trades"] >= ledger["closes"]
    return (Truth.REFUTED if whole else Truth.HALF), figures


def ages(evidence: Evidence, _: Quoted) -> Ruling:
    """The age of a file against the age of prices, then one cause for everything that stood still."""
    facts = evidence.calm_states.get("feed", {}).get("facts", {})
    price_age_s = max(float(facts.get("oldest_mark_s", 0)), 0.0) if facts else None
    causes = _stale_groups(evidence.silent)
    figures = {
        "file_age_s": evidence.acts.get("file_age_s"),
        "price_age_s": price_age_s,
        "causes": len(causes),
        "stale_findings": sum(len(group["effects"]) + 1 for group in causes),
        "cause": "; ".join(f"{group['cause']['code']}: {group['cause']['summary']}" for group in causes),
        "folded": [effect["code"] for group in causes for effect in group["effects"]],
    }
    if price_age_s is None or price_age_s > FRESH_S:
        return Truth.CONFIRMED, figures
    if not causes:
        return Truth.UNPROVEN, figures
    return (Truth.REFUTED if len(causes) == 1 else Truth.HALF), figures


def exchange(evidence: Evidence, _: Quoted) -> Ruling:
    """Whether the account is known, whatever files lie about."""
    state = evidence.states.get("exchange", {})
    age_s = state.get("facts", {}).get("reconciled_age_s")
    figures = {
        "status": state.get("status", "unknown"),
        "orders": evidence.ledger["orders"], "fills": evidence.ledger["fills"],
        "reconciled_s": None if age_s is None else round(float(age_s), 1), "foreign": evidence.acts.get("trade_file"),
    }  # fmt: skip
    known = figures["status"] not in {"unknown", "failed"} and age_s is not None and float(age_s) < RECONCILED_S
    return (Truth.REFUTED if known else Truth.CONFIRMED), figures


def modules(evidence: Evidence, _: Quoted) -> Ruling:
    """Which of the four run, and why the others do not."""
    states = {name: evidence.states.get(name) for name in MODULES}
    running = [name for name, state in states.items() if state and state["lifecycle"] == "running"]
    told = "; ".join(_module(name, state) for name, state in states.items())
    figures = {"running": running, "told": told}
    if len(running) == len(MODULES):
        return Truth.REFUTED, figures
    return (Truth.HALF if running else Truth.CONFIRMED), figures


def constructors(evidence: Evidence, _: Quoted) -> Ruling:
    """An argument that does not exist refuses the start, and what was started again shows work."""
    refused = next((line for line in evidence.refusal.splitlines() if "check_interval" in line), "")
    again = {
        course.key: evidence.states.get(course.key, {})
        for course in evidence.courses
        if course.proof.startswith("generation")
    }
    progress = {name: sum(int(one["count"]) for one in _progress(state)) for name, state in again.items()}
    told = ", ".join(f"{name} {count}" for name, count in progress.items()) or "none"
    figures = {"refused": refused.partition(": ")[2] or refused, "progress": told}
    return (Truth.REFUTED if refused and any(progress.values()) else Truth.UNPROVEN), figures


def models(evidence: Evidence, _: Quoted) -> Ruling:
    """What votes, instead of which files there are."""
    state = evidence.states.get("models", {})
    sources = evidence.history["sources"]
    trained = any("ensemble" in source for source in sources)
    figures = {
        "status": state.get("status", "unknown"),
        "summary": state.get("summary", ""),
        "signals": evidence.history["signals"],
        "sources": ", ".join(f"{source} {count}" for source, count in sources.items()) or "nobody",
    }
    return (Truth.CONFIRMED if state.get("status") == "healthy" and trained else Truth.REFUTED), figures


def healer(evidence: Evidence, _: Quoted) -> Ruling:
    """What was found, healed and proven, of what was brought about."""
    courses = evidence.courses
    healable = [one for one in courses if one.expects in {"healing", "both"}]
    healed = [one for one in healable if one.healed_s is not None]
    found = [one for one in courses if one.found_s is not None]
    figures = {
        "problems": len(courses), "found": len(found), "healable": len(healable), "healed": len(healed),
        "left": sum(bool(one.person) for one in courses),
        "wrong": len(evidence.wrong), "which": ", ".join(evidence.wrong) or "none",
    }  # fmt: skip
    if len(found) == len(courses) and len(healed) == len(healable) and not evidence.wrong:
        return Truth.CONFIRMED, figures
    return (Truth.HALF if healed else Truth.REFUTED), figures


def course_of(evidence: Evidence, key: str) -> Course | None:
    """What became of one problem."""
    return next((one for one in evidence.courses if one.key == key), None)


def seconds(course: Course | None, *, found: bool = False) -> str | None:
    """How long a problem took to be healed, or found, as people read it."""
    value = None if course is None else course.found_s if found else course.healed_s
    return None if value is None else f"{value:.1f} s"


def _stale_groups(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groups of findings about market data: those whose cause or effects speak of what lives on it."""
    found = []
    for group in report["groups"]:
        of_data = [
            one
            for one in (group["cause"], *group["effects"])
            if one.get("plugin") in MARKET_DATA and _is_stale(one["code"])
        ]
        if of_data:
            found.append(group)
    return found


def _is_stale(code: str) -> bool:
    return any(word in code for word in ("FEED-MUTE", "FEED-STALE", "FEED-DISCONNECTED", "UNIVERSE-", "-BLIND"))


def _module(name: str, state: Mapping[str, Any] | None) -> str:
    if state is None:
        return f"{name}: not configured"
    said = (
        state["reason"] if state["lifecycle"] != "running" else f"generation {state['generation']}, {state['status']}"
    )
    return f"{name} {state['lifecycle']} ({said})"


def _progress(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in state.get("progress", {}).values() if isinstance(one, Mapping) and "count" in one]
