"""The closed sets of trading words."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What world the application acts on."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


class Posture(StrEnum):
    """What the application may do now, loosest first."""

    NORMAL = "normal"
    NO_ENTRIES = "no_entries"
    REDUCE_ONLY = "reduce_only"
    FLATTEN = "flatten"
    HANDS_OFF = "hands_off"


class Side(StrEnum):
    """Direction of a position or of a trade."""

    LONG = "long"
    SHORT = "short"

    @property
    def opposite(self) -> Side:
        """The other direction."""
        return Side.SHORT if self is Side.LONG else Side.LONG

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Side.LONG else -1


class View(StrEnum):
    """What a signal says about a symbol."""

    LONG = "long"
    SHORT = "short"
    NEUTRAL = "neutral"


class Source(StrEnum):
    """Who made a signal; a rule is never dressed up as a model."""

    RSI_RULE = "rsi_rule"
    ENSEMBLE = "ensemble"


class MemberName(StrEnum):
    """The trained models whose votes the ensemble weighs."""

    XGBOOST = "xgboost"
    LIGHTGBM = "lightgbm"
    N_HITS = "n_hits"
    PATCHTST = "patchtst"


class Standing(StrEnum):
    """Whether a member's vote counts, and if not, why; one that does not count leaves the denominator."""

    VOTED = "voted"
    NOT_INSTALLED = "not_installed"
    NOT_TRAINED = "not_trained"
    UNUSABLE = "unusable"
    STALE = "stale"
    LATE = "late"
    NO_COVERAGE = "no_coverage"
    DEGENERATE = "degenerate"
    NO_WEIGHT = "no_weight"


class Tier(StrEnum):
    """How well a symbol can be traded, best first."""

    CORE = "core"
    EXPANSION = "expansion"
    CONDITIONAL = "conditional"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Tier).index(self)


class Regime(StrEnum):
    """How a market moves."""

    TRENDING = "trending"
    RANGING = "ranging"
    NORMAL = "normal"
    UNKNOWN = "unknown"


class Volatility(StrEnum):
    """How much a market moves."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    EXTREME = "extreme"
    UNKNOWN = "unknown"


class EntryStyle(StrEnum):
    """How an entry is sent; a limit order that does not fill until its deadline is cancelled first."""

    MARKET = "market"
    LIMIT_THEN_MARKET = "limit_then_market"
    LIMIT_THEN_SKIP = "limit_then_skip"


class ExitStyle(StrEnum):
    """How a position is led: a quick profit, as long as the trend holds, or closely guarded."""

    FAST_TAKE_PROFIT = "fast_take_profit"
    TREND_FOLLOW = "trend_follow"
    DEFENSIVE_TRAIL = "defensive_trail"


class Purpose(StrEnum):
    """Why an order exists; a `stop_limit` stands in front of the stop that guards the position."""

    ENTRY = "entry"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    EXIT = "exit"


class ExitReason(StrEnum):
    """Why a position was closed."""

    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    OPPOSITE_SIGNAL = "opposite_signal"
    NEUTRAL_SIGNAL = "neutral_signal"
    MAXIMUM_AGE = "maximum_age"
    UNPROTECTED = "unprotected"
    STOP_OVERDUE = "stop_overdue"
    FUNDING = "funding"
    RE_EVALUATION = "re_evaluation"
    PORTFOLIO = "portfolio"
    FLATTEN = "flatten"
    OPERATOR = "operator"
    LIQUIDATION = "liquidation"
    UNKNOWN = "unknown"


class IntentState(StrEnum):
    """What is known about an intent; `unknown` is resolved only by proof."""

    RECORDED = "recorded"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    NEVER_HAPPENED = "never_happened"
    UNKNOWN = "unknown"


class OutcomeCode(StrEnum):
    """How a signal ended; each signal ends in exactly one."""

    FILLED = "filled"
    NEUTRAL = "neutral"
    POSTURE = "blocked_posture"
    KILL_SWITCH = "blocked_kill_switch"
    UNIVERSE = "blocked_universe"
    POLICY = "blocked_policy"
    SOURCE = "blocked_source"
    CONFIDENCE = "blocked_confidence"
    TREND = "blocked_trend"
    COOLDOWN = "blocked_cooldown"
    POSITION_HELD = "blocked_position_held"
    OPPOSITE_HELD = "blocked_opposite_held"
    SLOTS_FULL = "blocked_slots_full"
    SIZE = "blocked_size"
    CHURN = "blocked_churn"
    MODEL = "blocked_model"
    PORTFOLIO = "blocked_portfolio"
    FUNDING = "blocked_funding"
    LIMIT_UNFILLED = "limit_unfilled"
    RISK_GUARD = "blocked_risk_guard"
    DATA_MISSING = "blocked_data_missing"
    STALE_DATA = "blocked_stale_data"
    MODE = "blocked_mode"
    LEASE = "blocked_lease"
    ORDER_REFUSED = "order_refused"
    ORDER_UNKNOWN = "order_unknown"
    STOP_REFUSED = "stop_refused"
    EXPIRED = "expired"
    EXPIRED_UNSEEN = "expired_unseen"
    ABANDONED_BY_RESTART = "abandoned_by_restart"
    ERROR = "error"


class StopStatus(StrEnum):
    """Life of a protective stop; triggered is not filled."""

    PLACING = "placing"
    LIVE = "live"
    TRIGGERING = "triggering"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    MISSING = "missing"
