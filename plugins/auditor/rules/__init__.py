"""All rules; each group of them has a module of its own and names the incidents that it would have noticed."""

from plugins.auditor.rules.duplicates import CLOSES_REDUCE, ONE_ENTRY, ONE_OWNER
from plugins.auditor.rules.funnel import ADDS_UP, DECISIONS
from plugins.auditor.rules.history import CLOSES, HISTORY_ROWS, SIGNAL_ROWS
from plugins.auditor.rules.holds import HOLDS
from plugins.auditor.rules.leading import LED, PREDICTIONS
from plugins.auditor.rules.ledger import BOOKED, CHAIN, TOLD
from plugins.auditor.rules.limits import LIMITS, SLOTS
from plugins.auditor.rules.orders import ORDERS, SAME_REFUSAL
from plugins.auditor.rules.perfection import FILLS, PLAUSIBLE
from plugins.auditor.rules.posture import ENTRIES_OBEY, ONE_MODE
from plugins.auditor.rules.prices import PRICES
from plugins.auditor.rules.protection import PROTECTION
from plugins.auditor.rules.rule import Rule
from plugins.auditor.rules.signals import SAID

RULES: tuple[Rule, ...] = (
    PROTECTION,
    BOOKED,
    CHAIN,
    TOLD,
    LIMITS,
    SLOTS,
    ENTRIES_OBEY,
    ONE_MODE,
    CLOSES_REDUCE,
    ONE_ENTRY,
    ONE_OWNER,
    FILLS,
    PLAUSIBLE,
    PRICES,
    CLOSES,
    HISTORY_ROWS,
    SIGNAL_ROWS,
    ADDS_UP,
    DECISIONS,
    ORDERS,
    SAME_REFUSAL,
    HOLDS,
    PREDICTIONS,
    LED,
    SAID,
)
"""The gravest first."""

__all__ = ["RULES", "Rule"]
