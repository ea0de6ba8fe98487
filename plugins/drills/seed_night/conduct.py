"""`qt drill run night_of_the_seed`: runs the night and writes its report in two languages and three formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.drills.seed_night.documents import Night
from plugins.drills.seed_night.night import SeedNight
from plugins.drills.seed_night.stage import Say
from plugins.drills.seed_night.telling import FOUND_S, HEALED_S, html, markdown, terminal

REPORT = "night-of-the-seed"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The night's report, and where it was written."""

    night: Night

    @property
    def passed(self) -> bool:
        """All found and all that can be healed is, in time; the rest left with a step; nothing wrong found."""
        return not self.night.wrong and all(one.within(FOUND_S, HEALED_S) for one in self.night.courses)

    @property
    def document(self) -> dict[str, Any]:
        """The night as JSON data."""
        return self.night.model_dump(mode="json", by_alias=True)

    @property
    def shown(self) -> str:
        """The table of the claims and the figures."""
        return terminal(self.night)


def conduct(application: Path, folder: Path, reports: Path, say: Say) -> Rehearsed:
    """Run the night on a system in `folder` and write what came of it to `reports`."""
    night = SeedNight(application, folder, say)
    try:
        found = night.run()
    finally:
        night.close()
    told = without_paths(found, folder)
    write(told, reports)
    say(f"the report is in {reports}")
    return Rehearsed(told)


def without_paths(night: Night, folder: Path) -> Night:
    """The same with the drill's own folder left out: where it lay says nothing."""
    return Night.model_validate_json(night.model_dump_json(by_alias=True).replace(str(folder), "…"))


def write(night: Night, folder: Path) -> None:
    """The report as JSON, and as Markdown and HTML in English and Norwegian."""
    (folder / f"{REPORT}.json").write_text(night.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
    for language in ("en", "no"):
        (folder / f"{REPORT}.{language}.md").write_text(markdown(night, language), encoding="utf-8")
        (folder / f"{REPORT}.{language}.html").write_text(html(night, language), encoding="utf-8")
