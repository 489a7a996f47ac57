"""From what an alert wants to units: cash, percents and risk. Pure: values in, a number out.

Every number is rounded down to what the contract trades in: never more than was asked for. The
detail says how the number came about.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Final

from alertwire.money import ONE, WIDE, ZERO
from alertwire.wire.alert import (
    Action,
    Entry,
    OrderType,
    QuantityType,
    SecurityType,
    StopLoss,
)
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import Side
from gateway.figures import figure, rounded
from gateway.funds import Money
from gateway.quotes import Price
from gateway.rates import Rate
from gateway.sizing import Refused, is_held
from gateway.terms import Terms

_HUNDRED: Final = Decimal(100)
_OF_EQUITY: Final = frozenset({QuantityType.PERCENT_OF_EQUITY, QuantityType.RISK_PERCENT})
_OF_RISK: Final = frozenset({QuantityType.RISK_CASH, QuantityType.RISK_PERCENT})
_OWN_PRICES: Final = {
    # Order types that fill at a price of their own, or better than a second one.
    OrderType.LIMIT: "limit_price",
    OrderType.LIMIT_ON_OPEN: "limit_price",
    OrderType.LIMIT_ON_CLOSE: "limit_price",
    OrderType.STOP_LIMIT: "limit_price",
    OrderType.LIMIT_IF_TOUCHED: "limit_price",
    OrderType.STOP: "stop_price",
    OrderType.MARKET_IF_TOUCHED: "stop_price",
}
_CRYPTO_STEP: Final = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Lot:
    """The steps in which a contract trades, and its smallest quantity; 0: not told."""

    step: Decimal = ZERO
    least: Decimal = ZERO
    is_kept: bool = True
    """What comes to less than these is refused; False: none of what is held is kept for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The truth that a size is worked out from."""

    position: Decimal
    price: Price | Refused
    equity: Money | Refused
    rate: Rate | Refused
    """What one unit of the account's currency is worth in the contract's."""
    currency: str
    """The contract's."""
    unit_value: Decimal
    """Amount in the contract's currency of one unit at a price of 1: its multiplier."""
    lot: Lot


@dataclass(frozen=True, slots=True)
class Amount:
    """Units, signed only for a target; `detail` says how they came about."""

    units: Decimal
    detail: str = ""
    money: Decimal | None = None
    """What they cost at the price that they were worked out from, where they were."""


def needs_price(command: OrderCommand) -> bool:
    """Tell whether a price of the market is needed for the size."""
    kind = _kind(command)
    if is_flat(command) or kind not in {QuantityType.CASH, *_OF_EQUITY, *_OF_RISK}:
        return False
    if own_price(command.entry) is not None:
        return False
    return kind not in _OF_RISK or _fixed_distance(command.stop_loss) is None


def needs_funds(command: OrderCommand) -> bool:
    """Tell whether the account's values are needed for the size."""
    return not is_flat(command) and _kind(command) in {*_OF_EQUITY, QuantityType.RISK_CASH}


def own_price(entry: Entry | None) -> Decimal | None:
    """Return the price that an order brings with it; None: it takes the market's."""
    name = _OWN_PRICES.get(entry.type) if entry else None
    price: Decimal | None = getattr(entry, name) if name else None
    return price


def usual_step(kind: SecurityType) -> Decimal:
    """Return the finest step of a size that is worked out."""
    return _CRYPTO_STEP if kind is SecurityType.CRYPTO else ONE


def lot_of(command: OrderCommand, terms: Terms) -> Lot:
    """Return the contract's lot; what is worked out comes in whole units but for crypto.

    TWS tells fractions of shares as the increment of many stocks, and takes none by its API
    (TWS API: error 10243).
    """
    is_plain = _kind(command) in {None, QuantityType.UNITS}
    if is_plain or command.instrument is None:
        return Lot(terms.size_increment, terms.min_size)
    usual = usual_step(command.instrument.security_type)
    return Lot(max(usual, terms.size_increment), terms.min_size)


def work_out(command: OrderCommand, basis: Basis) -> Amount | Refused | None:
    """Turn a command's size into units; None: it has none."""
    with localcontext(WIDE):
        return _work_out(command, basis)


