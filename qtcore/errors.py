"""Every error that qtcore raises on purpose; each says what happened, to whom, why and what to do."""

from __future__ import annotations


class QtError(Exception):
    """Root of the framework's own errors; `str()` is one sentence fit for a person."""


class ConfigurationError(QtError):
    """The configuration cannot be used; nothing was started. Exit code 64."""


class EnvironmentRefused(QtError):
    """The machine refuses (port, home, permissions, second supervisor). Exit code 69."""


class NotReady(QtError):
    """Raised in `start`: something outside is not there yet; try again after `retry_after_s`."""

    def __init__(self, sentence: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class NeedsOperator(QtError):
    """Raised in `start`: only a person can help; `what` says with what."""


class Fenced(QtError):
    """This generation has been replaced or its lease ran out; it must not act any more."""


class Undeclared(QtError):
    """The plugin used a topic or action that its class does not declare."""


class CallFailed(QtError):
    """An action raised; `error_type` names the original class."""

    def __init__(self, sentence: str, *, error_type: str = "") -> None:
        super().__init__(sentence)
        self.error_type = error_type


class CallUnanswered(QtError):
    """No answer within the deadline; for an action with an effect the outcome is unknown."""


class MessageTooLarge(QtError):
    """A message or call is larger than what may travel between hosts; nothing was sent."""


class RecordsDamaged(QtError):
    """A journal or state file cannot be read as what it should be."""
