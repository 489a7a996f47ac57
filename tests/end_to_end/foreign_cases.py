"""Alerts, and the placeOrder frames that a TWS receives for the last of each: data alone."""

from typing import Final

from tests.end_to_end.foreign_families import FAMILIES
from tests.end_to_end.foreign_frames import BUY, FOUR, KEPT, LIMIT, Case, buys, leg, sells

PLAIN: Final = (
    Case("market", (BUY,), (buys(orderType="MKT"),)),
    Case(
        "limit till a time, outside regular hours",
        (
            {
                **LIMIT,
                "time_in_force": "gtd",
                "good_till": "2030-12-01T16:30:00Z",
                "outside_rth": True,
            },
        ),
        (
            buys(
                orderType="LMT",
                lmtPrice="90.25",
                tif="GTD",
                goodTillDate="20301201-16:30:00",
                outsideRth="1",
            ),
        ),
    ),
    Case(
        "stop, good till cancelled",
        (
            {
                "action": "sell",
                "quantity": "3",
                "order_type": "stop",
                "stop_price": "80.5",
                "time_in_force": "gtc",
            },
        ),
        (sells("3", orderType="STP", auxPrice="80.5", tif="GTC"),),
    ),
    Case(
        "stop-limit, not before a time",
        (
            {
                **BUY,
                "order_type": "stop_limit",
                "stop_price": 110,
                "limit_price": "110.5",
                "good_after": "2030-12-01T16:30:00+01:00",
            },
        ),
        (
            buys(
                orderType="STP LMT",
                auxPrice="110",
                lmtPrice="110.5",
                goodAfterTime="20301201-15:30:00",
            ),
        ),
    ),
    Case(
        "trailing by an amount",
        ({"action": "sell", "quantity": 2, "order_type": "trailing_stop", "trail_amount": "1.5"},),
        (sells("2", orderType="TRAIL", auxPrice="1.5"),),
    ),
    Case(
        "trailing by percent from a stop",
        ({**BUY, "order_type": "trailing_stop", "trail_percent": "2.5", "stop_price": 104},),
        (buys(orderType="TRAIL", trailingPercent="2.5", trailStopPrice="104"),),
    ),
    Case(
        "trailing with a limit",
        (
            {
                "action": "sell",
                "quantity": 2,
                "order_type": "trailing_stop_limit",
                "trail_amount": "1.5",
                "stop_price": "95",
                "limit_price": "94.25",
            },
        ),
        (
            sells(
                "2",
                orderType="TRAIL LIMIT",
                auxPrice="1.5",
                trailStopPrice="95",
                lmtPriceOffset="0.75",
            ),
        ),
    ),
    Case(
        "in the opening auction",
        ({**LIMIT, "order_type": "limit_on_open"},),
        (buys(orderType="LMT", lmtPrice="90.25", tif="OPG"),),
    ),
    Case(
        "in the closing auction",
        ({**BUY, "order_type": "market_on_close"},),
        (buys(orderType="MOC"),),
    ),
    Case(
        "limit if touched",
        (
            {
                **BUY,
                "order_type": "limit_if_touched",
                "stop_price": 90,
                "limit_price": "90.5",
            },
        ),
        (buys(orderType="LIT", auxPrice="90", lmtPrice="90.5"),),
    ),
)

