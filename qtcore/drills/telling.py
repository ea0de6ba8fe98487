"""Results of drills for people: lines while they come, the table at the end, and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qtcore.drills.document import Drills
from qtcore.drills.results import DrillResult, DrillRun, Figures, TwinResult

ROW = ("drill", "title", "found_by", "s", "first", "handled", "over_s", "wrong", "verdict")
LISTED = ("drill", "system", "heal", "expected", "title")


def line_of(result: DrillResult | TwinResult) -> str:
    """One result as it comes; what was not as expected on lines of its own."""
    match result:
        case DrillResult():
            found = f"{result.by or 'not found'}" + ("" if result.detect_s is None else f" in {result.detect_s:.1f} s")
            head = f"{result.id:4} {'ok  ' if result.passed else 'FAIL'} {found}, took {result.took_s:.0f} s"
            return "\n".join([head, *(f"       {fault}" for fault in result.faults)])
        case TwinResult():
            head = f"twin {'ok  ' if result.passed else 'FAIL'} {result.system}: quiet for {result.lasted_s:.0f} s"
            wrong = [*result.raised, *([result.error] if result.error else [])]
            wrong += [f"{kind}: {one}" for kind, found in result.harm.items() for one in found]
            return "\n".join([head if result.passed else head.partition(":")[0], *(f"       {one}" for one in wrong)])


def row_of(result: DrillResult) -> dict[str, Any]:
    """One drill as a row of the table."""
    return {
        "drill": result.id,
        "title": result.title,
        "found_by": result.by or "not found",
        "s": _seconds(result.detect_s),
        "first": ("yes" if result.cause_first else result.first) or "no",
        "handled": f"{result.heal}: {'yes' if result.handled else 'no'}",
        "over_s": _seconds(result.recover_s) if result.recovered else "no",
        "wrong": len(result.wrong_findings),
        "verdict": "passed" if result.passed else "failed",
    }


def listed(drills: Drills) -> Iterator[dict[str, Any]]:
    """All incidents, drilled or not."""
    for drill in drills.drills:
        expected = (
            ", ".join(drill.expect.found) if drill.expect else f"exit {drill.refused.exit if drill.refused else 0}"
        )
        yield {
            "drill": drill.id,
            "system": drill.system,
            "heal": drill.heal,
            "expected": expected,
            "title": drill.title,
        }
    for name, staged in drills.staged.items():
        yield {"drill": name, "system": "-", "heal": "-", "expected": "in stages", "title": staged.title}
    for name, title in drills.not_yet.items():
        yield {"drill": name, "system": "-", "heal": "-", "expected": "not yet drilled", "title": title}


def figures_lines(figures: Figures) -> list[tuple[str, str]]:
    """The sums, each with its name."""
    of = f"of {figures.run}"
    return [
        ("detected", f"{figures.detected} {of} ({_share(figures.detected, figures.run)})"),
        ("time to detect, p50 / p95", f"{_seconds(figures.detect_p50_s)} s / {_seconds(figures.detect_p95_s)} s"),
        ("right cause first", f"{figures.cause_first} {of} ({_share(figures.cause_first, figures.run)})"),
        ("handled as the catalogue says", f"{figures.handled} {of} ({_share(figures.handled, figures.run)})"),
        ("recovery proven, or a person's matter", f"{figures.recovered} {of}"),
        (
            "time to proven recovery, p50 / p95",
            f"{_seconds(figures.recover_p50_s)} s / {_seconds(figures.recover_p95_s)} s",
        ),
        (
            "wrong findings",
            f"{figures.wrong_findings} of {figures.findings} ({_share(figures.wrong_findings, figures.findings)})",
        ),
        ("twins", f"{figures.twins}, which raised {figures.twins_raised}"),
        ("harm", _harm(figures.harm)),
        ("passed", f"{figures.passed} {of}"),
    ]


def page_of(run: DrillRun) -> str:
    """The page about a run, in Markdown."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in figures_lines(run.figures))
    drills = "\n".join(_page_row(one) for one in run.drills)
    twins = "\n".join(_twin_row(one) for one in run.twins)
    faults = "\n".join(_page_faults(one) for one in run.drills if not one.passed) or "None: every drill passed.\n"
    not_yet = "\n".join(f"| {name} | {title} |" for name, title in run.not_yet.items())
    return _PAGE.format(
        at=f"{run.at:%Y-%m-%d %H:%M} UTC",
        machine=run.machine,
        seed=run.seed,
        minutes=run.took_s / 60,
        run=run.figures.run,
        rows=rows,
        drills=drills,
        twins=twins,
        faults=faults,
        not_yet=not_yet,
        count=len(run.not_yet),
    )


def _page_row(one: DrillResult) -> str:
    recovered = (
        (f"{_seconds(one.recover_s)} s" if one.recover_s is not None else "a person's") if one.recovered else "no"
    )
    cells = (
        one.id,
        one.title,
        one.by or "not found",
        _seconds(one.detect_s),
        "yes" if one.cause_first else (one.first or "no"),
        f"{one.heal}: {'yes' if one.handled else 'no'}",
        recovered,
        str(len(one.wrong_findings)),
        str(len(one.harmed)),
        "passed" if one.passed else "**failed**",
    )
    return "| " + " | ".join(cells) + " |"


def _twin_row(one: TwinResult) -> str:
    said = "; ".join([*one.raised, *([one.error] if one.error else [])]) or "nothing"
    return f"| {one.system} | {len(one.drills)} | {one.lasted_s:.0f} s | {said.replace('|', '/')} |"


def _page_faults(one: DrillResult) -> str:
    return "\n".join([f"- **{one.id}** {one.title}", *(f"    - {fault}" for fault in one.faults)])


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _harm(harm: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in harm.items() if count) or "none"


_PAGE = """# Drills

Generated from a run of `qt drill run all --json` by `qt drill page`; do not edit. Run on {at}, {machine},
seed {seed}: {run} drills in {minutes:.0f} minutes. What each does and what is expected of it stands in `drills.yaml`.

A drill starts a real system in a folder of its own, injects a fault from outside and looks from outside: the journal,
the state files, the report, and the venue's own lists. *Right cause first*: the code at the head of the report.
*Handled*: every check of the catalogue's column held in time (R restart, Q quarantine, N no new entries,
X reduce-only exit, S state repaired, B back off, H a person, F refuse to start). A *wrong finding* is one that the
drill neither expects nor declares as an effect. A *twin* is the same system without the fault: it must raise nothing.

| figure | measured |
|---|---|
{rows}

## Each drill

| drill | what happens | found by | after s | first | handled | proven over | wrong findings | harm | verdict |
|---|---|---|---|---|---|---|---|---|---|
{drills}

## What was not as expected

{faults}

## Twins

| system | twin of drills | quiet for | raised |
|---|---|---|---|
{twins}

## Not yet drilled

{count} incidents of the catalogue have no drill yet.

| incident | what it was |
|---|---|
{not_yet}
"""
