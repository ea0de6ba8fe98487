"""Votes of the members, weighed into one verdict a symbol."""

from plugins.learning.ensemble.combining import Ballot, Verdict, combined, equal_weights, normalised
from plugins.learning.ensemble.degenerate import Recent
from plugins.learning.ensemble.viewing import ViewRules, view_of_probabilities

__all__ = [
    "Ballot",
    "Recent",
    "Verdict",
    "ViewRules",
    "combined",
    "equal_weights",
    "normalised",
    "view_of_probabilities",
]
