"""What plugin authors test with: a harness with a virtual clock, faults, and a conformance check.

async def test_counts_ticks():
    async with harness(PriceAge, settings={"max_age_s": 2.0}) as h:
        await h.ready()
        await h.publish(Tick(...))
        assert h.progress()["ticks"] == 1
"""

from qtcore.hosts.runtime.answers import SensorFailed
from qtcore.testing.conformance import conformance
from qtcore.testing.harness import Harness, Plug, harness
from qtcore.testing.virtual_clock import VirtualClock

__all__ = ["Harness", "Plug", "SensorFailed", "VirtualClock", "conformance", "harness"]
