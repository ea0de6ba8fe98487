"""The language of a report: fixed texts looked up, numbers and times set as its readers expect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from qtcore.errors import ConfigurationError
from qtcore.report.durations import ago, clock_time, duration

_NORWEGIAN = Path(__file__).with_name("norwegian.yaml")
_PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")
_SHAPES = {
    "n": r"[\d,.]+",
    "plugin": r"[a-z][a-z0-9_]*",
    "status": r"[a-z]+",
    "severity": r"[a-z]+",
    "host": r"[a-z][a-z0-9_]*",
}
"""What placeholders of these names take when a sentence is compared with its template; others take anything."""
_NAMES = frozenset({"pid", "port", "generation", "incarnation", "seq", "id", "uid", "code"})
_OPEN = re.compile(r"\{(?!(?:n|plugin|severity)\})")
"""A template that begins with anything would fit nearly everything."""
_KILO = 1024
_UNITS_NO = {"h": "t"}


class Language(StrEnum):
    """Languages that a report can be set in; what plugins say at run time stays as they said it."""

    EN = "en"
    NO = "no"

    @classmethod
    def named(cls, name: str) -> Language:
        """The language with this name. Raises ConfigurationError."""
        try:
            return cls(name)
        except ValueError:
            raise ConfigurationError(f'a report cannot be set in "{name}"; use en or no') from None


class Words:
    """Says fixed English texts in one language; a text without a translation stays as it is."""

    def __init__(self, language: Language = Language.EN, texts: Mapping[str, str] | None = None) -> None:
        self.language = language
        self.texts = texts or {}

    @classmethod
    def of(cls, language: Language, more: Mapping[str, str] | None = None) -> Words:
        """The framework's texts, and `more` where it does not know one."""
        if language is Language.EN:
            return cls()
        return cls(language, {**(more or {}), **framework_texts()})

    def __call__(self, text: str, /, **values: object) -> str:
        """The text with its placeholders filled."""
        said = self.texts.get(text, text)
        return said.format(**values) if values else said

    def plural(self, count: int, one: str, many: str, /, **values: object) -> str:
        """`one` or `many` with `{n}` and the other placeholders filled."""
        return self(one if count == 1 else many, n=self.number(count), **values)

    def said(self, text: str) -> str:
        """A sentence that the framework made at run time: by its whole, else by the template that it fits."""
        if self.language is Language.EN or not text:
            return text
        if text in self.texts:
            return self.texts[text]
        for pattern, translated in self._templates:
            if found := pattern.fullmatch(text):
                return translated.format(**{name: self.said(value) for name, value in found.groupdict().items()})
        head, colon, rest = text.partition(": ")
        return f"{self.texts[head]}: {self.said(rest)}" if colon and head in self.texts else text

    def _named(self, key: str, value: Any) -> str:
        """A value beside its name: a number that names something, such as a process, is no quantity."""
        return str(value) if isinstance(value, int) and key.rpartition("_")[2] in _NAMES else self.value(value)

    @cached_property
    def _templates(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Texts with placeholders as patterns, those with the most fixed signs first."""
        found = [(text, said) for text, said in self.texts.items() if "{" in text and not _OPEN.match(text)]
        found.sort(key=lambda pair: -len(re.sub(r"\{\w+\}", "", pair[0])))
        return tuple((_pattern(text), said) for text, said in found)

    def number(self, value: float) -> str:
        """`12,345.6`, in Norwegian `12 345,6`; as many places as make sense for its size."""
        text = f"{value:,}" if isinstance(value, int) else _places(value)
        if self.language is Language.EN:
            return text
        return text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")

    def duration(self, seconds: float) -> str:
        """`8 s`, `2 h 5 min`; below a second with three places."""
        text = f"{seconds:.3f} s" if 0 < seconds < 1 else duration(seconds)
        if self.language is Language.EN:
            return text
        return " ".join(_UNITS_NO.get(word, word) for word in text.replace(".", ",").split())

    def ago(self, at: datetime | None, now: datetime) -> str:
        """How long ago `at` was; `-` when there is none."""
        return self.duration((now - at).total_seconds()) if at and now > at else ago(at, now)

    def moment(self, at: datetime | None) -> str:
        """`2026-11-23 00:40:12 UTC`; `-` when there is none."""
        return clock_time(at)

    def size(self, count: int) -> str:
        """`3.4 MB`: bytes in powers of 1024."""
        amount, units = float(count), ["B", "kB", "MB", "GB", "TB"]
        while amount >= _KILO and len(units) > 1:
            amount, units = amount / _KILO, units[1:]
        text = f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
        return text if self.language is Language.EN else text.replace(".", ",")

    def value(self, value: Any) -> str:  # noqa: PLR0911 - one arm per kind of value
        """A value of a table or of evidence."""
        match value:
            case None:
                return "-"
            case bool():
                return self("yes") if value else self("no")
            case int() | float():
                return self.number(value)
            case datetime():
                return self.moment(value)
            case list() | tuple():
                return ", ".join(map(self.value, value)) or "-"
            case dict():
                return ", ".join(f"{key} {self._named(str(key), item)}" for key, item in value.items()) or "-"
            case str() if _MOMENT.fullmatch(value):
                return self.moment(datetime.fromisoformat(value))  # a moment that was kept as JSON
            case _:
                return self.said(" ".join(str(value).split()))


def capital(text: str) -> str:
    """With a capital letter, unless the first word is a name of the code."""
    first = text.partition(" ")[0]
    return text if any(sign in first for sign in "_.`/-") else text[:1].upper() + text[1:]


@cache
def framework_texts() -> Mapping[str, str]:
    """The framework's fixed texts, English to Norwegian."""
    import yaml  # English needs none

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(_NORWEGIAN.read_bytes(), Loader=loader)  # noqa: S506 - both are safe loaders
    return {str(text): str(translated) for text, translated in (data or {}).items()}


def _pattern(text: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_SHAPES.get(name, '.+?')})"

    return re.compile(_PLACEHOLDER.sub(group, re.escape(text)), re.DOTALL)


def _places(value: float) -> str:
    size = abs(value)
    if size >= 1000:
        text = f"{value:,.1f}"
    elif size >= 1:
        text = f"{value:,.3f}"
    else:
        text = f"{value:.6g}" if size >= 1e-4 or not size else f"{value:.4g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
