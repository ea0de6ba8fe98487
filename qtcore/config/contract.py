"""Whether the plugins fit together: topics, actions, commands, exclusivity, options and aliases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest, TopicUse
from qtcore.config.overrides import MODE_PATH, path_of
from qtcore.config.problem import Problem, Weight, did_you_mean
from qtcore.config.shape import keys_at
from qtcore.config.source_kind import SourceKind
from qtcore.health.framework_kinds import FRAMEWORK

RESERVED_COMMANDS = frozenset(
    {"init", "up", "down", "status", "watch", "why", "report", "doctor", "check", "plugins", "call", "start", "stop"}
    | {
        "restart",
        "quarantine",
        "release",
        "reload",
        "logs",
        "trace",
        "events",
        "drill",
        "bundle",
        "findings",
        "ack",
        "mute",
        "unmute",
    }
)
"""First words of `qt` that belong to the framework."""


READ_BY_EVERY_HOST = frozenset({"ClockMap"})
"""Topics that the framework itself reads."""


def contract_problems(configuration: Configuration, manifests: Mapping[str, Manifest]) -> list[Problem]:
    """Everything that does not fit; disabled plugins count as absent."""
    view = _View(configuration, manifests)
    checks = (_modes, _readers, _writers, _calls, _exclusive, _commands, _kinds, _outside_names, _idle, _absent)
    return [problem for check in checks for problem in check(view)]


@dataclass(frozen=True, slots=True)
class _View:
    configuration: Configuration
    manifests: Mapping[str, Manifest]

    @property
    def enabled(self) -> dict[str, Manifest]:
        """Manifests of the enabled plugins that could be read."""
        sections = self.configuration.sections.plugins
        return {
            name: manifest
            for name, manifest in self.manifests.items()
            if sections[name].runs and manifest.failure is None
        }

    def where(self, plugin: str) -> str:
        """The plugin's place in the file."""
        return self.configuration.where(("plugins", plugin), about_key=True)

    def writers(self, topic: str, *, enabled: bool = True) -> dict[str, TopicUse]:
        """Who writes a topic."""
        manifests = self.enabled if enabled else self.manifests
        return {name: use for name, manifest in manifests.items() for use in manifest.writes if use.topic == topic}


def _modes(view: _View) -> Iterator[Problem]:
    mode = view.configuration.mode
    for name, manifest in view.enabled.items():
        if manifest.modes and mode not in manifest.modes:
            sentence = (
                f"it works only in mode {' or '.join(manifest.modes)}, and this would run in mode {mode}; "
                f"set `enabled: false` for {name}, or run in mode {manifest.modes[0]}"
            )
            yield Problem(sentence, where=view.where(name), plugin=name)


def _readers(view: _View) -> Iterator[Problem]:
    for name, manifest in view.enabled.items():
        for use in manifest.reads:
            writers = view.writers(use.topic)
            if not writers:
                yield _without_writer(view, name, use)
            for writer, written in writers.items():
                if written.schema_hash != use.schema_hash:
                    sentence = (
                        f"it reads {use.topic} in another shape (schema {use.schema_hash}) than {writer} writes it "
                        f"(schema {written.schema_hash}); both must import the same class"
                    )
                    yield Problem(sentence, where=view.where(name), plugin=name)


def _without_writer(view: _View, name: str, use: TopicUse) -> Problem:
    could = sorted(view.writers(use.topic, enabled=False))
    known = {written.topic for manifest in view.enabled.values() for written in manifest.writes}
    cure = f"; enable {' or '.join(could)}" if could else did_you_mean(use.topic, known)
    if use.hard:
        return Problem(
            f"it reads {use.topic}, which no enabled plugin writes{cure}", where=view.where(name), plugin=name
        )
    sentence = f"it would use {use.topic}, which no enabled plugin writes{cure}"
    return Problem(sentence, Weight.FINDING, where=view.where(name), plugin=name)


def _writers(view: _View) -> Iterator[Problem]:
    read = READ_BY_EVERY_HOST | {use.topic for manifest in view.enabled.values() for use in manifest.reads}
    for name, manifest in view.enabled.items():
        for use in manifest.writes:
            if use.topic not in read:
                yield Problem(f"it writes {use.topic}, which nobody reads", Weight.NOTE, view.where(name), name)


def _calls(view: _View) -> Iterator[Problem]:
    for name, manifest in view.enabled.items():
        for call in manifest.calls:
            sentence = _wrong_call(view, call)
            if sentence:
                yield Problem(sentence, where=view.where(name), plugin=name)


