"""What a command sends together, and what of it may be asked again."""

from datetime import datetime
from typing import Final

from alertwire.wire.alert import Action
from alertwire.wire.report import Side
from gateway import amounts, families
from gateway.amendments import amends
from gateway.contracts import Qualified
from gateway.levels import Ground
from gateway.records import CommandRecord
from gateway.scales import Scales
from gateway.sizing import Refused
from gateway.tickets import Ticket

OPENS_NOTHING: Final = "it opens nothing, so no take_profit and no stop_loss goes with it"


def goes_on(record: CommandRecord) -> bool:
    """True for what is asked again after a reconnect: it changes nothing to ask it twice."""
    action = record.command.action
    return action is Action.CANCEL or (record.is_kept and amends(record.command))


def family_of(
    record: CommandRecord, qualified: Qualified, ticket: Ticket, scales: Scales, now: datetime
) -> tuple[Ticket, ...] | Refused:
    """Write the orders that protect what an order opens; a close has none."""
    command = record.command
    if not families.protects(command):
        return (ticket,)
    opened = scales.opened(record, qualified, ticket)
    if opened <= 0:
        return (ticket,)
    if ticket.cash is not None:
        # Sized by what is expected they would close more than is there, or leave some of it bare.
        return Refused(
            "IB takes a market buy of crypto as an amount of cash, and what protects it must know "
            "its units beforehand: use a limit order, or send the stop with modify after the fill"
        )
    ground = Ground(
        account=ticket.account,
        side=Side.SELL if ticket.side is Side.BUY else Side.BUY,
        quantity=opened,
        reference=amounts.own_price(command.entry)
        or scales.valuation.market(record, qualified, ticket.side, now),
        outside_rth=ticket.outside_rth,
        lot=qualified.terms.size_increment,
        increment_at=qualified.terms.increment_at,
        min_tick=qualified.terms.min_tick,
        order_types=qualified.terms.order_types,
    )
    return families.compose(
        ticket, command.command_id, command.take_profits, command.stop_loss, ground
    )
