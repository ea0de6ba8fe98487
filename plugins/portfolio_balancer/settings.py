"""The caps of the book and how it is measured; defaults are the original system's where it had one."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from plugins.portfolio_balancer.limits import Limits
from qtcore import Settings, means


class PortfolioBalancerSettings(Settings):
    """Exposures are of equity; times are real seconds unless they say otherwise."""

    maximum_correlation: float = Field(default=0.7, gt=0, lt=1, description="from here on two positions are one bet")
    same_bet: PositiveInt = Field(default=2, description="positions that may be one bet, the new one included")
    cluster_exposure: PositiveFloat = Field(default=1.0, description="net notional of symbols that move together")
    symbol_exposure: PositiveFloat = Field(default=0.6, description="notional of one symbol")
    net_exposure: PositiveFloat = Field(
        default=1.5,
        description="long less short notional, either way",
        json_schema_extra=means("limit.net_exposure", within=True),
    )
    gross_exposure: PositiveFloat = Field(
        default=2.0,
        description="notional of everything",
        json_schema_extra=means("limit.gross_exposure", within=True),
    )
    daily_volatility: PositiveFloat = Field(default=0.10, description="one standard deviation of the book in a day")
    reduce_over: float = Field(default=1.1, ge=1, description="a cap is cut back to once the book is this far over it")
    least_room: PositiveFloat = Field(default=10.0, description="USDT under which there is no room")
    return_minutes: PositiveInt = Field(default=5, description="market minutes between the prices compared")
    least_returns: int = Field(default=60, ge=20, description="fewer say nothing about how symbols move together")
    kept_returns: int = Field(default=1000, ge=60, description="how far the comparison looks back")
    estimate_s: PositiveFloat = Field(
        default=30.0, description="how often correlations are estimated anew", json_schema_extra=means(least_s=1.0)
    )
    estimate_timeout_s: PositiveFloat = Field(
        default=20.0,
        description="processor seconds after which an estimate is given up; it may wait for them six times as long",
    )
    renew_s: PositiveFloat = Field(
        default=10.0,
        le=20,
        description="how often the advice is said again at least",
        json_schema_extra=means(least_s=0.2),
    )

    @property
    def limits(self) -> Limits:
        """The caps as plain values."""
        return Limits(
            correlation=self.maximum_correlation,
            same_bet=self.same_bet,
            cluster=self.cluster_exposure,
            symbol=self.symbol_exposure,
            net=self.net_exposure,
            gross=self.gross_exposure,
            volatility=self.daily_volatility,
            least_room=self.least_room,
        )
