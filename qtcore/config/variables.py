"""Environment variables that look as if they were meant for us, but are not known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from qtcore.config.configuration import Configuration
from qtcore.config.manifest import Manifest
from qtcore.config.overrides import SEPARATOR, variable_of
from qtcore.config.problem import Problem, Weight, edits
from qtcore.config.shape import keys_at

FRAMEWORK_VARIABLES = {
    "QT_HOME": "the home folder, where --home is not given",
    "QT_CONFIG": "the configuration file, where --config is not given",
}
"""Variables that `qt` itself reads, with their meaning."""

CODE = "QT-CONFIG-UNKNOWN"

_TYPO_EDITS = 2

_TOOLKIT = re.compile(
    r"QT_(QPA|QUICK|XCB|WAYLAND|DEBUG|LOGGING|SCALE|SCREEN|AUTO_SCREEN|ENABLE_HIGHDPI|FONT|STYLE|IM|ACCESSIBILITY"
    r"|LINUX_ACCESSIBILITY|OPENGL|GRAPHICSSYSTEM|PLUGIN_PATH|SELECT|MESSAGE_PATTERN|HASH_SEED|API|DEVICE_PIXEL_RATIO"
    r"|NO|USE|FORCE|VIRTUALKEYBOARD|MEDIA|MULTIMEDIA|GSTREAMER|FFMPEG|WEBENGINE|WIDGETS|VULKAN|D3D|ANDROID|MAC|WIN"
    r"|BEARER|SSL|NETWORK|DBUS|TRANSLATIONS|INSTALL|HOST|VERSION|ROOT|BIN|LIB|INCLUDE|DIR)(_.*|S(_.*)?|ING(_.*)?)?"
)
"""Names of the Qt toolkit and its bindings, which share our prefix."""


def unknown_variables(configuration: Configuration, manifests: Mapping[str, Manifest]) -> Iterator[Problem]:
    """Variables with our prefix that nobody reads: an error when near a known name, else a finding.

    Those with `__` are not looked at here: they are settings, and refused where they do not fit.
    """
    known = {*FRAMEWORK_VARIABLES, *configuration.sections.aliases, *_setting_variables(manifests)}
    for variable in sorted(configuration.variables):
        if SEPARATOR in variable or variable in known:
            continue
        near = _nearest(variable, known)
        if near:
            sentence = f'nobody reads this variable, did you mean "{near}"? correct it or unset it'
            yield Problem(sentence, where=variable, code=CODE, names=(variable,))
        elif not _TOOLKIT.fullmatch(variable):
            sentence = "nobody reads this variable; unset it if it was meant for qt"
            yield Problem(sentence, Weight.FINDING, where=variable, code=CODE, names=(variable,))


def _setting_variables(manifests: Mapping[str, Manifest]) -> Iterator[str]:
    for name, manifest in manifests.items():
        for setting in keys_at(manifest.settings_schema, ()):
            yield variable_of(name, setting)


def _nearest(variable: str, known: set[str]) -> str | None:
    distances = {name: edits(variable, name, _TYPO_EDITS) for name in known}
    near = [name for name in sorted(known) if distances[name] <= _TYPO_EDITS]
    return min(near, key=lambda name: distances[name]) if near else None
