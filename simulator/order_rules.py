"""Whether an order may be: each rule is a function from values to a refusal or None.

Codes and the drift of their texts follow TWS API, "Message codes".
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.contracts import Contract
from simulator.market import is_on_tick
from simulator.matching import BECOMES_LIMIT, LIMIT_TYPES, ORDER_TYPES, TRAILING_TYPES
from simulator.order_types import is_taken
from simulator.orders import Order, Status, Terms

CASH_PLACES_MAX = 2
TIMES_IN_FORCE = frozenset({"DAY", "GTC", "IOC", "FOK", "OPG", "GTD", "GTX"})
_ON_CLOSE = frozenset({"MOC", "LOC"})
_NEEDS_STOP = frozenset({"STP", "STP LMT", "MIT", "LIT"})
_UNTRADED = frozenset({"IND", "CONTFUT", "BAG"})


@dataclass(frozen=True, slots=True)
class Refusal:
    code: int
    text: str
    # A rejection by the exchange leaves an Inactive order behind; the others leave nothing.
    is_rejection: bool = False


def check_new(terms: Terms, contract: Contract, accounts: tuple[str, ...]) -> Refusal | None:
    """First reason why a new order cannot be accepted."""
    return (
        _check_account(terms, accounts)
        or _check_words(terms, contract)
        or _check_crypto(terms, contract)
        or _check_quantity(terms, contract)
        or _check_prices(terms, contract)
        or _check_times(terms)
    )


def check_change(order: Order, terms: Terms, contract: Contract) -> Refusal | None:
    """First reason why a live order cannot be changed into these terms."""
    before = order.terms
    if (
        contract.con_id != order.contract.con_id
        or terms.action != before.action
        or (terms.account and terms.account != before.account)
        or terms.order_ref != before.order_ref
        or terms.tif not in (before.tif, "DAY", "GTC")
    ):
        return Refusal(105, "Order being modified does not match original order")
    if before.cash_quantity is not None or terms.cash_quantity is not None:
        return Refusal(
            10241,
            "Order Quantity is expressed in monetary terms. Modification is not supported via API. "
            "Please use desktop version to revise this order.",
        )
    if terms.quantity < order.filled:
        return Refusal(201, "Order rejected - reason:quantity below what is already filled")
    return (
        _check_words(terms, contract)
        or _check_quantity(terms, contract)
        or _check_prices(terms, contract)
        or _check_times(terms)
    )


def check_reuse(order: Order, terms: Terms, contract: Contract) -> Refusal:
    """Tell a client that its id belongs to a finished order.

    The same order with changed terms, sent after its fill, is a late modification; anything else
    under a used id is a duplicate.
    """
    is_same = (
        contract.con_id == order.contract.con_id
        and terms.action == order.terms.action
        and terms.order_ref == order.terms.order_ref
        and terms != order.terms
    )
    if order.status is Status.FILLED and is_same:
        return Refusal(104, "Cannot modify a filled order.")
    return Refusal(103, "Duplicate order id")


def check_margin(margin: Decimal, net_liquidation: Decimal) -> Refusal | None:
    """Each order alone must be affordable; positions held do not count against it."""
    if margin <= net_liquidation:
        return None
    return Refusal(
        201,
        "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
        f"POSITION YOUR EQUITY WITH LOAN VALUE [{net_liquidation:.2f} USD] MUST EXCEED THE "
        f"INITIAL MARGIN [{margin:.2f} USD]",
        is_rejection=True,
    )


def check_short(terms: Terms, contract: Contract, held: Decimal) -> Refusal | None:
    """Take no sale of crypto beyond what is held: IB lends none. What is attached waits for more.

    The words are the simulator's own; the code is that of every rejection.
    """
    is_sale = contract.sec_type == "CRYPTO" and not terms.is_buy and not terms.parent_id
    if not is_sale or terms.quantity <= max(held, Decimal(0)):
        return None
    return Refusal(
        201, "Order rejected - reason:Cryptocurrency cannot be sold short", is_rejection=True
    )


def _check_account(terms: Terms, accounts: tuple[str, ...]) -> Refusal | None:
    if terms.account in accounts:
        return None
    if terms.account:
        return Refusal(
            321, "Error validating request.-'bW' : cause - Invalid account code " + terms.account
        )
    return Refusal(435, "You must specify an account.")


def _check_words(terms: Terms, contract: Contract) -> Refusal | None:
    if terms.action not in ("BUY", "SELL"):
        return Refusal(321, "Error validating request.-'bW' : cause - Invalid side")
    if contract.sec_type in _UNTRADED:
        return Refusal(201, "Order rejected - reason:No trading permissions for this product", True)
    if terms.tif not in TIMES_IN_FORCE:
        return Refusal(321, "Error validating request.-'bW' : cause - Invalid time in force")
    if terms.order_type not in ORDER_TYPES or not is_taken(terms, contract):
        return Refusal(387, "Unsupported order type for this exchange and security type.")
    if terms.tif == "OPG" and terms.order_type not in ("MKT", "LMT"):
        return Refusal(
            201, "Order rejected - reason:Time in force OPG needs a market or limit order", True
        )
    if terms.order_type in _ON_CLOSE and terms.tif not in ("DAY", "GTC"):
        return Refusal(
            201, f"Order rejected - reason:{terms.order_type} cannot be {terms.tif}", True
        )
    if terms.condition_count:
        return Refusal(
            321,
            "Error validating request.-'bW' : cause - Order conditions are not simulated",
        )
    return _check_adjustment(terms)


def _check_adjustment(terms: Terms) -> Refusal | None:
    """TWS API: "Adjustable stops"; of all of them a stop that becomes a stop or a trailing one."""
    if not terms.adjusted_order_type:
        return None
    what = ""
    if terms.order_type != "STP" or terms.adjusted_order_type not in {"STP", "TRAIL"}:
        what = f"{terms.order_type} adjusted to {terms.adjusted_order_type} is not simulated"
    elif terms.trigger_price is None or terms.adjusted_stop_price is None:
        what = "Trigger price and adjusted stop price are needed"
    elif terms.adjusted_order_type == "TRAIL" and not terms.adjusted_trailing_amount:
        what = "The adjusted trailing amount is missing"
    return Refusal(321, f"Error validating request.-'bW' : cause - {what}") if what else None


def _check_crypto(terms: Terms, contract: Contract) -> Refusal | None:
    """Hold market orders of crypto to IB's rules: at once or not at all, and bought for cash.

    As accounts of orders at a real TWS have them: 10052 and 201 for other times in force, 10289
    without cash, 10293 with both.
    """
    if contract.sec_type != "CRYPTO" or terms.order_type != "MKT":
        return None
    if terms.tif != "IOC":
        if terms.tif == "DAY":
            return Refusal(10052, "Invalid time in force:DAY")
        return Refusal(201, "Order rejected - reason:The crypto MKT order must be IOC", True)
    if not terms.is_buy:
        return None
    if terms.cash_quantity is None:
        return Refusal(10289, "You must set Cash Quantity for this order")
    if terms.quantity:
        return Refusal(10293, "Cryptocurrency Cash Quantity order cannot specify size")
    return None


def _takes_cash(terms: Terms, contract: Contract) -> bool:
    if contract.sec_type == "CRYPTO":
        return terms.order_type == "MKT" and terms.is_buy
    return contract.sec_type == "CASH"


def _check_quantity(terms: Terms, contract: Contract) -> Refusal | None:
    if terms.cash_quantity is not None:
        if not _takes_cash(terms, contract):
            return Refusal(10244, "Cash Quantity cannot be used for this order")
        exponent = terms.cash_quantity.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > CASH_PLACES_MAX:
            return Refusal(10206, "Non-zero cash quantity cannot contain more than 2 decimals.")
        if terms.quantity == 0:
            return None
    if terms.quantity <= 0:
        return Refusal(434, "The order size cannot be zero")
    if contract.sec_type == "STK":
        if terms.quantity % 1:
            return Refusal(10243, "Fractional-sized order cannot be placed via API")
    elif terms.quantity % contract.size_increment:
        return Refusal(
            388,
            f"Order size {terms.quantity} does not conform to the size increment "
            f"{contract.size_increment}",
        )
    return None


def _check_prices(terms: Terms, contract: Contract) -> Refusal | None:
    order_type = terms.order_type
    limit_typed = order_type in LIMIT_TYPES or order_type in BECOMES_LIMIT
    if limit_typed and order_type != "TRAIL LIMIT" and terms.limit_price is None:
        return Refusal(321, "Error validating request.-'bW' : cause - The limit price is missing")
    if order_type in _NEEDS_STOP and not terms.aux_price:
        return Refusal(321, "Error validating request.-'bW' : cause - The stop price is missing")
    if order_type in TRAILING_TYPES and not (terms.aux_price or terms.trailing_percent):
        return Refusal(
            321,
            "Error validating request.-'bW' : cause - Trailing amount or percent is missing",
        )
    prices = [terms.trail_stop_price, terms.limit_price_offset]
    if limit_typed:
        prices.append(terms.limit_price)
    if order_type in _NEEDS_STOP or order_type in TRAILING_TYPES:
        prices.append(terms.aux_price)
    if any(price is not None and not is_on_tick(price, contract.min_tick) for price in prices):
        return Refusal(
            110, "The price does not conform to the minimum price variation for this contract."
        )
    # A trailing limit read back from TWS carries 0.0 where its offset says all.
    is_plain_limit = limit_typed and order_type != "TRAIL LIMIT"
    if is_plain_limit and terms.limit_price is not None and terms.limit_price <= 0:
        return Refusal(201, "Order rejected - reason:The price is not positive", True)
    return None


def _check_times(terms: Terms) -> Refusal | None:
    if terms.tif == "GTD" and parse_time(terms.good_till_date) is None:
        return Refusal(321, "Error validating request.-'bW' : cause - Invalid good till date")
    if terms.good_after_time and parse_time(terms.good_after_time) is None:
        return Refusal(321, "Error validating request.-'bW' : cause - Invalid good after time")
    return None


def parse_time(text: str) -> datetime | None:
    """Read the times of goodTillDate and goodAfterTime.

    TWS API: `YYYYMMDD`, `YYYYMMDD HH:MM:SS zone` or `YYYYMMDD-HH:MM:SS` in UTC; without a zone
    the time is the TWS's own, which is US/Eastern here.
    """
    eastern = ZoneInfo("America/New_York")
    day, _, rest = text.strip().replace("-", " UTC ", 1).partition(" ")
    words = rest.split()
    zone: ZoneInfo = eastern
    if words[:1] == ["UTC"]:
        zone, words = ZoneInfo("UTC"), words[1:]
    elif len(words) > 1:
        try:
            zone = ZoneInfo(words[1])
        except (ZoneInfoNotFoundError, ValueError):
            return None
    clock = words[0] if words else "23:59:59"
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    try:
        moment = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    return moment.replace(tzinfo=zone).astimezone(UTC)
