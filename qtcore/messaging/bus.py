"""The messages of one host: numbering, retained values, and the readers inside the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from qtcore.errors import ConfigurationError
from qtcore.messaging.clock import Clock, ClockMap, MarketClock
from qtcore.messaging.delivery import Delivery, retained_key
from qtcore.messaging.envelope import Envelope, Gap
from qtcore.messaging.heads import Head
from qtcore.messaging.mailbox import Mailbox
from qtcore.messaging.retained import RetainedValues
from qtcore.messaging.trace_context import current_traceparent
from qtcore.topics import TopicOptions, options_of, schema_hash_of


class Wire(Protocol):
    """The way out of the host; absent in tests of single plugins."""

    def send(self, delivery: Delivery) -> None: ...
    def follow(self, cls: type[Any]) -> None: ...
    async def settled(self, topics: Iterable[str]) -> None: ...


@dataclass(slots=True)
class _Numbering:
    """Where one writer of a topic stands."""

    generation: int
    began_s: float
    sequence: int = 0


class Bus:
    """Carries every message of a host; used on the loop's thread only."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.market = MarketClock()
        self.retained = RetainedValues()
        self.wire: Wire | None = None
        self._classes: dict[str, type[Any]] = {}
        self._numberings: dict[str, dict[str, _Numbering]] = {}
        self._readers: dict[str, list[Mailbox]] = {}
        self._listeners: list[Callable[[Delivery], None]] = []
        self.declare(ClockMap)

    def declare(self, cls: type[Any]) -> TopicOptions:
        """Make a topic known here. Raises ConfigurationError when another class has its name."""
        options = options_of(cls)
        known = self._classes.setdefault(options.name, cls)
        if known is not cls:
            raise ConfigurationError(
                f"two classes call themselves topic {options.name!r}: {_path(known)} and {_path(cls)}; "
                "give one of them another name with @topic(name=...)"
            )
        return options

    def class_of(self, topic: str) -> type[Any] | None:
        """The class of a topic that some plugin of this host declares."""
        return self._classes.get(topic)

    def heads(self, topic: str) -> tuple[Head, ...]:
        """Where the local writers of a topic stand."""
        return tuple(
            Head(writer=writer, generation=each.generation, sequence=each.sequence, began_s=each.began_s)
            for writer, each in self._numberings.get(topic, {}).items()
            if each.sequence
        )

    def own_retained(self, topic: str) -> Iterator[Delivery]:
        """Unexpired retained values that were written in this host."""
        writers = self._numberings.get(topic, {})
        return (held for held in self.retained.of(topic, self.clock.now()) if held.envelope.writer in writers)

    def listen(self, listener: Callable[[Delivery], None]) -> None:
        """See every delivery of this host, published here or arrived, as it passes."""
        self._listeners.append(listener)

    def publish(self, writer: str, generation: int, message: object) -> Delivery:
        """Number a message, hand it to the readers here and to the wire. Raises MessageTooLarge."""
        options = self.declare(type(message))
        numbering = self._numbering(options.name, writer, generation)
        sequence = numbering.sequence + 1
        delivery = Delivery(self._envelope(writer, generation, sequence, options, message), message)
        if self.wire is not None:
            self.wire.send(delivery)
        # Counted only now: a refused message must not look like a lost one.
        numbering.sequence = sequence
        self.accept(delivery)
        return delivery

    def accept(self, delivery: Delivery) -> None:
        """Hand a delivery, from here or from the wire, to the readers of its topic."""
        self._keep(delivery)
        for mailbox in self._readers.get(delivery.envelope.topic, ()):
            mailbox.put(delivery)
        for listener in self._listeners:
            listener(delivery)

    def accept_retained(self, delivery: Delivery) -> None:
        """A value sent again: readers get it only if it is newer than what they had."""
        if self.retained.keep(delivery, retained_key(delivery.message)):
            self.accept(delivery)

    def gap(self, gap: Gap) -> None:
        """Tell the readers of a topic what was lost."""
        for mailbox in self._readers.get(gap.topic, ()):
            mailbox.put(gap)

    def attach(self, mailbox: Mailbox) -> None:
        """Begin to feed a mailbox, retained values first."""
        for topic in mailbox.topics:
            for delivery in self.retained.of(topic, self.clock.now()):
                mailbox.put(delivery)
            self._readers.setdefault(topic, []).append(mailbox)

    def detach(self, mailbox: Mailbox) -> None:
        """Stop feeding a mailbox."""
        for topic in mailbox.topics:
            readers = self._readers.get(topic, [])
            if mailbox in readers:
                readers.remove(mailbox)

    def latest(self, topic: str, key: str | None) -> Delivery | None:
        """The newest unexpired retained value."""
        return self.retained.latest(topic, key, self.clock.now())

    def _envelope(
        self, writer: str, generation: int, sequence: int, options: TopicOptions, message: object
    ) -> Envelope:
        now_s = self.clock.now()
        return Envelope(
            id=f"{writer}.{generation}.{options.name}.{sequence}",
            topic=options.name,
            schema_hash=schema_hash_of(type(message)),
            writer=writer,
            generation=generation,
            sequence=sequence,
            at=self.clock.wall(),
            market_at=self.market.at(now_s),
            expires_s=None if options.expires_s is None else now_s + options.expires_s,
            traceparent=current_traceparent(),
        )

    def _numbering(self, topic: str, writer: str, generation: int) -> _Numbering:
        of_topic = self._numberings.setdefault(topic, {})
        found = of_topic.get(writer)
        if found is None or found.generation != generation:
            found = of_topic[writer] = _Numbering(generation, self.clock.now())
        return found

    def _keep(self, delivery: Delivery) -> None:
        message = delivery.message
        if isinstance(message, ClockMap):
            self.market.map = message
        if options_of(type(message)).retained:
            self.retained.keep(delivery, retained_key(message))


def _path(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
