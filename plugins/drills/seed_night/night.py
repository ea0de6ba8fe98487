"""The night from the evening before to the morning after, seen from outside."""

from __future__ import annotations

import os
import platform
import shlex
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from plugins.drills.outside import Unreadable
from plugins.drills.seed_night import stage
from plugins.drills.seed_night.books import (
    acts_on,
    contradicted_at,
    gate_since,
    history_of,
    ledger_of,
    newest_views,
    venue_of,
)
from plugins.drills.seed_night.courses import Followed, refused, unexplained
from plugins.drills.seed_night.documents import Course, Evidence, Night, Problem, Proof, claims, explained, problems
from plugins.drills.seed_night.hand import Hand
from plugins.drills.seed_night.judge import judged
from qtcore.drills.assembly import merged
from qtcore.drills.observing import Records, records_of
from qtcore.drills.rig import NotCarriedOutError, Rig, now_s

HEAL_S = 60.0
SILENCE_S = 25.0
FRESH_S = 4.0
SETTLE_S = 12.0
SPEAK_S = 20.0
FUNDING_S = 300.0
REFUSAL_S = 90.0
DONE_S = 40.0


@dataclass
class Told:
    """What happened so far, for the evidence."""

    began_s: float
    followed: dict[str, Followed] = field(default_factory=dict)
    acts: dict[str, Any] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)


