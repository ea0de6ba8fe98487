"""Trains the models anew when there is reason to, and lets a new one vote only when it has earned it."""

from plugins.retraining.plugin import Retraining

__all__ = ["Retraining"]
