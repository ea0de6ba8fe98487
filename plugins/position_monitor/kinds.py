"""What can be wrong with open positions: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_RECONCILE = Remedy.safe("call exchange.reconcile", "asks the venue what is really there; sends no order")

NAKED = FindingKind(
    code="QT-POSITION-NAKED",
    title="a position without a live stop on the venue",
    severity=Severity.HIGH,
    cause="its stop is being placed",
    consequence="a jump of the market is not stopped by the venue",
    fix="nothing, unless it lasts: a stop is placed, or the position is closed; by hand: "
    "`qt call exchange.close` with symbol {subject} and reason operator",
    verify="`qt positions` shows a stop beside each position",
    remedies=(
        Remedy.confirm(
            """call exchange.close '{"symbol": "{subject}", "reason": "operator"}'""",
            "closes the position at the market's price",
            "`qt positions` does not list it any more",
        ),
        _RECONCILE,
    ),
    effect_of=("QT-EXCHANGE-STALE", "QT-EXCHANGE-BANNED"),
)
UNSEEN = FindingKind(
    code="QT-POSITION-UNSEEN",
    title="the account holds other positions than are followed",
    severity=Severity.HIGH,
    cause="messages were lost, or fills and positions do not agree at the exchange",
    consequence="what is not followed keeps its stop on the venue, but is not led out of the market",
    fix="`qt call exchange.reconcile`; if it lasts, `qt restart position_monitor`",
    verify="`qt positions` and `qt call position_monitor.watched` list the same symbols",
    remedies=(_RECONCILE, Remedy.confirm("restart", "takes all positions in anew", "both lists are the same")),
)
MONEY_ADRIFT = FindingKind(
    code="QT-POSITION-MONEY-ADRIFT",
    title="the wallet is not what was booked",
    severity=Severity.MEDIUM,
    cause="an execution, a fee or a settlement is missing in exchange.db, or a fee was paid in another asset",
    consequence="profit and loss as shown are not what the venue has paid",
    fix="`qt call exchange.reconcile`, then compare `qt call exchange.income` with the venue's own list",
    verify="`qt pnl` shows no difference",
    remedies=(
        _RECONCILE,
        Remedy.manual("qt call exchange.income", "lists what is booked, to compare with the venue's"),
    ),
)

FUNDING = FindingKind(
    code="QT-POSITION-FUNDING",
    title="a position that pays much funding",
    severity=Severity.LOW,
    cause="the market is crowded on the side of the position, so its holders pay the other side",
    consequence="each settlement takes the share of the notional in the evidence, whether the price moves or not",
    fix="none needed: it is left right before the settlement unless its signal is still worth more; by hand: "
    "`qt call exchange.close` with symbol {subject} and reason operator",
    verify="`qt positions` does not list it any more, or `qt pnl` shows that it earns more than it pays",
    remedies=(
        Remedy.confirm(
            """call exchange.close '{"symbol": "{subject}", "reason": "operator"}'""",
            "closes the position at the market's price",
            "`qt positions` does not list it any more",
        ),
        Remedy.manual("qt pnl", "shows price, fees and funding of each position"),
    ),
    reach=Reach.NOTHING,
    root=True,
)

KINDS = (NAKED, UNSEEN, MONEY_ADRIFT, FUNDING)
