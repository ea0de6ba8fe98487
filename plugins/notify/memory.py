"""What has been told, across restarts: one small file of the plugin's own."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from plugins.notify.troubles import Book
from qtcore import replace_file

FILE_NAME = "told.json"
_ADAPTER = TypeAdapter(Book)


class Forgotten(Exception):
    """The file is there and cannot be read; the text says why."""


def recall(folder: Path) -> Book | None:
    """What was remembered; None when nothing was. Raises Forgotten."""
    try:
        return _ADAPTER.validate_json((folder / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise Forgotten(f"{folder / FILE_NAME} cannot be read ({reason})") from error


def remember(folder: Path, book: Book) -> None:
    """Replace the file as a whole. Raises OSError when the disk refuses."""
    replace_file(folder / FILE_NAME, _ADAPTER.dump_json(book))
