"""Decisions only: `(state, event, now) -> (state, commands)`. No clock, no I/O, no loop, no randomness."""
