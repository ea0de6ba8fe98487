"""The first schema: signals, fills, positions, trades, funding, equity, notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugins.store.columns import Money, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    _create_equity()
    _create_fills()
    _create_funding()
    _create_notes()
    _create_positions()
    _create_signals()
    _create_trades()


def downgrade() -> None:
    """Remove every table."""
    for table in ("equity", "fills", "funding", "notes", "positions", "signals", "trades"):
        op.drop_table(table)


def _create_equity() -> None:
    op.create_table(
        "equity",
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("market_at", UtcTime(), nullable=False),
        sa.Column("wallet_balance", Money(), nullable=False),
        sa.Column("equity", Money(), nullable=False),
        sa.Column("available", Money(), nullable=False),
        sa.Column("unrealised_pnl", Money(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_equity")),
    )


def _create_fills() -> None:
    op.create_table(
        "fills",
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("venue_trade_id", sa.String(), nullable=False),
        sa.Column("venue_order_id", sa.String(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("price", Money(), nullable=False),
        sa.Column("fee", Money(), nullable=False),
        sa.Column("fee_asset", sa.String(), nullable=False),
        sa.Column("realised_pnl", Money(), nullable=False),
        sa.Column("maker", sa.Boolean(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("market_at", UtcTime(), nullable=False),
        sa.Column("trace_id", sa.String(), nullable=True),
        sa.Column("position_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "venue_trade_id", name=op.f("pk_fills")),
    )
    op.create_index("ix_fills_market_at", "fills", ["market_at"])
    op.create_index("ix_fills_position_id", "fills", ["position_id"])


def _create_funding() -> None:
    op.create_table(
        "funding",
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("market_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_funding")),
    )
    op.create_index("ix_funding_symbol_market_at", "funding", ["symbol", "market_at"])


def _create_notes() -> None:
    op.create_table(
        "notes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notes")),
    )


def _create_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("entered", Money(), nullable=False),
        sa.Column("entry_price", Money(), nullable=False),
        sa.Column("exit_price", Money(), nullable=True),
        sa.Column("gross_pnl", Money(), nullable=False),
        sa.Column("fees", Money(), nullable=False),
        sa.Column("fills", sa.Integer(), nullable=False),
        sa.Column("first_order_id", sa.String(), nullable=False),
        sa.Column("last_order_id", sa.String(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("opened_market_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("updated_market_at", UtcTime(), nullable=False),
        sa.Column("closed_because", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
    )
    op.create_index("ix_positions_symbol", "positions", ["symbol"])


def _create_signals() -> None:
    op.create_table(
        "signals",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("confidence", Money(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("price", Money(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("market_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("trace_id", sa.String(), nullable=True),
        sa.Column("outcome_code", sa.String(), nullable=True),
        sa.Column("outcome_sentence", sa.String(), nullable=True),
        sa.Column("outcome_at", UtcTime(), nullable=True),
        sa.Column("intent_id", sa.String(), nullable=True),
        sa.Column("outcome_trace_id", sa.String(), nullable=True),
        sa.Column("had", Money(), nullable=True),
        sa.Column("needed", Money(), nullable=True),
        sa.Column("record", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
    )
    op.create_index("ix_signals_made_at", "signals", ["made_at"])
    op.create_index("ix_signals_outcome_code", "signals", ["outcome_code"])
    op.create_index("ix_signals_symbol_market_at", "signals", ["symbol", "market_at"])


def _create_trades() -> None:
    op.create_table(
        "trades",
        sa.Column("position_id", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("entry_price", Money(), nullable=False),
        sa.Column("exit_price", Money(), nullable=False),
        sa.Column("gross_pnl", Money(), nullable=False),
        sa.Column("fees", Money(), nullable=False),
        sa.Column("funding", Money(), nullable=False),
        sa.Column("net_pnl", Money(), nullable=False),
        sa.Column("fills", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("opened_market_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=False),
        sa.Column("closed_market_at", UtcTime(), nullable=False),
        sa.Column("closed_because", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position_id", name=op.f("pk_trades")),
    )
    op.create_index("ix_trades_closed_at", "trades", ["closed_at"])
