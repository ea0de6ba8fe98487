"""The plugin: gathers prices, estimates now and then in a worker thread, and renews its advice at every change."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from plugins.domain import (
    Account,
    Candle,
    Outcome,
    OutcomeCode,
    PortfolioAdvice,
    Position,
    Side,
    Universe,
    candles_of,
)
from plugins.portfolio_balancer.advising import advice, book_of
from plugins.portfolio_balancer.condition import Standing, health_of
from plugins.portfolio_balancer.estimate import NOTHING, Estimate, estimated
from plugins.portfolio_balancer.kinds import KINDS
from plugins.portfolio_balancer.prices import Prices
from plugins.portfolio_balancer.settings import PortfolioBalancerSettings
from plugins.processor import PATIENCE, done_in_thread
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Gap,
    Health,
    NotReady,
    Plugin,
    action,
    every,
    hookimpl,
)

Ctx = Context[PortfolioBalancerSettings]

HISTORY_TIMEOUT_S = 5.0


class PortfolioBalancer(Plugin[PortfolioBalancerSettings]):
    """Advises on the book as a whole; what is advised is bound to happen only when its autonomy is enforced."""

    reads: ClassVar[list[type[Any]]] = [Candle, Position, Account]
    optional_reads: ClassVar[list[type[Any]]] = [Universe, Outcome]
    writes: ClassVar[list[type[Any]]] = [PortfolioAdvice]
    calls: ClassVar[list[str]] = ["feed.coverage", "feed.history"]
    area = "core trading"
    cadence_s = 10.0

    def __init__(self) -> None:
        self._prices: Prices | None = None
        self._estimate: Estimate = NOTHING
        self._estimated_s: float | None = None
        self._failure = ""
        self._account: Account | None = None
        self._positions: dict[str, Position] = {}
        self._symbols: set[str] = set()
        self._said: PortfolioAdvice | None = None
        self._said_s = float("-inf")
        self._tried_s = float("-inf")
        self._lost = False

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Read the history, estimate once, then follow prices and positions."""
        settings = ctx.settings
        self._prices = Prices(settings.return_minutes, settings.kept_returns)
        async with ctx.subscribe(Candle, Position, Account, Universe, Outcome, gaps=True) as news:
            await self._read_history(ctx, self._prices)
            ctx.ready()  # the first estimate loads libraries for seconds; until it is there everything is one bet
            await self._estimate_anew(ctx)
            async for message in news:
                if self._hear(ctx, message):
                    await self._say(ctx)

    @every(1.0)
    async def renew(self, ctx: Ctx) -> None:
        """Say the advice again before it gets old."""
        if ctx.now() - self._said_s >= ctx.settings.renew_s:
            await self._say(ctx)

    @every(1.0, timeout_s=300.0)
    async def estimate(self, ctx: Ctx) -> None:
        """Estimate anew when it is time, after fetching what was missed."""
        if ctx.now() - self._tried_s < ctx.settings.estimate_s or self._prices is None:
            return
        if self._lost:
            try:
                await self._read_history(ctx, self._prices)
                self._lost = False
            except NotReady as error:
                ctx.log.warning("prices that were missed are fetched later", why=str(error))
        await self._estimate_anew(ctx)
        await self._say(ctx)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: advice that is in force, made from enough history, about a book within its caps."""
        return health_of(
            Standing(
                advice=self._said,
                advice_age_s=ctx.now() - self._said_s,
                renew_s=ctx.settings.renew_s,
                account_known=self._account is not None,
                positions=len(self._positions),
                returns=self._estimate.returns,
                least=ctx.settings.least_returns,
                estimate_age_s=None if self._estimated_s is None else ctx.now() - self._estimated_s,
                # One that is being made gets its own patience before the last one counts as old.
                estimate_limit_s=ctx.settings.estimate_s * 3 + PATIENCE * ctx.settings.estimate_timeout_s,
                failure=self._failure,
            )
        )

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Read the history again and estimate anew. Raises NotReady when the feed does not answer."""
        prices = self._prices = Prices(ctx.settings.return_minutes, ctx.settings.kept_returns)
        await self._read_history(ctx, prices)
        await self._estimate_anew(ctx)
        return f"read the history of {len(prices.symbols)} symbols again, for {finding.code}"

    @action(command="portfolio", help="how positions move together, what is at stake, and what is advised")
    async def portfolio(self, _: Ctx, symbol: str = "") -> dict[str, Any]:
        """The book, the clusters and the advice, of all symbols or one."""
        said = self._said
        if said is None:
            raise NotReady("no advice has been given yet: the account is not known", retry_after_s=1.0)
        wanted = [symbol] if symbol else sorted(self._positions)
        return {
            "reason": said.reason,
            "enforced": said.enforced,
            **said.figures,
            "reductions": said.reductions,
            "symbols": {name: self._shown(said, name) for name in wanted},
        }

    # --- hearing ----------------------------------------------------------------------------------

    def _hear(self, ctx: Ctx, message: object) -> bool:
        """Take a message; True when the advice changes by it at once."""
        match message:
            case Candle() if self._prices is not None:
                self._prices.add([message])
                self._symbols.add(message.symbol)
                ctx.progress("candles", data_as_of=message.closed_at)
            case Position():
                return self._hold(message)
            case Account():
                first, self._account = self._account is None, message
                return first
            case Universe():
                self._symbols.update(message.symbols)
            case Outcome() if message.code is OutcomeCode.FILLED:
                self._note_withheld_veto(ctx, message)
            case Gap():
                self._lost = True
        return False

    def _hold(self, position: Position) -> bool:
        """Whether the position is another than before; a new mark price can wait for the next renewal."""
        before = self._positions.pop(position.symbol, None)
        if not position.quantity:
            return before is not None
        self._positions[position.symbol] = position
        return before is None or (before.side, before.quantity) != (position.side, position.quantity)

    def _note_withheld_veto(self, ctx: Ctx, outcome: Outcome) -> None:
        """An entry that was made although it was advised against, because the advice does not bind."""
        if self._said is None or self._said.enforced:
            return
        vetoes = {side.value: entry.veto for side in Side if (entry := self._said.entry(outcome.symbol, side))}
        if all(vetoes.values()) and vetoes:
            ctx.would_have(f"refused the entry in {outcome.symbol}", signal=outcome.signal_id, **vetoes)

    # --- estimating -------------------------------------------------------------------------------

    async def _read_history(self, ctx: Ctx, prices: Prices) -> None:
        try:
            for symbol in await ctx.call("feed.coverage", timeout_s=HISTORY_TIMEOUT_S):
                answer = await ctx.call("feed.history", {"symbol": symbol, "limit": 1500}, timeout_s=HISTORY_TIMEOUT_S)
                prices.add(candles_of(answer))
                self._symbols.add(symbol)
        except (CallFailed, CallUnanswered) as error:
            raise NotReady(f"the feed does not give its history: {error}", retry_after_s=1.0) from error

    async def _estimate_anew(self, ctx: Ctx) -> None:
        """Estimate in a worker thread, within its deadline; what was known stays in force when that fails."""
        settings, self._tried_s = ctx.settings, ctx.now()
        if self._prices is None:
            return
        work = partial(
            estimated, self._prices.returns(), least=settings.least_returns, cap=settings.maximum_correlation
        )
        try:
            self._estimate = await done_in_thread(work, settings.estimate_timeout_s)
        except (TimeoutError, ArithmeticError, ValueError) as error:
            self._failure = str(error) or f"no result within {settings.estimate_timeout_s:g} s of its own work"
            ctx.log.warning("correlations could not be estimated", why=self._failure)
            return
        self._failure, self._estimated_s = "", ctx.now()
        ctx.progress("estimates")

    # --- saying -----------------------------------------------------------------------------------

    async def _say(self, ctx: Ctx) -> None:
        book = book_of(self._account, self._positions) if self._account is not None else None
        if book is None:
            return  # what cannot be measured is not advised on, and what was said expires
        settings = ctx.settings
        said = advice(
            book,
            self._symbols,
            self._estimate,
            settings.limits,
            over=settings.reduce_over,
            enforced=ctx.autonomy.acts,
            at=ctx.market_now(),
        )
        if not said.enforced:
            for cut in said.reductions:
                ctx.would_have(f"reduced {cut.symbol}", share=str(cut.share), reason=cut.reason)
        await ctx.publish(said)
        self._said, self._said_s = said, ctx.now()
        ctx.progress("advice")

    def _shown(self, said: PortfolioAdvice, symbol: str) -> dict[str, Any]:
        return {
            "long": said.entry(symbol, Side.LONG),
            "short": said.entry(symbol, Side.SHORT),
            "daily_volatility": f"{self._estimate.daily(symbol):.4f}",
            "moves_with": sorted(self._estimate.together(symbol) - {symbol}),
        }
