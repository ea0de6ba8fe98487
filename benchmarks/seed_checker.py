"""The original's own checker over the same homes, beside what this program finds: the night of the seed, or the drills.

    python benchmarks/seed_checker.py --night            # about five minutes
    python benchmarks/seed_checker.py --drills C2 B19    # or `--drills all`

The checker is written anew from its description: thirteen subsystems, the age of a file by its time of change against
one clock for all (under 300 s healthy, under 3600 s degraded, above critical; executor and logging 60 and 300 s), the
data feed stale above 300 s, a database that is a file at one fixed path, models that are four file names, and
`unknown` where a file is missing, and an `unknown` that is not counted. It looks every five seconds, its interval in
critical mode.

How it is mapped, in its favour where there was a choice. A file of its own that lies in the home is read (the night
has two); elsewhere our state file stands for its state file. A module wrote its own file there, while our supervisor
also writes for plugins that are down: so a state file counts as old as the plugin has been out of work. The database
is looked for at `quantum.db` in the home. Champions stand for the four model files, any of ours counts as four.
Processor and memory are the machine's and left out. Two sums are printed: for how many faults anything turned
degraded or critical, whatever it names, and for how many the part that was hurt did. What else turns bad, or was bad
beforehand while nothing was wrong, is bad without a reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
LOOK_S = 5.0


class Verdict(StrEnum):
    """The original's words."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


BAD = (Verdict.CRITICAL, Verdict.DEGRADED)
SLOW, QUICK = (300.0, 3600.0), (60.0, 300.0)
STATE_FILES: dict[str, tuple[str, tuple[float, float]]] = {
    "exchange_connection": ("exchange", SLOW),
    "event_executor": ("executor", QUICK),
    "orchestrator": ("policy", SLOW),
    "portfolio_balancer": ("portfolio_balancer", SLOW),
    "model_supervisor": ("model_supervisor", SLOW),
    "retraining_orchestrator": ("retraining", SLOW),
    "position_monitor": ("position_monitor", SLOW),
    "risk_guard": ("risk_guard", SLOW),
    "universe_os": ("universe", SLOW),
}
OWN_FILES = {
    "exchange_connection": "recent_trades.json",
    "universe_os": "universe_snapshot.json",
    "data_feed": "universe_snapshot.json",
}
"""Names that the original read, where the home holds them."""
PART_OF = {plugin: name for name, (plugin, _) in STATE_FILES.items()} | {
    "feed": "data_feed",
    "models": "ai_model",
    "database": "database",
    "logs": "logging",
}

ALSO = {"prices": "feed", "changed_mind": "position_monitor", "funding": "position_monitor"}
"""Whose part a problem of the night is, where it is not called like a plugin."""


def check(home: Path, now_s: float) -> dict[str, Verdict]:
    """One look of the original at a home; `now_s` is wall time."""
    return {
        "data_feed": _data_feed(home, now_s),
        "ai_model": _models(home),
        "database": Verdict.HEALTHY if (home / "quantum.db").is_file() else Verdict.CRITICAL,
        "logging": _by_age(_newest_age(home / "logs", now_s), QUICK, missing=Verdict.DEGRADED),
        **{name: _by_age(_age(home, name, plugin, now_s), limits) for name, (plugin, limits) in STATE_FILES.items()},
    }


def summary(verdicts: Mapping[str, Verdict]) -> str:
    """Its summary, which leaves the unknown out."""
    counts = {word: sum(one is word for one in verdicts.values()) for word in Verdict}
    told = ", ".join(f"{word} {counts[word]}" for word in Verdict if word is not Verdict.UNKNOWN)
    return f"{told}, failed 0 (and {counts[Verdict.UNKNOWN]} of {len(verdicts)} unknown, not counted)"


