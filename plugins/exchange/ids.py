"""Client order ids: the same order always gets the same name, so that asking twice cannot mean two orders."""

from __future__ import annotations

import base64
import hashlib

from plugins.domain import Mode, Purpose

PREFIX = "qt-"
_LETTERS = {Purpose.ENTRY: "e", Purpose.STOP: "s", Purpose.TAKE_PROFIT: "t", Purpose.EXIT: "x"}
_PURPOSES = {letter: purpose for purpose, letter in _LETTERS.items()}


def client_order_id(mode: Mode, purpose: Purpose, origin: str, attempt: int = 1) -> str:
    """`qt-<mode>-<purpose>-<26 base32 digits>`, 33 characters of the venue's 36.

    `origin` is the signal's id for an entry and its first stop, the position's id for what follows.
    """
    digest = hashlib.sha256(f"{mode}|{purpose}|{origin}|{attempt}".encode()).digest()[:16]
    return f"{PREFIX}{mode.value[0]}-{_LETTERS[purpose]}-{base64.b32encode(digest).decode().rstrip('=').lower()}"


def is_ours(client_id: str) -> bool:
    """Whether this application gave that id."""
    return client_id.startswith(PREFIX)


def purpose_of(client_id: str) -> Purpose | None:
    """What an order of ours is for, read off its id; None for others."""
    parts = client_id.split("-")
    return _PURPOSES.get(parts[2]) if is_ours(client_id) and len(parts) == 4 else None
