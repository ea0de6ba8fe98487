"""Checks and timers run all night: a trace of one is kept only when there is something in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan

SLOW_NS = 500_000_000
"""A routine that took longer is worth looking at."""

_USED = "qt.used"


def is_routine(attributes: Mapping[str, Any] | None, *, is_root: bool) -> bool:
    """Whether a span is a health check or a timer that nobody else caused."""
    hook = str((attributes or {}).get("qt.hook", ""))
    return is_root and (hook == "health" or hook.startswith("timer:"))


def keep_routine(parent_context: Context | None = None) -> None:
    """A span begins below the current one, a call leaves it, or somebody notes its trace: it is no idle routine."""
    parent = trace.get_current_span(parent_context)
    if isinstance(parent, ReadableSpan) and is_routine(parent.attributes, is_root=parent.parent is None):
        parent.set_attribute(_USED, value=True)


def is_idle(span: ReadableSpan) -> bool:
    """Whether an ended span is a routine that did nothing, failed in nothing and was quick."""
    if not is_routine(span.attributes, is_root=span.parent is None) or (span.attributes or {}).get(_USED):
        return False
    took_ns = (span.end_time or 0) - (span.start_time or 0)
    return span.status.is_ok is not False and not span.events and took_ns < SLOW_NS
