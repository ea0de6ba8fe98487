"""Which of the plugins' translations a report needs, so that it can be set again anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qtcore.config.cached_manifests import cached_manifests
from qtcore.documents import Document
from qtcore.report.words import Language, Words


def translations_for(parts: Iterable[Document], more: Iterable[str], cache: Path) -> dict[str, str]:
    """The Norwegian of every fixed text of a plugin that occurs in the parts, by the manifests that were read last.

    A text into which names were filled is found by its template.
    """
    known: dict[str, str] = {}
    for manifest in cached_manifests(cache).values():
        for text, translated in dict(manifest.get("norwegian") or {}).items():
            known.setdefault(text, translated)
    if not known:
        return {}
    said = {text for part in parts for text in _texts(part.model_dump())} | set(more)
    words = Words(Language.NO, known)
    told = {text: words.said(text) if " " in text else known.get(text, text) for text in sorted(said)}
    return {text: translated for text, translated in told.items() if translated != text}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
