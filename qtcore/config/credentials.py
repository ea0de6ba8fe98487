"""Passwords inside addresses: `scheme://user:password@host`."""

from __future__ import annotations

import re

_IN_ADDRESS = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@'\"]*:)(?P<password>[^\s/@'\"]+)(?=@)")


def passwords_in(text: str) -> list[str]:
    """Every password that an address in the text carries."""
    return [found["password"] for found in _IN_ADDRESS.finditer(text)]


def without_passwords(text: str) -> str:
    """The text with each of them replaced by stars."""
    return _IN_ADDRESS.sub(lambda found: f"{found['before']}***", text)
