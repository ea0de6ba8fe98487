"""The forms in which a value may stand in a text: escaped, quoted, in base64 or as hex (pure)."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import orjson

SHORTEST = 4
_LEAST_OF_BASE64 = 8
"""Fewer digits of base64 would be found in other words."""


def disguises(secret: bytes) -> set[bytes]:
    """Every form of the value, itself among them."""
    return {form for form in _forms(secret) if len(form) >= SHORTEST}


def _forms(secret: bytes) -> Iterator[bytes]:
    texts = set(_texts(secret))
    for text in texts | {_bytes_repr(secret)}:
        yield text
        yield from _base64(text)
    yield secret.hex().encode()
    yield secret.hex().upper().encode()


def _texts(secret: bytes) -> Iterator[bytes]:
    """As it is written in text: plain, in JSON and in JSON within JSON, in addresses, in HTML, in Python."""
    yield secret
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    for escaped in (_escaped(text, ascii_only=False), _escaped(text, ascii_only=True)):
        yield escaped.encode()
        yield _escaped(escaped, ascii_only=False).encode()
    for quoted in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield quoted.encode()
        yield quote(quoted, safe="").encode()
        yield _lower_escapes(quoted).encode()
    yield html.escape(text).encode()
    yield html.escape(text, quote=False).encode()
    yield repr(text)[1:-1].encode()
    yield text.replace("'", "''").encode()  # in SQL


def _escaped(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text)[1:-1] if ascii_only else orjson.dumps(text)[1:-1].decode()


def _lower_escapes(quoted: str) -> str:
    """`%2f` is as good as `%2F`."""
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _bytes_repr(secret: bytes) -> bytes:
    return repr(secret)[2:-1].encode()


def _base64(secret: bytes) -> Iterator[bytes]:
    """At each of the three places where it may begin within a longer value, without what its neighbours decide."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret)
        first = (0, 2, 3)[before]
        rest = (before + len(secret)) % 3
        last = len(encoded) - (0, 3, 2)[rest]
        inner = encoded[first:last]
        if len(inner) >= _LEAST_OF_BASE64:
            yield inner
            yield inner.translate(_URL_SAFE)
    yield base64.b64encode(secret)
    yield base64.urlsafe_b64encode(secret)
    yield base64.b32encode(secret).rstrip(b"=")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
