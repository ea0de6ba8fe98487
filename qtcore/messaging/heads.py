"""What a publisher announces about a topic each second: the last number of each of its writers."""

from __future__ import annotations

from pydantic import Field

from qtcore.documents import Document, Generation, PluginName

EVERY_S = 1.0
"""A lost last message of a quiet topic is noticed within this time."""


class Head(Document):
    """Where one writer's numbering stands, and when (monotonic seconds of this boot) it began."""

    writer: PluginName
    generation: Generation
    sequence: int = Field(ge=1)
    began_s: float


class Heads(Document):
    """All writers of one topic in one host; an answer to a subscription even when nobody has written yet."""

    host: str
    topic: str
    heads: tuple[Head, ...] = ()
    replayed: bool = Field(
        default=False, description="the retained values were sent right before: what they replaced is no gap"
    )
