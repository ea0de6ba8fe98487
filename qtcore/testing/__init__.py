"""What plugin authors test with: a harness with a virtual clock, faults, and a conformance check.

    async def test_counts_ticks():
        async with harness(PriceAge, settings={"max_age_s": 2.0}) as h:
            await h.ready()
            await h.publish(Tick(...))
            assert h.progress()["ticks"] == 1

The names are looked up on first use, so that a host that rehearses a fault does not load the harness.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qtcore.hosts.runtime.answers import SensorFailed
    from qtcore.testing.bench import Harness, Plug, harness
    from qtcore.testing.conforming import conformance
    from qtcore.testing.virtual_clock import VirtualClock

__all__ = ["Harness", "Plug", "SensorFailed", "VirtualClock", "conformance", "harness"]

_HOMES = {
    "Harness": "qtcore.testing.bench",
    "Plug": "qtcore.testing.bench",
    "SensorFailed": "qtcore.hosts.runtime.answers",
    "VirtualClock": "qtcore.testing.virtual_clock",
    "conformance": "qtcore.testing.conforming",
    "harness": "qtcore.testing.bench",
}


def __getattr__(name: str) -> Any:
    """Import the module that defines a public name, once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'qtcore.testing' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
