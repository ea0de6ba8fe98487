"""Where signals come from: for now one rule (RSI), shown as the rule it is.

A closed candle on which the rule has a view (below 30, above 70) makes one signal, as long as it has it: the first
may be refused for a reason that has passed by the next. A view taken back (the index crosses 50) makes one NEUTRAL;
candles without a view make none. Every signal is stored before it is published and is named by source and candle.
"""

from plugins.models.plugin import Models

__all__ = ["Models"]
