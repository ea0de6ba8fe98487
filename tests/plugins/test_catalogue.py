"""Every code that can be opened is declared once, with every text, with remedies that exist, and in two languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from qtcore.config.manifest import Manifest
from qtcore.doctor.act import Ask, act_of
from qtcore.health.kinds import FindingKind
from qtcore.health.model import Remedy, RemedyKind
from qtcore.report.words import framework_texts
from qtcore.testing import faults
from tools.declared_kinds import groups, shipped_manifests
from tools.findings_page import typed

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"QT-[A-Z0-9]+(-[A-Z0-9]+)*")
COMMANDS = (
    "qt ",
    "df ",
    "du ",
    "kill ",
    "chown",
    "timedatectl",
    "uname ",
    "ulimit ",
    "pip ",
    "ss ",
    "ps ",
    "nproc",
    "unset ",
)
"""What a person types; everything else would be a wish."""
ALLOWED = (
    "qtcore/health/kinds.py",
    "qtcore/hosts/runtime/context.py",  # takes one back by its code
    "plugins/checks/",  # belong to no plugin; the doctor completes what they find from the catalogue
)
"""Where a finding is made without its kind."""
LONGEST_TITLE = 70
ACTED_SHARE = 0.5
"""Of all codes; the rest is settings, machines and decisions, which no program may change for a person."""


@cache
def manifests() -> dict[str, Manifest]:
    """What each plugin of the application declares."""
    return shipped_manifests()


def entries() -> list[tuple[str, FindingKind]]:
    """Each kind with whose it is."""
    return [(owner, kind) for owner, kinds in groups(manifests()).items() for kind in kinds]


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module that runs, with its path."""
    for folder in ("qtcore", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def test_every_code_in_the_source_is_declared() -> None:
    """Found in the source, so that no code can be opened without its texts."""
    declared = {kind.code for _owner, kind in entries()} | {faults.SICK.code}
    said = {
        (node.value, path)
        for path, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    assert sorted((code, path) for code, path in said if code not in declared) == []


def test_a_finding_is_only_made_from_its_kind() -> None:
    """Texts that are written where the trouble is met would be written twice."""
    made = [
        f"{path}:{node.lineno}"
        for path, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Finding"
    ]
    assert [place for place in made if not place.startswith(ALLOWED)] == []


def test_no_code_is_declared_twice() -> None:
    """One code, one meaning."""
    codes = [kind.code for _owner, kind in entries()]
    assert sorted({code for code in codes if codes.count(code) > 1}) == []


def test_every_text_is_one_that_people_can_read() -> None:
    """In the manner of the house: it begins small, ends without a full stop, and names only what is filled in."""
    assert [(kind.code, text) for _owner, kind in entries() for text in kind.texts if not readable(text)] == []
    assert [kind.title for _owner, kind in entries() if len(kind.title) > LONGEST_TITLE] == []


def readable(text: str) -> bool:
    """One clause or a few, and nothing around them."""
    first = text.split(maxsplit=1)[0]
    begins = not first[0].isalpha() or first[0].islower() or first == first.upper() != "A"
    names = set(re.findall(r"\{(\w*)\}", text)) <= {"plugin", "subject"}
    whole = text == " ".join(text.split()) and text.count("`") % 2 == 0
    return begins and names and whole and not text.endswith((".", "!", ",", ";", ":"))


def test_every_remedy_is_an_act_that_exists() -> None:
    """What is offered can be done: by the doctor where it is not for a person, and typed as it stands where it is."""
    told = [
        (kind.code, why) for owner, kind in entries() for each in kind.remedies if (why := amiss(owner, kind, each))
    ]
    assert told == []


def amiss(owner: str, kind: FindingKind, remedy: Remedy) -> str:
    """Why the act cannot be done; empty when it can."""
    if remedy.kind is RemedyKind.MANUAL:
        return "" if remedy.act.startswith(COMMANDS) else f"nobody can type {remedy.act!r}"
    plugin = owner if owner in manifests() else "feed"
    alone = kind.model_copy(update={"remedies": (remedy,)})
    finding = alone.complete(alone.found("seen", subject="4711").model_copy(update={"plugin": plugin}))
    act = act_of(finding.remedies[0], finding)
    if act is None:
        return f"the doctor cannot do {remedy.act!r}"
    if isinstance(act, Ask) and act.op == "heal" and "heal" not in manifests()[plugin].hooks:
        return f"{plugin} has no heal"
    if isinstance(act, Ask) and act.op == "call":
        name, _, action = remedy.act.split()[1].partition(".")
        return "" if action in {spec.name for spec in manifests()[name].actions} else f"there is no {name}.{action}"
    return ""


def test_what_heals_in_place_has_a_heal() -> None:
    """A promise that nobody keeps would only cost time."""
    healable = [(owner, kind.code) for owner, kind in entries() if kind.healable]
    assert [code for owner, code in healable if "heal" not in manifests()[owner].hooks] == []
    offered = {kind.code for _owner, kind in entries() if any(remedy.act == "heal" for remedy in kind.remedies)}
    assert offered == {code for _owner, code in healable}


def test_causes_that_a_kind_names_exist() -> None:
    """A misspelt cause would never be found."""
    codes = {kind.code for _owner, kind in entries()}
    assert [(kind.code, cause) for _owner, kind in entries() for cause in kind.effect_of if cause not in codes] == []


def test_half_of_the_codes_have_a_typed_remedy() -> None:
    """Printed for the record: how many are mended by the supervisor or the doctor, if only after a yes."""
    found = groups(manifests())
    shares = {name: (sum(map(typed, kinds)), len(kinds)) for name, kinds in found.items()}
    of_all = [sum(column) for column in zip(*shares.values(), strict=True)]
    of_plugins = [sum(column) for column in zip(*(shares[name] for name in manifests() if name in shares), strict=True)]
    for told, (acted, codes) in (("all", of_all), ("those of plugins", of_plugins)):
        print(f"{acted} of {codes} codes ({acted / codes:.0%}) of {told} have a safe remedy or one to confirm")
    assert of_all[0] / of_all[1] >= ACTED_SHARE


def test_every_text_has_a_norwegian_one() -> None:
    """The operator reads Norwegian; names and what is to be typed stay in their places."""
    missing = [(owner, text) for owner, kind in entries() for text in kind.texts if text not in norwegian_of(owner)]
    assert missing == []
    pairs = [(text, norwegian_of(owner)[text]) for owner, kind in entries() for text in kind.texts]
    assert [text for text, translated in pairs if kept(text) != kept(translated)] == []


def norwegian_of(owner: str) -> Mapping[str, str]:
    """The translations that a plugin, or the framework, ships."""
    return manifests()[owner].norwegian if owner in manifests() else framework_texts()


def kept(text: str) -> tuple[list[str], list[str]]:
    """What a translation must leave alone: names that are filled in, and commands."""
    return sorted(set(re.findall(r"\{\w+\}", text))), sorted(re.findall(r"`[^`]+`", text))
