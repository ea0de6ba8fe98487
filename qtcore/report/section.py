"""A part of the report as data: what plugins contribute and every rendering is made from.

Texts are plain English sentences. A fixed text (title, heading, label) may have a translation in the
plugin's `norwegian.yaml`; numbers are numbers, and whoever renders chooses how to set them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, field_validator

from qtcore.documents import Document

Cell = str | int | float | bool | AwareDatetime | None
"""A moment may be given as one; it is kept as JSON keeps it, so that a stored report is equal to the first one."""


class Paragraph(Document):
    """Plain text."""

    kind: Literal["paragraph"] = "paragraph"
    text: str


class Table(Document):
    """Rows under headings; each row has as many cells as there are headings."""

    kind: Literal["table"] = "table"
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()

    @field_validator("rows")
    @classmethod
    def _moments_as_text(cls, rows: tuple[tuple[Cell, ...], ...]) -> tuple[tuple[Cell, ...], ...]:
        return tuple(tuple(cell.isoformat() if isinstance(cell, datetime) else cell for cell in row) for row in rows)


class Line(Document):
    """One curve; `points` are (x, y) in order of x."""

    name: str
    points: tuple[tuple[float, float], ...] = ()


class Curves(Document):
    """Lines over one axis."""

    kind: Literal["curves"] = "curves"
    title: str
    x: Literal["time", "number"] = Field(default="time", description="`time`: unix seconds")
    x_label: str = ""
    y_label: str = Field(default="", description="with the unit")
    lines: tuple[Line, ...] = ()
    diagonal: bool = Field(default=False, description="draw y = x, what a perfect forecast would be")


class Bar(Document):
    """One bar."""

    label: str
    value: float
    note: str = ""


class Bars(Document):
    """Quantities beside each other, such as the gates of a funnel."""

    kind: Literal["bars"] = "bars"
    title: str
    unit: str = ""
    bars: tuple[Bar, ...] = ()


Block = Annotated[Paragraph | Table | Curves | Bars, Field(discriminator="kind")]


class Section(Document):
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...] = ()


class SectionsFile(Document):
    """`sections/<plugin>.json`: what a plugin contributed last, and when."""

    schema_version: int = 1
    plugin: str
    produced_at: AwareDatetime
    sections: tuple[Section, ...] = ()
