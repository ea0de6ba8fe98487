"""Sees the positions as one book: what moves together, how much is at stake, and what should not be added or kept."""

from plugins.portfolio_balancer.plugin import PortfolioBalancer

__all__ = ["PortfolioBalancer"]
