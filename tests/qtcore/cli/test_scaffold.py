"""What `qt init` and `qt plugins new` write is in order as written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qtcore.cli.exits import Exit
from qtcore.cli.scaffold import with_plugin
from qtcore.errors import ConfigurationError
from tests.qtcore.cli.conftest import Qt


def _run(qt: Qt, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=qt.folder, capture_output=True, text=True, timeout=110, check=False
    )


def test_new_plugin_is_in_order_as_written(application: Qt) -> None:
    """It passes strict typing, conformance and its tests, and `qt check` accepts it beside the others."""
    done = application("plugins", "new", "price_age")
    assert done.returncode == Exit.HEALTHY, done.stderr
    typed = _run(application, "mypy", "--strict", "--no-incremental", ".")
    assert typed.returncode == 0, typed.stdout
    tested = application("plugins", "test", "price_age")
    assert tested.returncode == Exit.HEALTHY, tested.stdout
    assert "price_age conforms" in tested.stdout
    assert application("check").returncode == Exit.HEALTHY


def test_tests_of_the_written_application_pass(application: Qt) -> None:
    """Both plugins come with tests that pass with warnings as errors."""
    done = _run(application, "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout


def test_list_and_graph(application: Qt) -> None:
    """What there is, and who writes what for whom."""
    rows = {row["plugin"]: row for row in application.json("plugins", "list")}
    assert rows["disk"]["state"] == "enabled"
    assert rows["disk"]["writes"] == "FreeSpace"
    graph = application("plugins", "graph").stdout
    assert "writes FreeSpace → forecast" in graph
    assert "wants  → disk" in graph


def test_installed_plugins_are_proposed_not_run(application: Qt) -> None:
    """A distribution's entry point shows as proposed until plugins.yaml names it."""
    info = application.folder / "proposer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: proposer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qtcore.plugins]\nextra = proposer.extra\n")
    done = application("plugins", "list", "--json", PYTHONPATH=str(application.folder))
    assert '"what": "of proposer 1.0; add `extra: {use: proposer.extra}` to plugins.yaml"' in done.stdout
    assert application("check", PYTHONPATH=str(application.folder)).returncode == Exit.HEALTHY


COMMENTED = """\
# top
version: 1
plugins:
    # about a
    a:
        use: x.a  # inline
    # at the end

# after
hosts:
    main: {}
"""


def test_a_plugin_is_added_with_comments_kept() -> None:
    """The rest of the file stays as it is, comments, indentation and order."""
    text = with_plugin(COMMENTED, "b", "x.b")
    assert text == COMMENTED.replace("  # inline\n", "  # inline\n\n    b:\n      use: x.b\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version: 1\nplugins: {a: {use: x}}\n", "`plugins` stands on one line; add `b: {use: x.b}` by hand"),
        ("version: 1\n", "plugins.yaml has no plugins yet; add `b: {use: x.b}` under `plugins:` by hand"),
        ("version: 1\nplugins:\n  b: {use: x}\n", 'plugins.yaml:3:3: there is already a plugin "b"; choose another'),
        ("version: 7\nplugins:\n  a: {use: x}\n", "plugins.yaml must be in order before a plugin can be added"),
    ],
)
def test_a_file_that_cannot_be_extended_is_left_alone(text: str, sentence: str) -> None:
    """It is told what to write by hand, or what is in the way."""
    with pytest.raises(ConfigurationError) as caught:
        with_plugin(text, "b", "x.b")
    assert sentence in str(caught.value)


def test_existing_files_are_never_overwritten(application: Qt) -> None:
    """A module of that name stays, and so does plugins.yaml."""
    (application.folder / "watchers" / "mine.py").write_text("precious = 1\n")
    before = (application.folder / "plugins.yaml").read_text()
    done = application("plugins", "new", "mine")
    assert done.returncode == Exit.REFUSED
    assert (application.folder / "watchers" / "mine.py").read_text() == "precious = 1\n"
    assert (application.folder / "plugins.yaml").read_text() == before


def test_nothing_unfinished_is_written(tmp_path: Path, application: Qt) -> None:
    """No generated file holds a placeholder for its author to find later."""
    assert application("plugins", "new", "fresh").returncode == Exit.HEALTHY
    texts = [path.read_text() for path in application.folder.rglob("*.py")]
    assert not any(word in text for text in texts for word in ("TODO", "FIXME", "NotImplemented", "$"))
