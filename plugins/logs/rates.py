"""How often each plugin complains, over a sliding window (pure)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ERRORS = frozenset({"error", "critical"})
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Rate:
    """One plugin's complaints within the window."""

    plugin: str
    errors: int
    warnings: int
    per_minute: float
    commonest: str


@dataclass(slots=True)
class Complaints:
    """Error and warning lines of the last `window_s` seconds; times are monotonic seconds of their reading."""

    window_s: float
    _seen: deque[tuple[float, str, str, str]] = field(default_factory=deque)
    _most: int = 50_000

    def add(self, lines: Iterable[Mapping[str, Any]], now_s: float) -> int:
        """Take new lines; returns how many of them were errors."""
        errors = 0
        for line in lines:
            level = str(line.get("level"))
            if level in ERRORS or level == "warning":
                who = str(line.get("plugin") or line.get("process") or "?")
                self._seen.append((now_s, who, level, str(line.get("event", ""))[:_LONGEST]))
                errors += level in ERRORS
        while len(self._seen) > self._most:
            self._seen.popleft()
        return errors

    def rates(self, now_s: float) -> list[Rate]:
        """By plugin, most errors first."""
        while self._seen and now_s - self._seen[0][0] > self.window_s:
            self._seen.popleft()
        by_plugin: dict[str, list[tuple[str, str]]] = {}
        for _at, plugin, level, event in self._seen:
            by_plugin.setdefault(plugin, []).append((level, event))
        return sorted(
            (self._rate(plugin, lines) for plugin, lines in by_plugin.items()),
            key=lambda rate: (-rate.errors, rate.plugin),
        )

    def _rate(self, plugin: str, lines: list[tuple[str, str]]) -> Rate:
        errors = [event for level, event in lines if level in ERRORS]
        ((commonest, _count),) = Counter(errors or [event for _level, event in lines]).most_common(1)
        per_minute = len(errors) / (self.window_s / 60)
        return Rate(plugin, len(errors), len(lines) - len(errors), round(per_minute, 2), commonest)
