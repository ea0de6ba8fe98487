"""Finds the plugin class that a `use` names, and says in a sentence why it cannot."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import re
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from qtcore.config.declarations import Unloadable
from qtcore.config.problem import did_you_mean
from qtcore.plugin import Plugin


def load_class(use: str) -> type[Plugin[Any]]:
    """Import the class that `package.module` or `package.module:Class` names. Raises Unloadable."""
    module_name, _, class_name = use.partition(":")
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?", use):
        raise Unloadable("use", f'use "{use}" is not of the form package.module or package.module:Class')
    module = _imported(module_name)
    return _named(module, class_name) if class_name else _only(module)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _module_missing(error, name) from error
    except SyntaxError as error:
        sentence = f"line {error.lineno} is not Python: {error.msg}"
        raise Unloadable("syntax", sentence, file=error.filename, line=error.lineno) from error
    except Exception as error:  # a module may raise anything while it is imported
        file, line = _last_own_frame(error)
        sentence = f"importing {name} raised {type(error).__name__}: {_one_line(error)}"
        raise Unloadable("import_raised", sentence, file=file, line=line) from error


def _module_missing(error: ModuleNotFoundError, wanted: str) -> Unloadable:
    missing = error.name or ""
    if wanted == missing or wanted.startswith(missing + "."):
        cure = did_you_mean(missing, _siblings(missing))
        return Unloadable("module_missing", f'there is no module "{missing}"{cure}')
    file, line = _last_own_frame(error)
    if missing.partition(".")[0] == wanted.partition(".")[0]:
        cure = did_you_mean(missing, _siblings(missing))
        sentence = f'{wanted} imports "{missing}", which does not exist{cure}'
    else:
        sentence = f'{wanted} imports "{missing}", which is not installed; {_how_to_install(missing)}'
    return Unloadable("dependency_missing", sentence, file=file, line=line)


def _siblings(missing: str) -> Iterable[str]:
    """Modules beside the missing one: those of its package, or everything top-level for a first name."""
    parent, _, _ = missing.rpartition(".")
    if not parent:
        return [module.name for module in pkgutil.iter_modules() if not module.name.startswith("_")]
    try:
        package = importlib.import_module(parent)
    except ImportError:
        return []
    return [f"{parent}.{module.name}" for module in pkgutil.iter_modules(getattr(package, "__path__", []))]


def _how_to_install(missing: str) -> str:
    top = missing.partition(".")[0]
    for requirement in importlib.metadata.requires("qtcore") or ():
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        if name and extra and name[0].lower().replace("-", "_") == top.lower():
            return f'run pip install "qtcore[{extra[1]}]"'
    return f"run pip install {top} (or the distribution that provides it)"


def _last_own_frame(error: BaseException) -> tuple[str | None, int | None]:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    return (frames[-1].filename, frames[-1].lineno) if frames else (None, None)


def _is_ours(filename: str) -> bool:
    return filename.startswith("<") or filename in {__file__, importlib.__file__}


def _named(module: ModuleType, class_name: str) -> type[Plugin[Any]]:
    found = getattr(module, class_name, None)
    if found is None:
        known = [cls.__name__ for cls in _candidates(module)]
        raise Unloadable("no_plugin", f'{module.__name__} has no class "{class_name}"{did_you_mean(class_name, known)}')
    if not (inspect.isclass(found) and issubclass(found, Plugin)):
        raise Unloadable("no_plugin", f"{module.__name__}:{class_name} is no plugin; derive it from qtcore.Plugin")
    return found


def _only(module: ModuleType) -> type[Plugin[Any]]:
    match _candidates(module):
        case [only]:
            return only
        case []:
            raise Unloadable(
                "no_plugin",
                f"{module.__name__} holds no plugin class; derive one from qtcore.Plugin",
                file=module.__file__,
            )
        case several:
            choices = ", ".join(f"{module.__name__}:{cls.__name__}" for cls in several)
            raise Unloadable("several_plugins", f"{module.__name__} holds several plugin classes; name one: {choices}")


def _candidates(module: ModuleType) -> list[type[Plugin[Any]]]:
    """Plugin classes defined in the module or, for a package, below it; imported ones do not count."""
    own = {
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, Plugin)
        and (member.__module__ == module.__name__ or member.__module__.startswith(module.__name__ + "."))
    }
    return sorted(own, key=lambda cls: cls.__name__)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or "no message"


def loaded_files(module_name: str) -> list[str]:
    """Source files among the loaded modules that may change between two runs.

    That is everything but the standard library and installed distributions, and the plugin's own
    top-level package even where that is installed.
    """
    top = module_name.partition(".")[0]
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and file.endswith(".py") and (name.partition(".")[0] == top or not is_installed(file)):
            found.add(file)
    return sorted(found)


_STANDARD_LIBRARY = str(importlib.util.find_spec("importlib").origin).rpartition("/importlib/")[0]  # type: ignore[union-attr] # it exists


def is_installed(file: str) -> bool:
    """Whether a file belongs to the standard library or to an installed distribution."""
    return file.startswith(_STANDARD_LIBRARY) or "/site-packages/" in file or "/dist-packages/" in file
