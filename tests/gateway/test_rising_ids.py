"""Ids of orders that are sent again must rise on one connection, or the broker refuses them."""

from alertwire.wire.alert import Action
from tests.gateway.build import command


def test_ids_rise_where_some_are_kept_and_others_taken_meanwhile(bench):
    bench.send(command(Action.BUY, 1, key="before"))
    bench.fill(1)
    bench.is_connected = False
    refs = [command(Action.BUY, 1, key=str(number)) for number in range(3)]
    for one in refs:
        bench.send(one)
    bench.lose()

    # Another program took the ids 2 and 3.
    bench.connect(next_order_id=4)

    assert [(o.order_id, o.ref) for o in bench.broker.placed[1:]] == [
        (4, refs[2].command_id),
        (5, refs[0].command_id),
        (6, refs[1].command_id),
    ]
