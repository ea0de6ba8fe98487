"""How plugins reach the venue: one ccxt client, aimed, guarded and tapped, shared by `exchange` and `feed`."""

from plugins.venue.client import Answer, Keys, LeavesTheMachine, VenueClient, answer_of
from plugins.venue.endpoints import Endpoint, WrongEndpoint, endpoint_of, is_loopback
from plugins.venue.stream import Frame, Stream, StreamClosed, open_stream

__all__ = [
    "Answer",
    "Endpoint",
    "Frame",
    "Keys",
    "LeavesTheMachine",
    "Stream",
    "StreamClosed",
    "VenueClient",
    "WrongEndpoint",
    "answer_of",
    "endpoint_of",
    "is_loopback",
    "open_stream",
]