def _data_feed(home: Path, now_s: float) -> Verdict:
    age_s = _age(home, "data_feed", "universe", now_s)
    if age_s is None or age_s > SLOW[0]:
        return Verdict.DEGRADED
    symbols = _state(home, "universe").get("facts", {}).get("symbols", 1)
    return Verdict.HEALTHY if symbols else Verdict.CRITICAL


def _models(home: Path) -> Verdict:
    # A system without a folder of champions has none to look for: its four names are taken as there.
    folder = home / "models"
    return Verdict.CRITICAL if folder.is_dir() and not any(folder.iterdir()) else Verdict.HEALTHY


def _age(home: Path, name: str, plugin: str, now_s: float) -> float | None:
    own = home / OWN_FILES.get(name, "")
    if own.is_file():
        return now_s - own.stat().st_mtime
    path = home / "state" / f"{plugin}.json"
    state = _state(home, plugin)
    if not state:
        return None
    if state.get("lifecycle") in {"running", "healing"}:
        return now_s - path.stat().st_mtime
    return now_s - datetime.fromisoformat(str(state["since"])).timestamp()


def _state(home: Path, plugin: str) -> dict[str, Any]:
    try:
        found = json.loads((home / "state" / f"{plugin}.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _newest_age(folder: Path, now_s: float) -> float | None:
    times = [path.stat().st_mtime for path in folder.glob("*.jsonl")] if folder.is_dir() else []
    return now_s - max(times) if times else None


def _by_age(age_s: float | None, limits: tuple[float, float], *, missing: Verdict = Verdict.UNKNOWN) -> Verdict:
    if age_s is None:
        return missing
    if age_s < limits[0]:
        return Verdict.HEALTHY
    return Verdict.DEGRADED if age_s < limits[1] else Verdict.CRITICAL


# --- looking on while others are hurt --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """One look, on the clock that journals carry."""

    at_s: float
    home: Path
    verdicts: Mapping[str, Verdict]


@dataclass
class Onlooker:
    """Looks at every home that `homes` names, as often as the original did."""

    homes: Callable[[], Iterable[Path]]
    looks: list[Look] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look until the block ends."""
        thread = threading.Thread(target=self._run, name="onlooker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            for home in self.homes():
                if (home / "state").is_dir():
                    self.looks.append(Look(time.monotonic(), home, check(home, time.time())))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the checker said of one fault: when anything turned bad, and when the part that was hurt did."""

    after_s: float | None
    named_s: float | None
    turned: tuple[str, ...]
    cause_first: bool
    wrong: tuple[str, ...]


NOTHING = Answer(None, None, (), cause_first=False, wrong=())
"""Where a start is refused, no process runs in which it could look; and it looks at no configuration."""


def answer(looks: Sequence[Look], began_s: float, ends_s: float, part: str) -> Answer:
    """What turned bad between the fault and its end, and what had been bad before without a reason."""
    before = [look for look in looks if look.at_s <= began_s]
    during = [look for look in looks if began_s < look.at_s <= ends_s]
    were = {name for name, word in before[-1].verdicts.items() if word in BAD} if before else set()
    turned: dict[str, float] = {}
    for look in during:
        for name, word in sorted(look.verdicts.items(), key=lambda item: item[1] is not Verdict.CRITICAL):
            if word in BAD and name not in were:
                turned.setdefault(name, look.at_s - began_s)
    names = tuple(turned)
    return Answer(
        after_s=min(turned.values(), default=None),
        named_s=turned.get(part),
        turned=names,
        cause_first=bool(names) and names[0] == part,
        wrong=tuple(sorted((were | set(turned)) - {part})),
    )


def printed(rows: Iterable[tuple[str, str, Answer]]) -> None:
    """Our row and the original's for each problem, and the sums."""
    found = list(rows)
    for name, ours, its in found:
        said = f"after {its.after_s:.0f} s: {', '.join(its.turned)}" if its.after_s is not None else "nothing"
        print(f"  {name:20} ours {ours:48} original {said}")
    anything = sum(its.after_s is not None for _, _, its in found)
    named = sum(its.named_s is not None for _, _, its in found)
    first = sum(its.cause_first for _, _, its in found)
    wrong = sorted({name for _, _, its in found for name in its.wrong})
    print(
        f"  original: anything turned bad for {anything} of {len(found)}, the part that was hurt for {named}, named "
        f"first for {first}; bad without a reason: {', '.join(wrong) or 'none'}"
    )


def the_night(folder: Path) -> None:
    """The night of the seed, looked at by both."""
    from plugins.drills.seed_night.night import SeedNight

    home = folder / "system" / "var"
    onlooker = Onlooker(lambda: [home])
    with onlooker.looking():
        night = SeedNight(ROOT, folder)
        try:
            told = night.run()
        finally:
            night.close()
    (folder / "night.json").write_text(told.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
    looks, ends_s = onlooker.looks, told.ended_s
    print("problem by problem:")
    printed((one.key, f"{one.found_s} s by {one.by}"[:46], _of_course(one, looks, ends_s)) for one in told.courses)
    last = [look for look in looks if look.at_s <= ends_s][-1]
    print(f"  its last summary: {summary(last.verdicts)}")
    print(
        f"  ours: found {sum(one.found_s is not None for one in told.courses)} of {len(told.courses)}, "
        f"wrong {len(told.wrong)}"
    )


def _of_course(course: Any, looks: Sequence[Look], ends_s: float) -> Answer:
    if course.expects in {"refusal", "quiet"}:
        return NOTHING
    return answer(looks, course.at_s, ends_s, PART_OF.get(course.key, PART_OF.get(ALSO.get(course.key, ""), "")))


def the_drills(folder: Path, names: Sequence[str]) -> None:
    """Drills, looked at by both; a refused start has no process, so the original's checker never runs."""
    from qtcore.drills.loading import FILE, chosen, read_drills
    from qtcore.drills.running import Wish, run_drills

    drills = read_drills(ROOT / FILE)
    wish = Wish(drills=drills, chosen=chosen(drills, names), application=ROOT, keep=folder, twins=False)
    onlooker = Onlooker(lambda: [path / "var" for path in folder.glob("slot*")])
    with onlooker.looking():
        done = run_drills(wish, lambda one: print(f"  {one}"[:110]))
    print("drill by drill:")
    printed(_of_drills(done.drills, wish.chosen, folder, onlooker.looks))


def _of_drills(results: Any, chosen_: Any, folder: Path, looks: Sequence[Look]) -> Iterator[tuple[str, str, Answer]]:
    for result, drill in zip(results, chosen_, strict=True):
        ours = f"{result.detect_s} s by {result.by}"[:46]
        began_s, ends_s = _times(folder / result.id / "var", result)
        part = PART_OF.get((drill.expect.plugin if drill.expect else "") or "", "")
        yield result.id, ours, answer(looks, began_s, ends_s, part) if began_s is not None else NOTHING


def _times(home: Path, result: Any) -> tuple[float | None, float]:
    """When the fault began and the drill ended, from the journal that it left and the time that detection took."""
    from qtcore.drills.observing import records_of
    from qtcore.records.journal_reader import JournalReader

    path = home / "journal.db"
    if not path.exists() or result.detect_s is None:
        return None, 0.0
    with JournalReader.open(path) as journal:
        events = journal.read(0)
    code = result.by.partition(" ")[0]
    opened = [one.opened_s for one in records_of(events, 0.0).findings if one.code == code]
    return (opened[0] - result.detect_s if opened else None), events[-1].at.monotonic_s


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--night", action="store_true")
    parser.add_argument("--drills", nargs="+", metavar="ID")
    parser.add_argument("--keep", type=Path, help="a folder in which the systems stay")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seed-checker-") as name:
        folder = wish.keep.absolute() if wish.keep else Path(name)
        if wish.drills:
            the_drills(folder, wish.drills)
        if wish.night or not wish.drills:
            the_night(folder / "night")


if __name__ == "__main__":
    main()
