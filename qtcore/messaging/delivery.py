"""One message on its way: the envelope, the object inside, and their form on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from qtcore.errors import MessageTooLarge
from qtcore.messaging.envelope import Envelope
from qtcore.topics import adapter_of, options_of

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The largest message between hosts; bulk data belongs in files or tables, with a message that names them."""

_BODY = {"body"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with its envelope; inside a host every reader gets this same frozen object."""

    envelope: Envelope
    message: Any

    def expired(self, now_s: float) -> bool:
        """True when the message must not be acted on any more."""
        expires_s = self.envelope.expires_s
        return expires_s is not None and now_s > expires_s


def retained_key(message: object) -> str | None:
    """What tells this message's retained value apart from others of its topic."""
    field = options_of(type(message)).key
    return None if field is None else str(getattr(message, field))


def encode(delivery: Delivery, *, retained: bool = False) -> bytes:
    """The delivery as two lines of JSON: envelope, body. Raises MessageTooLarge.

    `retained` marks a value that is sent again to a late reader and stands outside the sequence.
    """
    envelope = delivery.envelope.model_copy(update={"retained": True}) if retained else delivery.envelope
    head = envelope.model_dump_json(exclude=_BODY, exclude_none=True).encode()
    return _checked(envelope, b"\n".join((head, adapter_of(type(delivery.message)).dump_json(delivery.message))))


def split(data: bytes) -> tuple[Envelope, bytes]:
    """Envelope and body of an encoded delivery. Raises ValueError for anything else.

    The body is left as it is: only its own type can judge it, and going through it twice is half of the work.
    """
    head, _, body = data.partition(b"\n")
    return Envelope.model_validate_json(head), body


def parse(data: bytes) -> Envelope:
    """The envelope, body inside, in a JSON document. Raises ValueError for anything else."""
    return Envelope.model_validate(orjson.loads(data))


def sized(envelope: Envelope) -> bytes:
    """The envelope as JSON. Raises MessageTooLarge."""
    return _checked(envelope, envelope.model_dump_json().encode())


def decode(envelope: Envelope, body: bytes, cls: type[Any]) -> Delivery:
    """The delivery of an envelope and a body from the wire. Raises pydantic.ValidationError."""
    return Delivery(envelope, adapter_of(cls).validate_json(body))


def _checked(envelope: Envelope, data: bytes) -> bytes:
    if len(data) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(
            f"{envelope.writer} tried to send {envelope.topic} of {len(data):,} bytes; the limit is "
            f"{MAX_MESSAGE_BYTES:,}. Send less, or write a file or table and send its name"
        )
    return data
