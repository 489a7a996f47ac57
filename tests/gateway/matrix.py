"""The matrix of docs/orders.md: what arrives at TWS for each order type, asset class and verb.

Rows are data. `python -m tests.gateway.matrix` writes them into the page; test_matrix.py carries
every cell out through a real gateway and holds what the simulator received against it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from alertwire.wire.alert import Action, Entry, Instrument, OrderType, TimeInForce
from tests.gateway.assets import Asset, assets
from tests.gateway.build import stock
from tests.gateway.plays import Scene, scenes

PAGE: Final = Path(__file__).parents[2] / "docs" / "orders.md"
TILL: Final = datetime(2030, 12, 1, 16, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cell:
    """An order to be made, and the fields that TWS receives; `wants` empty: refused."""

    action: Action
    instrument: Instrument
    quantity: Decimal
    entry: Entry
    time_in_force: TimeInForce
    wants: dict[str, str]

    @property
    def words(self) -> str:
        if not self.wants:
            return "refused"
        names = {"action": "", "orderType": "", "tif": "", "limitPrice": "lmt ", "auxPrice": "aux "}
        names |= {
            "cashQuantity": "for ",
            "trailStopPrice": "stop ",
            "limitPriceOffset": "offset ",
            "trailingPercent": "% ",
        }
        return " ".join(f"{names[name]}{value}" for name, value in self.wants.items())


@dataclass(frozen=True, slots=True)
class Row:
    """Cells beside each other, under an id that stays."""

    id: str
    title: str
    cells: dict[str, Cell] = field(default_factory=dict)


TYPES: Final = {
    OrderType.MARKET: ("MKT", "DAY"),
    OrderType.LIMIT: ("LMT", "DAY"),
    OrderType.STOP: ("STP", "DAY"),
    OrderType.STOP_LIMIT: ("STP LMT", "DAY"),
    OrderType.TRAILING_STOP: ("TRAIL", "DAY"),
    OrderType.TRAILING_STOP_LIMIT: ("TRAIL LIMIT", "DAY"),
    OrderType.MARKET_ON_OPEN: ("MKT", "OPG"),
    OrderType.MARKET_ON_CLOSE: ("MOC", "DAY"),
    OrderType.LIMIT_ON_OPEN: ("LMT", "OPG"),
    OrderType.LIMIT_ON_CLOSE: ("LOC", "DAY"),
    OrderType.MARKET_IF_TOUCHED: ("MIT", "DAY"),
    OrderType.LIMIT_IF_TOUCHED: ("LIT", "DAY"),
}
_LIMITED: Final = {
    OrderType.LIMIT,
    OrderType.LIMIT_ON_OPEN,
    OrderType.LIMIT_ON_CLOSE,
    OrderType.LIMIT_IF_TOUCHED,
}
_VERBS: Final = {"buy": Action.BUY, "sell": Action.SELL, "exit of a long": Action.EXIT}


def order_type_rows() -> Iterator[Row]:
    """Order type, asset class and verb: OR-101 is the stock's market order, OR-202 the fund's …"""
    for asset in assets():
        for number, kind in enumerate(TYPES, start=1):
            cells = {name: _cell(asset, kind, action) for name, action in _VERBS.items()}
            title = f"{asset.name}: {kind.name.lower()}"
            yield Row(f"OR-{asset.number}{number:02}", title, cells)


def _cell(asset: Asset, kind: OrderType, action: Action) -> Cell:
    tws_type, tif = TYPES[kind]
    is_buy = action is Action.BUY
    wants = {"action": "BUY" if is_buy else "SELL", "orderType": tws_type}
    prices: dict[str, str] = {}
    used = 1 if is_buy else 2
    # A limit and a touch wait on the near side of the market, a stop on the far one.
    near, far = (asset.low, asset.high) if is_buy else (asset.high, asset.low)
    if kind in _LIMITED:
        prices["limit_price"], wants["limitPrice"] = near[0], near[used]
    if kind in {OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED}:
        prices["stop_price"], wants["auxPrice"] = near[0], near[used]
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT}:
        prices["stop_price"], wants["auxPrice"] = far[0], far[used]
    if kind is OrderType.STOP_LIMIT:
        prices["limit_price"], wants["limitPrice"] = far[0], far[used]
    if kind in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}:
        prices["trail_amount"], wants["auxPrice"] = asset.trail
    if kind is OrderType.TRAILING_STOP_LIMIT:
        prices["stop_price"], wants["trailStopPrice"] = far[0], far[used]
        distance = Decimal(asset.trail[0]) * (1 if is_buy else -1)
        prices["limit_price"] = f"{Decimal(far[0]) + distance:f}"
        wants["limitPriceOffset"] = asset.trail[1]
    if asset.ask and kind is OrderType.MARKET:
        # IB takes it at once or not at all, and sells it for an amount of cash.
        tif = "IOC"
        if is_buy:
            wants["cashQuantity"] = asset.cash(Decimal(asset.quantity))
    wants["tif"] = tif
    # It is sold from nothing held.
    is_short = bool(asset.ask) and action is Action.SELL
    return Cell(
        action,
        asset.instrument,
        Decimal(asset.quantity),
        Entry(type=kind, **{name: Decimal(value) for name, value in prices.items()}),
        TimeInForce.DAY,
        {} if kind.name in asset.refuses.split() or is_short else wants,
    )


_ALWAYS: Final = "day gtc ioc fok opg gtd"
_LASTING: Final = "day gtc gtd"
_TIMES: Final = {
    OrderType.MARKET: _ALWAYS,
    OrderType.LIMIT: _ALWAYS,
    OrderType.MARKET_ON_OPEN: "day opg",
    OrderType.LIMIT_ON_OPEN: "day opg",
    OrderType.MARKET_ON_CLOSE: "day",
    OrderType.LIMIT_ON_CLOSE: "day",
}


def time_in_force_rows() -> Iterator[Row]:
    """Order type and time in force, for a stock: OR-001 and on."""
    for number, kind in enumerate(TYPES, start=1):
        asset = Asset(
            0,
            "stock",
            # A stock for each, so that none has more working orders than IB allows.
            stock(f"TIF{chr(64 + number)}"),
            ("0.506", "0.5", "0.51"),
            ("9000.006", "9000", "9000.01"),
            ("1.009", "1"),
        )
        cells = {}
        for time in TimeInForce:
            name = time.name.lower()
            cell = _cell(asset, kind, Action.BUY)
            is_fixed = TYPES[kind][1] == "OPG" or kind.name.endswith("CLOSE")
            tif = cell.wants["tif"] if is_fixed else time.name
            goes = name in _TIMES.get(kind, _LASTING).split()
            wants = cell.wants | {"tif": tif} if goes else {}
            cells[name] = Cell(cell.action, cell.instrument, cell.quantity, cell.entry, time, wants)
        yield Row(f"OR-0{number:02}", f"stock: {kind.name.lower()}", cells)


def tables() -> dict[str, list[Row]]:
    """The tables of order types, by the name between their markers; plays.py has the others."""
    return {
        "time in force": list(time_in_force_rows()),
        "order types": list(order_type_rows()),
    }


def rendered(rows: Sequence[Row] | Sequence[Scene]) -> str:
    heads = list(rows[0].cells)
    lines = [
        f"| id | order | {' | '.join(heads)} |",
        f"|---|---|{'---|' * len(heads)}",
        *(
            f"| {row.id} | {row.title} | {' | '.join(cell.words for cell in row.cells.values())} |"
            for row in rows
        ),
    ]
    return "\n".join(lines)


def written(page: str) -> str:
    """Return the page with its tables as they are now."""
    for name, rows in (*tables().items(), *scenes().items()):
        begin, end = f"<!-- {name}: generated -->\n", f"<!-- {name}: end -->"
        # A page without its markers would lose what stands behind them.
        first, last = page.index(begin) + len(begin), page.index(end)
        page = f"{page[:first]}{rendered(rows)}\n{page[last:]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
