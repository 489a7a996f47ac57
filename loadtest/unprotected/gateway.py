"""The gateway with a ledger that writes nothing. python -m loadtest.unprotected.gateway."""

import sys
from collections.abc import Iterable
from typing import Any

from alertwire import process
from gateway import main
from gateway.events import Effects
from gateway.ledger import Ledger
from gateway.records import CommandRecord, Fence, OrderRecord


class Forgetful(Ledger):
    """Keeps nothing: a second command with the same id after a restart would order again."""

    def save(self, effects: Effects) -> None:
        for kept in (effects.commands, effects.orders, effects.fills):
            for record in kept.values():
                record.is_kept = True

    def fence(self, stream_id: str, key: str) -> Fence | None:  # noqa: ARG002 - as its base
        return None

    def command(self, command_id: str) -> list[CommandRecord]:  # noqa: ARG002
        return []

    def commands_of(self, alert_id: str) -> list[CommandRecord]:  # noqa: ARG002
        return []

    def orders_by_ref(self, refs: Iterable[str]) -> list[OrderRecord]:  # noqa: ARG002
        return []


if __name__ == "__main__":
    replaced: Any = main
    replaced.Ledger = Forgetful
    sys.exit(process.run("unprotected-gateway", main.run))
