"""Client order ids: the same order always gets the same name, so that asking twice cannot mean two orders."""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum

from plugins.domain import Mode, Purpose

PREFIX = "qt-"
_LETTERS = {Purpose.ENTRY: "e", Purpose.STOP: "s", Purpose.STOP_LIMIT: "l", Purpose.TAKE_PROFIT: "t", Purpose.EXIT: "x"}
_PURPOSES = {letter: purpose for purpose, letter in _LETTERS.items()}


def client_order_id(mode: Mode, purpose: Purpose, origin: str, attempt: int = 1) -> str:
    """`qt-<mode>-<purpose>-<26 base32 digits>`, 33 characters of the venue's 36.

    `origin` is the signal's id for an entry and its first stop, the position's id for what follows.
    """
    digest = hashlib.sha256(f"{mode}|{purpose}|{origin}|{attempt}".encode()).digest()[:16]
    return f"{PREFIX}{mode.value[0]}-{_LETTERS[purpose]}-{base64.b32encode(digest).decode().rstrip('=').lower()}"


class Owner(StrEnum):
    """Who made an order, by its client id."""

    OURS = "ours"
    OTHER_MODE = "other_mode"
    VENUE = "venue"
    FOREIGN = "foreign"


_BY_THE_VENUE = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "algo-")
"""Liquidation, deleveraging, settlement, and what a triggered conditional order becomes."""


def owner_of(client_id: str, mode: Mode) -> Owner:
    """Whose id it is; one of ours from another mode means that two worlds share one account."""
    if client_id.startswith(f"{PREFIX}{mode.value[0]}-"):
        return Owner.OURS
    if client_id.startswith(PREFIX):
        return Owner.OTHER_MODE
    return Owner.VENUE if client_id.startswith(_BY_THE_VENUE) else Owner.FOREIGN


def purpose_of(client_id: str) -> Purpose | None:
    """What an order of ours is for, read off its id; None for others."""
    parts = client_id.split("-")
    return _PURPOSES.get(parts[2]) if client_id.startswith(PREFIX) and len(parts) == 4 else None
