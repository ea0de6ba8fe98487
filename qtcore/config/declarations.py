"""Turns a plugin class into its manifest; runs where plugin code may run, never in the supervisor."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from qtcore.config.manifest import ActionSpec, CheckSpec, LoadFailure, Manifest, TimerSpec, TopicUse
from qtcore.config.problem import did_you_mean
from qtcore.health.kinds import FindingKind
from qtcore.hooks import PROJECT, PluginSpec
from qtcore.plugin import ACTION_MARK, TIMER_MARK, ActionMark, Plugin, TimerMark
from qtcore.topics import options_of, schema_hash_of

NORWEGIAN = "norwegian.yaml"
"""Beside a plugin's module: its fixed texts, English to Norwegian."""

_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=False)


class Unloadable(Exception):
    """A plugin cannot be read; `failure` says why and what to do."""

    def __init__(self, code: str, sentence: str, *, file: str | None = None, line: int | None = None) -> None:
        super().__init__(sentence)
        self.failure = LoadFailure(code=code, sentence=sentence, file=file, line=line)


@dataclass(frozen=True, slots=True)
class Marked:
    """A method that carries a mark of @every or @action."""

    name: str
    function: Callable[..., Any]
    mark: Any


def manifest_of(cls: type[Plugin[Any]], *, name: str, use: str) -> Manifest:
    """Everything the class declares. Raises Unloadable."""
    _check_construction(cls)
    hooks = validated_hooks(cls)
    settings = cls.settings_type()
    return Manifest(
        name=name,
        use=use,
        summary=_first_line(cls.__doc__) or _first_line(inspect.getmodule(cls).__doc__ or ""),
        module_file=inspect.getsourcefile(cls),
        settings_schema=settings.model_json_schema(),
        hooks=hooks,
        timers=tuple(
            TimerSpec(name=item.name, every_s=item.mark.every_s, timeout_s=item.mark.timeout_s)
            for item in marked(cls, TIMER_MARK, TimerMark)
        ),
        actions=tuple(_action(item) for item in marked(cls, ACTION_MARK, ActionMark)),
        reads=tuple(_topics(cls.reads, hard=True)) + tuple(_topics(cls.optional_reads, hard=False)),
        writes=tuple(_topics(cls.writes, hard=True)),
        calls=tuple(cls.calls),
        cadence_s=cls.cadence_s,
        exclusive=cls.exclusive,
        vital=cls.vital,
        modes=tuple(cls.modes),
        area=cls.area,
        preload=tuple(cls.preload),
        findings=_kinds(cls) if "findings" in hooks else (),
        checks=_checks(cls) if "checks" in hooks else (),
        norwegian=_norwegian(cls),
    )


def _kinds(cls: type[Plugin[Any]]) -> tuple[FindingKind, ...]:
    function: Any = cls.findings  # type: ignore[attr-defined] # a hook that this class has
    kinds = tuple(function())
    if wrong := [repr(kind) for kind in kinds if not isinstance(kind, FindingKind)]:
        raise Unloadable("findings", f"hook findings must return qtcore.FindingKind objects, not {', '.join(wrong)}")
    codes = [kind.code for kind in kinds]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise Unloadable("findings", f"hook findings declares {', '.join(twice)} more than once; keep one of each")
    return kinds


def _checks(cls: type[Plugin[Any]]) -> tuple[CheckSpec, ...]:
    function: Any = cls.checks  # type: ignore[attr-defined] # a hook that this class has
    return tuple(_check_spec(item) for item in function())


def _check_spec(item: Any) -> CheckSpec:
    from qtcore.doctor.check import Check

    if not isinstance(item, Check):
        raise Unloadable("checks", f"hook checks must return qtcore.Check objects, not {item!r}")
    name = getattr(item.look, "__qualname__", "")
    if not name.isidentifier():
        sentence = f"check {item.name} must look with a function of a module, so that the doctor can import it"
        raise Unloadable("checks", sentence)
    look = f"{item.look.__module__}:{name}"
    return CheckSpec(name=item.name, look=look, deadline_s=item.deadline_s, elsewhere=item.elsewhere)


def _norwegian(cls: type[Plugin[Any]]) -> dict[str, str]:
    """The translations of the texts of all plugins in the module's folder."""
    source = inspect.getsourcefile(cls)
    path = Path(source).with_name(NORWEGIAN) if source else None
    if path is None or not path.is_file():
        return {}
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Unloadable("translations", f"{NORWEGIAN} cannot be read: {error}", file=str(path)) from None
    if not isinstance(data, dict) or not all(isinstance(text, str) for pair in data.items() for text in pair):
        sentence = f"{NORWEGIAN} must map each English text to a Norwegian one"
        raise Unloadable("translations", sentence, file=str(path))
    return data


