"""Figures and times as people read them; `--json` has them whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

_NUMBER = re.compile(r"-?\d+\.\d+(?:[eE][+-]?\d+)?|-?\d+[eE][+-]?\d+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")

_LARGE, _LARGE_PLACES = 100, 3
_UNIT_PLACES = 5
_SMALL_FIGURES = 6


def readable(text: str) -> str:
    """A text that is a number with a fraction, or a moment, without what nobody reads; any other as it is."""
    if _NUMBER.fullmatch(text):
        return number_text(Decimal(text))
    if _MOMENT.fullmatch(text):
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return text


def number_text(value: Decimal) -> str:
    """Plain notation with at most 3 places from 100 up, 5 from 1 up and 6 leading figures below; no idle zeros."""
    size = abs(value)
    if size >= _LARGE:
        places = _LARGE_PLACES
    elif size >= 1:
        places = _UNIT_PLACES
    else:
        places = min(_SMALL_FIGURES - 1 - value.adjusted(), 18) if value else 0
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
