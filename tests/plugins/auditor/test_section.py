"""The auditor's part of the report."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import replace
from pathlib import Path

import yaml

import plugins.auditor
from plugins.auditor.condition import health_of
from plugins.auditor.rules import RULES
from plugins.auditor.rules.rule import Rule
from plugins.auditor.section import HEADINGS, rows_of, section_of
from plugins.auditor.verdicts import Court
from plugins.auditor.view import Moment, Scene
from qtcore import Status
from tests.plugins.auditor.conftest import moment


def sat(scene: Scene, *rules: Rule) -> Court:
    """A court that has looked at a scene three times within ten seconds."""
    court = Court(rules or RULES)
    for later_s in (0, 5, 10):
        court.sit(scene, moment(1000.0 + later_s))
    return court


def test_a_row_for_each_invariant(sound: Scene) -> None:
    """With its verdict, on how much it was reached, and when."""
    court = sat(sound)
    (table,) = [block for block in section_of(court).blocks if block.kind == "table"]
    assert [row[0] for row in table.rows] == [rule.says for rule in RULES]
    assert {row[1] for row in table.rows} == {"holds", "nothing to look at", "cannot look"}
    assert all(len(row) == len(table.headings) for row in table.rows)


def test_who_could_not_look_is_named_with_the_reason(sound: Scene) -> None:
    """In the report and in the command's answer."""
    blind = replace(sound, venue=None, unseen={"venue": "the exchange does not answer"})
    remarks = [block.text for block in section_of(sat(blind)).blocks if block.kind == "paragraph"]
    assert "protection: venue: the exchange does not answer" in remarks[-1]
    (row,) = [row for row in rows_of(sat(blind)) if row["rule"] == "protection"]
    assert (row["verdict"], row["says"]) == ("cannot look", "venue: the exchange does not answer")


def test_a_rule_that_fails_is_a_broken_sensor_and_the_others_go_on(sound: Scene) -> None:
    """It is a finding about the auditor, not about what it looks at."""

    def fails(_: Scene, __: Moment) -> None:
        raise ZeroDivisionError("division by zero")

    broken = replace(RULES[0], check=fails)  # type: ignore[arg-type]
    court = sat(sound, broken, *RULES[1:])
    health = health_of(court, {}, 0.0)
    assert [finding.code for finding in health.findings] == ["QT-AUDIT-BLIND"]
    assert health.status is Status.DEGRADED
    assert court.word(RULES[1]) == "holds"
    assert court.word(broken) == "failed"


def test_every_text_has_a_norwegian_one(sound: Scene) -> None:
    """Title, paragraph, headings, and each invariant with what it looks at and what may be said of it."""
    known = yaml.safe_load((Path(plugins.auditor.__file__).parent / "norwegian.yaml").read_text(encoding="utf-8"))
    section = section_of(sat(sound))
    said = {section.title, *(block.text for block in section.blocks if block.kind == "paragraph")}
    words = {element.value for element in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(Court.word))))
             if isinstance(element, ast.Constant) and isinstance(element.value, str)}  # fmt: skip
    words.discard(inspect.getdoc(Court.word) or "")
    texts = {*said, *HEADINGS, *words, *(text for rule in RULES for text in (rule.says, rule.looks_at))}
    assert sorted(text for text in texts if text not in known and not text.startswith("Could not look")) == []
