"""What happened, into the journal: each fact once, with its reason, its evidence and its trace."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from qtcore.control import host_message as wire
from qtcore.documents import Facts
from qtcore.hosts.watch import Sighting
from qtcore.kernel import commands
from qtcore.kernel.words import Cause
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.supervisor.host_table import Death, LiveHost
from qtcore.supervisor.story import Story
from qtcore.supervisor.topology import Topology
from qtcore.telemetry.inferred import end_open_spans
from qtcore.telemetry.lifecycle import Step
from qtcore.telemetry.redaction import SECRETS
from qtcore.telemetry.setup import Telemetry


class Recorder:
    """Writes journal and story side by side, so that every entry carries the trace it belongs to."""

    def __init__(self, journal: Journal, story: Story, topology: Topology, telemetry: Telemetry) -> None:
        self._journal = journal
        self._story = story
        self._topology = topology
        self._telemetry = telemetry

    # --- plugins -------------------------------------------------------------------------------

    def generation_reserved(self, command: commands.StartGeneration) -> Step:
        """Reserve durably, then say so; returns the step that the host's work belongs to."""
        self._journal.reserve_generation(command.plugin, command.generation)
        step = self._story.generation_starts(command.plugin, command.generation)
        self._journal.append(
            EventKind.GENERATION_RESERVED,
            command.reason,
            plugin=command.plugin,
            host=command.host,
            generation=command.generation,
            trace_id=step.trace_id,
        )
        return step

    def transition(self, command: commands.RecordTransition) -> None:
        """A plugin changed its lifecycle."""
        trace_id = self._story.transition(command)
        self._journal.append(
            EventKind.TRANSITION,
            command.reason,
            plugin=command.plugin,
            host=self._topology.host_of(command.plugin),
            generation=command.generation,
            cause=command.cause,
            details={
                "before": command.before.value,
                "after": command.after.value,
                "next_attempt_in_s": command.next_attempt_in_s,
                "collateral_of": command.collateral_of,
            },
            trace_id=trace_id,
        )

    def healing(self, command: commands.RecordHealing) -> None:
        """An act of healing is over."""
        trace_id = self._story.healing(command)
        self._journal.append(
            EventKind.HEALING,
            f"{command.act}: {command.outcome.value}" + (f", {command.proof}" if command.proof else ""),
            plugin=command.plugin,
            details={
                "rung": command.rung.value,
                "act": command.act,
                "outcome": command.outcome.value,
                "proof": command.proof,
                "finding": command.finding,
                "took_s": None if command.took_s is None else round(command.took_s, 3),
            },
            trace_id=trace_id,
        )

    def last_words(self, host: str, message: wire.PluginEnded) -> None:
        """Keep the traceback of a generation that raised."""
        if message.traceback:
            self._journal.append(
                EventKind.EVIDENCE,
                message.sentence,
                plugin=message.plugin,
                host=host,
                generation=message.generation,
                cause=message.cause,
                details={"error_type": message.error_type, "traceback": message.traceback},
                trace_id=message.trace_id or self._story.trace_id(message.plugin),
            )

    def withheld(self, message: wire.ActWithheld) -> None:
        """A plugin's autonomy kept it from acting."""
        often = f" ({message.repeated} times)" if message.repeated > 1 else ""
        self._journal.append(
            EventKind.WOULD_HAVE,
            f"would have {message.what}{often}",
            plugin=message.plugin,
            host=self._topology.host_of(message.plugin),
            generation=message.generation,
            details={"autonomy": message.autonomy.value, "repeated": message.repeated, "facts": message.facts},
            trace_id=message.trace_id,
        )

    def slept(self, gap_s: float) -> None:
        """The supervisor itself was held up; its records are silent about that time."""
        since = datetime.now(UTC) - timedelta(seconds=gap_s)
        text = f"the supervisor itself was held up for {gap_s:.1f} s, since {since:%H:%M:%S} UTC: all are asked anew"
        details: Facts = {"held_up_s": round(gap_s, 3), "since": since.isoformat(timespec="milliseconds")}
        self._journal.append(EventKind.NOTE, text, details=details)

    def note(self, host: str, message: wire.NoteRaised) -> None:
        """A line that a host wants kept."""
        self._journal.append(EventKind.NOTE, message.text, plugin=message.plugin, host=host, details=message.details)

    def posture(self, command: commands.SetPosture) -> None:
        """The posture changed."""
        reason = "; ".join(command.reasons) or "nobody demands more"
        self._journal.append(
            EventKind.POSTURE_CHANGED, f"posture {command.level}: {reason}", details={"level": command.level}
        )

    # --- hosts ---------------------------------------------------------------------------------

    def host_spawned(self, host: LiveHost) -> None:
        """The process exists."""
        process = host.process
        self._journal.append(
            EventKind.HOST_SPAWNED,
            f"host {host.name} is process {process.pid} ({process.way.value})",
            host=host.name,
            details={"pid": process.pid, "incarnation": host.incarnation, "way": process.way.value},
        )

    def host_up(self, host: LiveHost) -> None:
        """The process answers."""
        self._story.host_up(host.name)
        self._journal.append(EventKind.HOST_UP, f"host {host.name} answers", host=host.name)

    def sighting(self, sighting: Sighting) -> None:
        """A silence that is not a hang."""
        self._journal.append(EventKind.NOTE, sighting.sentence, host=sighting.host)

    def suspected(self, host: str, sentence: str) -> None:
        """A host must be given up."""
        self._journal.append(EventKind.HOST_SUSPECTED, sentence, host=host, cause=Cause.HUNG)

    def host_killed(self, command: commands.KillHost) -> None:
        """The kernel wants it dead."""
        self._journal.append(EventKind.HOST_KILLED, command.reason, host=command.host, cause=command.cause)

    def host_gone(self, death: Death) -> None:
        """Proof of death, with the evidence."""
        self._journal.append(
            EventKind.HOST_GONE,
            death.reason,
            host=death.host,
            plugin=death.culprit,
            cause=death.cause,
            details={
                "incarnation": death.incarnation,
                "culprit": death.culprit,
                **cleaned(self._story.death(death)),
            },
        )

    def host_buried(self, death: Death, died_ns: int) -> None:
        """End the spans that the dead process left open (`died_ns` is unix time); nothing need wait for it."""
        end_open_spans(
            self._topology.home.traces,
            f"host-{death.host}-{death.incarnation}",
            cause=death.cause.value,
            reason=death.reason,
            died_ns=died_ns,
            into=self._telemetry.spans.lines,
        )


def cleaned(facts: Facts) -> Facts:
    """The same without registered secrets: stacks and output are whatever the process wrote."""
    found: Facts = json.loads(SECRETS.clean(json.dumps(facts).encode()))
    return found
