"""The home's own key, with which its artefacts are signed.

HMAC-SHA256: a good signature proves that whoever wrote the manifest could read this home's key, so a file that came
from elsewhere, or was changed by hand or by a failing disk, is found. It proves nothing against somebody who can read
the home.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from plugins.learning.artefacts.disk import make_folder
from qtcore.records.atomic import sync

BYTES = 32
FILE = Path("keys") / "artefacts.key"


def read_key(home: Path) -> bytes | None:
    """The key; None while there is none, or what is there is no key."""
    try:
        key = (home / FILE).read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == BYTES else None


def own_key(home: Path) -> bytes:
    """The key, made on first use; whoever comes second gets that of the first."""
    path = home / FILE
    make_folder(path.parent)
    if (key := read_key(home)) is not None:
        return key
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if path.exists():  # of the wrong length: whatever it signed is foreign already
        fresh.replace(path)
    else:
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    sync(path.parent)
    return path.read_bytes()


def signature(key: bytes, content: bytes) -> str:
    """HMAC-SHA256, hex."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def signed_by(key: bytes | None, content: bytes, claimed: str) -> bool:
    """Whether `claimed` is the signature of `content`; compared in constant time."""
    return key is not None and hmac.compare_digest(signature(key, content), claimed)
