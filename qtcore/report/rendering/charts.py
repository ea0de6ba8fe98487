"""Charts as inline SVG: only lines and areas are drawn, and stretch; every word beside them is plain HTML.

So a chart is readable on any width, follows the page's colours in light and dark, and needs no script.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup, escape

from qtcore.report.page import Span, Timeline
from qtcore.report.section import Bars, Curves
from qtcore.report.words import Words

_WIDTH, _HEIGHT = 1000.0, 300.0
_TICKS = 4
_PALETTE = 6
_DAY_S = 86_400.0
_NO_SPAN = 1e-9
"""What differs by less, in parts of its size, is one value."""
_BAR_HEIGHT = 10.0
_ROW_HEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Axis:
    """A span of values with the ticks that are written beside it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Where the value lies between the ends, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Tick:
    """A label and its place on the axis in percent."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with the labels that belong around it."""

    svg: Markup
    x: tuple[Tick, ...] = ()
    y: tuple[Tick, ...] = ()
    legend: tuple[tuple[int, str], ...] = ()


def axis(low: float, high: float, most: int = _TICKS) -> Axis:
    """Ends at round numbers around `low` and `high`, with at most about `most` steps between."""
    size = max(abs(low), abs(high))
    if high - low <= size * _NO_SPAN or size < _NO_SPAN:
        low, high = low - max(size, 1.0) * 0.5, high + max(size, 1.0) * 0.5
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{index * step:.12g}") for index in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def curves(chart: Curves, told: str, words: Words) -> Plot:
    """Lines over a time or a number axis; a reliability curve has its diagonal and its points."""
    points = [point for line in chart.lines for point in line.points]
    if not points:
        return Plot(Markup())
    ys = [y for _x, y in points]
    xs = [x for x, _y in points]
    if chart.diagonal:
        vertical = horizontal = axis(min(*xs, *ys), max(*xs, *ys))
    else:
        vertical = axis(min(ys), max(ys))
        horizontal = _time_axis(min(xs), max(xs)) if chart.x == "time" else axis(min(xs), max(xs))
    drawn = [*_gridlines(vertical)]
    if chart.diagonal:
        drawn.append(_path("ideal", [(0.0, _HEIGHT), (_WIDTH, 0.0)]))
    for index, line in enumerate(chart.lines):
        placed = [(horizontal.share(x) * _WIDTH, (1 - vertical.share(y)) * _HEIGHT) for x, y in line.points]
        if placed and chart.x == "time" and len(chart.lines) == 1:
            drawn.append(_area(placed))
        drawn.append(_path(f"line c{index % _PALETTE}", placed))
        if chart.diagonal or len(placed) == 1:
            drawn += [_path(f"dot c{index % _PALETTE}", [point, point]) for point in placed]
    label = _time_label(horizontal) if chart.x == "time" else words.number
    return Plot(
        _svg(drawn, _HEIGHT, told),
        _ticks(horizontal, label, upward=False),
        _ticks(vertical, words.number, upward=True),
        tuple((index % _PALETTE, line.name) for index, line in enumerate(chart.lines)),
    )


def bars(chart: Bars) -> list[Markup]:
    """One strip for each bar, all on one scale; negative ones are drawn in the colour of trouble."""
    most = max((abs(bar.value) for bar in chart.bars), default=0.0) or 1.0
    strips = []
    for bar in chart.bars:
        length = abs(bar.value) / most * _WIDTH
        tone = "negative" if bar.value < 0 else "positive"
        rect = Markup('<rect class="{}" x="0" y="0" width="{}" height="{}"/>').format(
            tone, _figure(length), _figure(_BAR_HEIGHT)
        )
        strips.append(_svg([rect], _BAR_HEIGHT, ""))
    return strips


def timeline(chart: Timeline) -> tuple[list[tuple[str, Markup]], tuple[Tick, ...]]:
    """A strip for each row, by name, and the ticks of the time below."""
    span = _time_axis(chart.begin_s, chart.end_s)
    rows: dict[str, list[Span]] = {}
    for item in chart.spans:
        rows.setdefault(item.row, []).append(item)
    strips = [
        (name, _svg([_stretch(item, span) for item in items], _ROW_HEIGHT, "; ".join(item.told for item in items)))
        for name, items in sorted(rows.items())
    ]
    return strips, _ticks(span, _time_label(span), upward=False)


def _stretch(item: Span, span: Axis) -> Markup:
    begin, end = (span.share(at) * _WIDTH for at in (item.begin_s, item.end_s))
    middle = _ROW_HEIGHT / 2
    return Markup('<path class="stretch {}" d="M{} {}L{} {}"><title>{}</title></path>').format(
        item.tone, _figure(begin), _figure(middle), _figure(end), _figure(middle), item.told
    )


def _gridlines(vertical: Axis) -> Iterator[Markup]:
    for tick in vertical.ticks:
        y = (1 - vertical.share(tick)) * _HEIGHT
        yield _path("grid", [(0.0, y), (_WIDTH, y)])


def _path(kind: str, points: Sequence[tuple[float, float]]) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(kind, _steps(points))


def _area(points: Sequence[tuple[float, float]]) -> Markup:
    closed = [(points[0][0], _HEIGHT), *points, (points[-1][0], _HEIGHT)]
    return Markup('<path class="area" d="{}Z"/>').format(_steps(closed))


def _steps(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if index else 'M'}{_figure(x)} {_figure(y)}" for index, (x, y) in enumerate(points))


def _svg(drawn: Sequence[Markup], height: float, told: str) -> Markup:
    """Stretches to its box; strokes keep their width, which the style sheet says."""
    spoken = Markup('role="img" aria-label="{}"').format(told) if told else Markup('aria-hidden="true"')
    return Markup('<svg viewBox="0 0 {} {}" preserveAspectRatio="none" focusable="false" {}>{}</svg>').format(
        _figure(_WIDTH), _figure(height), spoken, Markup().join(drawn)
    )


def _ticks(span: Axis, label: Callable[[float], str], *, upward: bool) -> tuple[Tick, ...]:
    """From the left, or from above where the axis goes up."""
    return tuple(
        Tick(_figure((1 - span.share(value) if upward else span.share(value)) * 100), str(escape(label(value))))
        for value in span.ticks
    )


def _time_axis(begin_s: float, end_s: float) -> Axis:
    """Exactly the time that is told, with ticks at its ends and evenly between."""
    if end_s <= begin_s:
        end_s = begin_s + 1.0
    step = (end_s - begin_s) / _TICKS
    return Axis(begin_s, end_s, tuple(begin_s + index * step for index in range(_TICKS + 1)))


def _time_label(span: Axis) -> Callable[[float], str]:
    long = span.high - span.low > 2 * _DAY_S
    pattern = "%d.%m." if long else "%H:%M"
    return lambda value: f"{datetime.fromtimestamp(value, UTC):{pattern}}"


def _figure(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
