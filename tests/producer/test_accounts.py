"""The accounts of an alert are those of its route when it was accepted, whatever changes later."""

from pathlib import Path

from alertwire.configuration import Account, Route
from alertwire.routes import Routes
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from consumer.plan import Planned, plan
from tests.conformance.samples import delivery
from tests.producer.inside import inside

A, B, C = Account(id="DU1"), Account(id="DU2"), Account(id="DU3")


def test_a_route_that_changes_while_an_alert_is_undecided_orders_in_no_account_twice(
    tmp_path: Path,
) -> None:
    with inside(tmp_path, Route(accounts=(A, B))) as world:
        world.post()
        [(message,)] = world.rows("SELECT message FROM alerts")
    alert = codec.decode(Alert, message)

    def planned(*accounts: Account) -> dict[str, str]:
        routes = Routes({"default": Route(accounts=accounts)})
        made = plan(delivery(alert), alert, routes)
        assert isinstance(made, Planned)
        return {command.command_id[-2:]: command.account for command in made.commands}

    assert planned(A, B) == {"-1": "DU1", "-2": "DU2"}
    assert planned(B, A) == {"-1": "DU1", "-2": "DU2"}
    assert planned(C, B, A) == {"-1": "DU1", "-2": "DU2"}
