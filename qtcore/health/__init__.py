"""Conditions, findings, status and score: what is known about a plugin's health (pure)."""
