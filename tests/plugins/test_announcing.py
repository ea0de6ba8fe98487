"""What is told at once, and taken back one subject at a time."""

from __future__ import annotations

import anyio
import pytest

from plugins.announcing import Announced
from plugins.trailing_stop.kinds import BLIND, KINDS
from qtcore import Context, NoSettings, Plugin, Severity, action, hookimpl
from qtcore.control.host_message import FindingRaised
from qtcore.testing import Harness, harness

pytestmark = pytest.mark.anyio


class Crier(Plugin[NoSettings]):
    """Announces what it is told to."""

    def __init__(self) -> None:
        self._announced = Announced(KINDS)

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        """Nothing to do by itself."""
        ctx.ready()
        await anyio.sleep_forever()

    @action()
    async def cry(self, ctx: Context[NoSettings], subjects: list[str], severity: Severity = Severity.HIGH) -> None:
        """These are wrong now, and nothing else."""
        self._announced.tell(ctx, [BLIND.found(name, severity=severity, subject=name) for name in subjects])


def told(h: Harness) -> list[tuple[str, bool]]:
    raised = h.reports.of(FindingRaised)
    return [(each.finding.subject, each.resolved) for each in raised if each.finding.code == BLIND.code]


async def test_each_subject_is_told_once_and_taken_back_by_itself() -> None:
    """Two of one code: the one that ends is named, not the one that was told last."""
    async with harness(Crier) as h:
        await h.ready()
        for subjects in (["a", "b"], ["a", "b"], ["b"], []):
            await h.call("crier.cry", {"subjects": subjects})
        assert told(h) == [("a", False), ("b", False), ("a", True), ("b", True)]


async def test_what_has_become_graver_is_told_again() -> None:
    """A book that waits with what is small opens it then."""
    async with harness(Crier) as h:
        await h.ready()
        for severity in ("low", "low", "critical"):
            await h.call("crier.cry", {"subjects": ["a"], "severity": severity})
        raised = [each.finding for each in h.reports.of(FindingRaised) if not each.resolved]
        assert [finding.severity for finding in raised] == [Severity.LOW, Severity.CRITICAL]


async def test_what_an_earlier_life_told_and_is_not_so_is_taken_back_first() -> None:
    """It ended before it could; by its code alone, because nobody knows about whom it was told."""
    async with harness(Crier) as h:
        await h.ready()
        await h.call("crier.cry", {"subjects": ["a"]})
        await h.restart()
        await h.ready()
        for _ in range(2):
            await h.call("crier.cry", {"subjects": []})
        assert told(h) == [("a", False), ("", True)]
