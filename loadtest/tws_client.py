"""A TWS client with nothing in it: one socket, placeOrder out, orderStatus in.

The floor of the gateway. TWS API: a message is a 4-byte big-endian length and fields that each end
in NUL; this client speaks version 176, the newest that ib_insync does.
"""

import socket
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

_VERSION: Final = b"v176..176"
_TIMEOUT_S: Final = 10.0
_START_API: Final = "71"
_PLACE_ORDER: Final = "3"
_NEXT_VALID_ID: Final = "9"
_ORDER_STATUS: Final = "3"
_ERROR: Final = "4"
_FARM_NOTICES: Final = range(2100, 2200)

# TWS API: the fields of placeOrder behind `transmit`, for a plain stock order at version 176.
_AFTER_TRANSMIT: Final = (
    # parentId, blockOrder, sweepToFill, displaySize, triggerMethod, outsideRth, hidden
    *("0", "0", "0", "0", "0", "0", "0"),
    # sharesAllocation, discretionaryAmt, goodAfterTime, goodTillDate
    *("", "0.0", "", ""),
    # faGroup, faMethod, faPercentage, faProfile, modelCode
    *("", "", "", "", ""),
    # shortSaleSlot, designatedLocation, exemptCode, ocaType, rule80A, settlingFirm, allOrNone
    *("0", "", "-1", "0", "", "", "0"),
    # minQty, percentOffset, eTradeOnly, firmQuoteOnly, nbboPriceCap, auctionStrategy
    *("", "", "0", "0", "", "0"),
    # startingPrice, stockRefPrice, delta, stockRangeLower, stockRangeUpper
    *("", "", "", "", ""),
    # overridePercentageConstraints, volatility, volatilityType, deltaNeutralOrderType, …AuxPrice
    *("0", "", "", "", ""),
    # continuousUpdate, referencePriceType, trailStopPrice, trailingPercent
    *("0", "", "", ""),
    # scaleInitLevelSize, scaleSubsLevelSize, scalePriceIncrement, scaleTable
    *("", "", "", ""),
    # activeStartTime, activeStopTime, hedgeType, optOutSmartRouting
    *("", "", "", "0"),
    # clearingAccount, clearingIntent, notHeld, deltaNeutralContract, algoStrategy, algoId
    *("", "", "0", "0", "", ""),
    # whatIf, orderMiscOptions, solicited, randomizeSize, randomizePrice, conditions
    *("0", "", "0", "0", "0", "0"),
    # adjustedOrderType, triggerPrice, lmtPriceOffset, adjustedStopPrice, …StopLimitPrice,
    # …TrailingAmount, adjustableTrailingUnit
    *("", "", "", "", "", "", "0"),
    # extOperator, softDollarTier name and value, cashQty, four of mifid2
    *("", "", "", "", "", "", "", ""),
    # dontUseAutoPriceForHedge, isOmsContainer, discretionaryUpToLimitPrice, usePriceMgmtAlgo
    *("0", "0", "0", ""),
    # duration, postToAts, autoCancelParent, advancedErrorOverride, manualOrderTime
    *("", "", "0", "", ""),
)


class TwsRefused(Exception):  # noqa: N818 - says what happened
    """The broker answered with an error."""


class TwsClient:
    """A connection that is ready to place orders."""

    def __init__(self, port: int, client_id: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self._socket.sendall(b"API\0" + struct.pack(">I", len(_VERSION)) + _VERSION)
        next(self._messages())
        self._send(_START_API, "2", str(client_id), "")
        fields = self._wait_for(_NEXT_VALID_ID)
        self.next_order_id = int(fields[2])

    def place(self, symbol: str, order_ref: str, account: str = "") -> int:
        """Send a market order for one share; return its order id."""
        order_id = self.next_order_id
        self.next_order_id += 1
        contract = ("0", symbol, "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
        terms = ("", "", "BUY", "1", "MKT", "", "", "DAY", "", account, "", "0", order_ref, "1")
        self._send(_PLACE_ORDER, str(order_id), *contract, *terms, *_AFTER_TRANSMIT)
        return order_id

    def wait_for_status(self, order_id: int) -> str:
        """Return the first status of an order. Raises TwsRefused."""
        return self._wait_for(_ORDER_STATUS, str(order_id))[2]

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wait_for(self, kind: str, second: str | None = None) -> list[str]:
        for fields in self._messages():
            if fields[0] == _ERROR and int(fields[3]) not in _FARM_NOTICES:
                raise TwsRefused(f"error {fields[3]}: {fields[4]}")
            if fields[0] == kind and second in {None, fields[1]}:
                return fields
        raise TwsRefused("the broker closed the connection")

    def _send(self, *fields: str) -> None:
        payload = ("\0".join(fields) + "\0").encode()
        self._socket.sendall(struct.pack(">I", len(payload)) + payload)

    def _messages(self) -> Iterator[list[str]]:
        """Yield messages as they come; what is left over stays for the next call."""
        while True:
            while len(self._received) >= 4:
                end = 4 + struct.unpack_from(">I", self._received)[0]
                if len(self._received) < end:
                    break
                text = self._received[4:end].decode(errors="replace")
                del self._received[:end]
                yield text.split("\0")[:-1]
            data = self._socket.recv(65536)
            if not data:
                return
            self._received += data
