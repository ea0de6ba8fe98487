"""The plugin: looks for reasons to train, has the work done elsewhere, and rules on what comes of it."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from plugins.domain import MemberName, RetrainingAdvice, market_ms
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.members import missing_library
from plugins.retraining.condition import Reading, health_of
from plugins.retraining.evaluation import evaluated
from plugins.retraining.kinds import KINDS
from plugins.retraining.order import (
    Compared,
    CompareOrder,
    Ended,
    FailedModel,
    History,
    Pair,
    Refused,
    Stage,
    TrainedModel,
    TrainOrder,
)
from plugins.retraining.promotions import Promotions
from plugins.retraining.record import Done, Record, Result, read_record
from plugins.retraining.report import trainings_section
from plugins.retraining.settings import RetrainingSettings
from plugins.retraining.triggers import Facts, due
from plugins.retraining.workshop import WorkFailed, carry_out
from plugins.store import Store, database_url, facts_of, open_store
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Health,
    NotReady,
    Plugin,
    QtError,
    Section,
    action,
    every,
    hookimpl,
)

Ctx = Context[RetrainingSettings]

COVERAGE_TIMEOUT_S = 5.0
PATIENCE_S = 60.0
"""How long the history may take before that is a finding."""

TRIED_AGAIN_S = 60.0
"""After a failure, before the same reason counts again."""


@dataclass(slots=True)
class _Bench:
    """What has come of the training so far."""

    results: list[Result] = field(default_factory=list)
    decisions: int = 0
    refused: str = ""


class Retraining(Plugin[RetrainingSettings]):
    """Continuous learning: a challenger is trained, judged, shown in shadow and only then let to vote."""

    optional_reads: ClassVar[list[type[Any]]] = [RetrainingAdvice]
    calls: ClassVar[list[str]] = ["history.coverage"]
    area = "AI system"
    cadence_s = 5.0

    def __init__(self) -> None:
        self._promotions: Promotions | None = None
        self._store: Store | None = None
        self._stage: Stage | None = None
        self._working_on = ""
        self._asked = ""
        self._due, self._due_since_s = "", 0.0
        self._failure, self._failed_s = "", float("-inf")
        self._starved = ""
        self._waits = ""
        self._compared_s = float("-inf")
        self._market = ""
        self._fed_s = 0.0
        self._filled = 0
        self._settled_s = 0.0
        self._wake = asyncio.Event()

    # --- hooks ------------------------------------------------------------------------------------

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Take up the record, then do what is due, one thing at a time."""
        record, damage = read_record(ctx.data_dir)
        if damage:
            ctx.log.warning("the record of trainings is begun anew", why=damage)
        self._promotions, self._fed_s = Promotions(ctx, ArtefactStore(ctx.home), record), ctx.now()
        self._settled_s = ctx.now() + ctx.settings.settle_s
        url = database_url(ctx.home, ctx.settings.database_url)
        ctx.fact(**facts_of(url))
        async with open_store(url) as store:
            self._store = store
            ctx.ready()
            while True:
                await self._step(ctx)
                self._wake.clear()
                try:
                    async with asyncio.timeout(ctx.settings.look_s):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    @every(5.0)
    async def look(self, ctx: Ctx) -> None:
        """Count as work while nothing is due, and while the training process works."""
        ctx.progress("looks")

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: what is due is trained, and what is trained is ruled on."""
        return health_of(
            Reading(
                record=self._record,
                last=self._record.of(self._market),
                stage=self._stage,
                working_on=self._working_on,
                due=self._due,
                waits=self._waits,
                due_for_s=ctx.now() - self._due_since_s if self._due else 0.0,
                patience_s=PATIENCE_S + 2 * ctx.settings.look_s,
                failure=self._failure,
                starved=self._starved,
            )
        )

    @hookimpl
    async def report(self) -> tuple[Section, ...]:
        """What was trained and what became of it."""
        return (trainings_section(self._record, self._waits),)

    @hookimpl
    async def heal(self, finding: Finding) -> str:
        """Forget the failure, so that what is due is tried again now."""
        self._failure, self._failed_s = "", float("-inf")
        self._wake.set()
        return f"what is due is tried again at once, for {finding.code}"

    @action(effect=True, command="models train", help="train all models now, whatever is due")
    async def train(self, _ctx: Ctx, why: str = "a person asked for it") -> dict[str, Any]:
        """Begin a training as soon as nothing else is under way; `qt status` shows how far it is."""
        self._asked = why
        self._failed_s = float("-inf")
        self._wake.set()
        return {"begun": not self._working_on, "waits_for": self._working_on, "why": why}

    @staticmethod
    @action(effect=True, offline=True, command="models promote", help="let a version vote from now on: MEMBER ARTEFACT")
    def promote(home: Path, member: MemberName, artefact: str, why: str = "a person wants it") -> dict[str, Any]:
        """By its hash, or the first digits of it. Raises NoSuchVersion, and Damaged for one that must not vote."""
        store = ArtefactStore(home)
        whole = _whole(store, member, artefact)
        pointers = store.promote(member, whole, who=getpass.getuser(), why=why, at=datetime.now(UTC))
        return {"member": member, "champion": pointers.champion, "previous": pointers.previous, "why": why}

    @staticmethod
    @action(effect=True, offline=True, command="models rollback", help="go back to the last good version: MEMBER")
    def rollback(home: Path, member: MemberName, why: str = "a person wants it") -> dict[str, Any]:
        """To the last earlier champion that is whole; to none when there is no such."""
        store = ArtefactStore(home)
        pointers = store.fall_back(member, who=getpass.getuser(), why=why, at=datetime.now(UTC))
        return {"member": member, "champion": pointers.champion, "why": why}

    @staticmethod
    @action(offline=True, timeout_s=600.0, command="models evaluate", help="how good each version is on unseen candles")
    def evaluate(home: Path, market: str = "", bars: int = 5000) -> dict[str, Any]:
        """Judge every version on the newest candles of the history that it has not learned from."""
        return evaluated(home, market=market, bars=bars)

    # --- one step ---------------------------------------------------------------------------------

    async def _step(self, ctx: Ctx) -> None:
        try:
            history = await self._history(ctx)
            why = await self._reason(ctx)
            if why and ctx.now() >= max(self._failed_s + TRIED_AGAIN_S, self._settled_s):
                await self._train(ctx, history, why)
            elif self._record.watched and ctx.now() - self._compared_s >= ctx.settings.compare_s:
                await self._compare(ctx, history)
        except (CallFailed, CallUnanswered, NotReady) as error:
            self._waits = f"waiting for the history: {error}"
            if ctx.now() - self._fed_s > PATIENCE_S:
                trouble = "is not whole" if isinstance(error, NotReady) else "does not answer"
                self._starved = f"the history {trouble}: {error}"
        except WorkFailed as error:
            self._failure, self._failed_s = str(error), ctx.now()
            ctx.log.warning("the training process failed", why=str(error))
        finally:
            self._stage, self._working_on = None, ""

    async def _history(self, ctx: Ctx) -> History:
        found = await ctx.call("history.coverage", timeout_s=COVERAGE_TIMEOUT_S)
        self._market = str(found["market"])
        symbols = tuple(symbol for symbol, one in found["symbols"].items() if one["bars"] and not one["trouble"])
        looked_at = set(found["symbols"]) >= set(found["wanted"])
        if len(symbols) > self._filled:  # it fills: whoever is being fed is not starved
            self._filled, self._fed_s = len(symbols), ctx.now()
        if not symbols or not looked_at:
            raise NotReady(f"it holds candles of {len(symbols)} of {len(found['wanted'])} symbols", retry_after_s=5.0)
        self._starved, self._waits, self._fed_s = "", "", ctx.now()
        settings = ctx.settings
        return History(
            folder=Path(found["folder"]),
            interval=found["interval"],
            symbols=symbols,
            bars=settings.bars,
            samples=settings.samples,
            horizon_bars=settings.horizon_bars,
        )

    async def _reason(self, ctx: Ctx) -> str:
        last = self._record.of(self._market)
        facts = Facts(
            now_ms=market_ms(ctx.market_now()),
            untrained=tuple(name for name in ctx.settings.members if missing_library(name) is None),
            trained_ms=last.market_ms if last else None,
            closed_trades=await self._closed_since(last, ctx.settings.least_trades),
            doubt=self._doubt(ctx, last),
            asked=self._asked,
        )
        why = due(facts, ctx.settings.reasons)
        if not ctx.settings.continuous and last is not None and not self._asked:
            why = ""
        if why and not self._due:
            self._due_since_s = ctx.now()
        self._due = why
        return why

    async def _closed_since(self, last: Done | None, enough: int) -> int:
        if self._store is None:
            return 0
        newest = await self._store.trades.latest(limit=enough)
        return sum(1 for trade in newest if last is None or trade.closed_at > last.at)

    @staticmethod
    def _doubt(ctx: Ctx, last: Done | None) -> str:
        advice = ctx.latest(RetrainingAdvice)
        if advice is None or not advice.reason or (last is not None and advice.since <= last.at):
            return ""
        return advice.reason

    # --- training ---------------------------------------------------------------------------------

    async def _train(self, ctx: Ctx, history: History, why: str) -> None:
        settings = ctx.settings
        members = tuple(name for name in ctx.settings.members if missing_library(name) is None)
        order = TrainOrder(
            home=ctx.home,
            history=history,
            members=members,
            least_samples=settings.least_samples,
            blocks=settings.blocks,
            steps=settings.steps,
            seed=settings.seed,
            threads=settings.threads,
            made_at=ctx.wall(),
            reason=why,
        )
        self._working_on, self._asked = f"training because {why}", ""
        ctx.log.info("training begins", why=why, members=[str(name) for name in members], symbols=len(history.symbols))
        bench = _Bench()
        with ctx.span("retrain", reason=why):
            await carry_out(order, deadline_s=settings.deadline_s, hear=partial(self._hear, ctx, bench))
        if bench.refused:
            self._starved, self._failed_s = bench.refused, ctx.now()
        else:
            self._close(ctx, why, bench.decisions, bench.results)

    def _hear(self, ctx: Ctx, bench: _Bench, line: object) -> None:
        match line:
            case Stage():
                self._stage = line
                ctx.progress("stages")
            case TrainedModel():
                bench.results.append(self._opened().rule(line))
            case FailedModel():
                bench.results.append(Result(member=line.member, ruling="failed", reason=line.reason))
            case Refused():
                bench.refused = line.reason
            case Ended():
                bench.decisions = line.decisions
            case Compared():
                self._opened().rule_live(line)

    def _close(self, ctx: Ctx, why: str, decisions: int, results: list[Result]) -> None:
        done = Done(
            at=ctx.wall(),
            market_ms=market_ms(ctx.market_now()),
            market=self._market,
            why=why,
            decisions=decisions,
            results=tuple(results),
        )
        self._opened().remember(self._record.trained(done))
        failed = [result for result in results if result.ruling == "failed"]
        self._failure = failed[0].reason if results and len(failed) == len(results) else ""
        self._due = ""
        ctx.progress("trainings")
        ctx.log.info("training is over", **{str(result.member): result.ruling for result in results})

    # --- shadow and canary ------------------------------------------------------------------------

    async def _compare(self, ctx: Ctx, history: History) -> None:
        """Judge what is watched by the live decisions since it was made."""
        self._compared_s = ctx.now()
        self._opened().drop_overtaken()
        pairs = tuple(
            Pair(member=member, old=one.old, new=one.new, since_ms=one.since_ms)
            for member, one in self._record.watched.items()
        )
        if not pairs:
            return
        self._working_on = f"comparing {', '.join(str(pair.member) for pair in pairs)} on live decisions"
        order = CompareOrder(home=ctx.home, history=history, pairs=pairs, threads=ctx.settings.threads)
        with ctx.span("compare", pairs=len(pairs)):
            await carry_out(order, deadline_s=ctx.settings.deadline_s, hear=partial(self._hear, ctx, _Bench()))
        ctx.progress("comparisons")

    @property
    def _record(self) -> Record:
        return self._promotions.record if self._promotions is not None else Record()

    def _opened(self) -> Promotions:
        if self._promotions is None:
            raise NotReady("retraining has not started", retry_after_s=1.0)
        return self._promotions


def _whole(store: ArtefactStore, member: MemberName, start: str) -> str:
    """The one version whose hash begins so. Raises NoSuchVersion."""
    found = [artefact for artefact, told in store.versions(member) if artefact.startswith(start)]
    if len(found) != 1:
        raise NoSuchVersion(f"{len(found)} versions of {member} begin with {start!r}; `qt models list` shows them all")
    return found[0]


class NoSuchVersion(QtError):
    """No version of the member, or more than one, is meant by what was given."""
