"""Faults on demand: what can go wrong with a real venue, done by this one when it is told to."""
