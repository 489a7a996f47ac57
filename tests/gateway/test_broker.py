"""What of the broker module needs no broker."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from alertwire.clock import SystemClock
from alertwire.settings import Settings
from gateway.broker import Connection, Refused, RequestError, library
from gateway.complaints import listen_to_library
from gateway.messages import Inquired, MessageDropped


@pytest.fixture
def heard():
    logger = logging.getLogger(library.__name__)
    before = (logger.handlers[:], logger.propagate, logger.level)
    messages = []
    listen_to_library(library.__name__, messages.append)
    yield messages
    logger.handlers[:], logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


def test_a_message_that_the_library_cannot_read_is_told_to_the_desk(heard):
    logging.getLogger("ib_insync.Decoder").error("Error handling fields: 11")

    assert heard == [MessageDropped(detail="Error handling fields: 11")]


def test_the_librarys_own_complaints_are_not_repeated(heard):
    logging.getLogger("ib_insync.wrapper").error("Error 201, reqId 3: Order rejected")
    logging.getLogger("ib_insync.client").error("Peer closed connection")

    assert heard == []
    assert logging.getLogger("ib_insync").propagate is False


async def listing_fails_with(error):
    connection = Connection(Settings(), SystemClock(), lambda _: None, lambda: None, lambda: None)

    async def fail(*_):
        raise error

    async def answer(*_):
        return None

    connection._ib = SimpleNamespace(
        reqOpenOrdersAsync=answer, reqCompletedOrdersAsync=answer, reqExecutionsAsync=fail
    )
    await connection._list(1)


def test_a_list_that_is_answered_with_an_error_ends_the_connection_and_not_the_process():
    with pytest.raises(Refused, match=r"no permission.*321"):
        asyncio.run(listing_fails_with(RequestError(7, 321, "no permission")))


async def inquired_positions(*snapshots):
    """Inquire once per snapshot of what is held; return the positions that each told."""
    heard = []
    connection = Connection(Settings(), SystemClock(), heard.append, lambda: None, lambda: None)
    ears, left = connection._ears, list(snapshots)

    async def open_orders():
        ears.openOrderEnd()

    async def completed_orders(_):
        ears.completedOrdersEnd()

    async def executions():
        ears.ended.add("executions")

    async def positions():
        for symbol in left.pop(0):
            ears.position("DU1234567", library.Stock(symbol, conId=ord(symbol)), 10, 1.0)
        ears.positionEnd()

    connection._ib = SimpleNamespace(
        reqOpenOrdersAsync=open_orders,
        reqCompletedOrdersAsync=completed_orders,
        reqExecutionsAsync=executions,
        reqPositionsAsync=positions,
    )
    for _ in snapshots:
        await connection.inquire()
    inquired = [message for message in heard if isinstance(message, Inquired)]
    return ["".join(update.contract.symbol for update in one.positions) for one in inquired]


def test_a_position_that_is_not_listed_any_more_is_not_told_again():
    assert asyncio.run(inquired_positions("AB", "B")) == ["AB", "B"]
