"""The messages of one host: numbering, retained values, and the readers inside the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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


class Bus:
    """Carries every message of a host; used on the loop's thread only."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.market = MarketClock()
        self.retained = RetainedValues()
        self.wire: Wire | None = None
        self._classes: dict[str, type[Any]] = {}
        self._heads: dict[str, dict[str, Head]] = {}
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
        return tuple(self._heads.get(topic, {}).values())

    def own_retained(self, topic: str) -> Iterator[Delivery]:
        """Unexpired retained values that were written in this host."""
        writers = self._heads.get(topic, {})
        return (held for held in self.retained.of(topic, self.clock.now()) if held.envelope.writer in writers)

    def listen(self, listener: Callable[[Delivery], None]) -> None:
        """See every delivery of this host, published here or arrived, as it passes."""
        self._listeners.append(listener)

    def publish(self, writer: str, generation: int, message: object) -> Delivery:
        """Number a message, hand it to the readers here and to the wire. Raises MessageTooLarge."""
        options = self.declare(type(message))
        head = self._next(options.name, writer, generation)
        delivery = Delivery(self._envelope(head, options, message), message)
        if self.wire is not None:
            self.wire.send(delivery)
        # Counted only now: a refused message must not look like a lost one.
        self._heads.setdefault(options.name, {})[writer] = head
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

    def _envelope(self, head: Head, options: TopicOptions, message: object) -> Envelope:
        now_s = self.clock.now()
        return Envelope(
            id=f"{head.writer}.{head.generation}.{options.name}.{head.sequence}",
            topic=options.name,
            schema_hash=schema_hash_of(type(message)),
            writer=head.writer,
            generation=head.generation,
            sequence=head.sequence,
            at=self.clock.wall(),
            market_at=self.market.at(now_s),
            expires_s=None if options.expires_s is None else now_s + options.expires_s,
            traceparent=current_traceparent(),
        )

    def _next(self, topic: str, writer: str, generation: int) -> Head:
        last = self._heads.get(topic, {}).get(writer)
        if last is None or last.generation != generation:
            return Head(writer=writer, generation=generation, sequence=1, began_s=self.clock.now())
        return last.model_copy(update={"sequence": last.sequence + 1})

    def _keep(self, delivery: Delivery) -> None:
        message = delivery.message
        if isinstance(message, ClockMap):
            self.market.map = message
        if options_of(type(message)).retained:
            self.retained.keep(delivery, retained_key(message))


def _path(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
