"""`qt why CODE`: what a finding's code means, whoever reports it, and where it is open now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qtcore.cli.output import say, say_json
from qtcore.config.cached_manifests import cached_manifests
from qtcore.config.problem import did_you_mean
from qtcore.errors import ConfigurationError
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.kinds import FindingKind
from qtcore.health.model import Finding
from qtcore.records.home import Home
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import read_state

PREFIX = "QT-"
_FRAMEWORK = "the framework"


def tell_code(home: Home, code: str, *, as_json: bool) -> None:
    """Say what the code means. Raises ConfigurationError for one that nobody declares."""
    kinds = _declared(home)
    if code not in kinds:
        cure = did_you_mean(code, kinds) or "; `qt check` reads what plugins declare"
        raise ConfigurationError(f'no finding has the code "{code}"{cure}')
    owner, kind = kinds[code]
    met = [finding for state in _states(home) for finding in state.findings if finding.code == code]
    if as_json:
        say_json({"schema": 1, "owner": owner, "kind": kind.model_dump(mode="json"), "open": _open(met)})
        return
    for line in _told(owner, kind, met):
        say(line)


def _declared(home: Home) -> Mapping[str, tuple[str, FindingKind]]:
    """Each kind with whose it is: the framework's, and those of the plugins as they were read last."""
    found = {code: (_FRAMEWORK, kind) for code, kind in FRAMEWORK.items()}
    for name, manifest in cached_manifests(home.cache).items():
        for data in manifest.get("findings", ()):
            kind = FindingKind.model_validate(data)
            found.setdefault(kind.code, (name, kind))
    return found


def _states(home: Home) -> list[StateFile]:
    return [state for state in read_state(home.state) if isinstance(state, StateFile)]


def _open(met: list[Finding]) -> list[dict[str, Any]]:
    return [finding.model_dump(mode="json") for finding in met]


def _told(owner: str, kind: FindingKind, met: list[Finding]) -> Iterator[str]:
    yield f"{kind.code}: {kind.title} (usually {kind.severity}; of {owner})"
    for label in ("cause", "consequence", "fix", "verify"):
        yield f"  {label:11}  {getattr(kind, label)}"
    for remedy in kind.remedies:
        then = f"; then {remedy.expected}" if remedy.expected else ""
        yield f"  {remedy.kind:11}  {remedy.act}: {remedy.effect}{then}"
    if kind.effect_of:
        yield f"  {'effect of':11}  {', '.join(kind.effect_of)}"
    yield "open now:" if met else "open now: nowhere"
    for finding in met:
        about = " · ".join(filter(None, (finding.plugin, finding.subject)))
        yield f"  {finding.severity} {about}: {finding.summary}"
