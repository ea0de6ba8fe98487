"""Secrets are removed by value from everything that is written down."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import quote

import orjson

SHORTEST = 4
"""Shorter values would be found everywhere; they protect nothing anyway."""


class Redactor:
    """Replaces each registered value, plain or in the usual encodings, by its fingerprint."""

    def __init__(self) -> None:
        self._marks: dict[bytes, bytes] = {}
        self._pattern: re.Pattern[bytes] | None = None

    def register(self, value: str) -> None:
        """From now on this value is never written; values shorter than SHORTEST are ignored."""
        if len(value) < SHORTEST:
            return
        raw = value.encode("utf-8", "surrogatepass")
        mark = f"<secret {fingerprint(value)}>".encode("ascii")
        encodings = {raw, orjson.dumps(value)[1:-1], quote(value, safe="").encode("ascii"), base64.b64encode(raw)}
        self._marks.update(dict.fromkeys(encodings, mark))
        longest_first = sorted(self._marks, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first)))

    def clean(self, line: bytes) -> bytes:
        """The line without secrets."""
        if self._pattern is None:
            return line
        return self._pattern.sub(lambda found: self._marks[found.group()], line)


def fingerprint(value: str) -> str:
    """What stands for a secret wherever a person must recognise which one it is."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]


SECRETS = Redactor()
"""The process's own; settings register their secrets here when they are loaded."""
