"""Shared trading vocabulary: frozen types, Decimal money, enums, pure maths."""

from plugins.domain.history import Succession, at_market_ms, candle_of, candles_of, history_of, market_ms, succession
from plugins.domain.market import (
    Candle,
    Instrument,
    Mark,
    SymbolPolicy,
    TradingPolicy,
    Universe,
    VenueAddress,
)
from plugins.domain.pace import market_speed
from plugins.domain.sources import CONFIDENCE, ConfidenceScale
from plugins.domain.trading import Account, Ack, Fill, Intent, Outcome, Position, Signal, StopState
from plugins.domain.words import (
    ExitReason,
    IntentState,
    Mode,
    OutcomeCode,
    Posture,
    Purpose,
    Regime,
    Side,
    Source,
    StopStatus,
    View,
    Volatility,
)

__all__ = [
    "CONFIDENCE",
    "Account",
    "Ack",
    "Candle",
    "ConfidenceScale",
    "ExitReason",
    "Fill",
    "Instrument",
    "Intent",
    "IntentState",
    "Mark",
    "Mode",
    "Outcome",
    "OutcomeCode",
    "Position",
    "Posture",
    "Purpose",
    "Regime",
    "Side",
    "Signal",
    "Source",
    "StopState",
    "StopStatus",
    "Succession",
    "SymbolPolicy",
    "TradingPolicy",
    "Universe",
    "VenueAddress",
    "View",
    "Volatility",
    "at_market_ms",
    "candle_of",
    "candles_of",
    "history_of",
    "market_ms",
    "market_speed",
    "succession",
]
