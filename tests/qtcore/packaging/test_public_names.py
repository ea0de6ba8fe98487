"""What a plugin author may import from qtcore, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

import qtcore

PUBLIC = {
    "Autonomy",
    "Bar",
    "Bars",
    "CallFailed",
    "CallUnanswered",
    "Check",
    "ClockMap",
    "Condition",
    "Context",
    "Curves",
    "EventKind",
    "Fenced",
    "Finding",
    "FindingKind",
    "Fine",
    "Gap",
    "Health",
    "HookCall",
    "JournalEvent",
    "Line",
    "NeedsOperator",
    "NoSettings",
    "NotReady",
    "Paragraph",
    "Patient",
    "Plugin",
    "Port",
    "QtError",
    "Reach",
    "Remedy",
    "RemedyKind",
    "Section",
    "Seen",
    "Settings",
    "Severity",
    "Skipped",
    "Status",
    "Subscription",
    "Table",
    "Trouble",
    "Verdict",
    "action",
    "checked_mode",
    "counted",
    "every",
    "hookimpl",
    "impossible",
    "is_check",
    "means",
    "replace_file",
    "topic",
    "uncancelled",
}


def test_public_names() -> None:
    """A new public name is a promise; make it on purpose."""
    assert set(qtcore.__all__) == PUBLIC


@pytest.mark.parametrize("name", qtcore.__all__)
def test_every_public_name_exists(name: str) -> None:
    """What is promised is there."""
    assert getattr(qtcore, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    """Lazy lookup fails as usual for what is not there."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        qtcore.nothing  # noqa: B018 - looking it up is the test


def test_importing_qtcore_is_cheap() -> None:
    """`qt` imports the package before it knows what it will need."""
    code = "import sys, qtcore; sys.exit(sorted({'pydantic', 'opentelemetry', 'pluggy'} & set(sys.modules)) != [])"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=20).returncode == 0
