"""The forms in which a value may stand in a text: escaped, quoted, in base64 or as hex (pure)."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 4
_DEPTH = 3
"""A message in a log line in a journal's details is a string in a string in a string."""
_LEAST_OF_BASE64 = 8
"""Fewer digits of base64 would be found in other words."""


def disguises(secret: bytes) -> set[bytes]:
    """Every form of the value, itself among them."""
    return {form for form in _forms(secret) if len(form) >= SHORTEST}


def _forms(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield from _binary(secret)
    yield repr(secret)[2:-1].encode()
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    for written in _within_json(_written(text)):
        yield written.encode("utf-8", "surrogatepass")
    for escaped in _within_json({text}, depth=1):
        yield from _binary(escaped.encode("utf-8", "surrogatepass"))


def _binary(value: bytes) -> Iterator[bytes]:
    yield from _base64(value)
    yield value.hex().encode()
    yield value.hex().upper().encode()


def _written(text: str) -> set[str]:
    """As it is written in a text: plain, in an address, in HTML, in Python, in SQL."""
    quoted = {quote(text, safe="", errors="surrogatepass"), quote(text, errors="surrogatepass")}
    quoted.add(quote_plus(text, errors="surrogatepass"))
    return {
        text,
        *quoted,
        *map(_lower_escapes, quoted),
        *(quote(once, safe="") for once in quoted),
        html.escape(text),
        html.escape(text, quote=False),
        repr(text)[1:-1],
        text.replace("'", "''"),
    }


def _within_json(texts: set[str], depth: int = _DEPTH) -> set[str]:
    """The texts, and as strings of JSON, of JSON within JSON, and so on; with and without escapes for letters."""
    found = layer = set(texts)
    for _ in range(depth):
        layer = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for text in layer for ascii_only in (True, False)}
        found = found | layer
    return found


def _lower_escapes(quoted: str) -> str:
    """`%2f` is as good as `%2F`."""
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


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
