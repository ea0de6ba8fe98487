"""Secrets that nobody named, told by their form: tokens of well-known services, keys, and what a telling name precedes.

Each form begins with a word. The words are looked for all at once, and only where one stands is its form tried:
a search for every form at every place would take longer than everything else together.
"""

from __future__ import annotations

import re

from ahocorasick_rs import BytesAhoCorasick

MARK = b"<secret>"

_NAMES = (
    b"password", b"passwd", b"passphrase", b"secret", b"token", b"api_key", b"api-key", b"apikey", b"access_key",
    b"access-key", b"accesskey", b"private_key", b"private-key", b"privatekey", b"credential", b"cookie",
    b"authorization",
)  # fmt: skip
_NAMED = (
    rb"[\w-]{0,20}(?:\\{0,3}[\"'])?\s{0,3}[:=]\s{0,3}(?:\\{0,3}[\"'])?(?:(?:bearer|basic)\s+)?"
    rb"(?P<value>[^\s\"'\\,;&<>}\])]{6,})"
)
_PEM = rb" (?P<value>[A-Z ]{0,20}PRIVATE KEY-----.{0,20000}?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z))"
_FORMS: dict[bytes, bytes] = {
    b"akia": rb"(?P<value>[0-9A-Z]{16})\b",
    b"asia": rb"(?P<value>[0-9A-Z]{16})\b",
    b"ghp_": rb"(?P<value>[A-Za-z0-9]{30,255})",
    b"gho_": rb"(?P<value>[A-Za-z0-9]{30,255})",
    b"ghs_": rb"(?P<value>[A-Za-z0-9]{30,255})",
    b"github_pat_": rb"(?P<value>[A-Za-z0-9_]{50,255})",
    b"glpat-": rb"(?P<value>[A-Za-z0-9_-]{20,255})",
    b"xoxb-": rb"(?P<value>[A-Za-z0-9-]{10,255})",
    b"xoxp-": rb"(?P<value>[A-Za-z0-9-]{10,255})",
    b"sk-": rb"(?P<value>[A-Za-z0-9_-]{20,255})",
    b"sk_live_": rb"(?P<value>[A-Za-z0-9]{16,255})",
    b"sk_test_": rb"(?P<value>[A-Za-z0-9]{16,255})",
    b"aiza": rb"(?P<value>[0-9A-Za-z_-]{35})",
    b"ya29.": rb"(?P<value>[0-9A-Za-z_-]{20,400})",
    b"npm_": rb"(?P<value>[A-Za-z0-9]{36})",
    b"pypi-": rb"(?P<value>[A-Za-z0-9_-]{40,400})",
    b":aa": rb"(?P<value>[A-Za-z0-9_-]{32,35})\b",
    b"eyj": rb"(?P<value>[A-Za-z0-9_-]{6,2000}\.[A-Za-z0-9_-]{6,4000}\.[A-Za-z0-9_-]{0,2000})",
    b"-----begin": _PEM,
    b"bearer ": rb"(?P<value>[A-Za-z0-9._~+/=-]{8,})",
    b"://": rb"[^\s/:@'\"]{0,80}:(?P<value>[^\s/@'\"<]{1,200})(?=@)",
    **dict.fromkeys(_NAMES, _NAMED),
}
_WORDS = tuple(_FORMS)
_PATTERNS = tuple(re.compile(_FORMS[word], re.DOTALL | (re.IGNORECASE if word in _NAMES else 0)) for word in _WORDS)
_FINDER = BytesAhoCorasick(_WORDS)
_INNOCENT = re.compile(rb"(?i)(?:true|false|null|none|sha256:[0-9a-f]{8,16}|\(empty|\(set|\*{3,}|<secret)")


def without_tokens(text: bytes) -> tuple[bytes, int]:
    """The text without what looks like a secret, and how many were found."""
    pieces, position, count = [], 0, 0
    for word, _, end in _FINDER.find_matches_as_indexes(text.lower(), overlapping=True):
        found = _PATTERNS[word].match(text, end) if end >= position else None
        if found and not _INNOCENT.match(found["value"]):
            start, after = found.span("value")
            if start >= position:
                pieces += [text[position:start], MARK]
                position, count = after, count + 1
    return b"".join([*pieces, text[position:]]), count
