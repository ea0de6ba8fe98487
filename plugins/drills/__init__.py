"""Outsiders of the drills: their hands, their judges, and plugins that go wrong when they are told to.

Hands and judges know the venue by its REST and the files by sqlite3, and nothing of the code that trades.
"""
