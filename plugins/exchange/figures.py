"""The figures that health judges, read off the open door."""

from __future__ import annotations

from plugins.exchange.condition import Doubts, Figures
from plugins.exchange.opening import Exchange
from plugins.exchange.reconciling import DISAGREEMENTS
from plugins.store.kill_switch import read_kill_switch


def figures_of(exchange: Exchange) -> Figures:
    """Everything as it is now."""
    now_ms, weights = exchange.requests.clock.now_ms(), exchange.requests.lanes.weights
    many = exchange.reconciler.disagreements
    return Figures(
        doubts=doubts_of(exchange),
        stream_down_s=exchange.stream.down_s,
        stream_ended_because=exchange.stream.ended_because,
        disagreeing=tuple(sorted(symbol for symbol, rounds in many.items() if rounds >= DISAGREEMENTS)),
        strangers=tuple(exchange.reconciler.strangers),
        ledger_fault=exchange.books.ledger_fault,
        fills=exchange.books.ledger.counts()[0],
        weight_1m=exchange.requests.weight_1m,
        banned_s=weights.banned_s(now_ms),
        paused_s=weights.paused_s(now_ms),
        not_armed=exchange.not_armed(read_kill_switch(exchange.ctx.home)),
        odd_symbols=len(exchange.requests.odd_symbols),
    )


def doubts_of(exchange: Exchange) -> Doubts:
    """What is not known of the account and its orders, as it is now."""
    unclear = list(exchange.books.unresolved())
    sent_ms = [known.sent_ms for known in unclear if known.sent_ms is not None]
    return Doubts(
        reconciled_age_s=exchange.reconciler.age_s,
        failing=exchange.reconciler.failing,
        owed_s=exchange.reconciler.owing.owed_s,
        positions=len(exchange.books.positions),
        unclear=tuple(known.intent.id for known in unclear),
        oldest_unclear_s=(exchange.requests.clock.now_ms() - min(sent_ms)) / 1000 if sent_ms else 0.0,
        in_vain=exchange.sender.in_vain,
    )
