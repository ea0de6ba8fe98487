"""Every kind of finding that the framework itself opens, whatever the application is."""

from __future__ import annotations

from qtcore.health import configuration_kinds, home_kinds, plugin_kinds, supervisor_kinds
from qtcore.health.kinds import Catalogue

FRAMEWORK = Catalogue((*plugin_kinds.KINDS, *supervisor_kinds.KINDS, *configuration_kinds.KINDS, *home_kinds.KINDS))
"""By code; `plugin_kinds.DOWN.found(…)` and its like are how one is opened."""
