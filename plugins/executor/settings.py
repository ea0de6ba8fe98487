"""The executor's settings; defaults are the original system's where it had one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, SecretStr

from plugins.domain import Source
from plugins.executor.world import Rules
from plugins.store import DatabaseUrl
from qtcore import Settings


class ExecutorSettings(Settings):
    """Shares are of equity, amounts in USDT; `cooldown_s` is market time, all else real seconds."""

    database_url: DatabaseUrl = Field(default=SecretStr(""), description="default: quantum.db in the home folder")
    positions: PositiveInt = Field(default=4, description="open at once")
    cooldown_s: NonNegativeFloat = Field(default=300.0, description="between two entries in one symbol, market time")
    sources: tuple[Source, ...] = Field(default=tuple(Source), description="whose signals are traded")
    trend_tolerance: Decimal = Field(default=Decimal("0.02"), ge=0, description="distance from EMA-200")
    counter_trend_confidence: Decimal = Field(default=Decimal("0.60"), ge=0, le=1)
    risk_per_trade: Decimal = Field(default=Decimal("0.01"), gt=0, le=Decimal("0.05"), description="lost at the stop")
    notional_per_trade: Decimal = Field(default=Decimal(5000), gt=0)
    margin_share: Decimal = Field(default=Decimal("0.05"), gt=0, le=1, description="margin of one trade")
    leverage: PositiveInt = Field(default=10, le=30)
    account_age_s: PositiveFloat = 10.0
    mark_age_s: PositiveFloat = Field(default=10.0, description="at least; a slower market time is allowed for")
    gather_s: NonNegativeFloat = Field(default=0.003, description="signals within this time are ranked together")
    enter_timeout_s: PositiveFloat = Field(default=8.0, description="how long the exchange may take to find the truth")
    sweep_after_s: PositiveFloat = Field(default=30.0, description="age at which an unfinished signal is closed")

    @property
    def rules(self) -> Rules:
        """The same as plain values for the gates."""
        return Rules(
            positions=self.positions,
            cooldown=timedelta(seconds=self.cooldown_s),
            sources=frozenset(self.sources),
            trend_tolerance=self.trend_tolerance,
            counter_trend_confidence=self.counter_trend_confidence,
            risk_per_trade=self.risk_per_trade,
            notional_per_trade=self.notional_per_trade,
            margin_share=self.margin_share,
            leverage=self.leverage,
            account_age_s=self.account_age_s,
            mark_age_s=self.mark_age_s,
        )
