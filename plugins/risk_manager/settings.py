"""What one trade may use; defaults are the original system's where it had one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import Field, PositiveFloat, PositiveInt

from plugins.domain import RiskBudget
from qtcore import Settings, means


class RiskManagerSettings(Settings):
    """Shares are of equity, amounts in USDT."""

    risk_per_trade: Decimal = Field(default=Decimal("0.01"), gt=0, le=Decimal("0.05"), description="lost at the stop")
    notional_per_trade: Decimal = Field(
        default=Decimal(5000), gt=0, json_schema_extra=means("limit.notional_per_trade")
    )
    margin_share: Decimal = Field(default=Decimal("0.10"), gt=0, le=1, description="margin of one trade")
    leverage: PositiveInt = Field(
        default=5,
        le=30,
        description="the same as the exchange sets at the venue",
        json_schema_extra=means("venue.leverage"),
    )
    gross_exposure: Decimal = Field(
        default=Decimal(2),
        gt=0,
        description="notional of all positions, of equity",
        json_schema_extra=means("limit.gross_exposure"),
    )
    liquidation_share: Decimal = Field(
        default=Decimal("0.5"), gt=0, lt=1, description="the stop's distance, at most this part of liquidation's"
    )
    tolerance: Decimal = Field(
        default=Decimal("1.5"), ge=1, description="a position may lose this many times its risk at its stop"
    )
    account_age_s: PositiveFloat = Field(
        default=10.0,
        description="real seconds after which the account is old",
        json_schema_extra=means(judges="exchange.reconcile_s"),
    )

    def budget(self, at: datetime) -> RiskBudget:
        """The caps as everybody reads them."""
        return RiskBudget(
            risk_share=self.risk_per_trade,
            notional=self.notional_per_trade,
            margin_share=self.margin_share,
            gross_exposure=self.gross_exposure,
            leverage=self.leverage,
            liquidation_share=self.liquidation_share,
            at=at,
        )
