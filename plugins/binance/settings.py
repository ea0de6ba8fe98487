"""What the operator may set about the real venue."""

from __future__ import annotations

from typing import Self

from pydantic import Field, ValidationInfo, model_validator

from plugins.domain import Mode
from plugins.venue import WrongEndpoint, endpoint_of
from qtcore import Settings, checked_mode


class BinanceSettings(Settings):
    """Nothing but what a rehearsal of the testnet needs."""

    stand_in: str = Field(
        default="",
        description="for tests, in mode testnet only: an address on this machine that answers in the testnet's place",
    )

    @model_validator(mode="after")
    def _stands_in_where_it_may(self, info: ValidationInfo) -> Self:
        mode = checked_mode(info)
        if mode in {Mode.TESTNET, Mode.LIVE}:
            try:
                endpoint_of(Mode(mode), self.stand_in, signed=True)
            except WrongEndpoint as error:
                raise ValueError(f"{error}; leave `stand_in` empty") from None
        return self
