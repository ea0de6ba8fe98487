"""Watches what the sources of signals say against what then happened, and stops those that have shown no edge."""

from plugins.model_supervisor.plugin import ModelSupervisor

__all__ = ["ModelSupervisor"]
