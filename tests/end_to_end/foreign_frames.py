"""How the frames that a foreign TWS is to receive are written down.

Frames name what is not usual (`USUAL`); `main` stands for the entry's order id, and `{ref}` for the
orderRef of the alert's first order.
"""

from dataclasses import dataclass
from typing import Any, Final

Body = dict[str, Any]
Frame = dict[str, str]

USUAL: Final[Frame] = {
    "orderRef": "{ref}",
    "account": "DU1234567",
    "tif": "DAY",
    "transmit": "1",
    "parentId": "0",
    "ocaGroup": "",
    "ocaType": "0",
    "lmtPrice": "",
    "auxPrice": "",
    "trailStopPrice": "",
    "trailingPercent": "",
    "lmtPriceOffset": "",
    "outsideRth": "0",
    "goodTillDate": "",
    "goodAfterTime": "",
    "adjustedOrderType": "",
    "triggerPrice": "",
    "adjustedStopPrice": "",
    "adjustedTrailingAmount": "",
    "adjustableTrailingUnit": "0",
    "cashQty": "",
}


@dataclass(frozen=True, slots=True)
class Case:
    """Alerts of one strategy in one symbol, sent in this order."""

    name: str
    alerts: tuple[Body, ...]
    frames: tuple[Frame, ...]
    amends: bool = False
    """The frames are changes of what the alert before placed."""
    cancels: int = 0
    """Orders of the alerts before that the last one cancels."""
    symbol: str = ""
    """Where it is no stock."""
    contract: tuple[str, str] = ("", "STK")
    """Symbol and type as TWS has them."""


def buys(quantity: str = "10", **fields: str) -> Frame:
    return {"action": "BUY", "totalQuantity": quantity, **fields}


def sells(quantity: str = "10", **fields: str) -> Frame:
    return {"action": "SELL", "totalQuantity": quantity, **fields}


def leg(letter: str, part: int = 1, **fields: str) -> Frame:
    """What protects: of the entry's family, in the group of its part, good till cancelled."""
    return {
        "orderRef": "{ref}" + letter,
        "parentId": "main",
        "ocaGroup": f"{{ref}}/{part}",
        "ocaType": "2",
        "tif": "GTC",
        "transmit": "0",
        **fields,
    }


BUY: Final[Body] = {"action": "buy", "quantity": 10}
LIMIT: Final[Body] = {**BUY, "order_type": "limit", "limit_price": "90.25"}
KEPT: Final = {"orderType": "LMT", "lmtPrice": "90.25", "transmit": "0"}
FOUR: Final[Body] = {"action": "buy", "quantity": 4}
