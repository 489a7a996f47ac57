"""Verbs, sizes and brackets for docs/orders.md: what is there before, what is sent, what arrives.

Expected numbers are reckoned here from the rules of the page, apart from the gateway.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from alertwire.money import ZERO
from alertwire.wire.alert import (
    Action,
    Entry,
    OrderType,
    QuantityType,
    Sizing,
    StopLoss,
    TakeProfit,
)
from tests.gateway.assets import Asset, assets

D = Decimal
Frame = dict[str, str]
NOTHING: Final = "nothing"
EQUITY: Final = D(1_000_000)
"""What an account of the simulator is worth that has traded nothing, in USD."""
_NAMES: Final = {
    "action": "",
    "quantity": "",
    "orderType": "",
    "cashQuantity": "for ",
    "tif": "",
    "limitPrice": "lmt ",
    "auxPrice": "aux ",
    "trailingPercent": "% ",
    "adjustedOrderType": "becomes ",
    "triggerPrice": "at ",
    "adjustedStopPrice": "stop ",
    "adjustedTrailingAmount": "trail ",
}


@dataclass(frozen=True, slots=True)
class Play:
    """One command and what TWS has of it; `wants` empty: nothing is ordered."""

    asset: Asset
    action: Action
    fields: dict[str, Any]
    wants: tuple[Frame, ...]
    held: Decimal = ZERO
    """Position before, signed."""
    rests: bool = False
    """A limit of the strategy works before, and is cancelled."""
    is_refused: bool = False
    is_never: bool = False
    """IB takes nobody to where it begins."""

    @property
    def words(self) -> str:
        if self.is_never:
            return "-"
        if self.is_refused:
            return "refused"
        said = [" ".join(f"{_NAMES[n]}{v}" for n, v in one.items() if v) for one in self.wants]
        gone = ["limit cancelled"] if self.rests else []
        return "; ".join([*gone, *said]) or NOTHING


@dataclass(frozen=True, slots=True)
class Scene:
    """Plays beside each other, under an id that stays."""

    id: str
    title: str
    cells: dict[str, Play] = field(default_factory=dict)


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _market(asset: Asset, units: Decimal) -> tuple[Frame, ...]:
    """A signed quantity at the market."""
    if not units:
        return ()
    side = "BUY" if units > 0 else "SELL"
    frame = {"action": side, "quantity": plain(abs(units)), "orderType": "MKT"}
    if asset.ask and units > 0:
        frame |= {"quantity": "", "cashQuantity": asset.cash(units)}
    if asset.ask:
        frame["tif"] = "IOC"
    return (frame,)


def verb_scenes() -> Iterator[Scene]:
    """Verb, asset class and position before: OR-121 is the stock's exit."""
    for asset in assets():
        one = D(asset.quantity)
        starts = {"long": 4 * one, "short": -4 * one, "flat": D(0)}
        half = Sizing(type=QuantityType.PERCENT_OF_POSITION, value=D(50))
        target = Sizing(type=QuantityType.UNITS, value=2 * one)
        verbs: tuple[tuple[str, Action, dict[str, Any]], ...] = (
            ("exit", Action.EXIT, {}),
            ("exit, percent_of_position 50", Action.EXIT, {"sizing": half}),
            ("reverse", Action.REVERSE, {}),
            (f"target {plain(2 * one)}", Action.TARGET, {"sizing": target}),
            ("flatten", Action.FLATTEN, {}),
            ("cancel", Action.CANCEL, {}),
        )
        for number, (title, action, fields) in enumerate(verbs, start=21):
            cells = {}
            for name, held in starts.items():
                # A reversal has something to turn, and crypto turns into no short position.
                is_refused = action is Action.REVERSE and (not held or bool(asset.ask))
                after = {21: D(0), 22: held / 2, 23: -held, 24: 2 * one, 25: D(0), 26: held}[number]
                cells[f"{name} {plain(abs(held))}" if held else name] = Play(
                    asset,
                    action,
                    fields,
                    () if is_refused else _market(asset, after - held),
                    held,
                    rests=number in {25, 26},
                    is_refused=is_refused,
                    is_never=bool(asset.ask) and held < 0,
                )
            # Heads of the columns are the same for all assets.
            named = dict(zip(starts, cells.values(), strict=True))
            yield Scene(f"OR-{asset.number}{number}", f"{asset.name}: {title}", named)


