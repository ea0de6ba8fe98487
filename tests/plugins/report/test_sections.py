"""What the application's plugins say in the report: from real figures, in both languages, never more than is known."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

import plugins
from plugins.database.report import EquityCurve, equity_section, trades_section
from plugins.domain import OutcomeCode
from plugins.executor.funnel import MEANINGS
from plugins.executor.report import funnel_section
from plugins.feed.ages import Ages, Limits
from plugins.feed.report import freshness_section
from plugins.model_supervisor.report import sections
from plugins.position_monitor.report import protection_section
from plugins.retraining.record import Record
from plugins.retraining.report import trainings_section
from plugins.store.rows import Funnel
from qtcore import Bars, Curves, Paragraph, Section, Table

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FOLDER = Path(inspect.getfile(plugins)).parent
REPORTING = sorted(path.parent.name for path in FOLDER.glob("*/report.py"))


def _texts(path: Path) -> Iterator[str]:
    """The fixed titles, headings, labels and sentences in a module that makes sections."""
    fixed = {"title", "unit", "x_label", "y_label", "name", "text", "label"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg in fixed:
            yield from _literals(node.value)
        if isinstance(node, ast.keyword) and node.arg == "headings" and isinstance(node.value, ast.Tuple):
            for element in node.value.elts:
                yield from _literals(element)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_row":
            yield from _literals(node.args[0])


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


@pytest.mark.parametrize("plugin", REPORTING)
def test_every_fixed_text_of_a_section_has_a_translation(plugin: str) -> None:
    """Found in the source, and looked up in the file beside it."""
    known = yaml.safe_load((FOLDER / plugin / "norwegian.yaml").read_text(encoding="utf-8"))
    texts = set(_texts(FOLDER / plugin / "report.py"))
    assert texts
    assert sorted(texts - known.keys()) == []


def test_every_meaning_of_an_outcome_has_a_translation() -> None:
    """They stand beside the bars of the funnel."""
    known = yaml.safe_load((FOLDER / "executor" / "norwegian.yaml").read_text(encoding="utf-8"))
    assert sorted(set(MEANINGS.values()) - known.keys()) == []


@pytest.mark.parametrize("plugin", REPORTING)
def test_the_plugin_has_the_hook(plugin: str) -> None:
    """A module that nobody calls would be a promise."""
    module = importlib.import_module(f"plugins.{plugin}.plugin")
    assert any(hasattr(member, "report") for _name, member in inspect.getmembers(module, inspect.isclass))


def test_the_funnel_adds_up_and_names_its_gate() -> None:
    """Every signal is in one bar."""
    ended = {OutcomeCode.CONFIDENCE: 150, OutcomeCode.COOLDOWN: 40, OutcomeCode.FILLED: 3}
    section = funnel_section(Funnel(NOON - timedelta(days=1), NOON, 198, 5, ended, ()))
    (bars,) = [block for block in section.blocks if isinstance(block, Bars)]
    assert sum(bar.value for bar in bars.bars) == 198
    assert [bar.label for bar in bars.bars if bar.note == "the blocking gate"] == ["blocked_confidence"]


def test_an_empty_funnel_says_why() -> None:
    """No chart of nothing."""
    section = funnel_section(Funnel(NOON - timedelta(days=1), NOON, 0, 0, {}, ()))
    assert [type(block) for block in section.blocks] == [Paragraph]


def test_the_curve_of_equity_stays_small_and_keeps_its_ends() -> None:
    """Whatever the number of rows."""
    curve = EquityCurve(most=50)
    for second in range(10_000):
        curve.add([(NOON + timedelta(seconds=second), Decimal(10_000 + second))])
    assert len(curve.points) <= 50
    assert curve.points[0] == (NOON.timestamp(), 10_000.0)
    assert curve.points[-1][0] > NOON.timestamp() + 9_000
    assert [x for x, _ in curve.points] == sorted({x for x, _ in curve.points})
    curve.add([(NOON, Decimal(1))])
    assert curve.points[0][1] == 10_000.0
    (block,) = equity_section(curve).blocks
    assert isinstance(block, Curves)


@pytest.mark.parametrize(
    "section",
    [
        trades_section([]),
        sections(())[0],
        protection_section([], {}),
        trainings_section(Record(), ""),
        freshness_section({}, Limits(1.0, 1.0), set()),
    ],
    ids=lambda section: section.title,
)
def test_where_nothing_is_known_one_sentence_says_so(section: Section) -> None:
    """Never an empty table."""
    assert [type(block) for block in section.blocks] == [Paragraph]


def test_the_stalest_symbol_comes_first() -> None:
    """By its share of the limit."""
    ages = {"A": Ages(1.0, 0.1), "B": Ages(90.0, 0.2), "C": Ages(2.0, 9.0)}
    (table,) = freshness_section(ages, Limits(60.0, 5.0), {"A"}).blocks
    assert isinstance(table, Table)
    assert [(row[0], row[1], row[-1]) for row in table.rows] == [
        ("C", False, False),
        ("B", False, False),
        ("A", True, True),
    ]
