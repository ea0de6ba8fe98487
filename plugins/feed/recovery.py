"""What to do about streams that have fallen silent: a pure decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A rung of the feed's own ladder, gentlest first."""

    RESUBSCRIBE = "subscribed anew and fetched what was missed"
    RECONNECT = "closed the socket, which is dialled again at once"
    POLL = "asks by REST until the streams are back"


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of the streams, whatever REST brings meanwhile.

    `away` is a socket that has been closed for longer than a dial takes; `silent` one that is open and carries
    nothing at all; `mute` names the streams that bring nothing while others do.
    """

    connected: bool = True
    away: bool = False
    silent: bool = False
    mute: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether every stream brings what it should."""
        return self.connected and not self.silent and not self.mute


def next_step(sight: Sight, tried: Collection[Step]) -> Step | None:
    """The gentlest step that can help and has not been tried; None when nothing is wrong or nothing is left."""
    if sight.well:
        return None
    return next((step for step in _ladder(sight) if step not in tried), None)


def _ladder(sight: Sight) -> tuple[Step, ...]:
    if not sight.connected:
        return (Step.POLL,) if sight.away else ()  # it is being dialled again anyway
    if sight.silent:
        return (Step.RECONNECT, Step.POLL)  # a socket that carries nothing carries no request either
    return (Step.RESUBSCRIBE, Step.RECONNECT, Step.POLL)
