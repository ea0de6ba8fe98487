"""Signals: inserted before they are published, ended exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Float, Row, String, and_, cast, delete, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.domain import Outcome, OutcomeCode, Signal, Source, View, Vote
from plugins.store.rows import Funnel, Miss, SignalRow
from plugins.store.tables import SignalTable
from plugins.store.unbroken import unbroken
from plugins.store.writer import Writer
from plugins.store.writing import CHUNK, inserted_once, reading, table_of

SIGNALS = table_of(SignalTable)
COLUMNS = SIGNALS.c
SOUND = and_(COLUMNS.view.in_([*View]), COLUMNS.source.in_([*Source]))
"""Rows that are signals. Another writer may have put others there: they must not stop those who read the rest."""

_VOTES = TypeAdapter(tuple[Vote, ...])


@dataclass(frozen=True, slots=True)
class Swept:
    """How many unfinished signals a sweep ended, and as what."""

    abandoned: int
    expired: int


class Signals:
    """The table `signals`. Inserting is for `models`, ending for `executor`."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    async def insert_many(self, signals: Iterable[Signal]) -> int:
        """Store signals in one transaction; those already there stay as they are. Says how many were new."""
        rows = [_columns_of(signal) for signal in signals]
        if not rows:
            return 0
        return await self._writer.run(lambda connection: inserted_once(connection, SIGNALS, rows))

    async def set_outcome(
        self,
        outcome: Outcome,
        *,
        had: Decimal | None = None,
        needed: Decimal | None = None,
        record: Mapping[str, Any] | None = None,
    ) -> bool:
        """End a signal; False when it had ended before (nothing is changed) or is not there.

        `had` and `needed` are the figures of the gate that refused it, for the nearest misses;
        `record` holds every number that went into an order.
        """
        statement = (
            update(SIGNALS)
            .where(COLUMNS.id == outcome.signal_id, COLUMNS.outcome_code.is_(None))
            .values(
                outcome_code=outcome.code.value,
                outcome_sentence=outcome.sentence,
                outcome_at=outcome.at,
                intent_id=outcome.intent_id,
                outcome_trace_id=outcome.trace_id,
                had=had,
                needed=needed,
                record=dict(record) if record is not None else None,
            )
        )
        return await self._writer.run(lambda connection: connection.execute(statement).rowcount == 1)

    @unbroken
    async def get(self, signal_id: str) -> SignalRow | None:
        """One signal by id."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(SIGNALS).where(COLUMNS.id == signal_id))).one_or_none()
        return _row_of(row) if row is not None else None

    @unbroken
    async def unfinished(self, *, made_before: datetime, limit: int = 1000) -> list[SignalRow]:
        """Signals without an outcome made before a wall time, oldest first."""
        statement = (
            select(SIGNALS)
            .where(COLUMNS.outcome_code.is_(None), COLUMNS.made_at < made_before, SOUND)
            .order_by(COLUMNS.made_at)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return [_row_of(row) for row in await connection.execute(statement)]

    @unbroken
    async def unsound(self) -> list[dict[str, Any]]:
        """Rows as they stand, plain, that are no signals."""
        every = select(*(cast(column, String).label(column.key) for column in COLUMNS)).where(not_(SOUND))
        async with reading(self._engine) as connection:
            return [dict(row) for row in (await connection.execute(every)).mappings()]

    @staticmethod
    async def remove_from(connection: AsyncConnection, ids: Sequence[str]) -> None:
        """Delete rows inside the caller's transaction."""
        for start in range(0, len(ids), CHUNK):
            await connection.execute(delete(SIGNALS).where(COLUMNS.id.in_(ids[start : start + CHUNK])))

    @unbroken
    async def latest(self, *, limit: int = 100, symbol: str | None = None) -> list[SignalRow]:
        """The newest signals first."""
        statement = select(SIGNALS).where(SOUND).order_by(COLUMNS.made_at.desc()).limit(limit)
        if symbol is not None:
            statement = statement.where(COLUMNS.symbol == symbol)
        async with reading(self._engine) as connection:
            return [_row_of(row) for row in await connection.execute(statement)]

    @unbroken
    async def entered_since(self, since: datetime) -> list[Signal]:
        """Signals from the market time `since` on that became positions, oldest first."""
        statement = (
            select(SIGNALS)
            .where(COLUMNS.outcome_code == OutcomeCode.FILLED.value, COLUMNS.market_at >= since)
            .order_by(COLUMNS.market_at)
        )
        async with reading(self._engine) as connection:
            return [_row_of(row).signal for row in await connection.execute(statement)]

    @unbroken
    async def known(self, ids: Iterable[str]) -> set[str]:
        """Which of these signal ids are stored."""
        async with reading(self._engine) as connection:
            return set((await connection.execute(select(COLUMNS.id).where(COLUMNS.id.in_(list(ids))))).scalars())

    @unbroken
    async def sweep_unfinished(
        self, older_than: datetime, *, started_at: datetime, market_now: datetime, at: datetime
    ) -> Swept:
        """End what expired without being judged, among signals made before the wall time `older_than`.

        Made before `started_at` (when the judging executor began): `abandoned_by_restart`, since:
        `expired_unseen`. What has not expired stays open, to be judged yet. An entry that went out before
        the crash should be looked up through `unfinished` and ended truthfully first.
        """
        old = and_(COLUMNS.outcome_code.is_(None), COLUMNS.made_at < older_than, COLUMNS.expires_at < market_now)
        before_start = and_(old, COLUMNS.made_at < started_at)
        expired = and_(old, COLUMNS.made_at >= started_at)
        return Swept(
            abandoned=await self._end(
                before_start,
                OutcomeCode.ABANDONED_BY_RESTART,
                "it expired while the executor was down",
                at,
            ),
            expired=await self._end(expired, OutcomeCode.EXPIRED_UNSEEN, "it expired before anybody looked at it", at),
        )

    async def _end(self, which: ColumnElement[bool], code: OutcomeCode, sentence: str, at: datetime) -> int:
        values = {"outcome_code": code.value, "outcome_sentence": sentence, "outcome_at": at}
        async with self._engine.begin() as connection:
            return (await connection.execute(update(SIGNALS).where(which).values(**values))).rowcount

    @unbroken
    async def funnel(self, since: datetime, until: datetime, *, nearest: int = 5) -> Funnel:
        """Signals made in [since, until) by outcome, with the nearest misses of all gates that measure."""
        window = and_(COLUMNS.made_at >= since, COLUMNS.made_at < until)
        counts = select(COLUMNS.outcome_code, func.count()).where(window).group_by(COLUMNS.outcome_code)
        had, needed = cast(COLUMNS.had, Float), cast(COLUMNS.needed, Float)
        # Ranked roughly by the database, which has no exact sums, and exactly here: few rows leave it, not thousands.
        roughly = func.abs(needed - had) / func.nullif(func.abs(needed), 0.0)
        missed = (
            select(SIGNALS)
            .where(window, COLUMNS.had.is_not(None), COLUMNS.needed.is_not(None))
            .order_by(func.coalesce(roughly, func.abs(had)), COLUMNS.id)
            .limit(2 * nearest)
        )
        async with reading(self._engine) as connection:
            by_code: dict[str | None, int] = {row[0]: row[1] for row in await connection.execute(counts)}
            misses = [_miss_of(row) for row in await connection.execute(missed)]
        unfinished = by_code.pop(None, 0)
        ended = {OutcomeCode(code): count for code, count in by_code.items() if code is not None}
        misses.sort(key=lambda miss: (miss.shortfall, miss.signal_id))
        return Funnel(since, until, unfinished + sum(ended.values()), unfinished, ended, tuple(misses[:nearest]))

    @unbroken
    async def count(self) -> int:
        """How many signals are stored."""
        async with reading(self._engine) as connection:
            return int((await connection.execute(select(func.count()).select_from(SIGNALS))).scalar_one())


