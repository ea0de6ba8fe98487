#!/usr/bin/env python3
"""Kills a process at each step of an order while the venue misbehaves, many times, and prints what was lost or doubled.

    tools/kill_matrix.py [--runs 200] [--seed 1] [--only TARGET] [--folder DIR]

One system runs all the time on the simulated market; a plugin in the place of the models publishes the signals that
are wished for. A run: a fault of the venue begins, a signal is published, the named step is seen from outside (a row
in `exchange.db` or `quantum.db`, a request whose answer the venue holds back), then, 0 to 20 ms later, the process of
the target is killed with SIGKILL. Once everything runs again the books of that symbol are judged by the venue's own
lists and the files, with nothing of the project:

- lost: an order at the venue without a durable intent, an intent of unknown outcome, a fill that only one side knows,
  a signal without outcome, or whose outcome is not what the venue did;
- doubled: a client id used twice, more executed than wanted, two filled entries for one signal;
- bare: a position without a live stop.

Every --judge runs, and at the end, all ledgers are compared to the last digit and the whole history of stops is
looked at (`check_first_night.py`). Exit 0 when nothing was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from check_first_night import Line, check_protection
from hurt_the_night import KEY, SECRET, books, wrong
from matrix_plan import FAULTS, TARGETS, Kind, cells
from matrix_runs import Matrix, Run, matrix_night
from night import Night, NotSeen

from plugins.drills.outside import Unreadable, Venue, read_rows


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=TARGETS, help="only runs that kill this one")
    parser.add_argument("--judge", type=int, default=20, metavar="N", help="compare all ledgers every N runs")
    parser.add_argument("--stop-after", type=float, default=float("inf"), metavar="S", help="begin no run later")
    parser.add_argument("--longest-naked", type=float, default=5.0, metavar="S", help="real seconds")
    parser.add_argument("--folder", type=Path, help="keep the home here; default: a folder that is removed")
    return parser.parse_args()


def table(runs: Sequence[Run]) -> list[str]:
    """By target and kind of step, then by fault."""
    harms = f"{'lost':>6}{'doubled':>9}{'bare':>6}"
    lines = [f"{'killed':18}{'at':9}{'runs':>5}{'seen':>6}{'filled':>8}{harms}{'back p50 / max':>18}"]
    for target in TARGETS:
        for kind in Kind:
            lines += _row(
                f"{target:18}{kind:9}", [r for r in runs if (r.cell.target, r.cell.step.kind) == (target, kind)]
            )
    lines += _row(f"{'all':27}", runs)
    lines += ["", f"{'fault':27}{'runs':>5}{'struck':>8}{harms}"]
    for fault in FAULTS:
        own = [run for run in runs if run.cell.fault == fault]
        lines.append(f"{fault:27}{len(own):5}{sum(r.struck for r in own):8}{_harms(own)}")
    return lines


def _row(title: str, runs: Sequence[Run]) -> list[str]:
    if not runs:
        return []
    seen, filled = sum(run.hit for run in runs), sum(run.outcome == "filled" for run in runs)
    back = sorted(run.back_s for run in runs)
    told = f"{back[len(back) // 2]:.1f} s / {back[-1]:.1f} s"
    return [f"{title}{len(runs):5}{seen:6}{filled:8}{_harms(runs)}{told:>18}"]


def _harms(runs: Iterable[Run]) -> str:
    found = [run.harm for run in runs]
    lost, doubled, bare = (
        sum(bool(one) for one in each)
        for each in ([h.lost for h in found], [h.doubled for h in found], [h.bare for h in found])
    )
    return f"{lost:6}{doubled:9}{bare:6}"


def ledgers(night: Night) -> list[Line]:
    """All books against each other."""
    return books(night)


def protection(night: Night, longest_s: float) -> list[Line]:
    """Naked time and the direction of stops, from the venue's own history."""
    signals, intents = read_rows(night.home / "quantum.db", "signals"), read_rows(night.home / "exchange.db", "intents")
    found = check_protection(Venue(night.venue, KEY, SECRET), signals, intents, longest_s)
    return [line for line in found if not line.name.startswith("entries")]  # wishes are made from no candle


def carried_out(night: Night, asked: argparse.Namespace, runs: list[Run]) -> list[Line]:
    """Carry out all runs into `runs`; what the ledgers said on the way that does not hold."""
    matrix, faults = Matrix(night, Venue(night.venue, KEY, SECRET)), []
    began = time.monotonic()
    for cell in cells(asked.seed, asked.runs):
        if time.monotonic() - began > asked.stop_after:
            break
        if asked.only not in (None, cell.target):
            continue
        runs.append(matrix.run(cell))
        print(runs[-1].line(), flush=True)
        if len(runs) % asked.judge == 0:
            found = [line for line in ledgers(night) if not line.holds]
            faults += found
            print(f"ledgers after {len(runs)} runs: {'; '.join(wrong(found)) or 'equal'}", flush=True)
    return faults


def run(asked: argparse.Namespace, folder: Path) -> bool:
    """Print the runs and the tables; whether nothing was wrong."""
    night = matrix_night(folder, asked.seed)
    night.begin()
    runs: list[Run] = []
    try:
        faults = carried_out(night, asked, runs)
        last = [*ledgers(night), *protection(night, asked.longest_naked)]
    except (NotSeen, Unreadable) as error:
        faults, last = [], [Line(f"run {len(runs) + 1}", holds=False, figure=str(error))]
    finally:
        code = night.end()
    print("\n".join(["", *table(runs), ""]))
    for line in last:
        print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:52}  {line.figure}")
    print(f"{len(runs)} runs, seed {asked.seed}; `qt up` ended with {code}")
    return not (faults or wrong(last) or code or any(one.harm.any for one in runs))


def main() -> int:
    """0 when nothing was lost, doubled or bare."""
    asked = arguments()
    if asked.folder is not None:
        return 0 if run(asked, asked.folder) else 1
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        return 0 if run(asked, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
