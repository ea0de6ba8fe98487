"""How plugins reach the venue: one ccxt client, aimed, guarded and tapped, shared by `exchange` and `feed`."""

from plugins.venue.client import Keys, LeavesTheMachine, VenueClient
from plugins.venue.stream import Frame, Stream, StreamClosed, open_stream

__all__ = ["Frame", "Keys", "LeavesTheMachine", "Stream", "StreamClosed", "VenueClient", "open_stream"]