class SeedNight:
    """One run; `close` leaves no process behind."""

    def __init__(self, application: Path, folder: Path, say: stage.Say = print, evening: Path | None = None) -> None:
        self._application = application
        self._folder = folder
        self._say = say
        self._began = time.monotonic()
        # One folder for all: what a start has learnt by looking at the plugins is kept by place.
        self._rig = Rig(stage.plain(application), folder / "system", application, made_home=evening)
        self._hand = Hand(self._rig.outside.ports[stage.PORT])
        self._history = self._rig.folder / stage.WRONG_FILE
        self._told = Told(0.0)
        self._given = evening is not None

    def close(self) -> None:
        """End everything."""
        self._rig.close()

    def run(self) -> Night:
        """All stages; the night's report. Raises NotCarriedOutError."""
        if not self._given:
            stage.evening(self._rig, self._say)
        stage.changed(self._rig, stage.wrong(self._rig.assembly, self._rig.folder))
        said, took_s = self._refused()
        started_s = self._start()
        calm, calm_states = stage.report_of(self._rig), stage.states_of(self._rig)
        self._modules()
        silent = self._prices()
        self._follow(SETTLE_S, always=True)
        # An outsider who enters against the posture would be found for that.
        stage.wait(lambda: self._rig.status()["posture"] == "normal", SETTLE_S)
        venue = self._positions()
        self._follow(HEAL_S)
        left, states = stage.report_of(self._rig), stage.states_of(self._rig)
        ledger, history = ledger_of(self._home), history_of(self._history)
        # What was sized the evening before stands in the file that a variable has led away from.
        history["orders"] += history_of(self._home / "quantum.db")["orders"]
        self._told.acts |= {
            "stop_refusal": self._hand.refusal_of(stage.SYMBOLS[0], "STOP_LOSS_LIMIT"),
            "settled_at": self._told.acts.get("prices_at", ""),
            "held_by": gate_since(self._history, self._told.acts.get("prices_at", "")),
            "steps_at": _now(),
        }
        records = self._records()
        self._steps_of(left)
        ended_s = now_s()
        steps, done, done_states = self._taken()
        courses = (
            *(refused(one, said, took_s) for one in problems() if one.refused),
            *(self._became(one, records) for one in problems() if not one.refused),
        )
        wrong = unexplained(records, self._told.followed.values(), explained(), self._told.began_s)
        ledger["entries_done"] = ledger_of(self._home)["entries"]
        evidence = Evidence(
            refusal=said, refused_s=took_s, calm=calm, silent=silent, left=left, done=done, states=states,
            calm_states=calm_states, done_states=done_states, ledger=ledger, history=history, venue=venue,
            acts=self._told.acts, courses=courses, wrong=wrong,
        )  # fmt: skip
        (self._folder / "evidence.json").write_text(evidence.model_dump_json(indent=1), encoding="utf-8")
        off = sorted(name for name, state in done_states.items() if state["lifecycle"] != "running")
        return Night(
            schema=1,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            load=round(os.getloadavg()[0], 1),
            judgements=judged(evidence),
            verdict_words=claims().verdict_words,
            courses=courses,
            refusal=said,
            refused_s=round(took_s, 2),
            started_s=round(started_s, 2),
            wrong=wrong,
            steps=steps,
            healthy_after=f"{done['status']}; not running: {', '.join(off) or 'none'}",
            took_s=round(time.monotonic() - self._began, 1),
            ended_s=ended_s,
        )

    @property
    def _home(self) -> Path:
        return self._rig.home.root

    # --- the stages --------------------------------------------------------------------------------

    def _refused(self) -> tuple[str, float]:
        began, already = time.monotonic(), len(self._rig.output())
        self._rig.begin()
        code = stage.until(self._ended, "the start is refused", REFUSAL_S, self._rig)
        took_s, said = time.monotonic() - began, self._rig.output()[already:]
        if code != "64":
            raise NotCarriedOutError(f"the start was not refused with 64 but ended with {code}: {said[-500:]}")
        self._say(f"refused after {took_s:.1f} s")
        return said, took_s

    def _ended(self) -> str:
        code = self._rig.ended()
        return "" if code is None else str(code)

    def _start(self) -> float:
        stage.changed(self._rig, stage.corrected(self._rig.assembly, self._application))
        stage.old_files(self._home)
        self._told.began_s = began = now_s()
        self._told.acts |= {
            "before": str(self._home / "quantum.db"),
            "file_age_s": stage.SNAPSHOT_AGE_S,
            "trade_file": stage.TRADES,
        }
        self._rig.begin()
        self._begin("database", began)
        self._begin("retraining", began)
        stage.until(self._rig.running, "everything that is enabled runs", stage.START_S, self._rig)
        started_s = now_s() - began
        # The venue publishes the rate that was settled last: a dear one is known once an hour of market time is over.
        for symbol, _side, rate in stage.PAYING:
            self._hand.fault(kind="funding_interval", symbol=symbol, hours=1, rate=rate, seconds=FUNDING_S)
        self._say(f"running after {started_s:.1f} s")
        self._follow(FRESH_S, always=True)
        return started_s

    def _modules(self) -> None:
        for name in ("model_supervisor", "risk_guard"):
            self._told.generations[name] = self._rig.state(name).generation
        for name in ("model_supervisor", "risk_guard", "portfolio_balancer"):
            self._begin(name)
        stage.stop_modules(self._rig)
        self._follow(8.0, always=True)

    def _positions(self) -> dict[str, Any]:
        """What the venue holds once both positions are open; the one that pays stays until its settlement."""
        self._change_a_mind()
        self._let_funding_cost()
        self._follow(6.0, always=True)
        return venue_of(self._hand)

    def _change_a_mind(self) -> None:
        """A position against what the rule says of its symbol at every candle."""
        stage.wait(lambda: bool(self._speaking()), SPEAK_S)
        speaking = self._speaking()
        if not speaking:
            return
        row = max(speaking, key=lambda one: str(one["market_at"]))
        side = "short" if row["view"] == "long" else "long"
        self._told.acts["changed_mind"] = {"symbol": row["symbol"], "side": side, "view": row["view"], "at": _now()}
        self._begin("changed_mind")
        self._hand.open(row["symbol"], side)

    def _speaking(self) -> list[dict[str, Any]]:
        """The newest signals that ask for a side, of symbols in which nothing is held."""
        held = set(self._hand.positions())
        views = newest_views(self._history).values()
        return [row for row in views if row["symbol"] not in held and row["view"] in {"long", "short"}]

    def _let_funding_cost(self) -> None:
        """A position on the side that pays, with its model's view where it can be: only its funding is wrong."""
        held = set(self._hand.positions()) | {self._told.acts.get("changed_mind", {}).get("symbol")}
        views = newest_views(self._history)
        free = [one for one in stage.PAYING if one[0] not in held] or [*stage.PAYING]
        symbol, side, rate = max(free, key=lambda one: views.get(one[0], {}).get("view") == one[1])
        self._told.acts["funding"] = {"symbol": symbol, "side": side, "rate": rate, "at": _now()}
        self._begin("funding", subject=symbol)
        self._hand.open(symbol, side)

    def _prices(self) -> dict[str, Any]:
        """The report while prices stand still; the last one before they move again."""
        self._begin("prices")
        self._told.acts["prices_at"] = _now()
        stage.stop_prices(self._hand, SILENCE_S)
        ends, found = now_s() + SILENCE_S - 1.5, stage.report_of(self._rig)
        while now_s() < ends:
            self._look()
            found = stage.report_of(self._rig)
            time.sleep(stage.LOOK_S * 5)
        return found

    def _steps_of(self, report: dict[str, Any]) -> None:
        for followed in self._told.followed.values():
            problem = followed.problem
            if not problem.person:
                continue
            for step in report["steps"]:
                words = f"{step['command']}: {step['does'] or step['what']}"
                group = _group(report, step["code"], step.get("plugin"))
                told = f"{words}; {group}" if group else words
                if step["code"] in problem.found and problem.person in told:
                    followed.person = told
                    break

    def _taken(self) -> tuple[tuple[str, ...], dict[str, Any], dict[str, dict[str, Any]]]:
        """Do what the report left to a person, as it says."""
        taken: list[str] = []
        balancer = self._told.followed["portfolio_balancer"].person
        if balancer.startswith("qt "):
            words = shlex.split(balancer.partition(":")[0])[1:]
            answer = self._rig.qt(*words)
            said = answer.stdout.strip().partition("\n")[0]
            taken.append(f"`qt {' '.join(words)}`: exit {answer.returncode}, {said}")
        stage.stop(self._rig)
        rest = {k: v for k, v in self._rig.assembly.environment.items() if k != "QUANTUM_TRADER_DATABASE_URL"}
        on = merged(self._rig.assembly.configuration, {"plugins": {"retraining": {"enabled": True}}})
        stage.changed(self._rig, replace(self._rig.assembly, environment=rest, configuration=on))
        taken.append("`enabled: true` for retraining, QUANTUM_TRADER_DATABASE_URL unset, `qt down`, `qt up`")
        self._rig.begin()
        # What does not run in the end is told, and is no reason to throw the night away.
        stage.wait(self._rig.running, stage.START_S)
        stage.wait(lambda: self._entered_since(self._told.acts["steps_at"]), DONE_S)
        return tuple(taken), stage.report_of(self._rig), stage.states_of(self._rig)

    def _entered_since(self, moment: str) -> bool:
        return any(one["state"] == "filled" and one["at"] > moment for one in ledger_of(self._home)["entries"])

    # --- following ---------------------------------------------------------------------------------

    def _begin(self, key: str, at_s: float | None = None, subject: str = "") -> None:
        problem = next(one for one in problems() if one.key == key)
        problem = problem.model_copy(update={"subject": subject or problem.subject})
        self._told.followed[key] = Followed(problem, now_s() if at_s is None else at_s)

    def _records(self) -> Records:
        return records_of(self._rig.journal(), 0.0)

    def _follow(self, seconds: float, *, always: bool = False) -> None:
        """Look until nothing is pending; `always` for the whole time."""
        ends = now_s() + seconds
        while now_s() < ends and (always or any(one.pending for one in self._told.followed.values())):
            self._look()
            time.sleep(stage.LOOK_S * 2)

    def _look(self) -> None:
        records = self._records()
        for one in self._told.followed.values():
            if one.pending:
                one.look(records, now_s(), self._proof)

    def _proof(self, problem: Problem) -> str:
        match problem.healed:
            case Proof.RUNNING:
                return self._runs_again(problem.plugin)
            case Proof.REBUILT:
                return self._rebuilt()
            case Proof.ATTENDED:
                return self._acted(self._told.acts["changed_mind"])
            case Proof.FUNDING_ENDED:
                return self._left(self._told.acts["funding"])
            case _:
                return ""

    def _runs_again(self, plugin: str) -> str:
        states = self._rig.states()
        state, before = states.get(plugin), self._told.generations[plugin]
        well = (
            state
            and state.lifecycle.value == "running"
            and state.generation > before
            and state.status.value != "unknown"
        )
        return (
            f"generation {before} → {state.generation}, {state.status.value}: {state.summary}" if well and state else ""
        )

    def _rebuilt(self) -> str:
        fills = ledger_of(self._home)["fills"]
        there = history_of(self._history)["fills"]
        return f"the history holds {there} of {fills} fills" if fills and there >= fills else ""

    def _acted(self, acted: dict[str, Any]) -> str:
        """What was done about a changed mind. Its time counts from the signal that changed it, not from the opening."""
        since = acts_on(self._home, acted["symbol"], acted["at"])
        changed = contradicted_at(self._history, acted["symbol"], acted["side"], acted["at"])
        if changed is not None:
            ago_s = (datetime.now(UTC) - changed).total_seconds()
            self._told.followed["changed_mind"].began_s = now_s() - ago_s
        acted["otherwise"] = next((act["reason"] for act in since if act["purpose"] == "exit"), "")
        acts = [act for act in since if _because_of_a_signal(act)]
        if not acts:
            return ""
        acted["act"] = f"{acts[0]['purpose']}: {acts[0]['reason']}"
        return f"{acted['act']}; counted from the first signal against the position"

    def _left(self, paid: dict[str, Any]) -> str:
        try:
            held = paid["symbol"] in self._hand.positions()
        except Unreadable:
            return ""
        acts = [act for act in acts_on(self._home, paid["symbol"], paid["at"]) if act["purpose"] == "exit"]
        if held or not acts:
            return ""
        paid["act"] = f"{acts[-1]['purpose']}: {acts[-1]['reason']}"
        return f"no position any more; {paid['act']}"

    def _became(self, problem: Problem, records: Records) -> Course:
        if problem.quiet:
            return self._quiet(problem, records)
        followed = self._told.followed.get(problem.key)
        return (followed or Followed(problem, 0.0)).course()

    def _quiet(self, problem: Problem, records: Records) -> Course:
        """Nothing may have been found because of the file."""
        name = stage.TRADES if problem.key == "trade_file" else stage.SNAPSHOT
        about = [one.code for one in records.findings if name in one.text]
        followed = Followed(problem, 0.0)
        if not about:
            followed.found_s, followed.by = 0.0, f"{name} is nobody's evidence: no finding names it"
        else:
            followed.by = f"{', '.join(about)} name {name}"
        return followed.course()


def _because_of_a_signal(act: dict[str, str]) -> bool:
    return act["reason"] in {"opposite_signal", "neutral_signal", "re_evaluation"} or act["reason"].startswith(
        "tightened"
    )


def _group(report: dict[str, Any], code: str, plugin: str | None) -> str:
    for group in report["groups"]:
        for one in (group["cause"], *group["effects"]):
            if one["code"] == code and plugin in (one.get("plugin"), None):
                return f"{one['summary']} {one['fix']}"
    return ""


def _now() -> str:
    return datetime.now(UTC).isoformat()


def seconds(value: float | None) -> str:
    """Seconds as people read them."""
    return "—" if value is None else f"{Decimal(value):.1f} s"
