"""Drills: a fault injected from outside into a real system, and what was seen, named, done and proven.

`drills.yaml` says what happens and what is expected; nothing here knows what the application does.
"""
