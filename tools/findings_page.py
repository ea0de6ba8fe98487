"""The page about findings: every kind with its texts, and an index; written from what is declared."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.health.kinds import FindingKind
from qtcore.health.model import RemedyKind
from tools.declared_kinds import groups, shipped_manifests

_BY_HAND = {RemedyKind.SAFE: "by itself", RemedyKind.CONFIRM: "after a yes", RemedyKind.MANUAL: "by hand"}


def findings_page() -> Iterator[str]:
    """Its lines, without title."""
    found = groups(shipped_manifests())
    kinds = [kind for group in found.values() for kind in group]
    acted = sum(1 for kind in kinds if typed(kind))
    yield "A finding is a problem that a person could act on. Its code is stable: texts may change, it may not. Here is"
    yield "what is always true of each; what was seen stands in the finding itself, with evidence. `{plugin}` and"
    yield "`{subject}` stand for the names that a finding puts there."
    yield "`qt why CODE` tells the same, and where it is open."
    yield ""
    yield "A remedy is *safe* (`qt doctor --fix` carries it out, and so may the supervisor by itself), *confirm*"
    yield "(after a yes) or *manual* (only a person can)."
    yield f"Of {len(kinds)} codes, {acted} ({acted / len(kinds):.0%}) have a remedy that is carried"
    yield "out for you. No remedy counts as done before a second look has found the trouble gone."
    yield ""
    yield from _index(found)
    for owner, group in found.items():
        yield f"## {owner}"
        yield ""
        for kind in group:
            yield from _entry(kind)


def typed(kind: FindingKind) -> bool:
    """One of its remedies is carried out by the supervisor, if only after a yes."""
    return any(remedy.kind is not RemedyKind.MANUAL for remedy in kind.remedies)


def _index(found: dict[str, tuple[FindingKind, ...]]) -> Iterator[str]:
    yield "| code | what it is | severity | mended |"
    yield "| --- | --- | --- | --- |"
    for group in found.values():
        for kind in group:
            yield f"| [{kind.code}](#{kind.code.lower()}) | {kind.title} | {kind.severity} | {_mended(kind)} |"
    yield ""


def _mended(kind: FindingKind) -> str:
    best = min((remedy.kind for remedy in kind.remedies), key=list(RemedyKind).index)
    return _BY_HAND[best]


def _entry(kind: FindingKind) -> Iterator[str]:
    yield f"### {kind.code}"
    yield ""
    yield f"**{_begun(kind.title)}**: usually {kind.severity}{', healed in place' if kind.healable else ''}"
    yield ""
    texts = ("cause", kind.cause), ("consequence", kind.consequence), ("fix", kind.fix), ("verification", kind.verify)
    yield from (f"- {name}: {_code(text)}" for name, text in texts)
    yield "- remedies:"
    for remedy in kind.remedies:
        then = f"; then {_code(remedy.expected)}" if remedy.expected else ""
        yield f"  - {remedy.kind}, `{remedy.act}`: {remedy.effect}{then}"
    if kind.effect_of:
        yield f"- usually an effect of: {', '.join(map(_link, kind.effect_of))}"
    yield ""


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _code(text: str) -> str:
    """A text that is a command and nothing else is set as one."""
    return f"`{text}`" if text.startswith(("qt ", "df ")) and "`" not in text else text


def _link(code: str) -> str:
    return f"[{code}](#{code.lower()})"
