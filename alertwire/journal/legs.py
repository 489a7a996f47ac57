"""Protective orders that ended, in the ledger: what may have lost its protection."""

from typing import Final

from sqlalchemy import and_, bindparam, exists, func, or_, select

from alertwire.journal.tables import commands, orders, strategy_positions
from alertwire.money import ZERO

WITH_COMMAND: Final = select(orders, commands.c.message).join(
    commands, commands.c.command_id == orders.c.command_id
)
"""Orders with the message of their command."""
_LATER: Final = orders.alias("later")
_LAST_ENTRIES: Final = (
    select(_LATER.c.account, _LATER.c.contract_id, _LATER.c.side)
    .add_columns(func.max(_LATER.c.created_at).label("at"))
    .where(_LATER.c.role == "MAIN", _LATER.c.filled != ZERO)
    .group_by(_LATER.c.account, _LATER.c.contract_id, _LATER.c.side)
    .cte("last_entries")
)
_IS_OF_LAST: Final = ~exists().where(
    # What was opened since never had this protection.
    _LAST_ENTRIES.c.account == orders.c.account,
    _LAST_ENTRIES.c.contract_id == orders.c.contract_id,
    _LAST_ENTRIES.c.side != orders.c.side,
    _LAST_ENTRIES.c.at > orders.c.updated_at,
)
_IS_HELD: Final = exists().where(
    strategy_positions.c.account == orders.c.account,
    strategy_positions.c.contract_id == orders.c.contract_id,
)
_SINCE: Final = bindparam("since", type_=orders.c.updated_at.type)
_HAS_ENDED: Final = and_(
    orders.c.role != "MAIN", orders.c.state.in_(["CANCELLED", "REJECTED"]), _IS_OF_LAST
)
_ENDED: Final = and_(_HAS_ENDED, orders.c.updated_at > _SINCE)
_IS_BARE: Final = and_(
    orders.c.role == "STOP_LOSS",
    orders.c.cancel_asked_at.is_not(None),
    # Cancelled for a close: after one that filled whole, or where anything was opened since, what
    # is held is another position.
    ~exists().where(
        _LATER.c.role == "MAIN",
        _LATER.c.account == orders.c.account,
        _LATER.c.contract_id == orders.c.contract_id,
        _LATER.c.created_at >= orders.c.cancel_asked_at,
        _LATER.c.filled != ZERO,
        or_(_LATER.c.state == "FILLED", _LATER.c.side != orders.c.side),
    ),
)
ENDED_LEGS: Final = WITH_COMMAND.where(
    orders.c.command_id.in_(
        select(orders.c.command_id).where(_ENDED, or_(orders.c.cancel_asked_at.is_(None), _IS_BARE))
    )
)
"""Families of which a protective order ended after `since`, and nobody closed after it."""
LONG_BARE: Final = WITH_COMMAND.where(
    orders.c.command_id.in_(
        select(orders.c.command_id).where(
            _HAS_ENDED,
            orders.c.updated_at <= _SINCE,
            orders.c.role == "STOP_LOSS",
            _IS_HELD,
            or_(orders.c.cancel_asked_at.is_(None), _IS_BARE),
        )
    )
)
"""Families whose stop ended before that, of positions that are open by our own fills."""
BARE_LEGS: Final = select(orders.c.order_ref).where(_ENDED, _IS_BARE)
"""Stops that were cancelled since then for a close which did not fill whole."""