# Value of one unit at a price of 1, in the contract's currency; of corn in cents.
_WORTH: Final = {3: D(50), 4: D(50), 5: D(100), 6: D(50)}
_AMOUNTS: Final = {
    QuantityType.CASH: D(900_000),
    QuantityType.PERCENT_OF_EQUITY: D(75),
}


def _amounts(asset: Asset) -> dict[QuantityType, Decimal]:
    """What is asked for; the risk is that of two and a half units, of forex as many lots."""
    lots = D("2.5") * (10_000 if asset.number == 7 else 1)
    risk = lots * D(asset.trail[1]) * _WORTH.get(asset.number, D(1))
    percent = risk * 100 / EQUITY
    return _AMOUNTS | {QuantityType.RISK_CASH: risk, QuantityType.RISK_PERCENT: percent}


def size_scenes() -> Iterator[Scene]:
    """Size, asset class and side, at a limit: OR-131 is the stock's order for cash."""
    for asset in assets():
        for number, (kind, value) in enumerate(_amounts(asset).items(), start=31):
            cells = {side: _sized(asset, kind, value, side) for side in ("buy", "sell")}
            title = f"{asset.name}: {kind.name.lower()} {plain(value)}"
            yield Scene(f"OR-{asset.number}{number}", title, cells)


def _sized(asset: Asset, kind: QuantityType, value: Decimal, side: str) -> Play:
    asked, *used = asset.low if side == "buy" else asset.high
    price = used[0] if side == "buy" else used[1]
    distance = D(asset.trail[1])
    is_risk = kind in {QuantityType.RISK_CASH, QuantityType.RISK_PERCENT}
    is_percent = kind in {QuantityType.PERCENT_OF_EQUITY, QuantityType.RISK_PERCENT}
    amount = EQUITY * value / 100 if is_percent else value
    unit = (distance if is_risk else D(asked)) * _WORTH.get(asset.number, D(1))
    step = D("0.00000001") if asset.number == 8 else D(1)
    units = (amount / unit).quantize(step, ROUND_DOWN)
    fields: dict[str, Any] = {
        "sizing": Sizing(type=kind, value=value),
        "entry": Entry(type=OrderType.LIMIT, limit_price=D(asked)),
    }
    main = {
        "action": side.upper(),
        "quantity": plain(units),
        "orderType": "LMT",
        "limitPrice": price,
    }
    is_short = bool(asset.ask) and side == "sell"
    wants: tuple[Frame, ...] = (main,) if units and not is_short else ()
    if is_risk and units:
        fields["stop_loss"] = StopLoss(offset=distance)
        away = -distance if side == "buy" else distance
        other = "SELL" if side == "buy" else "BUY"
        stop = _on_grid(D(asked) + away, asset, other)
        wants = (*wants, {"action": other, "orderType": "STP", "auxPrice": stop}) if wants else ()
    return Play(
        asset, Action.BUY if side == "buy" else Action.SELL, fields, wants, is_refused=not wants
    )


def _on_grid(price: Decimal, asset: Asset, side: str) -> str:
    """Bring a level to the grid: a stop that sells up, one that buys down."""
    step = D(asset.low[2]) - D(asset.low[1])
    steps = price // step
    if side == "SELL" and price % step:
        steps += 1
    return plain(steps * step)


_ENTRIES: Final = {5: D("0.2"), 6: D(5)}
"""Prices of entries of which a tenth is on the grid, where the usual one is not."""
_KINDS: Final = (
    "take profit and stop by price",
    "both by percent",
    "both by offset",
    "take profit alone",
    "stop alone",
    "stop with a limit",
    "stop trailing by an amount",
    "stop trailing by percent",
    "stop to break even",
    "stop that trails after a profit",
    "two parts",
)


