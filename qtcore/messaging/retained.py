"""The last value of each retained topic, one per key."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.messaging.delivery import Delivery


class RetainedValues:
    """What a late reader is told first. A value lives until replaced or expired."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, dict[str | None, Delivery]] = {}

    def keep(self, delivery: Delivery, key: str | None) -> bool:
        """Store the delivery unless a newer one is there; False when it was not newer."""
        values = self._values.setdefault(delivery.envelope.topic, {})
        held = values.get(key)
        if held is not None and not _newer(delivery, held):
            return False
        values[key] = delivery
        return True

    def of(self, topic: str, now_s: float) -> Iterator[Delivery]:
        """Unexpired values of a topic, oldest first."""
        values = self._values.get(topic, {})
        for delivery in sorted(values.values(), key=lambda held: held.envelope.at):
            if not delivery.expired(now_s):
                yield delivery

    def latest(self, topic: str, key: str | None, now_s: float) -> Delivery | None:
        """The unexpired value under `key`; without a key the newest of all."""
        values = self._values.get(topic, {})
        if key is not None:
            held = values.get(key)
            return None if held is None or held.expired(now_s) else held
        return max(
            (held for held in values.values() if not held.expired(now_s)),
            key=lambda held: held.envelope.at,
            default=None,
        )


def _newer(delivery: Delivery, held: Delivery) -> bool:
    new, old = delivery.envelope, held.envelope
    if new.writer == old.writer:
        return (new.generation, new.sequence) > (old.generation, old.sequence)
    return new.at >= old.at
