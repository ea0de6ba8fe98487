"""Sends reports to the supervisor: without secrets, and never so large that they do not arrive at all."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from qtcore.control.host_message import CallDone, HealthReported, NoteRaised, ToSupervisor
from qtcore.health.model import Status
from qtcore.hosts.channel import ChannelClosed, ChannelOverflow, MessageTooLarge
from qtcore.telemetry.redaction import SECRETS, Redactor


class Reporter:
    """What a host says to its supervisor passes through here."""

    def __init__(self, send: Callable[[ToSupervisor], None], redactor: Redactor = SECRETS) -> None:
        self._send = send
        self._redactor = redactor

    def __call__(self, message: ToSupervisor) -> None:
        """Send a report. What cannot be sent is logged: no plugin is to fail for it."""
        try:
            self._fit(self._clean(message))
        except ChannelClosed:
            # The supervisor is gone, which ends this host by other ways within the second.
            return
        except ChannelOverflow as error:
            structlog.get_logger().error("report lost", report=message.type, error=str(error))

    def _fit(self, message: ToSupervisor) -> None:
        try:
            self._send(message)
        except MessageTooLarge as error:
            self._send(_instead_of(message, str(error)))

    def _clean(self, message: ToSupervisor) -> ToSupervisor:
        data = message.model_dump_json().encode()
        cleaned = self._redactor.clean(data)
        return message if cleaned == data else type(message).model_validate_json(cleaned)


def _instead_of(message: ToSupervisor, why: str) -> ToSupervisor:
    if isinstance(message, HealthReported):
        return message.model_copy(update={"health": None, "sensor_failure": f"its answer is too large: {why}"})
    if isinstance(message, CallDone):
        cut = {"result": None, "error_type": "MessageTooLarge", "error": why}
        return message.model_copy(update=cut)
    return NoteRaised(text=f"a {message.type} was too large to be sent: {why}", status=Status.DEGRADED)
