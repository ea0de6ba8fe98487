"""Tells a person what a person must know: grouped by cause, once, and again when it is over."""

from plugins.notify.plugin import Notify

__all__ = ["Notify"]
