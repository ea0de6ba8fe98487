"""A plugin's actions: found by their marks, their arguments validated, their results made JSON."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from qtcore.config.declarations import Unloadable, argument_model, marked
from qtcore.errors import CallFailed
from qtcore.messaging.calls import BAD_ARGUMENT
from qtcore.plugin import ACTION_MARK, ActionMark, Plugin


@dataclass(frozen=True, slots=True)
class Action:
    """One method that others may call."""

    name: str
    method: Callable[..., Any]
    mark: ActionMark
    argument: type[BaseModel]
    result: TypeAdapter[Any]

    def bind(self, ctx: object, argument: object) -> Callable[[], Any]:
        """The call with validated arguments. Raises CallFailed with one sentence."""
        try:
            given = self.argument.model_validate(argument)
        except ValidationError as error:
            raise CallFailed(_misfit(self.name, error), error_type=BAD_ARGUMENT) from None
        values = {name: getattr(given, name) for name in type(given).model_fields}
        return partial(self.method, ctx, **values)

    def jsonable(self, value: object) -> JsonValue:
        """The result as JSON data. Raises CallFailed when it is not what the action promises."""
        try:
            data: JsonValue = self.result.dump_python(value, mode="json", warnings="error")
        except ValueError as error:
            raise CallFailed(
                f"{self.name} returned {type(value).__name__}, which is not what its signature promises: "
                f"{' '.join(str(error).split())[:200]}",
                error_type="BadResult",
            ) from None
        return data


class Actions:
    """All actions of one plugin object. Each is made ready at its first call: a restart must not wait for that."""

    def __init__(self, plugin: Plugin[Any]) -> None:
        self._plugin = plugin
        self._built: dict[str, Action] = {}
        self._marks: dict[str, ActionMark] = {
            item.name: item.mark for item in marked(type(plugin), ACTION_MARK, ActionMark) if not item.mark.offline
        }

    def __getitem__(self, name: str) -> Action:
        if name not in self._marks:
            close = get_close_matches(name, self._marks, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(sorted(self._marks)) or 'none'}"
            raise CallFailed(f"there is no action {name!r}; {hint}", error_type="UnknownAction")
        if name not in self._built:
            self._built[name] = _action(self._plugin, name, self._marks[name])
        return self._built[name]

    def has_effect(self, name: str) -> bool:
        """Whether the action, if there is one, says that it changes the world."""
        return name in self._marks and self._marks[name].effect


def _action(plugin: Plugin[Any], name: str, mark: ActionMark) -> Action:
    method = getattr(plugin, name)
    function = getattr(method, "__func__", method)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
        adapter: TypeAdapter[Any] = TypeAdapter(hints.get("return", Any))
        return Action(name, method, mark, argument_model(function, name), adapter)
    except (NameError, PydanticUserError) as error:
        said = str(error).partition("\n")[0]
        raise Unloadable("action", f"the types of action {name} cannot be understood: {said}") from error


def _misfit(name: str, error: ValidationError) -> str:
    said = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'argument'}: {problem['msg'].lower()}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    return f"{name} was called with an argument that does not fit: {said}"
