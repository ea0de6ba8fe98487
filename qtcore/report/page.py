"""The report as a page: what every rendering walks through, already in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass, field

from qtcore.report.section import Bars, Curves


@dataclass(frozen=True, slots=True)
class Mark:
    """A word whose tone means something: a status or a severity; plain renderings show the word alone."""

    text: str
    tone: str


Cell = str | Mark


def plain(cell: Cell) -> str:
    """The cell's text."""
    return cell.text if isinstance(cell, Mark) else cell


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `tone` is a status or severity where the sentence is a warning."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows under headings; each row has as many cells as there are headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    """Columns of figures, set to the right."""
    caption: str = ""
    tiles: bool = False
    """Its one row may be shown as figures beside each other."""


@dataclass(frozen=True, slots=True)
class Field:
    """A label and what is said about it; `code` where it is a command to be copied."""

    label: str
    text: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One matter: its badge, heading, lead sentence, fields, and further matters that follow from it."""

    badge: Mark
    heading: str
    lead: str
    fields: tuple[Field, ...] = ()
    note: str = ""
    below_title: str = ""
    below: tuple[Card, ...] = ()
    folded: bool = False
    """Its fields may be hidden until somebody asks for them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: the command, what one sees when it worked, and how long it takes."""

    number: int
    what: str
    command: str
    expected: str
    takes: str


@dataclass(frozen=True, slots=True)
class Steps:
    """Things to do in order, under one heading."""

    title: str
    tone: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves or bars; `told` says in words what they show."""

    chart: Curves | Bars
    told: str
    sparks: tuple[str, ...] = ()
    """Each curve as one line of block signs, for renderings that cannot draw."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in one row of a timeline, in unix seconds; open where it has no end."""

    row: str
    begin_s: float
    end_s: float
    tone: str
    told: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches of time in rows, from `begin_s` to `end_s`."""

    title: str
    begin_s: float
    end_s: float
    spans: tuple[Span, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a chapter."""

    text: str
    note: str = ""


Block = Text | Points | Grid | Card | Steps | Chart | Timeline | Heading


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and what stands under it; `name` is the anchor, the same in every language."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the banner: what it is, and its value."""

    label: str
    value: Cell
    bare: bool = False
    """The value speaks for itself where there is no room for labels."""

    @property
    def spoken(self) -> str:
        """Label and value in one line of text; the mode must be seen, so it shouts."""
        if self.bare:
            return plain(self.value)
        loud = isinstance(self.value, Mark) and self.value.tone == "mode"
        return f"{self.label.upper() if loud else self.label} {plain(self.value)}"


@dataclass(frozen=True, slots=True)
class Banner:
    """What must be read first."""

    title: str
    name: str = ""
    """The short title, for a line that holds the figures, too."""
    alarm: str = ""
    """Said before everything else: nothing runs, or nothing answers."""
    figures: tuple[Figure, ...] = ()
    lines: tuple[str, ...] = ()
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report, ready to be set."""

    language: str
    banner: Banner
    chapters: tuple[Chapter, ...] = field(default=())
    foot: str = ""
