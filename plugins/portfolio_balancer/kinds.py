"""What can be wrong with the book as a whole: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Remedy, Severity

BLIND = FindingKind(
    code="QT-PORTFOLIO-BLIND",
    title="how symbols move together is not known any more",
    severity=Severity.MEDIUM,
    cause="the estimate failed or took longer than its deadline",
    consequence="advice goes on with the last figures; entries are cut by what was true then",
    fix="none is needed when it comes back by itself; otherwise see `qt logs portfolio_balancer`",
    verify="`qt portfolio` shows returns",
    remedies=(Remedy.safe("heal", "reads the history again and estimates anew", "the estimate is young"),),
    healable=True,
)
OVER = FindingKind(
    code="QT-PORTFOLIO-OVER",
    title="the book is over a cap",
    severity=Severity.MEDIUM,
    cause="prices moved, or positions were opened outside of its advice",
    consequence="where the balancer's autonomy is enforced, position_monitor closes these parts; otherwise nothing "
    "happens",
    fix="let the reductions happen, or close positions by hand (`qt positions`)",
    verify="`qt portfolio` shows no reductions",
    remedies=(Remedy.manual("qt portfolio", "shows what should be closed, and why"),),
)

KINDS = (BLIND, OVER)
