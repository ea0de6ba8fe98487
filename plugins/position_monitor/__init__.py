"""Every position protected on the venue, and closed when its reason is gone."""

from plugins.position_monitor.plugin import PositionMonitor

__all__ = ["PositionMonitor"]