VERBS: Final = (
    Case("exit", (FOUR, {"action": "exit"}), (sells("4", orderType="MKT"),)),
    Case(
        "exit of a part",
        (FOUR, {"action": "exit", "quantity": 3}),
        (sells("3", orderType="MKT"),),
    ),
    Case("reverse", (FOUR, {"action": "reverse"}), (sells("8", orderType="MKT"),)),
    Case(
        "reverse of a short position to 3",
        ({"action": "sell", "quantity": 5}, {"action": "reverse", "quantity": 3}),
        (buys("8", orderType="MKT"),),
    ),
    Case(
        "reverse cancels what rests",
        (FOUR, LIMIT, {"action": "reverse"}),
        (sells("8", orderType="MKT"),),
        cancels=1,
    ),
    Case(
        "flatten cancels what rests and what protects",
        (
            {**FOUR, "take_profit": {"price": 120}, "stop_loss": {"price": 90}},
            LIMIT,
            {"action": "flatten"},
        ),
        (sells("4", orderType="MKT"),),
        cancels=3,
    ),
    Case("target", ({"action": "target", "quantity": 12},), (buys("12", orderType="MKT"),)),
    Case(
        "target on the other side",
        (FOUR, {"action": "target", "quantity": -3}),
        (sells("7", orderType="MKT"),),
    ),
    Case("target that is there", (FOUR, {"action": "target", "quantity": 4}), ()),
    Case(
        "target at a limit in place of another",
        (
            {"action": "target", "quantity": 5, "order_type": "limit", "limit_price": 90},
            {"action": "target", "quantity": 5, "order_type": "limit", "limit_price": 91},
        ),
        (buys("5", orderType="LMT", lmtPrice="91"),),
        cancels=1,
    ),
    Case("cancel", (LIMIT, {"action": "cancel"}), (), cancels=1),
)

SIZES: Final = (
    Case(
        "percent of equity",
        # 1.5 % of 100,000 at the ask of 100.5: 14.9.
        ({"action": "buy", "quantity": "1.5", "quantity_type": "percent_of_equity"},),
        (buys("14", orderType="MKT"),),
    ),
    Case(
        "percent of equity, short at the bid",
        ({"action": "sell", "quantity": "1.0039", "quantity_type": "percent_of_equity"},),
        # 1,003.9 at 100.4 is 9.999, at 100.3 it would be 10.
        (sells("9", orderType="MKT"),),
    ),
    Case(
        "target in percent of equity",
        (FOUR, {"action": "target", "quantity": -1, "quantity_type": "percent_of_equity"}),
        # -1,000 at the bid of 100.4: -9.
        (sells("13", orderType="MKT"),),
    ),
    Case(
        "cash at a limit",
        ({**LIMIT, "quantity": 1000, "quantity_type": "cash"},),
        (buys("11", orderType="LMT", lmtPrice="90.25"),),
    ),
    Case(
        "percent of a position",
        (
            {"action": "buy", "quantity": 9},
            {"action": "exit", "quantity": 50, "quantity_type": "percent_of_position"},
        ),
        (sells("4", orderType="MKT"),),
    ),
    Case(
        "risk in percent, with its stop",
        (
            {
                **LIMIT,
                "quantity": "0.1",
                "quantity_type": "risk_percent",
                "stop_loss": {"offset": 3},
            },
        ),
        (
            # 100 USD at 3 a share.
            buys("33", **KEPT),
            sells("33", **leg("a", orderType="STP", auxPrice="87.25", transmit="1")),
        ),
    ),
)

CRYPTO: Final = (
    Case(
        "crypto bought in units goes out as what they cost",
        ({"action": "buy", "quantity": "0.25"},),
        # At the ask of 100.5: 25.125, and no part of a cent.
        (buys("0", orderType="MKT", tif="IOC", cashQty="25.12"),),
        symbol="COINBASE:BTCUSD",
        contract=("BTC", "CRYPTO"),
    ),
    Case(
        "crypto bought for cash",
        ({"action": "buy", "quantity": "1000.5", "quantity_type": "cash"},),
        (buys("0", orderType="MKT", tif="IOC", cashQty="1000.5"),),
        symbol="COINBASE:ETHUSD",
        contract=("ETH", "CRYPTO"),
    ),
    Case(
        "crypto is sold in units, all that the cash has bought",
        ({"action": "buy", "quantity": "1"}, {"action": "exit"}),
        (sells("1", orderType="MKT", tif="IOC"),),
        symbol="COINBASE:LTCUSD",
        contract=("LTC", "CRYPTO"),
    ),
    Case(
        "crypto at a limit in units",
        ({**LIMIT, "quantity": "0.5", "time_in_force": "ioc"},),
        (buys("0.5", orderType="LMT", lmtPrice="90.25", tif="IOC"),),
        symbol="COINBASE:SOLUSD",
        contract=("SOL", "CRYPTO"),
    ),
)

CASES: Final = (*PLAIN, *FAMILIES, *VERBS, *SIZES, *CRYPTO)
