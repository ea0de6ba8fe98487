"""The ensemble at work: one batch for the whole universe once the burst of a candle close is over.

The rule has spoken by then and its orders are on their way: what happens here is never in their way, so it begins a
moment after the last candle, and the heavy part runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from plugins.announcing import Announced
from plugins.domain import Candle, EnsembleWeights, MemberName, Signal, Source, Standing, View
from plugins.learning.ballots import ballots_of
from plugins.learning.ensemble import Ballot, Verdict, combined, equal_weights, normalised, view_of_probabilities
from plugins.learning.features import FeatureRows
from plugins.learning.members import NETS
from plugins.learning.windows_on_the_wire import packed
from plugins.models.bench import Bench
from plugins.models.condition import unfit_findings
from plugins.models.kinds import ARTEFACT, LIBRARY
from plugins.models.outbox import Outbox
from plugins.models.settings import ModelsSettings
from plugins.models.signals import Figures, ensemble_signal, figures_of, lifetime
from plugins.store import Store
from plugins.store.rows import SignalRow
from qtcore import CallFailed, CallUnanswered, Context

T = TypeVar("T")

REMEMBERED = 1000
"""Signals looked through at start for views that the ensemble still holds."""
EXAMINE_EVERY_S = 30.0
"""How often every file of every champion is looked at again."""


@dataclass(frozen=True, slots=True)
class Held:
    """The ensemble's view of a symbol, and the close that it is of."""

    view: View
    closed_at: datetime
    verdict: Verdict


