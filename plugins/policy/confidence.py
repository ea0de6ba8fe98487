"""How sure a signal must be, as settings; the only place that holds a threshold of confidence."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from qtcore import Settings

Share = Annotated[Decimal, Field(ge=0, le=1)]


class ConfidenceSettings(Settings):
    """Least confidence of a signal by regime, within the bounds that the original meant for each."""

    trending: Decimal = Field(default=Decimal("0.32"), ge=Decimal("0.20"), le=Decimal("0.50"))
    ranging: Decimal = Field(default=Decimal("0.40"), ge=Decimal("0.25"), le=Decimal("0.55"))
    normal: Decimal = Field(default=Decimal("0.38"), ge=Decimal("0.22"), le=Decimal("0.52"))
    floor: Share = Decimal("0.30")
    ceiling: Share = Decimal("0.60")
    least: Share = Field(default=Decimal(0), description="whatever the table says, never less than this")
    counter_trend: Share = Field(default=Decimal("0.60"), description="of a signal against a clear trend")

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError("floor must not be above ceiling")
        return self
