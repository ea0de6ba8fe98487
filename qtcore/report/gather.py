"""Gathers the report from the running supervisor, where there is one, and from the records."""

from __future__ import annotations

import shutil
import time
from datetime import datetime, timedelta

from qtcore.control.client import READING_TIMEOUT_S, NotAnswering, NotRunning, ask
from qtcore.control.report_facts import ReportFacts
from qtcore.records.home import Home
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import DamagedState, read_state
from qtcore.records.usage import usage
from qtcore.report.archive import Kept, kept_reports
from qtcore.report.components import components_of, vital_plugins
from qtcore.report.configured import configuration_of, has_changed
from qtcore.report.contributed import contributions
from qtcore.report.current import current_status
from qtcore.report.document import SCHEMA_VERSION, ReportDocument, Usage
from qtcore.report.from_records import SILENT, remember
from qtcore.report.growth import days_left
from qtcore.report.limits import limit_of
from qtcore.report.marking import scorecard_of
from qtcore.report.past import past_since
from qtcore.report.reporting import Rounds, reporter_of
from qtcore.report.status_document import StatusDocument
from qtcore.report.steps import steps_for
from qtcore.report.translations import translations_for
from qtcore.report.trouble import groups_of, mutes_of


def gather(home: Home, hours: float) -> ReportDocument:
    """The whole report, looking back `hours`."""
    began_s = time.perf_counter()
    status = StatusDocument.model_validate(current_status(home))
    answering = SILENT not in status.supervisor.findings
    facts = _facts(home) if status.running and answering else ReportFacts()
    read = read_state(home.state)
    states = {state.plugin: state for state in read if isinstance(state, StateFile)}
    remembered = remember(home)
    past = past_since(home, status.at - timedelta(hours=hours))
    groups = groups_of(list(states.values()), status, remembered, facts.findings)
    components = components_of(status.plugins, states, vital_plugins(home.cache))
    contributed, unreadable = contributions(home.sections, status.at)
    audit, unread = configuration_of(home)
    kept = kept_reports(home.reports)
    room, free_bytes = _usage(home), _free(home)
    damage = [remembered.damage, *(item.sentence for item in read if isinstance(item, DamagedState))]
    damage += [*unreadable, unread]
    steps = steps_for(groups, past.lasted_s)
    return ReportDocument(
        schema=SCHEMA_VERSION,
        at=status.at,
        hours=hours,
        application=remembered.application,
        language=remembered.language,
        mode=status.mode,
        posture=status.posture,
        posture_reasons=facts.posture_reasons,
        running=status.running,
        answering=answering,
        since=status.supervisor.since,
        status=status.overall.status,
        counts=status.counts,
        groups=groups,
        components=components,
        scorecard=scorecard_of(components, groups),
        steps=steps,
        healings=past.healings,
        episodes=past.episodes,
        watched=past.watched,
        mutes=mutes_of(groups),
        contributions=tuple(contributed),
        configuration=audit,
        configuration_changed=audit is not None and has_changed(audit),
        reporter=reporter_of(
            status.plugins,
            contributed,
            kept,
            Rounds(facts.health_asked, facts.health_missed, facts.report_every_s),
            [past.gap] if past.gap else [],
            at=status.at,
            since=status.supervisor.since if status.running else None,
            took_s=time.perf_counter() - began_s,
        ),
        missing_protections=facts.missing_protections,
        damage=tuple(sentence for sentence in damage if sentence),
        usage=room,
        free_bytes=free_bytes,
        days_left=_days_left(room, free_bytes, kept, status.at),
        norwegian=translations_for(
            [*groups, *contributed, *steps], {component.area for component in components}, home.cache
        ),
    )


def _days_left(room: tuple[Usage, ...], free_bytes: int, kept: list[Kept], at: datetime) -> float | None:
    return days_left(room, free_bytes, kept, at) if kept else None


def _facts(home: Home) -> ReportFacts:
    try:
        return ReportFacts.model_validate(ask(home.run_dir, "report_facts", timeout_s=READING_TIMEOUT_S))
    except (NotRunning, NotAnswering):  # it ended between two questions, or is stopped
        return ReportFacts()


def _usage(home: Home) -> tuple[Usage, ...]:
    return tuple(
        Usage(what=use.what, path=str(use.path), bytes=use.bytes, limit_bytes=limit_of(use.what))
        for use in usage(home.root)
    )


def _free(home: Home) -> int:
    return shutil.disk_usage(home.root if home.root.exists() else home.root.anchor).free