def _wrong_call(view: _View, call: str) -> str | None:
    plugin, _, action = call.partition(".")
    if plugin not in view.manifests:
        return f'it calls {call}, but there is no plugin "{plugin}"{did_you_mean(plugin, view.manifests)}'
    if view.configuration.sections.plugins[plugin].missing:
        return None  # left out of this installation, which its callers must expect
    if plugin not in view.enabled:
        return f"it calls {call}, but {plugin} is disabled; enable it or disable this one too"
    actions = [spec.name for spec in view.enabled[plugin].actions]
    if action != "*" and action not in actions:
        return f'it calls {call}, but {plugin} has no action "{action}"{did_you_mean(action, actions)}'
    return None


def _exclusive(view: _View) -> Iterator[Problem]:
    """Two copies of one exclusive class would both believe to be the only one."""
    first: dict[str, str] = {}
    for name, manifest in view.enabled.items():
        if not manifest.exclusive:
            continue
        other = first.setdefault(manifest.use, name)
        if other != name:
            sentence = f"it is the same exclusive plugin as {other} ({manifest.use}); disable one of them"
            yield Problem(sentence, where=view.where(name), plugin=name)


def _commands(view: _View) -> Iterator[Problem]:
    offered: dict[str, list[str]] = defaultdict(list)
    for name, manifest in view.enabled.items():
        for action in manifest.actions:
            if action.command:
                offered[action.command.name].append(f"{name}.{action.name}")
    for command, actions in offered.items():
        plugin = actions[0].partition(".")[0]
        if command.split()[0] in RESERVED_COMMANDS:
            sentence = f'{actions[0]} offers the command "qt {command}", which belongs to qt itself; rename it'
            yield Problem(sentence, where=view.where(plugin), plugin=plugin)
        elif len(actions) > 1:
            sentence = f'{" and ".join(actions)} all offer the command "qt {command}"; rename all but one'
            yield Problem(sentence, where=view.where(plugin), plugin=plugin)


def _kinds(view: _View) -> Iterator[Problem]:
    """A code means one thing: whoever declares it must say the same of it."""
    owners = {code: ("the framework", kind) for code, kind in FRAMEWORK.items()}
    for name, manifest in view.enabled.items():
        for kind in manifest.findings:
            owner, owned = owners.setdefault(kind.code, (name, kind))
            if owned != kind:
                sentence = (
                    f"it declares {kind.code} with other texts than {owner}; rename one, or let both say the same"
                )
                yield Problem(sentence, where=view.where(name), plugin=name)


def _outside_names(view: _View) -> Iterator[Problem]:
    """Options and aliases must name settings that exist."""
    sections = view.configuration.sections
    targets = [(("options", name), path) for name, path in sections.options.items()]
    targets += [(("aliases", name), path) for name, alias in sections.aliases.items() for path in alias.sets]
    for place, setting in targets:
        path = path_of(setting)
        manifest = view.manifests.get(str(path[1])) if path != MODE_PATH else None
        if manifest is None or manifest.failure is not None:
            continue
        *above, last = path[3:]
        known = keys_at(manifest.settings_schema, above)
        if known and last not in known:
            cure = did_you_mean(str(last), known)
            sentence = f'"{place[1]}" sets {setting}, but {manifest.name} has no such setting{cure}'
            yield Problem(sentence, where=view.configuration.where(place))


def _idle(view: _View) -> Iterator[Problem]:
    """Variables all of whose settings are those of disabled plugins: they are set, and nothing comes of it."""
    sections = view.configuration.sections
    reached: dict[str, set[str]] = defaultdict(set)
    for path, source in view.configuration.overridden.items():
        if path != MODE_PATH and source.kind in {SourceKind.ALIAS, SourceKind.ENVIRONMENT}:
            reached[source.where].add(str(path[1]))
    for variable, plugins in sorted(reached.items()):
        if not any(sections.plugins[name].runs for name in plugins):
            names = ", ".join(sorted(plugins))
            places = ", ".join(view.configuration.where(("plugins", name, "enabled")) for name in sorted(plugins))
            sentence = (
                f"it is set, but {names}, which it is for, is disabled; set `enabled: true` at {places}, or unset it"
            )
            yield Problem(sentence, Weight.FINDING, where=variable, code="QT-CONFIG-UNUSED", names=(variable,))


def _absent(view: _View) -> Iterator[Problem]:
    """Plugins without whose word the posture stays tightened, and that are disabled."""
    posture = view.configuration.sections.posture
    for index, name in enumerate(posture.required):
        if name not in view.enabled and not view.configuration.sections.plugins[name].runs:
            sentence = (
                f"posture.required names {name}, which is disabled, so the posture never gets above "
                f"{posture.when_unknown}; set `enabled: true` for it, or remove it there"
            )
            where = view.configuration.where(("posture", "required", index))
            yield Problem(sentence, Weight.FINDING, where=where, plugin=name)
