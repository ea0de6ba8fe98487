"""How plugins reach the venue: one ccxt client, aimed, guarded and tapped, shared by `exchange` and `feed`."""

from plugins.venue.client import Answer, Keys, LeavesTheMachine, VenueClient, answer_of
from plugins.venue.stream import Frame, Stream, StreamClosed, open_stream

__all__ = [
    "Answer",
    "Frame",
    "Keys",
    "LeavesTheMachine",
    "Stream",
    "StreamClosed",
    "VenueClient",
    "answer_of",
    "open_stream",
]
