"""What the operator may set about the auditor."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr

from plugins.auditor.view import Limits
from plugins.store import DatabaseUrl
from qtcore import Settings, means


class AuditorSettings(Settings):
    """Times are real seconds."""

    database_url: DatabaseUrl = Field(default=SecretStr(""), description="default: quantum.db in the home folder")
    look_s: PositiveFloat = Field(default=1.0, le=5, description="how often every rule looks")
    history_s: PositiveFloat = Field(default=1.0, le=10, description="how often the history is read")
    prices_s: PositiveFloat = Field(default=4.0, description="how often feed and venue are asked what things cost")
    judged_s: PositiveFloat = Field(default=10.0, description="how often it is asked what has been judged")
    call_timeout_s: PositiveFloat = Field(default=1.5, description="how long another plugin may take to answer")
    repair_again_s: PositiveFloat = Field(default=20.0, description="least time between two requests for one repair")
    positions: PositiveInt = Field(default=4, description="open at once", json_schema_extra=means("limit.positions"))
    stop_share: Decimal = Field(default=Decimal("0.2"), gt=0, lt=1, description="a stop further away is too far")
    price_share: Decimal = Field(
        default=Decimal("0.01"), gt=0, lt=1, description="feed and venue may differ by so much of the price"
    )
    interval_s: PositiveInt = Field(
        default=60, description="length of a candle", json_schema_extra=means("market.interval", market=True)
    )

    @property
    def limits(self) -> Limits:
        """The same as plain values for the rules."""
        return Limits(
            positions=self.positions,
            stop_share=self.stop_share,
            price_share=self.price_share,
            interval_s=float(self.interval_s),
        )
