"""Supervision and self-healing for Python programs made of plugins: what a plugin author imports."""

from qtcore.context import Context, Subscription
from qtcore.errors import CallFailed, CallUnanswered, Fenced, NeedsOperator, NotReady, QtError
from qtcore.health.model import Condition, Finding, Health, Remedy, RemedyKind, Severity, Status
from qtcore.hooks import HookCall, hookimpl
from qtcore.messaging.envelope import Gap
from qtcore.plugin import NoSettings, Plugin, Settings, action, every
from qtcore.topics import topic

__all__ = [
    "CallFailed",
    "CallUnanswered",
    "Condition",
    "Context",
    "Fenced",
    "Finding",
    "Gap",
    "Health",
    "HookCall",
    "NeedsOperator",
    "NoSettings",
    "NotReady",
    "Plugin",
    "QtError",
    "Remedy",
    "RemedyKind",
    "Settings",
    "Severity",
    "Status",
    "Subscription",
    "action",
    "every",
    "hookimpl",
    "topic",
]
