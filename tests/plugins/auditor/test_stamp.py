"""Whether a file was written to, without reading it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from plugins.auditor.stamp import Stamp


def test_each_commit_counts_until_it_was_read(tmp_path: Path) -> None:
    """Also one that comes while the last is being read; and a look that fails has read nothing."""
    file = tmp_path / "some.db"
    stamp = Stamp(file)
    assert stamp.changed()
    stamp.read()
    assert not stamp.changed()
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE rows (name TEXT)")
        db.commit()
        assert stamp.changed()
        assert stamp.changed()
        db.execute("INSERT INTO rows VALUES ('while it is read')")
        db.commit()
        stamp.read()
        assert stamp.changed()
        stamp.read()
        assert not stamp.changed()


def test_where_there_is_no_file_everything_counts() -> None:
    """A database server says nothing of the kind."""
    stamp = Stamp(None)
    stamp.changed()
    stamp.read()
    assert stamp.changed()