class Forum:
    """Hears every closed candle, and asks every member once a close."""

    def __init__(self, ctx: Context[ModelsSettings], bench: Bench, outbox: Outbox, worker: Executor) -> None:
        self.held: dict[str, Held] = {}
        self.weights = equal_weights()
        self.weights_reason = "equal: nobody has judged the members yet"
        self.took_s = 0.0
        """How long the last round took, from features to verdicts."""
        self.seats: dict[MemberName, Ballot] = {}
        """The ballots of the last round."""
        self.bench = bench
        self._announced = Announced([*ARTEFACT.values(), LIBRARY])
        self._ctx = ctx
        self._outbox = outbox
        self._worker = worker
        self._examined_s = ctx.now()
        self._universe: tuple[str, ...] = ()
        self._heard: list[Candle] = []
        self._begun, self._whole = asyncio.Event(), asyncio.Event()

    def trade(self, symbols: tuple[str, ...]) -> None:
        """These are asked about from now on."""
        self._universe = symbols

    def weigh(self, weights: EnsembleWeights) -> None:
        """Use these from now on. Weights that make no sense are not used, and are told."""
        try:
            self.weights = normalised(weights.weights)
        except ValueError as error:
            self._ctx.log.warning("weights refused", reason=str(error))
            return
        self.weights_reason = weights.reason

    def hear(self, candle: Candle) -> None:
        """A closed candle; costs next to nothing."""
        self._heard.append(candle)
        self._begun.set()
        if len(self._heard) >= len(self._universe):
            self._whole.set()

    async def warm(self, candles: Sequence[Candle]) -> None:
        """History of a symbol."""
        await self.in_turn(lambda: self.bench.hear(candles))

    def leads(self, candle: Candle) -> bool:
        """Whether the ensemble has just taken a side in this symbol, so that the rule is not asked for its own."""
        held = self.held.get(candle.symbol)
        if held is None or held.view is View.NEUTRAL:
            return False
        return (candle.closed_at - held.closed_at).total_seconds() <= 2 * candle.interval_s

    async def run(self, store: Store) -> None:
        """Round by round, until cancelled; the views that were held in the last life are held on."""
        self._recall(await store.signals.latest(limit=REMEMBERED))
        while True:
            await self._burst()
            candles, self._heard = self._heard, []
            self._begun.clear()
            self._whole.clear()
            await self._round(candles)

    async def follow_champions(self) -> None:
        """Let another champion vote within a few seconds of the pointer's move."""
        while True:
            for name in await self.in_turn(self.bench.refresh):
                seat = self.bench.champions.seats[name]
                self._ctx.log.info("champion", member=name, artefact=seat.artefact[:12], standing=seat.standing)
            self._announce()
            await asyncio.sleep(self._ctx.settings.ensemble.look_every_s)
            if self._ctx.now() - self._examined_s > EXAMINE_EVERY_S:
                self._examined_s = self._ctx.now()
                await self.in_turn(self.bench.champions.examine)
                self._announce()

    async def fall_back(self, at: datetime) -> str:
        """Replace damaged champions; says by what."""
        done = await self.in_turn(lambda: self.bench.champions.fall_back(who="models", at=at))
        self._announce()
        told = [
            f"{name}: {artefact[:12] or 'none is left, it must be trained anew'}" for name, artefact in done.items()
        ]
        return (
            f"went back to the last good champion of {', '.join(told)}" if told else "no champion is damaged any more"
        )

    def _announce(self) -> None:
        """Say at once which champions cannot vote, and which can again."""
        champions = self.bench.champions
        self._announced.tell(self._ctx, unfit_findings(champions.lacking, champions.damaged))

    def _recall(self, rows: Sequence[SignalRow]) -> None:
        """Views that the ensemble still held when it ended, from its signals, newest first."""
        for row in rows:
            signal = row.signal
            if signal.source is Source.ENSEMBLE and signal.symbol not in self.held:
                verdict = Verdict(signal.symbol, None, signal.agreement or 0.0, signal.votes)
                self.held[signal.symbol] = Held(signal.view, signal.market_at, verdict)

    def standings(self) -> list[Ballot]:
        """Every member's, as of the last round; before the first, as far as it is known."""
        trees = {
            name: Ballot(name, seat.standing, artefact=seat.artefact, reason=seat.reason)
            for name, seat in self.bench.champions.seats.items()
        }
        # A tree that has no voter now has none, whatever it said in the last round.
        gone = {name: ballot for name, ballot in trees.items() if ballot.standing is not Standing.VOTED}
        known = {**trees, **self.seats, **gone, **self.bench.nets}
        return [known.get(name, Ballot(name, Standing.LATE, reason="not asked yet")) for name in MemberName]

    async def in_turn(self, work: Callable[[], T]) -> T:
        """In the one thread that features and trees live in."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def _burst(self) -> None:
        await self._begun.wait()
        settings = self._ctx.settings.ensemble
        try:
            async with asyncio.timeout(settings.burst_s):
                await self._whole.wait()
        except TimeoutError:
            self._ctx.progress("incomplete_bursts")
        await asyncio.sleep(settings.settle_s)

    async def _round(self, candles: list[Candle]) -> None:
        began_s = self._ctx.now()
        close = max(candle.closed_at for candle in candles)
        by_symbol = {candle.symbol: candle for candle in candles if candle.closed_at == close}
        symbols = [symbol for symbol in self._universe if symbol in by_symbol]
        await self.in_turn(lambda: self.bench.hear(candles))
        if not self.bench.trained or not symbols:
            return
        rows = await self.in_turn(lambda: self.bench.rows(symbols))
        nets, trees = await asyncio.gather(self._nets(rows), self.in_turn(lambda: self.bench.ballots(rows)))
        ballots = [*trees, *nets]
        verdicts = await self.in_turn(lambda: combined(symbols, ballots, self.weights))
        self.took_s = self._ctx.now() - began_s
        self.seats = {ballot.member: ballot for ballot in ballots}
        self._ctx.progress("verdicts", len(verdicts), data_as_of=close)
        for row, verdict in enumerate(verdicts):
            self._tell(by_symbol[verdict.symbol], verdict, rows, row)

    async def _nets(self, rows: FeatureRows) -> list[Ballot]:
        """One question for all of them; whoever is late is late by name."""
        absent = self.bench.nets
        asked = [name for name in NETS if name not in absent]
        if not asked:
            return list(absent.values())
        timeout_s = self._ctx.settings.ensemble.deep_timeout_s
        try:
            batch = await self.in_turn(lambda: packed(rows))
            told = await self._ctx.call("deep.predict", {"batch": batch}, timeout_s=timeout_s)
            heard = {ballot.member: ballot for ballot in ballots_of(told, len(rows))}
        except CallUnanswered:
            heard = _all(asked, Standing.LATE, f"no answer within {timeout_s * 1000:.0f} ms")
        except (CallFailed, KeyError, TypeError, ValueError) as error:
            heard = _all(asked, Standing.UNUSABLE, f"the nets' plugin: {error}")
        return [absent.get(name) or heard.get(name) or Ballot(name, Standing.LATE, reason="no word") for name in NETS]

    def _tell(self, candle: Candle, verdict: Verdict, rows: FeatureRows, row: int) -> None:
        """A signal while there is a side to take, and one when it is given up."""
        if verdict.probabilities is None:
            self.held.pop(candle.symbol, None)
            return
        view, confidence = view_of_probabilities(verdict.probabilities, self._ctx.settings.ensemble.rules)
        before = self.held.get(candle.symbol)
        self.held[candle.symbol] = Held(view, candle.closed_at, verdict)
        if view is View.NEUTRAL and (before is None or before.view is View.NEUTRAL):
            return
        since_ns = candle.received_ns or None
        with (
            self._ctx.span("candle", since_ns=since_ns, symbol=candle.symbol, closed_at=candle.closed_at.isoformat()),
            self._ctx.span("predict", symbol=candle.symbol, source=Source.ENSEMBLE, view=view),
        ):
            self._outbox.put(self._signal(candle, self.held[candle.symbol], confidence, figures_of(rows, row)))

    def _signal(self, candle: Candle, held: Held, confidence: Decimal, figures: Figures) -> Signal:
        return ensemble_signal(
            candle,
            held.verdict,
            (held.view, confidence),
            figures,
            made_at=self._ctx.wall(),
            holds=lifetime(self._ctx.settings.signal_lifetime_s, self._ctx.real_limit_s),
            trace_id=self._ctx.trace_id(),
        )


def _all(names: Sequence[MemberName], standing: Standing, reason: str) -> dict[MemberName, Ballot]:
    return {name: Ballot(name, standing, reason=reason) for name in names}
