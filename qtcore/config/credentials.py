"""Secrets by where they stand: passwords inside addresses, and values whose names say that they are secret (pure)."""

from __future__ import annotations

import re

_IN_ADDRESS = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@'\"]*:)(?P<password>[^\s/@'\"]+)(?=@)")

_TELLING = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|private|cookie|auth|dsn|signature|salt|api_?key|access_?key"
    r"|(^|_)keys?(_|$)|(^|_)pw(_|$)|(^|_)pin(_|$)|session|webhook|seed_phrase|mnemonic",
    re.IGNORECASE,
)
_INNOCENT = re.compile(r"finger_?print|_(path|dir|name|pid|file)$|auth_?sock|session_?id$", re.IGNORECASE)


def passwords_in(text: str) -> list[str]:
    """Every password that an address in the text carries."""
    return [found["password"] for found in _IN_ADDRESS.finditer(text)]


def without_passwords(text: str) -> str:
    """The text with each of them replaced by stars."""
    return _IN_ADDRESS.sub(lambda found: f"{found['before']}***", text)


def is_telling(name: str) -> bool:
    """Whether a name says that its value is a secret."""
    return bool(_TELLING.search(name)) and not _INNOCENT.search(name)
