"""Whose keys sign in which mode, and how they are named without being shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from pydantic import SecretStr

from plugins.domain import Mode
from plugins.domain import fingerprint as naming
from plugins.venue import Keys
from qtcore import QtError

PAPER_KEYS = Keys(SecretStr("paper-key"), SecretStr("paper-secret"))
"""The paper venue's public constants; there is nothing behind them to steal."""


class KeysRefused(QtError):
    """There are no keys to sign with in this mode, or not those that were meant."""


def fingerprint_of(key: SecretStr) -> str:
    """A name for an API key by which a person can tell it from others: `sha256:` and 16 hex digits."""
    return naming.fingerprint_of(key.get_secret_value())


def keys_of(mode: Mode, *, key: SecretStr, secret: SecretStr, file: Path | None, fingerprint: str) -> Keys:
    """The keys to sign with; in paper never any but the public constants, whatever is set. Raises KeysRefused.

    Live also needs `fingerprint`, the configured name of the key that is meant; elsewhere it is compared if given.
    """
    if mode is Mode.PAPER:
        return PAPER_KEYS
    keys = _read(file) if file is not None else _given(key, secret)
    found = fingerprint_of(keys.key)
    if not fingerprint and mode is Mode.LIVE:
        raise KeysRefused(
            f"mode live needs the key named in plugins.yaml: set `key_fingerprint: {found}` in the settings of "
            "exchange if that is the key you mean"
        )
    if fingerprint and fingerprint != found:
        raise KeysRefused(
            f"plugins.yaml names key {fingerprint}, but the key given is {found}; give the right key, or name this one"
        )
    return keys


def _given(key: SecretStr, secret: SecretStr) -> Keys:
    given = {"QT_EXCHANGE__API_KEY": key, "QT_EXCHANGE__API_SECRET": secret}
    if missing := [name for name, value in given.items() if not value.get_secret_value().strip()]:
        raise KeysRefused(
            f"there is no API key: set {' and '.join(missing)}, or `credentials_file` in the settings of exchange"
        )
    return Keys(key, secret)


def _read(file: Path) -> Keys:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise KeysRefused(f"others may read {file}: run `chmod 600 {file}`, and change the key if they did")
        said = json.loads(file.read_bytes())
        return _given(SecretStr(said["key"]), SecretStr(said["secret"]))
    except OSError as error:
        raise KeysRefused(f"{file} cannot be read: {error.strerror}; it should hold the API key") from error
    except (ValueError, KeyError, TypeError):
        # without the cause: it could quote the file
        raise KeysRefused(f'{file} should hold {{"key": "…", "secret": "…"}}') from None
