"""Hook specifications: the contract between the framework and plugins.

Every hook is optional except `start`. Hooks may be `async def` or `def`; a `def` hook runs in a
worker thread under the same deadlines. A hook implementation may take fewer arguments than the
specification offers, as pluggy allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from qtcore.context import Context
    from qtcore.doctor.check import Check
    from qtcore.health.kinds import FindingKind
    from qtcore.health.model import Finding, Health
    from qtcore.report.section import Section

PROJECT = "qtcore"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of one hook of one plugin, as `around` sees it."""

    plugin: str
    generation: int
    hook: str
    """`start`, `health`, `heal`, `timer:NAME` or `action:NAME`."""


class PluginSpec:
    """The hooks of one plugin."""

    @hookspec
    async def start(self, ctx: Context[Any]) -> None:
        """Live: do the plugin's work until cancelled.

        Call `ctx.ready()` once useful. Returning before being stopped is the cause *returned*.
        Raise `NotReady` (try again), `NeedsOperator` (ask a person); anything else is a defect.
        """

    @hookspec
    async def health(self, ctx: Context[Any]) -> Health:  # noqa: ARG002 - a specification
        """Say how the plugin is doing, judged by its effect; raising is a failed sensor, not a restart."""
        raise AssertionError("a specification is never called")

    @hookspec
    async def heal(self, ctx: Context[Any], finding: Finding) -> str:  # noqa: ARG002 - a specification
        """Repair in place and say what was done; the supervisor re-checks with `health`."""
        raise AssertionError("a specification is never called")

    @hookspec
    def findings(self) -> Sequence[FindingKind]:
        """Declare every kind of finding that the plugin may ever report; a `@staticmethod`, read without running it."""
        raise AssertionError("a specification is never called")

    @hookspec
    def checks(self) -> Sequence[Check]:
        """Offer checks to `qt doctor`; a `@staticmethod`. Each looks at a home, whether a supervisor runs or not."""
        raise AssertionError("a specification is never called")

    @hookspec
    async def report(self, ctx: Context[Any]) -> Sequence[Section]:  # noqa: ARG002 - a specification
        """Its part of the report: asked once it is ready and each quarter of a minute, kept for when nothing runs."""
        raise AssertionError("a specification is never called")

    @hookspec
    def around(self, call: HookCall) -> AbstractAsyncContextManager[None]:  # noqa: ARG002 - a specification
        """Wrap every hook call of this plugin's host: tracing, timing, faults."""
        raise AssertionError("a specification is never called")
