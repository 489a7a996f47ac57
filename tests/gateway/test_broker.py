"""What of the broker module needs no broker."""

import logging

import pytest

from gateway.broker import library, listen_to_library
from gateway.messages import MessageDropped


@pytest.fixture
def heard():
    logger = logging.getLogger(library.__name__)
    before = (logger.handlers[:], logger.propagate, logger.level)
    messages = []
    listen_to_library(messages.append)
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
