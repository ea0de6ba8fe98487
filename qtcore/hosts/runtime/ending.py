"""Why a generation ended: from an exception to a typed cause, a sentence and a short traceback."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from types import TracebackType

from qtcore.config.declarations import Unloadable
from qtcore.errors import ConfigurationError, Fenced, NeedsOperator, NotReady, QtError
from qtcore.kernel.words import Cause

MAX_SENTENCE = 500
MAX_TRACEBACK = 8_000
_OWN = "qtcore.hosts.runtime."
_CAUSES: dict[type[BaseException], Cause] = {
    NotReady: Cause.NOT_READY,
    NeedsOperator: Cause.NEEDS_OPERATOR,
    ConfigurationError: Cause.CONFIGURATION,
    Fenced: Cause.FENCED,
    MemoryError: Cause.OUT_OF_MEMORY,
}
_PROGRAMMING = (TypeError, NameError, AttributeError)
_AT_LOAD = (ImportError, SyntaxError, Unloadable)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one generation, ready to be reported."""

    cause: Cause
    sentence: str
    error_type: str | None = None
    traceback: str = ""
    retry_after_s: float | None = None


class EndedWith(QtError):
    """Raised by a plugin whose end has a cause of its own, such as the exit of a process it runs."""

    def __init__(self, cause: Cause, sentence: str) -> None:
        super().__init__(sentence)
        self.cause = cause


class PluginExit(RuntimeError):
    """Plugin code called `sys.exit` or was interrupted; only its own generation ends."""


def returned(plugin: str) -> Ending:
    """`start` came back without being stopped."""
    return Ending(
        Cause.RETURNED,
        f"{plugin}: start returned although nobody stopped it; end it with `await ctx.serve()` if it only answers",
    )


def cancelled(plugin: str) -> Ending:
    """`start` was cancelled, but not by us."""
    return Ending(Cause.RAISED, f"{plugin}: start was cancelled from inside the plugin", "CancelledError")


def stopped(reason: str) -> Ending:
    """The supervisor asked for the end."""
    return Ending(Cause.OPERATOR, f"stopped: {reason}")


def ending_of(error: BaseException, *, ready: bool, package: str) -> Ending:
    """What this exception means. `package` is the prefix of the plugin's own modules."""
    first = _leaf(error)
    return Ending(
        cause=_cause(first, ready=ready, package=package),
        sentence=sentence_of(first),
        error_type=type(first).__name__,
        traceback=short_traceback(error),
        retry_after_s=first.retry_after_s if isinstance(first, NotReady) else None,
    )


def sentence_of(error: BaseException) -> str:
    """One line: the type, what it says, and where it was raised."""
    said = " ".join(str(error).split()) or "(no message)"
    last = _last_frame(error.__traceback__)
    where = "" if last is None else f" (in {last[0]}, line {last[1]})"
    return f"{type(error).__name__}: {said}"[: MAX_SENTENCE - len(where)] + where


def short_traceback(error: BaseException) -> str:
    """The traceback without our own frames, without local values, its end kept when long."""
    described = traceback.TracebackException(type(error), error, _foreign(error.__traceback__), capture_locals=False)
    text = "".join(described.format())
    return text if len(text) <= MAX_TRACEBACK else "[...]\n" + text[-MAX_TRACEBACK:]


def _cause(error: BaseException, *, ready: bool, package: str) -> Cause:
    if isinstance(error, EndedWith):
        return error.cause
    for kind, cause in _CAUSES.items():
        if isinstance(error, kind):
            return cause
    slip = isinstance(error, _AT_LOAD) or (isinstance(error, _PROGRAMMING) and _raised_in(error, package))
    return Cause.DEFECT if slip and not ready else Cause.RAISED


def _raised_in(error: BaseException, package: str) -> bool:
    # A TypeError from deep inside a library is more often odd data than a slip of the author's.
    at = error.__traceback__
    if at is None:
        return False
    while at.tb_next is not None:
        at = at.tb_next
    module = str(at.tb_frame.f_globals.get("__name__", ""))
    return module == package or module.startswith((f"{package}.", _OWN))


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _foreign(at: TracebackType | None) -> TracebackType | None:
    first = at
    while at is not None and str(at.tb_frame.f_globals.get("__name__", "")).startswith(_OWN):
        at = at.tb_next
    return at or first


def _last_frame(at: TracebackType | None) -> tuple[str, int] | None:
    if at is None:
        return None
    while at.tb_next is not None:
        at = at.tb_next
    return at.tb_frame.f_code.co_filename.rpartition("/")[2], at.tb_lineno
