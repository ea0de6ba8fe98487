"""Who may ask: API key, signature and the age of a request. All times here are real."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.server.params import Params

DEFAULT_WINDOW_MS = 5_000
LONGEST_WINDOW_MS = 60_000
AHEAD_MS = 1_000
"""A request may be this far ahead of the venue's clock."""


@dataclass(frozen=True, slots=True)
class Access:
    """The one key pair of the paper account. Both are public constants: there is nothing here to steal."""

    key: str
    secret: str

    def check_key(self, key: str | None) -> None:
        if not key:
            raise Refusal(-2014, "API-key format invalid.", 401)
        if not hmac.compare_digest(key, self.key):
            raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)

    def check_signature(self, query: str, body: str, params: Params) -> None:
        """The signature covers the raw query and the raw form, as they were sent, without itself."""
        given = params.text("signature")
        payload = (_unsigned(query) + _unsigned(body)).encode()
        expected = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.lower(), expected):
            raise Refusal(-1022, "Signature for this request is not valid.")


def check_age(params: Params, wall_ms: int) -> None:
    """-1021 for a request from the future, or one older than it allows itself to be."""
    timestamp = params.integer("timestamp")
    window_ms = params.integer("recvWindow") if "recvWindow" in params else DEFAULT_WINDOW_MS
    if not 0 < window_ms <= LONGEST_WINDOW_MS:
        raise Refusal(-1131, "recvWindow must be less than 60000.")
    if timestamp >= wall_ms + AHEAD_MS:
        raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if wall_ms - timestamp > window_ms:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _unsigned(raw: str) -> str:
    return "&".join(part for part in raw.split("&") if not part.startswith("signature="))
