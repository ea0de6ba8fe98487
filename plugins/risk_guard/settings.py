"""The limits as settings; defaults are the original system's where it had one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from pydantic import Field, PositiveFloat, PositiveInt

from plugins.risk_guard.limits import Limits
from qtcore import Settings, means


class RiskGuardSettings(Settings):
    """Shares are of equity. Gross exposure is notional: 2.0 is 40 % of equity as margin at 5x.

    The day begins at midnight UTC of market time.
    """

    daily_loss: Decimal = Field(default=Decimal("0.05"), gt=0, lt=1, description="lost since the market day began")
    drawdown: Decimal = Field(default=Decimal("0.12"), gt=0, lt=1, description="fallen from the highest equity seen")
    positions: PositiveInt = Field(default=4, description="open at once", json_schema_extra=means("limit.positions"))
    gross_exposure: Decimal = Field(
        default=Decimal(2), gt=0, description="sum of notionals", json_schema_extra=means("limit.gross_exposure")
    )
    net_exposure: Decimal = Field(
        default=Decimal("1.5"),
        gt=0,
        description="long less short notional, either way",
        json_schema_extra=means("limit.net_exposure"),
    )
    notional_per_trade: Decimal = Field(
        default=Decimal(5000), gt=0, description="USDT", json_schema_extra=means("limit.notional_per_trade")
    )
    notional_per_position: Decimal = Field(default=Decimal(7500), gt=0, description="USDT, as its price has moved it")
    losses_in_a_row: PositiveInt = Field(default=5, description="round trips; then entries pause")
    pause_s: PositiveFloat = Field(default=3600.0, description="how long they pause, market time")
    round_trips_per_symbol: PositiveInt = Field(
        default=6,
        description="within 24 hours of market time",
        json_schema_extra=means("limit.trades_per_symbol_and_day"),
    )
    orders_per_minute: PositiveInt = Field(default=120, description="filled, real time; more is a machine run wild")
    entries_per_minute: PositiveInt = Field(default=30, description="approved, real time")
    account_age_s: PositiveFloat = Field(
        default=10.0,
        description="real seconds after which the account is unknown",
        json_schema_extra=means(judges="exchange.reconcile_s"),
    )
    recv_window_s: PositiveFloat = Field(
        default=2.5, description="real seconds after which a request signed before the kill is void at the venue"
    )

    @property
    def limits(self) -> Limits:
        """The same as plain values for the rules."""
        return Limits(
            daily_loss=self.daily_loss,
            drawdown=self.drawdown,
            positions=self.positions,
            gross_exposure=self.gross_exposure,
            net_exposure=self.net_exposure,
            notional_per_trade=self.notional_per_trade,
            notional_per_position=self.notional_per_position,
            losses_in_a_row=self.losses_in_a_row,
            pause=timedelta(seconds=self.pause_s),
            round_trips_per_symbol=self.round_trips_per_symbol,
            orders_per_minute=self.orders_per_minute,
            entries_per_minute=self.entries_per_minute,
            account_age_s=self.account_age_s,
        )
