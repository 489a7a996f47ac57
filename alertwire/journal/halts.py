"""Halts in the ledger: written by the gateway, or by `alertwire halt` where none runs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from alertwire.journal.tables import halts
from alertwire.wire.control import Halt

Place = tuple[str, str]
"""Account and strategy of a halt; empty: all."""


def place(halt: Halt) -> Place:
    """Name what a halt is about; there is one halt of each."""
    return halt.account, halt.strategy


def widened(old: Halt | None, new: Halt) -> Halt:
    """Return the halt in force after `new` was asked for.

    It began with the first, and what blocks exits goes on to, until it is resumed.
    """
    if old is None:
        return new
    return Halt(
        account=old.account,
        strategy=old.strategy,
        block_exits=old.block_exits or new.block_exits,
        since=old.since,
        by=old.by,
    )


def read_halts(connection: Connection) -> list[Halt]:
    """Return all halts in force, oldest first."""
    rows: Any = connection.execute(select(halts).order_by(halts.c.since)).mappings()
    return [Halt(**row) for row in rows]


def write_halts(connection: Connection, changes: Mapping[Place, Halt | None]) -> None:
    """Put halts in force; None: end it."""
    for (account, strategy), halt in changes.items():
        connection.execute(
            halts.delete().where(halts.c.account == account, halts.c.strategy == strategy)
        )
        if halt is not None:
            connection.execute(
                halts.insert().values(
                    account=account,
                    strategy=strategy,
                    block_exits=halt.block_exits,
                    since=halt.since,
                    by=halt.by,
                )
            )
