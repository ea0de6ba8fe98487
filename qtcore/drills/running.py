"""Runs many drills and the twins of their systems; one that fails does not end the others."""

from __future__ import annotations

import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from qtcore.drills.assembly import assembled, system_of
from qtcore.drills.conduct import Conductor
from qtcore.drills.document import Drill, Drills
from qtcore.drills.judging import Observation, figures_of, judged
from qtcore.drills.outsiders import outsider
from qtcore.drills.results import SCHEMA_VERSION, DrillResult, DrillRun, TwinResult
from qtcore.drills.rig import Rig
from qtcore.drills.twin import twin_of

R = TypeVar("R", DrillResult, TwinResult)
Tell = Callable[[DrillResult | TwinResult], None]
LEAST_TWIN_S = 30.0
CHECK_S = 120.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be run and how."""

    drills: Drills
    chosen: tuple[Drill, ...]
    application: Path
    seed: int = 1
    parallel: int = 1
    keep: Path | None = None
    """Folders of the systems stay here; without it they are removed."""
    twins: bool = True


def run_drills(wish: Wish, tell: Tell) -> DrillRun:
    """Carry out everything; `tell` hears of each result as it comes."""
    began, at, load = time.monotonic(), datetime.now(UTC), getloadavg()[0]
    with _folder(wish.keep) as folder:
        homes = Homes(wish, folder / "homes")
        slots, interrupted = Slots(wish, folder), threading.Event()
        conductor = Conductor(wish.drills, wish.application, wish.seed, homes.of, interrupted)
        drills = _in_parallel(
            [partial(_drilled, conductor, drill, slots) for drill in wish.chosen], wish.parallel, tell, interrupted
        )
        needed = _twins(wish, drills) if wish.twins else []
        twins = _in_parallel(
            [partial(_twinned, wish, quiet, slots, homes, interrupted) for quiet in needed],
            wish.parallel,
            tell,
            interrupted,
        )
    return DrillRun(
        schema=SCHEMA_VERSION,
        at=at,
        version=version("qtcore"),
        machine=_machine(wish, load),
        seed=wish.seed,
        took_s=round(time.monotonic() - began, 1),
        figures=figures_of(drills, twins),
        drills=tuple(drills),
        twins=tuple(twins),
        not_yet=dict(wish.drills.not_yet),
    )


def _machine(wish: Wish, load: float) -> str:
    """What the times were measured on, and what else it was busy with."""
    busy = f"load {load:.1f} at the start and {getloadavg()[0]:.1f} at the end"
    return f"{cpu_count()} cores, Python {platform.python_version()}, {wish.parallel} at a time, {busy}"


@dataclass
class Slots:
    """The folders in which systems run, one after the other at the same place, so that each looks at the plugins once.

    What a look has shown is kept by place, as between the starts of one application.
    """

    wish: Wish
    folder: Path
    free: SimpleQueue[int] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        for number in range(self.wish.parallel):
            self.free.put(number)

    @contextmanager
    def one(self, name: str) -> Iterator[tuple[Path, Path]]:
        """A folder for one system and what was seen there; afterwards the folder is kept under a name, or removed."""
        number = self.free.get()
        place, cache = self.folder / f"slot{number}", self.folder / f"seen{number}"
        try:
            if not cache.is_dir():
                self._look(place, cache)
            yield place, cache
        finally:
            if (place / "var" / "cache").is_dir():
                shutil.copytree(place / "var" / "cache", cache, dirs_exist_ok=True)
            if self.wish.keep is not None and place.is_dir():
                shutil.rmtree(self.folder / name, ignore_errors=True)
                place.rename(self.folder / name)
            shutil.rmtree(place, ignore_errors=True)
            self.free.put(number)

    def _look(self, place: Path, cache: Path) -> None:
        """Look at every plugin of the first system once, as `qt check` does, so that no drill waits for it."""
        assembly = assembled(self.wish.drills, self.wish.chosen[0].system, self.wish.application, self.wish.seed)
        rig = Rig(assembly, place, self.wish.application)
        rig.qt("check", "--config", str(rig.configuration_path), within_s=CHECK_S)
        cache.mkdir(exist_ok=True)
        if rig.home.cache.is_dir():
            shutil.copytree(rig.home.cache, cache, dirs_exist_ok=True)
        shutil.rmtree(place)


@dataclass
class Homes:
    """The homes that systems begin with, each made once by the application's own function."""

    wish: Wish
    folder: Path
    made: dict[str, Path] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, system: str) -> Path | None:
        """The home of a system; None where it begins with an empty one."""
        function = system_of(self.wish.drills, system).home
        if function is None:
            return None
        with self.lock:
            if function not in self.made:
                folder = self.folder / f"home{len(self.made)}"
                folder.mkdir(parents=True)
                outsider(function, self.wish.application)(folder, seed=self.wish.seed)
                self.made[function] = folder
            return self.made[function]


def _drilled(conductor: Conductor, drill: Drill, slots: Slots) -> DrillResult:
    try:
        with slots.one(drill.id) as (place, cache):
            return judged(drill, conductor.conduct(drill, place, cache))
    except Exception as error:  # noqa: BLE001 - one drill that cannot be carried out must not end the others
        return judged(drill, Observation(error=f"{type(error).__name__}: {error}"))


@dataclass(frozen=True, slots=True)
class Quiet:
    """A twin to be run: its system, the drills it is the twin of, and how long it must be quiet."""

    system: str
    drills: tuple[str, ...]
    lasts_s: float


def _twinned(wish: Wish, quiet: Quiet, slots: Slots, homes: Homes, interrupted: threading.Event) -> TwinResult:
    try:
        with slots.one(f"twin-{quiet.system}") as (place, cache):
            assembly = assembled(wish.drills, quiet.system, wish.application, wish.seed)
            home = homes.of(quiet.system)
            rig = Rig(assembly, place, wish.application, made_home=home, cache=cache, interrupted=interrupted)
            return twin_of(wish.drills, rig, wish.application, quiet.drills, quiet.lasts_s)
    except Exception as error:  # noqa: BLE001 - as above
        sentence = f"{type(error).__name__}: {error}"
        return TwinResult(system=quiet.system, drills=quiet.drills, lasted_s=0.0, error=sentence)


def _twins(wish: Wish, results: Sequence[DrillResult]) -> list[Quiet]:
    """Each system that had a fault in it while it ran, its drills, and how long the longest of them took."""
    found: dict[str, list[DrillResult]] = {}
    for drill, result in zip(wish.chosen, results, strict=True):
        found.setdefault(drill.system, []).append(result)
    return [
        Quiet(name, tuple(one.id for one in own), max(LEAST_TWIN_S, *(one.took_s for one in own)))
        for name, own in found.items()
    ]


def _in_parallel(
    jobs: Sequence[Callable[[], R]], many: int, tell: Callable[[R], None], interrupted: threading.Event
) -> list[R]:
    """Results in the order of the jobs; an interruption breaks off and cleans up those that are under way."""
    results: dict[int, R] = {}
    pool = ThreadPoolExecutor(max_workers=many, thread_name_prefix="drill")
    try:
        pending = {pool.submit(job): number for number, job in enumerate(jobs)}
        for done in as_completed(pending):
            results[pending[done]] = done.result()
            tell(done.result())
    except BaseException:
        interrupted.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [results[number] for number in range(len(jobs))]


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="qt-drill-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
