"""Alerts with protective orders, and the placeOrder frames of their families: data alone."""

from typing import Final

from tests.end_to_end.foreign_frames import BUY, FOUR, KEPT, LIMIT, Case, buys, leg, sells

FAMILIES: Final = (
    Case(
        "bracket",
        (
            {
                **LIMIT,
                "outside_rth": True,
                "take_profit": {"price": "95.5"},
                "stop_loss": {"price": 88},
            },
        ),
        (
            buys(**KEPT, outsideRth="1"),
            sells(**leg("a", orderType="LMT", lmtPrice="95.5", outsideRth="1")),
            sells(**leg("b", orderType="STP", auxPrice="88", outsideRth="1", transmit="1")),
        ),
    ),
    Case(
        "bracket at the market, by percent of the ask",
        ({**BUY, "take_profit": {"percent": 2}, "stop_loss": {"percent": "1"}},),
        (
            buys(orderType="MKT", transmit="0"),
            # 100.5 and 2 % is 102.51, less 1 % is 99.495: never more risk than asked.
            sells(**leg("a", orderType="LMT", lmtPrice="102.51")),
            sells(**leg("b", orderType="STP", auxPrice="99.5", transmit="1")),
        ),
    ),
    Case(
        "bracket in two parts, its stops to break even",
        (
            {
                **LIMIT,
                "take_profit": [{"offset": 2, "portion_percent": 30}, {"offset": "5"}],
                "stop_loss": {
                    "offset": 3,
                    "break_even_trigger": "1.5",
                    "break_even_offset": "0.25",
                },
            },
        ),
        (
            buys(**KEPT),
            sells("3", **leg("a", orderType="LMT", lmtPrice="92.25")),
            sells("7", **leg("c", 2, orderType="LMT", lmtPrice="95.25")),
            *(
                sells(
                    quantity,
                    **leg(
                        letter,
                        part,
                        orderType="STP",
                        auxPrice="87.25",
                        adjustedOrderType="STP",
                        triggerPrice="91.75",
                        adjustedStopPrice="90.5",
                        transmit=transmit,
                    ),
                )
                for quantity, letter, part, transmit in (("3", "b", 1, "0"), ("7", "d", 2, "1"))
            ),
        ),
    ),
    Case(
        "bracket of a short position with a stop-limit",
        (
            {
                "action": "sell",
                "quantity": 6,
                "order_type": "limit",
                "limit_price": 110,
                "time_in_force": "gtc",
                "take_profit": {"percent": 10},
                "stop_loss": {"price": 115, "limit_price": "115.5"},
            },
        ),
        (
            sells("6", orderType="LMT", lmtPrice="110", tif="GTC", transmit="0"),
            buys("6", **leg("a", orderType="LMT", lmtPrice="99")),
            buys(
                "6",
                **leg("b", orderType="STP LMT", auxPrice="115", lmtPrice="115.5", transmit="1"),
            ),
        ),
    ),
    Case(
        "entry with a trailing stop alone",
        ({**LIMIT, "stop_loss": {"trail_percent": "1.5"}},),
        (
            buys(**KEPT),
            sells(**leg("a", orderType="TRAIL", trailingPercent="1.5", transmit="1")),
        ),
    ),
    Case(
        "stop that trails after a profit",
        ({**LIMIT, "stop_loss": {"price": 88, "trail_trigger": 2, "trail_amount": "0.75"}},),
        (
            buys(**KEPT),
            sells(
                **leg(
                    "a",
                    orderType="STP",
                    auxPrice="88",
                    adjustedOrderType="TRAIL",
                    triggerPrice="92.25",
                    adjustedStopPrice="91.5",
                    adjustedTrailingAmount="0.75",
                    transmit="1",
                )
            ),
        ),
    ),
    Case(
        "OCA: one of two prices ends what is held",
        (
            FOUR,
            {"action": "exit", "take_profit": {"price": 120}, "stop_loss": {"price": "90.5"}},
        ),
        (
            sells("4", **leg("a", parentId="0", orderType="LMT", lmtPrice="120", transmit="1")),
            sells("4", **leg("b", parentId="0", orderType="STP", auxPrice="90.5", transmit="1")),
        ),
    ),
    Case(
        "modify moves what works",
        (
            {**LIMIT, "take_profit": {"price": "95.5"}, "stop_loss": {"price": 88}},
            {"action": "modify", "take_profit": {"price": 96}, "stop_loss": {"price": "89.25"}},
        ),
        (
            sells(**leg("b", orderType="STP", auxPrice="89.25", transmit="1")),
            sells(**leg("a", orderType="LMT", lmtPrice="96", transmit="1")),
        ),
        amends=True,
    ),
)
