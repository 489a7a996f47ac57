"""Every verb, size and bracket of docs/orders.md, received by the simulator."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import MARKET, command, limit
from tests.gateway.conftest import SETTINGS
from tests.gateway.plays import Play, scenes
from tests.gateway.processes import Executor, until
from tests.gateway.test_matrix import MARKETABLE, asked
from tests.simulator.processes import started_simulator

D = Decimal
CELLS = {
    f"{scene.id} {head}": play
    for table in scenes().values()
    for scene in table
    for head, play in scene.cells.items()
    if not play.is_never
}
TEXTS = {"action", "orderType", "tif", "adjustedOrderType"}
UNSET = [
    "cashQuantity",
    "limitPrice",
    "auxPrice",
    "trailStopPrice",
    "trailingPercent",
    "limitPriceOffset",
    "adjustedOrderType",
    "triggerPrice",
    "adjustedStopPrice",
    "adjustedTrailingAmount",
]


def account_of(name: str) -> str:
    """One account for all assets of a row and column: no two cells share a position."""
    return f"DU7{name[4:6]}{name.partition(' ')[2].encode().hex()[:4]}"


def before(name: str, play: Play):
    """The position and the resting limit that a play begins with."""
    shared = {"account": account_of(name), "strategy": name, "instrument": play.asset.instrument}
    held, rests = [], []
    if play.held:
        side = Action.BUY if play.held > 0 else Action.SELL
        entry = MARKETABLE.get(play.asset.instrument.security_type, MARKET)
        entry = entry if play.held > 0 else MARKET
        held.append(command(side, abs(play.held), key=f"{name} held", entry=entry, **shared))
    if play.rests:
        entry = limit(play.asset.low[1])
        one = command(Action.BUY, play.asset.quantity, key=f"{name} rests", entry=entry, **shared)
        rests.append(one)
    return held, rests


@pytest.fixture(scope="module")
def simulator():
    accounts = sorted({account_of(name) for name in CELLS})
    with started_simulator(*SETTINGS, ",".join(accounts)) as started:
        yield started


@pytest.fixture(scope="module")
def received(simulator, gateway):
    """Carry all plays out once; return reply, what came of it, and the limit before by cell."""
    executor = Executor(gateway)
    held, rests, own = [], {}, {}
    for name, play in CELLS.items():
        positions, limits = before(name, play)
        held += positions
        rests |= dict.fromkeys([name] * len(limits), *limits)
        fields = {"account": account_of(name), "strategy": name, "key": name}
        own[name] = command(
            play.action, None, instrument=play.asset.instrument, **(fields | play.fields)
        )
    try:
        with SimulatorControl("127.0.0.1", simulator.control_port) as control:
            for wave in (held, list(rests.values())):
                for reply in asked(executor, wave).values():
                    assert reply.outcome is Outcome.ACCEPTED, reply.detail
                if wave is held:
                    until(
                        lambda: all(
                            row["status"] == "Filled" for row in control.call("book")["orders"]
                        ),
                        "the positions",
                    )
            replies = asked(executor, own.values())
            book = control.call("book")["orders"]
    finally:
        executor.close()
    by_ref = {row["orderRef"]: row for row in book}
    return {
        name: (
            replies[one.command_id],
            [row for row in book if row["orderRef"].startswith(one.command_id)],
            by_ref[rests[name].command_id] if name in rests else None,
        )
        for name, one in own.items()
    }


def told(row, field):
    value = row[field]
    if field in TEXTS:
        return value or ""
    return f"{D(value).normalize():f}" if value and D(value) else ""


@pytest.mark.parametrize("name", CELLS)
def test_each_play_arrives_at_tws_as_the_page_says(received, name):
    play = CELLS[name]
    reply, rows, resting = received[name]

    wanted = Outcome.REJECTED if play.is_refused else Outcome.ACCEPTED
    assert reply.outcome is wanted, reply.detail
    assert len(rows) == len(play.wants), reply.detail
    for row, want in zip(rows, play.wants, strict=True):
        assert {field: told(row, field) for field in want} == want, reply.detail
        assert [field for field in UNSET if field not in want and row[field]] == []
        assert (row["symbol"], row["account"]) == (play.asset.instrument.symbol, account_of(name))
    for row in rows[1:]:
        assert (row["parentId"], row["tif"], row["ocaType"]) == (rows[0]["orderId"], "GTC", 2)
        assert row["ocaGroup"].startswith(f"{rows[0]['orderRef']}/")
    if resting is not None:
        assert resting["status"] == "Cancelled"


def test_ids_are_each_used_once():
    ids = [scene.id for table in scenes().values() for scene in table]

    assert len(ids) == len(set(ids))
