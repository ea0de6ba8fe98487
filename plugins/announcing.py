"""Findings told at the moment they are known: whoever asks for health comes by only every few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qtcore import Context, Finding, FindingKind


class Announced:
    """What was told by itself; health names the same, so that it stays open as long as it is true."""

    def __init__(self, kinds: Iterable[FindingKind]) -> None:
        self._told: dict[tuple[str, str], Finding] = {}
        self._unsure = {kind.code for kind in kinds}
        """What an earlier generation may have told and not lived to take back."""

    def tell(self, ctx: Context[Any], findings: Iterable[Finding]) -> None:
        """Tell those that are new or graver than before, and take back those that are not among them any more."""
        now = {(finding.code, finding.subject): finding for finding in findings}
        for code in self._unsure - {code for code, _ in now}:
            ctx.resolve_finding(code)
        self._unsure.clear()
        for key, finding in now.items():
            before = self._told.get(key)
            if before is None or before.severity is not finding.severity:
                ctx.raise_finding(finding)
        for code, subject in self._told.keys() - now.keys():
            ctx.resolve_finding(code, subject)
        self._told = now
