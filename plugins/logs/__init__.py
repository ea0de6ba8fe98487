"""Keeps an eye on the disk and on the logs: space, rotation, and who complains how often."""

from plugins.logs.plugin import Logs

__all__ = ["Logs"]
