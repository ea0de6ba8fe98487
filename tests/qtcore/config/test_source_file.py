"""A YAML file knows where each of its values stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtcore.config.problem import ConfigurationRefused
from qtcore.config.source_file import parse_source, read_source


def _refusal(text: str) -> str:
    with pytest.raises(ConfigurationRefused) as caught:
        parse_source(text, "plugins.yaml")
    return str(caught.value)


def test_places_of_keys_and_values() -> None:
    """Keys and values have their own line and column, counted from 1."""
    file = parse_source("a:\n  b: [x, y]\n", "plugins.yaml")
    assert str(file.place(("a", "b"))) == "plugins.yaml:2:3"
    assert str(file.value_place(("a", "b", 1))) == "plugins.yaml:2:10"
    assert str(file.place(("a", "nowhere", "deep"))) == "plugins.yaml:1:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [("off", "off"), ("yes", "yes"), ("1:30", "1:30"), ("2024-01-01", "2024-01-01"), ("1e3", 1000.0), ("0x10", "0x10")]
    + [("true", True), ("null", None), ("", None), (".5", 0.5), ("-7", -7), ("'5'", "5")],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    """Only true and false are booleans; dates, times and hexadecimal numbers stay text."""
    assert parse_source(f"a: {text}", "f").data == {"a": value}


def test_duplicate_key_names_both_lines() -> None:
    """A key that stands twice is refused, with the line of the first."""
    assert _refusal("a: 1\nb: 2\na: 3\n") == (
        'plugins.yaml:3:1: "a" stands here a second time (first on line 1); keep one of them'
    )


def test_broken_yaml_has_line_and_column() -> None:
    """A syntax error is told with its position and without a traceback's words."""
    sentence = _refusal("plugins:\n  feed: {use: a\n")
    assert sentence.startswith("plugins.yaml:3:1: this is not valid YAML: ")
    assert "\n" not in sentence


def test_an_alias_of_itself_is_refused() -> None:
    """A recursive document cannot be a configuration."""
    assert "contains itself" in _refusal("a: &a [*a]")


def test_unprintable_bytes_are_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 text is refused with the cure."""
    path = tmp_path / "plugins.yaml"
    path.write_bytes(b"a: \xff")
    with pytest.raises(ConfigurationRefused, match=r"byte 3 is not UTF-8; save the file as UTF-8"):
        read_source(path)


def test_missing_file_names_the_cure(tmp_path: Path) -> None:
    """A missing file is told with what writes one."""
    with pytest.raises(ConfigurationRefused, match=r"there is no .*plugins.yaml; `qt init` writes one"):
        read_source(tmp_path / "plugins.yaml")


def test_tags_cannot_make_objects() -> None:
    """A YAML tag that would construct a Python object is refused or read as plain data."""
    assert parse_source("a: !!python/object/apply:os.getcwd []", "f").data == {"a": []}
