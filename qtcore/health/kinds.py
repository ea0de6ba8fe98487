"""Kinds of trouble: what is always true of a finding's code, whoever meets it.

A kind is declared once, by the framework or by a plugin (hook `findings`), and read without running
anything. What a plugin says at run time is only what differs: the sentence, the evidence, the subject.
Texts may name `{plugin}` and `{subject}`; both are filled in as soon as they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pydantic import Field

from qtcore.documents import Document, Facts
from qtcore.health.model import Code, Finding, Reach, Remedy, Severity


class FindingKind(Document):
    """One entry of the catalogue; every text is a sentence for people."""

    code: Code
    title: str = Field(min_length=1, description="what it is, in a few words")
    severity: Severity = Field(description="as it usually is; a finding may say otherwise")
    cause: str = Field(min_length=1, description="where it usually comes from")
    consequence: str = Field(min_length=1, description="what it means for the one who relies on it")
    fix: str = Field(min_length=1, description="what to do, with the command")
    verify: str = Field(min_length=1, description="how to see that it is over")
    remedies: tuple[Remedy, ...] = Field(min_length=1)
    healable: bool = Field(default=False, description="the plugin's own `heal` may resolve it in place")
    waited: bool = Field(
        default=False, description="whoever finds it has waited long enough: it opens at once, however mild it is"
    )
    reach: Reach = Field(default=Reach.DOWNSTREAM, description="whose trouble it may be the cause of")
    root: bool = Field(
        default=False,
        description="its reason lies in itself (a setting, a decision, a death), not in what its plugin depends on",
    )
    effect_of: tuple[Code, ...] = Field(default=(), description="codes of what usually is its cause, where met with it")

    def found(
        self,
        summary: str,
        *,
        severity: Severity | None = None,
        subject: str = "",
        evidence: Facts | None = None,
        cause: str = "",
        healable: bool | None = None,
    ) -> Finding:
        """This trouble, met now: `summary` is what was seen; `cause` where more is known than the usual one."""
        return self.complete(
            Finding(
                code=self.code,
                severity=severity or self.severity,
                summary=summary,
                subject=subject,
                evidence=evidence or {},
                cause=cause,
                healable=self.healable if healable is None else healable,
            )
        )

    def complete(self, finding: Finding) -> Finding:
        """The finding with every text of its kind that it does not have itself."""
        texts = {name: getattr(finding, name) or getattr(self, name) for name in _TEXTS}
        ties = {name: getattr(self, name) for name in _TIES if name not in finding.model_fields_set}
        remedies = finding.remedies or self.remedies
        return _retold(finding.model_copy(update=ties | {"remedies": remedies} | texts), _filling(finding))

    def translated(self, finding: Finding, translations: Mapping[str, str]) -> Finding:
        """The finding with each text that is its kind's own in another language; what it says itself stays."""
        fill = _filling(finding)
        own = {fill(text): fill(translations[text]) for text in self.texts if text in translations}
        return _retold(finding, lambda text: own.get(text) or translations.get(text, text))

    @property
    def texts(self) -> tuple[str, ...]:
        """Every sentence for people, each once: what a translation must have."""
        said = [getattr(self, name) for name in _TEXTS]
        said += [getattr(remedy, name) for remedy in self.remedies for name in _REMEDY_TEXTS]
        return tuple(dict.fromkeys(filter(None, said)))


_TIES = ("reach", "root", "effect_of")
_TEXTS = ("title", "cause", "consequence", "fix", "verify")
_REMEDY_TEXTS = ("effect", "expected")


def _filling(finding: Finding) -> Callable[[str], str]:
    """Puts the names that the finding has into a text; one that it has not yet stays a placeholder."""
    names = {"{plugin}": finding.plugin, "{subject}": finding.subject}

    def fill(text: str) -> str:
        for placeholder, name in names.items():
            text = text.replace(placeholder, name) if name else text
        return text

    return fill


def _retold(finding: Finding, tell: Callable[[str], str]) -> Finding:
    """The finding with every fixed text as `tell` has it."""
    texts = {name: tell(getattr(finding, name)) for name in _TEXTS}
    remedies = tuple(
        remedy.model_copy(update={name: tell(getattr(remedy, name)) for name in (*_REMEDY_TEXTS, "act")})
        for remedy in finding.remedies
    )
    return finding.model_copy(update=texts | {"remedies": remedies})


class Catalogue(Mapping[str, FindingKind]):
    """All kinds by code; the first to declare a code owns it."""

    def __init__(self, kinds: Iterable[FindingKind] = ()) -> None:
        self._kinds: dict[str, FindingKind] = {}
        for kind in kinds:
            self._kinds.setdefault(kind.code, kind)

    def __getitem__(self, code: str) -> FindingKind:
        return self._kinds[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def has_waited(self, code: str) -> bool:
        """Whether such a finding opens at once."""
        kind = self._kinds.get(code)
        return kind is not None and kind.waited

    def complete(self, finding: Finding) -> Finding:
        """The finding with its kind's texts; as it is where nobody has declared the code."""
        kind = self._kinds.get(finding.code)
        return kind.complete(finding) if kind else finding

    def translated(self, finding: Finding, translations: Mapping[str, str]) -> Finding:
        """The finding with its fixed texts in another language, as far as they are translated."""
        kind = self._kinds.get(finding.code)
        return kind.translated(finding, translations) if kind else finding
