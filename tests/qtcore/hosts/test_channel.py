"""The control channel."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import pytest

from qtcore.control.host_message import (
    MAX_BYTES,
    CallDone,
    CheckHealth,
    NoteRaised,
    PluginEnded,
    StopHost,
)
from qtcore.hosts.channel import (
    MAX_WAITING,
    ChannelClosed,
    ChannelOverflow,
    HostEnd,
    MalformedMessage,
    MessageTooLarge,
    SupervisorEnd,
    encode,
    host_end,
    shorten,
    socket_pair,
    supervisor_end,
)
from qtcore.kernel.words import Cause

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]


@dataclass
class Pair:
    supervisor: SupervisorEnd
    host: HostEnd
    raw: socket.socket


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = socket_pair()
    raw = theirs.dup()
    yield (made := Pair(supervisor_end(ours), host_end(theirs), raw))
    made.raw.close()
    for end in (made.supervisor, made.host):
        end.close()


def _note(text: str) -> NoteRaised:
    return NoteRaised(text=text)


async def test_messages_arrive_whole_and_in_order(pair: Pair) -> None:
    """What one end sends, the other receives as equal messages in the same order, both ways."""
    sent = [_note(f"n{number}") for number in range(50)]
    for message in sent:
        pair.host.send(message)
    pair.supervisor.send(StopHost(reason="enough", grace_s=1))
    assert [await pair.supervisor.receive() for _ in sent] == sent
    assert await pair.host.receive() == StopHost(reason="enough", grace_s=1)


async def test_a_receiver_waits_for_the_next_message(pair: Pair) -> None:
    """A receiver that came first gets the message that comes later."""
    got: list[object] = []

    async def receive() -> None:
        got.append(await pair.supervisor.receive())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            await anyio.wait_all_tasks_blocked()
            pair.host.send(_note("late"))
    assert got == [_note("late")]


async def test_the_end_of_the_other_side_is_told(pair: Pair) -> None:
    """After the peer is gone what it sent is still read; then receive raises and iteration ends."""
    pair.host.send(_note("last words"))
    pair.raw.close()
    pair.host.close()
    assert await pair.supervisor.receive() == _note("last words")
    with pytest.raises(ChannelClosed):
        await pair.supervisor.receive()
    assert [message async for message in pair.supervisor] == []
    with pytest.raises(ChannelClosed):
        pair.supervisor.send(StopHost(reason="x", grace_s=1))


async def test_a_peer_that_dies_with_unread_messages_reads_as_closed(pair: Pair) -> None:
    """A connection reset is end of file, not an accident."""
    pair.supervisor.send(StopHost(reason="unread", grace_s=1))
    pair.raw.close()
    pair.host.close()
    with pytest.raises(ChannelClosed):
        await pair.supervisor.receive()


async def test_closing_wakes_whoever_waits(pair: Pair) -> None:
    """A receiver and a drainer of a channel that is closed under them end."""

    async def receive() -> None:
        with pytest.raises(ChannelClosed):
            await pair.supervisor.receive()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            tasks.start_soon(pair.supervisor.drain)
            await anyio.wait_all_tasks_blocked()
            pair.supervisor.close()


async def test_a_bad_datagram_does_not_break_the_channel(pair: Pair) -> None:
    """Bad JSON, an unknown kind and an overlong datagram each raise once; the next message is read."""
    pair.raw.send(b"{")
    pair.raw.send(b'{"type": "no_such_message"}')
    pair.raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
    pair.raw.send(b"x" * (MAX_BYTES + 1))
    pair.host.send(_note("good"))
    for text in ("JSON", "no_such_message", "longer"):
        with pytest.raises(MalformedMessage, match=text):
            await pair.supervisor.receive()
    assert await pair.supervisor.receive() == _note("good")


async def test_send_never_waits_and_nothing_is_lost_or_reordered(pair: Pair) -> None:
    """More than the socket takes is kept, and drained in order while the peer reads."""
    sent = [_note(f"{number} " + "x" * 4000) for number in range(400)]
    for message in sent:
        pair.host.send(message)
    assert pair.host.waiting > 0
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pair.host.drain)
            received = [await pair.supervisor.receive() for _ in sent]
            tasks.cancel_scope.cancel()
    assert received == sent


async def test_messages_that_wait_go_before_new_ones(pair: Pair) -> None:
    """A message sent while others wait does not overtake them, though the socket has room again."""
    while not pair.host.waiting:
        pair.host.send(_note("x" * 10_000))
    pair.host.send(_note("before"))
    await pair.supervisor.receive()
    await pair.supervisor.receive()
    pair.host.send(_note("after"))
    texts = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pair.host.flush)
            while "after" not in texts:
                message = await pair.supervisor.receive()
                assert isinstance(message, NoteRaised)
                texts.append(message.text)
    assert texts[-2:] == ["before", "after"]


async def test_a_peer_that_never_reads_is_a_typed_error(pair: Pair) -> None:
    """The queue is bounded, and its overflow says what it means."""
    check = CheckHealth(plugin="p", generation=1, request="x" * 2000)
    while pair.supervisor.waiting < MAX_WAITING:
        pair.supervisor.send(check)
    with pytest.raises(ChannelOverflow, match="does not read"):
        pair.supervisor.send(check)


async def test_a_flooding_peer_does_not_keep_the_loop(pair: Pair) -> None:
    """Other tasks run between two received messages."""
    for number in range(20):
        pair.host.send(_note(str(number)))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        for _ in range(20):
            await pair.supervisor.receive()
        tasks.cancel_scope.cancel()
    assert turns >= 10


async def test_long_texts_are_cut_to_fit(pair: Pair) -> None:
    """A huge traceback is shortened in the middle; the rest of the message is whole."""
    ended = PluginEnded(
        plugin="p", generation=3, cause=Cause.RAISED, sentence="it failed", traceback="first\n" + "x" * 400_000 + "last"
    )
    pair.host.send(ended)
    received = await pair.supervisor.receive()
    assert isinstance(received, PluginEnded)
    assert received.sentence == "it failed"
    assert received.traceback.startswith("first\n")
    assert received.traceback.endswith("last")
    assert "left out" in received.traceback


async def test_what_cannot_be_cut_is_refused(pair: Pair) -> None:
    """A result that is too large raises a typed error that says how large it may be."""
    with pytest.raises(MessageTooLarge, match=str(MAX_BYTES)):
        pair.host.send(CallDone(plugin="p", request="r", result=["x" * 1000] * 200))


async def test_texts_within_the_limit_are_left_alone() -> None:
    """Nothing is cut from a message that fits."""
    text = "x" * 100_000
    assert NoteRaised.model_validate_json(encode(_note(text))).text == text
    assert shorten("short") == "short"
