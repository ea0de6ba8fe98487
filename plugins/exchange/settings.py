"""What the operator may set about the door to the venue."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from qtcore import Settings


class ExchangeSettings(Settings):
    """Times are real seconds: the venue's clocks for requests are."""

    address_timeout_s: PositiveFloat = Field(default=20.0, description="how long to wait for the venue's address")
    order_timeout_s: PositiveFloat = Field(default=3.0, description="after this a request's outcome is unclear")
    recv_window_ms: int = Field(default=2000, ge=200, le=5000, description="a signed request older than this is void")
    resolve_s: PositiveFloat = Field(default=8.0, description="how long an action may look for proof before answering")
    reconcile_s: float = Field(default=4.0, gt=0, le=5.0, description="at least this often the venue is asked for all")
    sweep_s: PositiveFloat = Field(default=30.0, description="how often all symbols and the income are gone through")
    hint_delay_s: PositiveFloat = Field(default=0.15, description="how long hints of the user stream are gathered")
    leverage: int = Field(default=5, ge=1, le=30, description="set for a symbol before its first entry")
    working_type: Literal["MARK_PRICE", "CONTRACT_PRICE"] = Field(
        default="MARK_PRICE", description="the price that stops watch; everything else here judges by the mark too"
    )
    weight_limit: PositiveInt | None = Field(
        default=None, description="request weight to use in a minute at most; default: what the venue says"
    )
    listen_key_renewal_s: PositiveFloat = Field(default=1500.0, description="the venue drops keys after an hour")
    stream_patience_s: PositiveFloat = Field(
        default=5.0, description="an own order that the user stream does not mention for this long makes it mute"
    )
