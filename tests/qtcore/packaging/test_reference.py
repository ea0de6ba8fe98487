"""The generated pages say what the code says, and links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Paths
from tools.write_reference import pages

LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize(("path", "text"), list(pages()), ids=lambda value: getattr(value, "stem", ""))
def test_page_is_current(path: Path, text: str) -> None:
    """docs/reference is what `make docs` would write."""
    assert path.read_text(encoding="utf-8") == text


def test_links_lead_somewhere(paths: Paths) -> None:
    """No page points to one that is not there."""
    documents = [paths.root / "README.md", paths.root / "CHANGELOG.md", *(paths.root / "docs").rglob("*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []
