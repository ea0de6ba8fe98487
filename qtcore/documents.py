"""What every document that crosses a boundary (file, socket, JSON output) is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

Facts = dict[str, JsonValue]
"""Named figures and texts that support a statement; anything JSON can hold."""

PluginName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Generation = Annotated[int, Field(ge=0)]


class Document(BaseModel):
    """A frozen record with a published JSON Schema; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Instant(Document):
    """One moment on both clocks.

    `wall` is for people and for other machines; (`boot_id`, `monotonic_s`) is what readers on
    this machine compare, because wall clocks step.
    """

    wall: AwareDatetime
    boot_id: str
    monotonic_s: float

    def later(self, seconds: float) -> Instant:
        """This moment moved by `seconds` on both clocks."""
        return Instant(
            wall=datetime.fromtimestamp(self.wall.timestamp() + seconds, tz=self.wall.tzinfo),
            boot_id=self.boot_id,
            monotonic_s=self.monotonic_s + seconds,
        )