def _check_construction(cls: type[Plugin[Any]]) -> None:
    parameters = inspect.signature(cls).parameters.values()
    optional = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    if asked := [item.name for item in parameters if item.default is item.empty and item.kind not in optional]:
        sentence = f"{cls.__name__} is built without arguments, but asks for {', '.join(asked)}; read settings in start"
        raise Unloadable("construction", sentence)


def marked(cls: type[Any], attribute: str, kind: type[Any]) -> Iterator[Marked]:
    """The methods of a class that carry a mark, in order of name."""
    for name in _own_names(cls):
        member = inspect.getattr_static(cls, name)
        function = getattr(member, "__func__", member)
        mark = getattr(member, attribute, None) or getattr(function, attribute, None)
        if isinstance(mark, kind):
            yield Marked(name, function, mark)


def validated_hooks(cls: type[Plugin[Any]]) -> tuple[str, ...]:
    """The names of the hooks that the class implements. Raises Unloadable for a wrong signature or name."""
    registry = pluggy.PluginManager(PROJECT)
    registry.add_hookspecs(PluginSpec)
    found = []
    for name in _own_names(cls):
        member = inspect.getattr_static(cls, name)
        if registry.parse_hookimpl_opts(cls, name) is None:
            continue
        _check_hook(registry, name, member)
        found.append(name)
    if "start" not in found:
        raise Unloadable("hooks", _no_start(cls))
    return tuple(found)


def _own_names(cls: type[Any]) -> list[str]:
    """Names that an author may have given; looking at Python's own would double the time to start a plugin."""
    return sorted(name for name in dir(cls) if not name.startswith("__"))


def _no_start(cls: type[Plugin[Any]]) -> str:
    if hasattr(cls, "start"):
        return f"{cls.__name__}.start is not marked as a hook; put @hookimpl above it"
    return f"{cls.__name__} has no start hook; write `@hookimpl async def start(self, ctx)`"


def _check_hook(registry: pluggy.PluginManager, name: str, member: Any) -> None:
    function: Callable[..., Any] = getattr(member, "__func__", member)
    caller = getattr(registry.hook, name, None)
    file, line = inspect.getsourcefile(function), function.__code__.co_firstlineno
    if caller is None:
        known = [hook for hook in dir(PluginSpec) if not hook.startswith("_")]
        raise Unloadable("hooks", f'there is no hook "{name}"{did_you_mean(name, known)}', file=file, line=line)
    offered = caller.spec.argnames
    taken = [name for name in inspect.signature(function).parameters if name != "self"]
    if surplus := [name for name in taken if name not in offered]:
        sentence = (
            f"hook {name} takes {', '.join(surplus)}, which it is not given; "
            f"write {name}(self, {', '.join(offered)}) or fewer"
        )
        raise Unloadable("hooks", sentence, file=file, line=line)
    if name in {"findings", "checks"} and not isinstance(member, staticmethod):
        sentence = f"hook {name} is read without building the plugin; put @staticmethod above @hookimpl"
        raise Unloadable("hooks", sentence, file=file, line=line)
    if name == "around" and inspect.iscoroutinefunction(function):
        raise Unloadable(
            "hooks", "hook around must be a plain def that returns an async context manager", file=file, line=line
        )


def argument_model(function: Callable[..., Any], title: str) -> type[BaseModel]:
    """The model of an action's argument object: its parameters after `self` and the context."""
    signature = inspect.signature(function)
    hints = typing.get_type_hints(function, include_extras=True)
    names = [name for name in signature.parameters if name != "self"][1:]
    fields: dict[str, Any] = {}
    for name in names:
        default = signature.parameters[name].default
        fields[name] = (hints.get(name, Any), ... if default is inspect.Parameter.empty else default)
    return create_model(title, __config__=_STRICT, **fields)


def _action(item: Marked) -> ActionSpec:
    mark: ActionMark = item.mark
    try:
        parameters = argument_model(item.function, item.name).model_json_schema()
        hints = typing.get_type_hints(item.function, include_extras=True)
        result = TypeAdapter(hints.get("return", Any)).json_schema(mode="serialization")
    except (NameError, PydanticSchemaGenerationError, PydanticUserError) as error:
        sentence = (
            f"the types of action {item.name} cannot be described: {_first_line(str(error))}; "
            "import them at run time and use types that pydantic knows"
        )
        raise Unloadable("action", sentence, line=item.function.__code__.co_firstlineno) from None
    return ActionSpec(
        name=item.name,
        help=(mark.command.help if mark.command else "") or _first_line(item.function.__doc__),
        effect=mark.effect,
        timeout_s=mark.timeout_s,
        parameters=parameters,
        result=result,
        command=mark.command,
        offline=mark.offline,
    )


def _topics(classes: list[type[Any]], *, hard: bool) -> Iterator[TopicUse]:
    for cls in classes:
        try:
            options = options_of(cls)
        except TypeError as error:
            raise Unloadable("topics", str(error)) from None
        digest = schema_hash_of(cls)
        yield TopicUse(topic=options.name, schema_hash=digest, hard=hard, retained=options.retained)


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].strip()
