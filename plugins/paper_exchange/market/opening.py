"""Opening the market that a text names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from plugins.paper_exchange.market.source import MarketDataError, MarketSource


def open_market(spec: str, *, seed: int | None = None, symbols: Sequence[str] | None = None) -> MarketSource:
    """Open the market that `spec` names.

    `simulated`, `simulated:seed=7`, `recording:DIR`, `csv:DIR`; recordings take `?interval=5m` and
    `?window=crash202510` (joined by `&`). `symbols` keeps only those. Raises MarketDataError.
    """
    kind, _, rest = spec.partition(":")
    match kind:
        case "simulated":
            from plugins.paper_exchange.market.simulated import SimulatedMarket

            return SimulatedMarket(_agreed_seed(spec, rest, seed), symbols)
        case "recording":
            from plugins.paper_exchange.market.recording import open_recording

            folder, options = _folder_and_options(spec, rest)
            return open_recording(folder, symbols, **options)
        case "csv":
            from plugins.paper_exchange.market.csv_dump import open_csv_dump

            folder, options = _folder_and_options(spec, rest)
            return open_csv_dump(folder, symbols, **options)
        case _:
            raise MarketDataError(_unknown_kind(spec, kind))


def _unknown_kind(spec: str, kind: str) -> str:
    near = get_close_matches(kind, ("simulated", "recording", "csv"), n=1, cutoff=0.4)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"market {spec!r} is not known: use simulated, simulated:seed=N, recording:DIR or csv:DIR{meant}"


def _agreed_seed(spec: str, rest: str, seed: int | None) -> int:
    if not rest:
        return 1 if seed is None else seed
    name, _, value = rest.partition("=")
    if name != "seed" or not value.isdecimal():
        raise MarketDataError(f"market {spec!r} is not understood: write simulated:seed=N with a whole number N")
    if seed is not None and seed != int(value):
        raise MarketDataError(f"market {spec!r} contradicts the seed {seed} given beside it: name the seed once")
    return int(value)


def _folder_and_options(spec: str, rest: str) -> tuple[Path, dict[str, str]]:
    folder, _, query = rest.partition("?")
    if not folder:
        raise MarketDataError(f"market {spec!r} names no folder: write {spec.partition(':')[0]}:DIR")
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in ("interval", "window") or not value:
            raise MarketDataError(f"market {spec!r}: option {part!r} is not known: use interval=5m or window=SUFFIX")
        options[name] = value
    return Path(folder).expanduser(), options
