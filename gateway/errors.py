"""What the broker's message codes mean for us: one closed table, one line per code.

A code that is not here proves nothing: no order ever ends by it. Texts: TWS API, "Message codes".
"""

from enum import Enum, auto
from typing import Final


class Meaning(Enum):
    """What a code does to what it is about."""

    REFUSED = auto()
    """A new order is refused for good: nothing works under its id."""
    CANCELLED = auto()
    CANCEL_REFUSED = auto()
    """A cancel ended without effect; orderStatus tells what the order is."""
    DUPLICATE_ID = auto()
    """An order with this id exists: maybe ours, maybe not. Ask."""
    LINK_LOST = auto()
    """TWS has lost its own connection to IB."""
    LINK_RESTORED = auto()
    """TWS has it back: ask for all that was missed."""
    TOO_FAST = auto()
    """More than 50 messages per second: this one was dropped."""
    INFORMATION = auto()


def meaning(code: int) -> Meaning:
    """Return what a code means; unknown codes are information."""
    return CODES.get(code, (Meaning.INFORMATION, ""))[0]


def is_no_contract(code: int) -> bool:
    """True if a contract query is answered for good by this code."""
    return code in {200, VALIDATION}


def is_read_only(code: int, text: str) -> bool:
    """True if the broker lets its API read only: it refuses every order, and lists none."""
    return code == VALIDATION and "read-only" in text.lower()


CLIENT_ID_IN_USE: Final = 326
VALIDATION: Final = 321
"""A request that was not valid: an order, or the cancel of one; the code does not say which."""
READ_ONLY: Final = (
    "the broker's API is read-only: untick Read-Only API in TWS or IB Gateway, Configure → API → "
    "Settings"
)

_REFUSED: Final = {
    106: "Cannot transmit order ID",
    107: "Cannot transmit incomplete order",
    109: "Price is out of the range defined by the percentage setting",
    110: "The price does not conform to the minimum price variation",
    111: "The TIF and the order type are incompatible",
    113: "The TIF option should be set to DAY for MOC and LOC orders",
    116: "The order cannot be transmitted to a dead exchange",
    118: "VWAP orders must be routed through the VWAP exchange",
    131: "The sweep-to-fill attribute in your order is invalid",
    140: "The size value should be an integer",
    141: "The price value should be a double",
    154: "Orders cannot be transmitted for a halted security",
    160: "The size value cannot be zero",
    144: "Order size does not match total share allocation",
    145: "Error in validating entry fields",
    146: "Invalid trigger method",
    148: "A conditional order can only be a limit or market order",
    152: "Hidden order attribute may not be specified for this order",
    157: "Order can be EITHER Iceberg or Discretionary",
    163: "The price specified would violate the percentage constraint",
    200: "No security definition has been found",
    201: "Order rejected",
    203: "The security is not available or allowed for this account",
    VALIDATION: "Server error when validating an API client request",
    325: "Discretionary orders are not supported for this combination",
    328: "Trailing stop orders can be attached to limit or stop-limit orders only",
    336: "The date or time is not in the expected form",
    343: "The date, time or time zone is invalid",
    355: "Order size does not conform to market rule",
    382: "This order violates the total value constraint",
    383: "The size exceeds the size limit",
    384: "The offset exceeds the digit limit",
    387: "Unsupported order type for this exchange and security type",
    388: "Order size is smaller than the minimum requirement",
    391: "The time or time zone is invalid",
    392: "The contract has expired",
    403: "Invalid stop price",
    412: "The contract is not available for trading",
    434: "The order size cannot be zero",
    435: "You must specify an account",
    436: "You must specify an allocation",
    431: "Sizes of zero are not allowed",
    460: "No trading permissions",
    463: "You must enter a valid price",
    478: "Parameters conflict with those of the contract id",
    10006: "Missing parent order",
    10052: "Invalid time in force",
    10243: "Fractional-sized order cannot be placed via API",
    10244: "Cash quantity cannot be used for this order",
    10268: "The EtradeOnly order attribute is not supported",
    10269: "The FirmQuoteOnly order attribute is not supported",
    10270: "The NbboPriceCap order attribute is not supported",
    10289: "Cash quantity must be set for this order",
    10318: "This order does not support fractional quantities",
}

CODES: Final[dict[int, tuple[Meaning, str]]] = {
    **{code: (Meaning.REFUSED, text) for code, text in _REFUSED.items()},
    100: (Meaning.TOO_FAST, "Max rate of messages per second has been exceeded"),
    103: (Meaning.DUPLICATE_ID, "Duplicate order id"),
    # Answers to a modification: the order that was there lives on.
    104: (Meaning.INFORMATION, "Cannot modify a filled order"),
    105: (Meaning.INFORMATION, "Order being modified does not match original order"),
    102: (Meaning.INFORMATION, "Duplicate ticker id"),
    135: (Meaning.CANCEL_REFUSED, "Cannot find an order with this id"),
    136: (Meaning.CANCEL_REFUSED, "This order cannot be cancelled"),
    161: (Meaning.CANCEL_REFUSED, "Cancel attempted when the order is not in a cancellable state"),
    202: (Meaning.CANCELLED, "Order cancelled"),
    322: (Meaning.INFORMATION, "Duplicate request id"),
    399: (Meaning.INFORMATION, "Order message: held until the market opens"),
    404: (Meaning.INFORMATION, "Order held while shares to short are located"),
    481: (Meaning.INFORMATION, "Order size was reduced"),
    1100: (Meaning.LINK_LOST, "Connectivity between IB and TWS has been lost"),
    1101: (Meaning.LINK_RESTORED, "Connectivity restored, data lost"),
    1102: (Meaning.LINK_RESTORED, "Connectivity restored, data maintained"),
    2110: (Meaning.LINK_LOST, "Connectivity between TWS and server is broken"),
    10147: (Meaning.CANCEL_REFUSED, "Order id that needs to be cancelled is not found"),
    10148: (Meaning.CANCEL_REFUSED, "Order id cannot be cancelled, state"),
    10349: (Meaning.INFORMATION, "TIF was set by an order preset"),
}
