"""Findings told at the moment they are known: whoever asks for health comes by only every few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qtcore import Context, Finding


class Announced:
    """What was told by itself; health names the same, so that it stays open as long as it is true."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], Finding] = {}

    def tell(self, ctx: Context[Any], findings: Iterable[Finding]) -> None:
        """Tell those that are new or graver than before, and take back those that are not among them any more."""
        now = {(finding.code, finding.subject): finding for finding in findings}
        for key, finding in now.items():
            before = self._told.get(key)
            if before is None or before.severity is not finding.severity:
                ctx.raise_finding(finding)
        for code, subject in self._told.keys() - now.keys():
            ctx.resolve_finding(code, subject)
        self._told = now
