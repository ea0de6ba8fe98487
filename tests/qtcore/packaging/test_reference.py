"""The generated pages say what the code says, and links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qtcore import Status
from qtcore.config.loading import load_class
from qtcore.testing import conformance, harness
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


@pytest.mark.anyio
async def test_the_plugin_in_the_readme_works(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people copy first conforms and does what its first line says."""
    blocks = re.findall(r"```python\n(.*?)```", (paths.root / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "readme_plugin.py").write_text(blocks[0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    folder = load_class("readme_plugin")
    settings = {"folder": str(tmp_path), "most_bytes": 10}
    await conformance(folder, settings=settings)
    async with harness(folder, settings=settings) as h:
        await h.ready()
        assert (await h.health()).status is Status.HEALTHY
        await h.run_timer("measure")
        assert (await h.health()).status is Status.DEGRADED
