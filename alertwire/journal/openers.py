"""Orders that opened what strategies hold, in the ledger: they tell by which symbol it is held."""

from typing import Final

from sqlalchemy import and_, func, select

from alertwire.journal.legs import WITH_COMMAND
from alertwire.journal.tables import orders, strategy_positions
from alertwire.money import ZERO

_FILLED: Final = and_(orders.c.role == "MAIN", orders.c.filled != ZERO)
_LAST: Final = (
    select(orders.c.account, orders.c.strategy, orders.c.contract_id, orders.c.side)
    .add_columns(func.max(orders.c.created_at).label("at"))
    .where(_FILLED)
    .group_by(orders.c.account, orders.c.strategy, orders.c.contract_id, orders.c.side)
    .cte("last_orders")
)
LAST_OF_HELD: Final = (
    WITH_COMMAND.add_columns(strategy_positions.c.quantity.label("held"))
    .join(
        strategy_positions,
        and_(
            strategy_positions.c.account == orders.c.account,
            strategy_positions.c.strategy == orders.c.strategy,
            strategy_positions.c.contract_id == orders.c.contract_id,
        ),
    )
    .join(
        _LAST,
        and_(
            _LAST.c.account == orders.c.account,
            _LAST.c.strategy == orders.c.strategy,
            _LAST.c.contract_id == orders.c.contract_id,
            _LAST.c.side == orders.c.side,
            _LAST.c.at == orders.c.created_at,
        ),
    )
    .where(_FILLED)
)
"""The last orders that filled, of each side, where a strategy holds something; `held`: how much."""