def _columns_of(signal: Signal) -> dict[str, Any]:
    return {
        "id": signal.id,
        "symbol": signal.symbol,
        "view": signal.view.value,
        "confidence": signal.confidence,
        "source": signal.source.value,
        "price": signal.price,
        "made_at": signal.made_at,
        "market_at": signal.market_at,
        "expires_at": signal.expires_at,
        "features": signal.features,
        "trace_id": signal.trace_id,
        "votes": _VOTES.dump_python(signal.votes, mode="json") if signal.votes else None,
        "agreement": signal.agreement,
        "feature_hash": signal.feature_hash or None,
    }


def _row_of(row: Row[Any]) -> SignalRow:
    signal = Signal(
        id=row.id,
        symbol=row.symbol,
        view=View(row.view),
        confidence=row.confidence,
        source=Source(row.source),
        price=row.price,
        made_at=row.made_at,
        market_at=row.market_at,
        expires_at=row.expires_at,
        features=row.features,
        trace_id=row.trace_id,
        votes=_VOTES.validate_python(row.votes or ()),
        agreement=row.agreement,
        feature_hash=row.feature_hash or "",
    )
    return SignalRow(
        signal=signal,
        outcome=OutcomeCode(row.outcome_code) if row.outcome_code is not None else None,
        sentence=row.outcome_sentence,
        outcome_at=row.outcome_at,
        intent_id=row.intent_id,
        had=row.had,
        needed=row.needed,
        record=row.record,
    )


def _miss_of(row: Row[Any]) -> Miss:
    return Miss(
        signal_id=row.id,
        symbol=row.symbol,
        code=OutcomeCode(row.outcome_code),
        had=row.had,
        needed=row.needed,
        sentence=row.outcome_sentence,
        made_at=row.made_at,
    )
