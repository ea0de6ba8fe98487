"""Supervision and self-healing for Python programs made of plugins: what a plugin author imports.

The names are looked up on first use, so that `qt status` does not pay for what only plugins need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qtcore.config.meaning import impossible, means
    from qtcore.context import Context, Subscription
    from qtcore.doctor.check import Check, Fine, Patient, Seen, Skipped, Trouble, Verdict
    from qtcore.errors import CallFailed, CallUnanswered, Fenced, NeedsOperator, NotReady, QtError
    from qtcore.health.kinds import FindingKind
    from qtcore.health.model import Condition, Finding, Health, Reach, Remedy, RemedyKind, Severity, Status
    from qtcore.hooks import HookCall, hookimpl
    from qtcore.hosts.runtime.belongings import uncancelled
    from qtcore.kernel.words import Autonomy
    from qtcore.messaging.clock import ClockMap
    from qtcore.messaging.envelope import Gap
    from qtcore.plugin import NoSettings, Plugin, Port, Settings, action, checked_mode, every, is_check
    from qtcore.records.atomic import replace_file
    from qtcore.records.journal_event import EventKind, JournalEvent
    from qtcore.report.section import Bar, Bars, Curves, Line, Paragraph, Section, Table
    from qtcore.topics import topic
    from qtcore.wording import counted

__all__ = [
    "Autonomy",
    "Bar",
    "Bars",
    "CallFailed",
    "CallUnanswered",
    "Check",
    "ClockMap",
    "Condition",
    "Context",
    "Curves",
    "EventKind",
    "Fenced",
    "Finding",
    "FindingKind",
    "Fine",
    "Gap",
    "Health",
    "HookCall",
    "JournalEvent",
    "Line",
    "NeedsOperator",
    "NoSettings",
    "NotReady",
    "Paragraph",
    "Patient",
    "Plugin",
    "Port",
    "QtError",
    "Reach",
    "Remedy",
    "RemedyKind",
    "Section",
    "Seen",
    "Settings",
    "Severity",
    "Skipped",
    "Status",
    "Subscription",
    "Table",
    "Trouble",
    "Verdict",
    "action",
    "checked_mode",
    "counted",
    "every",
    "hookimpl",
    "impossible",
    "is_check",
    "means",
    "replace_file",
    "topic",
    "uncancelled",
]

_HOMES = {
    "Autonomy": "qtcore.kernel.words",
    "Bar": "qtcore.report.section",
    "Bars": "qtcore.report.section",
    "CallFailed": "qtcore.errors",
    "CallUnanswered": "qtcore.errors",
    "Check": "qtcore.doctor.check",
    "ClockMap": "qtcore.messaging.clock",
    "Condition": "qtcore.health.model",
    "Context": "qtcore.context",
    "Curves": "qtcore.report.section",
    "EventKind": "qtcore.records.journal_event",
    "Fenced": "qtcore.errors",
    "Finding": "qtcore.health.model",
    "FindingKind": "qtcore.health.kinds",
    "Fine": "qtcore.doctor.check",
    "Gap": "qtcore.messaging.envelope",
    "Health": "qtcore.health.model",
    "HookCall": "qtcore.hooks",
    "JournalEvent": "qtcore.records.journal_event",
    "Line": "qtcore.report.section",
    "NeedsOperator": "qtcore.errors",
    "NoSettings": "qtcore.plugin",
    "NotReady": "qtcore.errors",
    "Paragraph": "qtcore.report.section",
    "Patient": "qtcore.doctor.check",
    "Plugin": "qtcore.plugin",
    "Port": "qtcore.plugin",
    "QtError": "qtcore.errors",
    "Reach": "qtcore.health.model",
    "Remedy": "qtcore.health.model",
    "RemedyKind": "qtcore.health.model",
    "Section": "qtcore.report.section",
    "Seen": "qtcore.doctor.check",
    "Settings": "qtcore.plugin",
    "Severity": "qtcore.health.model",
    "Skipped": "qtcore.doctor.check",
    "Status": "qtcore.health.model",
    "Subscription": "qtcore.context",
    "Table": "qtcore.report.section",
    "Trouble": "qtcore.doctor.check",
    "Verdict": "qtcore.doctor.check",
    "action": "qtcore.plugin",
    "checked_mode": "qtcore.plugin",
    "counted": "qtcore.wording",
    "every": "qtcore.plugin",
    "hookimpl": "qtcore.hooks",
    "impossible": "qtcore.config.meaning",
    "is_check": "qtcore.plugin",
    "means": "qtcore.config.meaning",
    "replace_file": "qtcore.records.atomic",
    "topic": "qtcore.topics",
    "uncancelled": "qtcore.hosts.runtime.belongings",
}


def __getattr__(name: str) -> Any:
    """Import the module that defines a public name, once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'qtcore' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
