"""What a failed request says about its outcome: refused for certain, or unclear."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import ClientConnectorError
from ccxt.base.errors import BaseError

from plugins.venue import Answer, answer_of

CLOCK_WRONG = -1021
NOT_THERE_TO_CANCEL = -2011
NO_SUCH_ORDER = -2013
KEY_REFUSED = -2015
WOULD_TRIGGER_AT_ONCE = -2021
NOTHING_TO_REDUCE = -2022
DUPLICATE_ID = -4116
STOP_ALREADY_THERE = -4130
NEEDS_A_POSITION = frozenset({-4509, NOTHING_TO_REDUCE})
"""How a venue may refuse a closing order while the position is not there yet."""

_UNCLEAR_CODES = frozenset({-1000, -1001, -1006, -1007})
_SLOW_DOWN = frozenset({418, 429})
_FAILED_FOR_CERTAIN = ("Service Unavailable", "Internal error")


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue said no, and nothing happened. `code` is its number, None when it gave none."""

    code: int | None
    sentence: str
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody knows whether it happened; only proof resolves it, never sending again."""

    why: str


def reply_of(error: BaseError) -> Refused | Unclear:
    """Sort a ccxt error by what it says about the request's outcome.

    An answer with a code is a refusal, but for the codes and the 503 that mean "unknown". Without an
    answer the request may have arrived, unless no connection was made at all.
    """
    answer = answer_of(error)
    if answer is not None:
        return _by_answer(answer)
    if isinstance(error.__cause__, ClientConnectorError):
        return Refused(None, "the venue cannot be reached, so the request was not sent")
    return Unclear(f"{type(error).__name__}: {_without_query(str(error))}")


def _by_answer(answer: Answer) -> Refused | Unclear:
    if answer.status in _SLOW_DOWN:
        return Refused(answer.code, "the venue asks for fewer requests", max(answer.retry_after_s, 1.0))
    if answer.code in _UNCLEAR_CODES or answer.status == 408:
        return Unclear(f"the venue answered {answer.code}: {answer.message}")
    if answer.status >= 500 and not answer.message.startswith(_FAILED_FOR_CERTAIN):
        return Unclear(f"the venue answered HTTP {answer.status}: {answer.message}")
    return Refused(answer.code, answer.message)


def _without_query(text: str) -> str:
    """A request's URL names the signature; what is kept and shown does not."""
    return text.split("?", maxsplit=1)[0][:200]
