"""What the operator may set about the nets."""

from __future__ import annotations

from pydantic import Field, PositiveFloat

from qtcore import Settings


class DeepSettings(Settings):
    """Times are real seconds."""

    threads: int = Field(default=1, ge=1, le=64, description="processor threads that a prediction may use")
    look_every_s: PositiveFloat = Field(default=2.0, description="how often to look for another champion")
