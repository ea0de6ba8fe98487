"""How much one trade may be: the caps that every order is sized with, and whether what is open keeps to them."""

from plugins.risk_manager.plugin import RiskManager

__all__ = ["RiskManager"]
