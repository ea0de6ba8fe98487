"""Naming a secret without showing it."""

from __future__ import annotations

import hashlib


def fingerprint_of(secret: str) -> str:
    """A name by which a person can tell a key from others: `sha256:` and 16 hex digits."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:16]}"
