"""The limits as settings; defaults are the original system's where it had one."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, PositiveFloat, PositiveInt

from plugins.risk_guard.limits import Limits
from qtcore import Settings


class RiskGuardSettings(Settings):
    """Shares are of equity. Gross exposure is notional: 2.0 is 20 % of equity as margin at 10x."""

    daily_loss: Decimal = Field(default=Decimal("0.05"), gt=0, lt=1, description="lost since the market day began")
    drawdown: Decimal = Field(default=Decimal("0.12"), gt=0, lt=1, description="fallen from the highest equity seen")
    positions: PositiveInt = Field(default=4, description="open at once")
    gross_exposure: Decimal = Field(default=Decimal(2), gt=0, description="sum of notionals")
    notional_per_trade: Decimal = Field(default=Decimal(5000), gt=0, description="USDT")
    account_age_s: PositiveFloat = Field(default=10.0, description="real seconds after which the account is unknown")

    @property
    def limits(self) -> Limits:
        """The same as plain values for the rules."""
        return Limits(
            daily_loss=self.daily_loss,
            drawdown=self.drawdown,
            positions=self.positions,
            gross_exposure=self.gross_exposure,
            notional_per_trade=self.notional_per_trade,
            account_age_s=self.account_age_s,
        )
