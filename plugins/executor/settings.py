"""The executor's settings; defaults are the original system's where it had one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, SecretStr

from plugins.executor.world import Rules
from plugins.store import DatabaseUrl
from qtcore import Settings, means


class ExecutorSettings(Settings):
    """`cooldown_s` is market time, all else real seconds. How much is risked is the risk manager's business."""

    database_url: DatabaseUrl = Field(default=SecretStr(""), description="default: quantum.db in the home folder")
    positions: PositiveInt = Field(default=4, description="open at once", json_schema_extra=means("limit.positions"))
    cooldown_s: NonNegativeFloat = Field(default=300.0, description="between two entries in one symbol, market time")
    side_cooldown_s: NonNegativeFloat = Field(
        default=900.0, description="between two entries in one symbol on one side, market time"
    )
    entries_per_day: PositiveInt = Field(
        default=6,
        description="in one symbol, within 24 h of market time",
        json_schema_extra=means("limit.trades_per_symbol_and_day"),
    )
    funding_limit: Decimal = Field(
        default=Decimal("0.001"), gt=0, description="share of the notional that the next settlement may cost"
    )
    verdicts_required: bool = Field(default=False, description="no entry without the model supervisor's word")
    portfolio_required: bool = Field(default=False, description="no entry without the portfolio balancer's word")
    trend_tolerance: Decimal = Field(default=Decimal("0.02"), ge=0, description="distance from EMA-200")
    account_age_s: PositiveFloat = Field(default=10.0, json_schema_extra=means(judges="exchange.reconcile_s"))
    mark_age_s: PositiveFloat = Field(
        default=10.0, description="at least; a slower market time is allowed for", json_schema_extra=means(judges=1.0)
    )
    gather_s: NonNegativeFloat = Field(default=0.003, description="signals within this time are ranked together")
    enter_timeout_s: PositiveFloat = Field(default=8.0, description="how long the exchange may take to find the truth")
    sweep_after_s: PositiveFloat = Field(
        default=30.0,
        description="age at which an unfinished signal is closed",
        json_schema_extra=means(judges="executor.enter_timeout_s"),
    )

    @property
    def rules(self) -> Rules:
        """The same as plain values for the gates."""
        return Rules(
            positions=self.positions,
            cooldown=timedelta(seconds=self.cooldown_s),
            side_cooldown=timedelta(seconds=self.side_cooldown_s),
            entries_per_day=self.entries_per_day,
            funding_limit=self.funding_limit,
            verdicts_required=self.verdicts_required,
            portfolio_required=self.portfolio_required,
            trend_tolerance=self.trend_tolerance,
            account_age_s=self.account_age_s,
            mark_age_s=self.mark_age_s,
        )
