"""Where the time between candle and order went, from the spans that a run has left behind."""

from __future__ import annotations

import bisect
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

Span = dict[str, Any]

STAGES = ("candle", "predict", "gates", "enter", "entering", "order.place")
"""Starts of spans in the order in which they follow one another; `entering` is the exchange's side of `enter`."""


SLOWEST = 100
"""One in so many is among the slowest."""

LONGEST_NS = 400_000_000
"""Shorter than a minute of the market; what took longer belongs to no burst that is known."""


def print_stages(home: Path, bursts: dict[int, int]) -> None:
    """A line per stage: when it began after its burst's last candle had left, and how long after the stage before."""
    sent = sorted(bursts.values())
    rows = [row for spans in _traces(home).values() if (row := _row(spans, sent))]
    print(f"stages     {len(rows)} traces; ms after the last candle was sent (and after the stage before)")
    for number, stage in enumerate(STAGES):
        begun = [row[stage] for row in rows]
        steps = [row[stage] - row[STAGES[number - 1]] for row in rows] if number else begun
        shown = "  ".join(f"p{share} {_at(begun, share):6.1f} ({_at(steps, share):5.1f})" for share in (50, 90, 99))
        print(f"  {stage:12s} {shown}")
    slowest = sorted(rows, key=lambda row: row[STAGES[-1]])[-max(1, len(rows) // SLOWEST) :]
    if slowest:
        print(f"  the slowest {len(slowest)}: after the stage before, on average: {_steps(slowest)}")


def _steps(rows: list[dict[str, float]]) -> str:
    steps = {STAGES[0]: [row[STAGES[0]] for row in rows]}
    steps |= {stage: [row[stage] - row[last] for row in rows] for last, stage in pairwise(STAGES)}
    return ", ".join(f"{stage} {sum(took) / len(took):.1f}" for stage, took in steps.items())


def _traces(home: Path) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for file in home.joinpath("traces").glob("*.jsonl"):
        if not file.name.endswith(".open.jsonl"):
            for span in _spans(file):
                found[span["traceId"]].append(span)
    return found


def _spans(file: Path) -> Iterator[Span]:
    with file.open("rb") as lines:
        for line in lines:
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    yield from scope["spans"]


def _row(spans: list[Span], sent: list[int]) -> dict[str, float] | None:
    begun: dict[str, int] = {}
    for span in sorted(spans, key=_begun):
        name = "entering" if span["name"] == "enter" and "enter" in begun else span["name"]
        begun.setdefault(name, _begun(span))
    if not all(stage in begun for stage in STAGES):
        return None
    place = bisect.bisect(sent, begun["order.place"]) - 1
    if place < 0 or begun["order.place"] - sent[place] > LONGEST_NS:
        return None  # before the first burst that was collected
    return {stage: (begun[stage] - sent[place]) / 1e6 for stage in STAGES}


def _begun(span: Span) -> int:
    """Start of a span on the monotonic clock of this machine, in nanoseconds."""
    return int(span["startTimeUnixNano"]) - _WALL_BEHIND_NS


def _at(values: list[float], share: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)] if values else float("nan")


_WALL_BEHIND_NS = time.time_ns() - time.monotonic_ns()
