"""Logs as JSON lines: one object per line, with the plugin, its generation and the trace it belongs to."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import orjson
from opentelemetry import trace

from qtcore.telemetry.lean_structlog import structlog
from qtcore.telemetry.line_file import LineFile
from qtcore.telemetry.redaction import SECRETS, Redactor

_FIRST = ("time", "level", "event", "plugin", "generation", "trace_id", "span_id")
_LONGEST_LINE = 64 * 1024
PART_BYTES = 5 * 1024 * 1024
KEPT_PARTS = 3


class LogFile:
    """Where structlog's loggers of one process end. Never raises; lines the disk refused are counted."""

    def __init__(self, path: Path, redactor: Redactor = SECRETS) -> None:
        self.lines = LineFile(path, max_bytes=PART_BYTES, keep=KEPT_PARTS)
        self._redactor = redactor

    def msg(self, line: bytes) -> None:
        """Write one rendered line."""
        self.lines.write(self._redactor.clean(line))

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


def configure_logging(sink: LogFile, level: str) -> logging.Handler:
    """Send structlog, and the standard library's loggers from WARNING up, to `sink`; undo with `release_logging`."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _add_trace,
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    bridge = _StandardLibrary(level=logging.WARNING)
    logging.getLogger().addHandler(bridge)
    logging.captureWarnings(capture=True)
    return bridge


def release_logging(bridge: logging.Handler) -> None:
    """Undo `configure_logging`."""
    logging.captureWarnings(capture=False)
    logging.getLogger().removeHandler(bridge)
    structlog.reset_defaults()


class _StandardLibrary(logging.Handler):
    """Libraries log through the standard library; their lines join ours."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(record.levelno, _message(record), logger=record.name, exc_info=record.exc_info or None)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit the format
        return str(record.msg)


def _add_trace(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event.setdefault("trace_id", f"{span.trace_id:032x}")
        event.setdefault("span_id", f"{span.span_id:016x}")
    return event


def _render(_logger: object, _method: str, event: Mapping[str, Any]) -> bytes:
    ordered = {key: event[key] for key in _FIRST if key in event} | dict(event)
    try:
        line = orjson.dumps(ordered, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        line = orjson.dumps(_plain(ordered))
    if len(line) > _LONGEST_LINE:
        line = orjson.dumps(_plain(ordered))
    return line + b"\n"


def _plain(event: Mapping[str, Any]) -> dict[str, str]:
    """What is left of a line that cannot be written as it is: its known fields as short texts."""
    known = {key: str(event[key]) for key in _FIRST if key in event}
    cut = {key: text[:4_000].encode("utf-8", "backslashreplace").decode() for key, text in known.items()}
    return cut | {"left_out": ", ".join(sorted(repr(key)[:100] for key in event if key not in _FIRST))[:4_000]}