def _work_out(command: OrderCommand, basis: Basis) -> Amount | Refused | None:
    sizing = command.sizing
    if sizing is None:
        return None
    factor = command.multiplier or ONE
    if is_flat(command):
        return Amount(ZERO)
    if sizing.type is QuantityType.UNITS:
        return _units(command, sizing.value * factor, basis)
    if sizing.value <= 0 and command.action is not Action.TARGET:
        return Refused(f"a quantity above zero is needed, it was {figure(sizing.value)}")
    if command.action is Action.EXIT and not is_held(basis.position, command.closes):
        # There is nothing to take a part of, and no part of it is too small.
        return None
    if sizing.type is QuantityType.PERCENT_OF_POSITION:
        # The account's factor is in its position already.
        return _of_position(command, sizing.value, basis)
    money = _money(sizing.type, sizing.value * factor, basis)
    if isinstance(money, Refused):
        return money
    amount, words = money
    per_unit = _risk(command, basis) if sizing.type in _OF_RISK else _cost(command, basis)
    if isinstance(per_unit, Refused):
        return per_unit
    value, at = per_unit
    if value <= 0:
        return Refused(f"no size from {words} {at}: a unit is worth nothing there")
    found = _in_lots(amount / value, f"{words} {at}", _lot(command, basis))
    if isinstance(found, Refused) or sizing.type in _OF_RISK:
        return found
    return replace(found, money=abs(amount))


def is_flat(command: OrderCommand) -> bool:
    """True for a target of zero: it is zero at every price and for every account."""
    sizing = command.sizing
    return command.action is Action.TARGET and sizing is not None and not sizing.value


def _kind(command: OrderCommand) -> QuantityType | None:
    return command.sizing.type if command.sizing else None


def _units(command: OrderCommand, wanted: Decimal, basis: Basis) -> Amount | Refused:
    lot = _lot(command, basis)
    # What an exit asks for beyond the position is cut there, and all of it may be odd.
    is_there = is_held(basis.position, command.closes)
    is_part = is_there and 0 < wanted < abs(basis.position)
    is_cut = command.action is Action.EXIT and not is_part
    is_whole = in_steps(wanted, lot.step) == wanted and abs(wanted) >= lot.least
    if not wanted or is_cut or is_whole:
        return Amount(wanted)
    return _in_lots(wanted, f"{figure(wanted)} units", lot)


def _of_position(command: OrderCommand, percent: Decimal, basis: Basis) -> Amount | Refused:
    # A target keeps the side: 50 % of a short position is a smaller short one.
    held = basis.position if command.action is Action.TARGET else abs(basis.position)
    words = f"{figure(percent)} % of a position of {figure(basis.position)}"
    if not held:
        return Refused(f"{words}: there is none")
    if command.action is Action.EXIT and percent >= _HUNDRED:
        return Amount(held, words)
    return _in_lots(held * percent / _HUNDRED, words, _lot(command, basis))


def _money(kind: QuantityType, value: Decimal, basis: Basis) -> tuple[Decimal, str] | Refused:
    """Return an amount in the contract's currency, and its words."""
    if kind is QuantityType.CASH:
        return value, f"{figure(value)} {basis.currency}"
    equity = basis.equity
    if isinstance(equity, Refused):
        return equity
    amount, words = value, f"{figure(value)} {equity.currency}"
    if kind in _OF_EQUITY:
        amount = equity.amount * value / _HUNDRED
        whole = f"{rounded(equity.amount, 2)} {equity.currency}"
        words = f"{figure(value)} % of {whole} = {rounded(amount, 2)} {equity.currency}"
        if equity.amount <= 0:
            return Refused(f"{words}: nothing to size by")
    if equity.currency == basis.currency:
        return amount, words
    if isinstance(basis.rate, Refused):
        return basis.rate
    amount = basis.rate.of(amount)
    source = f" {basis.rate.source}," if basis.rate.source else ""
    return amount, f"{words} = {rounded(amount, 2)} {basis.currency}{source}"


