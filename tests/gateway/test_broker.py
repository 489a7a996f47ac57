"""What of the broker module needs no broker."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from alertwire.clock import SystemClock
from alertwire.settings import Settings
from gateway.broker import Connection, Refused, RequestError, library
from gateway.complaints import listen_to_library
from gateway.messages import MessageDropped


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
    connection = Connection(Settings(), SystemClock(), lambda _: None, lambda: None)

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
