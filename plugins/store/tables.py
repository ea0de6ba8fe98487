"""The tables of the history, and who writes which column.

Amounts are exact decimals in quote asset unless said otherwise (TEXT in SQLite), times are UTC;
`at` columns are wall time, `market_at` columns market time.

signals     one row per signal. Written by `models` before it publishes; the columns from `outcome_code` on are
            written once by `executor`.
fills       one row per execution, unique by (symbol, venue_trade_id). `realised_pnl` and `fee` exactly as the
            venue booked them (realised_pnl before fees; fee positive when paid). Written by `database`.
positions   one row per round trip from flat to flat, open ones included. Written by `database`.
trades      one row per closed round trip: `gross_pnl` = sum of its fills' realised_pnl, `fees` = sum of fees,
            `funding` = what its settlements brought (negative when paid), `net_pnl` = gross_pnl - fees + funding.
            Written by `database`.
funding     one row per funding settlement by the venue's transaction id; `amount` negative when paid.
            Written by `database`.
equity      the account over time. Written by `database`.
notes       named remarks of `database` about the file itself (when and why it was rebuilt).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, Float, Index, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from plugins.store.columns import Money, UtcTime


class Base(DeclarativeBase):
    """Root of the tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        Decimal: Money(),
        datetime: UtcTime(),
        str: String(),
        int: Integer(),
        bool: Boolean(),
        float: Float(),
        dict[str, Any]: JSON(),
    }


class SignalTable(Base):
    """Signals and how each ended."""

    __tablename__ = "signals"
    __table_args__ = (
        Index("ix_signals_made_at", "made_at"),
        Index("ix_signals_outcome_code", "outcome_code"),
        Index("ix_signals_symbol_market_at", "symbol", "market_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    view: Mapped[str]
    confidence: Mapped[Decimal]
    source: Mapped[str]
    price: Mapped[Decimal]
    made_at: Mapped[datetime]
    market_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    features: Mapped[dict[str, Any]]
    trace_id: Mapped[str | None]
    outcome_code: Mapped[str | None]
    outcome_sentence: Mapped[str | None]
    outcome_at: Mapped[datetime | None]
    intent_id: Mapped[str | None]
    outcome_trace_id: Mapped[str | None]
    had: Mapped[Decimal | None]
    needed: Mapped[Decimal | None]
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    votes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    agreement: Mapped[float | None]
    feature_hash: Mapped[str | None]


class FillTable(Base):
    """Executions, exactly as the venue booked them."""

    __tablename__ = "fills"
    __table_args__ = (Index("ix_fills_position_id", "position_id"), Index("ix_fills_market_at", "market_at"))

    symbol: Mapped[str] = mapped_column(primary_key=True)
    venue_trade_id: Mapped[str] = mapped_column(primary_key=True)
    venue_order_id: Mapped[str]
    client_order_id: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    fee: Mapped[Decimal]
    fee_asset: Mapped[str]
    realised_pnl: Mapped[Decimal]
    maker: Mapped[bool]
    at: Mapped[datetime]
    market_at: Mapped[datetime]
    trace_id: Mapped[str | None]
    position_id: Mapped[str]


class PositionTable(Base):
    """Round trips, open and closed."""

    __tablename__ = "positions"
    __table_args__ = (Index("ix_positions_symbol", "symbol"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    entered: Mapped[Decimal]
    entry_price: Mapped[Decimal]
    exit_price: Mapped[Decimal | None]
    gross_pnl: Mapped[Decimal]
    fees: Mapped[Decimal]
    fills: Mapped[int]
    first_order_id: Mapped[str]
    last_order_id: Mapped[str]
    opened_at: Mapped[datetime]
    opened_market_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    updated_market_at: Mapped[datetime]
    closed_because: Mapped[str | None]


class TradeTable(Base):
    """Closed round trips with what they brought."""

    __tablename__ = "trades"
    __table_args__ = (Index("ix_trades_closed_at", "closed_at"),)

    position_id: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    entry_price: Mapped[Decimal]
    exit_price: Mapped[Decimal]
    gross_pnl: Mapped[Decimal]
    fees: Mapped[Decimal]
    funding: Mapped[Decimal]
    net_pnl: Mapped[Decimal]
    fills: Mapped[int]
    opened_at: Mapped[datetime]
    opened_market_at: Mapped[datetime]
    closed_at: Mapped[datetime]
    closed_market_at: Mapped[datetime]
    closed_because: Mapped[str]


class FundingTable(Base):
    """Funding settlements."""

    __tablename__ = "funding"
    __table_args__ = (Index("ix_funding_symbol_market_at", "symbol", "market_at"),)

    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    amount: Mapped[Decimal]
    asset: Mapped[str]
    market_at: Mapped[datetime]


class EquityTable(Base):
    """The account over time."""

    __tablename__ = "equity"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    market_at: Mapped[datetime]
    wallet_balance: Mapped[Decimal]
    equity: Mapped[Decimal]
    available: Mapped[Decimal]
    unrealised_pnl: Mapped[Decimal]
    positions: Mapped[int]


class NoteTable(Base):
    """Remarks about the file itself."""

    __tablename__ = "notes"

    name: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    at: Mapped[datetime]
