"""What plugins under test told the supervisor, which in a test is the test."""

from __future__ import annotations

from typing import TypeVar

from qtcore.control.host_message import ClaimPosture, FindingRaised, PluginEnded, ToSupervisor
from qtcore.health.model import Finding
from qtcore.kernel.posture import PostureClaim

M = TypeVar("M", bound=ToSupervisor)


class Reports:
    """Every message to the supervisor, in order."""

    def __init__(self) -> None:
        self.messages: list[ToSupervisor] = []
        self.findings: dict[str, Finding] = {}

    def add(self, message: ToSupervisor) -> None:
        """A plugin, or the runtime on its behalf, reports."""
        self.messages.append(message)
        if isinstance(message, FindingRaised):
            self._note(message)

    def of(self, kind: type[M]) -> list[M]:
        """All reports of one kind."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def claims(self) -> list[PostureClaim]:
        """Every claim on the posture so far."""
        return [message.claim for message in self.of(ClaimPosture)]

    def ended(self, plugin: str, generation: int) -> PluginEnded | None:
        """The end of a generation, if it has come."""
        ends = (end for end in self.of(PluginEnded) if (end.plugin, end.generation) == (plugin, generation))
        return next(ends, None)

    def _note(self, message: FindingRaised) -> None:
        if message.resolved:
            self.findings.pop(message.finding.code, None)
        else:
            self.findings[message.finding.code] = message.finding
