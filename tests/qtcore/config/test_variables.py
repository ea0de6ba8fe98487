"""Environment variables that nobody reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.config.manifest import Manifest
from qtcore.config.problem import Weight, edits
from qtcore.config.variables import unknown_variables

TEXT = """
version: 1
aliases: {QT_CONFIDENCE_THRESHOLD: feed.confidence}
plugins:
  feed: {use: toy.feed}
"""

SCHEMA = {"properties": {"confidence": {"type": "number"}}, "type": "object"}
MANIFESTS = {"feed": Manifest(name="feed", use="toy.feed", settings_schema=SCHEMA)}


def _told(load: Callable[..., object], *names: str) -> list[tuple[str, str]]:
    configuration = load(TEXT, dict.fromkeys(names, "1"))
    return [(item.weight.value, str(item)) for item in unknown_variables(configuration, MANIFESTS)]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("QT_CONFIDENCE_TRESHOLD", "QT_CONFIDENCE_THRESHOLD"),
        ("QT_FEED_CONFIDENCE", "QT_FEED__CONFIDENCE"),
        ("QT_HOEM", "QT_HOME"),
    ],
)
def test_a_near_miss_is_an_error(load: Callable[..., object], variable: str, meant: str) -> None:
    """Within two edits of a known name, a variable is a slip of the pen, and its author believes that it works."""
    assert _told(load, variable) == [
        (Weight.ERROR, f'{variable}: nobody reads this variable, did you mean "{meant}"? correct it or unset it')
    ]


def test_a_stranger_is_a_finding(load: Callable[..., object]) -> None:
    """Any other variable with our prefix is told, and starts nothing or stops nothing."""
    assert _told(load, "QT_SOMETHING_ELSE") == [
        (Weight.FINDING, "QT_SOMETHING_ELSE: nobody reads this variable; unset it if it was meant for qt")
    ]


@pytest.mark.parametrize(
    "variable",
    ["QT_QPA_PLATFORM", "QT_SCALE_FACTOR", "QT_AUTO_SCREEN_SCALE_FACTOR", "QT_PLUGIN_PATH", "QT_STYLE_OVERRIDE"]
    + ["QT_IM_MODULE", "QT_LOGGING_RULES", "QT_DEBUG_PLUGINS", "QT_QPA_PLATFORMTHEME", "QT_XCB_GL_INTEGRATION"]
    + ["QT_ACCESSIBILITY", "QT_API", "QT_SCREEN_SCALE_FACTORS", "QT_WAYLAND_DISABLE_WINDOWDECORATION", "QT_FONT_DPI"],
)
def test_names_of_the_qt_toolkit_are_ignored(load: Callable[..., object], variable: str) -> None:
    """A desktop's variables are nobody's business here."""
    assert _told(load, variable) == []


def test_known_names_are_no_problem(load: Callable[..., object]) -> None:
    """Aliases, settings and qt's own variables are known."""
    assert _told(load, "QT_CONFIDENCE_THRESHOLD", "QT_HOME", "QT_CONFIG", "HOME") == []


@given(st.text("ab_", max_size=6), st.text("ab_", max_size=6))
def test_edits_is_a_distance(a: str, b: str) -> None:
    """Symmetric, zero only for equal names, and never more than the longer name."""
    limit = 10
    assert edits(a, b, limit) == edits(b, a, limit)
    assert (edits(a, b, limit) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= edits(a, b, limit) <= max(len(a), len(b))
    assert (edits(a, b, 1) <= 1) == (edits(a, b, limit) <= 1)