def _cost(command: OrderCommand, basis: Basis) -> tuple[Decimal, str] | Refused:
    price = _price(command, basis)
    if isinstance(price, Refused):
        return price
    if price.value <= 0:
        return Refused(f"no size from a price of {figure(price.value)}")
    factor = "" if basis.unit_value == ONE else f" times {figure(basis.unit_value)}"
    return price.value * basis.unit_value, f"at {figure(price.value)}{factor}{_from(price)}"


def _risk(command: OrderCommand, basis: Basis) -> tuple[Decimal, str] | Refused:
    """Return what one unit loses at the stop."""
    stop = command.stop_loss
    if stop is None:
        return Refused("a size by risk needs a stop_loss: its distance is what may be lost")
    factor = "" if basis.unit_value == ONE else f" times {figure(basis.unit_value)}"
    distance, source = _fixed_distance(stop), ""
    if distance is None:
        price = _price(command, basis)
        if isinstance(price, Refused):
            return price
        source = f" from {figure(price.value)}{_from(price)}"
        found = _distance(stop, price.value, command, basis.position)
        if isinstance(found, Refused):
            return found
        distance = found
    if distance <= 0:
        return Refused(f"the stop is {figure(distance)} away from the price: no size by risk")
    return distance * basis.unit_value, f"with the stop {figure(distance)} away{factor}{source}"


def _distance(
    stop: StopLoss, price: Decimal, command: OrderCommand, position: Decimal
) -> Decimal | Refused:
    if stop.price is not None:
        away = price - stop.price
        side = opening_side(command)
        if command.action is Action.REVERSE and position > 0:
            side = Side.SELL
        if side is Side.SELL:
            away = -away
        if away <= 0:
            where = "below" if side is not Side.SELL else "above"
            return Refused(
                f"the stop at {figure(stop.price)} is not {where} the price {figure(price)}"
            )
        return away
    percent = stop.percent or stop.trail_percent
    if percent is None:
        return Refused("a size by risk needs a stop_loss with price, percent or offset")
    return price * percent / _HUNDRED


def _fixed_distance(stop: StopLoss | None) -> Decimal | None:
    """Return the distance of a stop that needs no price to be known."""
    if stop is None or stop.price is not None or stop.percent is not None:
        return None
    return stop.offset or stop.trail_amount


def opening_side(command: OrderCommand) -> Side | None:
    """Return the side on which a command opens; None: it follows from the position."""
    match command.action:
        case Action.BUY:
            return Side.BUY
        case Action.SELL:
            return Side.SELL
        case Action.TARGET if command.sizing and command.sizing.value:
            return Side.BUY if command.sizing.value > 0 else Side.SELL
        case _:
            return None


def _price(command: OrderCommand, basis: Basis) -> Price | Refused:
    own = own_price(command.entry)
    return basis.price if own is None else Price(own)


def _from(price: Price) -> str:
    return f" ({price.source})" if price.source else ""


def in_steps(units: Decimal, step: Decimal) -> Decimal:
    """Round towards zero to whole steps; 0: any number will do."""
    return (units / step).to_integral_value(rounding=ROUND_DOWN) * step if step else units


def _lot(command: OrderCommand, basis: Basis) -> Lot:
    """Return the lot; a target of less than it keeps nothing, or all that is held would stay."""
    is_kept = command.action is not Action.TARGET or not basis.position
    return replace(basis.lot, is_kept=is_kept)


def _in_lots(units: Decimal, words: str, lot: Lot) -> Amount | Refused:
    """Round down to what the contract trades in; nothing left is a refusal with the numbers."""
    whole = in_steps(units, lot.step)
    told = f"{words} → {rounded(units)}" + (f" → {figure(whole)}" if whole != units else "")
    if units and not whole:
        told = f"{told}: less than the contract's step of {figure(lot.step)}"
    elif whole and abs(whole) < lot.least:
        told = f"{told}: less than the contract's smallest size of {figure(lot.least)}"
    else:
        return Amount(whole, told)
    return Refused(told) if lot.is_kept else Amount(ZERO, f"{told}, so nothing is kept")
