"""How disk and logs are, by effect (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from plugins.logs import kinds
from plugins.logs.rates import Rate
from plugins.logs.settings import LogsSettings
from qtcore import Finding, Health, Reach, Severity, Status

MEGABYTE = 1024 * 1024
_LATE = 3.0
_WORTH = 0.01
"""Logs and traces that are less than this share of what is free anyway: deleting them all would change nothing."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the judgement rests on; sizes in bytes, ages in seconds."""

    free_bytes: int | None
    days_left: float | None
    sizes: Mapping[str, int]
    oversized: Mapping[str, int]
    rates: Sequence[Rate]
    looked_age_s: float | None
    trouble: str | None = None


def health_of(figures: Figures, settings: LogsSettings) -> Health:
    """Unknown before the first look and when looking stopped; else by what was seen."""
    limit_s = _LATE * settings.disk_every_s
    if figures.free_bytes is None or figures.looked_age_s is None or figures.looked_age_s > limit_s:
        return Health.unknown(figures.trouble or "the disk has not been looked at lately")
    findings = (*_space(figures, settings), *_rotation(figures), *_errors(figures, settings))
    facts = _facts(figures)
    if not findings:
        return Health.healthy(_summary(figures), **facts)
    critical = any(finding.severity is Severity.CRITICAL for finding in findings)
    status = Status.CRITICAL if critical else Status.DEGRADED
    return Health(status=status, summary=findings[0].summary, findings=findings, facts=facts)


def days_text(days: float | None) -> str:
    """`12 days`, `7 h`; long when there is no end in sight."""
    if days is None:
        return "no end in sight"
    return f"full in {days:.0f} days" if days >= 2 else f"full in {days * 24:.0f} h"


def size_text(count: float) -> str:
    """`3.4 MB`."""
    return f"{count / MEGABYTE:.1f} MB" if count < 1024 * MEGABYTE else f"{count / MEGABYTE / 1024:.1f} GB"


def _summary(figures: Figures) -> str:
    home, free = size_text(sum(figures.sizes.values())), size_text(figures.free_bytes or 0)
    return f"the home takes {home}, {free} free, {days_text(figures.days_left)}"


def _space(figures: Figures, settings: LogsSettings) -> list[Finding]:
    free_mb = (figures.free_bytes or 0) / MEGABYTE
    soon = figures.days_left is not None and figures.days_left < settings.days_left
    if free_mb >= settings.low_mb and not soon:
        return []
    deletable = figures.sizes.get("logs", 0) + figures.sizes.get("traces", 0)
    largest = max(figures.sizes, key=lambda what: figures.sizes[what], default="nothing")
    full = free_mb < settings.critical_mb
    # Where all of it would not end the emergency, trying only brings on restarts, which free nothing.
    lacking = (settings.critical_mb - free_mb) * MEGABYTE if full else 0.0
    return [
        kinds.DISK.found(
            f"{size_text(figures.free_bytes or 0)} are free on the disk of the home, {days_text(figures.days_left)}",
            severity=Severity.CRITICAL if full else Severity.HIGH,
            evidence={"free_mb": round(free_mb), "days_left": figures.days_left, **_megabytes(figures)},
            cause=f"the largest part of the home is {largest} ({size_text(figures.sizes.get(largest, 0))})",
            healable=deletable >= max(_WORTH * (figures.free_bytes or 0), lacking),
        ).model_copy(update={} if full else {"reach": Reach.NOTHING})  # what still takes writes explains no trouble
    ]


def _rotation(figures: Figures) -> list[Finding]:
    if not figures.oversized:
        return []
    names = ", ".join(f"{name} ({size_text(size)})" for name, size in sorted(figures.oversized.items()))
    return [kinds.ROTATION.found(f"logs have outgrown their limit: {names}", evidence={**figures.oversized})]


def _errors(figures: Figures, settings: LogsSettings) -> list[Finding]:
    loud = [rate for rate in figures.rates if rate.per_minute > settings.errors_per_minute]
    if not loud:
        return []
    worst = loud[0]
    others = f"; also {', '.join(rate.plugin for rate in loud[1:])}" if len(loud) > 1 else ""
    return [
        kinds.ERRORS.found(
            f"{worst.plugin} logs {worst.per_minute:g} errors a minute, mostly “{worst.commonest}”{others}",
            evidence={rate.plugin: rate.per_minute for rate in loud},
        )
    ]


def _megabytes(figures: Figures) -> dict[str, float]:
    return {f"{what}_mb": round(size / MEGABYTE, 1) for what, size in figures.sizes.items()}


def _facts(figures: Figures) -> dict[str, JsonValue]:
    return {
        "free_mb": round((figures.free_bytes or 0) / MEGABYTE),
        "days_left": None if figures.days_left is None else round(figures.days_left, 1),
        "errors_per_minute": {rate.plugin: rate.per_minute for rate in figures.rates if rate.errors},
        **_megabytes(figures),
    }
