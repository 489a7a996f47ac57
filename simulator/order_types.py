"""Which order types and times in force a contract takes, in the words of its orderTypes.

As TWS tells them for stocks, options, E-mini futures and currencies; shorter where nothing is
known for certain, as for crypto currencies and metals.
"""

from typing import Final

from simulator.contracts import Contract
from simulator.orders import Terms

_LASTING: Final = ("DAY", "GTC", "GTD", "GAT", "IOC")
_PLAIN: Final = ("LMT", "MKT", "STP", "STPLMT", "WHATIF")
_TRAILING: Final = ("TRAIL", "TRAILLMT")
_TOUCHED: Final = ("LIT", "MIT")
_AUCTIONS: Final = ("LOC", "MOC", "OPG")
_USUAL: Final = (*_LASTING, *_PLAIN, *_TRAILING, *_TOUCHED, "OCA", "RTH")
_OF: Final = {
    "STK": (*_USUAL, *_AUCTIONS, "FOK", "ALGO", "AON", "HID"),
    "CFD": (*_USUAL, *_AUCTIONS, "FOK"),
    "OPT": (*_USUAL, "FOK", "AON"),
    "FOP": _USUAL,
    "FUT": (*_USUAL, "ALGO", "HID"),
    "CASH": (*_USUAL, "ALGO"),
    "CMDTY": (*_USUAL,),
    "CRYPTO": (*_LASTING, *_PLAIN),
}


def order_types(contract: Contract) -> tuple[str, ...]:
    return _OF.get(contract.sec_type, _USUAL)


def is_taken(terms: Terms, contract: Contract) -> bool:
    """Tell whether a contract takes an order of this type and time in force."""
    taken = order_types(contract)
    name = terms.order_type.replace(" LIMIT", "LMT").replace(" ", "")
    # Market-to-limit and GTX are left to the rules that know them.
    return name in (*taken, "MTL") and terms.tif in (*taken, "GTX", "")
