"""Walks each signal through the gates; every signal ends in exactly one coded outcome."""

from plugins.executor.plugin import Executor

__all__ = ["Executor"]
