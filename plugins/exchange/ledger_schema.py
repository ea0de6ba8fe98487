"""The tables of exchange.db; `plugins.exchange.ledger` says what they mean."""

from __future__ import annotations

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    purpose TEXT NOT NULL,
    book TEXT NOT NULL,
    quantity TEXT NOT NULL,
    reduce_only INTEGER NOT NULL,
    close_position INTEGER NOT NULL,
    price TEXT,
    "trigger" TEXT,
    signal_id TEXT,
    position_id TEXT,
    reason TEXT NOT NULL,
    trace_id TEXT,
    created_at TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    sent_ms INTEGER,
    recv_window_ms INTEGER NOT NULL,
    venue_order_id TEXT,
    child_order_id TEXT,
    filled_quantity TEXT NOT NULL,
    average_price TEXT,
    code INTEGER,
    sentence TEXT NOT NULL,
    stop_status TEXT,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX intents_by_state ON intents (state);
CREATE INDEX intents_by_signal ON intents (signal_id);
CREATE INDEX intents_by_position ON intents (position_id, purpose);
CREATE INDEX intents_by_order ON intents (symbol, venue_order_id);
CREATE INDEX intents_by_child ON intents (symbol, child_order_id);
CREATE INDEX intents_by_age ON intents (created_at);

CREATE TABLE attempts (
    intent_id TEXT NOT NULL REFERENCES intents (id),
    number INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    recv_window_ms INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (intent_id, number)
) STRICT;

CREATE TABLE acks (
    sequence INTEGER PRIMARY KEY,
    intent_id TEXT NOT NULL REFERENCES intents (id),
    state TEXT NOT NULL,
    stop_status TEXT,
    venue_order_id TEXT,
    filled_quantity TEXT NOT NULL,
    average_price TEXT,
    code INTEGER,
    sentence TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX acks_by_intent ON acks (intent_id);

CREATE TABLE fills (
    sequence INTEGER PRIMARY KEY,
    symbol TEXT NOT NULL,
    venue_trade_id TEXT NOT NULL,
    venue_order_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_asset TEXT NOT NULL,
    realised_pnl TEXT NOT NULL,
    maker INTEGER NOT NULL,
    at TEXT NOT NULL,
    market_at TEXT NOT NULL,
    trace_id TEXT,
    position_id TEXT NOT NULL,
    quantity_after TEXT NOT NULL,
    closed_because TEXT,
    UNIQUE (symbol, venue_trade_id)
) STRICT;
CREATE INDEX fills_by_order ON fills (client_order_id);

CREATE TABLE income (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    amount TEXT NOT NULL,
    asset TEXT NOT NULL,
    market_at TEXT NOT NULL,
    UNIQUE (kind, transaction_id)
) STRICT;
"""
