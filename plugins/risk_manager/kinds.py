"""What can be wrong with sizes: what is always true of each kind of trouble."""

from __future__ import annotations

from plugins.risk_manager.audit import Fault
from qtcore import FindingKind, Remedy, Severity


def _excess(fault: Fault, title: str, consequence: str, severity: Severity) -> FindingKind:
    return FindingKind(
        code=f"QT-RISK-MANAGER-{fault.value.upper()}",
        title=title,
        severity=severity,
        cause="it was opened by hand, the fill was far from the mark, or the venue's settings changed",
        consequence=consequence,
        fix="see `qt positions`; close it with `qt call exchange.close` ({subject}), or let its stop be",
        verify="`qt why risk_manager` shows what is open within its risk",
        remedies=(
            Remedy.confirm(
                """call exchange.close '{"symbol": "{subject}", "reason": "operator"}'""",
                "closes the position at the market's price",
                "`qt positions` does not list it any more",
            ),
        ),
    )


EXCESS = {
    Fault.OVERSIZED: _excess(
        Fault.OVERSIZED,
        "a position larger than its risk",
        "a stop costs more than one trade may lose",
        Severity.MEDIUM,
    ),
    Fault.LEVERAGE: _excess(
        Fault.LEVERAGE,
        "a position at another leverage",
        "margin and liquidation are other than the size was made for",
        Severity.MEDIUM,
    ),
    Fault.LIQUIDATION: _excess(
        Fault.LIQUIDATION,
        "a position that would be liquidated before its stop",
        "the venue would take the position before its stop does, at its own price and fee",
        Severity.HIGH,
    ),
}
NOTHING_FITS = FindingKind(
    code="QT-RISK-MANAGER-NOTHING-FITS",
    title="every size is too small for the venue",
    severity=Severity.MEDIUM,
    cause="the account is too small for the venue's minimum at this risk, or a cap leaves no room",
    consequence="signals end as blocked_size",
    fix="`qt call risk_manager.size` shows which cap binds; add money or trade symbols with a smaller minimum",
    verify="`qt funnel` shows sizes passing",
    remedies=(
        Remedy.manual("""qt call risk_manager.size '{"symbol": "BTCUSDT", "side": "long"}'""", "shows which cap binds"),
    ),
)

KINDS = (*EXCESS.values(), NOTHING_FITS)
