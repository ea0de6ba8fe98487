"""Removes secrets by value from whatever is given, in every usual disguise, also where a line break runs through them.

All forms of all values are looked for in one pass. For values that are split over lines the same is done with the
text without its breaks and indentation, and what is found there is removed from the text as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from qtcore.bundle.disguises import disguises
from qtcore.bundle.pseudonyms import Pseudonyms
from qtcore.bundle.token_forms import MARK, without_tokens

_BREAK = re.compile(
    rb"[\s>|#\\\x1b]"  # one set of first bytes, which is searched for quickly
    rb"(?:(?<=[\s>|#])[\s>|#]*|(?<=\\)\\*(?:r\\+n|n|t)?|(?<=\x1b)\[[0-9;]*m)"
)
"""What may stand between two halves of a value: spaces, line breaks as such or escaped, marks of quoting, colours."""
_LEAST_SPLIT = 6
"""Shorter values are found by chance once the breaks of a text are taken out."""


class Scrubber:
    """Cleans bytes; made once, used for everything that goes into a bundle."""

    def __init__(self, secrets: Iterable[bytes], pseudonyms: Pseudonyms | None = None) -> None:
        forms = sorted({form for secret in secrets for form in disguises(secret)})
        squeezed = {_BREAK.sub(b"", form) for form in forms}
        self._whole = _finder(forms)
        self._split = _finder(sorted(form for form in squeezed if len(form) >= _LEAST_SPLIT))
        self._pseudonyms = pseudonyms or Pseudonyms()

    def clean(self, text: bytes) -> tuple[bytes, int]:
        """The text without secrets and names, and how many secrets were in it."""
        text, whole = self._without(text, self._spans(text))
        text, split = self._without(text, self._split_spans(text))
        text, tokens = without_tokens(text)
        return self._pseudonyms.put_in(text), whole + split + tokens

    def _spans(self, text: bytes) -> list[tuple[int, int]]:
        if self._whole is None:
            return []
        return [(start, end) for _, start, end in self._whole.find_matches_as_indexes(text)]

    def _split_spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where, in the text as it stands, a value lies across breaks."""
        if self._split is None:
            return []
        pieces, origin, position, squeezed = [], [], 0, 0
        for found in _BREAK.finditer(text):
            pieces.append(text[position : found.start()])
            origin.append((squeezed, position))
            squeezed += found.start() - position
            position = found.end()
        pieces.append(text[position:])
        origin.append((squeezed, position))
        if len(pieces) == 1:
            return []
        matches = self._split.find_matches_as_indexes(b"".join(pieces))
        return list(_placed([(start, end) for _, start, end in matches], origin))

    @staticmethod
    def _without(text: bytes, spans: list[tuple[int, int]]) -> tuple[bytes, int]:
        if not spans:
            return text, 0
        pieces, position = [], 0
        for start, end in spans:
            if start >= position:
                pieces += [text[position:start], MARK]
            position = max(position, end)
        pieces.append(text[position:])
        return b"".join(pieces), len(spans)


def _finder(forms: list[bytes]) -> BytesAhoCorasick | None:
    return BytesAhoCorasick(forms, matchkind=MatchKind.LeftmostLongest) if forms else None


def _placed(matches: list[tuple[int, int]], origin: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Matches in the text without breaks as places in the text with them; both lists are in order."""
    found, index = [], 0
    for start, end in matches:
        while index + 1 < len(origin) and origin[index + 1][0] <= start:
            index += 1
        last = index
        while last + 1 < len(origin) and origin[last + 1][0] < end:
            last += 1
        found.append((start - origin[index][0] + origin[index][1], end - origin[last][0] + origin[last][1]))
    return found
