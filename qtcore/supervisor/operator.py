"""What people ask of the running supervisor through the control socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from pydantic import JsonValue

from qtcore.config.problem import did_you_mean
from qtcore.control import host_message as wire
from qtcore.control import requests as ask
from qtcore.control.report_facts import ReportFacts
from qtcore.errors import ConfigurationError
from qtcore.kernel import events
from qtcore.kernel.state import READY
from qtcore.records.journal_event import EventKind
from qtcore.report.status_document import StatusDocument
from qtcore.supervisor.attention import Attention
from qtcore.supervisor.protections import missing_protections
from qtcore.supervisor.supervisor import Supervisor
from qtcore.wording import counted

CALL_MARGIN_S = 1.0
"""A host enforces the action's deadline itself; we wait a little longer for its answer."""


class Operator:
    """Answers requests; every act is journalled with who asked and why."""

    def __init__(self, supervisor: Supervisor, status: Callable[[], StatusDocument], who: str) -> None:
        self._supervisor = supervisor
        self._status = status
        self._who = who
        self._attention = Attention(supervisor.findings, supervisor.topology.catalogue, changed=supervisor.note_change)

    async def handle(self, request: ask.Request) -> ask.Done | ask.Refused:  # noqa: C901, PLR0911, PLR0912 - one arm per request
        """Carry one request out. Raises ConfigurationError for what names nothing that exists."""
        match request:
            case ask.StatusRequest():
                return ask.Done(result=self._status().model_dump(mode="json", by_alias=True))
            case ask.ReportFactsRequest():
                return ask.Done(result=self._report_facts().model_dump(mode="json"))
            case ask.CallRequest():
                return ask.Done(result=await self._call(request.args))
            case ask.StartRequest() | ask.ReleaseRequest():
                return self._act(request.op, request.args, events.OperatorStart(request.args.plugin, self._who))
            case ask.StopRequest():
                return self._act(request.op, request.args, events.OperatorStop(request.args.plugin, self._who))
            case ask.RestartRequest():
                return self._act(request.op, request.args, events.OperatorRestart(request.args.plugin, self._who))
            case ask.QuarantineRequest():
                reason = request.args.reason or "asked by the operator"
                event = events.OperatorQuarantine(request.args.plugin, self._who, reason)
                return self._act(request.op, request.args, event)
            case ask.HealRequest():
                return self._heal(request.args)
            case ask.RecordRequest():
                self._journal("record", request.args.sentence, None)
                return ask.Done()
            case ask.WatchedRequest():
                return self._watched(request.args)
            case ask.AcknowledgeRequest() | ask.MuteRequest() | ask.UnmuteRequest():
                return ask.Done(result=self._attention.carry_out(request).model_dump(mode="json"))
            case ask.DownRequest():
                return self._down(request.args)
            case _:
                assert_never(request)

    def shut_down(self, reason: str) -> None:
        """Stop everything in order."""
        self._journal("down", reason, None)
        self._supervisor.tell(events.ShutDown(self._who, reason))

    def _act(self, op: str, args: ask.PluginArguments, event: events.Event) -> ask.Done:
        plugin = self._known(args.plugin)
        state = self._supervisor.state
        before = state.plugins[plugin]
        dependents = () if op in {"start", "release"} else tuple(sorted(state.graph.dependents(plugin)))
        sentence = _SENTENCES[op].format(plugin=plugin, lifecycle=before.lifecycle.value, generation=before.generation)
        if args.dry_run:
            acted = ask.Acted(sentence=f"would: {sentence}", acted=False, affected=dependents)
            return ask.Done(result=acted.model_dump(mode="json"))
        self._journal(op, args.reason or sentence, plugin)
        self._supervisor.tell(event)
        changed = self._supervisor.state.plugins[plugin] != before
        acted = ask.Acted(
            sentence=sentence if changed else f"nothing to do: {plugin} is {before.lifecycle.value}",
            acted=changed,
            affected=dependents if changed else (),
        )
        return ask.Done(result=acted.model_dump(mode="json"))

    def _heal(self, args: ask.PluginArguments) -> ask.Done:
        """What the answer shows is healed as it would be a moment later: within the budget, and proven."""
        plugin = self._known(args.plugin)
        working = self._supervisor.state.plugins[plugin].lifecycle in READY
        sentence = f"{plugin} is asked for its health now" if working else f"{plugin} is not running"
        if working and not args.dry_run:
            self._journal("heal", args.reason or sentence, plugin)
            self._supervisor.rounds.recheck(plugin)
        acted = ask.Acted(sentence=sentence, acted=working and not args.dry_run)
        return ask.Done(result=acted.model_dump(mode="json"))

    async def _call(self, args: ask.CallArguments) -> JsonValue:
        plugin = self._known(args.plugin)
        action = self._known_action(plugin, args.action)
        state = self._supervisor.state.plugins[plugin]
        if state.lifecycle not in READY:
            raise ConfigurationError(
                f"{plugin} is {state.lifecycle.value}, so {plugin}.{args.action} cannot be called; "
                f"see `qt why {plugin}`"
            )
        timeout_s = args.timeout_s or action
        request = self._supervisor.calls.new_request()
        self._supervisor.hosts.send(
            self._supervisor.topology.host_of(plugin),
            wire.CallAction(
                plugin=plugin,
                generation=state.generation,
                request=request,
                action=args.action,
                argument=args.argument,
                timeout_s=timeout_s,
            ),
        )
        name = f"{plugin}.{args.action}"
        return await self._supervisor.calls.result(request, name, timeout_s + CALL_MARGIN_S)

    def _down(self, args: ask.DownArguments) -> ask.Done:
        running = tuple(name for name, plugin in self._supervisor.state.plugins.items() if plugin.active)
        sentence = f"stops {counted(len(running), 'plugin')} in reverse order of their dependencies, then ends"
        if args.dry_run:
            acted = ask.Acted(sentence=f"would: {sentence}", acted=False, affected=running)
        else:
            self.shut_down(args.reason)
            acted = ask.Acted(sentence=sentence, acted=True, affected=running)
        return ask.Done(result=acted.model_dump(mode="json"))

    def _watched(self, args: ask.WatchedArguments) -> ask.Done:
        verdict = f"held for {args.for_s:g} s" if args.held else f"did not hold: {args.why}"
        self._supervisor.journal.append(
            EventKind.VERDICT,
            f"{self._who} watched for {args.waited_s:.0f} s: {args.until} {verdict}",
            details={"who": self._who, **args.model_dump(mode="json")},
        )
        return ask.Done()

    def _report_facts(self) -> ReportFacts:
        posture = self._supervisor.state.posture
        return ReportFacts(
            posture_reasons=posture.reasons if posture else (),
            host_pids=self._supervisor.host_pids,
            findings=self._supervisor.findings.of(None),
            missing_protections=missing_protections(self._supervisor.fork_servers),
            health_asked=self._supervisor.rounds.asked,
            health_missed=self._supervisor.rounds.missed,
            report_every_s=self._supervisor.topology.configuration.sections.supervision.report_every_s,
        )

    def _known(self, plugin: str) -> str:
        names = self._supervisor.topology.plan.plugins
        if plugin in names:
            return plugin
        raise ConfigurationError(f'there is no plugin "{plugin}"{did_you_mean(plugin, names)}')

    def _known_action(self, plugin: str, action: str) -> float:
        actions = {spec.name: spec for spec in self._supervisor.topology.manifests[plugin].actions}
        if action in actions:
            return actions[action].timeout_s
        offered = ", ".join(sorted(actions)) or "none"
        raise ConfigurationError(
            f'{plugin} has no action "{action}"{did_you_mean(action, actions)} (it offers: {offered})'
        )

    def _journal(self, op: str, reason: str, plugin: str | None) -> None:
        self._supervisor.journal.append(
            EventKind.OPERATOR_COMMAND,
            f"{self._who}: {op}" + (f" {plugin}" if plugin else "") + f" ({reason})",
            plugin=plugin,
            details={"op": op, "who": self._who},
        )


_SENTENCES = {
    "start": "{plugin} is {lifecycle} and starts",
    "release": "{plugin} is {lifecycle} and gets another chance",
    "stop": "{plugin} stops (generation {generation}) and stays stopped",
    "restart": "{plugin} restarts (generation {generation} ends)",
    "quarantine": "{plugin} is taken out (generation {generation} ends) until released",
}
