"""The tables of `venue.db`. Anybody may read them; only the venue writes."""

APPLICATION_ID = 0x71747665
"""Says that a SQLite file is a venue's ledger ("qtve")."""

SCHEMA_VERSION = 1

TABLES = """
CREATE TABLE venue (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    market TEXT NOT NULL,
    wallet TEXT NOT NULL,
    next_id INTEGER NOT NULL,
    bar_open_ms INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    market_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    price TEXT NOT NULL,
    quantity TEXT NOT NULL,
    reduce_only INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    executed TEXT NOT NULL,
    quote TEXT NOT NULL,
    price_match TEXT NOT NULL,
    algo_id INTEGER,
    origin_type TEXT NOT NULL,
    stop_price TEXT NOT NULL,
    close_position INTEGER NOT NULL,
    working_type TEXT NOT NULL
) STRICT;
CREATE INDEX orders_by_client ON orders (client_id);
CREATE INDEX orders_by_symbol ON orders (symbol, order_id);
CREATE INDEX orders_open ON orders (status) WHERE status IN ('NEW', 'PARTIALLY_FILLED');

CREATE TABLE algos (
    algo_id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    trigger_price TEXT NOT NULL,
    price TEXT NOT NULL,
    quantity TEXT NOT NULL,
    working_type TEXT NOT NULL,
    reduce_only INTEGER NOT NULL,
    close_position INTEGER NOT NULL,
    price_protect INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    price_match TEXT NOT NULL,
    order_id INTEGER,
    triggered_ms INTEGER NOT NULL,
    executed TEXT NOT NULL,
    average_price TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX algos_by_client ON algos (client_id);
CREATE INDEX algos_by_symbol ON algos (symbol, algo_id);
CREATE INDEX algos_live ON algos (status) WHERE status IN ('NEW', 'TRIGGERING', 'TRIGGERED');

CREATE TABLE fills (
    trade_id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    price TEXT NOT NULL,
    quantity TEXT NOT NULL,
    quote TEXT NOT NULL,
    commission TEXT NOT NULL,
    realized TEXT NOT NULL,
    maker INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX fills_by_symbol ON fills (symbol, at_ms);
CREATE INDEX fills_by_order ON fills (order_id);

CREATE TABLE incomes (
    income_id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    symbol TEXT NOT NULL,
    amount TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    trade_id INTEGER
) STRICT;
CREATE INDEX incomes_by_time ON incomes (at_ms);

CREATE TABLE positions (
    symbol TEXT PRIMARY KEY,
    quantity TEXT NOT NULL,
    cost TEXT NOT NULL,
    realized TEXT NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE leverage (
    symbol TEXT PRIMARY KEY,
    leverage INTEGER NOT NULL
) STRICT;

CREATE TABLE prices (
    symbol TEXT PRIMARY KEY,
    last TEXT NOT NULL,
    previous TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE listen_keys (
    key TEXT PRIMARY KEY,
    expires_wall_ms INTEGER NOT NULL
) STRICT;
"""
