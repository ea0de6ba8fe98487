"""Asks a running plugin for its part of the report and keeps it on disk, for readers when nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from qtcore.hosts.runtime.belongings import Belongings
from qtcore.hosts.runtime.ending import sentence_of
from qtcore.hosts.runtime.live import Live
from qtcore.messaging.clock import Clock
from qtcore.records.atomic import replace_file
from qtcore.report.section import Section, SectionsFile
from qtcore.telemetry.redaction import SECRETS

EVERY_S = 15.0
TIMEOUT_S = 10.0


async def contribute(live: Live, belongings: Belongings, home: Path, clock: Clock) -> None:
    """Write `sections/<plugin>.json` now and periodically until cancelled; a failure is logged, nothing else."""
    work = live.hook("report")
    if work is None:
        return
    path = home / "sections" / f"{live.ctx.name}.json"
    while True:
        try:
            sections = await live.dispatcher.call("report", work, timeout_s=TIMEOUT_S)
            # In a thread of the plugin's generation: nothing is written for one that is over.
            await belongings.in_thread(partial(_keep, path, live.ctx.name, sections))
        except ValidationError as error:
            live.ctx.log.warning("its part of the report is no sequence of sections", error=str(error))
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and a report is no reason to end it
            live.ctx.log.warning("its part of the report could not be made", error=sentence_of(error))
        await clock.sleep(EVERY_S)


def _keep(path: Path, plugin: str, sections: Sequence[Section]) -> None:
    document = SectionsFile(plugin=plugin, produced_at=datetime.now(UTC), sections=tuple(sections))
    replace_file(path, SECRETS.clean(document.model_dump_json(indent=1).encode()))
