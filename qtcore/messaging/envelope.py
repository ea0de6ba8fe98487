"""What travels around every message between plugins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import AwareDatetime, Field, JsonValue

from qtcore.documents import Document, Generation, PluginName


class EnvelopeKind(StrEnum):
    """What the body of an envelope is."""

    MESSAGE = "message"
    CALL = "call"
    RESULT = "result"
    FAULT = "fault"


class Envelope(Document):
    """One message with all that a reader needs to trust, order, expire and trace it.

    `sequence` counts per (writer, generation, topic) from 1, so that a reader sees gaps.
    `expires_s` is in monotonic seconds of this boot.
    """

    kind: EnvelopeKind = EnvelopeKind.MESSAGE
    id: str
    topic: str = Field(description="topic name, or `plugin.action` for calls")
    schema_hash: str = ""
    writer: PluginName
    generation: Generation
    sequence: int = Field(ge=0)
    at: AwareDatetime
    market_at: AwareDatetime | None = None
    expires_s: float | None = None
    retained: bool = False
    reply_to: str | None = Field(default=None, description="id of the call this answers")
    key: str | None = Field(default=None, description="idempotency key of a call with an effect")
    traceparent: str | None = None
    body: JsonValue = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages that a reader missed; ask the writer's action for what they held."""

    topic: str
    writer: str
    generation: int
    first_missing: int
    last_missing: int

    @property
    def missing(self) -> int:
        """How many messages were missed."""
        return self.last_missing - self.first_missing + 1
