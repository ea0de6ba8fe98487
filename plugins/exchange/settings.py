"""What the operator may set about the door to the venue."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, ValidationInfo, model_validator

from plugins.domain import Mode
from plugins.exchange.mode_keys import KeysRefused, keys_of
from plugins.venue import Keys
from qtcore import Settings, checked_mode, means


class ExchangeSettings(Settings):
    """Times are real seconds: the venue's clocks for requests are."""

    address_timeout_s: PositiveFloat = Field(default=20.0, description="how long to wait for the venue's address")
    order_timeout_s: PositiveFloat = Field(default=3.0, description="after this a request's outcome is unclear")
    recv_window_ms: int = Field(default=2000, ge=200, le=5000, description="a signed request older than this is void")
    resolve_s: PositiveFloat = Field(default=8.0, description="how long an action may look for proof before answering")
    reconcile_s: float = Field(
        default=4.0,
        gt=0,
        le=5.0,
        description="at least this often the venue is asked for all",
        json_schema_extra=means(least_s=0.2),
    )
    sweep_s: PositiveFloat = Field(
        default=30.0,
        description="how often all symbols and the income are gone through",
        json_schema_extra=means(least_s=1.0),
    )
    hint_delay_s: PositiveFloat = Field(default=0.15, description="how long hints of the user stream are gathered")
    leverage: int = Field(
        default=5,
        ge=1,
        le=30,
        description="set for a symbol before its first entry",
        json_schema_extra=means("venue.leverage"),
    )
    working_type: Literal["MARK_PRICE", "CONTRACT_PRICE"] = Field(
        default="MARK_PRICE", description="the price that stops watch; everything else here judges by the mark too"
    )
    weight_limit: PositiveInt | None = Field(
        default=None, description="request weight to use in a minute at most; default: what the venue says"
    )
    listen_key_renewal_s: PositiveFloat = Field(default=600.0, description="the venue drops keys after an hour")
    stream_patience_s: PositiveFloat = Field(
        default=2.5,
        description="an order or fill that the user stream does not mention for this long makes it mute",
    )
    api_key: SecretStr = Field(default=SecretStr(""), description="for testnet and live; never used in paper")
    api_secret: SecretStr = Field(default=SecretStr(""), description="belongs to `api_key`")
    credentials_file: Path | None = Field(
        default=None, description='instead of the two: a file (0600) with {"key": "…", "secret": "…"}'
    )
    key_fingerprint: str = Field(
        default="", description="which key is meant, as `sha256:…`; mode live does not start without, or with another"
    )

    def keys(self, mode: Mode) -> Keys:
        """What to sign with in this mode. Raises KeysRefused."""
        return keys_of(
            mode,
            key=self.api_key,
            secret=self.api_secret,
            file=self.credentials_file,
            fingerprint=self.key_fingerprint,
        )

    @model_validator(mode="after")
    def _keys_fit_the_mode(self, info: ValidationInfo) -> Self:
        mode = checked_mode(info)
        if mode in set(Mode):
            try:
                self.keys(Mode(mode))
            except KeysRefused as error:
                raise ValueError(str(error)) from None
        return self
