"""A running supervisor knows when its file is no longer what it runs."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from qtcore.config.changed_file import ChangedFile

TEXT = "version: 1\n"


def test_a_change_is_told_until_it_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "plugins.yaml"
    path.write_text(TEXT)
    changed = ChangedFile(path, sha256(TEXT.encode()).hexdigest())
    assert changed() is None
    path.write_text(TEXT + "# more\n")
    assert "has been changed since the start" in str(changed())
    path.write_text(TEXT)
    assert changed() is None


def test_a_file_that_was_only_touched_has_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "plugins.yaml"
    path.write_text(TEXT)
    changed = ChangedFile(path, sha256(TEXT.encode()).hexdigest())
    os.utime(path, (1, 1))
    assert changed() is None


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plugins.yaml"
    changed = ChangedFile(path, "")
    assert "cannot be read any more" in str(changed())