def bracket_scenes() -> Iterator[Scene]:
    """Take profit, stop loss, asset class and side: OR-141 is the stock's bracket by price."""
    for asset in assets():
        for number, title in enumerate(_KINDS, start=41):
            cells = {side: _bracket(asset, number, side) for side in ("buy", "sell")}
            yield Scene(f"OR-{asset.number}{number}", f"{asset.name}: {title}", cells)


def _bracket(asset: Asset, number: int, side: str) -> Play:
    """Write one; crypto takes no trailing orders, and is not sold short."""
    sign = 1 if side == "buy" else -1
    entry = _ENTRIES.get(asset.number, D(asset.low[1])) if sign > 0 else D(asset.high[1])
    distance = D(asset.trail[1])
    if number == 42:
        distance = entry / 10
    close = "SELL" if sign > 0 else "BUY"
    up, down = (D(_on_grid(entry + way * distance, asset, close)) for way in (sign, -sign))
    size = D(asset.quantity) * (4 if number == 51 else 1)
    goal, stop = TakeProfit(price=up), StopLoss(price=down)
    goals: tuple[TakeProfit, ...] = (goal,)
    closing = {"action": close, "quantity": plain(size)}
    profit = closing | {"orderType": "LMT", "limitPrice": plain(up)}
    loss = closing | {"orderType": "STP", "auxPrice": plain(down)}
    legs: tuple[Frame, ...] = (profit, loss)
    spec: StopLoss | None = stop
    match number:
        case 42:
            goals, spec = (TakeProfit(percent=D(10)),), StopLoss(percent=D(10))
        case 43:
            goals, spec = (TakeProfit(offset=distance),), StopLoss(offset=distance)
        case 44:
            spec, legs = None, (profit,)
        case 45:
            goals, legs = (), (loss,)
        case 46:
            spec = StopLoss(price=down, limit_price=down)
            legs = (profit, closing | _prices("STP LMT", limitPrice=down, auxPrice=down))
        case 47:
            spec = StopLoss(trail_amount=distance)
            legs = (profit, closing | _prices("TRAIL", auxPrice=distance))
        case 48:
            spec = StopLoss(trail_percent=D(5))
            legs = (profit, closing | _prices("TRAIL", trailingPercent=D(5)))
        case 49:
            spec = StopLoss(price=down, break_even_trigger=distance)
            moved = {"adjustedOrderType": "STP", "triggerPrice": plain(up)}
            legs = (profit, loss | moved | {"adjustedStopPrice": plain(entry)})
        case 50:
            spec = StopLoss(price=down, trail_trigger=distance, trail_amount=distance)
            moved = {"adjustedOrderType": "TRAIL", "triggerPrice": plain(up)}
            moved |= {
                "adjustedStopPrice": plain(entry),
                "adjustedTrailingAmount": plain(distance),
            }
            legs = (profit, loss | moved)
        case 51:
            goals = (TakeProfit(price=up, portion_percent=D(25)), TakeProfit(price=up + up - entry))
            quarter, rest = {"quantity": plain(size / 4)}, {"quantity": plain(size * 3 / 4)}
            further = {"limitPrice": plain(up + up - entry)}
            legs = (profit | quarter, profit | rest | further, loss | quarter, loss | rest)
    main = {"action": side.upper(), "quantity": plain(size), "orderType": "LMT"}
    fields: dict[str, Any] = {
        "sizing": Sizing(type=QuantityType.UNITS, value=size),
        "entry": Entry(type=OrderType.LIMIT, limit_price=entry),
        "take_profits": goals,
        "stop_loss": spec,
    }
    action = Action.BUY if sign > 0 else Action.SELL
    if asset.number == 8 and (side == "sell" or number in {47, 48, 50}):
        return Play(asset, action, fields, (), is_refused=True)
    return Play(asset, action, fields, (main | {"limitPrice": plain(entry)}, *legs))


def _prices(order_type: str, **prices: Decimal) -> Frame:
    return {"orderType": order_type} | {name: plain(value) for name, value in prices.items()}


def scenes() -> dict[str, list[Scene]]:
    """The tables of the page, by the name between its markers."""
    return {
        "verbs": list(verb_scenes()),
        "sizes": list(size_scenes()),
        "brackets": list(bracket_scenes()),
    }
