"""What the operator may set; the values are the original system's."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, PositiveFloat, model_validator

from plugins.trailing_stop.stages import Stages
from qtcore import Settings, means

Share = Annotated[Decimal, Field(gt=0, lt=1)]


class TrailingStopSettings(Settings):
    """Shares are of the entry price; `every_s` is market time."""

    every_s: PositiveFloat = Field(
        default=10.0,
        description="market seconds between two looks, at least 2 real ones",
        json_schema_extra=means(market=True, least_s=0.5),
    )
    trail_from: Share = Field(default=Decimal("0.005"), description="best profit from which the stop follows")
    trail: Share = Field(default=Decimal("0.015"), description="how far behind the best price")
    even_from: Share = Field(default=Decimal("0.015"), description="best profit from which the entry is kept")
    costs: Share = Field(default=Decimal("0.001"), description="fees of both ways, kept with the entry")
    lock_from: Share = Field(default=Decimal("0.03"), description="best profit from which a part of it is kept")
    lock_share: Share = Field(default=Decimal("0.5"), description="the part of the best profit that is kept")
    near_from: Share = Field(default=Decimal("0.05"), description="best profit from which the stop follows nearer")
    near: Share = Field(default=Decimal("0.01"), description="how far behind the best price it then is")
    least_step: Share = Field(default=Decimal("0.001"), description="smaller steps are not worth an order")
    room: Share = Field(default=Decimal("0.0005"), description="nearest that a stop may be to the mark price")
    mark_age_s: PositiveFloat = Field(
        default=10.0,
        description="real seconds after which a mark price is too old",
        json_schema_extra=means(judges=1.0, judges_market=True),
    )
    call_timeout_s: PositiveFloat = Field(default=6.0, description="how long the exchange may take for one stop")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.trail_from <= self.even_from <= self.lock_from <= self.near_from:
            raise ValueError("the stages must follow each other: trail_from <= even_from <= lock_from <= near_from")
        if self.costs >= self.even_from:
            raise ValueError("costs must be below even_from, or the stop would stand beyond the price")
        return self

    @property
    def stages(self) -> Stages:
        """The same as plain values for the rules."""
        return Stages(**{name: getattr(self, name) for name in Stages.__dataclass_fields__})
